"""Working time, held against a slow reference that looks at the clock on the wall every minute."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from mailgate.rules.sla import calendar as schedule
from mailgate.rules.sla.calendar import calendar_of, known_holiday_code
from mailgate.settings import Hours

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
WEEKDAYS = dict.fromkeys(range(5), ((540, 1020),))
BANK = Hours(
    name="Business hours",
    timezone=ZoneInfo("America/New_York"),
    hours={**dict.fromkeys(range(5), ((480, 1020),)), 5: ((600, 720),)},
    holiday_codes=("US",),
)
ALWAYS = Hours(name="24/7", timezone=ZoneInfo("UTC"), always=True)


def hours(zone, ranges, codes=(), dates=()):
    return Hours(name="Hours", timezone=ZoneInfo(zone), hours=ranges, holiday_codes=codes, holiday_dates=dates)


def at(text, zone="UTC"):
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


# ── the slow reference ──────────────────────────────────────────────────────────────────


def open_at(plan, moment):
    """Does the clock on the wall show opening hours?"""
    if plan.always:
        return True
    wall = moment.astimezone(plan.timezone)
    minute = wall.hour * 60 + wall.minute

    def kept(day):
        return () if day.isoformat() in plan.holiday_dates else plan.hours.get(day.weekday(), ())

    today = any(start <= minute < (end if end > start else 1440) for start, end in kept(wall.date()))
    return today or any(
        minute < (end if end <= start else end - 1440)
        for start, end in kept(wall.date() - timedelta(days=1))
        if end > 1440 or end <= start
    )


def slow_worked(plan, start, end):
    minutes = int((end - start) / MINUTE)
    return sum((MINUTE for n in range(minutes) if open_at(plan, start + n * MINUTE)), timedelta())


def slow_add(plan, start, working, limit):
    moment = start
    while working > timedelta() and moment < limit:
        working -= MINUTE if open_at(plan, moment) else timedelta()
        moment += MINUTE
    return moment if working <= timedelta() else None


# Weeks around changes of the clock, and the turn of a year.
WEEKS = [
    ("Europe/Berlin", datetime(2026, 3, 26, tzinfo=UTC)),
    ("Europe/Berlin", datetime(2026, 10, 22, tzinfo=UTC)),
    ("America/New_York", datetime(2026, 3, 5, tzinfo=UTC)),
    ("America/New_York", datetime(2026, 10, 29, tzinfo=UTC)),
    ("Australia/Lord_Howe", datetime(2026, 4, 2, tzinfo=UTC)),  # half an hour
    ("Australia/Lord_Howe", datetime(2026, 10, 1, tzinfo=UTC)),
    ("America/Havana", datetime(2026, 3, 5, tzinfo=UTC)),  # at midnight
    ("America/Havana", datetime(2026, 10, 29, tzinfo=UTC)),
    ("Pacific/Apia", datetime(2011, 12, 27, tzinfo=UTC)),  # a day that never was
    ("Asia/Kathmandu", datetime(2026, 12, 29, tzinfo=UTC)),  # +05:45, and a new year
    ("America/Santiago", datetime(2026, 4, 2, tzinfo=UTC)),  # at midnight, from 24:00 back to 23:00
    ("America/Santiago", datetime(2026, 9, 3, tzinfo=UTC)),
    ("Africa/Casablanca", datetime(2026, 2, 12, tzinfo=UTC)),  # back for Ramadan, and forth after it
    ("Africa/Casablanca", datetime(2026, 3, 19, tzinfo=UTC)),
    ("Antarctica/Troll", datetime(2026, 3, 26, tzinfo=UTC)),  # two hours
]


@st.composite
def schedules(draw, zone):
    """Hours with gaps, overlaps, shifts over midnight, holidays."""
    minute = st.integers(0, 1439)
    spans = st.lists(st.tuples(minute, st.integers(1, 1440)).filter(lambda span: span[0] != span[1]), max_size=3).map(
        tuple
    )
    ranges = draw(st.dictionaries(st.integers(0, 6), spans, min_size=1))
    if draw(st.booleans()):  # the hour in which clocks change
        ranges[6] = ((60, 150), (135, 165))
    return ranges, zone


@st.composite
def situations(draw):
    zone, week = draw(st.sampled_from(WEEKS))
    ranges, _ = draw(schedules(zone))
    closed = draw(st.lists(st.integers(0, 6), max_size=2, unique=True))
    dates = tuple((week.date() + timedelta(days=n)).isoformat() for n in closed)
    plan = draw(st.sampled_from([hours(zone, ranges, dates=dates), ALWAYS]))
    start = week + draw(st.integers(0, 3 * 1440)) * MINUTE
    return plan, start, draw(st.integers(0, 3 * 1440)) * MINUTE


def test_a_schedule_is_asked_for_by_its_name_and_one_that_is_gone_is_never_open():
    schedules = {BANK.name: BANK}
    monday = at("2026-11-16T10:00", "America/New_York")
    assert schedule.open_at(schedules, "Business hours", monday)
    assert not schedule.open_at(schedules, "Business hours", monday - 24 * HOUR)
    assert not schedule.open_at(schedules, "Nights", monday)


@settings(max_examples=60)
@given(situations())
def test_worked_agrees_with_the_clock_on_the_wall_minute_by_minute(situation):
    plan, start, length = situation
    assert calendar_of(plan).worked(start, start + length) == slow_worked(plan, start, start + length)


@settings(max_examples=60)
@given(situations())
def test_add_agrees_with_the_clock_on_the_wall_minute_by_minute(situation):
    plan, start, length = situation
    limit = start + timedelta(days=4)
    expected = slow_add(plan, start, length, limit)
    got = calendar_of(plan).add(start, length)
    assert got == expected if expected else got is None or got > limit


@settings(max_examples=60)
@given(situations())
def test_is_open_and_spans_agree_with_the_clock_on_the_wall(situation):
    plan, start, length = situation
    calendar = calendar_of(plan)
    spans = list(calendar.spans(start, start + length))
    assert all(a < b for a, b in spans)
    assert all(a[1] < b[0] for a, b in pairwise(spans)), "in order and never touching"
    for n in range(0, int(length / MINUTE), 7):
        moment = start + n * MINUTE
        assert calendar.is_open(moment) == open_at(plan, moment) == any(a <= moment < b for a, b in spans)


LONG = st.datetimes(datetime(2024, 1, 1), datetime(2033, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
PLANS = st.sampled_from(
    [
        BANK,
        ALWAYS,
        hours("Europe/Berlin", {0: ((1320, 360),), 6: ((60, 150),)}, ("DE-BY",), ("2026-12-24",)),
        hours("Australia/Lord_Howe", WEEKDAYS),
    ]
)


@given(PLANS, LONG, st.timedeltas(timedelta(), timedelta(hours=400)))
def test_what_was_added_was_worked_to_the_microsecond(plan, start, working):
    calendar = calendar_of(plan)
    end = calendar.add(start, working)
    assert end is not None
    assert calendar.worked(start, end) == working


@given(PLANS, LONG, *[st.timedeltas(timedelta(), timedelta(hours=400))] * 2)
def test_more_work_or_a_later_start_is_never_done_earlier(plan, start, one, two):
    calendar = calendar_of(plan)
    assert calendar.add(start, min(one, two)) <= calendar.add(start, max(one, two))
    assert calendar.add(start, one) <= calendar.add(start + two, one)
    assert calendar.add(calendar.add(start, one), two) == calendar.add(start, one + two)


@given(PLANS, LONG, LONG)
def test_worked_is_the_sum_of_the_spans(plan, one, two):
    calendar = calendar_of(plan)
    total = sum((end - start for start, end in calendar.spans(one, two)), timedelta())
    assert calendar.worked(one, two) == total


@given(LONG, st.timedeltas(timedelta(), timedelta(days=4000)))
def test_around_the_clock_is_plain_addition(start, working):
    calendar = calendar_of(ALWAYS)
    assert calendar.add(start, working) == start + working
    assert calendar.worked(start, start + working) == working
    assert calendar.is_open(start)


# ── known dates ─────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("start", "working", "due"),
    [
        ("2026-11-20T13:00", 6, "2026-11-21T12:00:00-05:00"),  # Friday 4 h, Saturday 2 h
        ("2026-11-25T16:00", 2, "2026-11-27T09:00:00-05:00"),  # Thanksgiving
        ("2026-07-02T16:00", 2, "2026-07-06T09:00:00-04:00"),  # 3 July is observed, 4 July a Saturday
        ("2026-12-24T16:30", 1, "2026-12-26T10:30:00-05:00"),  # Christmas, and on to a Saturday
        ("2026-03-06T16:00", 4, "2026-03-09T09:00:00-04:00"),  # the clock goes forward on the Sunday
        ("2026-10-30T16:00", 4, "2026-11-02T09:00:00-05:00"),
    ],
)
def test_business_hours_of_a_bank(start, working, due):
    assert calendar_of(BANK).add(at(start, "America/New_York"), working * HOUR) == datetime.fromisoformat(due)


@pytest.mark.parametrize(
    ("day", "name"),
    [
        (date(2026, 1, 6), "Epiphany"),
        (date(2026, 6, 4), "Corpus Christi"),
        (date(2026, 11, 1), "All Saints' Day"),
        (date(2026, 12, 24), "holiday"),
        (date(2026, 10, 31), ""),  # Reformation Day is none in Bavaria
    ],
)
def test_days_of_bavaria_and_dates_of_ones_own(day, name):
    assert calendar_of(hours("Europe/Berlin", WEEKDAYS, ("DE-BY",), ("2026-12-24",))).holiday(day) == name


@pytest.mark.parametrize(
    ("zone", "day", "ranges", "expected"),
    [
        ("Europe/Berlin", "2026-03-29", (60, 300), 3 * HOUR),  # 02:00-03:00 does not happen
        ("Europe/Berlin", "2026-03-29", (135, 165), timedelta()),
        ("Europe/Berlin", "2026-10-25", (60, 300), 5 * HOUR),  # 02:00-03:00 happens twice
        ("Europe/Berlin", "2026-10-25", (135, 165), HOUR),
        ("America/New_York", "2026-03-08", (0, 1440), 23 * HOUR),
        ("America/New_York", "2026-11-01", (0, 1440), 25 * HOUR),
        ("Australia/Lord_Howe", "2026-04-05", (0, 1440), 24.5 * HOUR),
        ("Australia/Lord_Howe", "2026-10-04", (0, 1440), 23.5 * HOUR),
        ("America/Havana", "2026-03-08", (0, 60), timedelta()),  # the first hour is skipped
    ],
)
def test_changes_of_the_clock(zone, day, ranges, expected):
    start = at(f"{day}T00:00", zone).astimezone(UTC) - HOUR
    sunday = calendar_of(hours(zone, {6: (ranges,)}))
    assert sunday.worked(start, start + timedelta(hours=28)) == expected


def test_a_shift_over_midnight_belongs_to_the_day_it_starts_on():
    night = calendar_of(hours("Europe/Berlin", {0: ((1320, 360),)}, dates=("2026-11-24",)))
    monday = at("2026-11-23T12:00", "Europe/Berlin")
    assert night.add(monday, 8 * HOUR) == at("2026-11-24T06:00", "Europe/Berlin"), (
        "the holiday starts no shift, it ends none"
    )
    assert night.add(monday, 9 * HOUR) == at("2026-11-30T23:00", "Europe/Berlin")
    assert night.opens_on(date(2026, 11, 23)) == at("2026-11-23T22:00", "Europe/Berlin")
    assert night.opens_on(date(2026, 11, 24)) is None
    assert night.keeps_hours(date(2026, 11, 30))
    assert not night.keeps_hours(date(2026, 11, 24))


def test_opens_on_is_the_start_of_business_hours_that_day():
    bank = calendar_of(BANK)
    assert bank.opens_on(date(2026, 11, 21)) == at("2026-11-21T10:00", "America/New_York")
    assert bank.opens_on(date(2026, 11, 26)) is None
    lunch = calendar_of(hours("UTC", {3: ((780, 1020), (480, 720))}))
    assert lunch.opens_on(date(2026, 11, 26)) == at("2026-11-26T08:00"), "the first of two spans"
    berlin = calendar_of(hours("Europe/Berlin", {6: ((150, 300),)}))
    assert berlin.opens_on(date(2026, 3, 29)) == at("2026-03-29T03:00", "Europe/Berlin"), "02:30 is skipped"
    assert berlin.opens_on(date(2026, 10, 25)) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC), "the first 02:30"
    for day in (26, 27, 28, 29):  # Sunday is one, too
        assert calendar_of(ALWAYS).opens_on(date(2026, 11, day)) == at(f"2026-11-{day}T00:00")


@settings(max_examples=60)
@given(situations())
def test_opens_on_agrees_with_the_clock_on_the_wall(situation):
    """The first open minute at which the wall shows that day's first hour or a later one."""
    plan, start, _ = situation
    assume(not plan.always)
    day = start.astimezone(plan.timezone).date() + timedelta(days=1)
    begun = () if day.isoformat() in plan.holiday_dates else plan.hours.get(day.weekday(), ())
    opens = calendar_of(plan).opens_on(day)
    assert (opens is None) == (not begun)
    if opens:
        first = datetime.combine(day, time()) + min(opening for opening, _ in begun) * MINUTE
        walked = (start + n * MINUTE for n in range(4 * 1440))
        shown = (at for at in walked if at.astimezone(plan.timezone).replace(tzinfo=None) >= first)
        assert opens == next((at for at in shown if open_at(plan, at)), opens)


