"""The ticket's life: every status and every act, the clock that follows, and names. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.rules.notices import sentences
from mailgate.rules.people.collaborators import collaborators_of, of_own_organization
from mailgate.rules.routing.criteria import RuleInput
from mailgate.rules.routing.route import Chosen, Routed, RuleResult
from mailgate.rules.ticket import acts, lifecycle, renames
from mailgate.rules.ticket.acts import Act, Stamp
from mailgate.rules.ticket.as_json import entry_json, event_json, rfc3339, ticket_json
from mailgate.rules.ticket.lifecycle import act_on
from mailgate.settings import Department, Routing, Rule, SlaPlan, Step, Team, Tickets, Topic
from mailgate.ticket import (
    ADMIN,
    CLOCK,
    Actor,
    Address,
    Assignee,
    Collaborator,
    Entry,
    EntryKind,
    EventKind,
    Status,
    StatusSpan,
)
from tests.lab import NOW, desk, ticket
from tests.notices import english

HOUR = timedelta(hours=1)
STEPS = (Step(at=0.5, alert=("assignee",)), Step(at=1.0, then=Routing(priority="Emergency")))
CONFIG = replace(
    desk(),
    slas={
        "Default SLA": SlaPlan(name="Default SLA", resolve=18 * HOUR, first_response=HOUR, next_response=2 * HOUR),
        "Sev-A": SlaPlan(name="Sev-A", resolve=HOUR, escalate=STEPS),
        "Sev-B": SlaPlan(name="Sev-B", resolve=4 * HOUR),
        "Sev-C": SlaPlan(name="Sev-C"),
    },
)
ANN = Stamp(Actor.agent("ann"), NOW + HOUR, "why")
KAREN = Stamp(Actor.requester("karen@client.example"), NOW + HOUR)
STATUSES = tuple(Status)


def fresh(**changes):
    """A ticket as the desk opens it."""
    words = Entry(kind=EntryKind.MESSAGE, by=KAREN.by, author=Address("karen@client.example"), at=NOW, text="x")
    return lifecycle.open_ticket(ticket(**changes), Stamp(KAREN.by, NOW), CONFIG, {"a": 1}, words).after


def in_status(status):
    return act_on(fresh(), [acts.status(status, Stamp(Actor.agent("ann"), NOW))], ANN, CONFIG).after


def done(*acts, before=None, stamp=ANN, config=CONFIG):
    return act_on(before or fresh(), list(acts), stamp, config)


def kinds(change):
    return [event.kind.value for event in change.events]


# ── opening ─────────────────────────────────────────────────────────────────────────────


def test_opening_works_out_the_clock_and_records_everything():
    opened = lifecycle.open_ticket(ticket(), Stamp(KAREN.by, NOW, "r"), CONFIG, {"topic": "x"}, None)
    after = opened.after
    assert after.due_at == NOW + 18 * HOUR
    assert after.first_response_by == NOW + HOUR
    assert after.next_response_by is None
    assert after.status_log == (StatusSpan(Status.OPEN, NOW),)
    assert (after.waiting_since, opened.entries) == (None, ())
    assert kinds(opened) == ["opened", "routed"]
    assert opened.events[0].after == ticket_json(after)
    assert opened.events[1].after == {"topic": "x"}
    assert fresh().waiting_since == NOW


def test_a_ticket_has_an_anchor_that_is_the_same_when_its_opening_is_redone():
    assert fresh().anchor == fresh().anchor != fresh(number=1002).anchor
    assert fresh().anchor != fresh(created_at=NOW + HOUR).anchor, "another ticket that gets the number after a restore"


def test_a_ticket_opened_with_a_note_waits_for_no_answer():
    note = Entry(kind=EntryKind.NOTE, by=ANN.by, author=Address("ann@bank.example"), at=NOW, text="x")
    after = lifecycle.open_ticket(ticket(), Stamp(ANN.by, NOW), CONFIG, {}, note).after
    assert (after.waiting_since, after.next_response_by) == (None, None)
    words = replace(note, kind=EntryKind.MESSAGE)
    answered = ticket(first_response_at=NOW)
    after = lifecycle.open_ticket(answered, Stamp(ANN.by, NOW), CONFIG, {}, words).after
    assert after.next_response_by == NOW + 2 * HOUR


def test_a_routed_ticket_says_which_rule_chose_and_to_whom_it_went():
    rules = tuple(Rule(name=name, position=0, then=Routing()) for name in ("VIP", "Late"))
    given = RuleInput.__new__(RuleInput)  # nothing is asked of it
    matched = tuple(RuleResult(rule, given, "new", matched=True) for rule in rules)
    values = {"department": Chosen("Support", "rule:VIP"), "assign": Chosen("agent:ann", "rule:VIP")}
    routed = Routed({**values, "tags": Chosen(("a",), "defaults")}, matched, (given, "new", rules))
    mine = ticket(assignee=Assignee("agent", "ann"), links=(7,))
    change = lifecycle.open_routed(mine, routed, Stamp(KAREN.by, NOW), CONFIG, None)
    assert [(event.kind.value, str(event.by)) for event in change.events] == [
        ("opened", "requester:karen@client.example"),
        ("routed", "rule:VIP"),
        ("assigned", "rule:VIP"),
        ("linked", "requester:karen@client.example"),
    ]
    assert change.events[1].after == {
        "department": {"value": "Support", "from": "rule:VIP"},
        "assign": {"value": "agent:ann", "from": "rule:VIP"},
        "tags": {"value": ["a"], "from": "defaults"},
    }
    assert change.events[2].after == {"agent": "ann"}
    assert change.events[3].after == [7]
    by_default = replace(routed, values={"assign": Chosen("agent:ann", "defaults")}, matched=())
    change = lifecycle.open_routed(mine, by_default, Stamp(KAREN.by, NOW), CONFIG, None)
    assert [str(event.by) for event in change.events[1:3]] == ["requester:karen@client.example", "rule:routing"]
    assert str(lifecycle.open_routed(mine, by_default, ANN, CONFIG, None).events[2].by) == "agent:ann"


def test_a_change_has_its_time_and_what_changes_nothing_is_none():
    change = done(acts.priority("High", ANN))
    assert change.after.updated_at == ANN.at
    same = done(acts.priority("Normal", ANN))
    assert (same.after, same.events) == (same.before, ())


def test_every_target_follows_a_change_of_plan():
    plain = fresh(sla="Sev-C")
    assert (plain.due_at, plain.first_response_by) == (None, None)
    change = done(acts.sla("Default SLA", ANN), before=plain)
    assert change.after.due_at == NOW + 18 * HOUR
    assert change.after.first_response_by == NOW + HOUR


def test_a_due_time_set_by_hand_is_one_event_among_others():
    change = done(acts.due(NOW + 9 * HOUR, ANN), acts.priority("High", ANN))
    assert kinds(change) == ["due-changed", "priority-changed"]


def test_one_event_among_others_moves_the_clock():
    late = lifecycle.fire(fresh(sla="Sev-A"), "100%", CONFIG, NOW + HOUR).after
    both = (acts.sla("Sev-B", ANN), acts.priority("Low", ANN))
    assert done(*both, before=late).after.overdue is False


@pytest.mark.parametrize("status", [Status.RESOLVED, Status.CLOSED])
def test_a_ticket_opened_as_ended_has_an_end(status):
    after = fresh(status=status)
    assert after.resolved_at == NOW
    assert (after.closed_at == NOW) is (status is Status.CLOSED)
    assert after.waiting_since is None


# ── statuses × acts ─────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("new", STATUSES)
@pytest.mark.parametrize("old", STATUSES)
def test_every_change_of_status(old, new):
    before = in_status(old)
    change = done(acts.status(new, ANN), before=before)
    after = change.after
    assert after.status is new
    changes = [event for event in change.events if event.kind is EventKind.STATUS_CHANGED]
    assert [(event.before, event.after, event.reason) for event in changes] == (
        [] if old is new else [(old.value, new.value, "why")]
    )
    assert (after.resolved_at is not None) is (not new.active)
    assert (after.closed_at is not None) is (new is Status.CLOSED)
    reopens = new.active and not old.active
    assert after.reopened == (1 if reopens else 0)
    assert after.sla_started_at == (NOW + HOUR if reopens else NOW)
    assert after.status_log[-1].status is new
    assert after.due_at == (None if new is Status.PENDING else after.due_at)
    if new.active is False:
        assert after.waiting_since is None
        assert not after.overdue


@pytest.mark.parametrize("old", STATUSES)
def test_a_message_of_a_participant_opens_whatever_the_status_was(old):
    words = Entry(kind=EntryKind.MESSAGE, by=KAREN.by, author=Address("k"), at=NOW + HOUR, text="x")
    change = lifecycle.receive(in_status(old), words, KAREN, CONFIG, participant=True)
    assert change.after.status is Status.OPEN
    assert kinds(change)[0] == "message"
    assert change.after.waiting_since == (NOW if old.active else NOW + HOUR)
    reasons = [event.reason for event in change.events if event.kind is EventKind.STATUS_CHANGED]
    assert reasons == {"open": [], "pending": ["answered"]}.get(old.value, ["reopened by an answer"])


def test_a_ticket_that_is_open_again_has_the_due_time_of_its_plan():
    """One that was set by hand was for what has ended."""
    by_hand = done(acts.due(NOW + 9 * HOUR, ANN)).after
    ended = done(acts.status(Status.RESOLVED, ANN), before=by_hand).after
    again = Stamp(KAREN.by, NOW + 30 * HOUR)
    after = done(acts.status(Status.OPEN, again), before=ended, stamp=again).after
    assert (after.due_manual, after.due_at, after.reopened) == (None, NOW + 48 * HOUR, 1)


@pytest.mark.parametrize("old", STATUSES)
def test_a_message_of_anybody_else_and_an_auto_reply_change_nothing_but_the_thread(old):
    before = in_status(old)
    words = Entry(kind=EntryKind.MESSAGE, by=Actor.requester("eve"), author=Address("eve"), at=NOW + HOUR, text="x")
    for change in (
        lifecycle.receive(before, words, KAREN, CONFIG, participant=False),
        lifecycle.keep_auto_reply(before, words, KAREN, CONFIG),
        lifecycle.note_event(before, EventKind.BOUNCED, KAREN, CONFIG, {"x": 1}),
    ):
        assert replace(change.after, updated_at=before.updated_at) == before
        assert len(change.events) == 1


def test_a_status_is_never_older_than_the_one_before():
    before = done(acts.status(Status.PENDING, ANN)).after
    early = Stamp(Actor.requester("k"), NOW - HOUR)
    after = done(acts.status(Status.OPEN, early), before=before, stamp=early).after
    assert [span.since for span in after.status_log] == [NOW, NOW + HOUR, NOW + HOUR]


# ── the agent's side ────────────────────────────────────────────────────────────────────


def test_the_first_reply_meets_the_first_response_and_ends_the_wait():
    first = done(acts.reply("ann", ANN)).after
    assert (first.first_response_at, first.waiting_since, first.last_respondent) == (NOW + HOUR, None, "ann")
    missed = replace(first, escalated=("next_response", "50%"))
    second = done(acts.reply("", Stamp(ADMIN, NOW + 2 * HOUR)), before=missed).after
    assert (second.first_response_at, second.last_respondent) == (NOW + HOUR, "ann")
    assert second.escalated == ("50%",)


def test_assigning_and_releasing():
    taken = done(acts.assign(Assignee("agent", "ann"), ANN))
    assert [(e.before, e.after) for e in taken.events] == [(None, {"agent": "ann"})]
    assert kinds(done(acts.assign(Assignee("agent", "ann"), ANN), before=taken.after)) == []
    team = done(acts.assign(Assignee("team", "Online Banking"), ANN), before=taken.after)
    released = done(acts.assign(None, ANN), before=team.after)
    assert [(e.kind.value, e.before, e.after) for e in released.events] == [
        ("released", {"team": "Online Banking"}, None)
    ]


def test_a_transfer_releases_who_does_not_belong_there_and_chooses_an_inherited_plan_anew():
    before = fresh(assignee=Assignee("agent", "ann"))
    change = done(acts.transfer("Maintenance", ANN, CONFIG), before=before)
    assert change.after.assignee is None
    assert (change.after.sla, change.after.sla_from) == ("Sev-B", "department:Maintenance")
    assert change.after.due_at == NOW + 4 * HOUR
    assert kinds(change) == ["transferred", "released", "sla-changed", "due-changed"]
    assert change.events[1].reason == "not in Maintenance"
    same = done(acts.transfer("Support", ANN, CONFIG), before=before)
    assert kinds(same) == []
    kept = done(acts.transfer("Maintenance", ANN, CONFIG), before=fresh(assignee=Assignee("agent", "elliot")))
    assert kept.after.assignee is not None
    team = done(acts.transfer("Maintenance", ANN, CONFIG), before=fresh(assignee=Assignee("team", "Online Banking")))
    assert team.after.assignee is not None


def test_a_plan_that_somebody_chose_outlives_a_transfer():
    chosen = done(acts.sla("Sev-A", ANN), acts.transfer("Maintenance", ANN, CONFIG))
    assert chosen.after.sla == "Sev-A"
    by_rule = done(acts.transfer("Maintenance", ANN, CONFIG), before=fresh(sla="Sev-C", sla_from="rule:VIP"))
    assert by_rule.after.sla == "Sev-C"


def test_the_plan_of_the_address_counts_before_those_of_topic_and_department():
    support = replace(CONFIG.addresses["support@bank.example"], routing=Routing(sla="Sev-C"))
    config = replace(CONFIG, addresses={**CONFIG.addresses, support.email: support})
    after = done(acts.transfer("Maintenance", ANN, config), config=config).after
    assert (after.sla, after.sla_from) == ("Sev-C", "address")


def test_a_topic_brings_its_plan_and_goes_back_to_the_default_without_one():
    there = done(acts.topic("Business Critical Outage", ANN, CONFIG))
    assert (there.after.sla, there.after.sla_from) == ("Sev-A", "topic:Business Critical Outage")
    back = done(acts.topic("General Inquiry", ANN, CONFIG), before=there.after)
    assert (back.after.sla, back.after.sla_from) == ("Default SLA", "defaults")
    assert kinds(done(acts.topic("General Inquiry", ANN, CONFIG))) == []
    gone = fresh(department="Gone", address="gone@x", sla_from="department:Gone")
    nothing = replace(CONFIG, defaults=replace(CONFIG.defaults, sla=None))
    assert done(acts.topic("Gone", ANN, nothing), before=gone, config=nothing).after.sla == "Default SLA"


def test_an_explicit_plan_takes_the_place_of_a_due_time_set_by_hand():
    by_hand = done(acts.due(NOW + 9 * HOUR, ANN))
    assert by_hand.after.due_at == NOW + 9 * HOUR
    assert [(e.kind.value, e.reason) for e in by_hand.events] == [("due-changed", "why")]
    assert kinds(done(acts.due(NOW + 9 * HOUR, ANN), before=by_hand.after)) == []
    plan = done(acts.sla("Sev-A", ANN), before=by_hand.after)
    assert plan.after.due_at == NOW + HOUR
    assert kinds(plan) == ["sla-changed", "due-changed"]
    same = done(acts.sla("Default SLA", ANN))
    assert (kinds(same), same.after.sla_from) == ([], "agent:ann")


def test_priority_tags_and_copying_in():
    assert kinds(done(acts.priority("High", ANN))) == ["priority-changed"]
    assert kinds(done(acts.priority("Normal", ANN))) == []
    tagged = done(acts.tag(["a", "b"], ANN), acts.tag(["b"], ANN))
    assert (tagged.after.tags, kinds(tagged)) == (("a", "b"), ["tagged"])
    jane = Collaborator("jane@client.example")
    copied = done(acts.copy_in([jane], ANN), acts.copy_in([jane], ANN))
    assert (copied.after.collaborators, kinds(copied)) == ((jane,), ["cc-changed"])


def test_pending_until_then_and_open_again():
    until = NOW + 5 * HOUR
    asleep = done(acts.status(Status.PENDING, ANN), acts.wake(until, ANN))
    assert (asleep.after.wake_at, kinds(asleep)[:2]) == (until, ["status-changed", "wake-changed"])
    assert [english(sentences.event_sentence(event, asleep.after, CONFIG)) for event in asleep.events[1:2]] == [
        "It is pending until Sat 21 Nov 2026, 17:00 UTC."
    ]
    assert kinds(done(acts.wake(until, ANN), before=asleep.after)) == []
    endless = done(acts.wake(None, ANN), before=asleep.after)
    assert (endless.after.wake_at, endless.events[0].before) == (None, rfc3339(until))
    said = sentences.event_sentence(endless.events[0], endless.after, CONFIG)
    assert english(said) == "It is pending with no end date."
    for status in set(STATUSES) - {Status.PENDING}:
        assert done(acts.status(status, ANN), before=asleep.after).after.wake_at is None
    woken = lifecycle.fire(asleep.after, "wake", CONFIG, until)
    assert (woken.after.status, woken.after.wake_at) == (Status.OPEN, None)
    told = [english(sentences.event_sentence(event, woken.after, CONFIG)) for event in woken.events]
    assert [fact for fact in told if fact] == ["The ticket is open again: the time set has come"]


def test_a_later_due_time_takes_the_flag_back_and_starts_the_ladder_over():
    late = lifecycle.fire(fresh(sla="Sev-A"), "100%", CONFIG, NOW + HOUR).after
    assert (late.overdue, late.escalated, late.priority) == (True, ("100%",), "Emergency")
    after = done(acts.due(NOW + 9 * HOUR, ANN), before=late).after
    assert (after.overdue, after.escalated) == (False, ())
    still = done(acts.due(NOW + timedelta(minutes=30), ANN), before=late).after
    assert (still.overdue, still.escalated) == (True, ("100%",))


def test_a_plan_without_a_due_time_ends_what_was_overdue():
    late = lifecycle.fire(fresh(sla="Sev-A"), "100%", CONFIG, NOW + HOUR).after
    after = done(acts.sla("Sev-C", ANN), before=late).after
    assert (after.due_at, after.overdue) == (None, False)


@pytest.mark.parametrize(
    "act",
    [
        pytest.param(lambda stamp: acts.priority("High", stamp), id="another priority"),
        pytest.param(lambda stamp: acts.transfer("Maintenance", stamp, CONFIG), id="another department"),
        pytest.param(lambda stamp: acts.topic("Printers", stamp, CONFIG), id="another topic"),
        pytest.param(lambda stamp: acts.status(Status.PENDING, stamp), id="another status"),
        pytest.param(lambda stamp: acts.sla("Like Sev-A", stamp), id="another plan with the same time"),
    ],
)
def test_what_came_before_the_due_time_and_is_worked_after_it_takes_no_flag_back(act: Callable[[Stamp], Act]):
    """So it is when the system's clock was ahead for an hour."""
    plan = replace(CONFIG.slas["Sev-A"], pause=())
    config = replace(CONFIG, slas={**CONFIG.slas, "Sev-A": plan, "Like Sev-A": replace(plan, name="Like Sev-A")})
    late = lifecycle.fire(fresh(sla="Sev-A", sla_from="agent:ann"), "100%", config, NOW + HOUR).after
    early = Stamp(KAREN.by, NOW + HOUR / 2)
    change = done(act(early), before=late, stamp=early, config=config)
    assert change.events
    assert (change.after.due_at, change.after.overdue) == (late.due_at, True)
    assert change.after.escalated == ("100%",), "nothing is announced twice"


