"""The report: histories from events, figures from histories, against a slow count of its own."""

from __future__ import annotations

import json
import os
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from mailgate.cli.report_json import COLUMNS, report_json, report_rows, without_formula
from mailgate.cli.report_terminal import show
from mailgate.figures import DIMENSIONS, Attainment, Satisfaction
from mailgate.rules.report.counting import figures
from mailgate.rules.report.history import Case, Moment, Opening, PastEvent, Place, Reached, Span, history
from mailgate.ticket import ADMIN, CLOCK, Actor, EventKind
from mailgate.writing.report_text import as_text, backlog_line, duration, percent, satisfied
from tests.notices import ENGLISH, RENDERER

BY_ANN = Actor.agent("ann")
BERLIN = ZoneInfo("Europe/Berlin")
START = datetime(2026, 3, 20, 9, tzinfo=UTC)
TEAMS = {"Online Banking": ("ann",), "Level I": ("bob", "ann")}
HOUR = timedelta(hours=1)


def at(hours: float) -> datetime:
    return START + timedelta(hours=hours)


def rfc3339(moment: datetime | None) -> str | None:
    return moment and moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def event(kind: str, hours: float, before=None, after=None, by: Actor = BY_ANN) -> PastEvent:
    return PastEvent(EventKind(kind), by.agent_key, at(hours), after, before)


def opened(hours: float = 0, **fields) -> PastEvent:
    due = fields.pop("due_at", rfc3339(at(hours + 1)))
    after = {
        "status": "open",
        "department": "Support",
        "topic": "General Inquiry",
        "priority": "Normal",
        "sla": "Sev-A",
    }
    return event("opened", hours, due, Opening(**(after | fields)), by=Actor.requester("karen@x.example"))


def ticket(number: int = 1001, hours: float = 0, **fields) -> Case:
    values = {"department": "Support", "topic": "General Inquiry", "priority": "Normal", "sla": "Sev-A"}
    return Case(number=number, **({"created_at": at(hours)} | values | fields))


PLACE = Place(department="Support", topic="General Inquiry", priority="Normal", sla="Sev-A")


def worked(start: datetime, end: datetime, sla: str) -> timedelta:
    """A schedule that is open half of the time; "Never" is never open."""
    return timedelta() if sla == "Never" else (end - start) / 2


def count(*histories, since: float = 0, until: float = 24 * 7, zone: ZoneInfo = BERLIN, seen=lambda _: True):
    return figures(histories, at(since), at(until), zone, worked).report(seen)


# ── history ─────────────────────────────────────────────────────────────────────────────


def test_a_ticket_that_only_came_in():
    found = history(ticket(overdue=True), [opened()])
    assert found.opened == Moment(START, PLACE)
    assert found.spans == [Span(START, None, PLACE)]
    assert (found.answer, found.resolutions, found.closed, found.reopened) == (None, [], [], [])
    assert found.overdue
    assert found.now == PLACE


def test_each_change_of_place_ends_a_stretch():
    found = history(
        ticket(),
        [
            opened(assignee={"team": "Level I"}),
            event("transferred", 1, "Support", "Maintenance"),
            event("topic-changed", 2, "General Inquiry", "Printers"),
            event("priority-changed", 3, "Normal", "High"),
            event("sla-changed", 4, "Sev-A", "Sev-B"),
            event("noted", 5),
            event("status-changed", 6, "open", "pending"),
            event("status-changed", 7, "pending", "resolved"),
            event("priority-changed", 8, "High", "Low"),
        ],
    )
    first = PLACE._replace(team="Level I")
    second = first._replace(department="Maintenance")
    third = second._replace(topic="Printers")
    fourth = third._replace(priority="High")
    fifth = fourth._replace(sla="Sev-B")
    places = (first, second, third, fourth)
    assert found.spans == [
        *(Span(at(n), at(n + 1), place) for n, place in enumerate(places)),
        Span(at(4), at(7), fifth),
    ]
    assert found.now is None


