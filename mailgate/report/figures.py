"""The report: what the desk did in a period, as a whole and by department, team, agent, topic, priority.

Pure counting over histories (the public interface, section 10). It reads no database and
no clock, and leaves words and tables to others.

A resolution is each end of work on a ticket: one that was reopened may have several.
Shares count what was resolved or first answered in the period and had a target; what
still waits beyond its target stands in `overdue_now`. Each figure belongs to the place
where the ticket lay at that moment, so the rows of a dimension add up to the totals, and
whoever may not see a place is told nothing that happened there.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import accumulate
from math import ceil
from zoneinfo import ZoneInfo

from mailgate.report.history import History, Moment, Place, Reached
from mailgate.report.values import DIMENSIONS, Attainment, Figures, Report, Satisfaction, Spread, Times

# Working time between two moments in the schedule of an SLA plan, given by name.
Worked = Callable[[datetime, datetime, str], timedelta]
Seen = Callable[[Place], bool]


def figures(histories: Iterable[History], since: datetime, until: datetime, zone: ZoneInfo, worked: Worked) -> Counted:
    """Count the period from `since` to `until` (aware). Days are those of `zone`."""
    days = tuple(_days(since, until, zone))
    ends = [min(datetime.combine(day + timedelta(days=1), time(), zone).astimezone(UTC), until) for day in days]
    count = _Count(since, until, ends, worked)
    for past in histories:
        count.take(past)
    return Counted(since, until, days, count.places)


@dataclass(frozen=True, slots=True)
class Counted:
    """What was counted in a period, place by place: the reports of everybody who may see some of them."""

    since: datetime
    until: datetime
    days: tuple[date, ...]
    places: Mapping[Place, _Tally]

    def report(self, seen: Seen = lambda _: True, scope: str = "The whole desk.") -> Report:
        """The figures of the places that are `seen`, which `scope` names."""
        places = {place: tally for place, tally in self.places.items() if seen(place)}
        totals = _sum(places.values(), len(self.days)).figures()
        by = {name: _rows(places, name, len(self.days)) for name in DIMENSIONS}
        return Report(self.since, self.until, self.days, totals, by, scope)


def _rows(places: Mapping[Place, _Tally], dimension: str, days: int) -> dict[str, Figures]:
    """A row for each name of a dimension."""
    found: dict[str, list[_Tally]] = {}
    for place, tally in places.items():
        found.setdefault(getattr(place, dimension), []).append(tally)
    return {name: _sum(found[name], days).figures() for name in sorted(found)}


def _sum(tallies: Iterable[_Tally], days: int) -> _Tally:
    """What was counted in several places, as one."""
    total = _Tally.of(days)
    for tally in tallies:
        total.add(tally)
    return total


@dataclass(slots=True)
class _Durations:
    """How long something took each time, in seconds, and whether it was in time."""

    elapsed: array[float] = field(default_factory=lambda: array("d"))
    business: array[float] = field(default_factory=lambda: array("d"))
    targets: int = 0
    met: int = 0

    def add(self, other: _Durations) -> None:
        self.elapsed.extend(other.elapsed)
        self.business.extend(other.business)
        self.targets += other.targets
        self.met += other.met

    def times(self) -> Times:
        return Times(len(self.elapsed), _spread(self.elapsed), _spread(self.business))

    def attainment(self) -> Attainment:
        return Attainment(self.targets, self.met)


@dataclass(slots=True)
class _Tally:
    """What is counted in one place, or in several."""

    steps: array[int]  # change of the backlog from one day to the next
    counts: Counter[str] = field(default_factory=Counter)
    resolutions: _Durations = field(default_factory=_Durations)
    answers: _Durations = field(default_factory=_Durations)

    @classmethod
    def of(cls, days: int) -> _Tally:
        """Nothing counted yet, in a period of so many days."""
        return cls(array("q", bytes(8 * (days + 1))))

    def add(self, other: _Tally) -> None:
        """Count what another one has counted."""
        self.steps = array("q", map(int.__add__, self.steps, other.steps))
        self.counts.update(other.counts)
        self.resolutions.add(other.resolutions)
        self.answers.add(other.answers)

    def figures(self) -> Figures:
        return Figures(
            opened=self.counts["opened"],
            resolved=len(self.resolutions.elapsed),
            closed=self.counts["closed"],
            reopened=self.counts["reopened"],
            set_aside=self.counts["set_aside"],
            open_now=self.counts["open_now"],
            overdue_now=self.counts["overdue_now"],
            resolved_in_time=self.resolutions.attainment(),
            first_answered_in_time=self.answers.attainment(),
            first_response=self.answers.times(),
            resolution=self.resolutions.times(),
            satisfaction=Satisfaction(*(self.counts[word] for word in ("good", "okay", "bad"))),
            backlog=tuple(accumulate(self.steps[:-1])),
        )


@dataclass(slots=True)
class _Count:
    """The counting of one report, place by place."""

    since: datetime
    until: datetime
    ends: Sequence[datetime]  # of each day
    worked: Worked
    places: dict[Place, _Tally] = field(default_factory=dict)

    def take(self, past: History) -> None:
        """Count one ticket."""
        if self.since <= past.opened.at < self.until:
            self._tally(past.opened.place).counts["opened"] += 1
        if past.closed:
            self._happened("closed", past.closed)
        if past.reopened:
            self._happened("reopened", past.reopened)
        if past.set_aside:
            self._happened("set_aside", past.set_aside)
        if past.rated:
            self._happened(past.rated.word, (Moment(past.rated.at, past.rated.place),))
        for reached in past.resolutions:
            if self._within(reached.at):
                self._reached(reached, self._tally(reached.place).resolutions)
        if past.answer and self._within(past.answer.at):
            self._reached(past.answer, self._tally(past.answer.place).answers)
        self._stood(past)

    def _happened(self, name: str, moments: Sequence[Moment]) -> None:
        for moment in moments:
            if self._within(moment.at):
                self._tally(moment.place).counts[name] += 1

    def _reached(self, reached: Reached, durations: _Durations) -> None:
        durations.elapsed.append((reached.at - reached.since).total_seconds())
        durations.business.append(self.worked(reached.since, reached.at, reached.place.sla).total_seconds())
        durations.targets += reached.in_time is not None
        durations.met += reached.in_time is True

    def _stood(self, past: History) -> None:
        """Where the ticket lay from day to day, and how it stands now."""
        for span in past.spans:
            first = bisect_right(self.ends, span.start)
            last = bisect_right(self.ends, span.end) if span.end else len(self.ends)
            if first != last:
                steps = self._tally(span.place).steps
                steps[first] += 1
                steps[last] -= 1
        if past.now:
            counts = self._tally(past.now).counts
            counts["open_now"] += 1
            counts["overdue_now"] += past.overdue

    def _tally(self, place: Place) -> _Tally:
        found = self.places.get(place)
        if found is None:
            found = self.places[place] = _Tally.of(len(self.ends))
        return found

    def _within(self, at: datetime) -> bool:
        return self.since <= at < self.until


def _days(since: datetime, until: datetime, zone: ZoneInfo) -> Iterator[date]:
    """The days of `zone` that the period touches."""
    if since < until:
        first = since.astimezone(zone).date()
        last = (until - timedelta(microseconds=1)).astimezone(zone).date()
        for ahead in range((last - first).days + 1):
            yield first + timedelta(days=ahead)


def _spread(seconds: Sequence[float]) -> Spread:
    if not seconds:
        return Spread(None, None)
    ordered, count = sorted(seconds), len(seconds)
    return Spread((ordered[(count - 1) // 2] + ordered[count // 2]) / 2, ordered[ceil(0.9 * count) - 1])
