"""The SLA clock, held against a slow reference that walks minute by minute through hours, holidays and pauses."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailgate.rules.sla.calendar import calendar_of
from mailgate.rules.sla.clock import CLOSE, FIRST_RESPONSE, NEXT_RESPONSE, OVERDUE, WAKE, Deadline, clock, plan_of
from mailgate.rules.sla.explained import duration, explain_due
from mailgate.settings import (
    Alerts,
    Config,
    Desk,
    Hours,
    Notices,
    Relay,
    Routing,
    SlaPlan,
    Step,
    Storage,
    Tickets,
    Trust,
)
from mailgate.ticket import Address, Status, StatusSpan, Ticket

NEW_YORK = ZoneInfo("America/New_York")
HOUR, MINUTE, DAY = timedelta(hours=1), timedelta(minutes=1), timedelta(days=1)
ALWAYS = Hours(name="24/7", timezone=ZoneInfo("UTC"), always=True)
BUSINESS = Hours(
    name="Business hours",
    timezone=NEW_YORK,
    hours=dict.fromkeys(range(5), ((480, 1020),)),
    holiday_codes=("US",),
    holiday_dates=("2026-12-24",),
)
NEVER = Hours(name="Never", timezone=NEW_YORK)
LADDER = (Step(at=0.8, alert=("assignee",)), Step(at=1.0), Step(at=2.0, alert=("department",)))


def config(*plans, zone=NEW_YORK):
    default = SlaPlan(name="Default SLA", resolve=18 * HOUR)
    return Config(
        file=Path("config.toml"),
        desk=Desk(name="Desk", domain="bank.example", timezone=zone),
        storage=Storage(database=Path("db"), attachments=Path("files")),
        addresses={},
        smtp=None,
        mailboxes={},
        relays=(Relay(),),
        http=None,
        departments={},
        roles={},
        agents={},
        teams={},
        schedules={plan.name: plan for plan in (ALWAYS, BUSINESS, NEVER)},
        slas={plan.name: plan for plan in (default, *plans)},
        topics={},
        priorities=("Normal",),
        defaults=Routing(sla="Default SLA"),
        rules=(),
        alerts=Alerts(),
        notices=Notices(),
        trust=Trust(),
        tickets=Tickets(),
    )


def ny(text):
    return datetime.fromisoformat(text).replace(tzinfo=NEW_YORK).astimezone(UTC)


FRIDAY = ny("2026-11-20T13:00")


def ticket(sla="Sev-C", start=FRIDAY, log=(), **fields):
    spans = (StatusSpan(Status.OPEN, start), *(StatusSpan(status, since) for status, since in log))
    return Ticket(
        number=1001,
        subject="s",
        status=spans[-1].status,
        requester=Address("karen@client.example"),
        department="Support",
        topic="General Inquiry",
        priority="Normal",
        sla=sla,
        address="support@bank.example",
        created_at=start,
        updated_at=start,
        sla_started_at=start,
        status_log=spans,
        **fields,
    )


def sev_c(**fields):
    return config(SlaPlan(**{"name": "Sev-C", "resolve": 8 * HOUR, "schedule": "Business hours", **fields}))


def steps(clock_):
    return {deadline.step: deadline.at for deadline in clock_.deadlines}


# ── the resolve clock ───────────────────────────────────────────────────────────────────


def test_grace_period_counts_only_the_schedules_hours():
    assert clock(ticket(), sev_c()).due_at == ny("2026-11-23T12:00")


def test_a_plan_around_the_clock_is_plain_addition():
    assert clock(ticket("Default SLA"), config()).due_at == FRIDAY + 18 * HOUR


def test_a_ticket_without_a_status_log_was_always_in_its_status():
    assert clock(replace(ticket("Default SLA"), status_log=()), config()).due_at == FRIDAY + 18 * HOUR


def test_paused_statuses_stop_the_clock_and_take_their_time_out_of_it():
    pending = ticket(log=[(Status.PENDING, ny("2026-11-20T14:00"))])
    assert clock(pending, sev_c()).due_at is None
    again = ticket(log=[(Status.PENDING, ny("2026-11-20T14:00")), (Status.OPEN, ny("2026-11-20T16:00"))])
    assert clock(again, sev_c()).due_at == ny("2026-11-23T14:00")


def test_a_plan_that_pauses_in_no_status_runs_while_pending():
    pending = ticket(log=[(Status.PENDING, ny("2026-11-20T14:00"))])
    assert clock(pending, sev_c(pause=())).due_at == ny("2026-11-23T12:00")


def test_a_due_time_that_passed_before_a_pause_stays_passed():
    late = ticket(log=[(Status.PENDING, ny("2026-11-23T13:00"))])
    times = clock(late, sev_c(escalate=LADDER))
    assert times.due_at == ny("2026-11-23T12:00")
    assert times.deadlines == (), "but nothing fires in a pause"


@pytest.mark.parametrize("status", [Status.RESOLVED, Status.CLOSED])
def test_a_finished_ticket_keeps_its_due_time_and_fires_nothing(status):
    done = ticket(log=[(status, ny("2026-11-20T14:00"))])
    times = clock(done, sev_c(escalate=LADDER, first_response=HOUR))
    assert times.due_at == ny("2026-11-23T12:00")
    assert times.deadlines == ()


def test_resolved_out_of_a_pause_is_due_when_it_would_have_been():
    done = ticket(log=[(Status.PENDING, ny("2026-11-20T14:00")), (Status.RESOLVED, ny("2026-11-24T08:00"))])
    assert clock(done, sev_c(pause=("pending", "resolved"))).due_at == ny("2026-11-24T15:00")


def test_a_plan_without_a_time_or_hours_has_no_due_time():
    assert clock(ticket(), sev_c(resolve=None)).due_at is None
    assert clock(ticket(), sev_c(schedule="Never")).due_at is None


# ── the ladder ──────────────────────────────────────────────────────────────────────────


def test_each_step_of_the_ladder_has_its_time():
    assert steps(clock(ticket(), sev_c(escalate=LADDER))) == {
        "80%": ny("2026-11-23T10:24"),
        "100%": ny("2026-11-23T12:00"),
        "200%": ny("2026-11-24T11:00"),
    }


def test_deadlines_come_in_order_of_time_and_fired_ones_are_gone():
    times = clock(ticket(escalated=("80%",)), sev_c(escalate=LADDER[::-1]))
    assert [deadline.step for deadline in times.deadlines] == ["100%", "200%"]


def test_a_ladder_without_its_hundred_per_cent_still_falls_due():
    assert steps(clock(ticket(), sev_c(escalate=()))) == {OVERDUE: ny("2026-11-23T12:00")}


def test_a_step_that_lies_beyond_ten_years_is_no_deadline():
    assert set(steps(clock(ticket(), sev_c(escalate=(Step(at=9999.0),))))) == {OVERDUE}


# ── by hand ─────────────────────────────────────────────────────────────────────────────


def test_a_due_time_by_hand_wins_and_the_other_steps_lie_in_proportion():
    by_hand = ticket(due_manual=ny("2026-11-23T14:00"))  # 4 h and 6 h of work
    times = clock(by_hand, sev_c(escalate=LADDER))
    assert times.due_at == ny("2026-11-23T14:00")
    assert steps(times) == {
        "80%": ny("2026-11-23T12:00"),
        "100%": ny("2026-11-23T14:00"),
        "200%": ny("2026-11-24T15:00"),
    }


def test_a_due_time_by_hand_holds_through_a_pause_but_fires_nothing_in_it():
    times = clock(ticket(due_manual=ny("2026-11-23T14:00"), log=[(Status.PENDING, FRIDAY + HOUR)]), sev_c())
    assert times.due_at == ny("2026-11-23T14:00")
    assert times.deadlines == ()


def test_a_due_time_by_hand_gives_a_plan_without_one_a_ladder():
    times = clock(ticket(due_manual=FRIDAY + HOUR), sev_c(resolve=None, escalate=LADDER))
    assert steps(times) == {"80%": FRIDAY + 48 * MINUTE, "100%": FRIDAY + HOUR, "200%": FRIDAY + 2 * HOUR}


@pytest.mark.parametrize("due", [FRIDAY - HOUR, ny("2026-11-20T17:30")])
def test_a_due_time_with_no_work_before_it_has_only_its_hundred_per_cent(due):
    start = ny("2026-11-20T17:00")
    assert clock(ticket(start=start, due_manual=due), sev_c(escalate=LADDER)).deadlines == (Deadline(OVERDUE, due),)


def test_a_pause_is_no_share_of_the_time_before_a_due_time_by_hand():
    """4 h of work until then, one of them paused: the steps lie at shares of three."""
    paused = [(Status.PENDING, FRIDAY + HOUR), (Status.OPEN, FRIDAY + 2 * HOUR)]
    by_hand = ticket(log=paused, due_manual=FRIDAY + 4 * HOUR)
    assert steps(clock(by_hand, sev_c(escalate=(Step(at=0.5),)))) == {
        "50%": FRIDAY + 150 * MINUTE,
        OVERDUE: FRIDAY + 4 * HOUR,
    }


# ── responses ───────────────────────────────────────────────────────────────────────────

RESPONSES = sev_c(first_response=HOUR, next_response=2 * HOUR, escalate=())


def test_the_first_response_is_awaited_until_it_comes():
    times = clock(ticket(), RESPONSES)
    assert times.first_response_by == steps(times)[FIRST_RESPONSE] == FRIDAY + HOUR
    assert times.next_response_by is None
    answered = ticket(first_response_at=FRIDAY + 2 * HOUR, first_response_by=FRIDAY + HOUR)
    times = clock(answered, RESPONSES)
    assert times.first_response_by == FRIDAY + HOUR, "as it stood"
    assert FIRST_RESPONSE not in steps(times)


def test_each_later_message_awaits_its_response():
    waiting = ticket(first_response_at=FRIDAY, waiting_since=ny("2026-11-20T16:00"))
    times = clock(waiting, RESPONSES)
    assert times.next_response_by == steps(times)[NEXT_RESPONSE] == ny("2026-11-23T09:00")


def test_a_plan_without_a_time_for_responses_awaits_none():
    waiting = ticket(first_response_at=FRIDAY, waiting_since=FRIDAY + HOUR)
    times = clock(waiting, sev_c())
    assert (times.first_response_by, times.next_response_by, set(steps(times))) == (None, None, {OVERDUE})


def test_before_the_first_response_there_is_no_next_one():
    assert clock(ticket(waiting_since=FRIDAY), RESPONSES).next_response_by is None


def test_a_clock_that_runs_again_has_its_deadlines_and_one_that_stands_still_has_none():
    paused = [(Status.PENDING, FRIDAY + HOUR), (Status.OPEN, FRIDAY + 2 * HOUR)]
    assert steps(clock(ticket(log=paused), sev_c())) == {OVERDUE: ny("2026-11-23T13:00")}
    again = [*paused, (Status.PENDING, FRIDAY + 3 * HOUR)]
    assert clock(ticket(log=again), sev_c()).deadlines == ()


def test_a_missed_response_is_missed_once():
    times = clock(ticket(escalated=(FIRST_RESPONSE,)), RESPONSES)
    assert FIRST_RESPONSE not in steps(times)


def test_responses_stand_still_in_pauses():
    paused = [(Status.PENDING, FRIDAY + 30 * MINUTE), (Status.OPEN, FRIDAY + 90 * MINUTE)]
    assert clock(ticket(log=paused), RESPONSES).first_response_by == FRIDAY + 2 * HOUR
    assert clock(ticket(log=paused[:1]), RESPONSES).first_response_by is None
    waiting = ticket(log=paused, first_response_at=FRIDAY, waiting_since=FRIDAY + 15 * MINUTE)
    assert clock(waiting, RESPONSES).next_response_by == FRIDAY + 195 * MINUTE
    later = ticket(log=paused, first_response_at=FRIDAY, waiting_since=FRIDAY + 100 * MINUTE)
    assert clock(later, RESPONSES).next_response_by == FRIDAY + 220 * MINUTE


# ── wake and close ──────────────────────────────────────────────────────────────────────


def test_a_pending_ticket_wakes_when_it_was_told_to():
    asleep = ticket(log=[(Status.PENDING, FRIDAY)], wake_at=FRIDAY + DAY)
    assert steps(clock(asleep, sev_c())) == {WAKE: FRIDAY + DAY}
    assert WAKE not in steps(clock(ticket(wake_at=FRIDAY + DAY), sev_c())), "an open one does not"
    assert clock(ticket(log=[(Status.PENDING, FRIDAY)]), sev_c()).deadlines == ()


def test_a_resolved_ticket_closes_after_a_while():
    resolved = ticket(log=[(Status.RESOLVED, FRIDAY)], resolved_at=FRIDAY)
    assert steps(clock(resolved, sev_c())) == {CLOSE: FRIDAY + 3 * DAY}


# ── plans ───────────────────────────────────────────────────────────────────────────────


def test_a_plan_that_was_renamed_or_is_gone_is_found():
    renamed = config(SlaPlan(name="Gold", was=("Sev-C",)))
    assert plan_of(ticket(), renamed).name == "Gold"
    assert plan_of(ticket("Gone"), renamed).name == "Default SLA"
    assert plan_of(ticket("Gold"), renamed).name == "Gold"


# ── the slow reference ──────────────────────────────────────────────────────────────────


def slow_due(ticket_, plan, schedule, horizon):
    """Walk minute by minute: a minute counts when the schedule is open and the status is not paused."""
    calendar = calendar_of(schedule)
    moment, left = ticket_.sla_started_at, plan.resolve
    while left > timedelta() and moment < horizon:
        status = [span.status for span in ticket_.status_log if span.since <= moment][-1]
        if status.value not in plan.pause and calendar.is_open(moment):
            left -= MINUTE
        moment += MINUTE
    return moment if left <= timedelta() else None


@st.composite
def lives(draw):
    """A ticket that goes to and fro between open and pending around a change of the clock or a holiday."""
    week = draw(st.sampled_from(["2026-03-06T09:00", "2026-10-30T09:00", "2026-11-24T09:00", "2026-12-23T09:00"]))
    start = ny(week) + draw(st.integers(0, 2000)) * MINUTE
    moment, log, status = start, [], Status.OPEN
    for gap in draw(st.lists(st.integers(1, 900), max_size=6)):
        moment += gap * MINUTE
        status = Status.PENDING if status is Status.OPEN else Status.OPEN
        log.append((status, moment))
    resolve = draw(st.integers(1, 1500)) * MINUTE
    schedule = draw(st.sampled_from([ALWAYS, BUSINESS]))
    return ticket(start=start, log=log), SlaPlan(name="Sev-C", resolve=resolve, schedule=schedule.name), schedule


@settings(max_examples=60)
@given(lives())
def test_due_times_agree_with_a_walk_minute_by_minute(life):
    ticket_, plan, schedule = life
    horizon = ticket_.sla_started_at + 14 * DAY
    assert clock(ticket_, config(plan)).due_at == slow_due(ticket_, plan, schedule, horizon)


@given(lives(), st.integers(1, 2000))
def test_more_time_is_never_due_earlier(life, more):
    ticket_, plan, _ = life
    longer = SlaPlan(name="Sev-C", resolve=plan.resolve + more * MINUTE, schedule=plan.schedule)
    short, long = clock(ticket_, config(plan)).due_at, clock(ticket_, config(longer)).due_at
    assert long is None or short <= long


@given(lives())
def test_a_told_story_holds_exactly_the_plans_time(life):
    """The hours of the lines add up to the plan's, whatever the pauses."""
    ticket_, plan, _ = life
    lines = explain_due(ticket_, config(plan))
    told = [line.rsplit(": ", 1)[1] for line in lines[2:-1] if "paused" not in line and "holiday" not in line]
    left = duration_of(lines[-1].split(", ")[-1].removesuffix(" left")) if lines[-1].endswith("left") else timedelta()
    assert sum((duration_of(text) for text in told), timedelta()) + left == plan.resolve