def test_changes_in_one_act_leave_no_empty_stretch():
    found = history(
        ticket(), [opened(), event("transferred", 0, "Support", "A"), event("priority-changed", 0, "Normal", "Low")]
    )
    assert found.spans == [Span(START, None, PLACE._replace(department="A", priority="Low"))]


@pytest.mark.parametrize(
    ("assignees", "team", "agent"),
    [
        ([{"team": "Online Banking"}, {"agent": "ann"}], "Online Banking", "ann"),
        ([{"team": "Online Banking"}, {"agent": "bob"}], "", "bob"),
        ([{"team": "Online Banking"}, None, {"agent": "ann"}], "", "ann"),
        ([{"team": "Level I"}, {"agent": "ann"}, {"agent": "bob"}], "Level I", "bob"),
        ([{"agent": "ann"}, {"team": "Online Banking"}], "Online Banking", ""),
    ],
)
def test_a_ticket_that_a_member_takes_stays_the_teams(assignees, team, agent):
    events = [event("assigned" if who else "released", n + 1, after=who) for n, who in enumerate(assignees)]
    found = history(ticket(), [opened(), *events], TEAMS)
    assert (found.now.team, found.now.agent) == (team, agent)


def test_a_resolution_is_credited_to_who_has_the_ticket_else_to_who_did_it():
    theirs = history(ticket(), [opened(assignee={"agent": "bob"}), event("status-changed", 0.5, "open", "resolved")])
    nobodys = history(ticket(), [opened(), event("status-changed", 0.5, "open", "resolved")])
    clocks = history(ticket(), [opened(), event("status-changed", 0.5, "open", "resolved", by=CLOCK)])
    assert [found.resolutions[0].place.agent for found in (theirs, nobodys, clocks)] == ["bob", "ann", ""]


def test_resolved_then_closed_is_one_end_of_work_and_closed_at_once_is_both():
    later = [event("status-changed", 1, "open", "resolved"), event("status-changed", 2, "resolved", "closed")]
    found = history(ticket(), [opened(), *later])
    assert [len(found.resolutions), len(found.closed)] == [1, 1]
    found = history(ticket(), [opened(), event("status-changed", 1, "open", "closed")])
    assert [len(found.resolutions), len(found.closed)] == [1, 1]


def test_a_reopened_ticket_starts_anew():
    found = history(
        ticket(),
        [
            opened(),
            event("overdue", 1, by=CLOCK),
            event("status-changed", 2, "open", "resolved"),
            event("status-changed", 5, "resolved", "open", by=Actor.requester("karen@x.example")),
            event("due-changed", 5, rfc3339(at(1)), rfc3339(at(6))),
            event("status-changed", 6, "open", "resolved"),
        ],
    )
    assert [moment.at for moment in found.reopened] == [at(5)]
    assert [(one.since, one.at, one.in_time) for one in found.resolutions] == [
        (at(0), at(2), False),
        (at(5), at(6), True),
    ]
    assert [(span.start, span.end) for span in found.spans] == [(at(0), at(2)), (at(5), at(6))]


