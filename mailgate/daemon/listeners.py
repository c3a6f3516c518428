"""The daemon's listeners: the SMTP listener, a watcher for each IMAP account, the HTTP server for probes.

On reload, new sockets are bound before old ones are closed: when an address cannot be bound,
nothing has changed.
"""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from mailgate.connect.access_tokens import Account
from mailgate.daemon.http import Health, HttpServer
from mailgate.daemon.status import WayIn
from mailgate.errors import Refused, StorageError
from mailgate.inbound.accept import Acceptor
from mailgate.inbound.refusals import Refusals
from mailgate.inbound.smtp.listener import SmtpListener, server_context
from mailgate.inbound.smtp.service import Callbacks
from mailgate.mail import normalise
from mailgate.rules.people.desk_addresses import is_desk
from mailgate.settings import Config, Credentials, Listener
from mailgate.store.db import Store
from mailgate.store.queues import left_behind
from mailgate.system.clock import Clock
from mailgate.system.passwords import verify_password
from mailgate.system.service_manager import OpenSockets

if TYPE_CHECKING:
    from mailgate.inbound.imap.watcher import Watcher

STOP_TIMEOUT = 4.0  # seconds for each listener to finish the mail that it is receiving


@dataclass(frozen=True, slots=True)
class Servers:
    """The servers that are bound to an address; None for those that are not configured."""

    smtp: SmtpListener | None = None
    submission: SmtpListener | None = None
    http: HttpServer | None = None
    tls: Mapping[str, ssl.SSLContext | None] = field(default_factory=dict)  # by "smtp" and "submission"

    def receiving(self) -> Iterator[tuple[str, SmtpListener]]:
        """The servers that receive mail, each with the name of its table."""
        for table, server in (("smtp", self.smtp), ("submission", self.submission)):
            if server is not None:
                yield table, server