def test_a_new_plan_has_targets_of_its_own_also_where_nothing_is_due():
    slower = replace(CONFIG.slas["Sev-C"], first_response=4 * HOUR)
    config = replace(CONFIG, slas={**CONFIG.slas, "Sev-A": replace(slower, name="Sev-A"), "Sev-C": slower})
    missed = lifecycle.fire(fresh(sla="Sev-C"), "first_response", config, NOW + HOUR).after
    change = done(acts.sla("Sev-A", ANN), acts.priority("High", ANN), before=missed, config=config)
    assert (change.before.due_at, change.after.due_at, change.after.escalated) == (None, None, ())


def test_another_time_of_the_plan_counts_with_the_next_change():
    """By a new configuration; what was overdue is not, and becomes so again at its new time."""
    late = lifecycle.fire(fresh(sla="Sev-A"), "100%", CONFIG, NOW + HOUR).after
    plans = {**CONFIG.slas, "Sev-A": replace(CONFIG.slas["Sev-A"], resolve=2 * HOUR)}
    longer = replace(CONFIG, slas=plans)
    stamp = Stamp(ANN.by, NOW + HOUR + HOUR / 2)
    change = done(acts.priority("High", stamp), before=late, stamp=stamp, config=longer)
    assert kinds(change) == ["priority-changed", "due-changed"]
    assert (change.after.due_at, change.after.overdue, change.after.escalated) == (NOW + 2 * HOUR, False, ())
    later = Stamp(ANN.by, NOW + 3 * HOUR)
    after = done(
        acts.priority("High", later), before=replace(late, escalated=("50%", "100%")), stamp=later, config=longer
    )
    assert (after.after.overdue, after.after.escalated) == (True, ("50%", "100%")), "both times are past"


