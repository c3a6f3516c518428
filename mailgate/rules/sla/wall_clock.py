"""Times of day of one person: when quiet hours end, and which digest is the latest.

Pure. Skipped and repeated times are those of `rules/text/moments.py`.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from mailgate.rules.sla.offsets import constant_offsets
from mailgate.rules.text.moments import to_utc, wall_time

_DAY = timedelta(days=1)
_LONGEST = 3 * _DAY  # of quiet hours: a zone may leave out a day, and the time at which they end on another


def quiet_until(quiet: tuple[int, int], now: datetime, zone: ZoneInfo) -> datetime | None:
    """When the quiet hours that hold `now` end (UTC): once the wall clock shows a time outside; None outside of them.

    `quiet` is from and to, in minutes since midnight of the wall clock in `zone`; an end
    before the start is on the next day.
    """
    if not _within(quiet, now, zone):
        return None
    stretches = constant_offsets(zone, now.astimezone(UTC), now.astimezone(UTC) + _LONGEST)
    return next(end for stretch in stretches if (end := _end(quiet, *stretch, zone)))


def _end(
    quiet: tuple[int, int], start: datetime, changes: datetime, offset: timedelta, zone: ZoneInfo
) -> datetime | None:
    """The end from `start` to `changes`, while the wall shows UTC plus `offset`; None without one."""
    if not _within(quiet, start, zone):
        return start  # the clock was put past their end, or back to before their start
    midnight = datetime.combine((start + offset).date(), time(), UTC) - offset
    end = midnight + timedelta(minutes=quiet[1])
    end += _DAY if end <= start else timedelta()
    return end if end < changes else None


def _within(quiet: tuple[int, int], at: datetime, zone: ZoneInfo) -> bool:
    local = at.astimezone(zone)
    minute = local.hour * 60 + local.minute
    start, end = quiet
    return start <= minute < end if start < end else minute >= start or minute < end


def latest(minute: int, now: datetime, zone: ZoneInfo) -> tuple[date, datetime]:
    """The last time up to `now` that the wall clock in `zone` came to `minute` since midnight: day and moment (UTC)."""
    today = now.astimezone(zone).date()
    comings = ((day, to_utc(wall_time(day, minute), zone)) for day in (today, today - _DAY, today - 2 * _DAY))
    return next((day, at) for day, at in comings if at <= now)