@pytest.mark.parametrize(
    ("events", "in_time"),
    [
        ([event("status-changed", 1, "open", "resolved")], True),
        ([event("status-changed", 1.001, "open", "resolved")], False),
        ([event("due-changed", 0.5, None, rfc3339(at(3))), event("status-changed", 2, "open", "resolved")], True),
        ([event("due-changed", 0.5, None, None), event("status-changed", 2, "open", "resolved")], None),
        # paused, so without a due time, and worked out anew by the act that ends the ticket
        (
            [
                event("status-changed", 0.5, "open", "pending"),
                event("due-changed", 0.5, rfc3339(at(1)), None),
                event("status-changed", 4, "pending", "resolved"),
                event("due-changed", 4, None, rfc3339(at(4.5))),
            ],
            True,
        ),
        # flagged within the second that events round away
        ([event("overdue", 1), event("status-changed", 1 + 0.2 / 3600, "open", "resolved")], False),
        # flagged, then given more time
        (
            [
                event("overdue", 1),
                event("due-changed", 1.5, rfc3339(at(1)), rfc3339(at(3))),
                event("status-changed", 2, "open", "resolved"),
            ],
            True,
        ),
        # flagged, then given a due time that is past as well
        (
            [
                event("overdue", 1),
                event("due-changed", 1.5, rfc3339(at(1)), rfc3339(at(1.2))),
                event("status-changed", 2, "open", "resolved"),
            ],
            False,
        ),
        # a change of the due time after the end changes nothing
        ([event("status-changed", 2, "open", "resolved"), event("due-changed", 3, None, rfc3339(at(9)))], False),
    ],
)
def test_resolved_in_time(events, in_time):
    assert history(ticket(), [opened(), *events]).resolutions[0].in_time is in_time


@pytest.mark.parametrize(("target", "in_time"), [(None, None), (at(2), True), (at(1.9), False)])
def test_the_first_answer_is_credited_to_who_gave_it(target, in_time):
    replies = [event("replied", 2, by=Actor.agent("bob")), event("replied", 3, by=Actor.agent("ann"))]
    found = history(ticket(first_response_by=target), [opened(assignee={"agent": "ann"}), *replies])
    assert found.answer == Reached(at(2), START, PLACE._replace(agent="bob"), in_time)


def test_an_answer_of_the_administrator_is_the_assignees():
    found = history(ticket(), [opened(assignee={"agent": "bob"}), event("replied", 2, by=ADMIN)])
    assert found.answer.place.agent == "bob"


def test_a_clock_that_was_set_back_does_not_turn_time_round():
    found = history(ticket(), [opened(1), event("status-changed", 0.5, "open", "resolved")])
    assert found.opened.at == at(0)  # the mail's arrival
    assert found.resolutions[0].at == at(1)
    found = history(ticket(), [opened(), event("priority-changed", 2, "Normal", "Low"), event("replied", 1)])
    assert found.answer.at == at(2)


def test_a_ticket_without_its_opening_is_read_from_what_is_known():
    assert history(ticket(), []).now == PLACE
    assert history(ticket(), [event("noted", 1)]).opened == Moment(START, PLACE)


def test_a_ticket_that_a_rule_opened_as_closed_owes_no_work():
    found = history(ticket(overdue=True), [opened(status="closed")])
    assert (found.spans, found.now, found.resolutions, found.overdue) == ([], None, [], False)


MERGED = {"merged_into": 1007}
KAREN = Actor.requester("karen@x.example")


def test_spam_is_no_resolution_and_nothing_closed():
    found = history(ticket(), [opened(), event("status-changed", 1, "open", "closed"), event("spam-marked", 1)])
    assert (found.resolutions, found.closed, found.now) == ([], [], None)
    assert found.set_aside == [Moment(at(1), PLACE._replace(agent="ann"))]


def test_a_ticket_that_went_into_another_is_no_resolution():
    merge = [event("status-changed", 1, "open", "closed"), event("merged", 1, {"merged_into": None}, MERGED)]
    found = history(ticket(), [opened(), *merge, event("due-changed", 1, None, rfc3339(at(3)))])
    assert (found.resolutions, found.closed, len(found.set_aside)) == ([], [], 1)


def test_the_ticket_that_another_went_into_goes_on():
    found = history(ticket(), [opened(), event("merged", 1, {"merged": []}, {"merged": [1007]})])
    assert (found.set_aside, found.now) == ([], PLACE)


def test_what_was_resolved_before_its_merge_was_resolved():
    done = [event("status-changed", 1, "open", "resolved"), event("status-changed", 2, "resolved", "closed")]
    found = history(ticket(), [opened(), *done, event("merged", 2, {"merged_into": None}, MERGED)])
    assert (len(found.resolutions), found.closed, found.set_aside) == (1, [], [])