def test_a_pause_does_not_forgive_what_was_overdue():
    late = lifecycle.fire(fresh(sla="Sev-A"), "100%", CONFIG, NOW + HOUR).after
    stamp = Stamp(Actor.agent("ann"), NOW + 2 * HOUR)
    after = done(acts.status(Status.PENDING, stamp), before=late, stamp=stamp).after
    assert after.overdue
    assert after.due_at == NOW + HOUR


# ── the clock's side ────────────────────────────────────────────────────────────────────


def test_the_clock_closes_wakes_and_climbs_the_ladder():
    closed = lifecycle.fire(in_status(Status.RESOLVED), "close", CONFIG, NOW + HOUR)
    assert (closed.after.status, closed.events[0].by, closed.events[0].reason) == (
        Status.CLOSED,
        CLOCK,
        "resolved long enough",
    )
    woken = lifecycle.fire(in_status(Status.PENDING), "wake", CONFIG, NOW + HOUR)
    assert woken.after.status is Status.OPEN
    late = lifecycle.fire(fresh(sla="Sev-A"), "100%", CONFIG, NOW + HOUR).after
    assert lifecycle.fire(late, "200%", CONFIG, NOW + 2 * HOUR).after.overdue
    half = lifecycle.fire(fresh(sla="Sev-A"), "50%", CONFIG, NOW + HOUR)
    assert (kinds(half), half.after.overdue) == (["escalated"], False)
    missed = lifecycle.fire(fresh(), "first_response", CONFIG, NOW + HOUR)
    assert missed.events[0].after == {"step": "first_response", "due_at": rfc3339(NOW + 18 * HOUR)}


