"""Background tasks of the daemon on its database: notice writes by others, checkpoint the WAL, watch the storage."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from mailgate.errors import StorageError
from mailgate.settings import Storage
from mailgate.store.db import Store
from mailgate.store.engine import Engine
from mailgate.store.raw_files import raw_folder
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


async def checkpoint_wal(engine: Engine, stop: asyncio.Event) -> None:
    """Checkpoint the write-ahead log in a thread, so that no commit has to, until `stop` is set."""
    seen = 0
    failed = False
    while not stop.is_set():
        await pause(stop, POLL_INTERVAL)
        try:
            if (mark := engine.log_mark()) != seen:
                await asyncio.to_thread(engine.checkpoint)
                seen = mark
                failed = False
        except StorageError as error:
            if not failed:  # twice a second otherwise
                log.warning("cannot checkpoint the write-ahead log, it grows: %s", error.cause or error.public)
            failed = True


PROBE_INTERVAL = 5.0  # seconds


async def watch_storage(store: Store, engine: Engine, places: Storage, stop: asyncio.Event) -> None:
    """Look for storage trouble before a mail meets it."""
    folders = (places.attachments, raw_folder(places.beside))
    while not stop.is_set():
        store.health.look(await asyncio.to_thread(lambda: [*engine.trouble(folders)]))
        await store.probe()
        await pause(stop, PROBE_INTERVAL)
