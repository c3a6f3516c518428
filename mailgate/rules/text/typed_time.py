"""WHEN: the moment that somebody typed, in their own time zone.

Reads the forms of the public interface, section 5, also behind "until", "for" or "by", and no others; it never guesses
between two readings and never answers with a moment that is past. What "now" is and when
business opens are arguments.
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
from mailgate.rules.text.moments import WEEKDAYS, to_utc, wall_time

Opens = Callable[[date], datetime | None]

FURTHEST = timedelta(days=3660)
FORMS = "2h, 3d, tomorrow, fri, fri 14:00, monday 9am, next week, end of month, 2026-12-24 09:00"
_CLOSED_AT_MOST = 31  # days to look for the next opening

_UP_TO = re.compile(r"^(?:until|till|for|by) ")  # #pending until fri, #snooze for 2h, #due by fri
_SPAN = re.compile(r"(?:in )?((?:\d{1,4} ?[a-z]+ ?)+)")
_PIECE = re.compile(r"(\d+) ?([a-z]+)")
_UNITS = {
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), "minutes"),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), "hours"),
    **dict.fromkeys(("d", "day", "days"), "days"),
    **dict.fromkeys(("w", "week", "weeks"), "weeks"),
}
_DAY = r"(?:on )?(next week|end of (?:the )?month|(?!at )[a-z]+|\d{4}-\d{1,2}-\d{1,2})"
_TIME = r"(?:^| |(?<=\d)t)(?:at )?(\d{1,2})(?::(\d{2})(?: ?([ap])m)?| ?([ap])m)"
_MOMENT = re.compile(rf"(?:{_DAY})?(?:{_TIME})?", re.ASCII)


class WhenError(Refused):
    """What was typed is no time, or not one that can be meant."""


def read_when(text: str, now: datetime, zone: ZoneInfo, opens: Opens) -> datetime:
    """The moment meant by `text`, as UTC, always later than `now` (aware).

    A day of the week is its next one that has not passed, "next week" its Monday, "end of month"
    the last day on which business opens; a day without a time is the start of business on it,
    as `opens` says, or on the next day that has one. Days and weeks keep the wall-clock time of
    `zone`, hours and minutes are elapsed time. A time that a clock change skips is moved on by the
    skipped hour; of a repeated one the first that is still to come is meant.

    Raises `WhenError` for what cannot be read, is past, or is over ten years ahead.
    """
    typed = _UP_TO.sub("", " ".join(text.lower().replace(",", " ").split()), count=1)
    try:
        found = _span(typed, now, zone) or _moment(typed, now, zone, opens)
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
    sums = dict.fromkeys(("minutes", "hours", "days", "weeks"), 0)
    for count, unit in _PIECE.findall(found[1]):
        if unit not in _UNITS:
            return None
        sums[_UNITS[unit]] += int(count)
    local = now.astimezone(zone)
    days = timedelta(days=sums["days"] + 7 * sums["weeks"])
    start = to_utc((local + days).replace(tzinfo=None), zone, after=now) if days else now
    return start.astimezone(UTC) + timedelta(hours=sums["hours"], minutes=sums["minutes"])


def _moment(typed: str, now: datetime, zone: ZoneInfo, opens: Opens) -> datetime | None:
    """A day, a time of today, or both; None when `typed` is neither."""
    found = _MOMENT.fullmatch(typed)
    if not found or not typed:
        return None
    word, hour, minute, *half = found.groups()
    at = _time_of_day(int(hour), int(minute or 0), half[0] or half[1]) if hour else None
    moments = (_on(day, at, zone, now, opens) for day in _days(word or "today", now.astimezone(zone).date(), opens))
    latest = None
    for moment in moments:
        if moment and moment > now:
            return moment
        latest = moment or latest
    return latest


def _time_of_day(hour: int, minute: int, half: str | None) -> time:
    """A time of the clock with 24 hours, or of one with twelve where `half` is "a" or "p" (12 am is midnight)."""
    if half and not 1 <= hour <= 12:
        raise ValueError(hour)
    return time(hour % 12 + (12 if half == "p" else 0) if half else hour, minute)


def _days(word: str, today: date, opens: Opens) -> Iterator[date]:
    """The days that `word` may mean, the soonest first; none when it means no day."""
    if word == "today":
        yield today
    elif word == "tomorrow":
        yield today + timedelta(days=1)
    elif word == "next week":
        yield today + timedelta(days=7 - today.weekday())
    elif word.startswith("end of "):
        yield from (_last_day(today, opens), _last_day(_first_of_next_month(today), opens))
    elif word[0].isdigit():
        year, month, day = map(int, word.split("-"))
        yield date(year, month, day)
    elif len(word) >= 3:
        for number, name in enumerate(WEEKDAYS):
            if name.startswith(word):
                ahead = (number - today.weekday()) % 7
                yield from (today + timedelta(days=ahead), today + timedelta(days=ahead + 7))


def _first_of_next_month(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=31)).replace(day=1)


def _last_day(day: date, opens: Opens) -> date:
    """The last day of a day's month on which business opens; its last day where it opens on none."""
    last = _first_of_next_month(day) - timedelta(days=1)
    month = (last - timedelta(days=back) for back in range(last.day))
    return next(filter(opens, month), last)


def _on(day: date, at: time | None, zone: ZoneInfo, now: datetime, opens: Opens) -> datetime | None:
    """`day` at a time or, without one, at the first start of business from that day on."""
    if at:
        return to_utc(datetime.combine(day, at), zone, after=now)
    coming = (opens(day + timedelta(days=ahead)) for ahead in range(_CLOSED_AT_MOST))
    first = next(islice(filter(None, coming), 1), None)
    return (first or to_utc(wall_time(day), zone, after=now)).astimezone(UTC)
