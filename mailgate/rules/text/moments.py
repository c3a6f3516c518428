"""Moments: a wall-clock time as UTC, and UTC as people write it.

Offset changes (daylight saving) are handled here alone, as PEP 495 defines them: a wall-clock
time is *skipped* where the clock goes forward over it, and *repeated* where the clock goes back.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_NAME = re.compile(r"\{(\w+)\}(\.?)")


def instants(wall: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Both readings of a wall-clock time (naive) as UTC: those of PEP 495 `fold` 0 and 1.

    They differ around an offset change alone. A repeated time gives its first and its second
    occurrence. A skipped time gives itself moved on by the skipped span, then moved back by
    it: where 02:00 is followed by 03:00, 02:30 gives 03:30 and 01:30.
    """
    first, second = (wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    return first, second


def to_utc(wall: datetime, zone: ZoneInfo, after: datetime | None = None) -> datetime:
    """The UTC instant of a wall-clock time (naive) in `zone`.

    A skipped time is moved on by the skipped span. Of a repeated time the first occurrence is
    meant, or with `after` the first that is later than it.
    """
    first, second = instants(wall, zone)
    return second if after and first <= after < second else first


def wall_time(day: date, minute: int = 0) -> datetime:
    """The wall-clock time (naive) `minute` minutes after midnight of `day`; 1440 is midnight of the next day."""
    return datetime.combine(day, time()) + timedelta(minutes=minute)


@dataclass(frozen=True, slots=True)
class Dates:
    """How one language writes days and moments: its names, and forms that hold them in braces."""

    days: tuple[str, ...]  # Monday first
    months: tuple[str, ...]  # January first
    day_form: str  # "{weekday} {day} {month} {year}"
    moment_form: str  # "{weekday} {day} {month} {year}, {time} {zone}"
    written_form: str  # as in "Karen wrote on {…}:"
    short_day_form: str  # "{weekday} {day} {month}"
    short_form: str  # "{weekday} {day} {month} {time}"

    def day(self, day: date) -> str:
        """A day as it is: "Fri 20 Nov 2026". Of a moment, give the local one."""
        return self._written(self.day_form, day)

    def moment(self, at: datetime, zone: ZoneInfo) -> str:
        """A moment (aware) in full: "Fri 20 Nov 2026, 13:00 EST"."""
        return self._timed(self.moment_form, at, zone)

    def written(self, at: datetime, zone: ZoneInfo) -> str:
        """A moment (aware) at which somebody wrote, as quotes name it."""
        return self._timed(self.written_form, at, zone)

    def short_day(self, day: date) -> str:
        """A day where the year is clear: "Fri 20 Nov"."""
        return self._written(self.short_day_form, day)

    def short(self, at: datetime, zone: ZoneInfo) -> str:
        """A moment (aware) where year and zone are clear: "Fri 20 Nov 13:00"."""
        return self._timed(self.short_form, at, zone)

    def _timed(self, form: str, at: datetime, zone: ZoneInfo) -> str:
        local, time, zone_name = _local(at, zone)
        return self._written(form, local, time=time, zone=zone_name)

    def _written(self, form: str, day: date, **values: str) -> str:
        weekday, month = self.days[day.weekday()], self.months[day.month - 1]
        return fill(form, {"weekday": weekday, "day": str(day.day), "month": month, "year": str(day.year), **values})


@lru_cache(64)  # the mails of a ticket say the same few moments
def _local(at: datetime, zone: ZoneInfo) -> tuple[date, str, str]:
    """The day, the time and the name of the zone at a moment, as clocks in `zone` show it."""
    local = at.astimezone(zone)
    return local.date(), f"{local:%H:%M}", local.tzname() or ""


def fill(text: str, values: Mapping[str, str]) -> str:
    """`text` with each `{name}` replaced by its value; unknown names stay, and values are not looked at again.

    A value that ends in a full stop ends its sentence: "New ticket from Acme Inc.".
    """

    def value(found: re.Match[str]) -> str:
        known = values.get(found[1])
        return found[0] if known is None else stopped(known) if found[2] else known

    return _NAME.sub(value, text)


def stopped(text: str) -> str:
    """The text with a full stop at its end, which may be its own."""
    return text if text.endswith(".") else f"{text}."


ENGLISH = Dates(
    days=("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
    months=("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
    day_form="{weekday} {day} {month} {year}",
    moment_form="{weekday} {day} {month} {year}, {time} {zone}",
    written_form="{weekday} {day} {month} {year}, {time} {zone}",
    short_day_form="{weekday} {day} {month}",
    short_form="{weekday} {day} {month} {time}",
)
