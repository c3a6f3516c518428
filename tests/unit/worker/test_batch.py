"""Batches of mail: what storage errors and concurrent changes do to them, and held mail that expires."""

from __future__ import annotations

import shutil
from dataclasses import replace
from itertools import pairwise

import pytest

from mailgate.desk.gather.opening import gather_opening
from mailgate.desk.opening import by_hand
from mailgate.errors import StorageError, TooExpensive
from mailgate.mail import Delivery, Envelope, Kept
from mailgate.store.db import open_writer
from mailgate.store.queues import inbox, nodes
from mailgate.store.tickets import erase
from mailgate.system.budget import Budget
from mailgate.ticket import Address
from mailgate.worker import apply
from mailgate.worker import batch as processor
from mailgate.worker.node import about_command
from tests.desk import KAREN, START, Bench


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


# ── how much at a time ──────────────────────────────────────────────────────────────────


def accept(bench: Bench, *subjects: str) -> list[int]:
    return [bench.accept(bench.write(KAREN, "It is broken.", subject=subject)) for subject in subjects]


def states(bench: Bench) -> list[str]:
    return [row["state"] for row in bench.db.all("SELECT state FROM inbox ORDER BY id")]


def test_the_next_batch_is_claimed_once_this_one_is_finished(bench, monkeypatch):
    """What is claimed and forgotten would lie until the next start."""
    monkeypatch.setattr(processor, "BATCH", 2)
    monkeypatch.setattr(processor, "BUDGET", 0.0)
    monkeypatch.setattr(processor, "HOLD", -1.0)
    accept(bench, "One", "Two", "Three")
    context = bench.desk.context(bench.now)
    batch = processor.read(processor.claim(bench.db), bench.desk, bench.now)
    assert processor.work_and_claim(bench.db, batch, context, [].append, large=False) == (1, [])
    assert states(bench) == ["done", "working", "new"]
    finished, claimed = processor.work_and_claim(bench.db, batch[1:], context, [].append, large=False)
    assert (finished, [each.id for each in claimed]) == (1, [3])
    assert states(bench) == ["done", "done", "working"]


def test_what_answers_a_mail_that_another_node_still_works_waits_for_it(bench):
    """It would open a ticket of its own. What answers nothing goes on."""
    with bench.db.transaction():
        about = about_command(bench.config)
        there = nodes.join(bench.db, replace(about, name="another", place="elsewhere"), alone=False)
        here = nodes.join(bench.db, about, alone=False)
    bench.db.node = there
    bench.accept(bench.write(KAREN, "It is broken.", message_id="<first@client.example>"))
    elsewhere = processor.read(processor.claim(bench.db), bench.desk, bench.now)
    bench.db.node = here
    another = bench.write("ben@client.example", "Mine is another.", subject="Another")
    headers = {"In-Reply-To": "<first@client.example>"}
    answer = bench.write(KAREN, "It works again.", subject="Re: Portal is down", headers=headers)
    bench.accept(another, envelope_from="ben@client.example")
    bench.accept(answer, envelope_from="bounces+karen@client.example")
    context = bench.desk.context(bench.now)
    batch = processor.read(processor.claim(bench.db), bench.desk, bench.now)
    assert processor.work(bench.db, batch, context) == 1
    assert states(bench) == ["working", "done", "working"]
    assert processor.work(bench.db, batch[1:], context) == 0
    bench.db.node = there
    assert processor.work(bench.db, elsewhere, context) == 1
    bench.db.node = here
    assert processor.work(bench.db, batch[1:], context) == 1
    tickets = [row["ticket"] for row in bench.db.all("SELECT ticket FROM inbox ORDER BY id")]
    assert tickets[2] == tickets[0] != tickets[1]


# ── what fails ──────────────────────────────────────────────────────────────────────────


def test_a_mail_whose_try_ended_with_the_process_is_tried_in_one_of_its_own_first(bench, monkeypatch):
    tried = []

    def is_too_much(module, raw, seconds):
        tried.append((module, raw, seconds))
        raise TooExpensive("too much memory")

    monkeypatch.setattr(processor, "try_in_own_process", is_too_much)
    (number,) = accept(bench, "Large")
    (read,) = processor.read(processor.claim(bench.db), bench.desk, bench.now, Budget(7.0))
    assert (tried, read.received.mail.subject) == ([], "Large")
    bench.db.run("UPDATE inbox SET state = 'new'")
    (claimed,) = processor.claim(bench.db)
    batch = processor.read([claimed], bench.desk, bench.now, Budget(7.0))
    assert tried == [(processor.TRIAL, claimed.load(), 7.0)]
    assert processor.work(bench.db, batch, bench.desk.context(bench.now)) == 1
    row = bench.last()
    assert (row["id"], row["state"], row["reason"], row["tries"]) == (number, "quarantined", "poison", 2)
    (mail,) = bench.new()
    assert mail.subject == f"A mail was quarantined (inbox {number})"
    for line in (
        f"Mail {number} could not be processed in three tries and is in quarantine, complete:",
        f"See it with: mailgate queue quarantine show {number}",
        f"Try it again with: mailgate queue quarantine retry {number}",
        "too much memory",
    ):
        assert line in mail.text


def test_a_disk_that_takes_no_file_is_no_fault_of_the_mail_that_is_read(bench):
    bench.accept(bench.write(KAREN, "See the plan.", files=(("plan.pdf", "application/pdf", b"%PDF-1.4 plan"),)))
    claimed = processor.claim(bench.db)
    folder = bench.desk.files.path("0" * 64).parents[1]
    shutil.rmtree(folder, ignore_errors=True)
    folder.write_text("in the way")
    with pytest.raises(StorageError):
        processor.read(claimed, bench.desk, bench.now)
    folder.unlink()
    batch = processor.read(claimed, bench.desk, bench.now)
    assert processor.work(bench.db, batch, bench.desk.context(bench.now)) == 1
    assert states(bench) == ["done"]


def test_a_command_that_works_for_long_goes_on_counting_as_a_node(bench, monkeypatch):
    """Another node would take up what it has claimed."""
    monkeypatch.setattr(processor, "BATCH", 1)
    accept(bench, "One", "Two", "Three")
    ends = []

    def clock():
        ends.append(bench.db.one("SELECT ends_at FROM node")["ends_at"])
        bench.db.run("UPDATE node SET ends_at = ends_at - 5")
        return bench.now

    assert processor.drain(bench.db, bench.desk, clock, alone=False) == 3
    assert [after > before for before, after in pairwise(ends)].count(True) >= 2
    assert bench.db.all("SELECT 1 FROM node") == []