def duration_of(text):
    units = {"h": HOUR, "min": MINUTE, "s": timedelta(seconds=1)}
    words = text.split()
    return sum((int(count) * units[unit] for count, unit in zip(words[::2], words[1::2], strict=True)), timedelta())


# ── the story ───────────────────────────────────────────────────────────────────────────


def test_the_story_of_a_due_time():
    told = explain_due(
        ticket(log=[(Status.PENDING, ny("2026-11-20T14:00")), (Status.OPEN, ny("2026-11-20T16:00"))]), sev_c()
    )
    assert told == (
        "Sev-C: 8 h of Business hours",
        "from Fri 20 Nov 13:00 EST",
        "Fri 20 Nov 13:00-14:00: 1 h",
        "Fri 20 Nov 14:00-16:00: paused 2 h while pending",
        "Fri 20 Nov 16:00-17:00: 1 h",
        "Mon 23 Nov 08:00-14:00: 6 h",
        "due Mon 23 Nov 14:00 EST",
    )


def test_the_story_names_holidays_and_another_year():
    assert explain_due(ticket(start=ny("2026-11-25T16:00")), sev_c())[2:4] == (
        "Wed 25 Nov 16:00-17:00: 1 h",
        "Thu 26 Nov: holiday (Thanksgiving Day)",
    )
    assert explain_due(ticket(start=ny("2026-12-23T13:00")), sev_c(resolve=40 * HOUR))[3:6] == (
        "Thu 24 Dec: holiday",
        "Fri 25 Dec: holiday (Christmas Day)",
        "Mon 28 Dec 08:00-17:00: 9 h",
    )
    assert explain_due(ticket(start=ny("2026-12-24T22:00")), sev_c())[2:4] == (  # in UTC it is Christmas already
        "Thu 24 Dec: holiday",
        "Fri 25 Dec: holiday (Christmas Day)",
    )
    assert explain_due(ticket(start=ny("2026-12-31T13:00")), sev_c())[-1] == "due Mon 4 Jan 2027 12:00 EST"


