"""A connection of PostgreSQL on a thread of its own: a `Lane`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from mailgate.store.engine import Db, Lane
from mailgate.store.postgresql.db import PostgresDb

T = TypeVar("T")


class PostgresLane(Lane):
    """A connection on a thread of its own."""

    def __init__(self, db: PostgresDb, thread: ThreadPoolExecutor) -> None:
        self._db = db
        self._thread = thread

    @classmethod
    async def open(cls, connect: Callable[[], PostgresDb]) -> PostgresLane:
        """Open a connection on a new thread."""
        thread = ThreadPoolExecutor(1, thread_name_prefix="postgresql")
        try:
            return cls(await asyncio.get_running_loop().run_in_executor(thread, connect), thread)
        except BaseException:
            thread.shutdown()
            raise

    async def run(self, work: Callable[[Db], T]) -> T:
        """Run `work(db)` on the thread."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._work, work)

    def _work(self, work: Callable[[Db], T]) -> T:
        try:
            return work(self._db)
        finally:
            self._db.settle()

    async def close(self) -> None:
        """Finish what is queued, then close the connection."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._db.close)
        await asyncio.to_thread(self._thread.shutdown)
