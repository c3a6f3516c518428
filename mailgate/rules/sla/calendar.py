"""Working time: a schedule's hours as a function of absolute time that can be run forwards and backwards.

The only module that imports `holidays`. It does not depend on the present time.

A schedule is open at an instant when the local time in its zone is in opening hours, on
a day that is not a holiday. So an hour that daylight saving skips is not worked, and an hour
that it repeats counts twice if it is in opening hours. All results are UTC.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import accumulate
from types import MappingProxyType
from zoneinfo import ZoneInfo

from mailgate.rules.sla.offsets import constant_offsets, first_shown
from mailgate.rules.text.moments import wall_time
from mailgate.settings import Hours

HORIZON = 10  # years after which a schedule that has not opened counts as one that never does
DAY = timedelta(days=1)
NOTHING = timedelta(0)
Span = tuple[datetime, datetime]  # from, and up to but not including, in UTC
Ranges = tuple[tuple[timedelta, timedelta], ...]  # since midnight; the end may lie on the next day


def calendar_of(hours: Hours) -> Calendar:
    """The calendar of a schedule; the same one, with what it has worked out, for equal schedules."""
    ranges = tuple(sorted((weekday, tuple(spans)) for weekday, spans in hours.hours.items()))
    return _calendar(hours.name, hours.timezone, hours.always, ranges, hours.holiday_codes, hours.holiday_dates)


def open_at(schedules: Mapping[str, Hours], name: str, at: datetime) -> bool:
    """Whether the schedule of this name is open at an instant; one that does not exist never is."""
    hours = schedules.get(name)
    return hours is not None and calendar_of(hours).is_open(at)


def known_holiday_code(code: str) -> bool:
    """True for a code with holidays: a country "US", or country and subdivision "DE-BY" (ISO 3166)."""
    return _holidays_of(code) is not None and not code.endswith("-")


@dataclass(frozen=True, slots=True)
class _Year:
    """The open spans of a UTC year, in order, and the working time before each of them."""

    starts: tuple[datetime, ...]
    ends: tuple[datetime, ...]
    before: tuple[timedelta, ...]
    total: timedelta

    def until(self, at: datetime) -> timedelta:
        """Working time from the year's beginning until `at`."""
        index = bisect_right(self.starts, at) - 1
        return self.before[index] + min(at, self.ends[index]) - self.starts[index] if index >= 0 else NOTHING

    def at(self, working: timedelta) -> datetime:
        """The first instant until which `working` (more than nothing, at most the total) was worked."""
        index = bisect_left(self.before, working) - 1
        return self.starts[index] + (working - self.before[index])


class Calendar:
    """A schedule's working time. Times go in aware (any zone) and come out in UTC.

    Each year's spans are worked out once, when first asked for; after that every question
    is two binary searches. Around the clock is plain arithmetic. The first question to a
    schedule with holiday codes loads their library (most of a second, `_holidays_of`).
    """

    def __init__(
        self, name: str, zone: ZoneInfo, ranges: Mapping[int, Ranges], codes: tuple[str, ...], dates: tuple[str, ...]
    ) -> None:
        self.name = name
        self.zone = zone
        self.always = False
        self._ranges = ranges
        self._codes = codes
        self._dates = dates
        self._years: dict[int, _Year] = {}

    def add(self, start: datetime, working: timedelta) -> datetime | None:
        """The first instant at which `working` has been worked since `start`.

        `start` itself when `working` is nothing; None when it takes more than ten years.
        """
        start = start.astimezone(UTC)
        if working <= NOTHING:
            return start
        left = working + self._year(start.year).until(start)
        for year in self._ahead(start):
            table = self._year(year)
            if left <= table.total:
                return table.at(left)
            left -= table.total
        return None

    def worked(self, start: datetime, end: datetime) -> timedelta:
        """Working time from `start` to `end`; nothing when they stand the other way round."""
        start, end = start.astimezone(UTC), end.astimezone(UTC)
        if end <= start:
            return NOTHING
        worked = self._year(end.year).until(end) - self._year(start.year).until(start)
        for year in range(start.year, end.year):
            worked += self._year(year).total
        return worked

    def spans(self, start: datetime, end: datetime) -> Iterator[Span]:
        """The open spans between `start` and `end`, in order, cut at both."""
        start, end = start.astimezone(UTC), end.astimezone(UTC)
        if end <= start:
            return
        held: Span | None = None  # until it is known that the next year does not carry it on
        for year in range(start.year, end.year + 1):
            table = self._year(year)
            for index in range(bisect_right(table.ends, start), bisect_left(table.starts, end)):
                opens, closes = max(table.starts[index], start), min(table.ends[index], end)
                if held and held[1] == opens:
                    held = (held[0], closes)
                    continue
                if held:
                    yield held
                held = (opens, closes)
        if held:
            yield held

    def next_open(self, at: datetime) -> datetime | None:
        """`at` itself when open then, else when it next opens; None when not within ten years."""
        at = at.astimezone(UTC)
        for year in self._ahead(at):
            table = self._year(year)
            index = bisect_right(table.ends, at)
            if index < len(table.ends):
                return max(table.starts[index], at)
        return None

    def is_open(self, at: datetime) -> bool:
        """Whether `at` is in opening hours."""
        return self.next_open(at) == at

    def opens_on(self, day: date) -> datetime | None:
        """Start of business hours on `day` (a date on the schedule's wall); None when it is closed then."""
        ranges = self._ranges_of(day)
        if not ranges:
            return None
        opens = wall_time(day) + min(start for start, _ in ranges)
        return self.next_open(first_shown(opens, self.zone))

    def holiday(self, day: date) -> str:
        """Name of the holiday on `day`, "" when it is none; "holiday" for a date without a name."""
        return _holidays(self._codes, self._dates, day.year).get(day, "")

    def keeps_hours(self, day: date) -> bool:
        """Whether `day`'s weekday has hours, holiday or not."""
        return bool(self._ranges.get(day.weekday()))

    def _ahead(self, at: datetime) -> range:
        return range(at.year, at.year + HORIZON + 1)

    def _ranges_of(self, day: date) -> Ranges:
        return () if self.holiday(day) else self._ranges.get(day.weekday(), ())

    def _year(self, year: int) -> _Year:
        found = self._years.get(year)
        if not found:
            spans = _merged(
                sorted(self._open_in(datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC)))
            )
            lengths = list(accumulate((end - start for start, end in spans), initial=NOTHING))
            starts, ends = tuple(start for start, _ in spans), tuple(end for _, end in spans)
            found = self._years[year] = _Year(starts, ends, tuple(lengths[:-1]), lengths[-1])
        return found

    def _open_in(self, lower: datetime, upper: datetime) -> Iterator[Span]:
        for start, end, offset in constant_offsets(self.zone, lower, upper):
            # On this stretch the wall shows UTC plus `offset`; the day before may reach into it.
            day, last = (start + offset).date() - DAY, (end + offset).date()
            while day <= last:
                midnight = datetime.combine(day, time(), UTC) - offset
                for opens, closes in self._ranges_of(day):
                    span = max(midnight + opens, start), min(midnight + closes, end)
                    if span[0] < span[1]:
                        yield span
                day += DAY