def test_a_due_time_of_an_earlier_configuration_is_no_story_of_this_one():
    before = ticket()
    before = replace(before, due_at=clock(before, sev_c()).due_at)
    assert explain_due(before, sev_c()) == explain_due(replace(before, due_at=None), sev_c())
    assert explain_due(before, sev_c(resolve=2 * HOUR)) == (
        "due time by an earlier configuration",
        "due Mon 23 Nov 12:00 EST",
        "by the present one due Fri 20 Nov 15:00 EST, from its next change on",
    )
    assert explain_due(before, sev_c(resolve=None))[-1] == "by the present one not due, from its next change on"
    assert explain_due(replace(before, due_manual=before.due_at), sev_c())[0] == "due time set by hand"


def test_the_story_of_a_clock_that_stands_still():
    told = explain_due(ticket(log=[(Status.PENDING, ny("2026-11-20T14:30"))]), sev_c())
    assert told[2:] == (
        "Fri 20 Nov 13:00-14:30: 1 h 30 min",
        "stands still while pending since Fri 20 Nov 14:30 EST, 6 h 30 min left",
    )
    bare = replace(ticket(log=[(Status.PENDING, FRIDAY)]), status_log=())
    assert explain_due(bare, sev_c())[2:] == ("stands still while pending since Fri 20 Nov 13:00 EST, 8 h left",)
    log = [(Status.PENDING, FRIDAY + HOUR), (Status.OPEN, FRIDAY + 2 * HOUR), (Status.PENDING, FRIDAY + 3 * HOUR)]
    again = explain_due(ticket(log=log), sev_c())
    assert again[-1] == "stands still while pending since Fri 20 Nov 16:00 EST, 6 h left"


