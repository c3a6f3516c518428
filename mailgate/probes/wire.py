"""Reaching a server: its name, the TCP connection, TLS and how long its certificate lasts. Blocking, with deadlines."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from mailgate.connect.tls import client_context, connection_words
from mailgate.probes.stage import Stage, State

TIMEOUT = 10.0  # seconds for each step
SOON = timedelta(days=14)  # a certificate that ends within this time is worth a warning
_LINES = 50  # of a greeting or reply
_LONGEST = 2000  # bytes of a line


@dataclass(frozen=True, slots=True)
class Peer:
    """A server: `tls` is "implicit", "starttls" or "none"; `protocol` "imap" or "smtp"."""

    host: str
    port: int
    tls: str
    protocol: str
    ca: Path | None = None


def reach(target: str, peer: Peer, now: datetime) -> Iterator[Stage]:
    """Each step until one fails. `now` is aware UTC."""
    try:
        found = socket.getaddrinfo(peer.host, peer.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        yield Stage(target, "name", State.FAILED, connection_words(error, peer.host))
        return
    addresses = list(dict.fromkeys(str(each[4][0]) for each in found))
    if addresses != [peer.host]:
        yield Stage(target, "name", State.OK, f"{peer.host} is {', '.join(addresses[:3])}")
    try:
        connection = socket.create_connection((peer.host, peer.port), timeout=TIMEOUT)
    except OSError as error:
        yield Stage(target, "tcp", State.FAILED, f"port {peer.port}: {connection_words(error, peer.host)}")
        return
    with connection:
        yield Stage(target, "tcp", State.OK, f"port {peer.port}")
        if peer.tls != "none":
            yield _tls(target, peer, connection, now)


def _tls(target: str, peer: Peer, connection: socket.socket, now: datetime) -> Stage:
    try:
        if peer.tls == "starttls":
            _start_tls(connection, peer.protocol)
        with client_context(peer.ca).wrap_socket(connection, server_hostname=peer.host) as secure:
            certificate = secure.getpeercert() or {}
            version = secure.version()
    except (OSError, _NoTls) as error:
        return Stage(target, "tls", State.FAILED, connection_words(error, peer.host))
    until = datetime.fromtimestamp(ssl.cert_time_to_seconds(str(certificate["notAfter"])), UTC)
    return certificate_stage(target, f"{version}, certificate", until, now)


def certificate_stage(target: str, what: str, until: datetime, now: datetime) -> Stage:
    """How long a certificate lasts."""
    left = until - now
    text = f"{what} valid until {until:%Y-%m-%d} ({left.days} days)"
    if left < timedelta(0):
        return Stage(target, "tls", State.FAILED, f"{what} expired on {until:%Y-%m-%d}", "renew the certificate")
    state = State.WARNING if left < SOON else State.OK
    return Stage(target, "tls", state, text, "renew the certificate" if state is State.WARNING else "")


class _NoTls(Exception):
    """The server does not let TLS begin."""


def _start_tls(connection: socket.socket, protocol: str) -> None:
    read = _reader(connection)
    if protocol == "imap":
        read(lambda line: line.startswith(b"* "))
        connection.sendall(b"a STARTTLS\r\n")
        answer, good = read(lambda line: line.startswith(b"a ")), b"a OK"
    else:
        _read_reply(read)
        connection.sendall(b"EHLO localhost\r\n")
        _read_reply(read)
        connection.sendall(b"STARTTLS\r\n")
        answer, good = _read_reply(read), b"220"
    if not answer.upper().startswith(good.upper()):
        raise _NoTls(f"the server does not offer STARTTLS ({answer.decode('ascii', 'replace').strip()})")


def _read_reply(read: Callable[[Callable[[bytes], bool]], bytes]) -> bytes:
    return read(lambda line: line[3:4] in (b" ", b"\r", b"\n", b""))


def _reader(connection: socket.socket) -> Callable[[Callable[[bytes], bool]], bytes]:
    """Reads lines until one is the last of a reply; unbuffered, since TLS follows."""

    def read(last: Callable[[bytes], bool]) -> bytes:
        for _ in range(_LINES):
            line = b""
            while not line.endswith(b"\n"):
                byte = connection.recv(1)
                if not byte:
                    raise _NoTls("the connection was closed by the server")
                line += byte
                if len(line) > _LONGEST:
                    raise _NoTls("not an answer of a mail server")
            if last(line):
                return line
        raise _NoTls("an answer without end")

    return read
