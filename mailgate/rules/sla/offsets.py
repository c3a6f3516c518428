"""The instants at which a time zone's offset from UTC changes: daylight saving, and changes by law."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from mailgate.rules.text.moments import instants

DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)


def constant_offsets(
    zone: ZoneInfo, lower: datetime, upper: datetime
) -> Iterator[tuple[datetime, datetime, timedelta]]:
    """Cut `lower` to `upper` where the zone's offset from UTC changes: (from, to, offset).

    Looks once a day, so two changes that undo each other within a day would go unseen; no
    zone has had them.
    """
    start, offset = lower, _offset(zone, lower)
    probe = lower
    while probe < upper:
        following = min(probe + DAY, upper)
        if _offset(zone, following) != offset:
            change = _change(zone, probe, following)
            yield start, change, offset
            start, offset = change, _offset(zone, change)
        probe = following
    yield start, upper, offset


def first_shown(wall: datetime, zone: ZoneInfo) -> datetime:
    """The instant at which the wall clock comes to a time (naive) first; of one that it skips, when it skips it."""
    first, second = instants(wall, zone)
    if first <= second:
        return first
    *_, (change, _, _) = constant_offsets(zone, second, first)
    return change


def _change(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """The instant of an offset change, to the second, after `before` and not after `after`."""
    old = _offset(zone, before)
    while after - before > SECOND:
        middle = before + (after - before) // (2 * SECOND) * SECOND
        before, after = (middle, after) if _offset(zone, middle) == old else (before, middle)
    return after


def _offset(zone: ZoneInfo, at: datetime) -> timedelta:
    offset = at.astimezone(zone).utcoffset()
    assert offset is not None  # a ZoneInfo always has an offset
    return offset
