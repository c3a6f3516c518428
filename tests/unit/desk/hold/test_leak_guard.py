"""The leak guard on a desk: what it holds, who sends it all the same, what is forgotten, and what never goes out."""

from __future__ import annotations

from datetime import timedelta

import pytest

from mailgate.desk.agent import perform as desk_agent
from mailgate.desk.gather.request import gather_order
from mailgate.rules.commands.syntax import read_commands
from mailgate.store.queues import inbox
from mailgate.ticket import Actor
from tests.desk import ANN, ELLIOT, KAREN, Bench, Sent, to, told
from tests.notices import english

NOTE = "The vendor password is hunter2 and must not leave this house"
REPLY = "It is mended: the vendor password is hunter2 and must be changed."


@pytest.fixture
def bench(tmp_path):
    made = Bench(tmp_path)
    made.alerts = {mail.to: mail for mail in made.send(KAREN, "It does not open.")}
    made.send(ELLIOT, f"#note\n\n{NOTE}", answers=made.alerts["elliot@bank.example"])
    return made


def answer(bench: Bench, text: str = REPLY, **more: object) -> list[Sent]:
    return bench.send(ANN, text, answers=bench.alerts["ann@bank.example"], **more)


def held(mails: list[Sent]) -> Sent:
    assert told(mails) == {("held", "ann@bank.example")}
    return mails[0]


@pytest.mark.parametrize("text", [REPLY, "Ask our Maintenance department."])
def test_a_guarded_answer_is_held_and_returned_with_what_was_found_and_one_link(bench, text):
    mail = held(answer(bench, f"#priority high\n\n{text}", files=(("log.txt", "text/plain", b"lines"),)))
    assert "It would show the requester internal text (“" in mail.text
    assert text in mail.text
    assert "log.txt" in mail.text
    assert mail.text.count("mailto:") == 1
    assert "colleague" not in mail.text
    assert "meanwhile" not in mail.text
    assert bench.thread()[-1] == ("note", NOTE)
    assert bench.ticket().priority == "Normal"
    assert (bench.events()[-1].kind, bench.events()[-1].by) == ("held", Actor.agent("ann"))
    assert bench.events()[-1].after == {"agent": "ann", "why": "leak"}
    (aside,) = inbox.aside(bench.db)
    assert (aside.state, aside.reason) == ("held", "leak")


@pytest.mark.parametrize(
    "order",
    [
        "#subject The vendor password is hunter2 and must go",
        '#cc "The vendor password is hunter2 and more" <jane@client.example>',
        '#requester "The vendor password is hunter2 and more" <jane@client.example>',
    ],
)
@pytest.mark.parametrize("text", ["", "\n\nIt is mended.", "\n#note\n\nHer own name for it."])
def test_what_requesters_read_of_a_command_is_guarded_as_well(bench, order, text):
    """A subject and a name stand in every later mail, and what stands there counts as known from then on."""
    mail = held(answer(bench, order + text))
    assert "internal text (“the vendor password is hunter2" in mail.text
    assert (bench.ticket().subject, bench.ticket().collaborators) == ("Portal is down", ())
    bench.tap(mail)
    assert "hunter2" in f"{bench.ticket().subject} {bench.ticket().collaborators} {bench.ticket().requester}"


@pytest.mark.parametrize("text", ["", "\n\nIt is mended."])
def test_a_command_that_would_show_a_key_is_refused(bench, text):
    key = bench.alerts["ann@bank.example"].message_id.strip("<>")
    (back,) = answer(bench, f"#subject About {key}{text}")
    assert (back.kind, "Your command holds a key of the desk" in back.text) == ("command-failed", True)
    assert bench.ticket().subject == "Portal is down"


@pytest.mark.parametrize("order", ["#tag hunter2", f"#priority high -- {NOTE}", f"#assign me -- {NOTE}"])
def test_what_only_agents_read_of_a_command_is_not(bench, order):
    mails = answer(bench, order)
    assert "held" not in {mail.kind for mail in mails}
    assert not [mail.kind for mail in mails if not mail.agent and "hunter2" in mail.everything]


