"""What the daemon does beside mail: look at what other processes wrote, and keep the database's log short."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path

from mailgate.errors import StorageError
from mailgate.store.db import Store, checkpoint, log_mark
from mailgate.system.clock import pause

LOOK = 0.5  # seconds between looks

log = logging.getLogger("mailgate")


async def follow_neighbours(store: Store, wrote: Callable[[], None], stop: asyncio.Event) -> None:
    """Other processes write the same database: call `wrote` when they did, until `stop`."""
    seen = await store.data_version()
    while not stop.is_set():
        try:
            version = await store.data_version()
        except StorageError:
            version = seen
        if version != seen:
            seen = version
            wrote()
        await pause(stop, LOOK)


async def keep_log_short(database: Path, stop: asyncio.Event) -> None:
    """Move what was committed out of the database's log, so that neither this process nor the worker must."""
    seen = 0
    while not stop.is_set():
        await pause(stop, LOOK)
        try:
            if (mark := log_mark(database)) != seen:
                await asyncio.to_thread(checkpoint, database)
                seen = mark
        except StorageError as error:
            log.warning("the database's log grows: %s", error.cause)
