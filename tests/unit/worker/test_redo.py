"""Mail whose processing fails: tried again, quarantined after three times, and done once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from mailgate.mail import Delivery, Envelope
from mailgate.store.db import open_writer
from mailgate.store.queues import inbox, outbox, trace
from mailgate.system import crash_points
from mailgate.worker import batch as processor
from tests.desk import ELLIOT, KAREN, to, told, with_ticket


@pytest.fixture
def bench(tmp_path):
    return with_ticket(tmp_path)


def held_reply(bench):
    """An agent's held reply with a file; the confirm that would release it."""
    files = (("plan.pdf", "application/pdf", b"%PDF-1.4 plan"),)
    mails = bench.send(ELLIOT, "#reply\n\nSee the plan.", subject="[#1001] x", files=files)
    confirm = to(mails, "elliot@bank.example")
    return confirm, next(
        word for word in confirm.text.replace("%20", " ").split() if len(word) == 12 and word.isalnum()
    )


def test_poison_is_tried_three_times_then_set_aside_and_told_once(bench):
    confirm, code = held_reply(bench)
    bench.db.run("UPDATE inbox SET raw_id = NULL WHERE state = 'held'")
    bench.accept(bench.write(ELLIOT, f"#confirm {code}", answers=confirm))
    bench.accept(bench.write(KAREN, "A good one.", subject="Good"))
    mails = bench.drain()
    row = bench.db.one("SELECT * FROM inbox WHERE reason = 'poison'")
    assert (row["state"], row["tries"]) == ("quarantined", 3)
    assert "NotFound" in row["error"]
    (end,) = (line for line in trace.by_message_id(bench.db, row["message_id"]) if line.step == "quarantined")
    assert end.inbox_id == row["id"]
    assert [mail.to for mail in mails if mail.kind == "admin"] == ["root@ops.example"]
    assert "acknowledgement" in {mail.kind for mail in mails}, "the mail behind it is worked"
    assert ("reply", "See the plan.") not in bench.thread()
    with bench.db.transaction():
        inbox.retry(bench.db, row["id"])
    assert bench.drain() == [], "told once"


def dies_three_times(bench, raw):
    """A mail on which the worker process died three times."""
    number = bench.accept(raw)
    bench.db.run("UPDATE inbox SET state = 'working', tries = 3 WHERE id = ?", [number])
    with bench.db.transaction():
        processor.reclaim(bench.db, bench.desk, bench.now)
    return bench.db.one("SELECT * FROM inbox WHERE id = ?", [number])


def test_a_mail_that_ended_the_process_is_described_by_its_header(bench):
    raw = b"From: Karen <karen@client.example>\r\nSubject: =?utf-8?q?B=C3=B6se?=\r\n\r\nMessage-ID: <text@x>\r\n"
    row = dies_three_times(bench, raw)
    assert (row["state"], row["subject"], row["message_id"]) == ("quarantined", "Böse", "")
    row = dies_three_times(bench, b"Message-ID: <bad@client.example>\r\n" + raw)
    assert (row["from_email"], row["message_id"]) == ("karen@client.example", "<bad@client.example>")
    bench.db.run("UPDATE inbox SET raw_id = NULL")
    assert dies_three_times(bench, b"\r\n")["message_id"] == ""


def test_a_copy_of_a_mail_that_failed_is_worked(bench):
    """After an upgrade that cures it: the first one had no effect."""
    raw = bench.write(KAREN, "The flap is open.", subject="Flap")
    assert dies_three_times(bench, raw)["message_id"]
    bench.accept(raw)
    bench.drain()
    assert bench.last()["state"] == "done"


def large_mail(bench):
    """A mail whose bytes lie in a file: its id, and the file."""
    raw = bench.write(
        KAREN, "The dump.", subject="Dump", files=(("d.bin", "application/octet-stream", b"d" * 300_000),)
    )
    envelope = Envelope("karen@client.example", ("support@bank.example",))
    large = Delivery(source="smtp", source_key="large", envelope=envelope, raw=raw, arrived_at=bench.now)
    filed = bench.db.files.filed(large)
    with bench.db.transaction():
        return inbox.add(bench.db, [filed], bench.now)[0], bench.db.files.path(filed.raw.name)


def test_a_file_that_cannot_be_read_puts_off_its_mail_alone(bench):
    """It counts as no try, is told once, tried again with growing pauses, and worked when the file is back."""
    number, file = large_mail(bench)
    file.rename(file.with_name("elsewhere"))
    bench.accept(bench.write(KAREN, "A good one.", subject="Good"))
    mails = bench.drain()
    assert "acknowledgement" in {mail.kind for mail in mails}, "the mail behind it is worked"
    (admin,) = (mail for mail in mails if mail.kind == "admin")
    assert f"cannot read {file}" in admin.text
    assert "It is tried again with growing pauses, an hour at most." in admin.text
    assert f"mailgate queue inbox retry {number}" in admin.text
    assert f"mailgate queue inbox drop {number}" in admin.text
    (waiting,) = inbox.put_off_mails(bench.db)
    assert (waiting.id, waiting.state, waiting.attempts) == (number, "new", 0)
    assert waiting.next_attempt_at == bench.now + timedelta(minutes=1)
    assert "no such file" in waiting.last_error
    assert bench.drain() == [], "it waits"
    bench.now += timedelta(minutes=10)
    assert inbox.any_retry_due(bench.db, bench.now)
    inbox.take_up_again(bench.db, bench.now)
    assert bench.drain() == [], "told once"
    (waiting,) = inbox.put_off_mails(bench.db)
    assert timedelta(minutes=2) < waiting.next_attempt_at - bench.now < timedelta(minutes=3)
    bench.now += timedelta(days=10)
    inbox.take_up_again(bench.db, bench.now)
    bench.drain()
    (waiting,) = inbox.put_off_mails(bench.db)
    assert waiting.next_attempt_at == bench.now + timedelta(hours=1), "an hour at most"
    file.with_name("elsewhere").rename(file)
    inbox.retry(bench.db, waiting.id)
    bench.drain()
    assert bench.ticket(1003).subject == "Dump"
    assert inbox.put_off_mails(bench.db) == []


