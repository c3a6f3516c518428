"""Every command by every role in every status: it is done, or it is refused with a text, and never half done.

The commands and their outcomes are those of `tests.verbs`.
"""

from __future__ import annotations

import re

import pytest

from mailgate.rules.commands.syntax import NAMES
from mailgate.settings import PERMISSIONS
from mailgate.store.tickets import tickets
from mailgate.ticket import EventKind
from tests.desk import CONFIG, Bench, to
from tests.verbs import EXAMPLES, permission, typed

KAREN, BOSS = "Karen Client <karen@client.example>", "boss@client.example"
BOB, VERA, ELLIOT = "bob@bank.example", "vera@bank.example", "elliot@bank.example"
# Vera's role is the one that is tried; the desk is otherwise that of the other tests.
DESK = CONFIG.replace(
    'departments = { "Systems Administrators" = "All Access" }',
    'departments = ["Systems Administrators", "Maintenance"]',
).replace('role = "View only"\ndepartments = ["Systems', 'role = "View only"\ndepartments = ["Maintenance", "Systems')


# Events that a command may also cause: it reopens or ends the ticket, a topic brings its SLA plan.
CAUSED = {
    EventKind.SLA_CHANGED,
    EventKind.STATUS_CHANGED,
    EventKind.DUE_CHANGED,
    EventKind.ASSIGNED,
    EventKind.RELEASED,
}
# Every name of every verb, in the order of the table: what one adds, the next removes.
COMMANDS = [typed(name) for name in NAMES]
# One for each verb and each value that a name fixes.
ONCE = list(
    {(NAMES[word].verb.name, NAMES[word].fixed): each for word, each in zip(NAMES, COMMANDS, strict=True)}.values()
)


def name_of(command):
    return NAMES[command[1:].split()[0]]


def verb_of(command):
    return name_of(command).verb


def example_of(command):
    return EXAMPLES[verb_of(command).name]


def takes(command):
    """The permission that a command takes."""
    return permission(verb_of(command).name, name_of(command).fixed)


@pytest.fixture(params=["open", "pending", "resolved", "closed"])
def bench(request, tmp_path):
    """Ticket 1001 in a department of Bob (All Access) and Vera (View only) that Elliot does not see; 1002 beside it."""
    made = Bench(tmp_path, DESK)
    mails = made.send(KAREN, "It does not open.", to="outages@bank.example")
    made.alerts = {who: to(mails, who) for who in (BOB, VERA)}
    made.send(KAREN, "Another thing.", subject="Two", to="outages@bank.example")
    made.alerts[ELLIOT] = to(made.send(KAREN, "Hello.", subject="Three"), ELLIOT)
    made.status = request.param
    made.send(BOB, f"#quiet\n#{made.status}\n#cc {BOSS}", answers=made.alerts[BOB])
    return made


def state(bench):
    """All that a command could change: every ticket, and what stands beside them."""
    beside = [bench.db.all(f"SELECT * FROM {table}") for table in ("ban", "absence", "deadline", "held")]
    found = [(tickets.get(bench.db, number), bench.events(number), bench.thread(number)) for number in bench.numbers()]
    return found, [[tuple(row) for row in rows] for rows in beside]


def heard(bench, who, text):
    """The one mail that an agent gets back; nobody else gets any when it was returned."""
    mails = bench.send(who, text, answers=bench.alerts[who])
    mail = to([mail for mail in mails if mail.to == who], who)
    if mail.kind == "command-failed":
        assert mails == [mail], text
    return mail


def test_who_may_is_told_that_it_is_done(bench):
    left = {}
    for command in COMMANDS:
        row, name = example_of(command), verb_of(command).name
        bench.send(BOB, f"#quiet\n#{bench.status}", answers=bench.alerts[BOB])
        before, numbers, rest = bench.events(), bench.numbers(), state(bench)
        mails = bench.send(BOB, command, answers=bench.alerts[BOB])
        back = [mail for mail in mails if mail.to == BOB]
        if row.ends == "reply":  # that is an answer, and tells the agent nothing
            assert (back, "reply" in {mail.kind for mail in mails}) == ([], True), command
        else:
            (mail,) = back
            assert mail.kind == {"report": "report", "code": "command-failed"}.get(row.ends, "answer"), command
            assert (row.says != "") is (row.ends in ("done", "opens")), command
            assert re.search(f"^({row.says})", mail.text, re.MULTILINE), f"{command}: {mail.text}"
        if row.ends == "opens":
            assert len(bench.numbers()) == len(numbers) + 1, command
            assert bench.events() == before, command
        elif row.leaves:
            new = {event.kind for event in bench.events()[len(before) :]}
            assert bench.numbers() == numbers, command
            assert new <= {row.leaves, *CAUSED}, command
            left.setdefault(name, set()).update(new)
        elif row.ends != "done":
            assert state(bench) == rest, command
    for name, row in EXAMPLES.items():
        if row.leaves:
            assert row.leaves in left[name], f"#{name} did nothing"


