"""Who sees a ticket no longer hears no more about it, whatever they heard before."""

from __future__ import annotations

import pytest

from tests.desk import KAREN, Bench, to, told

ELLIOT, ANN, BOB = "elliot@bank.example", "ann@bank.example", "bob@bank.example"


@pytest.fixture
def bench(tmp_path):
    """Support was alerted and asked a carrier; then Ann gave the ticket to the administrators."""
    made = Bench(tmp_path)
    alerts = {mail.to: mail for mail in made.send(KAREN, "It does not open.")}
    asked = made.send(ELLIOT, "#ask noc@carrier.example\n\nIs it yours?", answers=alerts[ELLIOT])
    made.question = to(asked, "noc@carrier.example")
    made.moved = to(made.send(ANN, "#transfer Systems", answers=alerts[ANN]), BOB)
    return made


def test_that_it_was_taken_or_released_is_told_to_nobody_who_lost_sight_of_it(bench):
    assert ELLIOT not in {mail.to for mail in bench.send(BOB, "#claim", answers=bench.moved)}
    assert {mail.to for mail in bench.send(BOB, "#release", answers=bench.moved)}.isdisjoint({ELLIOT, ANN})


def test_who_was_asked_sees_it_again_and_hears_on(bench):
    bench.send(BOB, "#ask ann\n\nYou know it?", answers=bench.moved)
    assert ("taken", ANN) in told(bench.send(BOB, "#claim", answers=bench.moved))


def test_an_answer_to_their_question_goes_to_who_works_it_now(bench):
    mails = bench.send("noc@carrier.example", "Yes, ours.", answers=bench.question, to=bench.question.reply_to)
    assert {mail.to for mail in mails} == {BOB, "vera@bank.example"}
