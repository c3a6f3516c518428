"""When a day begins for somebody who types a day without a time: "tomorrow", "fri".

It is the start of business by the schedule of the SLA plan. Around the clock there is none, so the desk's other hours
say the time of day, on every day; without any it is a usual morning. Nothing is read here of what was typed.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from zoneinfo import ZoneInfo

from mailgate.rules.sla.calendar import calendar_of
from mailgate.rules.text.moments import to_utc, wall_time
from mailgate.rules.text.typed_time import MORNING
from mailgate.settings import Config, Hours, SlaPlan

_WHOLE_DAY = ((0, 24 * 60),)


def day_start(plan: SlaPlan | None, config: Config, zone: ZoneInfo) -> Callable[[date], datetime | None]:
    """The start of a day, as UTC; None on a day on which the plan's schedule is closed. `zone`: of who typed it."""
    hours = config.schedules[plan.schedule] if plan else None
    if hours and not _around_the_clock(hours):
        return calendar_of(hours).opens_on
    usual = config.slas.get(str(config.defaults.sla))
    named = [config.schedules[usual.schedule]] if usual else []
    kept = next((each for each in (*named, *config.schedules.values()) if not _around_the_clock(each)), None)

    def start(day: date) -> datetime:
        opens = calendar_of(kept).opens_on(day) if kept else None
        return opens or to_utc(wall_time(day, _earliest(kept)), kept.timezone if kept else zone)

    return start


def _around_the_clock(hours: Hours) -> bool:
    """Whether no time of day is the start: 24/7, or written out as "00:00-24:00" for every day."""
    return hours.always or all(hours.hours.get(weekday) == _WHOLE_DAY for weekday in range(7))


def _earliest(hours: Hours | None) -> int:
    """When business begins as a rule: for days on which it does not."""
    return min(start for spans in hours.hours.values() for start, _ in spans) if hours else MORNING
