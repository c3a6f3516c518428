"""The report: what the desk did in a period, as a whole and by department, team, agent, topic, priority.

Pure counting over histories (the public interface, section 10). It reads no database and
no clock, and leaves words and tables to others.

A resolution is each end of work on a ticket: one that was reopened may have several.
Shares count what was resolved or first answered in the period and had a target; what
still waits beyond its target stands in `overdue_now`. Each figure belongs to the place
where the ticket lay at that moment, so the rows of a dimension add up to the totals.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import accumulate
from math import ceil
from statistics import median
from zoneinfo import ZoneInfo

from mailgate.model import Json
from mailgate.report.history import History, Place, Reached
from mailgate.rules.snapshot import rfc3339

DIMENSIONS = ("department", "team", "agent", "topic", "priority")

# Working time between two moments in the schedule of an SLA plan, given by name.
Worked = Callable[[datetime, datetime, str], timedelta]


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """The figures of the desk or of one row; shares lie between 0 and 1, None where nothing had a target."""

    opened: int
    resolved: int
    closed: int
    reopened: int
    open_now: int
    overdue_now: int
    resolved_with_target: int
    resolved_in_time: float | None
    first_answered_with_target: int
    first_answered_in_time: float | None
    first_response: Times
    resolution: Times
    backlog: tuple[int, ...]  # open and pending at the end of each day of the period


@dataclass(frozen=True, slots=True)
class Report:
    """Figures of a period (`since` included, `until` not); row names are "" for nobody."""

    since: datetime
    until: datetime
    days: tuple[date, ...]
    totals: Figures
    by: dict[str, dict[str, Figures]]  # dimension → name → figures, by name


def figures(histories: Iterable[History], since: datetime, until: datetime, zone: ZoneInfo, worked: Worked) -> Report:
    """Count the period from `since` to `until` (aware). Days are those of `zone`."""
    days = tuple(_days(since, until, zone))
    ends = [min(datetime.combine(day + timedelta(days=1), time(), zone).astimezone(UTC), until) for day in days]
    count = _Count(since, until, ends, worked)
    for past in histories:
        count.take(past)
    by: dict[str, dict[str, Figures]] = {dimension: {} for dimension in DIMENSIONS}
    for (dimension, name), tally in sorted(count.tallies.items()):
        if dimension and not tally.empty:
            by[dimension][name] = tally.figures()
    return Report(since, until, days, count.tally("", "").figures(), by)


def report_json(report: Report) -> dict[str, Json]:
    """`report --json`: names as in `Figures`, durations in seconds, null for nobody's row."""
    days = [day.isoformat() for day in report.days]
    by: dict[str, Json] = {
        dimension: [{"name": name or None, **_figures_json(found, days)} for name, found in rows.items()]
        for dimension, rows in report.by.items()
    }
    period: dict[str, Json] = {"since": rfc3339(report.since), "until": rfc3339(report.until)}
    return {"period": period, "totals": _figures_json(report.totals, days), "by": by}


@dataclass(slots=True)
class _Tally:
    """What is counted for one row."""

    opened: int = 0
    closed: int = 0
    reopened: int = 0
    open_now: int = 0
    overdue_now: int = 0
    resolutions: list[tuple[Reached, float]] = field(default_factory=list)  # with business seconds
    answers: list[tuple[Reached, float]] = field(default_factory=list)
    steps: list[int] = field(default_factory=list)  # change of the backlog from one day to the next

    @property
    def empty(self) -> bool:
        counts = (self.opened, self.closed, self.reopened, self.open_now, self.overdue_now)
        return not (any(counts) or self.resolutions or self.answers or any(self.steps))

    def figures(self) -> Figures:
        due = [found.in_time for found, _ in self.resolutions if found.in_time is not None]
        answered = [found.in_time for found, _ in self.answers if found.in_time is not None]
        return Figures(
            opened=self.opened,
            resolved=len(self.resolutions),
            closed=self.closed,
            reopened=self.reopened,
            open_now=self.open_now,
            overdue_now=self.overdue_now,
            resolved_with_target=len(due),
            resolved_in_time=_share(due),
            first_answered_with_target=len(answered),
            first_answered_in_time=_share(answered),
            first_response=_times(self.answers),
            resolution=_times(self.resolutions),
            backlog=tuple(accumulate(self.steps[:-1])),
        )


