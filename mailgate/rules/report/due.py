"""When the report is due: a time on the wall that comes again, each day or on a day of the week.

Pure: what time it is now and where the clock hangs are arguments. A time that a clock
change skips is moved on by the skipped hour; of a repeated one the first is meant.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from mailgate.settings import Recurring

_WEEK = 8  # days to look back, the one on which it was due this morning and this evening is not yet


def last_due(at: Recurring, now: datetime, zone: ZoneInfo) -> datetime:
    """The last moment, at `now` (aware) or before it, at which it was due; UTC."""
    today = now.astimezone(zone).date()
    days = (today - timedelta(days=back) for back in range(_WEEK))
    dues = (_on(day, at.minute, zone) for day in days if at.weekday in (None, day.weekday()))
    return next(due for due in dues if due <= now)


def period(at: Recurring, due: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """What the report of `due` tells of: from the time before to this one, so that nothing is told twice or never."""
    return last_due(at, due - timedelta(seconds=1), zone), due


def _on(day: date, minute: int, zone: ZoneInfo) -> datetime:
    wall = datetime.combine(day, time(minute // 60, minute % 60), zone)
    return wall.astimezone(UTC)
