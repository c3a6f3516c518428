"""Who is handed the next ticket: fair, deterministic, and never who cannot take it."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.rules.people.auto_assign import LEAST_LOADED, ROUND_ROBIN, choose
from mailgate.ticket import Actor
from tests.desk import CONFIG, KAREN, Bench, to, told

MEMBERS = ("a", "b", "c", "d")
ROBIN = CONFIG.replace('members = ["elliot", "bob"]', 'members = ["elliot", "bob", "ann"]\nhand_out = "round-robin"')
ROBIN += """
[[rule]]
name = "To the team"
when = { subject = "banking" }
then = { assign = "team:Online Banking" }
"""
DEPARTMENT = CONFIG.replace(
    '[department."Systems Administrators"]', '[department."Systems Administrators"]\nhand_out = "least-loaded"'
)


@given(st.sets(st.sampled_from(MEMBERS), min_size=1), st.integers(1, 60))
def test_round_robin_gives_nobody_two_more_than_another(members, tickets):
    turns: dict[str, int] = {}
    among = [key for key in MEMBERS if key in members]
    given_ = Counter(dict.fromkeys(among, 0))
    for ticket in range(1, tickets + 1):
        chosen = choose(ROUND_ROBIN, among, turns, {})
        turns[chosen] = ticket
        given_[chosen] += 1
    assert max(given_.values()) - min(given_.values()) <= 1


@given(st.lists(st.sets(st.sampled_from(MEMBERS)), max_size=40))
def test_who_is_here_longest_without_a_ticket_is_next_whoever_was_away(here):
    turns: dict[str, int] = {}
    for ticket, present in enumerate(here, start=1):
        among = [key for key in MEMBERS if key in present]
        chosen = choose(ROUND_ROBIN, among, turns, {})
        assert (chosen in among) if among else chosen == ""
        assert all(turns.get(chosen, 0) <= turns.get(other, 0) for other in among)
        turns |= {chosen: ticket} if chosen else {}


@given(st.dictionaries(st.sampled_from(MEMBERS), st.integers(0, 5)), st.permutations(MEMBERS))
def test_least_loaded_takes_the_least_and_of_equals_the_longest_wait(load, order):
    turns = {key: turn for turn, key in enumerate(order, start=1)}
    chosen = choose(LEAST_LOADED, MEMBERS, turns, load)
    least = min(load.get(key, 0) for key in MEMBERS)
    assert chosen == next(key for key in order if load.get(key, 0) == least)


@pytest.fixture
def robin(tmp_path):
    return Bench(tmp_path, ROBIN)


def holder(bench, number):
    return str(bench.ticket(number).assignee)


def test_a_teams_tickets_go_round_and_each_is_told_alone(robin):
    mails = [robin.send(KAREN, "It fails.", subject=f"Banking {n}") for n in range(6)]
    assert [holder(robin, 1001 + n) for n in range(6)] == [f"agent:{key}" for key in ("elliot", "bob", "ann") * 2]
    assert told(mails[1]) >= {("assigned", "bob@bank.example")}
    assert [mail.kind for mail in mails[1] if mail.kind == "assigned"] == ["assigned"]
    assert "The ticket goes to you: handed out by the team Online Banking" in to(mails[1], "bob@bank.example").text


def test_the_events_say_who_handed_it_out_and_why(robin):
    robin.send(KAREN, "It fails.", subject="Banking")
    first, second = [event for event in robin.events() if event.kind.value == "assigned"]
    assert (first.by, first.after) == (Actor.rule("To the team"), {"team": "Online Banking"})
    assert (second.by, second.reason) == (Actor.rule("hand_out"), "handed out by the team Online Banking")
    assert (second.before, second.after) == ({"team": "Online Banking"}, {"agent": "elliot"})


def test_who_is_away_is_passed_over_and_with_all_away_the_team_keeps_it(robin):
    robin.send(KAREN, "It fails.", subject="Banking")
    for who in ("elliot", "bob", "ann"):
        robin.db.run("INSERT INTO absence (agent, since, by) VALUES (?, 0, 'admin')", [who])
        robin.send(KAREN, "It fails.", subject=f"Banking without {who}")
    assert [holder(robin, n) for n in (1001, 1002, 1003)] == ["agent:elliot", "agent:bob", "agent:ann"]
    assert holder(robin, 1004) == "team:Online Banking"


def test_who_gives_a_ticket_to_the_team_does_not_get_it_back(robin):
    mails = robin.send(KAREN, "It fails.", subject="Another")
    mails = robin.send("elliot@bank.example", "#assign Online Banking\n", answers=to(mails, "elliot@bank.example"))
    assert holder(robin, 1001) == "agent:bob"
    answer = to(mails, "elliot@bank.example")
    assert "Assigned to the team Online Banking." in answer.text
    assert "Handed out to Bob Base." in answer.text


def test_releasing_hands_nothing_out(tmp_path):
    bench = Bench(tmp_path, CONFIG.replace("[department.Support]", '[department.Support]\nhand_out = "round-robin"'))
    mails = bench.send(KAREN, "It fails.")
    assert holder(bench, 1001) == "agent:elliot"
    bench.send("elliot@bank.example", "#release\n", answers=to(mails, "elliot@bank.example"))
    assert bench.ticket().assignee is None


def test_a_department_hands_out_to_who_has_the_fewest_and_may_answer(tmp_path):
    both = 'departments = ["Support", "Systems Administrators"]'
    bench = Bench(tmp_path, DEPARTMENT.replace('departments = ["Support"]', both))
    for _ in range(4):
        bench.send(KAREN, "Down.", to="outages@bank.example")
    # Vera may only look. The first two go round; Elliot then resolves one of his.
    assert [holder(bench, 1001 + n) for n in range(4)] == ["agent:elliot", "agent:bob"] * 2
    mine = next(mail for mail in bench.sent() if mail.to == "elliot@bank.example" and mail.ticket == 1001)
    bench.send("elliot@bank.example", "#resolve\n", answers=mine)
    bench.send(KAREN, "Down.", to="outages@bank.example")
    assert holder(bench, 1005) == "agent:elliot"


def test_a_transfer_to_a_department_that_hands_out_gives_it_to_one(tmp_path):
    bench = Bench(tmp_path, DEPARTMENT)
    mails = bench.send(KAREN, "It fails.")
    bench.send("elliot@bank.example", "#transfer systems\n", answers=to(mails, "elliot@bank.example"))
    assert holder(bench, 1001) == "agent:bob"


def test_what_was_undone_has_taken_no_turn(robin):
    robin.send(KAREN, "It fails.", subject="Banking")
    bob = ('{"agent":"bob"}', "handed out by the team Online Banking")
    sql = "INSERT INTO event (ticket, kind, by, at, after, reason) VALUES (1001, 'assigned', 'rule:hand_out', 0, ?, ?)"

    def undone():
        with robin.db.transaction():
            robin.db.run(sql, bob)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        undone()
    robin.send(KAREN, "It fails.", subject="Banking")
    assert holder(robin, 1002) == "agent:bob"