class Listeners:
    """All listeners of one daemon.

    `config` returns the configuration in force, `health` the content for probes, `account` the
    OAuth 2.0 account of credentials, `opened` the sockets that the service manager has opened.
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
        opened: OpenSockets,
    ) -> None:
        self._config = config
        self._account = account
        self._opened = opened
        self._store = store
        self._acceptor = acceptor
        self._refusals = refusals
        self._clock = clock
        self._health = health
        self._servers = Servers()
        self._watchers: dict[str, Watcher] = {}
        self._ours: frozenset[str] = frozenset()  # mailboxes that no other node watches
        self._receives = True  # until it stops
        self._newest_spam = 0  # id of an event
        self._spam_check: asyncio.Task[None] | None = None

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
        return [*self._bound(), *(f"imap {name}" for name in self._config().mailboxes)]

    @property
    def watched(self) -> tuple[str, ...]:
        """The mailboxes that are watched."""
        return tuple(self._watchers)

    def ways_in(self) -> Iterator[WayIn]:
        """The state of each mail source."""
        for name in self._bound():
            yield WayIn(name, connected=True, last_error="")
        for watcher in self._watchers.values():
            state = watcher.status()
            yield WayIn(f"imap {state.name}", connected=state.connected, last_error=state.last_error)

    def _bound(self) -> Iterator[str]:
        """What the servers that receive mail are called: "smtp 127.0.0.1:25"."""
        for table, server in self._servers.receiving():
            yield f"{server.config.protocol if table == 'smtp' else table} {server.endpoint}"

    # ── start ───────────────────────────────────────────────────────────────────────────

    async def start_receiving(self) -> None:
        """Start the listeners for mail. Raises Refused when an address cannot be bound or a certificate not be read."""
        self._servers = await self._receiving(self._config(), Servers())

    async def start_others(self) -> None:
        """Start the HTTP server. Raises Refused when its address cannot be bound."""
        self._servers = replace(self._servers, http=await self._http_server(self._config()))

    async def watch(self, mailboxes: frozenset[str]) -> None:
        """Watch these mailboxes, as far as the configuration has them, and from the next `switch` on no other."""
        self._ours = mailboxes
        for name in self._config().mailboxes:
            if name in mailboxes and name not in self._watchers and self._receives:
                await self._watch(name)

    async def _receiving(self, config: Config, known: Servers) -> Servers:
        """The listeners for mail that `config` asks for; those of `known` at the same endpoint are reused.

        Certificates are read again, for they may have been replaced. Raises Refused.
        """
        servers = replace(known, tls={"smtp": _tls(config.smtp), "submission": _tls(config.submission)})
        try:
            smtp = await self._mail_server("smtp", config, servers)
            servers = replace(servers, smtp=smtp)
            return replace(servers, submission=await self._mail_server("submission", config, servers))
        except BaseException:
            await self.discard(servers)
            raise

    async def _mail_server(self, table: str, config: Config, servers: Servers) -> SmtpListener | None:
        wanted: Listener | None = getattr(config, table)
        known: SmtpListener | None = getattr(servers, table)
        if wanted is None:
            return None
        if known and known.config.endpoint == wanted.endpoint:
            if bool(known.config.proxy) is not bool(wanted.proxy):
                raise Refused(f"[{table}] proxy can be turned on or off by a restart alone")
            return known
        listener = SmtpListener(
            wanted,
            hostname=config.hostname,
            acceptor=self._acceptor,
            callbacks=self._callbacks,
            tls=servers.tls[table],
        )
        with _binding(f"[{table}] listen = {wanted.endpoint}"):
            await listener.start(self._opened.take(table, [str(wanted.path or ""), (wanted.host, wanted.port)]))
        return listener

    @property
    def _callbacks(self) -> Callbacks:
        return Callbacks(
            is_desk=lambda address: is_desk(address, self._config()),
            login=lambda user, password: log_in(user, password, self._config()),
            owns=lambda agent, sender: owns(agent, sender, self._config()),
            refused=self._refusals,
            clock=self._clock,
        )

    async def _http_server(self, config: Config) -> HttpServer | None:
        if config.http is None:
            return None
        server = HttpServer(config.http, self._health)
        with _binding(f"[http] listen = {config.http.endpoint}"):
            await server.start(self._opened.take("http", [(config.http.host, config.http.port)]))
        return server

    async def _watch(self, name: str) -> None:
        from mailgate.inbound.imap.watcher import Watcher  # late: a desk without accounts does not load an IMAP client

        config = self._config()
        mailbox, limit = config.mailboxes[name], config.max_mail_size
        account = self._account(mailbox.credentials)
        watcher = Watcher(mailbox, self._store, self._acceptor, self._clock, max_size=limit, account=account)
        self._watchers[name] = watcher
        await watcher.start()

    # ── reload ──────────────────────────────────────────────────────────────────────────

    async def prepare(self, new: Config) -> Servers:
        """Bind the addresses that `new` adds or changes; unchanged servers are reused.

        Raises Refused when an address cannot be bound. To be followed by `switch` or `discard`.
        """
        servers = await self._receiving(new, self._servers)
        try:
            if new.http != self._config().http:
                servers = replace(servers, http=await self._http_server(new))
        except BaseException:
            await self.discard(servers)
            raise
        return servers

    async def discard(self, servers: Servers) -> None:
        """Close those of the prepared servers that are not in use."""
        used = dict(self._servers.receiving())
        for table, server in servers.receiving():
            if server is not used.get(table):
                await server.stop(0)
        if servers.http and servers.http is not self._servers.http:
            servers.http.stop()

    async def switch(self, old: Config, servers: Servers) -> None:
        """Replace the listeners that differ between `old` and the configuration now in force."""
        new, before = self._config(), self._servers
        self._servers = servers
        for table, server in servers.receiving():
            server.apply(getattr(new, table), servers.tls[table], new.hostname)
        kept = dict(servers.receiving())
        for table, server in before.receiving():
            if server is not kept.get(table):
                await server.stop(STOP_TIMEOUT)
        if before.http and before.http is not servers.http:
            before.http.stop()
        resized = old.max_mail_size != new.max_mail_size
        for name in [*self._watchers]:
            if resized or old.mailboxes.get(name) != new.mailboxes.get(name):
                await self._watchers.pop(name).stop(STOP_TIMEOUT)
        await self.watch(self._ours)

    def look_for_spam(self) -> None:
        """Wake the mailboxes when a ticket became spam since they were last woken."""
        if self._watchers and (self._spam_check is None or self._spam_check.done()):
            self._spam_check = asyncio.create_task(self._check_spam(), name="spam")

    async def _check_spam(self) -> None:
        with suppress(StorageError):
            newest = await self._store.read(left_behind.newest_spam)
            if newest != self._newest_spam:
                self._newest_spam = newest
                for watcher in self._watchers.values():
                    watcher.look_now()

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
        self._receives = False
        stops: list[Awaitable[None]] = [watcher.stop(STOP_TIMEOUT) for watcher in self._watchers.values()]
        return [*stops, *(server.stop(STOP_TIMEOUT) for _, server in self._servers.receiving())]


def log_in(user: str, password: str, config: Config) -> str | None:
    """The key of the agent with this address or key, and this password; None for none. Takes the time of a hash."""
    agent = config.agents_by_email.get(normalise(user)) or config.agents.get(user)
    return agent.key if verify_password(password, agent.password.value if agent else "") and agent else None


def owns(agent: str, sender: str, config: Config) -> bool:
    """Whether an agent who logged in may send as an address, or as nobody (""); a reload may have ended the login."""
    found = config.agents.get(agent)
    return found is not None and bool(found.password) and (not sender or found.owns(normalise(sender)))


def _tls(listener: Listener | None) -> ssl.SSLContext | None:
    """The certificate of a listener. Raises Refused when it cannot be used."""
    if listener is None or listener.tls is None:
        return None
    try:
        return server_context(listener.tls)
    except OSError as error:
        raise Refused(f"cannot use the certificate {listener.tls.cert}", cause=str(error)) from error


@contextmanager
def _binding(setting: str) -> Iterator[None]:
    """Turn an OSError into Refused, which names the setting."""
    try:
        yield
    except OSError as error:
        raise Refused(f"cannot listen: {setting}", cause=os.strerror(error.errno) if error.errno else "") from error