def test_a_steps_routing_is_done_to_the_ticket():
    routing = Routing(
        topic="Report a Problem",
        department="Maintenance",
        sla="Sev-B",
        priority="High",
        assign="team:Online Banking",
        status="pending",
        tags=("late",),
    )
    change = done(*acts.routing_acts(routing, Stamp(CLOCK, NOW + HOUR), CONFIG))
    after = change.after
    assert (after.topic, after.department, after.sla, after.priority) == (
        "Report a Problem",
        "Maintenance",
        "Sev-B",
        "High",
    )
    assert (str(after.assignee), after.status, after.tags) == ("team:Online Banking", Status.PENDING, ("late",))
    assert acts.routing_acts(Routing(), ANN, CONFIG) == []
    plan = done(*acts.routing_acts(Routing(sla="Sev-A"), ANN, CONFIG)).after
    assert (plan.sla, plan.sla_from) == ("Sev-A", "agent:ann")


def test_how_long_an_answer_reopens():
    month = Tickets().reopen_within
    closed = in_status(Status.CLOSED)
    assert lifecycle.may_reopen(closed, NOW + month, CONFIG)
    assert not lifecycle.may_reopen(closed, NOW + month + HOUR, CONFIG)
    assert lifecycle.may_reopen(fresh(), NOW + 99 * month, CONFIG)
    assert lifecycle.may_reopen(replace(closed, closed_at=None, resolved_at=None), NOW + 99 * month, CONFIG)


