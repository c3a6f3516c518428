"""A connection of SQLite on a thread of aiosqlite: a `Lane`. Imported late, since only the daemon has one."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from typing import TypeVar

import aiosqlite

from mailgate.store.engine import Db, Lane, Node
from mailgate.store.raw_files import RawFiles
from mailgate.store.sqlite.db import SqliteDb
from mailgate.store.sqlite.flush import LogFlusher

T = TypeVar("T")


class SqliteLane(Lane):
    """A connection on the thread that aiosqlite gives it. `flusher`: hears of commits; a reader has none."""

    def __init__(
        self, connection: aiosqlite.Connection, files: RawFiles, node: Node, flusher: LogFlusher | None
    ) -> None:
        self._thread = connection
        self._files = files
        self._node = node
        self._flusher = flusher

    @classmethod
    async def open(
        cls, connect: Callable[[], sqlite3.Connection], files: RawFiles, node: Node, flusher: LogFlusher | None = None
    ) -> SqliteLane:
        """Open a connection on a new thread."""
        connection = aiosqlite.Connection(connect, iter_chunk_size=64)
        try:
            return cls(await connection, files, node, flusher)
        except BaseException:
            # Its thread has a last word to say to the loop, which must not be closed by then.
            await asyncio.to_thread(connection._thread.join)  # noqa: SLF001
            raise

    async def run(self, work: Callable[[Db], T]) -> T:
        """Run `work(db)` on the thread."""
        # aiosqlite's public calls hop to its thread once a statement, which costs five times
        # the whole transaction; its one-hop call is private, so it is used in this one place.
        result: T = await self._thread._execute(lambda: self._work(work))  # type: ignore[no-untyped-call]  # noqa: SLF001
        return result

    def _work(self, work: Callable[[Db], T]) -> T:
        connection = self._thread._conn  # noqa: SLF001
        before = connection.total_changes
        try:
            return work(SqliteDb(connection, self._files, self._node))
        finally:
            if self._flusher and connection.total_changes != before:
                self._flusher.changed = True

    async def close(self) -> None:
        """Finish what is queued, then close the connection."""
        await self._thread.close()
