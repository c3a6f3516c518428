"""Commands resolved against a ticket, the desk and the agent's permissions: values, texts, problems, acts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from mailgate.rules.commands.orders import ResolvedCommands, acts_of
from mailgate.rules.commands.resolve import resolve
from mailgate.rules.commands.scope import Command, CommandScope
from mailgate.rules.commands.syntax import read_commands
from mailgate.rules.commands.verbs import TABLE
from mailgate.rules.ticket.acts import Stamp
from mailgate.rules.ticket.acts.statuses import NewStatus
from mailgate.rules.ticket.lifecycle import act_on
from mailgate.ticket import Actor, Assignee, EventKind, Status
from tests.lab import NOW, desk, ticket
from tests.notices import within
from tests.verbs import EXAMPLES, permission

CONFIG = desk()
ELLIOT = CONFIG.agents["elliot"]


OTHERS = {1001: ticket(), 1002: ticket(number=1002), 1003: ticket(number=1003, department="Maintenance")}


def opens(day):
    return datetime(day.year, day.month, day.day, 8, tzinfo=UTC)


def by(agent=ELLIOT, config=CONFIG):
    return CommandScope(config, agent, NOW, opens, OTHERS.get)


def read(*lines, agent=ELLIOT, about=None, none=False):
    found = read_commands(lines)
    assert not found.problems, found.problems
    return resolve(found.commands, None if none else about or ticket(), by(agent))


@pytest.mark.parametrize(
    ("line", "verb", "value", "summary"),
    [
        ("#assign me", "assign", Assignee("agent", "elliot"), "Assigned to Elliot Alderson."),
        ("#claim", "assign", Assignee("agent", "elliot"), "Assigned to Elliot Alderson."),
        ("#assign ann", "assign", Assignee("agent", "ann"), "Assigned to Ann Admin."),
        ("#assign online", "assign", Assignee("team", "Online Banking"), "Assigned to the team Online Banking."),
        ("#assign nobody", "assign", None, "Released: assigned to nobody."),
        ("#transfer maint", "transfer", "Maintenance", "Moved to Maintenance."),
        ("#topic outage", "topic", "Business Critical Outage", "Help topic: Business Critical Outage."),
        ("#sla sev-a", "sla", "Sev-A", "SLA plan: Sev-A."),
        ("#prio h", "priority", "High", "Priority: High."),
        ("#done", "status", NewStatus(Status.RESOLVED), "Resolved."),
        ("#due 2h", "due", NOW + timedelta(hours=2), "Due Sat"),
        ("#tag portal, VIP #portal", "tag", ("portal", "VIP"), "Tagged portal, VIP."),
        ("#untag portal", "untag", ("portal",), "No longer tagged portal."),
        ("#subject Re: [#1001] Portal is slow", "subject", "Portal is slow", "Subject: “Portal is slow”."),
        ("#link 1002", "link", 1002, "Linked with #1002."),
        ("#note", "note", (), ""),
        ("#quiet", "quiet", "", ""),
        ("#help", "help", "", ""),
    ],
)
def test_what_a_command_means(line, verb, value, summary):
    (order,) = read(f"{line}").orders
    assert (order.verb, order.value) == (verb, value)
    assert within(order.summary).startswith(summary)


@pytest.mark.parametrize(
    ("command", "problem"),
    [
        (Command("assign", "", line="#assign"), "write the name after it: agent or team"),
        (Command("assign", "Zebulon", line="#assign Zebulon"), "Elliot Alderson, Ann Admin, Bob Base, Online"),
        (Command("priority", "hihg", line="#prio hihg"), "did you mean High?"),
        (Command("topic", "other", line="#topic other"), "Internal / Other or Report a Problem / Other"),
        (Command("sla", "sev", line="#sla sev"), "Sev-A, Sev-B or Sev-C; write more of the name"),
        (Command("tag", "#,", line="#tag #,"), "“#,” is not a tag"),
        (Command("subject", "Re: [#1001]", line="#subject Re:"), "write the new subject after it"),
        (Command("link", "1001", line="#link 1001"), "cannot be linked with itself"),
        (Command("link", "1009", line="#link 1009"), "ticket 1009 was not found"),
        (Command("due", "yesteryear", line="#due yesteryear"), "#due yesteryear: "),
    ],
)
def test_what_cannot_be_understood_says_what_would_be_right(command, problem):
    found = resolve([command], ticket(), by())
    assert found.orders == ()
    assert problem in within(found.problems[0])


def test_a_long_list_of_names_is_cut():
    config = desk(topics={f"T{n}": type(CONFIG.topics["General Inquiry"])(name=f"T{n}") for n in range(20)})
    found = resolve([Command("topic", "zzz", line="#topic zzz")], ticket(), by(config=config))
    assert "T11 and more" in within(found.problems[0])


def test_all_or_nothing_names_every_line_that_is_wrong():
    found = resolve(
        [Command("assign", "ann", line="#assign ann"), Command("sla", "zz", line="#sla zz"), Command("topic", "qq")],
        ticket(),
        by(),
    )
    assert found.orders == ()
    assert len(found.problems) == 2


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        (("#claim", "#release"), "#assign me and #assign nobody"),
        (("#assign ann", "#assign online"), "#assign ann and #assign online"),
        (("#prio high", "#tag x", "#priority low"), "#priority high and #priority low"),
        (("#due 2h", "#due 3h"), "#due 2h and #due 3h"),
        (("#requester a@x.example", "#requester b@x.example"), "#requester a@x.example and #requester b@x.example"),
    ],
)
def test_of_two_values_for_the_same_one_must_go(lines, problem):
    found = read(*lines)
    assert found.orders == ()
    assert [within(each) for each in found.problems] == [f"{problem} cannot both be done: keep one of them"]


@pytest.mark.parametrize(
    "lines",
    [
        ("#claim", "#assign elliot", "#assign Elliot Alderson"),
        ("#transfer Maintenance", "#transfer maint"),
        ("#prio hi", "#priority High"),
        ("#due 2h", "#due 120m"),
        ("#release", "#assign nobody"),
        ("#sla sev-a", "#sla Sev-A"),
    ],
)
def test_two_names_of_the_same_are_one_value(lines):
    values = {order.value for order in read(*lines).orders}
    assert len(values) == 1


def test_a_long_value_is_cut_where_two_are_told_back():
    found = read(f"#requester {'a' * 90}@x.example", f"#requester {'b' * 90}@x.example")
    assert len(within(found.problems[0])) < 300


@pytest.mark.parametrize(("verb", "hint"), [("confirm", "answers with it by mail"), ("new", "mailgate tickets new")])
def test_what_only_a_mail_of_its_own_can_say_is_refused_with_the_way_to_go(verb, hint):
    found = resolve([Command(verb)], ticket(), by())
    assert found.orders == ()
    assert hint in within(found.problems[0])


@pytest.mark.parametrize("verb", [verb.name for verb in TABLE if verb.permission])
@pytest.mark.parametrize("value", ["", "closed"])
def test_a_role_without_the_permission_is_refused_by_name(verb, value):
    command = Command(verb, value or EXAMPLES[verb].value)
    found = resolve([command], ticket(department="Maintenance"), by())
    assert f"permission `{permission(verb, command.value)}`" in within(found.problems[0])
    assert "your role there is View only" in within(found.problems[0])


def test_a_link_changes_the_other_ticket_as_well_and_takes_the_permission_there():
    (problem,) = read("#link 1003").problems
    assert "permission `merge`" in within(problem)
    assert "in Maintenance" in within(problem)
    assert read("#link 1003", agent=None).orders


def test_pending_until():
    (order,) = read("#pending 2h -- waits").orders
    assert order.value == NewStatus(Status.PENDING, NOW + timedelta(hours=2))
    assert within(order.summary) == "Pending until Sat 21 Nov 2026, 14:00 UTC."
    (problem,) = read("#snooze one day or other").problems
    assert "is not a time" in within(problem)


def test_the_administrator_has_all_rights_but_is_no_agent():
    assert read("#close", agent=None).orders[0].value == NewStatus(Status.CLOSED)
    assert read("#due 2h", agent=None).orders
    (problem,) = read("#claim", agent=None).problems
    assert "“me” needs an agent" in within(problem)


def test_without_a_ticket_questions_alone_are_understood():
    assert read("#list", "#search printer", "#search vip", none=True).only_asks
    (problem,) = read("#close", none=True).problems
    assert "name one with #ticket NUMBER" in within(problem)


def test_what_only_asks():
    assert read("#show", "#ticket 1001").only_asks
    assert not read("#show", "#claim").only_asks
    assert not read("#quiet").only_asks
    assert not ResolvedCommands().only_asks


def test_the_last_of_a_verb_and_whether_there_is_one():
    found = read("#assign ann", "#prio low")
    assert found.has("priority", "x")
    assert not found.has("x")
    assert found.of("assign").value == Assignee("agent", "ann")
    assert found.of("due") is None


def test_orders_become_acts_with_their_reasons_in_order():
    found = read(
        *("#note", "#assign ann -- knows it", "#transfer maint", "#topic outage"),
        *("#sla sev-a", "#prio high", "#pending", "#due 2h"),
        *("#tag a b", "#untag c", "#subject Slow", "#link 1002"),
    )
    stamp = Stamp(Actor.agent("elliot"), NOW)
    change = act_on(ticket(), acts_of(found, stamp, CONFIG), stamp, CONFIG)
    done = [event for event in change.events if event.kind is not EventKind.DUE_CHANGED]
    assert [event.kind.value for event in done][:2] == ["assigned", "transferred"]
    assert done[0].reason == "knows it"
    assert change.after.status is Status.PENDING
    assert (change.after.tags, change.after.subject, change.after.links) == (("a", "b"), "Slow", (1002,))
    assert change.after.due_at == NOW + timedelta(hours=2)


@pytest.mark.parametrize("lines", [("#due 9d", "#sla sev-a"), ("#sla sev-a", "#due 9d")])
def test_a_due_time_stands_wherever_its_mail_changes_the_plan(lines):
    stamp = Stamp(Actor.agent("elliot"), NOW)
    change = act_on(ticket(), acts_of(read(*lines), stamp, CONFIG), stamp, CONFIG)
    assert (change.after.sla, change.after.due_at) == ("Sev-A", NOW + timedelta(days=9))


def test_the_administrator_says_who_is_away():
    found = read("#away", "#back", agent=None, none=True)
    assert [within(each) for each in found.problems] == [
        f"#{verb}: write the name after it: agent" for verb in ("away", "back")
    ]


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        (("#cc A@x.example, b@x.example", "#uncc a@x.example"), "#cc a@x.example and #uncc a@x.example cannot both be"),
        (("#uncc jane@x.example", "#cc jane@x.example"), "#cc jane@x.example and #uncc jane@x.example cannot both be"),
        (("#tag portal, VIP", "#untag vip"), "#tag vip and #untag vip cannot both be done: keep one of them"),
    ],
)
def test_what_one_mail_both_does_and_undoes_is_refused(lines, problem):
    (told,) = read(*lines).problems
    assert within(told).startswith(problem)


def test_what_is_done_and_undone_of_different_things_is_done():
    assert not read("#cc a@x.example", "#uncc b@x.example", "#tag x", "#untag y").problems
