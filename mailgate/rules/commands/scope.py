"""What a reader of a command's value works with: the command as typed, and the desk, agent and time it is read in.

Also the two lookups that most readers need, of a name and of a time, and the permission check.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TypeVar
from zoneinfo import ZoneInfo

from mailgate.errors import Refused
from mailgate.phrase import Choice, Phrase, phrase
from mailgate.rules.people.absence import Away
from mailgate.rules.people.permissions import why_not
from mailgate.rules.text import names
from mailgate.rules.text.names import Ambiguous, Candidate, Matched, match
from mailgate.rules.text.typed_time import read_when
from mailgate.settings import Agent, Config
from mailgate.ticket import Assignee, Ticket

NO_TICKET = Phrase("refused.no_ticket")
LISTED = 12  # names in one error text


@dataclass(frozen=True, slots=True)
class Command:
    """One command as typed: canonical verb, value ("" for none), reason, and the line.

    `until` is the time after `#pending`.
    """

    verb: str
    value: str = ""
    reason: str = ""
    line: str = ""
    until: str = ""


@dataclass(frozen=True, slots=True)
class CommandScope:
    """Everything besides the command itself that its value depends on. Times are aware UTC."""

    config: Config
    agent: Agent | None  # None: the administrator, who has all permissions
    now: datetime
    opens: Callable[[date], datetime | None]  # the start of business hours on a day
    other: Callable[[int], Ticket | None] = lambda _: None  # another ticket, if it exists and the agent sees it
    away: Away = field(default_factory=dict)
    bans: Callable[[], Collection[str]] = tuple  # patterns that are banned
    named: int = 0  # the ticket that the mail names, if it was merged into `about`
    split: Phrase | None = None  # summary of what `#split` does here
    about: Ticket | None = None  # the ticket of the mail

    @property
    def zone(self) -> ZoneInfo:
        """The time zone in which the agent writes and reads times."""
        return self.config.zone(self.agent.key) if self.agent else self.config.desk.timezone

    @property
    def ticket(self) -> Ticket:
        """The ticket of the mail. Raises Refused if it has none."""
        if self.about is None:
            raise Refused(NO_TICKET)
        return self.about


V = TypeVar("V")
# The value, and a summary of what the command does; None for nothing to confirm.
Reader = Callable[[Command, CommandScope], tuple[V, Phrase | None]]


def require(permission: str, ticket: Ticket | None, scope: CommandScope) -> None:
    """Raise Refused unless the agent has the permission for the ticket; without one, in any of their departments."""
    if problem := why_not(scope.agent, permission, ticket.department if ticket else "", scope.config):
        raise Refused(problem)


def when(typed: str, scope: CommandScope) -> datetime:
    """The time that was typed, as UTC. Raises WhenError."""
    return read_when(typed, scope.now, scope.zone, scope.opens)


def find(typed: str, candidates: Sequence[Candidate], what: str) -> Matched:
    """The one candidate that `typed` names; `what` it is, in [name_of]. Raises Refused with the nearest names."""
    if not typed.strip():
        raise Refused(phrase("refused.nothing_named", what=Phrase(f"name_of.{what}")))
    found = match(typed, candidates)
    if isinstance(found, Matched):
        return found
    if isinstance(found, Ambiguous):
        raise Refused(phrase("refused.ambiguous", typed=typed, candidates=Choice(found.candidates)))
    hint = phrase("hint.near", near=Choice(found.nearest)) if found.nearest else _known(candidates)
    raise Refused(phrase("refused.unknown_name", typed=typed, what=Phrase(f"name_of.{what}"), hint=hint))


def assignee(typed: str, config: Config) -> Assignee:
    """The agent or team that `typed` names. Raises Refused."""
    return Assignee.parse(find(typed, names.assignees(config), "assignee").id)


def _known(candidates: Sequence[Candidate]) -> Phrase:
    if not candidates:
        return Phrase("hint.none")
    more = "_more" if len(candidates) > LISTED else ""
    return phrase(f"hint.names{more}", names=tuple(candidate.name for candidate in candidates[:LISTED]))