def test_a_day_whose_first_hour_is_skipped_does_not_begin_on_the_day_before():
    """In Santiago 6 September 2026 begins at 01:00; on Saturdays and Sundays this desk is open all day."""
    weekend = calendar_of(hours("America/Santiago", {5: ((0, 1440),), 6: ((0, 1440),)}))
    assert weekend.opens_on(date(2026, 9, 6)) == at("2026-09-06T01:00", "America/Santiago")
    apia = calendar_of(hours("Pacific/Apia", WEEKDAYS | {5: ((600, 720),)}))
    assert apia.opens_on(date(2011, 12, 30)) == at("2011-12-31T10:00", "Pacific/Apia"), "the Friday that never was"


def test_around_the_clock_a_day_has_24_hours_also_where_the_wall_has_25():
    always = calendar_of(replace(ALWAYS, timezone=ZoneInfo("Europe/Berlin")))
    noon = at("2026-10-24T12:00", "Europe/Berlin")
    assert always.add(noon, 24 * HOUR) == at("2026-10-25T11:00", "Europe/Berlin")
    assert always.worked(noon, at("2026-10-25T12:00", "Europe/Berlin")) == 25 * HOUR


def test_next_open_is_now_when_open_and_the_next_morning_when_not():
    bank = calendar_of(BANK)
    assert bank.next_open(at("2026-11-25T16:59", "America/New_York")) == at("2026-11-25T16:59", "America/New_York")
    assert bank.next_open(at("2026-11-25T17:00", "America/New_York")) == at("2026-11-27T08:00", "America/New_York")
    assert not bank.is_open(at("2026-11-25T17:00", "America/New_York"))


