"""The ways in that the daemon keeps open: the SMTP listener, a watcher for each IMAP account, the pages for probes.

After a reload the new ones are opened before the old ones are closed: what cannot be had
leaves all as it was.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mailgate.daemon import status
from mailgate.daemon.http import Health, HttpServer
from mailgate.errors import Refused
from mailgate.inbound.accept import Acceptor
from mailgate.inbound.refusals import Refusals
from mailgate.inbound.smtp.session import SmtpListener
from mailgate.rules.people.desk_addresses import is_desk
from mailgate.settings import MAX_MAIL, Config, Listener
from mailgate.store.db import Store
from mailgate.system.clock import Clock

if TYPE_CHECKING:
    from mailgate.inbound.imap.watcher import Watcher

GRACE = 4.0  # seconds that each way in and out may take to finish what it has in hand


@dataclass(frozen=True, slots=True)
class Doors:
    """What listens on an address of its own, already open."""

    listener: SmtpListener | None = None
    pages: HttpServer | None = None


class Listeners:
    """The ways in of one daemon. `config` is the configuration in force, `health` what the pages tell."""

    def __init__(
        self,
        config: Callable[[], Config],
        store: Store,
        acceptor: Acceptor,
        refusals: Refusals,
        clock: Clock,
        health: Callable[[], Awaitable[Health]],
    ) -> None:
        self._config = config
        self._store = store
        self._acceptor = acceptor
        self._refusals = refusals
        self._clock = clock
        self._health = health
        self._doors = Doors()
        self._watchers: dict[str, Watcher] = {}

    @property
    def port(self) -> int | None:
        """The port of the SMTP listener, when there is one."""
        return self._doors.listener.port if self._doors.listener else None

    @property
    def http_port(self) -> int | None:
        """The port of the pages, when there are any."""
        return self._doors.pages.port if self._doors.pages else None

    def names(self) -> list[str]:
        """Where mail comes in, for the log."""
        config = self._config()
        smtp = [f"smtp {config.smtp.host}:{self.port}"] if config.smtp else []
        return smtp + [f"imap {name}" for name in config.mailboxes]

    def standing(self) -> Iterator[status.WayIn]:
        """How each way in does."""
        config, listener = self._config(), self._doors.listener
        if listener and config.smtp:
            yield status.WayIn(f"smtp {config.smtp.host}:{listener.port}", connected=True, last_error="")
        for watcher in self._watchers.values():
            state = watcher.status()
            yield status.WayIn(f"imap {state.name}", connected=state.connected, last_error=state.last_error)

    # ── opening ─────────────────────────────────────────────────────────────────────────

    async def listen(self) -> None:
        """Open the SMTP listener. Raises Refused when its address cannot be had."""
        self._doors = Doors(listener=await self._listening(self._config()))

    async def open(self) -> None:
        """Open all the others. Raises Refused when the address of the pages cannot be had."""
        config = self._config()
        for name in config.mailboxes:
            await self._watch(name)
        self._doors = Doors(self._doors.listener, await self._serving(config))

    async def _listening(self, config: Config) -> SmtpListener | None:
        if config.smtp is None:
            return None
        listener = SmtpListener(
            config.smtp,
            hostname=socket.gethostname(),
            is_desk=lambda address: is_desk(address, self._config()),
            acceptor=self._acceptor,
            clock=self._clock,
            refused=self._refusals,
        )
        with listening_at(f"[smtp] listen = {config.smtp.host}:{config.smtp.port}"):
            await listener.start()
        return listener

    async def _serving(self, config: Config) -> HttpServer | None:
        if config.http is None:
            return None
        pages = HttpServer(config.http, self._health)
        with listening_at(f"[http] listen = {config.http.host}:{config.http.port}"):
            await pages.start()
        return pages

    async def _watch(self, name: str) -> None:
        from mailgate.inbound.imap.watcher import Watcher  # late: a desk without accounts does not load an IMAP client

        mailbox, most = self._config().mailboxes[name], largest(self._config())
        watcher = Watcher(mailbox, self._store, self._acceptor, self._clock, max_size=most)
        self._watchers[name] = watcher
        await watcher.start()

    # ── another configuration ───────────────────────────────────────────────────────────

    async def doors_for(self, new: Config) -> Doors:
        """The doors of another configuration, those that stay and new ones beside. Raises Refused."""
        old, doors = self._config(), self._doors
        try:
            if place(new.smtp) != place(old.smtp):
                doors = Doors(await self._listening(new), doors.pages)
            if new.http != old.http:
                doors = Doors(doors.listener, await self._serving(new))
        except BaseException:
            await self.leave(doors)
            raise
        return doors

    async def leave(self, doors: Doors) -> None:
        """Close those of the doors that are not in use."""
        if doors.listener and doors.listener is not self._doors.listener:
            await doors.listener.stop(0)
        if doors.pages and doors.pages is not self._doors.pages:
            doors.pages.stop()

    async def change(self, old: Config, doors: Doors) -> None:
        """Put the ways in that the configuration in force changes in place of the old ones."""
        new, before = self._config(), self._doors
        self._doors = Doors(doors.listener, before.pages)
        if doors.listener and new.smtp:
            doors.listener.config = new.smtp
        if before.listener and before.listener is not doors.listener:
            await before.listener.stop(GRACE)
        if before.pages and before.pages is not doors.pages:
            before.pages.stop()
        self._doors = doors
        most = largest(old) != largest(new)
        for name in [*self._watchers]:
            if most or old.mailboxes.get(name) != new.mailboxes.get(name):
                await self._watchers.pop(name).stop(GRACE)
        for name in new.mailboxes:
            if name not in self._watchers:
                await self._watch(name)

    # ── closing ─────────────────────────────────────────────────────────────────────────

    def close_pages(self) -> None:
        """Tell probes nothing more."""
        if self._doors.pages:
            self._doors.pages.stop()

    def stopping(self) -> list[Awaitable[None]]:
        """The end of each way that takes mail; they may end side by side."""
        ends: list[Awaitable[None]] = [watcher.stop(GRACE) for watcher in self._watchers.values()]
        if self._doors.listener:
            ends.append(self._doors.listener.stop(GRACE))
        return ends


def place(smtp: Listener | None) -> tuple[str, int] | None:
    """Where a listener listens."""
    return (smtp.host, smtp.port) if smtp else None


def largest(config: Config) -> int:
    """Bytes of the largest mail that is taken."""
    return config.smtp.max_size if config.smtp else MAX_MAIL


@contextmanager
def listening_at(wanted: str) -> Iterator[None]:
    """Turn an address that cannot be had into Refused, with `wanted` as its words."""
    try:
        yield
    except OSError as error:
        raise Refused(f"cannot listen: {wanted}", cause=os.strerror(error.errno) if error.errno else "") from error