def test_the_story_of_a_due_time_that_passed_before_a_pause():
    log = [(Status.PENDING, ny("2026-11-23T13:00")), (Status.OPEN, ny("2026-11-23T14:00"))]
    assert explain_due(ticket(log=log), sev_c())[2:] == (
        "Fri 20 Nov 13:00-17:00: 4 h",
        "Mon 23 Nov 08:00-12:00: 4 h",
        "due Mon 23 Nov 12:00 EST",
    )


def test_the_story_ends_where_a_pause_begins_at_the_due_time():
    log = [(Status.PENDING, ny("2026-11-23T12:00")), (Status.OPEN, ny("2026-11-23T14:00"))]
    assert explain_due(ticket(log=log), sev_c())[-2:] == ("Mon 23 Nov 08:00-12:00: 4 h", "due Mon 23 Nov 12:00 EST")


def test_the_story_of_a_finished_ticket_says_whether_it_was_in_time():
    in_time = ticket("Default SLA", log=[(Status.RESOLVED, FRIDAY + HOUR)], resolved_at=FRIDAY + HOUR, reopened=1)
    assert explain_due(in_time, config()) == (
        "Default SLA: 18 h of 24/7",
        "from Fri 20 Nov 13:00 EST, when it was reopened",
        "Fri 20 Nov 13:00 - Sat 21 Nov 07:00: 18 h",
        "due Sat 21 Nov 07:00 EST",
        "resolved Fri 20 Nov 14:00 EST, in time",
    )
    late = ticket(log=[(Status.RESOLVED, FRIDAY + DAY)], resolved_at=FRIDAY + DAY, due_manual=FRIDAY + HOUR)
    assert explain_due(late, sev_c()) == (
        "due time set by hand",
        "due Fri 20 Nov 14:00 EST",
        "resolved Sat 21 Nov 13:00 EST, too late",
    )


