"""Values of the desk's decisions: what is known about a mail, and what becomes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from mailgate.figures import Report
from mailgate.mail import Body, Mail, Received
from mailgate.notice import Notice
from mailgate.reasons import Reason, Screen
from mailgate.rules.commands.syntax import Command
from mailgate.rules.people.absence import Absence
from mailgate.rules.routing.route import Routed
from mailgate.rules.screening.classify import Screened
from mailgate.rules.text.forms import Form
from mailgate.rules.threading.keys import Keyring
from mailgate.rules.threading.references import Reference
from mailgate.rules.threading.thread import Found, Match
from mailgate.rules.threading.trust import Sender
from mailgate.rules.ticket.bans import Ban
from mailgate.settings import Config
from mailgate.ticket import Change, StoredAttachment, Ticket


@dataclass(frozen=True, slots=True)
class Context:
    """What every decision needs besides the mail: the configuration in force, keys, the time."""

    config: Config
    keyring: Keyring
    now: datetime
    reports: Mapping[timedelta, Report] | None = None  # the author's, by their span; None: count where one is asked for
    highest_number: int = 0  # of a ticket, in the ids of ours that the mail bears: a new one comes behind it

    @property
    def first_number(self) -> int:
        """The least number that a new ticket may get."""
        return max(self.config.desk.first_number, self.highest_number + 1)


@dataclass(frozen=True, slots=True)
class Enclosed:
    """The one mail that an agent's mail has attached, read like any other."""

    mail: Mail
    body: Body
    attachments: tuple[StoredAttachment, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """A mail with everything that was found out about it before the desk decides."""

    received: Received
    screened: Screened
    refs: tuple[Reference, ...]  # those that count
    answers_lost: bool = False  # what it answers is of ours, and this database never sent it
    highest_number: int = 0  # of a ticket, in the ids of ours that it bears
    found: Found
    sender: Sender
    match: Match
    attachments: tuple[StoredAttachment, ...] = ()
    enclosed: Enclosed | None = None

    @property
    def ticket(self) -> Ticket | None:
        """The ticket that the mail belongs to."""
        return self.found.tickets.get(self.match.number) if self.match.number else None

    def shows(self, keyring: Keyring) -> bool:
        """True when the mail is its author's: it passed DMARC, or a person answers a notice to them.

        An out-of-office note answers what somebody else may have caused in their name.
        """
        email, sender = self.received.mail.author.email, self.sender
        keys = (ref.key for ref in self.refs if ref.key and ref.key.kind.to_requester)
        answers = self.human and sender.dmarc != "fail" and any(keyring.is_for(key, email) for key in keys)
        return bool(email) and (sender.dmarc == "pass" or answers)

    @property
    def human(self) -> bool:
        """True for mail of a person: only such mail commands, confirms or adds people."""
        return self.screened.kind is Screen.HUMAN


@dataclass(frozen=True, slots=True)
class Hold:
    """Agent mail that waits for its agent's `#confirm CODE`. `why`: what it lacks, proof or a second look."""

    agent: str
    code: str
    why: Reason = Reason.UNPROVEN_AGENT


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What becomes of one incoming mail. Nothing of it has been written yet."""

    state: str = "done"  # of the inbox row: done, held, quarantined, dropped
    reason: Reason | None = None
    why: str = ""  # a sentence for `trace` and `explain`
    ticket: int | None = None
    changes: tuple[Change, ...] = ()
    notices: tuple[Notice, ...] = ()
    withheld: tuple[tuple[Notice, str], ...] = ()  # notices that a limit kept back, and which
    burnt: tuple[str, ...] = ()
    bans: tuple[Ban, ...] = ()
    unbans: tuple[str, ...] = ()
    hold: Hold | None = None
    absences: tuple[Absence, ...] = ()  # agents who are away from now on
    returns: tuple[str, ...] = ()  # keys of agents who are back
    proven: str = ""  # the sender's address, whose owner has shown themselves with this mail
    dead: tuple[tuple[str, str], ...] = ()  # addresses that take no mail any more, and why
    first_contact: str = ""  # address of a first-time requester who is answered automatically
    highest_number: int = 0  # of a ticket, seen in an id of ours: new tickets come behind it
    confirms: tuple[int, Outcome] | None = None  # a held mail that this one releases, and what becomes of it
    # What was found out on the way, for `explain`.
    commands: tuple[Command, ...] = ()
    routed: Routed | None = None
    form: Form | None = None
    told: tuple[str, ...] = ()  # what was done, in words
    problems: tuple[str, ...] = ()  # why nothing was

    @property
    def whole(self) -> Outcome:
        """The outcome and, in one with it, that of the held mail which it releases: for who explains it."""
        if self.confirms is None:
            return self
        inner = self.confirms[1].whole
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
