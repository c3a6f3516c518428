"""Durations, sizes, rates, percentages and times of day as written in the configuration.

Each function parses one string, and raises ValueError with a message that says what to write.
"""

from __future__ import annotations

import re
from datetime import timedelta

from mailgate.rules.text.moments import WEEKDAYS
from mailgate.settings import Rate, Recurring

DURATION_FORM = '"90s", "30m", "1h", "2d" or "1h30m"'
SIZE_FORM = '"25 MB" (MB is 1,000,000 bytes; also kB, GB)'
RATE_FORM = '"6/1h" (at most 6 in an hour)'
TIMES_FORM = '"08:00-17:00"'
CLOCK_FORM = '"08:00"'
WEEKLY_FORM = '"Mon 08:00"'

_SECONDS = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}
_BYTES = {"B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9}
_DURATION = re.compile(r"(?:(\d{1,9})d)?(?:(\d{1,9})h)?(?:(\d{1,9})m)?(?:(\d{1,9})s)?", re.ASCII)
_SIZE = re.compile(r"(\d{1,12}(?:\.\d{1,3})?) ?(B|[kK]B|MB|GB)", re.ASCII)
_RATE = re.compile(r"(\d{1,9}) ?/ ?(\S{1,20})", re.ASCII)
_PERCENTAGE = re.compile(r"(\d{1,5})(?:\.(\d{1,2}))? ?%", re.ASCII)
_TIMES = re.compile(r"(\d{1,2}):(\d{2}) ?[-–] ?(\d{1,2}):(\d{2})", re.ASCII)
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})", re.ASCII)
_MAX_DURATION = timedelta(days=36_500)
_DAY_MINUTES = 24 * 60


def duration(text: str) -> timedelta:
    """Parse "90s", "30m", "1h", "2d", or several of them joined, largest unit first. At most a hundred years."""
    found = _DURATION.fullmatch(text.strip().replace(" ", ""))
    if found is None or not any(found.groups()):
        raise ValueError(f'"{text}" is not a duration: write {DURATION_FORM}')
    seconds = sum(int(count or 0) * unit for count, unit in zip(found.groups(), _SECONDS.values(), strict=True))
    if seconds > _MAX_DURATION.total_seconds():
        raise ValueError(f'"{text}" is longer than a hundred years')
    return timedelta(seconds=seconds)


def duration_text(value: timedelta) -> str:
    """Format a duration as `duration` parses it: "1h30m"."""
    rest = int(value.total_seconds())
    parts = []
    for unit, seconds in _SECONDS.items():
        count, rest = divmod(rest, seconds)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"


def size(text: str) -> int:
    """Parse a size, in bytes. MB is 10^6, as relays and providers count."""
    found = _SIZE.fullmatch(text.strip())
    if found is None:
        raise ValueError(f'"{text}" is not a size: write {SIZE_FORM}')
    return round(float(found[1]) * _BYTES[found[2].upper()])


def rate(text: str) -> Rate:
    """Parse a rate limit such as "6/1h"."""
    found = _RATE.fullmatch(text.strip())
    if found is None:
        raise ValueError(f'"{text}" is not a rate limit: write {RATE_FORM}')
    period = duration(found[2])
    if not period:
        raise ValueError(f'"{text}" has a period of zero: write {RATE_FORM}')
    return Rate(int(found[1]), period)


def share(text: str) -> float:
    """Parse "80%" as 0.8."""
    found = _PERCENTAGE.fullmatch(text.strip())
    if found is None:
        raise ValueError(f'"{text}" is not a percentage: write "80%" or "100%"')
    value = float(f"{found[1]}.{found[2] or 0}") / 100
    if not 0 < value <= 100:
        raise ValueError(f'"{text}" is out of range: write a percentage from "1%" to "10000%"')
    return value


def clock(text: str) -> int:
    """Parse "08:00" as minutes since midnight."""
    found = _CLOCK.fullmatch(text.strip())
    if found is None or int(found[1]) > 23 or int(found[2]) > 59:
        raise ValueError(f'"{text}" is not a time of day: write {CLOCK_FORM}')
    return int(found[1]) * 60 + int(found[2])


def daily(text: str) -> Recurring | None:
    """Parse "08:00" as that time of each day; "" as never."""
    return Recurring(clock(text)) if text.strip() else None


def weekly(text: str) -> Recurring | None:
    """Parse "Mon 08:00" as that time of each week; "" as never."""
    if not text.strip():
        return None
    day, _, at = text.strip().partition(" ")
    days = [number for number, name in enumerate(WEEKDAYS) if name.startswith(day.lower()) and len(day) > 2]
    if not days or not _CLOCK.fullmatch(at.strip()):
        raise ValueError(f'"{text}" is not a weekday and time: write {WEEKLY_FORM}')
    return Recurring(clock(at), days[0])


def times(text: str) -> tuple[int, int]:
    """Parse "08:00-17:00" as minutes since midnight; "24:00" is the end of the day.

    An end before the start ("22:00-06:00") is on the next day.
    """
    found = _TIMES.fullmatch(text.strip())
    if found is None:
        raise ValueError(f'"{text}" is not a time range: write {TIMES_FORM}')
    hour, minute, end_hour, end_minute = map(int, found.groups())
    start, end = hour * 60 + minute, end_hour * 60 + end_minute
    if max(minute, end_minute) > 59 or max(start, end) > _DAY_MINUTES or start == _DAY_MINUTES:
        raise ValueError(f'"{text}" contains an invalid time: write {TIMES_FORM}')
    if start == end:
        raise ValueError(f'"{text}" is an empty time range: for the whole day write "00:00-24:00"')
    return start, end
