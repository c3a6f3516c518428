"""What is kept of a mail at its end: state, reason, what went wrong, and that it came."""

from __future__ import annotations

import pytest

from tests.desk import ELLIOT, KAREN, Bench, with_ticket

WITHOUT_ID = (
    b"From: Karen Client <karen@client.example>\r\nTo: support@bank.example\r\nSubject: Scan\r\n"
    b"Date: Fri, 20 Nov 2026 09:00:00 +0000\r\n\r\nFrom the copier.\r\n"
)


@pytest.fixture
def bench(tmp_path) -> Bench:
    return with_ticket(tmp_path)


def test_a_mail_that_had_its_effect_went_well(bench):
    bench.send(KAREN, "And now it smokes.", answers=bench.ack)
    row = bench.last()
    assert (row["state"], row["error"], row["ticket"], row["subject"]) == ("done", "", 1001, f"Re: {bench.ack.subject}")


def test_what_is_set_aside_says_why(bench):
    bench.send(ELLIOT, "#ban eve@evil.example -- phishing", answers=bench.alert)
    bench.send("eve@evil.example", "Click here.", subject="Prize")
    row = bench.last()
    assert (row["state"], row["reason"]) == ("quarantined", "banned")
    assert "eve@evil.example is banned" in row["error"]
    assert "phishing" in row["error"]


def test_a_mail_without_a_message_id_that_comes_again_is_one_ticket(bench):
    for _ in range(3):
        bench.accept(WITHOUT_ID)
        bench.drain()
    assert bench.numbers() == [1001, 1002]
    assert [row["reason"] for row in bench.db.all("SELECT reason FROM inbox ORDER BY id DESC LIMIT 2")] == [
        "duplicate"
    ] * 2
