"""A reply goes to those whom the answered notice named, and to nobody more without its author's word."""

from __future__ import annotations

import pytest

from tests.desk import ELLIOT, KAREN, Bench, outside, to

ANN_, ELLIOT_, KAREN_ = "ann@bank.example", "elliot@bank.example", "karen@client.example"
ZOE = "zoe@elsewhere.example"


@pytest.fixture
def bench(tmp_path) -> Bench:
    return Bench(tmp_path)


@pytest.fixture
def alerts(bench):
    return bench.send(KAREN, "The portal is down.")


def readers(mails):
    return {mail.to for mail in outside(mails) if mail.kind == "reply"}


@pytest.mark.parametrize("command", [f"#requester {ZOE}", f"#cc {ZOE}"])
def test_an_answer_that_reaches_more_is_held_and_released_with_one_tap(bench, alerts, command):
    bench.send(ELLIOT, f"{command}\n", answers=to(alerts, ELLIOT_))
    held = to(bench.send(ANN_, "It works again.", answers=to(alerts, ANN_)), ANN_)
    assert held.kind == "held"
    assert f"Your answer would also go to {ZOE}, whom the mail that you answered did not name." in held.text
    assert ("reply", "It works again.") not in bench.thread()
    sent = bench.tap(held)
    assert ZOE in readers(sent)
    assert bench.thread()[-1] == ("reply", "It works again.")


def test_who_joins_while_it_is_held_was_not_named_either(bench, alerts):
    bench.send(ELLIOT, f"#cc {ZOE}\n", answers=to(alerts, ELLIOT_))
    held = to(bench.send(ANN_, "It works again.", answers=to(alerts, ANN_)), ANN_)
    bench.send(ELLIOT, "#cc max@elsewhere.example", answers=to(alerts, ELLIOT_))
    again = to(bench.tap(held), ANN_)
    assert again.kind == "held"
    assert "max@elsewhere.example" in again.text
    assert ZOE not in again.text.partition("Your answer:")[0].replace(f"Collaborators: {ZOE}", "")
    assert readers(bench.tap(again)) == {KAREN_, ZOE, "max@elsewhere.example"}


def test_whom_the_mail_itself_adds_is_its_authors_choice(bench, alerts):
    sent = bench.send(ANN_, f"#cc {ZOE}\n\nIt works again.", answers=to(alerts, ANN_))
    assert readers(sent) == {KAREN_, ZOE}


def test_fewer_readers_hold_nothing(bench, alerts):
    bench.send(ELLIOT, f"#cc {ZOE}\n", answers=to(alerts, ELLIOT_))
    asked = bench.send(KAREN, "Any news?", subject="Re: [#1001] Portal is down")
    bench.send(ELLIOT, f"#uncc {ZOE}\n", answers=to(alerts, ELLIOT_))
    assert readers(bench.send(ANN_, "It works again.", answers=to(asked, ANN_))) == {KAREN_}


def test_the_answer_link_of_a_note_promises_as_much(bench, alerts):
    note = to(bench.send(ELLIOT, "#note\n\nWho knows?", answers=to(alerts, ELLIOT_)), ANN_)
    bench.send(ELLIOT, f"#requester {ZOE}\n", answers=to(alerts, ELLIOT_))
    assert {mail.kind for mail in bench.write_by_link(note, "Answer Karen Client", "I do.")} == {"held"}


def test_a_note_is_held_for_no_reader(bench, alerts):
    bench.send(ELLIOT, f"#requester {ZOE}\n", answers=to(alerts, ELLIOT_))
    assert not outside(bench.send(ANN_, "#note\n\nHm.", answers=to(alerts, ANN_)))
    assert bench.thread()[-1] == ("note", "Hm.")