def test_a_mark_alone_on_what_had_ended_takes_nothing_back():
    done = [event("status-changed", 1, "open", "closed"), event("spam-marked", 2)]
    found = history(ticket(), [opened(), *done])
    assert (len(found.resolutions), len(found.closed), found.set_aside) == (1, 1, [])


def test_a_merge_that_is_taken_back_leaves_the_clock_running():
    merge = [event("status-changed", 1, "open", "closed"), event("merged", 1, {"merged_into": None}, MERGED)]
    split = [event("status-changed", 2, "closed", "open"), event("split", 2, MERGED, {"merged_into": None})]
    found = history(ticket(), [opened(), *merge, *split, event("status-changed", 3, "open", "resolved")])
    assert [(one.since, one.at, one.in_time) for one in found.resolutions] == [(START, at(3), False)]
    assert [moment.at for moment in found.reopened] == [at(2)]


def test_a_message_that_is_split_off_changes_nothing():
    found = history(ticket(), [opened(), event("split", 1, {"entries": [5]}, {"entries": []})])
    assert found.spans == [Span(START, None, PLACE)]
    resolved_again = [event("status-changed", 1, "open", "closed"), event("split", 2, MERGED, {})]
    assert len(history(ticket(), [opened(), *resolved_again]).resolutions) == 1


def test_the_last_word_of_a_requester_counts_and_is_for_who_resolved_the_ticket():
    done = event("status-changed", 1, "open", "resolved", by=Actor.agent("bob"))
    rated = [event("rated", 2, None, "good", by=KAREN), event("rated", 3, "good", "bad", by=KAREN)]
    found = history(ticket(), [opened(), done, *rated, event("transferred", 4, "Support", "Maintenance")])
    assert found.rated == (at(3), PLACE._replace(agent="bob"), "bad")
    assert history(ticket(), [opened(), rated[0]]).rated.place == PLACE
    report = count(found)
    assert report.totals.satisfaction == Satisfaction(0, 0, 1)
    assert report.by["agent"]["bob"].satisfaction.share == 0
    assert count(found, until=3).totals.satisfaction.share is None


# ── figures ─────────────────────────────────────────────────────────────────────────────


def test_the_two_labs_in_figures():
    outage = history(
        ticket(1001),
        [
            opened(department="Systems Administrators", topic="Business Critical Outage", priority="Emergency"),
            event("overdue", 1, by=CLOCK),
            event("assigned", 2, None, {"team": "Online Banking"}, by=Actor.agent("elliot")),
            event("replied", 3),
            event("status-changed", 4, "open", "resolved"),
        ],
        TEAMS,
    )
    adobe = history(
        ticket(1002, 5),
        [
            opened(5, department="Maintenance", topic="Report a Problem", due_at=rfc3339(at(23))),
            event("transferred", 6, "Maintenance", "Support", by=Actor.agent("bob")),
            event("replied", 7, by=Actor.agent("bob")),
            event("status-changed", 9, "open", "resolved", by=Actor.agent("bob")),
        ],
        TEAMS,
    )
    laptop = history(ticket(1003, 6, overdue=True), [opened(6, assignee={"agent": "bob"})], TEAMS)
    report = count(outage, adobe, laptop, until=48)
    totals = report.totals
    assert (totals.opened, totals.resolved, totals.open_now, totals.overdue_now) == (3, 2, 1, 1)
    assert totals.resolved_in_time == Attainment(2, 1)
    assert totals.first_answered_in_time == Attainment(0, 0)
    assert totals.resolution.elapsed.median == 4 * 3600
    assert totals.resolution.business.p90 == 2 * 3600
    assert totals.first_response.count == 2
    assert totals.first_response.elapsed.p90 == 3 * 3600
    assert totals.backlog == (1, 1, 1)
    assert sorted(report.by["department"]) == ["Maintenance", "Support", "Systems Administrators"]
    assert report.by["department"]["Maintenance"].opened == 1
    assert report.by["department"]["Maintenance"].resolved == 0
    assert report.by["department"]["Support"].resolved_in_time.share == 1
    assert report.by["team"]["Online Banking"].resolved == 1
    assert report.by["agent"]["ann"].resolved_in_time.share == 0
    assert report.by["agent"]["bob"].overdue_now == 1


