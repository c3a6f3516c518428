"""What is past its retention is deleted in small portions; what was sent to whom stays; files follow their rows."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from dataclasses import replace
from datetime import timedelta

import pytest

from mailgate.errors import NotFound
from mailgate.store.db import Store
from mailgate.store.queues import outbox
from mailgate.store.raw_files import raw_folder
from mailgate.system.lock import keep_files
from mailgate.worker import timers
from mailgate.worker.daily import upkeep
from tests.desk import ANN, KAREN, START, Bench
from tests.waiting import until

ANN_ADDRESS = "ann@bank.example"
DAYS_400 = timedelta(days=400)


@pytest.fixture
def bench(tmp_path):
    return Bench(tmp_path)


def run(bench, **keep):
    """The whole upkeep with these periods; how many transactions it took."""
    storage = replace(bench.config.storage, **keep)
    count = 0
    for portion in upkeep.PORTIONS:
        more = True
        while more:
            with bench.db.transaction():
                more = portion(bench.db, storage, bench.now)
            count += 1
    return count


def sweep(bench, days=2.0):
    """Sweep the files as if this time had gone by since they were stored."""
    files, now = bench.desk.files, time.time() + days * 86_400
    upkeep.sweep(files, upkeep.unnamed(bench.db, files.old(now)), now, bench.config.storage.beside)


def deliver(bench):
    while jobs := outbox.claim(bench.db, bench.now, 100):
        outbox.sent(bench.db, [(job.id, "250 2.0.0 queued as A1") for job in jobs], bench.now)


def count(bench, sql):
    return bench.db.one(f"SELECT count(*) FROM {sql}")[0]


def files(bench):
    return sorted(path.name for path in bench.config.storage.attachments.rglob("*") if len(path.name) == 64)


def close(bench, number=1001):
    alert = next(mail for mail in reversed(bench.sent()) if (mail.to, mail.ticket) == (ANN_ADDRESS, number))
    bench.send(ANN, "#close", answers=alert)
    assert bench.ticket(number).status.value == "closed"


def test_the_bytes_of_sent_mail_go_and_what_was_sent_to_whom_stays(bench):
    bench.send(KAREN, "It is broken.")
    deliver(bench)
    bench.now += timedelta(days=29)
    run(bench)
    assert count(bench, "outgoing") == count(bench, "outbox")
    bench.now += timedelta(days=2)
    run(bench)
    assert count(bench, "outgoing") == 0
    row = bench.db.one("SELECT * FROM outbox WHERE recipient = 'karen@client.example'")
    assert (row["kind"], row["sent_at"]) == ("acknowledgement", START.timestamp() + 1)
    assert row["answer"] == "250 2.0.0 queued as A1"
    with pytest.raises(NotFound, match="not kept any more"):
        outbox.content(bench.db, row["id"])


def test_mail_that_waits_keeps_its_bytes_and_what_failed_cannot_be_retried_without_them(bench):
    bench.send(KAREN, "It is broken.")
    first = bench.db.one("SELECT min(id) FROM outbox")[0]
    outbox.failed(bench.db, [(first, "550 no", False, False)])
    bench.now += DAYS_400
    run(bench)
    assert bench.db.one("SELECT data FROM outgoing WHERE id = ?", [first]) is None
    assert count(bench, "outgoing") == count(bench, "outbox WHERE state = 'queued'") > 0
    with pytest.raises(NotFound, match="not kept any more"):
        outbox.retry(bench.db, first)
    assert outbox.item(bench.db, first).state == "failed"


def test_much_goes_in_many_transactions(bench, monkeypatch):
    monkeypatch.setattr(upkeep, "MAILS", 3)
    for n in range(7):
        bench.accept(bench.write(KAREN, f"Number {n} is broken."))
    bench.drain()
    waits = bench.accept(bench.write(KAREN, "This one waits."))
    bench.now += DAYS_400
    assert run(bench) >= len(upkeep.PORTIONS) + 2
    assert [row["id"] for row in bench.db.all("SELECT id FROM inbox WHERE raw_id IS NOT NULL")] == [waits]
    assert count(bench, "raw") == 1


def test_trace_and_first_contacts_end(bench):
    bench.db.run("INSERT INTO trace (at, direction, step, text) VALUES (?, 'in', 'refused', 'x')", [START.timestamp()])
    bench.db.run("INSERT INTO first_contact (at, email) VALUES (?, 'a@b.example')", [START.timestamp()])
    bench.now += timedelta(days=8)
    run(bench)
    assert (count(bench, "trace"), count(bench, "first_contact")) == (1, 0)
    run(bench, keep_trace=timedelta(days=7))
    assert count(bench, "trace") == 0


def test_closed_tickets_stay_for_ever_unless_a_period_is_set(bench):
    bench.send(KAREN, "It is broken.")
    close(bench)
    deliver(bench)
    bench.now += DAYS_400
    run(bench)
    assert bench.numbers() == [1001]
    run(bench, keep_closed=timedelta(days=401))
    assert bench.numbers() == [1001]
    run(bench, keep_closed=timedelta(days=399))
    assert bench.numbers() == []


# ── attachments ─────────────────────────────────────────────────────────────────────────

FILE = (("log.txt", "application/x-log", b"the content of the log"),)


def test_an_attachment_stays_while_an_entry_or_an_outgoing_mail_names_it(bench):
    bench.send(KAREN, "It is broken.", files=FILE)
    (name,) = files(bench)
    sweep(bench)
    assert files(bench) == [name]
    bench.db.run("UPDATE entry SET attachments = '[]'")
    sweep(bench)
    assert files(bench) == [name], "the alert is still to be sent"
    deliver(bench)
    bench.now += timedelta(days=31)
    run(bench)
    sweep(bench)
    assert files(bench) == []


def test_what_was_just_stored_is_safe_and_so_is_what_was_stored_again(bench):
    """Between the storing of a file and the row that names it."""
    store = bench.desk.files
    new, _ = store.keep([b"new"])
    again, _ = store.keep([b"again"])
    old, _ = store.keep([b"old"])
    for name in (again, old):
        os.utime(store.path(name), (0, 0))
    store.keep([b"again"])
    sweep(bench, days=0)
    assert files(bench) == sorted([new, again])


def test_content_that_is_stored_again_after_the_sweep_chose_it_is_safe(bench):
    """The sweep looks at the time once more under the lock."""
    store = bench.desk.files
    name, _ = store.keep([b"content"])
    os.utime(store.path(name), (0, 0))
    chosen = store.old(time.time())
    assert chosen == {name}
    store.keep([b"content"])
    upkeep.sweep(store, chosen, time.time(), bench.config.storage.beside)
    assert store.read(name) == b"content"
    os.utime(store.path(name), (0, 0))
    store.keep(iter([b"con", b"tent"]))  # in pieces: written anew
    upkeep.sweep(store, chosen, time.time(), bench.config.storage.beside)
    assert store.read(name) == b"content"


def test_what_a_crash_left_half_written_is_swept(bench):
    store = bench.desk.files
    store.keep([b"content"])
    folder = bench.config.storage.attachments
    draft, late = folder / ".0123456789abcdef", folder / ".fedcba9876543210"
    for path in (draft, late):
        path.write_bytes(b"half")
    os.utime(draft, (0, 0))
    sweep(bench, days=0)
    assert not draft.exists()
    assert late.exists()


def test_nothing_is_swept_while_a_backup_copies(bench):
    store = bench.desk.files
    store.keep([b"content"])
    with keep_files(bench.config.storage.beside):
        sweep(bench)
        assert len(files(bench)) == 1
    sweep(bench)
    assert files(bench) == []


# ── space ───────────────────────────────────────────────────────────────────────────────


@pytest.mark.sqlite
def test_the_database_gives_space_back(bench):
    with bench.db.transaction():
        bench.db.many("INSERT INTO raw (data) VALUES (zeroblob(?))", [[100_000]] * 200)
    full = pages(bench)
    assert full > 20_000_000 / 4096
    bench.db.run("DELETE FROM raw")
    assert pages(bench) == full
    assert run(bench) > 10, "in small portions"
    assert pages(bench) < full / 4
    assert bench.db.one("PRAGMA integrity_check")[0] == "ok"


def pages(bench):
    return bench.db.one("PRAGMA page_count")[0]


# ── the daemon ──────────────────────────────────────────────────────────────────────────


async def test_the_timers_of_the_daemon_delete_what_is_over_and_sweep_the_files(bench, monkeypatch):
    """Hourly what ends by its time, daily the files: attachments and large mails that no row names."""
    monkeypatch.setattr(timers, "TICK", 0)
    large = (("dump.bin", "application/x-dump", os.urandom(300_000)),)
    bench.send(KAREN, "It is broken.", files=large)
    deliver(bench)
    (raw,) = raw_folder(bench.config.storage.database).iterdir()
    bench.db.run("UPDATE entry SET attachments = '[]'")
    bench.now += DAYS_400
    store = await Store.open(bench.config.storage.database, lambda: bench.now)
    running = timers.Timers(store, lambda: bench.desk, lambda: bench.now, lambda: None)
    await running._tidy()
    assert (count(bench, "raw"), count(bench, "outgoing")) == (0, 0)
    await running._sweep()
    assert raw.exists(), "its time is not over"
    assert len(files(bench)) == 1
    for path in (raw, bench.desk.files.path(files(bench)[0])):
        os.utime(path, (0, 0))
    await running._sweep()
    assert not raw.exists()
    assert files(bench) == []
    await store.close()


async def test_upkeep_and_sweep_are_among_the_timers(bench):
    store = await Store.open(bench.config.storage.database, lambda: bench.now)
    running = timers.Timers(store, lambda: bench.desk, lambda: bench.now, lambda: None)
    running.start()
    try:
        every = [job.trigger.interval for job in running._scheduler.get_jobs()]
        assert {timedelta(hours=1), timedelta(hours=24)} <= {*every}
    finally:
        running.stop()
        await store.close()


@pytest.mark.parametrize("steps", range(8))
async def test_a_stop_at_any_step_of_a_timer_is_no_error(bench, steps, caplog):
    """Also before the first step of what has just become due."""
    store = await Store.open(bench.config.storage.database, lambda: bench.now)
    running = timers.Timers(store, lambda: bench.desk, lambda: bench.now, lambda: None)
    running.start()
    for _ in range(steps):
        await asyncio.sleep(0)
    running.stop()
    for _ in range(10):
        await asyncio.sleep(0)
    await store.close()
    assert [each.message for each in caplog.records if each.levelno >= logging.ERROR] == []


async def test_a_timer_that_fails_is_logged(bench, monkeypatch, caplog):
    def fails(*_):
        raise ZeroDivisionError

    monkeypatch.setattr(timers, "any_due", fails)
    store = await Store.open(bench.config.storage.database, lambda: bench.now)
    running = timers.Timers(store, lambda: bench.desk, lambda: bench.now, lambda: None)
    running.start()
    await until(lambda: "ZeroDivisionError" in caplog.text)
    running.stop()
    await store.close()
