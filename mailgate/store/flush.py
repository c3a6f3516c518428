"""Commits made durable: one flush of the write-ahead log serves everybody who waits for it.

SQLite commits into its log; a commit is safe from a power cut once that file is flushed.
Flushing inside the commit would hold up the writer for as long as the disk takes, so it
is done beside it, in a thread. Whoever goes on to tell the outside world waits here.
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from mailgate.errors import StorageError


class Flusher:
    """Flushes the log of one database. Lives on one loop; `changed` may be set from the writer's thread."""

    def __init__(self, log: Path) -> None:
        self.changed = False  # a commit came since the last flush began
        self._log = log
        self._file: int | None = None
        self._next: asyncio.Future[None] | None = None
        self._running: asyncio.Task[None] | None = None

    async def flushed(self) -> None:
        """Return when every commit before this call is on the disk. Raises StorageError."""
        if self._running is None and not self.changed:
            return
        if self._next is None:  # a flush that runs already may have begun before our commit
            self._next = asyncio.get_running_loop().create_future()
            if self._running is None:
                self._running = asyncio.create_task(self._run(), name="flush")
        await asyncio.shield(self._next)

    async def close(self) -> None:
        """Wait for the flush that runs, and let go of the file."""
        if self._running is not None:
            await self._running
        if self._file is not None:
            os.close(self._file)
            self._file = None

    async def _run(self) -> None:
        try:
            while self._next is not None:
                waiting, self._next = self._next, None
                self.changed = False
                try:
                    await asyncio.to_thread(self._flush)
                except OSError as error:
                    self.changed = True
                    waiting.set_exception(StorageError("storage trouble", cause=f"{self._log}: {error}"))
                    waiting.exception()  # perhaps nobody waits any longer
                else:
                    waiting.set_result(None)
        finally:
            self._running = None

    def _flush(self) -> None:
        # SQLite locks the database file and never its log: opening that here takes no lock away.
        if self._file is None:
            self._file = os.open(self._log, os.O_RDONLY)
        os.fdatasync(self._file)
