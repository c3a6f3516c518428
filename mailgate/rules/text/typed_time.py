"""WHEN: the moment that somebody typed, in their own time zone.

Reads the forms that README names, and what else people type of which there is one reading; it refuses what has two, and
never answers with a moment that is past. The words are the business of `day_names`; what "now" is and when business
opens are arguments.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from mailgate.errors import Refused
from mailgate.phrase import phrase
from mailgate.rules.text.cleanup import shortened
from mailgate.rules.text.day_names import month, plain, weekday
from mailgate.rules.text.moments import to_utc, wall_time

Opens = Callable[[date], datetime | None]

FURTHEST = timedelta(days=3660)
FORMS = "2h, 3d, tomorrow, fri, fri 14:00, monday 9am, next week, end of month, 24 Dec, 24.12.2026, 2026-12-24 09:00"
MORNING = 9 * 60  # minutes after midnight, where business never opens
_CLOSED_AT_MOST = 31  # days to look for the next opening

_SPAN = re.compile(r"(?:in )?((?:\d{1,4} ?[a-z]+ ?)+)")
_PIECE = re.compile(r"(\d+) ?([a-z]+)")
_UNITS = {
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), "minutes"),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), "hours"),
    **dict.fromkeys(("d", "day", "days"), "days"),
    **dict.fromkeys(("w", "week", "weeks"), "weeks"),
    **dict.fromkeys(("month", "months"), "months"),
}
_CLOCK = re.compile(r"(?:at )?(\d{1,2})(?:[:.](\d{2}))?(?: ?([ap])m| uhr|(?<=:\d\d))", re.ASCII)
_ISO_T = re.compile(r"(?<=\d)t(?=\d)")  # 2026-12-24T09:00
_CLOCK_WORDS = (3, 2, 1)  # "at 9 pm", "9 pm", "9pm"
_FROM_TODAY = {"today": 0, "tomorrow": 1, "day after tomorrow": 2}
_YEAR_FIRST = re.compile(r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})", re.ASCII)
_DOTTED = re.compile(r"(\d{1,2})\. ?(\d{1,2})\. ?(\d{4})", re.ASCII)
_SLASHED = re.compile(r"\d{1,2}([-/])\d{1,2}(?:\1(?:\d{2}|\d{4}))?", re.ASCII)  # which is the month?
_NTH = r"(\d{1,2})(?:st|nd|rd|th|\.)?"
_NAMED = re.compile(
    rf"(?:([a-z]+)\.? )??(?:{_NTH} ?(?:of |de )?([a-z]+)|([a-z]+)\.? {_NTH})\.?(?: (?:de )?(\d{{4}}))?", re.ASCII
)
_OF_WEEK = re.compile(r"(?:(next week|next|this) )?([a-z]+)( next week)?", re.ASCII)


class WhenError(Refused):
    """What was typed is no time, or not one that can be meant."""


class _TwoReadings(Exception):
    """What was typed has two readings: a phrase that says so, without what was typed, and its values."""

    def __init__(self, name: str, **values: str) -> None:
        self.name = name
        self.values = values


def read_when(text: str, now: datetime, zone: ZoneInfo, opens: Opens) -> datetime:
    """The moment meant by `text`, as UTC, always later than `now` (aware).

    A day of the week is its next one that has not passed, "next week" its Monday, "next month" its first day, "end of
    month" the last day on which business opens; a day without a time is the start of business on it, as `opens` says,
    or on the next day that has one. Days, weeks and months keep the wall-clock time of `zone`, hours and minutes are
    elapsed time. A time that a clock change skips is moved on by the skipped hour; of a repeated one the first that is
    still to come is meant.

    Raises `WhenError` for what cannot be read, has two readings, is past, or is over ten years ahead.
    """
    words = plain(text)
    try:
        found = _span(words, now, zone) or _moment(words, now, zone, opens)
    except _TwoReadings as error:
        raise WhenError(phrase(error.name, typed=shortened(text), **error.values)) from None
    except (ValueError, OverflowError):
        found = None
    if not found:
        raise WhenError(phrase("refused.no_time", typed=shortened(text), forms=FORMS))
    if found <= now:
        raise WhenError(phrase("refused.past", at=found))
    if found - now > FURTHEST:
        raise WhenError(phrase("refused.too_far", at=found))
    return found


def _span(typed: str, now: datetime, zone: ZoneInfo) -> datetime | None:
    """`now` and a span: "2h", "1h30m", "in 3 days"; None when `typed` is none."""
    if not (found := _SPAN.fullmatch(typed)):
        return None
    sums = dict.fromkeys(("minutes", "hours", "days", "weeks", "months"), 0)
    for count, unit in _PIECE.findall(found[1]):
        if unit not in _UNITS:
            return None
        sums[_UNITS[unit]] += int(count)
    local = now.astimezone(zone)
    day = _months_after(local.date(), sums["months"]) + timedelta(days=sums["days"] + 7 * sums["weeks"])
    start = to_utc(datetime.combine(day, local.time()), zone, after=now) if day != local.date() else now
    return start.astimezone(UTC) + timedelta(hours=sums["hours"], minutes=sums["minutes"])


def _months_after(day: date, count: int) -> date:
    """The same day of a later month, or its last one."""
    year, number = divmod(day.year * 12 + day.month - 1 + count, 12)
    first = date(year, number + 1, 1)
    return min(first + timedelta(days=day.day - 1), _last_of(first))


def _moment(typed: str, now: datetime, zone: ZoneInfo, opens: Opens) -> datetime | None:
    """A day, a time of today, or both; None when `typed` is neither."""
    word, at = _with_clock(_ISO_T.sub(" ", typed))
    if not (word or at):
        return None
    days = _days(word.removeprefix("on ") or "today", now.astimezone(zone).date(), opens)
    latest = None
    for moment in (_on(day, at, zone, now, opens) for day in days):
        if moment > now:
            return moment
        latest = moment
    return latest


def _with_clock(typed: str) -> tuple[str, time | None]:
    """The day of "fri at 9 am" or "9 am on fri", and its time; None without one."""
    words = typed.split()
    for size in _CLOCK_WORDS:
        for clock, day in ((words[-size:], words[:-size]), (words[:size], words[size:])):
            if at := _time_of_day(" ".join(clock)):
                return " ".join(day), at
    return typed, None


def _time_of_day(typed: str) -> time | None:
    """A time of the clock with 24 hours, or of one with twelve (12 am is midnight)."""
    if typed in ("noon", "at noon"):
        return time(12)
    if not (found := _CLOCK.fullmatch(typed)):
        return None
    hour, half = int(found[1]), found[3]
    if half and not 1 <= hour <= 12:
        raise ValueError(typed)
    return time(hour % 12 + (12 if half == "p" else 0) if half else hour, int(found[2] or 0))


def _days(word: str, today: date, opens: Opens) -> Iterator[date]:
    """The days that `word` may mean, the soonest first; none when it means no day. Raises _TwoReadings."""
    if word in _FROM_TODAY:
        yield today + timedelta(days=_FROM_TODAY[word])
    elif word == "next week":
        yield today + timedelta(days=7 - today.weekday())
    elif word == "next month":
        yield _first_of_next_month(today)
    elif word == "end of month":
        yield from (_last_open(today, opens), _last_open(_first_of_next_month(today), opens))
    elif _SLASHED.fullmatch(word):
        raise _TwoReadings("refused.which_month")
    else:
        yield from _dates(word, today)
        yield from _of_week(word, today)


def _dates(word: str, today: date) -> Iterator[date]:
    """The day of "2026-12-24", "24.12.2026", "24 Dec" or "Thu, Dec 24th 2026"; without a year the next one."""
    if found := _YEAR_FIRST.fullmatch(word):
        yield date(int(found[1]), int(found[3]), int(found[4]))
    elif found := _DOTTED.fullmatch(word):
        yield date(int(found[3]), int(found[2]), int(found[1]))
    elif (found := _NAMED.fullmatch(word)) and (number := month(found[3] or found[4])):
        nth = int(found[2] or found[5])
        years = [int(found[6])] if found[6] else range(today.year, today.year + 9)  # there is no 29 February in some
        days = (date(year, number, nth) for year in years if nth <= _last_of(date(year, number, 1)).day)
        day = next((day for day in days if found[6] or day >= today), None)
        if day and (not found[1] or weekday(found[1]) == day.weekday()):
            yield day


def _of_week(word: str, today: date) -> Iterator[date]:
    """The days of "fri", "this fri", "fri next week" and "next fri", where that is the next one and next week's."""
    found = _OF_WEEK.fullmatch(word)
    number = weekday(found[2]) if found else None
    if not found or number is None:
        return
    coming = today + timedelta(days=(number - today.weekday()) % 7)
    next_weeks = today + timedelta(days=number - today.weekday() + 7)
    if found[1] == "next" and coming not in (today, next_weeks):
        raise _TwoReadings("refused.two_days", first=f"{coming}", second=f"{next_weeks}")
    if found[1] == "this":
        yield next_weeks - timedelta(days=7)
    elif found[1] or found[3]:
        yield next_weeks
    else:
        yield from (coming, coming + timedelta(days=7))


def _first_of_next_month(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=31)).replace(day=1)


def _last_of(day: date) -> date:
    """The last day of a day's month."""
    return _first_of_next_month(day) - timedelta(days=1)


def _last_open(day: date, opens: Opens) -> date:
    """The last day of a day's month on which business opens; its last day where it opens on none."""
    last = _last_of(day)
    days = (last - timedelta(days=back) for back in range(last.day))
    return next(filter(opens, days), last)


def _on(day: date, at: time | None, zone: ZoneInfo, now: datetime, opens: Opens) -> datetime:
    """`day` at a time or, without one, at the first start of business from that day on."""
    if at:
        return to_utc(datetime.combine(day, at), zone, after=now)
    coming = (opens(day + timedelta(days=ahead)) for ahead in range(_CLOSED_AT_MOST))
    first = next(islice(filter(None, coming), 1), None)
    return (first or to_utc(wall_time(day, MORNING), zone, after=now)).astimezone(UTC)