def test_who_may_not_is_told_what_it_takes_and_nothing_happens(bench):
    bench.send(BOB, "#merge 1002", answers=bench.alerts[BOB])  # so that there is something to split
    before = state(bench)
    for command in COMMANDS:
        row = example_of(command)
        if row.ends in ("opens", "report"):  # a mail or a ticket of its own beside the answer: below
            continue
        mail = heard(bench, VERA, f"#show\n{command}")
        if takes(command):
            assert mail.kind == "command-failed", command
            assert f"it takes the permission `{takes(command)}`" in mail.text, command
        else:
            assert mail.kind == ("command-failed" if row.ends == "over" else "answer"), f"{command}: {mail.text}"
    assert state(bench) == before


def test_who_may_nothing_may_ask_for_figures_and_write_to_the_desk_as_anybody(bench):
    before, beside = state(bench)
    mails = bench.send(VERA, "#show\n#report", answers=bench.alerts[VERA])
    assert sorted(mail.kind for mail in mails) == ["answer", "report"]
    assert state(bench) == (before, beside)
    assert "Ticket #1004 was opened" in heard(bench, VERA, "#new").text
    assert bench.ticket(1004).requester.email == VERA
    assert state(bench)[0][:3] == before
    opened = state(bench)
    refused = bench.send(VERA, "#new lee@client.example", answers=bench.alerts[VERA])
    assert [mail.kind for mail in refused] == ["command-failed"]
    assert "it takes the permission `" in refused[0].text
    assert state(bench) == opened


def test_no_command_stands_beside_one_that_is_refused(bench):
    """All or nothing: what is free, or was allowed, is not done either."""
    before = state(bench)
    for command in COMMANDS:
        mail = heard(bench, BOB, f"{command}\n#transfer nowhere")
        assert mail.kind == "command-failed", command
    assert state(bench) == before


@pytest.mark.parametrize("permission", PERMISSIONS)
def test_one_permission_is_enough_and_the_others_are_not(tmp_path, permission):
    """A role of one permission may what takes it; a role of all others may not, and does nothing."""
    taking = [command for command in ONCE if takes(command) == permission]
    assert taking
    with_one = DESK.replace("may = []", f'may = ["{permission}"]')
    others = [each for each in PERMISSIONS if each != permission]
    with_others = DESK.replace("may = []", f"may = {others}")
    bench = Bench(tmp_path, DESK)
    alert = to(bench.send(KAREN, "It does not open.", to="outages@bank.example"), VERA)
    bench.send(KAREN, "Another thing.", subject="Two", to="outages@bank.example")
    bench.alerts = {VERA: alert}
    for command in taking:
        bench.configure(with_others)
        before = state(bench)
        mail = heard(bench, VERA, command)
        assert (mail.kind, f"permission `{permission}`" in mail.text) == ("command-failed", True), command
        assert state(bench) == before, command
        bench.configure(with_one)
        mails = bench.send(VERA, command, answers=alert)
        if example_of(command).ends == "code":  # none has this one
            assert "has this code" in to(mails, VERA).text
            continue
        assert "command-failed" not in {mail.kind for mail in mails}, command
        assert mails or example_of(command).ends == "nothing", command
    bench.db.close()


def test_for_who_does_not_see_it_there_is_no_such_ticket(bench):
    before = state(bench)
    for command in COMMANDS:
        if verb_of(command).name == "ticket":
            mail = heard(bench, ELLIOT, command)
        else:
            mail = heard(bench, ELLIOT, f"#ticket 1001\n{command}")
        told = {"over": "code", "opens": "for a ticket that exists"}.get(
            example_of(command).ends, "Ticket 1001 was not found"
        )
        assert (mail.kind, told in mail.text) == ("command-failed", True), f"{command}: {mail.text}"
    assert state(bench) == before


@pytest.mark.parametrize("who", [KAREN, BOSS])
def test_from_who_is_no_agent_a_command_is_text(bench, who):
    """But for what requesters may say of their own ticket, which may change its status and nothing else."""
    own = {"status", "help"}
    mail = to(
        bench.send(BOB, "#reply\n\nWe look into it.", answers=bench.alerts[BOB]), who.rpartition("<")[2].strip(">")
    )

    def kept():
        found = bench.ticket()
        return found.department, found.topic, found.priority, found.sla, found.assignee, found.tags, found.subject

    before, people, beside = kept(), bench.ticket().participants, state(bench)[1][0:2]
    for command in ONCE:
        entries = len(bench.thread())
        bench.send(who, command, answers=mail)
        if verb_of(command).name not in own:
            assert [text for _, text in bench.thread()[entries:]] == [command], command
    assert kept() == before
    assert bench.ticket().participants == people
    assert state(bench)[1][0:2] == beside
    assert bench.numbers() == [1001, 1002, 1003]
    assert not {"opened"} & {event.kind.value for event in bench.events()[1:]}


def test_what_is_a_collaborators_is_said_and_takes_the_rest_with_it(bench):
    before = state(bench)
    mail = heard(bench, BOB, "#prio high\n#leave")
    assert (mail.kind, "#leave is for collaborators" in mail.text) == ("command-failed", True)
    assert state(bench) == before
