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
from mailgate.rules.people.absence import Away
from mailgate.rules.people.permissions import why_not
from mailgate.rules.text import names
from mailgate.rules.text.moments import ENGLISH
from mailgate.rules.text.names import Ambiguous, Candidate, Matched, match
from mailgate.rules.text.typed_time import read_when
from mailgate.settings import Agent, Config
from mailgate.ticket import Assignee, Ticket

NO_TICKET = "this mail answers no ticket; say which one with #ticket NUMBER"
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
    split: str = ""  # summary of what `#split` does here
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
Reader = Callable[[Command, CommandScope], tuple[V, str]]  # the value, and a summary of what the command does


def require(permission: str, ticket: Ticket | None, scope: CommandScope) -> None:
    """Raise Refused unless the agent has the permission for the ticket; without one, in any of their departments."""
    if problem := why_not(scope.agent, permission, ticket.department if ticket else "", scope.config):
        raise Refused(problem)


def when(typed: str, scope: CommandScope) -> tuple[datetime, str]:
    """The time that was typed, as UTC, and as text in the agent's time zone. Raises WhenError."""
    at = read_when(typed, scope.now, scope.zone, scope.opens)
    return at, ENGLISH.moment(at, scope.zone)


def find(typed: str, candidates: Sequence[Candidate], what: str) -> Matched:
    """The one candidate that `typed` names. Raises Refused with the candidates or the nearest names."""
    if not typed.strip():
        raise Refused(f"write the name of the {what} after it")
    found = match(typed, candidates)
    if isinstance(found, Matched):
        return found
    if isinstance(found, Ambiguous):
        raise Refused(f"“{typed}” could be {_either(found.candidates)}; write more of the name")
    hint = f"did you mean {_either(found.nearest)}?" if found.nearest else _known(candidates)
    raise Refused(f"no {what} is called “{typed}”; {hint}")


def assignee(typed: str, config: Config) -> Assignee:
    """The agent or team that `typed` names. Raises Refused."""
    return Assignee.parse(find(typed, names.assignees(config), "agent or team").id)


def _known(candidates: Sequence[Candidate]) -> str:
    shown = [candidate.name for candidate in candidates[:LISTED]]
    more = " and more" if len(candidates) > len(shown) else ""
    return f"the names are {', '.join(shown)}{more}" if shown else "none is configured"


def _either(found: Sequence[str]) -> str:
    return " or ".join((", ".join(found[:-1]), found[-1])) if len(found) > 1 else "".join(found)
