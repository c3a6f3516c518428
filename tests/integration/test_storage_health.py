"""The store knows what is wrong with its database, and nothing is promised that the next start will not find."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mailgate.daemon import database_tasks
from mailgate.daemon.database_tasks import watch_storage
from mailgate.errors import DatabaseBusy, DatabaseDamaged, StorageError
from mailgate.inbound.accept import Acceptor
from mailgate.mail import Delivery, Envelope
from mailgate.settings import Storage
from mailgate.store import meta
from mailgate.store.db import Store, engine_of
from mailgate.store.sqlite import connection
from mailgate.store.sqlite.connection import log_path
from tests.waiting import until

START = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def store(tmp_path: Path, clock: Clock) -> AsyncIterator[Store]:
    store = await Store.open(tmp_path / "mailgate.db", clock)
    yield store
    await store.close()


def whats(store: Store) -> list[str]:
    return [problem.what for problem in store.health.problems()]


def delivery(key: str = "k") -> Delivery:
    envelope = Envelope("karen@client.example", ("support@bank.example",))
    return Delivery(source="smtp", source_key=key, envelope=envelope, raw=b"Subject: x\r\n\r\nx\r\n", arrived_at=START)


def remove(path: Path) -> None:
    for name in (path, path.with_name("mailgate.db-wal"), path.with_name("mailgate.db-shm")):
        name.unlink()


def replace(path: Path) -> None:
    """As a restore does that forgets to stop the daemon."""
    copy = path.with_name("copy.db")
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)
    copy.replace(path)


def remove_log(path: Path) -> None:
    path.with_name("mailgate.db-wal").unlink()


@pytest.mark.parametrize("harm", [remove, replace, remove_log])
async def test_nothing_is_accepted_into_a_file_that_is_gone(store: Store, tmp_path: Path, harm: object) -> None:
    """250 is never said for what is not in the database that is opened next."""
    acceptor = Acceptor(store, lambda: START, lambda: None)
    await acceptor.accept(delivery("first"))
    harm(tmp_path / "mailgate.db")  # type: ignore[operator]
    with pytest.raises(DatabaseDamaged, match="was deleted or replaced while it was in use"):
        await acceptor.accept(delivery("second"))
    with pytest.raises(DatabaseDamaged):
        await acceptor.accept(delivery("third"))
    (problem,) = store.health.problems()
    assert "stop the daemon, restore the database" in problem.cure
    assert problem.damaged
    await acceptor.close()


async def test_a_look_sees_it_before_a_mail_does(store: Store, tmp_path: Path, clock: Clock) -> None:
    await store.probe()
    assert whats(store) == []
    remove(tmp_path / "mailgate.db")
    await store.probe()
    clock.now += timedelta(minutes=5)
    await store.probe()
    (problem,) = store.health.problems()
    assert (problem.since, problem.what) == (
        START,
        f"{tmp_path}/mailgate.db was deleted or replaced while it was in use",
    )


async def test_a_damaged_table_is_damage_of_the_whole_and_takes_no_mail(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "mailgate.db"
    await store.write(lambda db: db.run("INSERT INTO ban VALUES ('a@b.example', 'x', 0, '')"))
    await store.write(lambda db: db.run("INSERT INTO dead_address VALUES ('a@b.example', 'x', 0)"))
    with closing(sqlite3.connect(path)) as other:
        other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (page,) = other.execute("SELECT rootpage FROM sqlite_master WHERE name = 'ban'").fetchone()
    await store.close()
    with path.open("r+b") as file:
        file.seek((page - 1) * 4096)
        file.write(b"\xff" * 100)
    broken = await Store.open(path)
    try:
        acceptor = Acceptor(broken, lambda: START, lambda: None)
        await acceptor.accept(delivery("before it was known"))
        with pytest.raises(DatabaseDamaged):
            await broken.read(lambda db: db.all("SELECT * FROM ban"))
        await broken.read(lambda db: db.all("SELECT * FROM dead_address"))
        (problem,) = broken.health.problems()
        assert problem.what.startswith("the database is damaged")
        assert "restore the database" in problem.cure
        with pytest.raises(DatabaseDamaged):
            await acceptor.accept(delivery("after"))
    finally:
        await broken.close()


async def test_a_full_disk_is_trouble_until_it_takes_something_again(store: Store, clock: Clock) -> None:
    def limit(pages: int) -> None:
        store._writer._thread._conn.execute(f"PRAGMA max_page_count = {pages}")

    await store.write(meta.put, "a", "a")
    await asyncio.to_thread(limit, 1)
    with pytest.raises(StorageError, match="disk of the database is full"):
        await store.write(meta.put, "big", "x" * 100_000)
    clock.now += timedelta(minutes=5)
    (problem,) = store.health.problems()
    assert (problem.since, problem.cure) == (START, "free space on it")
    await asyncio.to_thread(limit, 1_000_000)
    await store.probe()
    assert whats(store) == []


async def test_a_busy_database_is_trouble_while_it_is(store: Store, tmp_path: Path) -> None:
    store._writer._thread._conn.execute("PRAGMA busy_timeout = 0")
    with closing(sqlite3.connect(tmp_path / "mailgate.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(DatabaseBusy):
            await store.write(meta.put, "a", "a")
        assert whats(store) == ["the database is busy (database is locked)"]
        other.execute("ROLLBACK")
    await store.probe()
    assert whats(store) == []


async def test_a_log_that_cannot_be_flushed_is_trouble(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: int) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fdatasync", broken)
        with pytest.raises(StorageError, match="input/output error"):
            await store.write(meta.put, "a", "a")
        await store.probe()
        assert len(whats(store)) == 1
    await store.probe()
    assert whats(store) == []


async def test_looking_for_trouble_forgets_none_that_others_saw(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And makes no folder."""
    monkeypatch.setattr(database_tasks, "PROBE_INTERVAL", 0.01)
    looks = 0
    probe = store.probe

    async def counted() -> None:
        nonlocal looks
        await probe()
        looks += 1

    monkeypatch.setattr(store, "probe", counted)
    attachments = tmp_path / "attachments"
    stop = asyncio.Event()
    places = Storage(database=tmp_path / "mailgate.db", attachments=attachments)
    task = asyncio.create_task(watch_storage(store, engine_of(places.database), places, stop))
    store.health.failed("elsewhere", StorageError("the tape is torn", cure="glue it"))
    await until(lambda: looks >= 2)
    assert whats(store) == ["the tape is torn"]
    store.health.worked("elsewhere")
    seen = looks
    await until(lambda: looks >= seen + 2)
    assert whats(store) == []
    stop.set()
    await task
    assert not attachments.exists()


async def test_a_log_that_a_reader_holds_is_told_and_shrinks_when_it_lets_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "LOG_KEPT", 1_000_000)
    monkeypatch.setattr(connection, "LOG_MOST", 3_000_000)
    path = tmp_path / "mailgate.db"
    store = await Store.open(path)

    async def grow(count: int) -> None:
        for _ in range(count):
            await store.write(lambda db: db.run("INSERT INTO raw (data) VALUES (zeroblob(100000))"))
            engine_of(path).checkpoint()

    await grow(60)
    assert list(engine_of(path).trouble([])) == [], "without a reader it begins anew each time"
    with closing(sqlite3.connect(path)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM meta").fetchone()
        await grow(60)
        (trouble,) = engine_of(path).trouble([])
        assert str(trouble) == "the log of the database grows: a reader holds it"
        assert trouble.cure == f"find it with: fuser {path}"
    await grow(2)
    assert list(engine_of(path).trouble([])) == []
    assert log_path(path).stat().st_size <= 1_000_000
    await store.close()
