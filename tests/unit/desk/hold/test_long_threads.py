"""An agent's reply in a thread of more entries than are read at first: what stands further back counts all the same."""

from __future__ import annotations

from datetime import timedelta

import pytest

from mailgate.desk.gather.records import LATEST, Extent, read_records
from mailgate.store.queues import sent
from mailgate.store.tickets import tickets
from mailgate.ticket import EntryKind
from tests.desk import ANN, ELLIOT, KAREN, Bench, Sent, to, told

NOTE = "The vendor password is hunter2 and must not leave this house"
SAID = "The portal shows error 17 of the proxy since Monday"
FILE = ("plan.txt", "text/plain", b"how it will be done")


@pytest.fixture
def bench(tmp_path):
    """The requester's words, a note with those and others, its author's reply; then a long time and many messages."""
    made = Bench(tmp_path)
    made.alerts = {mail.to: mail for mail in made.send(KAREN, f"{SAID}.")}
    elliots = made.alerts["elliot@bank.example"]
    made.send(ELLIOT, f"#note\n\n{NOTE}\n{SAID}", answers=elliots, files=(FILE,))
    made.send(ELLIOT, "#reply\n\nPlease restart.", answers=elliots)
    made.now += timedelta(days=3)
    for number in range(LATEST):
        made.newest = made.send(KAREN, f"And {number}?", subject="[#1001] Portal is down")
    return made


def answer(bench: Bench, text: str, **more: object) -> list[Sent]:
    return bench.send(ELLIOT, f"#reply\n\n{text}", answers=to(bench.newest, "elliot@bank.example"), **more)


def test_words_of_a_note_further_back_hold_the_reply_and_it_can_be_released(bench):
    text = "So you know: the vendor password is hunter2 and must be changed."
    (held,) = answer(bench, text)
    assert (held.kind, held.to) == ("held", "elliot@bank.example")
    assert "the vendor password is hunter2" in held.text
    assert to(bench.tap(held), "karen@client.example").kind == "reply"
    assert bench.thread()[-1] == ("reply", text)


def test_words_that_the_requester_wrote_further_back_are_no_leak_where_a_note_holds_them_too(bench):
    assert to(answer(bench, f"You wrote: {SAID}. Is it still so?"), "karen@client.example").kind == "reply"


def test_a_file_of_a_note_further_back_holds_the_reply(bench):
    assert told(answer(bench, "Here is the plan.", files=(FILE,))) == {("held", "elliot@bank.example")}


def test_a_reply_of_a_colleague_that_the_latest_entries_hide_is_a_collision(bench):
    answer(bench, "Please wait.")
    for number in range(LATEST):
        bench.send(KAREN, f"How long, {number}?", subject="[#1001] Portal is down")
    (held,) = bench.send(ANN, "#reply\n\nPlease try it again.", answers=bench.alerts["ann@bank.example"])
    assert held.kind == "held"
    assert "Elliot Alderson answered the requester" in held.text


def test_a_reply_is_compared_with_a_few_entries_and_all_notes(bench):
    answered = sent.newest(bench.db, [bench.newest[0].message_id[1:].partition("@")[0]])
    assert answered is not None
    record = read_records(bench.db, [bench.ticket()], Extent(events=True, notes=True, since=answered))[1001]
    assert record.older
    assert len(record.thread) == LATEST
    assert [note.text.strip() for note in record.notes] == [f"{NOTE}\n{SAID}"]
    assert record.agents_wrote == ((EntryKind.NOTE, "elliot"), (EntryKind.REPLY, "elliot"))
    assert {event.kind for event in record.events}.isdisjoint({"message", "replied", "noted"})
    latest = {each.to: each.message_id for each in bench.sent() if each.ticket == 1001}
    assert {each.recipient: each.message_id for each in record.notices} == latest
    assert len(record.notices) < len(sent.about(bench.db, 1001))
    assert {each.message_id for each in bench.newest} <= {each.message_id for each in record.notices}
    first = sent.first_since(bench.db, "elliot@bank.example", bench.now - timedelta(hours=1))
    assert first is not None
    assert len(sent.latest(bench.db, 1001, first)) == len(record.notices) + LATEST - 1
    assert sent.first_since(bench.db, "elliot@bank.example", bench.now + timedelta(seconds=1)) is None


def test_a_note_that_asks_somebody_is_an_event_beside_the_entries(bench):
    bench.send(ELLIOT, "#note ann\n\nDo you know more?", answers=to(bench.newest, "elliot@bank.example"))
    assert "noted" in {event.kind for event in tickets.events_beside_entries(bench.db, 1001)}
    assert sent.newest(bench.db, []) is None


def test_a_reply_that_nothing_proved_is_decided_with_the_whole_thread_when_it_is_confirmed(bench):
    text = f"You wrote: {SAID}. Is it still so?"
    confirm = to(bench.send(ELLIOT, f"#reply\n\n{text}", subject="Re: [#1001] Portal is down"), "elliot@bank.example")
    assert confirm.kind == "confirm"
    assert to(bench.tap(confirm), "karen@client.example").kind == "reply"
    assert bench.thread()[-1] == ("reply", text)