def test_the_period_holds_its_start_and_not_its_end():
    for since, until, opened_in in ((0, 1, 1), (-1, 0, 0), (0.001, 1, 0)):
        assert count(history(ticket(), [opened()]), since=since, until=until).totals.opened == opened_in


def test_who_may_not_see_a_place_is_told_nothing_of_it():
    moved = history(
        ticket(overdue=True),
        [opened(), event("replied", 1), event("transferred", 2, "Support", "Personnel"), event("replied", 3)],
    )
    seen = count(moved, seen=lambda place: place.department != "Personnel")
    assert list(seen.by["department"]) == ["Support"]
    assert (seen.totals.opened, seen.totals.open_now, seen.totals.overdue_now) == (1, 0, 0)
    assert seen.totals.first_response.count == 1
    assert seen.totals.backlog == (0,) * 8


def test_a_report_of_nothing():
    report = count()
    assert report.totals.resolved_in_time.share is None
    assert report.totals.resolution.elapsed.median is None
    assert report.totals.backlog == (0,) * 8
    assert report.by == {dimension: {} for dimension in DIMENSIONS}
    assert count(since=5, until=5).days == ()
    assert count(history(ticket(), [opened()]), since=5, until=4).totals.backlog == ()


def test_a_ticket_that_was_over_before_the_period_is_in_no_row():
    found = history(ticket(), [opened(), event("status-changed", 1, "open", "resolved")])
    assert count(found, since=48).by["department"] == {}


def test_days_are_those_of_the_zone_across_a_clock_change():
    midnight = datetime(2026, 3, 29, 22, 30, tzinfo=UTC)  # 00:30 of Monday in Berlin, in UTC still Sunday
    found = history(ticket(created_at=midnight), [opened()._replace(at=midnight)])
    report = figures(
        [found], datetime(2026, 3, 28, 12, tzinfo=UTC), datetime(2026, 3, 30, 22, tzinfo=UTC), BERLIN, worked
    ).report()
    assert [day.day for day in report.days] == [28, 29, 30]
    assert report.totals.backlog == (0, 0, 1)


def test_the_90th_percentile_is_the_nearest_rank():
    found = [
        history(ticket(n), [opened(), event("status-changed", n, "open", "resolved")])
        for n in (1, 2, 3, 4, 5, 6, 7, 8, 9, 50)
    ]
    times = count(*found).totals.resolution
    assert (times.elapsed.median, times.elapsed.p90) == (5.5 * 3600, 9 * 3600)


def test_business_hours_are_those_of_the_plan():
    found = history(ticket(), [opened(sla="Never"), event("status-changed", 2, "open", "resolved")])
    assert count(found).totals.resolution.business.median == 0


def test_the_json_has_the_shape_of_the_interface():
    report = count(history(ticket(), [opened(), event("status-changed", 2, "open", "resolved", by=ADMIN)]), until=30)
    found = json.loads(json.dumps(report_json(report)))
    assert found["period"] == {"since": "2026-03-20T09:00:00Z", "until": "2026-03-21T15:00:00Z"}
    assert set(found) == {"period", "totals", "by"}
    assert list(found["by"]) == list(DIMENSIONS)
    assert found["by"]["agent"][0]["name"] is None
    assert found["by"]["department"][0]["name"] == "Support"
    assert found["totals"]["resolution"] == {
        "count": 1,
        "elapsed": {"median": 7200, "p90": 7200},
        "business": {"median": 3600, "p90": 3600},
    }
    assert found["totals"]["backlog"] == [{"day": "2026-03-20", "open": 0}, {"day": "2026-03-21", "open": 0}]
    assert set(found["totals"]) | {"name"} == set(found["by"]["topic"][0])


