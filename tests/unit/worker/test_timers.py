"""Deadlines of tickets: escalation, closing by itself, and one that fails."""

from __future__ import annotations

import pytest

from mailgate.ticket import CLOCK
from tests.desk import ELLIOT, KAREN, Bench, to, told


@pytest.fixture
def bench(tmp_path):
    made = Bench(tmp_path)
    made.opened = {mail.to: mail for mail in made.send(KAREN, "It does not open.", cc="jane@client.example")}
    made.ack = made.opened["karen@client.example"]
    made.alert = made.opened["elliot@bank.example"]
    return made


def test_overdue_and_escalated_steps_are_told_once(bench):
    mails = bench.send(KAREN, "Down", subject="Down", to="outages@bank.example")
    bob = to(mails, "bob@bank.example")
    bench.send("bob@bank.example", "#assign Online Banking", answers=bob)
    bench.new()
    half = bench.wait(minutes=31)
    assert told(half) == {("escalated", "ann@bank.example")}, "the team's lead"
    assert "50% of the time of the SLA plan Sev-A has passed" in half[0].text
    full = bench.wait(minutes=30)
    assert told(full) == {("overdue", "elliot@bank.example"), ("overdue", "bob@bank.example")}
    assert bench.ticket(1002).overdue
    assert bench.kinds(1002)[-2:] == ["escalated", "overdue"]
    assert bench.wait(minutes=30) == []


def test_what_was_resolved_closes_by_itself_in_silence(bench):
    bench.send(ELLIOT, "#resolved", answers=bench.alert)
    assert bench.wait(days=3, seconds=1) == []
    assert bench.ticket().status == "closed"
    assert bench.events()[-1].by == CLOCK


def test_a_deadline_that_cannot_be_worked_is_put_off_and_stops_no_other(bench):
    bench.send("Sam Other <sam@other.example>", "Other", subject="Other")
    bench.db.run("UPDATE ticket SET rest = '{' WHERE number = 1001")
    bench.wait(hours=19)
    assert bench.ticket(1002).overdue
    assert bench.db.one("SELECT min(at) FROM deadline WHERE ticket = 1001")[0] > bench.now.timestamp()
