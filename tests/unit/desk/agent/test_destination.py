"""Where an agent's answer goes: what the answered mail said, whatever a program does with it."""

from __future__ import annotations

import pytest

from tests.desk import CONFIG, ELLIOT, KAREN, Bench, outside, to

ANN_, ELLIOT_, KAREN_ = "ann@bank.example", "elliot@bank.example", "karen@client.example"
PLUS = {"plus": CONFIG, "no plus": CONFIG.replace("plus = true", "plus = false")}


@pytest.fixture(params=PLUS)
def bench(tmp_path, request) -> Bench:
    return Bench(tmp_path, PLUS[request.param])


@pytest.fixture
def alerts(bench):
    """The alerts of a new ticket."""
    return bench.send(KAREN, "The portal is down.")


def assigned(bench, alerts):
    """The alert to Ann when Elliot assigns her the ticket."""
    return to(bench.send(ELLIOT, "#assign ann -- knows it", answers=to(alerts, ELLIOT_)), ANN_)


def test_the_assignee_answers_the_customer_with_their_one_mail(bench, alerts):
    alert = assigned(bench, alerts)
    assert alert.kind == "assigned"
    sent = bench.send(ANN_, "It works again.", answers=alert)
    assert [(mail.kind, mail.to) for mail in outside(sent)] == [("reply", KAREN_)]
    assert bench.thread()[-1] == ("reply", "It works again.")


def test_once_answered_the_next_alert_is_a_note(bench, alerts):
    bench.send(ANN_, "It works again.", answers=assigned(bench, alerts))
    again = to(
        bench.send(ELLIOT, "#release\n", answers=to(alerts, ELLIOT_))
        and bench.send(ELLIOT, "#assign ann", answers=to(alerts, ELLIOT_)),
        ANN_,
    )
    assert "Your answer stays an internal note." in again.text
    sent = bench.send(ANN_, "Why me?", answers=again)
    assert not outside(sent)
    assert bench.thread()[-1] == ("note", "Why me?")


def test_what_the_alert_promised_holds_although_nobody_waits_any_more(bench, alerts):
    alert = assigned(bench, alerts)
    bench.send(ELLIOT, "#resolve\n", answers=to(alerts, ELLIOT_))
    assert outside(bench.send(ANN_, "One word more.", answers=alert)), "it said that an answer goes to Karen"


@pytest.mark.parametrize("below", [False, True])
def test_the_answer_link_of_a_note_goes_to_the_customer_wherever_it_is_typed(bench, alerts, below):
    note = to(bench.send(ELLIOT, "#note\n\nWho knows?", answers=to(alerts, ELLIOT_)), ANN_)
    assert "Your answer stays an internal note." in note.text
    sent = bench.write_by_link(note, "Answer Karen Client", "I do.", below=below)
    assert [(mail.kind, mail.to) for mail in outside(sent)] == [("reply", KAREN_)]
    assert bench.thread()[-1] == ("reply", "I do.")
    assert "Ref:" not in sent[0].text


@pytest.mark.parametrize("below", [False, True])
def test_the_note_link_of_a_public_alert_stays_internal_and_asks_nothing_back(bench, alerts, below):
    sent = bench.write_by_link(to(alerts, ANN_), "Note", "I know her.", below=below)
    assert {mail.kind for mail in sent} == {"note"}
    assert bench.thread()[-1] == ("note", "I know her.")


def test_commands_go_with_a_link(bench, alerts):
    sent = bench.write_by_link(to(alerts, ANN_), "Note", "#resolve\n\nAll done.")
    assert bench.thread()[-1] == ("note", "All done.")
    assert bench.ticket().status == "resolved"
    assert {mail.kind for mail in outside(sent)} == {"status-changed"}


def test_an_alert_that_somebody_else_gets_instead_is_theirs(bench, alerts):
    """The assignee's mail does not arrive: who has the alert instead is no assignee."""
    alert = assigned(bench, alerts)
    bench.db.run("INSERT INTO dead_address (email, reason, at) VALUES (?, 'gone', 0)", [ANN_])
    sent = bench.send(KAREN, "Any news?", subject="Re: [#1001] Portal is down")
    assert alert.agent == "ann"
    other = to([mail for mail in sent if mail.agent], ELLIOT_)
    assert bench.desk.keyring.read(other.message_id).public == ("public reply" in other.text)