def test_stories_without_an_end():
    assert explain_due(ticket(), sev_c(resolve=None)) == ("Sev-C: no time to resolve",)
    never = explain_due(ticket(), sev_c(schedule="Never"))
    assert never == (
        "Sev-C: 8 h of Never",
        "from Fri 20 Nov 13:00 EST",
        "never due: Never has not that many hours in ten years",
    )


def test_a_long_story_is_summed_up():
    told = explain_due(ticket(), sev_c(resolve=400 * HOUR))
    assert len(told) == 2 + 8 + 1 + 4 + 1
    assert told[10].startswith("… ")
    assert told[10].endswith(" h")


@pytest.mark.parametrize(("lines", "shown"), [(13, 13), (14, 13), (15, 13)])
def test_a_story_is_summed_up_where_that_makes_it_shorter(lines, shown):
    daily = replace(BUSINESS, name="Daily", hours=dict.fromkeys(range(7), ((480, 540),)), holiday_codes=())
    one_a_day = config(SlaPlan(name="Sev-C", resolve=lines * HOUR, schedule="Daily"))
    one_a_day = replace(one_a_day, schedules={**one_a_day.schedules, "Daily": daily})
    assert len(explain_due(ticket(start=ny("2026-11-01T00:00")), one_a_day)) == 2 + shown + 1


