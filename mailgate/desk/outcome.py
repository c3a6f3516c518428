"""The context and the outcome of a decision."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Protocol

from mailgate.figures import Report
from mailgate.notice import Answer, Notice
from mailgate.phrase import Sentence
from mailgate.reasons import Reason
from mailgate.rules.commands.scope import Command
from mailgate.rules.notices.audience import Audience
from mailgate.rules.notices.occasion import Occasion
from mailgate.rules.people.absence import Absence
from mailgate.rules.routing.route import Routed
from mailgate.rules.routing.rule_index import RuleIndex
from mailgate.rules.text.forms import Form
from mailgate.rules.threading.keys import Keyring
from mailgate.rules.ticket.bans import Ban
from mailgate.settings import Agent, Config
from mailgate.ticket import Change, Entry
from mailgate.writing.templates.phrases import Catalogue
from mailgate.writing.templates.render import Renderer


@dataclass(frozen=True, slots=True)
class Context:
    """What every decision needs besides the mail: configuration, keys, time, and texts."""

    config: Config
    keyring: Keyring
    now: datetime
    rules: RuleIndex
    renderer: Renderer
    reports: Mapping[timedelta, Report] = field(default_factory=dict)  # counted for the author, by their span

    @property
    def catalogue(self) -> Catalogue:
        """What agents read, by language."""
        return self.renderer.catalogue

    def in_english(self, sentence: Sentence) -> str:
        """A sentence for logs, traces and the command line; times in the desk's zone."""
        return self.catalogue.words("en").text(sentence, self.config.desk.timezone)


@dataclass(frozen=True, slots=True)
class ReportOrder:
    """A report that an agent (None: the administrator) asks for: the figures of the last `span`."""

    span: timedelta
    agent: Agent | None


@dataclass(frozen=True, slots=True)
class Hold:
    """Mail that waits for `#confirm CODE`; `why` it does. `agent`: whose it is, "" for held spam."""

    agent: str
    code: str
    why: Reason = Reason.UNPROVEN_AGENT


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """A change and what its notices need; they are made by `mailgate.desk.notify.announce.complete`."""

    change: Change
    occasion: Occasion
    audience: Audience  # before the change
    thread: tuple[Entry, ...] = ()  # latest entries before the change
    moved: tuple[Entry, ...] = ()  # entries that come with it from another ticket, shown like new ones
    merged: tuple[Entry, ...] = ()  # of a ticket that is merged into it: shown among its history
    similar_to: str | None = None  # text of a new ticket whose alerts list similar tickets that have ended


@dataclass(frozen=True, slots=True)
class Signing:
    """How an agent's mail ended, as digests of its lines, and the signatures that it shows."""

    agent: str
    ending: tuple[str, ...]
    signatures: tuple[str, ...]


class AuthorAnswer(Protocol):
    """The answer to the author of a request, which needs the complete outcome."""

    def added_to(self, outcome: Outcome) -> Outcome:
        """The complete outcome with the answer."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What becomes of one mail, order or timer. Nothing is written yet.

    Where `uncounted` is not empty, nothing is decided: the mail is worked again once these reports are counted.
    Nor is anything where `unread` is true: it depends on older entries, and is decided again once these are read.
    """

    uncounted: tuple[ReportOrder, ...] = ()
    unread: bool = False
    # Changes without their notices, the main one first, and the answer to the author; empty in a complete outcome.
    announced: tuple[Announcement, ...] = ()
    to_author: AuthorAnswer | None = None

    state: str = "done"  # of the inbox row: done, held, quarantined, dropped
    reason: Reason | None = None
    why: str = ""  # a sentence for `trace` and `explain`
    ticket: int | None = None
    changes: tuple[Change, ...] = ()
    notices: tuple[Notice, ...] = ()
    withheld: tuple[tuple[Notice, str], ...] = ()  # notices that are not sent, and why
    burnt: tuple[str, ...] = ()
    signing: Signing | None = None
    bans: tuple[Ban, ...] = ()
    unbans: tuple[str, ...] = ()
    hold: Hold | None = None
    absences: tuple[Absence, ...] = ()  # agents who are away from now on
    returns: tuple[str, ...] = ()  # keys of agents who are back
    proven: str = ""  # the author's address, if the mail is authenticated
    standing: str = ""  # what the mail counts for beside others, see `Situation.standing`
    outdoes: int | None = None  # inbox id of a weak copy of the mail, which came before
    dead: tuple[tuple[str, str], ...] = ()  # addresses that do not exist any more, and why
    first_time: bool = False  # the requester was not known before
    first_contact: str = ""  # address of a first-time requester who is answered automatically
    highest_number: int = 0  # of a ticket, seen in a key: new tickets get higher ones
    releases_spam: bool = False  # it was held as spam, and is no more
    confirms: tuple[int, Outcome] | None = None  # inbox id and outcome of a held mail that this one releases
    # Details for `explain`.
    commands: tuple[Command, ...] = ()
    routed: Routed | None = None
    form: Form | None = None
    report: tuple[Sentence, ...] = ()  # what was done
    answers: tuple[Answer, ...] = ()  # to the questions of the mail or order
    problems: tuple[Sentence, ...] = ()  # why nothing was

    @property
    def combined(self) -> Outcome:
        """The outcome together with that of the held mail which it releases, for `explain`."""
        if self.confirms is None:
            return self
        inner = self.confirms[1].combined
        return replace(
            self,
            ticket=inner.ticket or self.ticket,
            changes=(*self.changes, *inner.changes),
            notices=(*self.notices, *inner.notices),
            commands=(*self.commands, *inner.commands),
            routed=inner.routed or self.routed,
            problems=(*self.problems, *inner.problems),
        )

    def with_notices(self, *notices: Notice) -> Outcome:
        """The same outcome with more notices."""
        return replace(self, notices=(*self.notices, *notices))
