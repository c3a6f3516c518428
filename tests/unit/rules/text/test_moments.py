"""Wall-clock time to UTC across offset changes, and moments in words."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.rules.text.moments import ENGLISH, fill, instants, to_utc, wall_time

BERLIN, NEW_YORK = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")  # its clock changes by half an hour
HAVANA = ZoneInfo("America/Havana")  # its clock changes at midnight
ZONES = (BERLIN, NEW_YORK, LORD_HOWE, HAVANA, ZoneInfo("Asia/Kathmandu"), ZoneInfo("UTC"))
WALLS = st.datetimes(datetime.fromisoformat("2020-01-01"), datetime.fromisoformat("2030-01-01"))


def wall(text: str) -> datetime:
    return datetime.fromisoformat(text)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "typed", "meant"),
    [
        (BERLIN, "2026-07-01 12:00", "2026-07-01 10:00"),
        (BERLIN, "2026-03-29 01:59", "2026-03-29 00:59"),
        (BERLIN, "2026-03-29 02:00", "2026-03-29 01:00"),  # skipped: 03:00
        (BERLIN, "2026-03-29 02:30", "2026-03-29 01:30"),  # skipped: 03:30
        (BERLIN, "2026-03-29 03:00", "2026-03-29 01:00"),
        (BERLIN, "2026-10-25 02:30", "2026-10-25 00:30"),  # repeated: the first
        (BERLIN, "2026-10-25 03:00", "2026-10-25 02:00"),
        (LORD_HOWE, "2026-10-04 02:15", "2026-10-03 15:45"),  # skipped: 02:45
        (HAVANA, "2026-03-08 00:00", "2026-03-08 05:00"),  # midnight is skipped: 01:00
    ],
)
def test_a_skipped_time_is_moved_on_and_of_a_repeated_one_the_first_is_meant(zone, typed, meant):
    assert to_utc(wall(typed), zone) == utc(meant)


@pytest.mark.parametrize(
    ("after", "meant"),
    [
        ("2026-10-25 00:29", "2026-10-25 00:30"),
        ("2026-10-25 00:30", "2026-10-25 01:30"),  # the first is not later
        ("2026-10-25 01:29", "2026-10-25 01:30"),
        ("2026-10-25 01:30", "2026-10-25 00:30"),  # both are past
    ],
)
def test_of_a_repeated_time_the_first_to_come_is_meant_where_that_is_asked(after, meant):
    assert to_utc(wall("2026-10-25 02:30"), BERLIN, after=utc(after)) == utc(meant)


def test_after_changes_nothing_for_a_skipped_or_plain_time():
    for typed, meant in (("2026-03-29 02:30", "2026-03-29 01:30"), ("2026-07-01 12:00", "2026-07-01 10:00")):
        for after in (utc("2026-01-01 00:00"), utc("2026-03-29 00:45"), utc("2026-12-01 00:00")):
            assert to_utc(wall(typed), BERLIN, after=after) == utc(meant)


def test_both_readings_lie_around_the_change():
    assert instants(wall("2026-03-29 02:30"), BERLIN) == (utc("2026-03-29 01:30"), utc("2026-03-29 00:30"))
    assert instants(wall("2026-10-25 02:30"), BERLIN) == (utc("2026-10-25 00:30"), utc("2026-10-25 01:30"))


@given(WALLS, st.sampled_from(ZONES))
def test_the_instant_shows_the_same_wall_time_or_a_skipped_one_moved_on(typed, zone):
    shown = to_utc(typed, zone).astimezone(zone).replace(tzinfo=None, fold=0)
    assert timedelta() <= shown - typed <= timedelta(hours=1)


@given(WALLS, st.sampled_from(ZONES))
def test_a_time_that_is_neither_skipped_nor_repeated_has_one_reading(typed, zone):
    first, second = instants(typed, zone)
    assert abs(first - second) in (timedelta(), timedelta(minutes=30), timedelta(hours=1))
    if first == second:
        assert first.astimezone(zone).replace(tzinfo=None, fold=0) == typed


def test_minutes_after_midnight_are_wall_time_not_elapsed_time():
    assert wall_time(date(2026, 3, 29), 240) == wall("2026-03-29 04:00")  # three hours after midnight, in Berlin
    assert wall_time(date(2026, 12, 31), 1440) == wall("2027-01-01 00:00")


def test_a_moment_is_written_in_the_readers_zone_without_leading_zeros_in_days():
    at = utc("2026-12-01 02:05")
    assert ENGLISH.moment(at, BERLIN) == "Tue 1 Dec 2026, 03:05 CET"
    assert ENGLISH.moment(at, NEW_YORK) == "Mon 30 Nov 2026, 21:05 EST"
    assert ENGLISH.short(at, NEW_YORK) == "Mon 30 Nov 21:05"
    assert ENGLISH.day(at.astimezone(NEW_YORK)) == "Mon 30 Nov 2026"
    assert ENGLISH.short_day(date(2026, 12, 1)) == "Tue 1 Dec"
    assert ENGLISH.moment(at, ZoneInfo("America/Sao_Paulo")) == "Mon 30 Nov 2026, 23:05 -03"


def test_what_is_put_into_a_form_is_not_looked_at_again_and_unknown_names_stay():
    assert fill("{a}{b} {c}", {"a": "{b}", "b": "x"}) == "{b}x {c}"
    assert replace(ENGLISH, day_form="{day}/{dya}").day(date(2026, 1, 5)) == "5/{dya}"