def test_its_agent_sends_it_with_one_tap_once_with_files_and_commands(bench):
    mail = held(answer(bench, f"#priority high\n\n{REPLY}", files=(("log.txt", "text/plain", b"lines"),)))
    bench.now += timedelta(days=2)
    reply = to(bench.tap(mail), "karen@client.example")
    assert reply.kind == "reply"
    assert REPLY in reply.text
    assert [part.get_filename() for part in reply.message.walk() if part.get_filename()] == ["log.txt"]
    assert (bench.ticket().priority, bench.ticket().last_respondent) == ("High", "ann")
    assert bench.db.one("SELECT count(*) FROM held")[0] == 0
    assert told(bench.tap(mail)) == {("answer", "ann@bank.example")}
    assert bench.thread().count(("reply", REPLY)) == 1


def test_what_an_agent_quoted_when_they_opened_a_ticket_for_somebody_is_no_public_text(bench):
    """The message is theirs to know; the alert below it, with a hidden department's name, is not."""
    alert = bench.alerts["ann@bank.example"]
    quoted = "\n\nOn Fri, 20 Nov 2026 at 10:00, the desk wrote:\n> Department: Maintenance"
    bench.send(ANN, f"#new Nina Client <nina@client.example>\n\nNina asks for a chair.{quoted}", answers=alert)
    (message,) = bench.thread(1002)
    assert message == ("message", "Nina asks for a chair.")
    news = next(mail for mail in bench.sent() if mail.kind == "new-ticket" and mail.ticket == 1002)
    (mail,) = bench.send(news.to, "#reply\n\nOur Maintenance people will bring it.", answers=news)
    assert (mail.kind, mail.to) == ("held", news.to)


@pytest.mark.parametrize("sender", [ELLIOT, KAREN, "Bob Base <bob@bank.example>"])
def test_nobody_else_sends_it(bench, sender):
    mail = held(answer(bench))
    bench.tap(mail, sender=sender)
    assert ("reply", REPLY) not in bench.thread()
    assert bench.db.one("SELECT count(*) FROM held")[0] == 1


def test_after_three_days_it_is_forgotten_with_a_word(bench):
    mail = held(answer(bench))
    (word,) = [each for each in bench.wait(days=3, minutes=1) if each.kind == "held"]
    assert "because it seems to contain internal text" in word.text
    assert REPLY in word.text
    assert "mailto:" not in word.text
    bench.tap(mail)
    assert ("reply", REPLY) not in bench.thread()


def test_a_colleagues_answer_meanwhile_holds_it_anew_with_another_code_and_then_it_goes(bench):
    first = held(answer(bench))
    bench.send(ELLIOT, "#reply\n\nPlease restart.", answers=bench.alerts["elliot@bank.example"])
    second = held(bench.tap(first))
    assert first.message_id != second.message_id
    assert "Elliot Alderson answered the requester" in second.text
    assert told(bench.tap(first)) == {("answer", "ann@bank.example")}, "the first link is used up"
    assert to(bench.tap(second), "karen@client.example").kind == "reply"
    assert bench.thread().count(("reply", REPLY)) == 1


def test_a_reply_key_is_never_sent_nor_offered_to_be(bench):
    key = bench.alerts["ann@bank.example"].message_id
    (back,) = answer(bench, f"{REPLY}\nSee {key}")
    assert back.kind == "command-failed"
    assert "which never leaves it; take it out" in " ".join(back.text.split())
    assert "%23confirm" not in back.text
    assert bench.db.one("SELECT count(*) FROM held")[0] == 0


def test_an_order_from_the_command_line_is_refused_for_nothing_of_it_can_wait(bench):
    commands = read_commands(["#reply", "", REPLY])
    context = bench.desk.context(bench.now)
    order, ticket = gather_order(bench.db, 1001, bench.config.agents["ann"], commands, "cli:1", context)
    outcome = desk_agent.work(order, ticket, context)
    assert "internal text" in english(outcome.problems[0])