@dataclass(slots=True)
class _Count:
    """The counting of one report."""

    since: datetime
    until: datetime
    ends: Sequence[datetime]  # of each day
    worked: Worked
    tallies: dict[tuple[str, str], _Tally] = field(default_factory=dict)

    def tally(self, dimension: str, name: str) -> _Tally:
        """The row of a name in a dimension; ("", "") is the whole desk."""
        if (dimension, name) not in self.tallies:
            self.tallies[dimension, name] = _Tally(steps=[0] * (len(self.ends) + 1))
        return self.tallies[dimension, name]

    def take(self, past: History) -> None:
        """Count one ticket."""
        for name, moments in (("opened", (past.opened,)), ("closed", past.closed), ("reopened", past.reopened)):
            for moment in moments:
                if self._within(moment.at):
                    self._add(name, moment.place)
        if past.now:
            self._add("open_now", past.now)
            if past.overdue:
                self._add("overdue_now", past.now)
        for reached in past.resolutions:
            for tally, business in self._reached(reached):
                tally.resolutions.append((reached, business))
        for answer in (past.answer,) if past.answer else ():
            for tally, business in self._reached(answer):
                tally.answers.append((answer, business))
        for span in past.spans:
            first = bisect_right(self.ends, span.start)
            last = bisect_right(self.ends, span.end) if span.end else len(self.ends)
            for tally in self._rows(span.place):
                tally.steps[first] += 1
                tally.steps[last] -= 1

    def _within(self, at: datetime) -> bool:
        return self.since <= at < self.until

    def _rows(self, place: Place) -> Iterator[_Tally]:
        yield self.tally("", "")
        for dimension in DIMENSIONS:
            yield self.tally(dimension, getattr(place, dimension))

    def _add(self, name: str, place: Place) -> None:
        for tally in self._rows(place):
            setattr(tally, name, getattr(tally, name) + 1)

    def _reached(self, reached: Reached) -> Iterator[tuple[_Tally, float]]:
        if self._within(reached.at):
            business = self.worked(reached.since, reached.at, reached.place.sla).total_seconds()
            for tally in self._rows(reached.place):
                yield tally, business


def _days(since: datetime, until: datetime, zone: ZoneInfo) -> Iterator[date]:
    """The days of `zone` that the period touches."""
    if since < until:
        first = since.astimezone(zone).date()
        last = (until - timedelta(microseconds=1)).astimezone(zone).date()
        for ahead in range((last - first).days + 1):
            yield first + timedelta(days=ahead)


def _share(outcomes: Sequence[bool]) -> float | None:
    return sum(outcomes) / len(outcomes) if outcomes else None


def _times(reached: Sequence[tuple[Reached, float]]) -> Times:
    elapsed = [(found.at - found.since).total_seconds() for found, _ in reached]
    return Times(len(reached), _spread(elapsed), _spread([business for _, business in reached]))


def _spread(seconds: Sequence[float]) -> Spread:
    if not seconds:
        return Spread(None, None)
    return Spread(median(seconds), sorted(seconds)[ceil(0.9 * len(seconds)) - 1])


def _figures_json(found: Figures, days: Sequence[str]) -> dict[str, Json]:
    return {
        "opened": found.opened,
        "resolved": found.resolved,
        "closed": found.closed,
        "reopened": found.reopened,
        "open_now": found.open_now,
        "overdue_now": found.overdue_now,
        "resolved_with_target": found.resolved_with_target,
        "resolved_in_time": found.resolved_in_time,
        "first_answered_with_target": found.first_answered_with_target,
        "first_answered_in_time": found.first_answered_in_time,
        "first_response": _times_json(found.first_response),
        "resolution": _times_json(found.resolution),
        "backlog": [{"day": day, "open": count} for day, count in zip(days, found.backlog, strict=True)],
    }


def _times_json(times: Times) -> Json:
    return {"count": times.count, "elapsed": _spread_json(times.elapsed), "business": _spread_json(times.business)}


def _spread_json(spread: Spread) -> Json:
    return {"median": spread.median, "p90": spread.p90}