# ── against a slow count ────────────────────────────────────────────────────────────────

CHOICES = {
    "transferred": ["Support", "Maintenance"],
    "topic-changed": ["General Inquiry", "Printers"],
    "priority-changed": ["Normal", "High"],
    "assigned": [{"agent": "ann"}, {"agent": "bob"}, {"team": "Level I"}],
    "released": [None],
    "replied": [None],
    "noted": [None],
    "status-changed": ["open", "pending", "resolved", "closed"],
    "due-changed": [None, 1, 5, 30],
    "overdue": [None],
}


def some_events(draw: random.Random) -> list[PastEvent]:
    """A ticket's events at random times, statuses only ever changing to another one."""
    hours = draw.uniform(0, 60)
    events = [opened(hours, assignee=draw.choice([None, {"team": "Level I"}]))]
    status = "open"
    for _ in range(draw.randrange(12)):
        hours += draw.choice([0, 0.25, 3, 20])
        kind = draw.choice(list(CHOICES))
        after = draw.choice(CHOICES[kind])
        if kind == "status-changed":
            after = draw.choice([one for one in CHOICES[kind] if one != status])
            status = after
        if kind == "due-changed":
            after = after and rfc3339(at(hours + after))
        events.append(event(kind, hours, after=after, by=draw.choice([Actor.agent("ann"), Actor.agent("bob"), ADMIN])))
    return events


def slow_state(events: list[PastEvent]) -> dict[str, str]:
    """Status and place after all of `events`, each field found by looking back for its last change."""

    def last(kinds: tuple[str, ...], key: str):
        for one in reversed(events):
            if one.kind.value in kinds:
                return one.after
        return getattr(events[0].after, key)

    state = {"status": last(("status-changed",), "status"), "department": last(("transferred",), "department")}
    state |= {"topic": last(("topic-changed",), "topic"), "priority": last(("priority-changed",), "priority")}
    assignee = last(("assigned", "released"), "assignee") or {}
    return state | {"agent": assignee.get("agent", ""), "team": assignee.get("team", "")}


def slow_count(tickets: list[list[PastEvent]], since: datetime, until: datetime, dimension: str, name: str) -> dict:
    """The figures of one row, each by running through all events again."""
    found = dict.fromkeys(("opened", "closed", "reopened", "open_now"), 0) | {"resolutions": [], "answers": []}
    for events in tickets:
        for number, one in enumerate(events):
            before = slow_state(events[:number]) if number else {"status": "new"}
            after = slow_state(events[: number + 1])
            actor = one.agent
            ended = before["status"] in ("open", "pending") and after["status"] in ("resolved", "closed")
            answered = one.kind is EventKind.REPLIED and not any(e.kind is EventKind.REPLIED for e in events[:number])
            place = dict(after)
            closing = one.kind is EventKind.STATUS_CHANGED and one.after == "closed"
            if dimension == "agent" and (answered or ended or closing):
                place["agent"] = (actor or after["agent"]) if answered else (after["agent"] or actor)
            if not since <= one.at < until or (dimension and place[dimension] != name):
                continue
            found["opened"] += one.kind is EventKind.OPENED
            found["closed"] += closing
            again = before["status"] in ("resolved", "closed") and after["status"] in ("open", "pending")
            found["reopened"] += one.kind is EventKind.STATUS_CHANGED and again
            if ended:
                starts = [events[0].at] + [
                    e.at
                    for k, e in enumerate(events[:number])
                    if k
                    and slow_state(events[:k])["status"] in ("resolved", "closed")
                    and e.after in ("open", "pending")
                ]
                found["resolutions"].append((one.at - starts[-1]).total_seconds())
            if answered:
                found["answers"].append((one.at - events[0].at).total_seconds())
        now = slow_state(events)
        found["open_now"] += now["status"] in ("open", "pending") and (not dimension or now[dimension] == name)
    return found


