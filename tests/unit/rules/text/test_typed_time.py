"""WHEN: what was typed and the moment it means."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.rules.text.moments import ENGLISH
from mailgate.rules.text.typed_time import WhenError, read_when
from tests.notices import refusal

NEW_YORK = ZoneInfo("America/New_York")
BERLIN = ZoneInfo("Europe/Berlin")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")
NOW = datetime(2026, 11, 20, 10, 30, tzinfo=NEW_YORK)  # a Friday


def opens(day: date) -> datetime | None:
    """Monday to Friday at eight in New York, closed on Thanksgiving."""
    if day.weekday() > 4 or day == date(2026, 11, 26):
        return None
    return datetime(day.year, day.month, day.day, 8, tzinfo=NEW_YORK)


def never(_day: date) -> None:
    """A schedule that never opens."""


def read(text: str, now: datetime = NOW, zone: ZoneInfo = NEW_YORK, schedule=opens) -> str:
    found = read_when(text, now, zone, schedule)
    assert found.tzinfo is UTC
    return ENGLISH.moment(found, zone)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("2h", "Fri 20 Nov 2026, 12:30 EST"),
        ("90m", "Fri 20 Nov 2026, 12:00 EST"),
        ("1h30m", "Fri 20 Nov 2026, 12:00 EST"),
        ("1h 30m", "Fri 20 Nov 2026, 12:00 EST"),
        ("In 2 hours", "Fri 20 Nov 2026, 12:30 EST"),
        ("for 2h", "Fri 20 Nov 2026, 12:30 EST"),
        ("Until tomorrow 9:00", "Sat 21 Nov 2026, 09:00 EST"),
        ("by 17:00", "Fri 20 Nov 2026, 17:00 EST"),
        ("3d", "Mon 23 Nov 2026, 10:30 EST"),
        ("3 days", "Mon 23 Nov 2026, 10:30 EST"),
        ("1w2d", "Sun 29 Nov 2026, 10:30 EST"),
        ("tomorrow 9:00", "Sat 21 Nov 2026, 09:00 EST"),
        ("tomorrow", "Mon 23 Nov 2026, 08:00 EST"),  # business is closed on Saturday
        ("today 17:00", "Fri 20 Nov 2026, 17:00 EST"),
        ("17:00", "Fri 20 Nov 2026, 17:00 EST"),
        ("at 17:00", "Fri 20 Nov 2026, 17:00 EST"),
        ("fri", "Fri 27 Nov 2026, 08:00 EST"),  # this Friday's opening is past
        ("friday", "Fri 27 Nov 2026, 08:00 EST"),
        ("on Friday at 14:00", "Fri 20 Nov 2026, 14:00 EST"),
        ("fri 14:00", "Fri 20 Nov 2026, 14:00 EST"),
        ("FRI, 9:00", "Fri 27 Nov 2026, 09:00 EST"),
        ("mon", "Mon 23 Nov 2026, 08:00 EST"),
        ("tues", "Tue 24 Nov 2026, 08:00 EST"),
        ("thu", "Fri 27 Nov 2026, 08:00 EST"),  # Thanksgiving
        ("monday 9am", "Mon 23 Nov 2026, 09:00 EST"),
        ("Wednesday at 9:15 PM", "Wed 25 Nov 2026, 21:15 EST"),
        ("fri 12am", "Fri 27 Nov 2026, 00:00 EST"),
        ("12pm", "Fri 20 Nov 2026, 12:00 EST"),
        ("next week", "Mon 23 Nov 2026, 08:00 EST"),
        ("next week 10:00", "Mon 23 Nov 2026, 10:00 EST"),
        ("end of month", "Mon 30 Nov 2026, 08:00 EST"),
        ("End of the month, 5 pm", "Mon 30 Nov 2026, 17:00 EST"),
        ("2026-12-24", "Thu 24 Dec 2026, 08:00 EST"),
        ("2026-12-24 09:00", "Thu 24 Dec 2026, 09:00 EST"),
        ("2026-12-24T09:00", "Thu 24 Dec 2026, 09:00 EST"),
        ("2027-7-1 9:05", "Thu 1 Jul 2027, 09:05 EDT"),
        ("in 2 weeks", "Fri 4 Dec 2026, 10:30 EST"),
        ("a week", "Fri 27 Nov 2026, 10:30 EST"),
        ("in an hour", "Fri 20 Nov 2026, 11:30 EST"),
        ("in 3 months", "Sat 20 Feb 2027, 10:30 EST"),
        ("day after tomorrow at noon", "Sun 22 Nov 2026, 12:00 EST"),
        ("9:00 tomorrow", "Sat 21 Nov 2026, 09:00 EST"),
        ("5 pm on Friday", "Fri 20 Nov 2026, 17:00 EST"),
        ("this fri 17:00", "Fri 20 Nov 2026, 17:00 EST"),
        ("next friday", "Fri 27 Nov 2026, 08:00 EST"),  # today is one: both readings are this day
        ("next wed", "Wed 25 Nov 2026, 08:00 EST"),
        ("friday next week", "Fri 27 Nov 2026, 08:00 EST"),
        ("next week friday", "Fri 27 Nov 2026, 08:00 EST"),
        ("next month", "Tue 1 Dec 2026, 08:00 EST"),
        ("24 Dec", "Thu 24 Dec 2026, 08:00 EST"),
        ("24th of December, 2026 9am", "Thu 24 Dec 2026, 09:00 EST"),
        ("Dec 24th", "Thu 24 Dec 2026, 08:00 EST"),
        ("December 24, 2026, 10:30 am", "Thu 24 Dec 2026, 10:30 EST"),
        ("Thu, 24 Dec 2026, 14:00", "Thu 24 Dec 2026, 14:00 EST"),  # as our mails write it
        ("3 Mar", "Wed 3 Mar 2027, 08:00 EST"),
        ("29 Feb", "Tue 29 Feb 2028, 08:00 EST"),
        ("24.12.2026", "Thu 24 Dec 2026, 08:00 EST"),
        ("24. 12. 2026 14:30", "Thu 24 Dec 2026, 14:30 EST"),
        ("2026/12/24", "Thu 24 Dec 2026, 08:00 EST"),
    ],
)
def test_a_time_is_read_in_the_agents_zone(text, meant):
    assert read(text) == meant


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("morgen", "Mon 23 Nov 2026, 08:00 EST"),
        ("Übermorgen um 9 Uhr", "Sun 22 Nov 2026, 09:00 EST"),
        ("bis Freitag, 14.30 Uhr", "Fri 20 Nov 2026, 14:30 EST"),
        ("am kommenden Montag", "Mon 23 Nov 2026, 08:00 EST"),
        ("nächsten Mittwoch", "Wed 25 Nov 2026, 08:00 EST"),
        ("nächste Woche", "Mon 23 Nov 2026, 08:00 EST"),
        ("Ende des Monats", "Mon 30 Nov 2026, 08:00 EST"),
        ("24. Dezember", "Thu 24 Dec 2026, 08:00 EST"),
        ("3. März 2027", "Wed 3 Mar 2027, 08:00 EST"),
        ("in einer Woche", "Fri 27 Nov 2026, 10:30 EST"),
        ("in 3 Tagen", "Mon 23 Nov 2026, 10:30 EST"),
        ("demain à 9:00", "Sat 21 Nov 2026, 09:00 EST"),
        ("mercredi prochain", "Wed 25 Nov 2026, 08:00 EST"),
        ("jusqu’au 1 août 2027", "Mon 2 Aug 2027, 08:00 EDT"),  # the first is a Sunday
        ("dans 2 heures", "Fri 20 Nov 2026, 12:30 EST"),
        ("mañana", "Mon 23 Nov 2026, 08:00 EST"),
        ("el miércoles a las 10:00", "Wed 25 Nov 2026, 10:00 EST"),
        ("24 de diciembre de 2026", "Thu 24 Dec 2026, 08:00 EST"),
    ],
)
def test_a_time_is_read_in_the_shipped_languages(text, meant):
    assert read(text) == meant


@pytest.mark.parametrize("text", ["03/04/2026", "24/12/2026", "3/4", "24-12-2026", "12/24/26 9:00"])
def test_a_date_that_does_not_say_which_number_is_the_month_is_refused_with_what_does(text):
    with refusal("it is not clear which number is the month: write 24 Dec 2026, 24.12.2026 or 2026-12-24"):
        read(text)


@pytest.mark.parametrize("text", ["next friday", "next Fri 10:00", "nächsten Freitag", "vendredi prochain"])
def test_the_next_day_of_a_week_that_has_begun_may_be_two_days_and_is_refused_with_both(text):
    with refusal(f"“{text}” may be 2026-11-20 or 2026-11-27: write one of the two"):
        read(text, datetime(2026, 11, 16, 10, 30, tzinfo=NEW_YORK))


@pytest.mark.parametrize(
    ("day", "months", "meant"),
    [((2026, 10, 31), 1, "30 Nov 2026"), ((2027, 12, 31), 2, "29 Feb 2028"), ((2026, 12, 15), 12, "15 Dec 2027")],
)
def test_a_month_later_is_the_same_day_or_the_last_of_a_shorter_month(day, months, meant):
    assert meant in read(f"{months} months", datetime(*day, 9, tzinfo=NEW_YORK))


@pytest.mark.parametrize(
    "text",
    [
        *("", "soon", "2", "2x", "1h 3x", "fr", "fry", "0", "24:00", "25:00", "9:60", "99999d", "-2h", "at"),
        *("13pm", "0am", "9", "9 o clock", "end of", "end of year", "next", "next soon", "this"),
        *("2026-13-01", "2026-02-30", "2026-12-24 9", "2026-12-2409:00", "2026-12-24 09:00:00"),
        *("0000-01-01", "9999-12-31x", "tomorrow fri", "friday14", "friday14:00", "tomorrowt9:00"),
        *("31 April", "0 Dec", "Fri 24 Dec", "24.12", "24.12.26", "31.2.2026", "jui 3", "24 de", "ju 3"),
        *("sam", "don", "mi", "20th", "a", "in", "noon noon", "9.30"),
        *("fri fri", "today tomorrow", "until", "until until fri", "untilfri"),
    ],
)
def test_what_is_no_time_is_refused_with_an_example(text):
    with refusal("is not a time that I can read: write it as 2h, 3d"):
        read(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("today", "Fri 20 Nov 2026, 08:00 EST is past"),
        ("10:30", "Fri 20 Nov 2026, 10:30 EST is past"),
        ("2026-11-19 12:00", "Thu 19 Nov 2026, 12:00 EST is past"),
        ("2025-12-24", "Wed 24 Dec 2025, 08:00 EST is past"),
        ("0m", "Fri 20 Nov 2026, 10:30 EST is past"),
        ("2040-01-02 10:00", "Mon 2 Jan 2040, 10:00 EST is more than ten years away"),
        ("9999w", "is more than ten years away"),
    ],
)
def test_a_time_that_cannot_be_meant_is_refused(text, said):
    with refusal(said, NEW_YORK):
        read(text)


@pytest.mark.parametrize(
    ("today", "schedule", "meant"),
    [
        ((2026, 10, 1), opens, "Fri 30 Oct 2026, 08:00 EDT"),  # the 31st is a Saturday
        ((2026, 10, 30), opens, "Mon 30 Nov 2026, 08:00 EST"),  # business has opened on the last day
        ((2026, 12, 31), opens, "Fri 29 Jan 2027, 08:00 EST"),
        ((2026, 10, 1), never, "Sat 31 Oct 2026, 09:00 EDT"),
    ],
)
def test_the_end_of_the_month_is_its_last_day_of_business(today, schedule, meant):
    assert read("end of month", datetime(*today, 9, tzinfo=NEW_YORK), schedule=schedule) == meant


def test_the_last_days_of_the_calendar_are_refused_not_raised():
    for text in ("9999-12-31", "9999-12-31 23:59", "0001-01-01 00:00"):
        with pytest.raises(WhenError):
            read(text)


def test_a_day_is_its_morning_where_business_never_opens():
    assert read("mon", schedule=never) == "Mon 23 Nov 2026, 09:00 EST"


def test_a_day_begins_with_the_business_hours_of_their_own_zone():
    assert read("mon", zone=BERLIN) == "Mon 23 Nov 2026, 14:00 CET"


def test_the_day_is_that_of_the_agent_not_of_utc():
    late = datetime(2026, 11, 20, 23, 30, tzinfo=UTC)  # Saturday in Berlin already
    assert read("today 9:00", late, BERLIN) == "Sat 21 Nov 2026, 09:00 CET"
    assert read("fri 9:00", late, BERLIN) == "Fri 27 Nov 2026, 09:00 CET"


def test_a_time_that_the_clock_change_skips_is_moved_on():
    before = datetime(2027, 3, 27, 12, tzinfo=BERLIN)
    assert read("2027-03-28 02:30", before, BERLIN) == "Sun 28 Mar 2027, 03:30 CEST"
    assert read("sun 2:30", before, BERLIN) == "Sun 28 Mar 2027, 03:30 CEST"
    half = datetime(2026, 10, 3, 12, tzinfo=LORD_HOWE)  # half an hour is skipped there
    assert read("2026-10-04 02:15", half, LORD_HOWE) == "Sun 4 Oct 2026, 02:45 +11"


def test_of_a_repeated_hour_the_first_to_come_is_meant():
    before = datetime(2026, 10, 25, 0, 0, tzinfo=BERLIN)
    assert read("today 2:30", before, BERLIN) == "Sun 25 Oct 2026, 02:30 CEST"
    between = datetime(2026, 10, 25, 0, 45, tzinfo=UTC)  # 02:45 for the first time
    assert read("today 2:30", between, BERLIN) == "Sun 25 Oct 2026, 02:30 CET"
    after = datetime(2026, 10, 25, 1, 45, tzinfo=UTC)  # 02:45 for the second time
    with refusal("02:30 CEST is past", BERLIN):
        read("today 2:30", after, BERLIN)


def test_days_keep_the_wall_clock_and_hours_are_elapsed():
    before = datetime(2027, 3, 27, 12, tzinfo=BERLIN)
    assert read("1d", before, BERLIN) == "Sun 28 Mar 2027, 12:00 CEST"
    assert read("24h", before, BERLIN) == "Sun 28 Mar 2027, 13:00 CEST"


@given(st.text())
def test_any_text_is_read_or_refused(text):
    with suppress(WhenError):
        assert read_when(text, NOW, NEW_YORK, opens) > NOW


DAYS = st.datetimes(datetime(2026, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
LATER = st.datetimes(datetime(2028, 1, 2), datetime(2030, 1, 1))  # noqa: DTZ001


@given(st.integers(0, 9999), st.sampled_from(["m", "h", "d", "w"]), DAYS)
def test_a_span_lies_so_far_ahead(count, unit, now):
    length = timedelta(**{{"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}[unit]: count})
    try:
        found = read_when(f"{count}{unit}", now, BERLIN, opens)
    except WhenError:
        assert not timedelta(0) < length < timedelta(days=3659)
    else:
        slack = timedelta(hours=1) if unit in "dw" else timedelta(0)
        assert abs(found - now - length) <= slack


@given(DAYS, LATER)
def test_a_date_and_time_comes_back_as_it_was_typed(now, meant):
    found = read_when(f"{meant:%Y-%m-%d %H:%M}", now, BERLIN, opens)
    shown = f"{meant:%H:%M}"
    skipped = found.astimezone(BERLIN).strftime("%H:%M") != shown
    assert not skipped or (meant.hour == 2 and meant.month == 3 and meant.weekday() == 6)
