"""What is kept of a mail at its end: state, reason, what went wrong, and that it came."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from mailgate.store.queues import held, inbox, trace
from mailgate.store.tickets import similar
from tests.desk import ANN, CONFIG, ELLIOT, KAREN, Bench, Sent, to, told, with_ticket

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


# ── an agent's mail that comes once without proof, and once with it ─────────────────────────

TRUSTED = CONFIG + '[trust]\ndomains = ["bank.example"]\n'
PROOF = {
    "Authentication-Results": "mx.bank.example; dmarc=pass header.from=bank.example",
    "DKIM-Signature": "v=1; d=bank.example; s=x; h=from:subject:date; b=AAAA; bh=AAAA",
}


def order(bench: Bench, *, proven: bool) -> list[Sent]:
    """Always the same mail; with proof, by the way in that is believed."""
    believed = ("mx.bank.example",) if proven else ()
    bench.accept(
        bench.write(ELLIOT, "#prio high", subject="[#1001]", message_id="<order@bank.example>", headers=PROOF),
        authserv_ids=believed,
    )
    return bench.drain()


def ends(bench: Bench) -> list[tuple[str, str]]:
    return [(row["state"], row["reason"]) for row in bench.db.all("SELECT state, reason FROM inbox ORDER BY id")][1:]


def test_what_waits_for_a_confirmation_ends_once_a_proven_copy_did_it(tmp_path):
    bench = with_ticket(tmp_path, TRUSTED)
    asked = to(order(bench, proven=False), "elliot@bank.example")
    waiting = bench.last()["id"]
    assert (asked.kind, held.waits(bench.db, waiting)) == ("confirm", True)
    assert "Priority: High." in to(order(bench, proven=True), "elliot@bank.example").text
    assert not held.waits(bench.db, waiting)
    assert inbox.item(bench.db, waiting).state == "dropped"
    assert [state for state, _ in ends(bench)] == ["dropped", "done"]
    assert ends(bench)[0][1] == "duplicate"
    code = re.search(r"#confirm (\w+)", asked.text)[1]
    bench.now += timedelta(hours=2)  # one answer an hour
    said = bench.send(ELLIOT, f"#confirm {code}", subject="Confirm")
    assert "carried out already" in to(said, "elliot@bank.example").text
    assert bench.kinds().count("priority-changed") == 1


def test_copies_without_proof_are_one_and_do_not_stand_in_the_way_of_one_with_it(tmp_path):
    """However many of them came first."""
    bench = with_ticket(tmp_path, TRUSTED)
    assert told(order(bench, proven=False)) == {("confirm", "elliot@bank.example")}
    assert [order(bench, proven=False) for _ in range(2)] == [[], []]
    assert [reason for _, reason in ends(bench)][1:] == ["duplicate"] * 2
    assert "Priority: High." in to(order(bench, proven=True), "elliot@bank.example").text
    assert order(bench, proven=True) == []
    assert bench.kinds().count("priority-changed") == 1


def test_what_nobody_confirmed_and_is_over_is_not_ended_again_by_a_proven_copy(tmp_path):
    bench = with_ticket(tmp_path, TRUSTED)
    order(bench, proven=False)
    bench.wait(days=4)
    assert ends(bench) == [("dropped", "unproven-agent")]
    order(bench, proven=True)
    assert ends(bench)[0] == ("dropped", "unproven-agent")
    assert bench.kinds().count("priority-changed") == 1


def test_the_word_that_nobody_confirmed_is_traced_with_the_mail_that_waited(bench):
    secret = "The vendor password is hunter2 and must not leave this house"
    bench.send(ELLIOT, f"#note\n\n{secret}", answers=bench.alert)
    (asked,) = bench.send(ANN, secret, answers=bench.opened["ann@bank.example"], message_id="<r@bank.example>")
    (word,) = [mail for mail in bench.wait(days=3, minutes=1) if mail.kind == "held"]
    caused = [line for line in trace.by_message_id(bench.db, "<r@bank.example>") if line.direction == "out"]
    assert [line.message_id for line in caused] == [asked.message_id, word.message_id]


# ── tickets that are alike ──────────────────────────────────────────────────────────────────


def test_a_ticket_is_found_by_its_words_once_it_ended_and_not_before(bench):
    def alike(subject: str) -> list[int]:
        mails = bench.send("Ben <ben@client.example>", "Hello", subject=subject)
        return similar.shown(bench.db, to(mails, "elliot@bank.example").ticket)

    bench.send(KAREN, "Nothing helps.", subject="Cheque scanner jams daily")
    bench.send(ELLIOT, "#prio high", answers=_alert(bench, 1002))
    assert alike("Cheque scanner jams") == []
    bench.send(ELLIOT, "#resolve", subject="Re: [#1002]", answers=_alert(bench, 1002))
    assert bench.ticket(1002).status == "resolved"
    assert alike("Scanner jams") == [1002]
    assert alike("Parking lot closed") == []


def _alert(bench: Bench, number: int) -> Sent:
    return next(mail for mail in bench.sent() if mail.ticket == number and mail.to == "elliot@bank.example")


def test_a_template_that_fails_is_logged_with_its_kind_and_one_that_does_not_is_not(tmp_path, caplog):
    """Its mail goes out all the same, with the words of the shipped one: nobody would notice."""
    broken = tmp_path / "templates" / "new-ticket.txt"
    broken.parent.mkdir()
    broken.write_text("{{ tiket.number }}")
    bench = Bench(tmp_path)
    assert to(bench.send(KAREN, "It is broken."), "elliot@bank.example").kind == "new-ticket"
    lines = [each.getMessage() for each in caplog.records if "template-error" in each.getMessage()]
    assert lines
    assert all("new-ticket" in line and "tiket" in line for line in lines)