# ── derivable from the events ───────────────────────────────────────────────────────────

ACTS = st.sampled_from(
    [
        *(lambda stamp, status=status: acts.status(status, stamp) for status in STATUSES),
        *(lambda stamp, name=name: acts.priority(name, stamp) for name in ("Low", "High")),
        *(lambda stamp, name=name: acts.sla(name, stamp) for name in ("Sev-A", "Sev-B", "Sev-C")),
        *(lambda stamp, name=name: acts.transfer(name, stamp, CONFIG) for name in CONFIG.departments),
        *(lambda stamp, name=name: acts.topic(name, stamp, CONFIG) for name in CONFIG.topics),
        *(lambda stamp, who=who: acts.assign(Assignee("agent", who), stamp) for who in ("ann", "bob")),
        lambda stamp: acts.assign(None, stamp),
        lambda stamp: acts.due(stamp.at + 5 * HOUR, stamp),
        lambda stamp: acts.reply("ann", stamp),
        lambda stamp: acts.tag(["x"], stamp),
    ]
)
FIELDS = {
    "status-changed": "status",
    "priority-changed": "priority",
    "sla-changed": "sla",
    "transferred": "department",
    "topic-changed": "topic",
    "assigned": "assignee",
    "released": "assignee",
    "due-changed": "due_at",
    "tagged": "tags",
}


