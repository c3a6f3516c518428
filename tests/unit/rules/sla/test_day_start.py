"""When a day begins that is typed without a time: by the plan's hours, the desk's other hours, or in the morning."""

from dataclasses import replace
from datetime import date
from zoneinfo import ZoneInfo

import pytest

from mailgate.config.built_in import DEFAULT_SLA, always_open
from mailgate.rules.sla.day_start import day_start
from mailgate.rules.text.moments import ENGLISH
from mailgate.settings import Hours
from tests.lab import desk

BERLIN, NEW_YORK = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")
ALWAYS = always_open(NEW_YORK)
BANK = Hours(
    name="Bank",
    timezone=NEW_YORK,
    hours={**dict.fromkeys(range(5), ((480, 1020),)), 5: ((600, 720),)},
    holiday_dates=("2026-12-24",),
)
LATE = Hours(name="Late", timezone=NEW_YORK, hours={0: ((720, 1200),)})
BY_HAND = Hours(name="By hand", timezone=NEW_YORK, hours=dict.fromkeys(range(7), ((0, 1440),)))
SHIFTS = Hours(name="Shifts", timezone=NEW_YORK, hours=dict.fromkeys(range(7), ((0, 360), (480, 1440))))


def start(plan_of, day, schedules=(ALWAYS,), usual=ALWAYS):
    """The start of a day for a ticket whose plan has the schedule `plan_of`, where the desk's own plan has `usual`."""
    slas = {"Usual": replace(DEFAULT_SLA, name="Usual", schedule=usual.name)}
    config = desk(
        schedules={each.name: each for each in schedules},
        slas=slas,
        defaults=replace(desk().defaults, sla="Usual"),
    )
    plan = plan_of and replace(DEFAULT_SLA, schedule=plan_of.name)
    found = day_start(plan, config, BERLIN)(date.fromisoformat(day))
    return found and ENGLISH.moment(found, NEW_YORK)


@pytest.mark.parametrize(
    ("day", "meant"),
    [
        ("2026-12-23", "Wed 23 Dec 2026, 08:00 EST"),
        ("2026-12-26", "Sat 26 Dec 2026, 10:00 EST"),
        ("2026-12-24", None),
    ],
)
def test_it_is_the_start_of_business_by_the_plans_schedule(day, meant):
    assert start(BANK, day, (ALWAYS, LATE, BANK)) == meant


@pytest.mark.parametrize("plan_of", [ALWAYS, BY_HAND, None])
@pytest.mark.parametrize(
    ("day", "meant"),
    [
        ("2026-12-23", "Wed 23 Dec 2026, 08:00 EST"),
        ("2026-12-26", "Sat 26 Dec 2026, 10:00 EST"),
        ("2026-12-27", "Sun 27 Dec 2026, 08:00 EST"),  # business is closed, the plan's clock is not
        ("2026-12-24", "Thu 24 Dec 2026, 08:00 EST"),
    ],
)
def test_around_the_clock_the_desks_other_hours_say_the_time_of_every_day(plan_of, day, meant):
    assert start(plan_of, day, (ALWAYS, BY_HAND, BANK, LATE)) == meant


@pytest.mark.parametrize("short", range(7))
def test_hours_that_leave_out_part_of_one_day_are_not_around_the_clock(short):
    days = dict.fromkeys(range(7), ((0, 1440),)) | {short: ((600, 720),)}
    but_one = Hours(name="But one", timezone=NEW_YORK, hours=days)
    begin = [start(but_one, f"2026-12-{21 + n}", (ALWAYS, BANK, but_one))[-9:-4] for n in range(7)]  # from a Monday
    assert begin == ["10:00" if n == short else "00:00" for n in range(7)]


def test_those_of_the_desks_own_plan_come_first():
    assert start(ALWAYS, "2026-12-23", (ALWAYS, BANK, LATE), usual=LATE) == "Wed 23 Dec 2026, 12:00 EST"


@pytest.mark.parametrize("schedules", [(ALWAYS,), (ALWAYS, BY_HAND)])
def test_without_any_hours_it_is_the_morning_where_the_day_was_typed(schedules):
    assert start(ALWAYS, "2026-12-23", schedules) == "Wed 23 Dec 2026, 03:00 EST"


def test_who_works_in_shifts_begins_with_the_first():
    assert start(SHIFTS, "2026-12-23", (ALWAYS, SHIFTS, BANK)) == "Wed 23 Dec 2026, 00:00 EST"


def test_a_plan_that_is_gone_is_no_obstacle():
    config = desk(slas={}, schedules={"24/7": ALWAYS})
    assert day_start(None, config, NEW_YORK)(date(2026, 12, 23)).hour == 14
