"""What the reading of an agent's orders needs: the desk, who writes and when; names and times as they typed them.

It resolves one name or one time, and refuses in words; what an order is stands in `orders.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from zoneinfo import ZoneInfo

from mailgate.errors import Refused
from mailgate.rules.people.absence import Away
from mailgate.rules.text.moments import ENGLISH
from mailgate.rules.text.names import Ambiguous, Candidate, Matched, match
from mailgate.rules.text.typed_time import read_when
from mailgate.settings import Agent, Config
from mailgate.ticket import Ticket


@dataclass(frozen=True, slots=True)
class CommandScope:
    """What the reading of an order needs besides the ticket."""

    config: Config
    agent: Agent | None  # None: the administrator, with all rights
    now: datetime
    opens: Callable[[date], datetime | None]  # start of business hours on a day
    other: Callable[[int], Ticket | None] = lambda _: None  # another ticket, where it exists for the agent
    away: Away = field(default_factory=dict)
    bans: Callable[[], Collection[str]] = tuple  # who is banned
    named: int = 0  # the ticket that the mail named, where that was merged into the one it is about
    split: str = ""  # what #split does here, in words

    @property
    def zone(self) -> ZoneInfo:
        """The time zone in which the agent writes and is told times."""
        return self.config.zone(self.agent.key) if self.agent else self.config.desk.timezone


def when(typed: str, setting: CommandScope) -> tuple[datetime, str]:
    """The moment that was typed, and as it is told back, in the agent's time zone."""
    at = read_when(typed, setting.now, setting.zone, setting.opens)
    return at, ENGLISH.moment(at, setting.zone)


def find(typed: str, candidates: Sequence[Candidate], what: str) -> Matched:
    """The one candidate that is meant. Raises Refused, with the candidates or the nearest names."""
    if not typed.strip():
        raise Refused(f"name the {what}")
    found = match(typed, candidates)
    if isinstance(found, Matched):
        return found
    if isinstance(found, Ambiguous):
        raise Refused(f"“{typed}” could be {_either(found.candidates)}; write more of the name")
    meant = f"did you mean {_either(found.nearest)}?" if found.nearest else f"there are {_list(candidates) or 'none'}"
    raise Refused(f"no {what} is called “{typed}”; {meant}")


def _list(candidates: Sequence[Candidate]) -> str:
    shown = [candidate.name for candidate in candidates[:12]]
    return ", ".join(shown) + (" and more" if len(candidates) > len(shown) else "")


def _either(names: Sequence[str]) -> str:
    return " or ".join((", ".join(names[:-1]), names[-1])) if len(names) > 1 else "".join(names)