def slow_backlog(tickets: list[list[PastEvent]], end: datetime, dimension: str, name: str) -> int:
    states = [slow_state([e for e in events if e.at < end]) for events in tickets if events[0].at < end]
    return sum(s["status"] in ("open", "pending") and (not dimension or s[dimension] == name) for s in states)


@given(st.integers(0, 10**9), st.integers(-20, 80), st.integers(0, 200))
def test_every_row_equals_a_slow_count(seed, since, length):
    draw = random.Random(seed)
    tickets = [some_events(draw) for _ in range(draw.randrange(4))]
    histories = [history(ticket(created_at=events[0].at), events) for events in tickets]
    report = count(*histories, since=since, until=since + length)
    rows = {("", ""): report.totals}
    rows |= {(dimension, name): found for dimension, names in report.by.items() for name, found in names.items()}
    for (dimension, name), found in rows.items():
        slow = slow_count(tickets, report.since, report.until, dimension, name)
        assert {key: slow[key] for key in ("opened", "closed", "reopened", "open_now")} == {
            "opened": found.opened,
            "closed": found.closed,
            "reopened": found.reopened,
            "open_now": found.open_now,
        }
        assert found.resolved == len(slow["resolutions"])
        assert found.first_response.count == len(slow["answers"])
        for times, seconds in ((found.resolution, slow["resolutions"]), (found.first_response, slow["answers"])):
            if seconds:
                assert sum(value <= times.elapsed.p90 for value in seconds) >= 0.9 * len(seconds)
                assert sum(value < times.elapsed.p90 for value in seconds) < 0.9 * len(seconds)
        for day, open_ in zip(report.days, found.backlog, strict=True):
            midnight = datetime(day.year, day.month, day.day, tzinfo=BERLIN) + timedelta(days=1)
            end = min(midnight.astimezone(UTC), report.until)
            assert open_ == slow_backlog(tickets, end, dimension, name)


@given(st.integers(0, 10**9), st.integers(-20, 80), st.integers(0, 200))
def test_the_rows_of_a_dimension_add_up_to_the_totals(seed, since, length):
    draw = random.Random(seed)
    tickets = [some_events(draw) for _ in range(4)]
    report = count(*(history(ticket(), events, TEAMS) for events in tickets), since=since, until=since + length)
    for rows in report.by.values():
        for name in ("opened", "resolved", "closed", "reopened", "open_now", "overdue_now"):
            assert sum(getattr(found, name) for found in rows.values()) == getattr(report.totals, name)
        for day, total in enumerate(report.totals.backlog):
            assert sum(found.backlog[day] for found in rows.values()) == total


@given(st.integers(0, 10**9))
def test_what_came_less_what_went_is_what_is_open(seed):
    draw = random.Random(seed)
    tickets = [some_events(draw) for _ in range(4)]
    totals = count(*(history(ticket(), events) for events in tickets), since=-1000, until=10_000).totals
    assert totals.opened + totals.reopened - totals.resolved - totals.set_aside == totals.open_now


# ── CSV ─────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_a_name_that_a_spreadsheet_would_run_is_text(text):
    found = history(ticket(), [opened(department=text)])
    rows = list(report_rows(count(found)))
    assert ["department", f"'{text}"] in [row[:2] for row in rows]
    assert without_formula("Support = 1") == "Support = 1"


def test_the_flat_table_has_the_same_columns_in_every_row():
    events = [opened(), event("replied", 0.5), event("status-changed", 1, "open", "resolved")]
    rows = list(report_rows(count(history(ticket(), events))))
    assert rows[0] == list(COLUMNS)
    assert {len(row) for row in rows} == {len(COLUMNS)}
    total = dict(zip(*rows[:2], strict=True))
    assert (total["by"], total["resolved"], total["resolved_in_time"], total["first_answered_in_time"]) == (
        "total",
        "1",
        "1",
        "",
    )
    assert (total["resolution_elapsed_p90"], total["first_response_business_median"]) == ("3600", "900")
    assert (total["satisfaction_good"], total["satisfaction"]) == ("0", "")
    assert len(rows) == 2 + len(DIMENSIONS) + 1  # opened without an agent, resolved by one