def commits(bench, batch: processor.Batch) -> tuple[int, int]:
    """Work a batch: how many mails were finished, in how many transactions."""
    said: list[str] = []
    crash_points.observers.append(said.append)
    finished = processor.work(bench.db, batch, bench.desk.context(bench.now))
    crash_points.observers.remove(said.append)
    return finished, said.count("committed")


@pytest.mark.parametrize("place", [0, 1, 2])
def test_what_fails_among_mails_of_one_transaction_is_undone_alone(bench, place, monkeypatch):
    monkeypatch.setattr(processor, "HOLD", 60.0)
    confirm, code = held_reply(bench)
    bench.db.run("UPDATE inbox SET raw_id = NULL WHERE state = 'held'")
    texts = ["First", "Second"]
    for number in range(3):
        if number == place:
            poison = bench.accept(bench.write(ELLIOT, f"#confirm {code}", answers=confirm))
        else:
            bench.accept(bench.write(KAREN, "A good one.", subject=texts.pop(0)))
    batch = processor.read(processor.claim(bench.db), bench.desk, bench.now)
    finished, transactions = 0, 0
    while batch:
        done, written = commits(bench, batch)
        batch, finished, transactions = batch[done:], finished + done, transactions + written
    assert (finished, transactions) == (3, 2), "the two good ones in one, the word of the failure in another"
    states = {row["id"]: row["state"] for row in bench.db.all("SELECT id, state FROM inbox ORDER BY id DESC LIMIT 3")}
    assert {id_ for id_, state in states.items() if state != "done"} == {poison}
    assert [bench.ticket(number).subject for number in (1002, 1003)] == ["First", "Second"]
    assert ("reply", "See the plan.") not in bench.thread()


def test_the_database_is_held_for_the_mail_in_hand_and_no_longer(bench, monkeypatch):
    monkeypatch.setattr(processor, "HOLD", 0.0)
    monkeypatch.setattr(processor, "BUDGET", 60.0)
    for subject in ("First", "Second", "Third"):
        bench.accept(bench.write(KAREN, "A good one.", subject=subject))
    batch = processor.read(processor.claim(bench.db), bench.desk, bench.now)
    assert commits(bench, batch) == (3, 3)


def test_what_a_process_died_of_three_times_is_set_aside_and_told(bench):
    inbox_id = bench.accept(bench.write(KAREN, "Deadly.", subject="Deadly"))
    for _ in range(3):
        with bench.db.transaction():
            assert [each.id for each in inbox.claim(bench.db, 32)] == [inbox_id]
            bench.db.run("UPDATE inbox SET state = 'new' WHERE id = ?", [inbox_id])
    bench.db.run("UPDATE inbox SET state = 'working' WHERE id = ?", [inbox_id])
    with bench.db.transaction():
        processor.recover(bench.db, bench.desk, bench.now)
    assert told(bench.new()) == {("admin", "root@ops.example")}
    assert bench.last()["state"] == "quarantined"


@pytest.mark.sqlite
def test_a_redo_composes_the_same_mails(bench, tmp_path):
    """What the power took away before the commit is done again to the byte of its ids."""
    bench.accept(bench.write(KAREN, "Once more.", answers=bench.ack))
    bench.db.run("VACUUM INTO ?", [str(tmp_path / "lost.db")])
    lost = open_writer(tmp_path / "lost.db")
    processor.drain(lost, bench.desk, lambda: bench.now)
    ids = [row["message_id"] for row in lost.all("SELECT message_id FROM outbox ORDER BY id")]
    lost.close()
    before = len(bench.sent())
    bench.drain()
    assert len(bench.sent()) > before
    assert [mail.message_id for mail in bench.sent()] == ids


def test_the_same_notice_is_never_queued_twice(bench):
    before = len(bench.sent())
    row = bench.db.one("SELECT * FROM outbox ORDER BY id LIMIT 1")
    bench.db.run(
        "INSERT INTO outbox (kind, cause, mail_from, recipient, message_id, subject, created_at, next_attempt_at)"
        " VALUES (?, ?, '', ?, ?, '', 0, 0) ON CONFLICT (cause, kind, recipient) DO NOTHING",
        [row["kind"], row["cause"], row["recipient"], row["message_id"]],
    )
    assert len(bench.sent()) == before
    assert outbox.counts(bench.db)["queued"] == before
