"""Times of day of one person, across clock changes."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from mailgate.rules.sla.wall_clock import latest, quiet_until

BERLIN, NEW_YORK = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")
NIGHT = (20 * 60, 7 * 60)
ZONES = st.sampled_from([ZoneInfo(name) for name in ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu")])
MINUTES = st.integers(0, 1439)
MOMENTS = st.integers(0, 2 * 365 * 96).map(
    lambda quarter: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=15 * quarter)
)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "end"),
    [
        ("2026-11-20 18:59", None),  # 19:59 in Berlin
        ("2026-11-20 19:00", "2026-11-21 06:00"),
        ("2026-11-21 05:59", "2026-11-21 06:00"),
        ("2026-11-21 06:00", None),
        ("2026-10-24 20:00", "2026-10-25 06:00"),  # the night is an hour longer
        ("2026-03-28 20:00", "2026-03-29 05:00"),  # and an hour shorter
    ],
)
def test_quiet_hours_end_by_the_wall_clock(now, end):
    assert quiet_until(NIGHT, at(now), BERLIN) == (at(end) if end else None)


def test_the_moment_may_be_told_in_any_zone():
    for zone in (BERLIN, NEW_YORK):
        assert quiet_until(NIGHT, at("2026-10-24 20:00").astimezone(zone), BERLIN) == at("2026-10-25 06:00")


def test_quiet_hours_within_a_day():
    assert quiet_until((12 * 60, 13 * 60), at("2026-11-20 12:30"), ZoneInfo("UTC")) == at("2026-11-20 13:00")
    assert quiet_until((12 * 60, 13 * 60), at("2026-11-20 13:00"), ZoneInfo("UTC")) is None


def test_the_day_is_that_of_the_zone():
    assert quiet_until((20 * 60, 23 * 60), at("2026-11-21 02:00"), NEW_YORK) == at("2026-11-21 04:00")  # Friday, 23:00
    auckland = ZoneInfo("Pacific/Auckland")
    assert latest(8 * 60, at("2026-11-20 20:30"), auckland) == (date(2026, 11, 21), at("2026-11-20 19:00"))


def test_an_end_that_the_clock_skips_has_come_once_it_is_skipped():
    assert quiet_until((20 * 60, 2 * 60 + 30), at("2026-03-28 23:00"), BERLIN) == at("2026-03-29 01:00")  # 03:00


def test_hours_outside_that_the_clock_skips_are_those_of_the_next_day():
    assert quiet_until((3 * 60, 2 * 60), at("2026-03-28 23:00"), BERLIN) == at("2026-03-30 00:00")


# Around changes of the clock: by half an hour, at midnight, over a day, to and fro for a month.
ODD = st.sampled_from(
    [
        ("Europe/Berlin", "2026-03-28 12:00"),
        ("Europe/Berlin", "2026-10-24 12:00"),
        ("Australia/Lord_Howe", "2026-04-04 06:00"),
        ("Australia/Lord_Howe", "2026-10-03 06:00"),
        ("America/Santiago", "2026-04-04 18:00"),
        ("America/Santiago", "2026-09-05 18:00"),
        ("Africa/Casablanca", "2026-02-14 18:00"),
        ("Africa/Casablanca", "2026-03-21 18:00"),
        ("Pacific/Apia", "2011-12-29 18:00"),
        ("Antarctica/Troll", "2026-03-28 18:00"),  # two hours
        ("Antarctica/Troll", "2026-10-24 18:00"),
        ("Asia/Kathmandu", "2026-12-31 06:00"),
    ]
)
NIGHTS = MINUTES | st.integers(0, 240)  # the hours in which clocks change


@settings(max_examples=200)
@given(ODD, NIGHTS, NIGHTS, st.integers(0, 1440))
def test_quiet_hours_end_when_the_clock_on_the_wall_says_so(odd, start, end, later):
    assume(start != end)
    zone, now = ZoneInfo(odd[0]), at(odd[1]) + timedelta(minutes=later)

    def is_quiet(moment):
        wall = moment.astimezone(zone)
        minute = wall.hour * 60 + wall.minute
        return start <= minute < end if start < end else not end <= minute < start

    walked = (now + timedelta(minutes=n) for n in range(4 * 1440))
    expected = next(moment for moment in walked if not is_quiet(moment))
    assert quiet_until((start, end), now, zone) == (expected if expected > now else None)


def test_an_end_in_the_hour_that_is_repeated_is_not_a_day_away():
    quiet = (20 * 60, 2 * 60 + 30)
    assert quiet_until(quiet, at("2026-10-25 01:10"), BERLIN) == at("2026-10-25 01:30")  # 02:10 for the second time


@given(MINUTES, MINUTES, MOMENTS, ZONES)
def test_quiet_hours_end_later_and_within_a_day_and_an_hour(start, end, now, zone):
    until = quiet_until((start, end), now, zone) if start != end else None
    if until:
        assert now < until <= now + timedelta(hours=25)
        assert quiet_until((start, end), until, zone) is None


@pytest.mark.parametrize(
    ("minute", "now", "day", "moment"),
    [
        (480, "2026-11-20 06:59", "2026-11-19", "2026-11-19 07:00"),
        (480, "2026-11-20 07:00", "2026-11-20", "2026-11-20 07:00"),
        (150, "2026-03-29 00:59", "2026-03-28", "2026-03-28 01:30"),  # 02:30 is skipped: 03:30 stands for it
        (150, "2026-03-29 01:30", "2026-03-29", "2026-03-29 01:30"),
        (150, "2026-10-25 00:30", "2026-10-25", "2026-10-25 00:30"),  # 02:30 comes twice: the first counts
        (150, "2026-10-25 01:30", "2026-10-25", "2026-10-25 00:30"),
    ],
)
def test_the_latest_time_of_day(minute, now, day, moment):
    assert latest(minute, at(now), BERLIN) == (date.fromisoformat(day), at(moment))


def test_a_day_that_a_zone_leaves_out_has_no_time_of_its_own():
    """Samoa went from 29 to 31 December 2011."""
    apia = ZoneInfo("Pacific/Apia")
    now = datetime(2011, 12, 31, 0, 30, tzinfo=apia)
    day, moment = latest(60, now.astimezone(UTC), apia)
    assert (day, moment) == (date(2011, 12, 29), datetime(2011, 12, 29, 1, tzinfo=apia))


@given(MINUTES, MOMENTS, ZONES)
def test_the_latest_is_never_ahead_nor_over_a_day_and_an_hour_back(minute, now, zone):
    _, moment = latest(minute, now, zone)
    assert now - timedelta(hours=25) <= moment <= now


@given(MINUTES, ZONES)
def test_each_day_of_a_year_has_one(minute, zone):
    start = datetime(2026, 1, 1, 12, tzinfo=UTC)
    days = [latest(minute, start + timedelta(hours=12 * half), zone)[0] for half in range(730)]
    assert sorted(set(days)) == [min(days) + timedelta(days=n) for n in range((max(days) - min(days)).days + 1)]