# ── words ───────────────────────────────────────────────────────────────────────────────


def test_all_is_said_of_all_alone():
    assert [percent(Attainment(*pair), ENGLISH) for pair in ((0, 0), (3, 2), (1000, 999), (7, 7), (5, 0))] == [
        "–",
        "67%",
        "99%",
        "100%",
        "0%",
    ]
    assert (satisfied(Satisfaction(0, 0, 0), ENGLISH), satisfied(Satisfaction(4, 1, 0), ENGLISH)) == ("–", "80% of 5")


def test_the_plain_report_fits_eighty_columns():
    rated = event("rated", 2, None, "good", by=KAREN)
    events = [opened(topic="A very long help topic / with a child of it", assignee={"agent": "ann"})]
    events += [event("status-changed", 0.5, "open", "resolved"), rated]
    spam = [opened(), event("status-changed", 1, "open", "closed"), event("spam-marked", 1)]
    report = count(history(ticket(), events), history(ticket(), spam))
    for language in ("de", "fr", "es"):
        other = as_text(report, BERLIN, {"ann": "Ann Lee"}, RENDERER.catalogue.words(language))
        assert max(map(len, other.split("\n\n", 2)[2].splitlines())) <= 74, "the tables"
    text = as_text(report, BERLIN, {"ann": "Ann Lee"}, ENGLISH)
    assert max(map(len, text.splitlines())) <= 74
    for words in (
        "Ann Lee",
        "By help topic",
        "Resolved in time 100% (1 of 1)",
        "Merged or spam 1",
        "Requesters said good 1",
    ):
        assert words in text
    assert "(none)" in text
    assert "By team" not in as_text(count(), BERLIN, {}, ENGLISH)


# ── terminal ────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (None, "–"),
        (0, "0 s"),
        (45, "45 s"),
        (60, "1 min"),
        (3600, "1 h"),
        (12000, "3 h 20 min"),
        (86400 * 2 + 4 * 3600 + 300, "2 d 4 h"),
        (86400, "1 d"),
    ],
)
def test_a_duration_as_people_say_it(seconds, said):
    assert duration(seconds, ENGLISH) == said


def test_the_backlog_as_a_line():
    assert backlog_line([0, 4, 8], ENGLISH) == "Backlog ▁▄█ 0 to 8 a day, 8 at the end"
    assert backlog_line([0], ENGLISH) == "Backlog ▁ 0 to 0 a day, 0 at the end"
    assert backlog_line([], ENGLISH) == "Backlog no days"
    assert backlog_line(range(100), ENGLISH).count("▁") < 60


def shown(report) -> str:
    with Path(os.devnull).open("w") as nowhere:
        console = Console(width=80, record=True, file=nowhere)
        show(report, BERLIN, console, ENGLISH, {"ann": "Ann [red]Lee"})
        return console.export_text()


def test_a_report_of_nothing_is_shown():
    assert "by department" not in shown(count())
    assert "Backlog ▁▁▁▁▁▁▁▁ 0 to 0 a day" in shown(count())


def test_the_tables_show_names_and_figures():
    events = [opened(assignee={"agent": "ann"}), event("status-changed", 0.5, "open", "resolved")]
    text = shown(count(history(ticket(), events)))
    assert "Fri 20 Mar 2026, 10:00 CET to Fri 27 Mar 2026, 10:00 CET" in text
    assert "Ann [red]Lee" in text
    assert "100%" in text
    assert "(no team)" in text
    assert "30 min" in text
    assert "by priority" in text
    assert all(len(line) <= 80 for line in text.splitlines())