def test_a_schedule_that_never_opens_never_ends():
    never = calendar_of(hours("UTC", {}))
    start = at("2026-11-20T12:00")
    assert never.add(start, MINUTE) is None
    assert never.add(start, timedelta()) == start
    assert never.next_open(start) is None
    assert not never.is_open(start)
    assert never.worked(start, start + timedelta(days=900)) == timedelta()
    assert list(never.spans(start, start + timedelta(days=900))) == []


def test_more_than_ten_years_of_work_is_never_done():
    an_hour_a_week = calendar_of(hours("UTC", {0: ((0, 60),)}))
    assert an_hour_a_week.add(at("2026-01-01T00:00"), 500 * HOUR) is not None
    assert an_hour_a_week.add(at("2026-01-01T00:00"), 700 * HOUR) is None


def test_backwards_there_is_no_time():
    start = at("2026-11-20T12:00")
    for plan in (BANK, ALWAYS):
        assert calendar_of(plan).worked(start, start - HOUR) == timedelta()
        assert list(calendar_of(plan).spans(start, start - HOUR)) == []
        assert calendar_of(plan).add(start, -HOUR) == start


def test_a_span_over_new_year_is_one():
    always_but = calendar_of(hours("UTC", dict.fromkeys(range(7), ((0, 1440),))))
    start = at("2026-12-30T12:00")
    assert list(always_but.spans(start, start + timedelta(days=3))) == [(start, start + timedelta(days=3))]


