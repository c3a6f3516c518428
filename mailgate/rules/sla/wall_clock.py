"""Times of day of one person: when quiet hours end, and which digest is the latest.

Pure, and right across clock changes: a time that is skipped comes by so much later, a
repeated one counts the first time. It knows nothing of mail.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_DAY = timedelta(days=1)


def quiet_until(quiet: tuple[int, int], now: datetime, zone: ZoneInfo) -> datetime | None:
    """When the quiet hours that hold `now` end (UTC); None outside of them.

    `quiet` is from and to, in minutes since midnight of the wall clock in `zone`; an end
    before the start is on the next day.
    """
    if not _within(quiet, now, zone):
        return None
    today = now.astimezone(zone).date()
    ends = (at for day in (today, today + _DAY) for at in _both(day, quiet[1], zone))
    return min(at for at in ends if at > now and not _within(quiet, at, zone))


def _within(quiet: tuple[int, int], at: datetime, zone: ZoneInfo) -> bool:
    local = at.astimezone(zone)
    minute = local.hour * 60 + local.minute
    start, end = quiet
    return start <= minute < end if start < end else minute >= start or minute < end


def latest(minute: int, now: datetime, zone: ZoneInfo) -> tuple[date, datetime]:
    """The last time up to `now` that the wall clock in `zone` came to `minute` since midnight: day and moment (UTC)."""
    today = now.astimezone(zone).date()
    comings = ((day, next(_both(day, minute, zone))) for day in (today, today - _DAY, today - 2 * _DAY))
    return next((day, at) for day, at in comings if at <= now)


def _both(day: date, minute: int, zone: ZoneInfo) -> Iterator[datetime]:
    """The moments that a time of a day may mean, the one that counts first: two around a clock change."""
    wall = datetime.combine(day, time()) + timedelta(minutes=minute)
    for fold in (0, 1):
        yield wall.replace(tzinfo=zone, fold=fold).astimezone(UTC)
