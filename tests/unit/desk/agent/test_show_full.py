"""What was cut from a mail is counted in the alert, and `#show full` sends it."""

from __future__ import annotations

import pytest

from tests.desk import ANN, KAREN, Bench, outside, to

SIGNED = "Please call me.\n\n-- \nKaren Client\nphone +1 555 0199"


def test_an_alert_counts_the_lines_that_it_leaves_out(bench: Bench) -> None:
    alert = to(bench.send(KAREN, SIGNED), "ann@bank.example")
    assert "2 lines not shown (quoted text or a signature); #show full sends them." in alert.text
    assert "555 0199" not in alert.text
    more = to(
        bench.send(KAREN, "Again.\n\n-- \nKaren", answers=to(bench.sent(), "karen@client.example")), "ann@bank.example"
    )
    assert "1 line not shown (quoted text or a signature); #show full sends it." in more.text
    whole = to(bench.send(KAREN, "All of it.", subject="Other"), "ann@bank.example")
    assert "not shown" not in whole.text


@pytest.mark.parametrize("order", ["#show full", "#show 1001 full", "#show FULL 1001"])
def test_show_full_sends_what_was_cut(bench: Bench, order: str) -> None:
    alert = to(bench.send(KAREN, SIGNED), "ann@bank.example")
    answer = to(bench.send(ANN, order, answers=alert), "ann@bank.example")
    assert answer.kind == "answer"
    assert "Please call me.\n\n> --\n> Karen Client\n> phone +1 555 0199" in answer.text
    assert "555 0199" in answer.part("html")
    short = to(bench.send(ANN, "#show", answers=alert), "ann@bank.example")
    assert "555 0199" not in short.text


def test_requesters_read_nothing_of_it(bench: Bench) -> None:
    mails = bench.send(KAREN, SIGNED)
    mails += bench.send(ANN, "We will.", answers=to(mails, "ann@bank.example"))
    assert not [mail for mail in outside(mails) if "not shown" in mail.everything]
