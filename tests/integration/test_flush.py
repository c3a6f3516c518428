"""Durable when `write` returns: what is on the disk at that moment holds the row, and flushes are shared."""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from mailgate.errors import StorageError
from mailgate.store.db import Db, Store
from tests.waiting import PATIENCE, patience, until

FLUSH = os.fdatasync


class Disk:
    """What a power cut would leave: the files as they were at the end of the last flush."""

    def __init__(self, database: Path) -> None:
        self.database = database
        self.flushes = 0
        self.works = threading.Event()  # set while a flush is under way
        self.gate = threading.Event()  # flushes end when it is set
        self.gate.set()
        self.broken = False
        self.kept: Path | None = None

    def flush(self, handle: int) -> None:
        self.flushes += 1
        if self.broken:
            raise OSError(5, "Input/output error")
        folder = self.database.parent / f"flush {self.flushes}"
        folder.mkdir()
        log = self.database.with_name(self.database.name + "-wal")
        for file in (self.database, log):  # what is there when it begins is all that it promises
            shutil.copy(file, folder / file.name)
        self.works.set()
        assert self.gate.wait(PATIENCE)
        FLUSH(handle)
        self.kept = folder

    def rows(self) -> set[str]:
        if self.kept is None:
            return set()
        copy = sqlite3.connect(self.kept / self.database.name)
        try:
            return {row[0] for row in copy.execute("SELECT key FROM meta")}
        finally:
            copy.close()


@pytest.fixture
def disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Disk:
    disk = Disk(tmp_path / "mailgate.db")
    monkeypatch.setattr(os, "fdatasync", disk.flush)
    return disk


@pytest.fixture
async def store(disk: Disk) -> AsyncIterator[Store]:
    store = await Store.open(disk.database)
    yield store
    await store.close()


def put(db: Db, key: str) -> None:
    db.run("INSERT INTO meta (key, value) VALUES (?, '')", [key])


def look(db: Db) -> int:
    return len(db.all("SELECT key FROM meta"))


async def test_what_write_wrote_outlives_a_power_cut(store: Store, disk: Disk) -> None:
    await store.write(put, "one")
    assert disk.rows() == {"one"}


async def test_a_commit_waits_for_no_disk_and_is_safe_with_the_next_write(store: Store, disk: Disk) -> None:
    await store.commit(put, "quiet")
    assert disk.flushes == 0
    await store.write(put, "loud")
    assert disk.rows() == {"quiet", "loud"}


async def test_a_write_that_changes_nothing_still_waits_for_what_came_before(store: Store, disk: Disk) -> None:
    await store.commit(put, "one")
    assert await store.write(look) == 1
    assert disk.rows() == {"one"}
    await store.write(look)
    assert disk.flushes == 1


async def test_who_writes_during_a_flush_waits_for_the_next_and_all_share_it(store: Store, disk: Disk) -> None:
    disk.gate.clear()

    async def write(key: str) -> None:
        await store.write(put, key)
        assert key in disk.rows()

    async def all_written() -> bool:
        return await store.read(look) == 42

    first = asyncio.create_task(write("first"))
    await until(disk.works.is_set)
    async with patience():
        await store.commit(put, "meanwhile")  # the writer is free while the disk works
    later = [asyncio.create_task(write(f"later {number}")) for number in range(40)]
    await until(all_written)
    disk.gate.set()
    await asyncio.gather(first, *later)
    assert disk.flushes == 2


async def test_a_flush_that_fails_is_storage_trouble_for_who_waits(store: Store, disk: Disk) -> None:
    disk.broken = True
    with pytest.raises(StorageError):
        await store.write(put, "lost?")
    with pytest.raises(StorageError):  # nothing may count as safe that was not flushed since
        await store.write(look)
    disk.broken = False
    await store.write(look)
    assert disk.rows() == {"lost?"}


async def test_who_stops_waiting_disturbs_nobody(store: Store, disk: Disk) -> None:
    disk.gate.clear()
    waiting = [asyncio.create_task(store.write(put, f"{number}")) for number in range(3)]
    await until(disk.works.is_set)
    waiting[0].cancel()
    disk.gate.set()
    await asyncio.gather(*waiting[1:])
    assert disk.rows() == {"0", "1", "2"}
