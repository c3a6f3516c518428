"""A report that takes its time to count holds up nobody: mail is worked and taken meanwhile."""

from __future__ import annotations

import asyncio
import threading
from contextlib import asynccontextmanager

import pytest

from mailgate.desk.report import Stopped, count_on_own_connection
from mailgate.errors import StorageError
from mailgate.store.db import Store
from mailgate.store.queues import inbox
from mailgate.worker import batch as processor
from mailgate.worker import lanes
from mailgate.worker.lanes import Worker
from tests.desk import Bench, to
from tests.waiting import patience, until

KAREN, BOB = "Karen Client <karen@client.example>", "bob@bank.example"


@pytest.fixture
def bench(tmp_path):
    """A ticket, and Bob's alert about it."""
    made = Bench(tmp_path)
    made.alert = to(made.send(KAREN, "It does not open.", to="outages@bank.example"), BOB)
    yield made
    made.db.close()


@asynccontextmanager
async def working(bench):
    """The worker's task on the desk's database."""
    store = await Store.open(bench.config.storage.database)
    stop = asyncio.Event()
    made = Worker(store, lambda: bench.desk, lambda: bench.now, lambda: None)
    task = asyncio.create_task(made.run(stop))
    try:
        yield made
    finally:
        stop.set()
        made.wake()
        async with patience():
            await task
        await store.close()


def counting(monkeypatch, *, until_set):
    """Counts that begin at once and end when the event is set."""
    begun = threading.Event()

    def slowly(config, since, now, stopped):
        begun.set()
        while not until_set.wait(0.01):
            if stopped():
                raise Stopped
        return count_on_own_connection(config, since, now, stopped)

    monkeypatch.setattr(lanes, "count_on_own_connection", slowly)
    return begun


def states(bench):
    return [row["state"] for row in bench.db.all("SELECT state FROM inbox ORDER BY id")]


async def test_mail_goes_on_while_a_report_is_counted_and_the_report_comes(bench, monkeypatch):
    done = threading.Event()
    begun = counting(monkeypatch, until_set=done)
    bench.accept(bench.write(KAREN, "One.", subject="Before"))
    bench.accept(bench.write(BOB, "#report 7d\n#report 30d\n#prio low", answers=bench.alert))
    bench.accept(bench.write(KAREN, "Two.", subject="After"))
    async with working(bench) as worker:
        await until(begun.is_set)
        await until(lambda: states(bench) == ["done", "done", "working", "done"])
        bench.accept(bench.write(KAREN, "Three.", subject="Later"))
        worker.wake()
        await until(lambda: bench.numbers() == [1001, 1002, 1003])
        assert "report" not in {mail.kind for mail in bench.new()}
        assert bench.ticket().priority == "Emergency", "all or nothing"
        done.set()
        await until(lambda: states(bench)[2] == "done")
    reports = [mail.subject for mail in bench.new() if mail.kind == "report"]
    assert reports == ["Report, last 7 days", "Report, last 30 days"]
    assert bench.ticket().priority == "Low"


async def test_a_stop_does_not_wait_for_a_report_and_its_mail_is_not_lost(bench, monkeypatch):
    begun = counting(monkeypatch, until_set=threading.Event())
    bench.accept(bench.write(BOB, "#report", answers=bench.alert))
    async with working(bench):
        await until(begun.is_set)
    assert states(bench)[-1] == "new"
    assert bench.last()["tries"] == 0
    assert [mail.kind for mail in bench.drain() if mail.to == BOB] == ["report"]


async def test_trouble_of_the_disk_behind_a_report_has_it_worked_once(bench, monkeypatch):
    """What was put aside is not given back as well, to be claimed and worked a second time."""
    done, full = threading.Event(), [StorageError("no space left")]
    begun = counting(monkeypatch, until_set=done)
    monkeypatch.setattr(lanes, "PAUSE", 0.01)

    def fills_up(*args, **kwargs):
        found = processor.work_and_claim(*args, **kwargs)
        if full:
            raise full.pop()
        return found

    monkeypatch.setattr(lanes, "work_and_claim", fills_up)
    bench.accept(bench.write(BOB, "#report\n#note\n\nFor the meeting.", answers=bench.alert))
    async with working(bench) as worker:
        await until(begun.is_set)
        bench.accept(bench.write(KAREN, "Two.", subject="After"))
        worker.wake()
        await until(lambda: states(bench) == ["done", "working", "done"])
        done.set()
        await until(lambda: states(bench) == ["done", "done", "done"])
        bench.accept(bench.write(KAREN, "Three.", subject="And after that"))
        worker.wake()  # what was given back would be worked now
        await until(lambda: states(bench) == ["done"] * 4)
    assert bench.thread().count(("note", "For the meeting.")) == 1
    assert bench.db.one("SELECT tries FROM inbox WHERE id = 2")[0] == 1


async def test_a_report_that_cannot_be_counted_is_set_aside_and_stops_nobody(bench, monkeypatch):
    def never(config, since, now, stopped):
        raise ZeroDivisionError

    monkeypatch.setattr(lanes, "count_on_own_connection", never)
    bench.accept(bench.write(BOB, "#report", answers=bench.alert))
    bench.accept(bench.write(KAREN, "Two.", subject="After"))
    async with working(bench):
        await until(lambda: states(bench)[1:] == ["quarantined", "done"])
    assert bench.db.one("SELECT tries FROM inbox WHERE id = 2")[0] == 3
    assert [mail.to for mail in bench.new() if mail.kind == "admin"] == ["root@ops.example"]


def test_a_count_that_is_stopped_ends_soon(bench):
    with pytest.raises(Stopped):
        count_on_own_connection(bench.config, bench.now, bench.now, lambda: True)


def test_where_reports_are_counted_aside_none_is_counted_in_a_transaction(bench):
    """Whether its mail is the first of a batch, which is decided before, or a later one."""
    texts = ("#report", "#show\n#report")
    for text in texts:
        bench.accept(bench.write(BOB, text, answers=bench.alert))
    aside_ = []
    batch = processor.read(processor.claim(bench.db), bench.desk, bench.now)
    while batch:  # a slow machine works it in more than one go
        batch = batch[processor.work(bench.db, batch, bench.desk.context(bench.now), aside_.append) :]
    assert [order.span.days for each in aside_ for order in each.reports] == [30, 30]
    assert states(bench)[-2:] == ["working", "working"]
    assert "report" not in {mail.kind for mail in bench.new()}
    with bench.db.transaction():
        inbox.unclaim(bench.db, [each.prepared.received.id for each in aside_])
