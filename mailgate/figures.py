"""What a report says, as values: figures of a period, of the whole desk and of each row.

Nothing here counts; `figures` does. Times are aware UTC, durations seconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from mailgate.phrase import Phrase

WHOLE_DESK = Phrase("report.whole_desk")

DIMENSIONS = ("department", "team", "agent", "topic", "priority")


@dataclass(frozen=True, slots=True)
class Spread:
    """Middle and 90th percentile (nearest rank) of durations in seconds; None without any."""

    median: float | None
    p90: float | None


@dataclass(frozen=True, slots=True)
class Times:
    """How long something took: elapsed and in business hours."""

    count: int
    elapsed: Spread
    business: Spread


@dataclass(frozen=True, slots=True)
class Attainment:
    """How many had a target, and how many of those met it."""

    targets: int
    met: int

    @property
    def share(self) -> float | None:
        """Between 0 and 1; None where nothing had a target."""
        return self.met / self.targets if self.targets else None


@dataclass(frozen=True, slots=True)
class Satisfaction:
    """How many requesters said each word of the help; of a ticket the last word counts."""

    good: int
    okay: int
    bad: int

    @property
    def count(self) -> int:
        """How many said anything."""
        return self.good + self.okay + self.bad

    @property
    def share(self) -> float | None:
        """The share of "good", between 0 and 1; None where nobody said anything."""
        return self.good / self.count if self.count else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """The figures of the desk or of one row."""

    opened: int
    resolved: int
    closed: int
    reopened: int
    set_aside: int  # ended by a merge or as spam, which is no resolution
    open_now: int
    overdue_now: int
    resolved_in_time: Attainment
    first_answered_in_time: Attainment
    first_response: Times
    resolution: Times
    satisfaction: Satisfaction
    backlog: tuple[int, ...]  # open and pending at the end of each day of the period


@dataclass(frozen=True, slots=True)
class Report:
    """Figures of a period (`since` included, `until` not); row names are "" for nobody."""

    since: datetime
    until: datetime
    days: tuple[date, ...]
    totals: Figures
    by: Mapping[str, Mapping[str, Figures]]  # dimension → name → figures, by name
    scope: Phrase = WHOLE_DESK  # the part of the desk that it covers
