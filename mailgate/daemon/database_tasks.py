"""Background tasks of the daemon on its database: notice writes by other processes, checkpoint the WAL."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path

from mailgate.errors import StorageError
from mailgate.store.connection import checkpoint, log_mark
from mailgate.store.db import Store
from mailgate.system.clock import pause

POLL_INTERVAL = 0.5  # seconds

log = logging.getLogger("mailgate")


async def watch_external_writes(store: Store, changed: Callable[[], None], stop: asyncio.Event) -> None:
    """Call `changed` after each write by another process to the database, until `stop` is set."""
    seen = await store.data_version()
    while not stop.is_set():
        try:
            version = await store.data_version()
        except StorageError:
            version = seen
        if version != seen:
            seen = version
            changed()
        await pause(stop, POLL_INTERVAL)


async def checkpoint_wal(database: Path, stop: asyncio.Event) -> None:
    """Checkpoint the write-ahead log in a thread, so that no commit has to, until `stop` is set."""
    seen = 0
    while not stop.is_set():
        await pause(stop, POLL_INTERVAL)
        try:
            if (mark := log_mark(database)) != seen:
                await asyncio.to_thread(checkpoint, database)
                seen = mark
        except StorageError as error:
            log.warning("cannot checkpoint the write-ahead log, it grows: %s", error.cause)