@given(st.lists(st.tuples(ACTS, st.integers(0, 600)), max_size=12))
def test_every_state_can_be_derived_from_the_events(plan):
    opened = lifecycle.open_ticket(ticket(), Stamp(KAREN.by, NOW), CONFIG, {}, None)
    now, state = NOW, dict(opened.events[0].after)
    current = opened.after
    for make, minutes in plan:
        now += timedelta(minutes=minutes)
        change = act_on(current, [make(Stamp(Actor.agent("ann"), now))], Stamp(Actor.agent("ann"), now), CONFIG)
        for event in change.events:
            if event.kind.value in FIELDS:
                name = FIELDS[event.kind.value]
                assert state[name] == event.before, "an event says truly what was before"
                state[name] = event.after
        current = change.after
        shown = ticket_json(current)
        assert {name: state[name] for name in FIELDS.values()} == {name: shown[name] for name in FIELDS.values()}


def test_snapshots_are_the_interfaces():
    assert list(ticket_json(fresh(assignee=Assignee("team", "T"), collaborators=(Collaborator("j@c"),)))) == [
        "number",
        "subject",
        "status",
        "requester",
        "collaborators",
        "department",
        "topic",
        "priority",
        "sla",
        "assignee",
        "tags",
        "fields",
        "language",
        "source",
        "address",
        "created_at",
        "updated_at",
        "due_at",
        "first_response_by",
        "overdue",
        "first_response_at",
        "resolved_at",
        "closed_at",
        "wake_at",
        "reopened",
        "links",
        "satisfaction",
        "asked",
        "merged_into",
        "merged",
        "spam",
    ]
    assert ticket_json(fresh(assignee=Assignee("team", "T")))["assignee"] == {"team": "T"}
    words = Entry(kind=EntryKind.NOTE, by=Actor.agent("ann"), author=Address("a@b", "A"), at=NOW, text="t", id=7)
    assert entry_json(words)["from"] == {"name": "A", "email": "a@b"}
    assert event_json(ANN.event(EventKind.NOTED))["at"] == "2026-11-21T13:00:00Z"
    assert rfc3339(None) is None


