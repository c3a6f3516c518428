"""The daemon's listeners: the SMTP listener, a watcher for each IMAP account, the HTTP server for probes.

On reload, new sockets are bound before old ones are closed: when an address cannot be bound,
nothing has changed.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mailgate.connect.accounts import Account
from mailgate.daemon.http import Health, HttpServer
from mailgate.daemon.status import WayIn
from mailgate.errors import Refused
from mailgate.inbound.accept import Acceptor
from mailgate.inbound.refusals import Refusals
from mailgate.inbound.smtp.session import SmtpListener
from mailgate.rules.people.desk_addresses import is_desk
from mailgate.settings import MAX_MAIL, Config, Credentials, Listener
from mailgate.store.db import Store
from mailgate.system.clock import Clock

if TYPE_CHECKING:
    from mailgate.inbound.imap.watcher import Watcher

STOP_TIMEOUT = 4.0  # seconds for each listener to finish the mail that it is receiving


@dataclass(frozen=True, slots=True)
class Servers:
    """The servers that are bound to an address; None for those that are not configured."""

    smtp: SmtpListener | None = None
    http: HttpServer | None = None


class Listeners:
    """All listeners of one daemon.

    `config` returns the configuration in force, `health` the content for probes, `account` the
    OAuth 2.0 account of credentials.
    """

    def __init__(
        self,
        config: Callable[[], Config],
        store: Store,
        acceptor: Acceptor,
        refusals: Refusals,
        clock: Clock,
        health: Callable[[], Awaitable[Health]],
        account: Callable[[Credentials], Account | None],
    ) -> None:
        self._config = config
        self._account = account
        self._store = store
        self._acceptor = acceptor
        self._refusals = refusals
        self._clock = clock
        self._health = health
        self._servers = Servers()
        self._watchers: dict[str, Watcher] = {}

    @property
    def smtp_port(self) -> int | None:
        """The port of the SMTP listener; None when there is none."""
        return self._servers.smtp.port if self._servers.smtp else None

    @property
    def http_port(self) -> int | None:
        """The port of the HTTP server; None when there is none."""
        return self._servers.http.port if self._servers.http else None

    def names(self) -> list[str]:
        """The mail sources, for the log."""
        config = self._config()
        smtp = [f"smtp {config.smtp.host}:{self.smtp_port}"] if config.smtp else []
        return smtp + [f"imap {name}" for name in config.mailboxes]

    def ways_in(self) -> Iterator[WayIn]:
        """The state of each mail source."""
        config, smtp = self._config(), self._servers.smtp
        if smtp and config.smtp:
            yield WayIn(f"smtp {config.smtp.host}:{smtp.port}", connected=True, last_error="")
        for watcher in self._watchers.values():
            state = watcher.status()
            yield WayIn(f"imap {state.name}", connected=state.connected, last_error=state.last_error)

    # ── start ───────────────────────────────────────────────────────────────────────────

    async def start_smtp(self) -> None:
        """Start the SMTP listener. Raises Refused when its address cannot be bound."""
        self._servers = Servers(smtp=await self._smtp_server(self._config()))

    async def start_others(self) -> None:
        """Start the IMAP watchers and the HTTP server. Raises Refused when its address cannot be bound."""
        config = self._config()
        for name in config.mailboxes:
            await self._watch(name)
        self._servers = Servers(self._servers.smtp, await self._http_server(config))

    async def _smtp_server(self, config: Config) -> SmtpListener | None:
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
        with _binding(f"[smtp] listen = {config.smtp.host}:{config.smtp.port}"):
            await listener.start()
        return listener

    async def _http_server(self, config: Config) -> HttpServer | None:
        if config.http is None:
            return None
        server = HttpServer(config.http, self._health)
        with _binding(f"[http] listen = {config.http.host}:{config.http.port}"):
            await server.start()
        return server

    async def _watch(self, name: str) -> None:
        from mailgate.inbound.imap.watcher import Watcher  # late: a desk without accounts does not load an IMAP client

        config = self._config()
        mailbox, limit = config.mailboxes[name], _max_mail_size(config)
        account = self._account(mailbox.credentials)
        watcher = Watcher(mailbox, self._store, self._acceptor, self._clock, max_size=limit, account=account)
        self._watchers[name] = watcher
        await watcher.start()

    # ── reload ──────────────────────────────────────────────────────────────────────────

    async def prepare(self, new: Config) -> Servers:
        """Bind the addresses that `new` adds or changes; unchanged servers are reused.

        Raises Refused when an address cannot be bound. To be followed by `switch` or `discard`.
        """
        old, servers = self._config(), self._servers
        try:
            if _endpoint(new.smtp) != _endpoint(old.smtp):
                servers = Servers(await self._smtp_server(new), servers.http)
            if new.http != old.http:
                servers = Servers(servers.smtp, await self._http_server(new))
        except BaseException:
            await self.discard(servers)
            raise
        return servers

    async def discard(self, servers: Servers) -> None:
        """Close those of the prepared servers that are not in use."""
        if servers.smtp and servers.smtp is not self._servers.smtp:
            await servers.smtp.stop(0)
        if servers.http and servers.http is not self._servers.http:
            servers.http.stop()

    async def switch(self, old: Config, servers: Servers) -> None:
        """Replace the listeners that differ between `old` and the configuration now in force."""
        new, before = self._config(), self._servers
        self._servers = Servers(servers.smtp, before.http)
        if servers.smtp and new.smtp:
            servers.smtp.config = new.smtp
        if before.smtp and before.smtp is not servers.smtp:
            await before.smtp.stop(STOP_TIMEOUT)
        if before.http and before.http is not servers.http:
            before.http.stop()
        self._servers = servers
        resized = _max_mail_size(old) != _max_mail_size(new)
        for name in [*self._watchers]:
            if resized or old.mailboxes.get(name) != new.mailboxes.get(name):
                await self._watchers.pop(name).stop(STOP_TIMEOUT)
        for name in new.mailboxes:
            if name not in self._watchers:
                await self._watch(name)

    def retry_now(self, account: str) -> None:
        """Connect at once to each mailbox of `account` that waits after a failure."""
        for watcher in self._watchers.values():
            if watcher.mailbox.credentials.account == account:
                watcher.retry_now()

    # ── stop ────────────────────────────────────────────────────────────────────────────

    def stop_http(self) -> None:
        """Stop the HTTP server."""
        if self._servers.http:
            self._servers.http.stop()

    def stop_receiving(self) -> list[Awaitable[None]]:
        """Awaitables that stop each mail source; they may run concurrently."""
        stops: list[Awaitable[None]] = [watcher.stop(STOP_TIMEOUT) for watcher in self._watchers.values()]
        if self._servers.smtp:
            stops.append(self._servers.smtp.stop(STOP_TIMEOUT))
        return stops


def _endpoint(smtp: Listener | None) -> tuple[str, int] | None:
    return (smtp.host, smtp.port) if smtp else None


def _max_mail_size(config: Config) -> int:
    """The size limit for IMAP, in bytes: that of the SMTP listener where there is one."""
    return config.smtp.max_size if config.smtp else MAX_MAIL


@contextmanager
def _binding(setting: str) -> Iterator[None]:
    """Turn an OSError into Refused, which names the setting."""
    try:
        yield
    except OSError as error:
        raise Refused(f"cannot listen: {setting}", cause=os.strerror(error.errno) if error.errno else "") from error