class AroundTheClock(Calendar):
    """24/7: never closed, no holidays, so that nothing has to be looked up."""

    def __init__(self, name: str, zone: ZoneInfo) -> None:
        super().__init__(name, zone, MappingProxyType(dict.fromkeys(range(7), ((NOTHING, DAY),))), (), ())
        self.always = True

    def add(self, start: datetime, working: timedelta) -> datetime:
        """`start` plus `working`."""
        return start.astimezone(UTC) + max(working, NOTHING)

    def worked(self, start: datetime, end: datetime) -> timedelta:
        """`end` minus `start`."""
        # In UTC: two times of one zone are subtracted as the wall shows them.
        return max(end.astimezone(UTC) - start.astimezone(UTC), NOTHING)

    def spans(self, start: datetime, end: datetime) -> Iterator[Span]:
        """One span from `start` to `end`."""
        start, end = start.astimezone(UTC), end.astimezone(UTC)
        return iter(((start, end),) if start < end else ())

    def next_open(self, at: datetime) -> datetime:
        """`at` itself."""
        return at.astimezone(UTC)


@lru_cache(maxsize=128)
def _calendar(
    name: str,
    zone: ZoneInfo,
    always: bool,  # noqa: FBT001 - one of the fields of Hours, in their order
    hours: tuple[tuple[int, tuple[tuple[int, int], ...]], ...],
    codes: tuple[str, ...],
    dates: tuple[str, ...],
) -> Calendar:
    if always:
        return AroundTheClock(name, zone)
    ranges = {
        weekday: tuple(
            # "22:00-06:00" ends on the next day.
            (timedelta(minutes=start), timedelta(minutes=end if end > start else end + 1440))
            for start, end in spans
        )
        for weekday, spans in hours
    }
    return Calendar(name, zone, ranges, codes, dates)


@lru_cache(maxsize=512)
def _holidays(codes: tuple[str, ...], dates: tuple[str, ...], year: int) -> Mapping[date, str]:
    found = {date.fromisoformat(text): "holiday" for text in dates if text.startswith(f"{year:04}-")}
    for code in codes:
        found.update(
            _holidays_of(code, year) or {}
        )  # `check` refuses other codes; without their days a clock still goes
    return MappingProxyType(found)


def _holidays_of(code: str, *years: int) -> Mapping[date, str] | None:
    """Holidays of a code in `years`; None for a code that is none."""
    from holidays import country_holidays  # most of a second: only desks with holidays pay it, at the first question

    country, _, subdivision = code.partition("-")
    # English where the country has it; else its own default language.
    with suppress(NotImplementedError):  # the library's word for a code that it has not
        return country_holidays(country, subdiv=subdivision or None, years=years, language="en_US")
    return None


def _merged(spans: list[Span]) -> list[Span]:
    """Sorted spans with those that touch or overlap made one."""
    merged: list[Span] = []
    for start, end in spans:
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged
