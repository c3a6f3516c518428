"""When the report is due: at a local time of day, daily or on a day of the week.

Pure: the time and the time zone are arguments. Skipped and repeated times are those of
`rules/text/moments.py`.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from mailgate.rules.text.moments import to_utc, wall_time
from mailgate.settings import Recurring

_WEEK = 8  # days to look back: a weekly report that is due later today was last due seven days ago


def last_due(at: Recurring, now: datetime, zone: ZoneInfo) -> datetime:
    """The latest due time up to and including `now` (aware), in UTC."""
    today = now.astimezone(zone).date()
    days = (today - timedelta(days=back) for back in range(_WEEK))
    dues = (to_utc(wall_time(day, at.minute), zone) for day in days if at.weekday in (None, day.weekday()))
    return next(due for due in dues if due <= now)


def period(at: Recurring, due: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The period of the report of `due`: since the previous due time, without overlap or gap."""
    return last_due(at, due - timedelta(seconds=1), zone), due
