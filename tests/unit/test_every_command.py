"""Every command by every role in every status: it is done or it is refused with a word, and never half done."""

from __future__ import annotations

import pytest

from mailgate.rules.verbs import VERBS
from mailgate.store import tickets
from tests.desk import Bench, to

KAREN = "Karen Client <karen@client.example>"
BOB, VERA, ELLIOT = "bob@bank.example", "vera@bank.example", "elliot@bank.example"
VALUES = {
    "assign": "vera",
    "transfer": "systems",
    "topic": "outage",
    "sla": "sev-b",
    "priority": "low",
    "due": "2h",
    "status": "pending",
    "subject": "Slow portal",
    "tag": "portal",
    "untag": "portal",
    "cc": "boss@client.example",
    "uncc": "boss@client.example",
    "requester": "lee@client.example",
    "link": "1002",
    "merge": "1002",
    "ban": "@spam.example",
    "unban": "@spam.example",
    "search": "portal",
    "ticket": "1001",
    "canned": "hello",
}
# In this order: what one adds, the next takes away.
COMMANDS = [f"#{word} {VALUES.get(verb.name, '') if verb.needs else ''}".strip() for word, verb in VERBS.items()]
COMMANDS = [command for command in COMMANDS if not command.startswith(("#confirm", "#new"))]  # #new: behalf's tests
ASKS = {"show", "list", "search", "report", "help", "bans"}
STANDING = {"away", "back"}  # about the agents themselves
FREE = {*ASKS, "quiet", "ticket"}


def verb_of(command):
    return VERBS[command[1:].split()[0]].name


@pytest.fixture(params=["open", "pending", "resolved", "closed"])
def bench(request, tmp_path):
    """Ticket 1001 in a department of Bob (All Access) and Vera (View only) that Elliot does not see; 1002 beside it."""
    made = Bench(tmp_path)
    mails = made.send(KAREN, "It does not open.", to="outages@bank.example")
    made.alerts = {who: to(mails, who) for who in (BOB, VERA)}
    made.send(KAREN, "Another thing.", subject="Two", to="outages@bank.example")
    made.alerts[ELLIOT] = to(made.send(KAREN, "Hello.", subject="Three"), ELLIOT)
    made.status = request.param
    yield made
    made.db.close()


def state(bench):
    return [(tickets.get(bench.db, number), bench.events(number), bench.thread(number)) for number in bench.numbers()]


def heard(bench, who, text):
    return to([mail for mail in bench.send(who, text, answers=bench.alerts[who]) if mail.to == who], who)


def test_who_may_is_told_that_it_is_done(bench):
    for command in COMMANDS:
        bench.send(BOB, f"#quiet\n#{bench.status}", answers=bench.alerts[BOB])
        if verb_of(command) == "canned":  # that is an answer, and tells the agent nothing
            assert "reply" in {mail.kind for mail in bench.send(BOB, command, answers=bench.alerts[BOB])}
            continue
        mail = heard(bench, BOB, command)
        assert mail.kind == ("report" if command == "#report" else "answer"), f"{command}: {mail.text}"
        assert ("Done: " in mail.text) is (verb_of(command) not in {*FREE, "note", "reply"}), command


def test_who_may_not_is_told_what_it_takes_and_nothing_happens(bench):
    bench.send(BOB, f"#{bench.status}\n#cc boss@client.example", answers=bench.alerts[BOB])
    before = state(bench)
    for command in COMMANDS:
        if command == "#report":  # has a mail of its own beside the answer
            continue
        mail = heard(bench, VERA, f"#show\n{command}")
        if verb_of(command) in {*FREE, *STANDING}:
            assert mail.kind == "answer", f"{command}: {mail.text}"
        else:
            assert mail.kind == "command-failed", command
            assert "it takes the permission `" in mail.text
    assert state(bench) == before


def test_for_who_does_not_see_it_there_is_no_such_ticket(bench):
    bench.send(BOB, f"#{bench.status}", answers=bench.alerts[BOB])
    before = state(bench)
    for command in COMMANDS:
        if verb_of(command) != "ticket":
            mail = heard(bench, ELLIOT, f"#ticket 1001\n{command}")
            assert "ticket 1001 was not found" in mail.text, command
    assert state(bench) == before


def test_what_is_a_collaborators_is_said_and_takes_the_rest_with_it(bench):
    bench.send(BOB, f"#{bench.status}", answers=bench.alerts[BOB])
    before = state(bench)
    mail = heard(bench, BOB, "#prio high\n#leave")
    assert (mail.kind, "#leave is for collaborators" in mail.text) == ("command-failed", True)
    assert state(bench) == before