def test_the_days_of_a_story_are_those_of_the_desks_zone():
    abroad = config(*sev_c().slas.values(), zone=ZoneInfo("Asia/Tokyo"))
    assert explain_due(ticket(start=ny("2026-11-25T16:00")), abroad)[1:] == (
        "from Thu 26 Nov 06:00 JST",
        "Thu 26 Nov 06:00-07:00: 1 h",
        "Thu 26 Nov: holiday (Thanksgiving Day)",
        "Fri 27 Nov 22:00 - Sat 28 Nov 05:00: 7 h",
        "due Sat 28 Nov 05:00 JST",
    )


def test_the_story_is_told_in_the_desks_time_zone():
    abroad = config(*sev_c().slas.values(), zone=ZoneInfo("Europe/Berlin"))
    assert explain_due(ticket(start=ny("2026-11-25T16:00")), abroad)[1:4] == (
        "from Wed 25 Nov 22:00 CET",
        "Wed 25 Nov 22:00-23:00: 1 h",
        "Thu 26 Nov: holiday (Thanksgiving Day)",
    )


@pytest.mark.parametrize(
    ("length", "text"),
    [(timedelta(), "0 min"), (45 * MINUTE, "45 min"), (36 * HOUR + timedelta(seconds=5), "36 h 5 s")],
)
def test_durations_read_well(length, text):
    assert duration(length) == text
