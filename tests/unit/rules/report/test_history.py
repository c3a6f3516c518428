"""The report reads the events that the desk really writes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from mailgate.config.load import load
from mailgate.rules.report.history import Case, Opening, PastEvent, history
from mailgate.rules.ticket import acts, lifecycle
from mailgate.rules.ticket.acts import Stamp
from mailgate.rules.ticket.lifecycle import act_on
from mailgate.ticket import Actor, Address, Assignee, Entry, EntryKind, EventKind, Status, Ticket

BY_ANN = Actor.agent("ann")
START = datetime(2026, 11, 20, 10, 0, 0, 400000, tzinfo=UTC)
CONFIG = """
[desk]
name = "First Bank Help Desk"
[address."support@bank.example"]
name = "First Bank Support"
[smtp]
[relay]
[department.Maintenance]
[agent.ann]
name = "Ann Lee"
email = ["ann@bank.example"]
departments = ["Support", "Maintenance"]
[agent.bob]
name = "Bob Ray"
email = ["bob@bank.example"]
[team."Online Banking"]
members = ["ann"]
[sla."Sev-A"]
resolve = "1h"
first_response = "30m"
"""


class Life:
    """One ticket's life, act by act, with every event it writes."""

    def __init__(self, config):
        self.config = config
        self.ticket = Ticket(
            number=1001,
            subject="Login",
            status=Status.OPEN,
            requester=Address("karen@x.example"),
            department="Support",
            topic="General Inquiry",
            priority="Normal",
            sla="Sev-A",
            address="support@bank.example",
            created_at=START,
            updated_at=START,
            sla_started_at=START,
        )
        self.events = []
        self.keep(
            lifecycle.open_ticket(self.ticket, Stamp(Actor.requester("karen@x.example"), START), config, {}, None)
        )

    def keep(self, change):
        self.ticket = change.after
        self.events += change.events

    def act(self, minutes: float, *acts, by: Actor = BY_ANN):
        stamp = Stamp(by, START + timedelta(minutes=minutes))
        self.keep(act_on(self.ticket, [act(stamp) for act in acts], stamp, self.config))

    def fire(self, minutes: float, step: str):
        self.keep(lifecycle.fire(self.ticket, step, self.config, START + timedelta(minutes=minutes)))

    def status(self, minutes: float, status: Status):
        self.act(minutes, lambda stamp: acts.status(status, stamp))

    def told(self):
        names = ("number", "department", "topic", "priority", "sla", "created_at", "first_response_by", "overdue")
        case = Case(**{name: getattr(self.ticket, name) for name in names})
        events = [PastEvent(event.kind, event.by.agent_key, event.at, *_told(event)) for event in self.events]
        return history(case, events, {"Online Banking": ("ann",)})


def _told(event):
    if event.kind is EventKind.OPENED:
        return Opening(*map(event.after.get, Opening._fields)), event.after["due_at"]
    return event.after, event.before


@pytest.fixture
def life(tmp_path) -> Life:
    (tmp_path / "config.toml").write_text(CONFIG)
    return Life(load(tmp_path / "config.toml")[0])


@pytest.mark.parametrize(("minutes", "in_time"), [(59, True), (60, True), (61, False)])
def test_resolved_in_time(life, minutes, in_time):
    life.status(minutes, Status.RESOLVED)
    assert [found.in_time for found in life.told().resolutions] == [in_time]


@pytest.mark.parametrize(("minutes", "in_time"), [(30, True), (31, False)])
def test_first_answered_in_time(life, minutes, in_time):
    life.act(minutes, acts.note, by=Actor.agent("bob"))
    life.act(minutes, lambda stamp: acts.reply("bob", stamp), by=Actor.agent("bob"))
    assert life.told().answer.in_time is in_time
    assert life.told().answer.place.agent == "bob"


@pytest.mark.parametrize("minutes", [30, 100, 170])
def test_resolved_out_of_a_pause_is_judged_without_the_pause(life, minutes):
    life.status(20, Status.PENDING)
    life.status(20 + minutes, Status.RESOLVED)
    assert [found.in_time for found in life.told().resolutions] == [True]


@pytest.mark.parametrize(("minutes", "in_time"), [(39, True), (41, False)])
def test_resolved_after_a_pause_is_judged_by_what_was_left(life, minutes, in_time):
    life.status(20, Status.PENDING)
    life.status(200, Status.OPEN)
    life.status(200 + minutes, Status.RESOLVED)
    assert [found.in_time for found in life.told().resolutions] == [in_time]


def test_overdue_before_a_pause_stays_missed(life):
    life.fire(60, "100%")
    assert life.told().overdue
    life.status(70, Status.PENDING)
    life.status(80, Status.CLOSED)
    told = life.told()
    assert (told.resolutions[0].in_time, len(told.closed), told.overdue) == (False, 1, False)


def test_overdue_and_given_more_time_is_in_time(life):
    life.fire(60, "100%")
    life.act(70, lambda stamp: acts.due(START + timedelta(minutes=120), stamp))
    assert not life.told().overdue
    life.status(110, Status.RESOLVED)
    assert life.told().resolutions[0].in_time is True


def test_a_reopened_ticket_is_judged_by_its_new_clock(life):
    life.status(90, Status.RESOLVED)
    answer = Entry(
        kind=EntryKind.MESSAGE,
        by=Actor.requester("karen@x.example"),
        author=life.ticket.requester,
        at=START,
        text="Still",
    )
    again = Stamp(Actor.requester("karen@x.example"), START + timedelta(minutes=200))
    life.keep(lifecycle.receive(life.ticket, replace(answer, at=again.at), again, life.config, participant=True))
    life.status(250, Status.RESOLVED)
    told = life.told()
    assert [found.in_time for found in told.resolutions] == [False, True]
    assert told.resolutions[1].since == again.at
    assert len(told.reopened) == 1


def test_the_place_follows_transfer_and_assignment(life):
    life.act(10, lambda stamp: acts.assign(Assignee("team", "Online Banking"), stamp))
    life.act(20, lambda stamp: acts.assign(Assignee("agent", "ann"), stamp))
    life.act(30, lambda stamp: acts.transfer("Maintenance", stamp, life.config))
    life.act(40, lambda stamp: acts.priority("High", stamp))
    place = life.told().now
    assert (place.team, place.agent, place.department, place.priority) == (
        "Online Banking",
        "ann",
        "Maintenance",
        "High",
    )
    life.act(50, lambda stamp: acts.assign(None, stamp))
    assert (life.told().now.team, life.told().now.agent) == ("", "")
