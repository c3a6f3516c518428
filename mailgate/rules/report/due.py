"""When the report is due: a time on the wall that comes again, each day or on a day of the week.

Pure: the time and the time zone are arguments. Skipped and repeated times are those of
`rules/text/moments.py`.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from mailgate.rules.text.moments import to_utc, wall_time
from mailgate.settings import Recurring

_WEEK = 8  # days to look back, the one on which it was due this morning and this evening is not yet


def last_due(at: Recurring, now: datetime, zone: ZoneInfo) -> datetime:
    """The last moment, at `now` (aware) or before it, at which it was due; UTC."""
    today = now.astimezone(zone).date()
    days = (today - timedelta(days=back) for back in range(_WEEK))
    dues = (to_utc(wall_time(day, at.minute), zone) for day in days if at.weekday in (None, day.weekday()))
    return next(due for due in dues if due <= now)


def period(at: Recurring, due: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """What the report of `due` tells of: from the time before to this one, so that nothing is told twice or never."""
    return last_due(at, due - timedelta(seconds=1), zone), due
