"""Two agents answer at once: whose answer is held, what its agent reads, and what becomes of it."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.rules.replies.collision import GRACE, RECENT, Posted, overlooked, written_at
from mailgate.store.queues import outbox
from mailgate.ticket import Actor, Address, Entry, EntryKind
from tests.desk import ANN, CONFIG, ELLIOT, KAREN, START, Bench, Sent, to, told

MINE = "It was the load balancer; it is mended."


def hand_over(bench: Bench) -> None:
    """The relay takes all that waits."""
    with bench.db.transaction():
        rows = bench.db.all("SELECT id FROM outbox WHERE state = 'queued'")
        outbox.sent(bench.db, [(row["id"], "250 ok") for row in rows], bench.now)


@pytest.fixture
def crossed(bench):
    """Both agents were alerted; Ann has answered."""
    bench.alerts = {mail.to: mail for mail in bench.send(KAREN, "It does not open.", cc="jane@client.example")}
    hand_over(bench)
    bench.now += timedelta(minutes=5)
    bench.send(ANN, "#assign elliot\n#reply\n\nPlease restart.", answers=bench.alerts["ann@bank.example"])
    return bench


def answer(bench: Bench, text: str = MINE, **more: object) -> list[Sent]:
    return bench.send(ELLIOT, text, answers=bench.alerts["elliot@bank.example"], **more)


def held(mails: list[Sent]) -> Sent:
    assert told(mails) == {("held", "elliot@bank.example")}
    return mails[0]


# ── held and returned ───────────────────────────────────────────────────────────────────


def test_an_answer_that_crosses_a_colleagues_is_held_and_returned_with_one_link(crossed):
    before = crossed.ticket()
    mail = held(answer(crossed, files=(("log.txt", "text/plain", b"lines"),)))
    assert "Ann Reyes answered the requester on" in mail.text
    assert "Please restart." in mail.text, "what was newer"
    assert MINE in mail.text
    assert "log.txt" in mail.text
    assert mail.text.count("mailto:") == 1
    assert crossed.thread()[-1] == ("reply", "Please restart.")
    assert crossed.kinds()[-1] == "held"
    assert (crossed.events()[-1].by, crossed.events()[-1].reason) == (
        Actor.agent("elliot"),
        "Ann Reyes answered meanwhile",
    )
    after = crossed.ticket()
    assert (after.status, after.assignee, after.last_respondent) == (before.status, before.assignee, "ann")
    assert (crossed.last()["state"], crossed.last()["reason"]) == ("held", "collision")
    assert any(line.startswith("held: collision") for line in crossed.way())


def test_a_held_answer_meets_no_target_and_holds_its_commands_back(tmp_path):
    bench = Bench(tmp_path, CONFIG + '[sla."Default SLA"]\nresolve = "18h"\nnext_response = "2h"\n')
    bench.alerts = {mail.to: mail for mail in bench.send(KAREN, "It does not open.")}
    bench.send(ANN, "Please restart.", answers=bench.alerts["ann@bank.example"])
    bench.send(KAREN, "That did not help.", subject="[#1001] Portal is down")
    waiting = bench.ticket().waiting_since
    held(answer(bench, f"#resolved\n#priority high\n\n{MINE}"))
    ticket = bench.ticket()
    assert (ticket.status, ticket.priority, ticket.waiting_since) == ("open", "Normal", waiting)
    bench.db.close()


def test_an_answer_to_the_colleagues_reply_is_no_collision(crossed):
    copy = next(mail for mail in crossed.sent() if mail.to == "elliot@bank.example" and mail.kind == "assigned")
    mails = crossed.send(ELLIOT, f"#reply\n\n{MINE}", answers=copy)
    assert to(mails, "karen@client.example").kind == "reply"


@pytest.mark.parametrize("text", [f"#note\n\n{MINE}", "#priority high", "#resolved", "#show"])
def test_notes_commands_alone_and_questions_are_never_held(crossed, text):
    assert "held" not in {mail.kind for mail in answer(crossed, text)}
    assert "held" not in crossed.kinds()


def test_ones_own_newer_reply_holds_nothing(bench):
    bench.alerts = {mail.to: mail for mail in bench.send(KAREN, "It does not open.")}
    for text in ("First.", "Second."):
        assert to(answer(bench, text), "karen@client.example").kind == "reply"


def test_a_requesters_newer_message_and_a_colleagues_note_hold_nothing(bench):
    bench.alerts = {mail.to: mail for mail in bench.send(KAREN, "It does not open.")}
    bench.send(ANN, "#note\n\nLooks odd.", answers=bench.alerts["ann@bank.example"])
    bench.send(KAREN, "Hello?", subject="[#1001] Portal is down")
    assert to(answer(bench), "karen@client.example").kind == "reply"


def test_who_answered_the_requester_directly_has_sent_it_already(crossed):
    answer(crossed, cc=KAREN)
    assert crossed.thread()[-1] == ("reply", MINE)


def test_orders_from_the_command_line_are_never_held(crossed):
    from mailgate.desk.agent import perform
    from mailgate.desk.gather.request import gather_order
    from mailgate.rules.commands.syntax import read_commands

    commands = read_commands(["#reply", "", MINE])
    context = crossed.desk.context(crossed.now)
    order, ticket = gather_order(crossed.db, 1001, crossed.config.agents["elliot"], commands, "cli:1", context)
    outcome = perform.work(order, ticket, context)
    assert outcome.state == "done"


# ── when ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("handed", "later", "written", "is_held"),
    [
        (False, timedelta(minutes=59), timedelta(), True),  # of the last hour, copy or not
        (False, timedelta(hours=2), timedelta(), False),  # long ago, and this agent never had it
        (True, timedelta(hours=2), timedelta(), True),  # had it before they wrote
        (True, timedelta(hours=2), timedelta(hours=-3), False),  # wrote before any of it, on the train
    ],
)
def test_the_copy_and_the_last_hour_decide(crossed, handed, later, written, is_held):
    if handed:
        hand_over(crossed)
    crossed.now += later
    raw = crossed.write(ELLIOT, MINE, answers=crossed.alerts["elliot@bank.example"])
    date = (crossed.now + written).strftime("%a, %d %b %Y %H:%M:%S +0000").encode()
    crossed.accept(re.sub(rb"(?m)^Date: .*?\r$", b"Date: " + date + b"\r", raw))
    mails = crossed.drain()
    assert ("held" in {mail.kind for mail in mails}) is is_held


def test_a_mail_without_a_key_is_guarded_against_the_last_hour_alone(tmp_path):
    config = CONFIG + '[trust]\ndomains = ["bank.example"]\n'
    proof = {
        "Authentication-Results": "mx.bank.example; dmarc=pass header.from=bank.example",
        "DKIM-Signature": "v=1; d=bank.example; h=from:subject; b=x",
    }
    way = {"headers": proof, "authserv_ids": ("mx.bank.example",), "subject": "[#1001] Portal is down"}
    bench = Bench(tmp_path, config)
    bench.send(KAREN, "It does not open.")
    bench.send(ANN, "#reply\n\nPlease restart.", **way)
    assert {mail.kind for mail in bench.send(ELLIOT, f"#reply\n\n{MINE}", **way)} == {"held"}
    hand_over(bench)
    bench.now += timedelta(hours=2)
    assert "reply" in {mail.kind for mail in bench.send(ELLIOT, f"#reply\n\n{MINE} Really.", **way)}
    bench.db.close()


# ── sent, by whom, or forgotten ─────────────────────────────────────────────────────────


def test_the_link_sends_it_as_of_now_with_text_files_and_commands(crossed):
    mail = held(answer(crossed, f"#priority high\n\n{MINE}", files=(("log.txt", "text/plain", b"lines"),)))
    crossed.now += timedelta(days=2)
    mails = crossed.tap(mail)
    reply = to(mails, "karen@client.example")
    assert reply.kind == "reply"
    assert MINE in reply.text
    assert [part.get_filename() for part in reply.message.walk() if part.get_filename()] == ["log.txt"]
    assert crossed.thread()[-1] == ("reply", MINE)
    assert crossed.ticket().priority == "High"
    assert (crossed.events()[-1].at, crossed.ticket().last_respondent) == (crossed.now, "elliot")
    assert crossed.db.one("SELECT count(*) FROM held")[0] == 0


def test_it_is_sent_once(crossed):
    mail = held(answer(crossed))
    crossed.tap(mail)
    again = crossed.tap(mail)
    assert told(again) == {("answer", "elliot@bank.example")}
    assert crossed.thread().count(("reply", MINE)) == 1


@pytest.mark.parametrize("sender", [ANN, KAREN, "Bob Base <bob@bank.example>"])
def test_nobody_else_releases_it(crossed, sender):
    mail = held(answer(crossed))
    crossed.tap(mail, sender=sender)
    assert ("reply", MINE) not in crossed.thread()
    assert crossed.db.one("SELECT count(*) FROM held")[0] == 1


def test_another_text_goes_out_in_answer_to_the_held_notice(crossed):
    mail = held(answer(crossed))
    mails = crossed.send(ELLIOT, "#reply\n\nWhat Ann says.", answers=mail)
    assert to(mails, "karen@client.example").kind == "reply"


def test_after_three_days_it_is_forgotten_with_a_word_once(crossed):
    mail = held(answer(crossed))
    assert not [m for m in crossed.wait(days=2, hours=23, minutes=59) if m.kind == "held"]
    told_of = [m for m in crossed.wait(minutes=2) if m.kind == "held"]
    assert len(told_of) == 1
    assert MINE in told_of[0].text
    assert "mailto:" not in told_of[0].text
    assert "expired and was not sent" in told_of[0].text
    assert crossed.kinds()[-1] == "held" or "held" in crossed.kinds()[-3:]
    assert not [m for m in crossed.wait(days=9) if m.kind == "held"]
    crossed.tap(mail)
    assert ("reply", MINE) not in crossed.thread()


def test_whose_agent_has_left_is_forgotten_without_a_word(crossed):
    held(answer(crossed))
    crossed.configure(re.sub(r"\[agent.elliot\].*?\n\n", "", CONFIG, flags=re.DOTALL).replace('"elliot", ', ""))
    assert "held" not in {mail.kind for mail in crossed.wait(days=4)}
    assert crossed.db.one("SELECT count(*) FROM held")[0] == 0


def test_a_mail_that_nothing_proved_is_looked_at_again_when_it_is_confirmed(crossed):
    raw = crossed.write(ELLIOT, MINE, subject="[#1001] Portal is down", to=f"support@bank.example, {ANN}")
    crossed.accept(raw)
    confirm = to(crossed.drain(), "elliot@bank.example")
    assert confirm.kind == "confirm"
    mails = crossed.tap(confirm)
    assert ("reply", MINE) not in crossed.thread()
    assert {mail.kind for mail in mails} <= {"held", "answer", "note"}


# ── the rule alone ──────────────────────────────────────────────────────────────────────

ENTRY = Entry(kind=EntryKind.REPLY, by=Actor.agent("ann"), author=Address("ann@bank.example"), at=START, text="x")
times = st.integers(-40_000, 40_000).map(lambda minutes: START + timedelta(minutes=minutes))


@given(st.none() | times, st.none() | times, times)
def test_a_mail_was_written_between_what_it_answers_and_its_arrival(date, answered, arrived):
    written = written_at(date, answered, arrived)
    assert written <= arrived
    assert answered is None or written >= min(answered, arrived)


@pytest.mark.parametrize(
    ("reply", "handed", "expected"),
    [
        (timedelta(hours=-3), None, False),
        (timedelta(hours=-3), GRACE, True),
        (timedelta(hours=-3), GRACE + timedelta(seconds=1), False),
        (-RECENT, None, True),
        (-RECENT - timedelta(seconds=1), None, False),
        (timedelta(hours=-5), timedelta(hours=-4), False),  # older than what is answered
    ],
)
def test_what_is_overlooked(reply, handed, expected):
    posted = Posted(ENTRY, START + reply, None if handed is None else START + handed)
    found = overlooked([posted], answered=START - timedelta(hours=4), written=START, arrived=START)
    assert bool(found) is expected
