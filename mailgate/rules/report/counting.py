"""The report: what the desk did in a period, as a whole and by department, team, agent, topic, priority.

Pure counting over histories. It reads no database and
no clock, and leaves words and tables to others.

A resolution is each end of work on a ticket: one that was reopened may have several.
Shares count what was resolved or first answered in the period and had a target; tickets
that are past their target are counted in `overdue_now`. Each figure belongs to the place
of the ticket at that moment, so the rows of a dimension add up to the totals, and
a reader who may not see a place gets no figure of it.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import accumulate
from math import ceil
from zoneinfo import ZoneInfo

from mailgate.figures import DIMENSIONS, WHOLE_DESK, Attainment, Figures, Report, Satisfaction, Spread, Times
from mailgate.phrase import Phrase
from mailgate.rules.report.history import History, Moment, Place, Reached
from mailgate.rules.text.moments import to_utc, wall_time

# Working time between two moments in the schedule of an SLA plan, given by name.
Worked = Callable[[datetime, datetime, str], timedelta]
Seen = Callable[[Place], bool]
_WORDS = ("opened", "closed", "reopened", "set_aside", "open_now", "overdue_now", "good", "okay", "bad")
_HAPPENED = {word: code for code, word in enumerate(_WORDS)}


def figures(histories: Iterable[History], since: datetime, until: datetime, zone: ZoneInfo, worked: Worked) -> Counted:
    """Count the period from `since` to `until` (aware). Days are those of `zone`."""
    days = tuple(_days(since, until, zone))
    ends = [min(to_utc(wall_time(day + timedelta(days=1)), zone), until) for day in days]
    count = _Count(since, until, ends, worked)
    for past in histories:
        count.take(past)
    return Counted(since, until, days, count.places)


@dataclass(frozen=True, slots=True)
class Counted:
    """The counts of a period, place by place, from which the report of each reader is made."""

    since: datetime
    until: datetime
    days: tuple[date, ...]
    places: Mapping[Place, _Tally]

    def report(self, seen: Seen = lambda _: True, scope: Phrase = WHOLE_DESK) -> Report:
        """The figures of the places that are `seen`, which `scope` names."""
        places = {place: tally for place, tally in self.places.items() if seen(place)}
        rows = {name: _rows(places, name) for name in DIMENSIONS}
        totals = _Tally()
        for row in rows[DIMENSIONS[0]].values():
            totals.add(row)
        days = len(self.days)
        by = {name: {each: found[each].figures(days) for each in sorted(found)} for name, found in rows.items()}
        return Report(self.since, self.until, self.days, totals.figures(days), by, scope)


def _rows(places: Mapping[Place, _Tally], dimension: str) -> dict[str, _Tally]:
    """The figures under each name of a dimension."""
    found: dict[str, _Tally] = {}
    index = Place._fields.index(dimension)
    for place, tally in places.items():
        name = place[index]
        row = found.get(name)
        if row is None:
            row = found[name] = _Tally()
        row.add(tally)
    return found


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
    """What is counted in one place, or in several. A large desk has a hundred thousand places: two are added fast."""

    # A day on which a ticket came to lie here at its end; ~day for one on which it did no longer.
    days: array[int] = field(default_factory=lambda: array("i"))
    happened: bytearray = field(default_factory=bytearray)  # one of _HAPPENED each time
    resolutions: _Durations = field(default_factory=_Durations)
    answers: _Durations = field(default_factory=_Durations)

    def add(self, other: _Tally) -> None:
        """Count what another one has counted."""
        self.days.extend(other.days)
        self.happened += other.happened
        if other.resolutions.elapsed:
            self.resolutions.add(other.resolutions)
        if other.answers.elapsed:
            self.answers.add(other.answers)

    def figures(self, days: int) -> Figures:
        """The figures of a period of so many days."""
        changes = Counter(self.days)
        counts = {name: self.happened.count(code) for name, code in _HAPPENED.items()}
        return Figures(
            opened=counts["opened"],
            resolved=len(self.resolutions.elapsed),
            closed=counts["closed"],
            reopened=counts["reopened"],
            set_aside=counts["set_aside"],
            open_now=counts["open_now"],
            overdue_now=counts["overdue_now"],
            resolved_in_time=self.resolutions.attainment(),
            first_answered_in_time=self.answers.attainment(),
            first_response=self.answers.times(),
            resolution=self.resolutions.times(),
            satisfaction=Satisfaction(*(counts[word] for word in ("good", "okay", "bad"))),
            backlog=tuple(accumulate(changes[day] - changes[~day] for day in range(days))),
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
            self._tally(past.opened.place).happened.append(_HAPPENED["opened"])
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
                self._tally(moment.place).happened.append(_HAPPENED[name])

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
                days = self._tally(span.place).days
                days.append(first)
                days.append(~last)
        if past.now:
            happened = self._tally(past.now).happened
            happened.append(_HAPPENED["open_now"])
            if past.overdue:
                happened.append(_HAPPENED["overdue_now"])

    def _tally(self, place: Place) -> _Tally:
        found = self.places.get(place)
        if found is None:
            found = self.places[place] = _Tally()
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
