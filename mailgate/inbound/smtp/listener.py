"""The SMTP listener: a TCP port or a unix socket, with TLS, or behind load balancers."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import socket
import ssl
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import cast

from mailgate.inbound.accept import Acceptor
from mailgate.inbound.smtp.proxied import ProxiedServer
from mailgate.inbound.smtp.service import Callbacks, FailedLogins, Service
from mailgate.inbound.smtp.session import Session, TlsFirst, peer_of
from mailgate.settings import Listener, ServerTls
from mailgate.system.streams import write


def server_context(tls: ServerTls | None) -> ssl.SSLContext | None:
    """Read certificate and key; None where there is no TLS. Raises OSError (SSLError is one)."""
    if tls is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(tls.cert, tls.key)
    return context


class SmtpListener:
    """Serves SMTP, LMTP or submission on the running loop. `hostname` is our own name in greetings."""

    def __init__(
        self,
        config: Listener,
        *,
        hostname: str,
        acceptor: Acceptor,
        callbacks: Callbacks,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        failed = FailedLogins(time.monotonic)
        self._service = Service(config, tls, hostname, acceptor, callbacks, failed)
        self._server: asyncio.Server | ProxiedServer | None = None
        self._is_given = False  # the socket is the service manager's
        self.port = 0  # TCP (where the config says 0, the one that was given); 0 for a unix socket
        self.sessions: set[Session] = set()

    async def start(self, opened: socket.socket | None = None) -> None:
        """Listen, at `opened` where the service manager has opened it. Raises OSError when it cannot be bound."""
        logging.getLogger("mail.log").setLevel(logging.WARNING)  # aiosmtpd logs every command of every peer
        config, loop = self._service.config, asyncio.get_running_loop()
        backlog = max(config.max_connections, 100)
        self._is_given = opened is not None
        if opened is not None and not config.proxy:
            listen = loop.create_unix_server if config.path is not None else loop.create_server
            self._server = await listen(self._session, sock=opened, backlog=backlog)
        elif config.path is not None:
            _remove_stale(config.path)
            self._server = await loop.create_unix_server(self._session, config.path, backlog=backlog)
            config.path.chmod(0o666)  # as Dovecot's LMTP socket: the folder decides who reaches it
        elif config.proxy:
            self._server = ProxiedServer(lambda: self._service.config.proxy, self._session)
            await self._server.start(config.host, config.port, backlog, opened)
        else:
            self._server = await loop.create_server(self._session, config.host, config.port, backlog=backlog)
        name = self._server.sockets[0].getsockname()
        self.port = int(name[1]) if isinstance(name, tuple) else 0

    @property
    def config(self) -> Listener:
        """The settings in use."""
        return self._service.config

    @property
    def endpoint(self) -> str:
        """Where it listens, with the port that was given where the config says 0."""
        return self.config.endpoint if self.config.path else replace(self.config, port=self.port).endpoint

    def apply(self, config: Listener, tls: ssl.SSLContext | None, hostname: str) -> None:
        """Use other settings, certificate and name from the next command or connection on."""
        self._service.config = config
        self._service.tls = tls
        self._service.hostname = hostname

    def _session(self, peer: str = "") -> asyncio.Protocol:
        service = self._service
        if service.stopping or len(self.sessions) >= service.config.max_connections:
            return _Busy(service, peer)
        session = Session(service, self.sessions.discard, peer)
        self.sessions.add(session)
        tls = service.config.tls
        return TlsFirst(session, service.tls) if service.tls and tls and tls.implicit else session

    async def stop(self, grace: float) -> None:
        """Accept no new connection, send 421 to idle peers, let running DATA finish for `grace` seconds."""
        self._service.stopping = True
        if self._server is not None:
            self._server.close()
            if self._service.config.path is not None and not self._is_given:
                self._service.config.path.unlink(missing_ok=True)
        for session in list(self.sessions):
            session.leave()
        running = {session.task for session in self.sessions if session.task is not None}
        if running:
            await asyncio.wait(running, timeout=grace)
        for session in list(self.sessions):
            session.abort()
        await asyncio.sleep(0)  # lets the aborted connections be closed


def _remove_stale(path: Path) -> None:
    """Remove the socket of an exited process. Raises OSError where one listens, or where the path is no socket."""
    if not path.exists():
        return
    if not path.is_socket():
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
    with socket.socket(socket.AF_UNIX) as probe, suppress(ConnectionRefusedError):
        probe.settimeout(1.0)
        probe.connect(str(path))
        raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))
    path.unlink()


class _Busy(asyncio.Protocol):
    """Answers a connection that there is no room for."""

    def __init__(self, service: Service, peer: str) -> None:
        self._service = service
        self._peer = peer

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport = cast("asyncio.Transport", transport)  # uvloop's is no instance of that class
        service = self._service
        text = "4.3.2 Error: too many connections"
        if not (service.config.tls and service.config.tls.implicit):  # within TLS nobody could read it
            write(transport, f"421 {text[:5]} {service.hostname} {text[6:]}\r\n".encode())
        transport.close()
        service.refuse(self._peer or peer_of(transport), None, "", 421, text)
