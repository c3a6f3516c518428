"""Batches of mail: what storage errors and concurrent changes do to them, and held mail that expires."""

from __future__ import annotations

import pytest

from mailgate.desk.gather.opening import gather_opening
from mailgate.desk.opening import by_hand
from mailgate.errors import StorageError
from mailgate.mail import Delivery, Envelope, Kept
from mailgate.store.db import open_writer
from mailgate.store.queues import inbox
from mailgate.store.tickets import erase
from mailgate.ticket import Address
from mailgate.worker import apply
from mailgate.worker import batch as processor
from tests.desk import KAREN, START


def test_a_mail_that_lies_in_a_file_is_as_large_as_the_file(bench):
    raw, envelope = Kept("a-file", 50_000_000), Envelope("karen@client.example", ("support@bank.example",))
    kept = Delivery(source="smtp", source_key="large", envelope=envelope, raw=raw, arrived_at=START)
    with bench.db.transaction():
        inbox.add(bench.db, [kept], START)
    assert bench.last()["size"] == 50_000_000


@pytest.mark.sqlite
def test_a_full_disk_is_nobodys_fault(bench):
    bench.accept(bench.write(KAREN, "Hello " * 5000))
    claimed = processor.claim(bench.db)
    batch = processor.read(claimed, bench.desk, bench.now)
    pages = bench.db.one("PRAGMA page_count")[0]
    bench.db.run(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(StorageError):
        processor.work(bench.db, batch, bench.desk.context(bench.now))
    bench.db.run("PRAGMA max_page_count = 1073741823")
    assert bench.last()["state"] == "working"
    assert bench.last()["tries"] == 1
    processor.work(bench.db, batch, bench.desk.context(bench.now))
    assert bench.numbers() == [1001]


def test_the_clock_ends_what_nobody_confirmed(bench):
    bench.send(KAREN, "Help")
    bench.send("elliot@bank.example", "#close", subject="[#1001] x")
    held = bench.last()["id"]
    bench.now = START.replace(day=25)
    bench.wait()
    row = bench.db.one("SELECT state, reason FROM inbox WHERE id = ?", [held])
    assert tuple(row) == ("dropped", "unproven-agent")
    assert bench.db.one("SELECT count(*) FROM held")[0] == 0


def test_a_place_where_no_database_can_be_made_is_told_in_a_line(tmp_path):
    in_the_way = tmp_path / "file"
    in_the_way.write_text("")
    with pytest.raises(StorageError, match=r"cannot create .*: file exists"):
        open_writer(in_the_way / "mailgate.db")


def test_a_mail_is_decided_again_when_a_ticket_changed_meanwhile(bench, monkeypatch):
    """Another process's change falls between the decision and the writing: the decision is made anew."""
    bench.send(KAREN, "It is broken.")
    bench.accept(bench.write("ben@client.example", "Mine too."))
    elsewhere = open_writer(bench.config.storage.database)
    thinking, thoughts = processor.think, []

    def think_while_others_write(db, prepared, context):
        verdict = thinking(db, prepared, context)
        thoughts.append(verdict.outcome.ticket)
        if len(thoughts) == 1:
            with elsewhere.transaction():
                order = by_hand.Order(Address("jane@client.example"), "Meanwhile", "Words.", "cli:x", quiet=True)
                known = gather_opening(elsewhere, order.requester, context)
                apply.save(elsewhere, by_hand.open_by_hand(order, known, context), context)
        return verdict

    monkeypatch.setattr(processor, "think", think_while_others_write)
    bench.drain()
    elsewhere.close()
    assert thoughts == [1002, 1003]
    assert bench.numbers() == [1001, 1002, 1003]
    assert bench.db.one("SELECT requester_email AS who FROM ticket WHERE number = 1003")["who"] == "ben@client.example"


def test_a_mail_is_decided_again_when_its_ticket_was_erased_meanwhile(bench, monkeypatch):
    """An erasure leaves no event, and must not be undone by a decision that did not know of it."""
    bench.send(KAREN, "It is broken.")
    bench.send("ben@client.example", "Mine too.", subject="Another matter")
    answered = next(mail for mail in bench.sent() if mail.to == "karen@client.example")
    bench.accept(bench.write(KAREN, "Still broken.", answers=answered))
    elsewhere = open_writer(bench.config.storage.database)
    thinking, thoughts = processor.think, []

    def think_while_others_erase(db, prepared, context):
        verdict = thinking(db, prepared, context)
        thoughts.append(verdict.outcome.ticket)
        if len(thoughts) == 1:
            with elsewhere.transaction():
                erase.erase(elsewhere, [1001])
        return verdict

    monkeypatch.setattr(processor, "think", think_while_others_erase)
    bench.drain()
    elsewhere.close()
    assert thoughts == [1001, 1003]
    assert bench.numbers() == [1002, 1003]