# ── collaborators ───────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "email",
    [
        "support@bank.example",
        "support+kabc@bank.example",
        "ann@bank.example",
        "noreply@x.example",
        "no-reply@x.example",
        "do_not.reply@x.example",
        "mailer-daemon@x.example",
        "postmaster@x.example",
        "list-request@x.example",
        "staff-owner@x.example",
        "karen@client.example",
        "undisclosed-recipients",
    ],
)
def test_who_never_is_a_collaborator(email):
    assert collaborators_of([Address(email)], ticket(), CONFIG, active=True) == ()


def test_people_are_as_far_as_there_is_room():
    people = [Address(f"p{n}@x.example", "P") for n in range(20)] + [Address("p0@x.example")]
    found = collaborators_of(people, ticket(), CONFIG, active=lambda _: False)
    assert len(found) == CONFIG.tickets.max_collaborators
    assert found[0] == Collaborator("p0@x.example", "", active=False)
    late = [Address("late@x.example")]
    waiting = ticket(collaborators=found)
    assert collaborators_of(late, waiting, CONFIG, active=lambda _: False) == ()
    assert len(collaborators_of(late, waiting, CONFIG, active=lambda _: True)) == 1, "who waits takes nobody's room"
    full = ticket(collaborators=tuple(replace(each, active=True) for each in found))
    assert collaborators_of(late, full, CONFIG, active=lambda _: True) == ()
    some = collaborators_of(people, ticket(), CONFIG, active=lambda email: email == "p15@x.example")
    assert [each.email for each in some if each.active] == ["p15@x.example"]
    assert len(some) == CONFIG.tickets.max_collaborators


