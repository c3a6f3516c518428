"""Background tasks of the daemon on its database.

They notice writes by others, checkpoint the WAL, watch the storage, and keep the daemon a node of the database
(`mailgate.store.queues.nodes`).
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Collection

from mailgate.daemon.listeners import Listeners
from mailgate.errors import NodeLost, StorageError, WrongSchema
from mailgate.settings import Config, Storage
from mailgate.store.db import Db, Store
from mailgate.store.engine import Engine
from mailgate.store.queues import nodes, outbox
from mailgate.store.raw_files import raw_folder
from mailgate.system.clock import pause
from mailgate.worker.node import config_digest

POLL_INTERVAL = 0.5  # seconds
PROBE_INTERVAL = 5.0  # seconds
RETRY = 1.0  # seconds after a failed renewal

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


async def watch_storage(store: Store, engine: Engine, places: Storage, stop: asyncio.Event) -> None:
    """Look for storage trouble before a mail meets it."""
    folders = (places.attachments, raw_folder(places.database))
    while not stop.is_set():
        store.health.look(await asyncio.to_thread(lambda: [*engine.trouble(folders)]))
        await store.probe()
        await pause(stop, PROBE_INTERVAL)


class Membership:
    """The leases of this node, and what it does because it holds them.

    `config` returns the configuration in force. `run_timers` is called once, when the node gets the clock; `renewed`
    whenever its lease lasts again; `reload` when another node asks for it. `monotonic` is a clock in seconds.
    """

    def __init__(
        self,
        store: Store,
        config: Callable[[], Config],
        listeners: Listeners,
        *,
        run_timers: Callable[[], None],
        renewed: Callable[[], None],
        reload: Callable[[], None],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._config = config
        self._listeners = listeners
        self._run_timers = run_timers
        self._renewed = renewed
        self._reload = reload
        self._monotonic = monotonic
        self._until = 0.0
        self._wake = asyncio.Event()
        self._ask = False  # the other nodes are to reload
        self._asked = False  # another node asked this one to
        self._reloads = store.node.reloads  # in the database, when it was last looked at
        self.has_clock = False

    @property
    def lasts(self) -> bool:
        """Whether the lease of this node lasts, by a clock of its own: others do not do its work yet."""
        return self._store.node.alone or self._monotonic() < self._until

    async def run(self, stop: asyncio.Event) -> None:
        """Renew until `stop`.

        Raises NodeLost when another node has taken over, WrongSchema when a newer program has migrated the database
        and this one must stop.
        """
        while not stop.is_set():
            try:
                await self.renew()
            except (NodeLost, WrongSchema):
                raise
            except StorageError as error:
                log.warning("the lease of this node cannot be renewed now: %s", error.cause or error.public)
                await pause(stop, RETRY)
            else:
                await self._rest(stop)

    async def _rest(self, stop: asyncio.Event) -> None:
        """Until the next renewal is due: for a node that is alone, when its configuration was replaced."""
        waiting = [asyncio.create_task(event.wait()) for event in (stop, self._wake)]
        seconds = None if self._store.node.alone else nodes.RENEW
        await asyncio.wait(waiting, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        for each in waiting:
            each.cancel()
        self._wake.clear()

    def reloaded(self, *, everywhere: bool) -> None:
        """A configuration was put in force; `everywhere`: the other nodes are to reload theirs."""
        self._ask = self._ask or everywhere
        self._wake.set()

    def take_request(self) -> bool:
        """Whether another node asked for the reload that begins."""
        asked, self._asked = self._asked, False
        return asked

    async def renew(self) -> None:
        """Renew the lease, and take what is free and wanted. Raises StorageError."""
        config = self._config()
        held = frozenset({nodes.CLOCK, *map(nodes.mailbox, (*config.mailboxes, *self._listeners.watched))})
        if self._store.node.number:
            digest = await asyncio.to_thread(config_digest, config)
            began, ask, self._ask = self._monotonic(), self._ask, False
            try:
                held, dead, reloads = await self._store.write(_renew, held, digest, ask=ask)
            except StorageError:
                self._ask = self._ask or ask
                raise
            self._until = began + nodes.LEASE
            for name in dead:
                log.warning("node %s is gone: its lease has ended, its work is taken over", name)
            if self._reloads != reloads and not ask:
                self._asked = True
                self._reload()
            self._reloads = reloads
        await self._take(held)

    async def _take(self, held: frozenset[str]) -> None:
        if nodes.CLOCK in held and not self.has_clock:
            self.has_clock = True
            self._run_timers()
        self._renewed()
        await self._listeners.watch(frozenset(name for name in self._config().mailboxes if nodes.mailbox(name) in held))


def _renew(db: Db, wanted: Collection[str], config: str, *, ask: bool) -> tuple[frozenset[str], list[str], int]:
    nodes.renew(db, config)
    dead = nodes.end_dead(db)
    if dead:
        outbox.release(db)
    return nodes.hold(db, wanted), dead, nodes.reloads(db, more=ask)