def test_a_shift_that_the_turn_of_the_year_in_utc_cuts_is_whole():
    """It begins on 30 December; as 2027 begins in UTC it is 19:00 in New York."""
    long = calendar_of(hours("America/New_York", {2: ((1200, 1170),)}))
    start = at("2026-12-30T20:00", "America/New_York").astimezone(UTC)
    assert list(long.spans(start - HOUR, start + 48 * HOUR)) == [(start, start + 23.5 * HOUR)]


def test_an_offset_change_at_the_turn_of_a_year_is_seen():
    # Samoa left out 30 December 2011, as 2011 ended.
    apia = calendar_of(hours("Pacific/Apia", dict.fromkeys(range(7), ((0, 1440),))))
    assert apia.worked(at("2011-12-29T00:00", "Pacific/Apia"), at("2012-01-01T00:00", "Pacific/Apia")) == 48 * HOUR


def test_a_code_that_slipped_through_has_no_holidays_and_stops_no_clock():
    calendar = calendar_of(hours("UTC", WEEKDAYS, ("XX", "US")))
    assert calendar.holiday(date(2026, 11, 26)) == "Thanksgiving Day"


def test_equal_schedules_share_a_calendar():
    assert calendar_of(BANK) is calendar_of(BANK)
    assert calendar_of(BANK) is not calendar_of(ALWAYS)


@pytest.mark.parametrize("code", ["US", "DE-BY", "GB-SCT", "USA"])
def test_known_holiday_codes(code):
    assert known_holiday_code(code)


@pytest.mark.parametrize("code", ["", "XX", "us", "DE-XX", "DE-", "Thanksgiving", "US DE"])
def test_unknown_holiday_codes(code):
    assert not known_holiday_code(code)


@given(situations())
@settings(max_examples=20)
def test_adding_from_a_closed_hour_starts_at_the_next_open_one(situation):
    plan, start, length = situation
    calendar = calendar_of(plan)
    opens = calendar.next_open(start)
    assume(opens is not None and length)
    assert calendar.add(start, length) == calendar.add(opens, length)
