"""Times of day of one person: when quiet hours end, and which digest is the latest.

Pure. Skipped and repeated times are those of `rules/text/moments.py`.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from mailgate.rules.text.moments import instants, to_utc, wall_time

_DAY = timedelta(days=1)


def quiet_until(quiet: tuple[int, int], now: datetime, zone: ZoneInfo) -> datetime | None:
    """When the quiet hours that hold `now` end (UTC); None outside of them.

    `quiet` is from and to, in minutes since midnight of the wall clock in `zone`; an end
    before the start is on the next day.
    """
    if not _within(quiet, now, zone):
        return None
    today = now.astimezone(zone).date()
    ends = (at for day in (today, today + _DAY) for at in instants(wall_time(day, quiet[1]), zone))
    return min(at for at in ends if at > now and not _within(quiet, at, zone))


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