@pytest.mark.parametrize(
    ("one", "other", "own"),
    [
        ("a@x.example", "b@x.example", True),
        ("a@x.example", "b@y.example", False),
        ("a@gmail.com", "b@gmail.com", False),
        ("a@yahoo.co.uk", "b@yahoo.co.uk", False),
        ("a@mail.client.example", "b@mail.client.example", True),
    ],
)
def test_who_is_of_the_requesters_own_organization(one, other, own):
    assert of_own_organization(one, other, CONFIG) is own


# ── renamed things ──────────────────────────────────────────────────────────────────────


def test_new_names_are_taken_and_what_bears_an_old_name_again_is_not():
    config = replace(
        CONFIG,
        departments={**CONFIG.departments, "Ops": Department(name="Ops", was=("Servers", "Support"))},
        topics={**CONFIG.topics, "Down": Topic(name="Down", was=("Outage",))},
        slas={**CONFIG.slas, "Fast": SlaPlan(name="Fast", resolve=HOUR, was=("Hot",))},
        teams={"Bank": Team(name="Bank", was=("Old Bank",))},
    )
    before = fresh(department="Servers", topic="Outage", sla="Hot", assignee=Assignee("team", "Old Bank"))
    change = renames.rename(before, Stamp(ADMIN, NOW), config)
    after = change.after
    assert (after.department, after.topic, after.sla, str(after.assignee)) == ("Ops", "Down", "Fast", "team:Bank")
    assert kinds(change)[:4] == ["transferred", "topic-changed", "sla-changed", "assigned"]
    ann = replace(CONFIG.agents["ann"], key="annie", was=("ann",))
    heirs = replace(CONFIG, agents={"annie": ann})
    handed = renames.rename(fresh(assignee=Assignee("agent", "ann")), Stamp(ADMIN, NOW), heirs)
    assert str(handed.after.assignee) == "agent:annie"
    assert kinds(handed) == ["assigned"]
    untouched = renames.rename(fresh(assignee=Assignee("agent", "ann")), Stamp(ADMIN, NOW), config)
    assert kinds(untouched) == []
    assert untouched.after.department == "Support"
    nobodys = renames.rename(fresh(department="Servers"), Stamp(ADMIN, NOW), config)
    assert (nobodys.after.department, nobodys.after.assignee) == ("Ops", None)
