"""A TCP server behind load balancers: reads the PROXY header of a connection before the session begins.

The header comes before everything, a TLS handshake too, so it is read from the bare socket,
and not a byte more. A client that is no load balancer of ours is served as it is.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable, Coroutine, Sequence
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Any

from mailgate.inbound.smtp.proxy import Header, read_header

HEADER_TIMEOUT = 5.0  # seconds in which the header has to come
ACCEPT_PAUSE = 0.5  # seconds after an accept that failed, as where no descriptor is left
MAX_OPENING = 200  # connections whose header has not come yet

log = logging.getLogger("mailgate")
Networks = Sequence[IPv4Network | IPv6Network]


class ProxiedServer:
    """Serves on a host and port; `session(peer)` makes the protocol of a client with this address ("" for its own)."""

    def __init__(self, networks: Callable[[], Networks], session: Callable[[str], asyncio.Protocol]) -> None:
        self._networks = networks
        self._session = session
        self._tasks: set[asyncio.Task[None]] = set()
        self._opening = 0
        self.sockets: list[socket.socket] = []

    async def start(self, host: str, port: int, backlog: int, opened: socket.socket | None = None) -> None:
        """Listen, at `opened` if there is one. Raises OSError when the address cannot be bound."""
        loop = asyncio.get_running_loop()
        if opened is not None:
            opened.setblocking(False)  # noqa: FBT003 - the socket module's own argument
            self.sockets.append(opened)
            self._run(self._accept(opened))
            return
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        try:
            for family, _, _, _, address in dict.fromkeys(found):
                listener = socket.create_server(address[:2], family=family, backlog=backlog)
                listener.setblocking(False)  # noqa: FBT003 - the socket module's own argument
                self.sockets.append(listener)
        except OSError:
            self.close()
            raise
        for listener in self.sockets:
            self._run(self._accept(listener))

    def close(self) -> None:
        """Accept no more connections, and drop those whose header has not come."""
        for task in self._tasks:
            task.cancel()
        for listener in self.sockets:
            listener.close()

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work, name="proxied")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _accept(self, listener: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                connection, _ = await loop.sock_accept(listener)
            except OSError as error:
                log.warning("cannot accept connections now: %s", error.strerror)
                await asyncio.sleep(ACCEPT_PAUSE)
                continue
            if self._opening >= MAX_OPENING:
                connection.close()
            else:
                self._run(self._open(connection))

    async def _open(self, connection: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        self._opening += 1
        try:
            peer = connection.getpeername()[0]
            client = ""
            if within(peer, self._networks()):
                async with asyncio.timeout(HEADER_TIMEOUT):
                    client = (await _header(connection)).address
            await loop.connect_accepted_socket(lambda: self._session(client), connection)
        except (OSError, ValueError) as error:  # TimeoutError is one
            log.warning("connection closed: %s", error if isinstance(error, ValueError) else "no PROXY header came")
            connection.close()
        except BaseException:
            connection.close()
            raise
        finally:
            self._opening -= 1


def within(peer: str, networks: Networks) -> bool:
    """Whether a peer is one of the load balancers, and its connections begin with a header."""
    address = ip_address(peer.partition("%")[0])
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return any(address in network for network in networks)


async def _header(connection: socket.socket) -> Header:
    """The header, and nothing behind it. Raises ValueError for anything else."""
    loop = asyncio.get_running_loop()
    data = b""
    while isinstance(found := read_header(data), int):
        piece = await loop.sock_recv(connection, found)
        if not piece:
            raise ConnectionResetError
        data += piece
    return found
