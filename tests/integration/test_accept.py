"""Accepting is durable, shares commits, and knows what it has seen."""

from __future__ import annotations

import asyncio
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mailgate.errors import DatabaseBusy, StorageError
from mailgate.inbound import accept
from mailgate.inbound.accept import Acceptor, Delivery
from mailgate.mail import Envelope
from mailgate.store.db import Store
from mailgate.store.queues import inbox

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def delivery(key: str, raw: bytes = b"Subject: x\r\n\r\n") -> Delivery:
    return Delivery(
        source="smtp",
        source_key=key,
        envelope=Envelope("karen@client.example", ("support@bank.example",)),
        raw=raw,
        arrived_at=NOW,
    )


class Counting:
    """Counts the wake-ups of the processor, of which each commit makes one."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self) -> None:
        self.count += 1


@pytest.fixture
async def store(tmp_path: Path):
    one = await Store.open(tmp_path / "mailgate.db")
    yield one
    await one.close()


@pytest.fixture
def told() -> Counting:
    return Counting()


@pytest.fixture
def acceptor(store: Store, told: Counting) -> Acceptor:
    return Acceptor(store, lambda: NOW, told)


async def test_what_was_accepted_is_committed(acceptor: Acceptor, told: Counting, tmp_path: Path):
    inbox_id = await acceptor.accept(delivery("a"))
    other = sqlite3.connect(tmp_path / "mailgate.db")
    assert other.execute("SELECT id, state FROM inbox").fetchall() == [(inbox_id, "new")]
    other.close()
    assert told.count == 1


async def test_the_same_delivery_again_has_the_same_id_and_no_second_row(acceptor: Acceptor, store: Store):
    first = await acceptor.accept(delivery("a"))
    assert await acceptor.accept(delivery("a", b"other bytes")) == first
    assert await acceptor.accept_many([delivery("b"), delivery("a"), delivery("b")]) == [first + 1, first, first + 1]
    assert (await store.read(lambda db: db.one("SELECT count(*) FROM raw")))[0] == 2


async def test_accepts_that_arrive_together_share_commits_and_each_gets_its_own_id(
    acceptor: Acceptor, store: Store, told: Counting
):
    ids = await asyncio.gather(*(acceptor.accept(delivery(f"k{n}", b"%d" % n)) for n in range(100)))
    assert len(set(ids)) == 100
    assert [await store.read(inbox.raw, one) for one in ids] == [b"%d" % n for n in range(100)]
    assert told.count <= 2


async def test_a_commit_holds_no_more_than_its_share(acceptor: Acceptor, told: Counting, monkeypatch):
    monkeypatch.setattr(accept, "BATCH_BYTES", 1000)
    await asyncio.gather(*(acceptor.accept(delivery(f"k{n}", b"x" * 600)) for n in range(5)))
    assert told.count == 5


async def test_nothing_at_all_is_accepted_without_a_commit(acceptor: Acceptor, told: Counting):
    assert await acceptor.accept_many([]) == []
    assert told.count == 0


async def test_storage_trouble_is_told_to_everybody_and_the_next_accept_works(
    acceptor: Acceptor, store: Store, told: Counting
):
    """The engine's own word for a full disk."""
    await store.write(lambda db: db.one(f"PRAGMA max_page_count = {db.one('PRAGMA page_count')[0] + 3}"))
    answers = await asyncio.gather(
        *(acceptor.accept(delivery(f"k{n}", b"x" * 100_000)) for n in range(5)), return_exceptions=True
    )
    assert [type(answer) for answer in answers] == [StorageError] * 5
    assert told.count == 0
    await store.write(lambda db: db.one("PRAGMA max_page_count = 100000"))
    await acceptor.accept(delivery("k0"))


async def test_a_database_held_by_another_process_is_busy(
    acceptor: Acceptor, store: Store, tmp_path: Path, monkeypatch
):
    await store.write(lambda db: db.one("PRAGMA busy_timeout = 50"))
    other = sqlite3.connect(tmp_path / "mailgate.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(DatabaseBusy):
        await acceptor.accept(delivery("a"))
    other.execute("ROLLBACK")
    other.close()
    await acceptor.accept(delivery("a"))


async def test_one_delivery_that_cannot_be_stored_refuses_no_other(acceptor: Acceptor, store: Store):
    broken = Delivery(
        source="carrier pigeon", source_key="b", envelope=Envelope(None, ()), raw=b"", arrived_at=NOW
    )  # the schema knows no such source
    answers = await asyncio.gather(
        acceptor.accept(delivery("a")), acceptor.accept(broken), acceptor.accept(delivery("c")), return_exceptions=True
    )
    assert isinstance(answers[1], sqlite3.IntegrityError)
    assert [row["source_key"] for row in await store.read(lambda db: db.all("SELECT source_key FROM inbox"))] == [
        "a",
        "c",
    ]


async def test_who_stops_waiting_disturbs_nobody_and_the_mail_is_stored(acceptor: Acceptor, store: Store):
    leaving = asyncio.create_task(acceptor.accept(delivery("a")))
    staying = asyncio.create_task(acceptor.accept(delivery("b")))
    await asyncio.sleep(0)
    leaving.cancel()
    await staying
    assert (await store.read(lambda db: db.one("SELECT count(*) FROM inbox")))[0] == 2


async def test_close_waits_for_what_was_handed_in(acceptor: Acceptor, store: Store):
    waiting = asyncio.create_task(acceptor.accept(delivery("a")))
    await asyncio.sleep(0)
    await acceptor.close()
    assert (await store.read(lambda db: db.one("SELECT count(*) FROM inbox")))[0] == 1
    await waiting
