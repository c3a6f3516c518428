"""Connections in memory: delayed, cut in the middle, silent, or refused, as their plan says."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from contextvars import Context, copy_context
from dataclasses import dataclass
from typing import Any

from tests.simulation.life import LIFE, Life


@dataclass(frozen=True)
class Plan:
    """What becomes of a connection. Bytes are counted in each direction by itself."""

    delay: float = 0.0  # seconds for each piece
    refuse: bool = False
    never: bool = False  # nobody answers to the attempt
    cut_up: int = 1 << 60  # bytes from the client after which both ends are lost
    cut_down: int = 1 << 60  # and from the server
    silent_down: int = 1 << 60  # bytes from the server after which nothing more arrives


class Transport(asyncio.Transport):
    """One end of a connection."""

    def __init__(self, loop: asyncio.AbstractEventLoop, name: str, plan: Plan = Plan()) -> None:
        super().__init__({"peername": (name, 1), "sockname": (name, 1)})
        self._loop = loop
        self._plan = plan
        self.peer: Transport
        self.protocol: Any = None
        self._context: Context | None = None  # of whoever opened this end
        self._life: Life | None = None
        self.passed = 0  # bytes written here that the other end was given
        self.most = self.silent_after = 1 << 60
        self.heard = True  # whether the other end gets all of what was written last
        self._incoming: deque[bytes] = deque()
        self._last = 0.0  # when what was written last arrives
        self._ended = False  # the other end wrote its last
        self._closing = False
        self._gone = False
        self._paused = False

    def open(self, protocol: Any) -> None:
        """Begin to give a protocol what comes."""
        self.protocol, self._context, self._life = protocol, copy_context(), LIFE.get()
        if self._life:
            self._life.on_death[self] = self.lose
        protocol.connection_made(self)
        self._flush()

    # ── writing ─────────────────────────────────────────────────────────────────────────

    def write(self, data: Any) -> None:
        """Send; beyond what the plan lets pass, the connection is lost."""
        if self._closing or not data:
            return
        room = self.most - self.passed
        piece = bytes(data[:room])
        self.heard = self.passed + len(data) <= min(self.most, self.silent_after) and not self.peer._gone
        heard = piece[: max(self.silent_after - self.passed, 0)]
        self.passed += len(piece)
        if heard:
            self._later(self.peer, self.peer._receive, heard)
        if len(data) > room:
            self._later(self, self.lose)

    def _later(self, end: Transport, call: Callable[..., object], *args: object) -> None:
        if self._plan.delay:
            self._last = max(self._loop.time() + self._plan.delay, self._last + 1e-6)  # in order
            self._loop.call_at(self._last, call, *args, context=end._context)
        else:
            self._loop.call_soon(call, *args, context=end._context)

    def close(self) -> None:
        """End after what was written."""
        if not self._closing:
            self._closing = True
            self._later(self.peer, self.peer._end)
            self._later(self, self._lost, None)

    def abort(self) -> None:
        """End at once."""
        self._closing = True
        self._loop.call_soon(self.lose)

    def lose(self) -> None:
        """Both ends are gone."""
        error = ConnectionResetError("Connection reset by peer")
        self._lost(error)
        self.peer._lost(error)

    # ── receiving ───────────────────────────────────────────────────────────────────────

    def _receive(self, data: bytes) -> None:
        self._incoming.append(data)
        self._flush()

    def _end(self) -> None:
        self._ended = True
        self._flush()

    def _flush(self) -> None:
        while self._incoming and not self._paused and self.protocol is not None and not self._gone:
            self.protocol.data_received(self._incoming.popleft())
        if self._ended and not self._incoming and self.protocol is not None and not self._gone:
            self._ended = False
            if not self.protocol.eof_received():
                self.close()

    def _lost(self, error: Exception | None) -> None:
        self._closing = True
        if self._life:
            self._life.on_death.pop(self, None)
        if not self._gone:
            self._gone = True
            if self.protocol is not None:
                self.protocol.connection_lost(error)

    # ── the rest of a transport ─────────────────────────────────────────────────────────

    def is_closing(self) -> bool:
        """Whether it ends."""
        return self._closing

    def pause_reading(self) -> None:
        """Hold back what comes."""
        self._paused = True

    def resume_reading(self) -> None:
        """Go on."""
        self._paused = False
        self._loop.call_soon(self._flush)

    def is_reading(self) -> bool:
        """Whether what comes is passed on."""
        return not self._paused

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """There is no buffer."""

    def get_write_buffer_size(self) -> int:
        """There is no buffer."""
        return 0

    def set_protocol(self, protocol: Any) -> None:
        """Give what comes to another protocol."""
        self.protocol = protocol

    def get_protocol(self) -> Any:
        """The protocol."""
        return self.protocol

    def can_write_eof(self) -> bool:
        """No half-closed connections."""
        return False


class End:
    """One end of a socket pair, until it is opened."""

    def __init__(self, transport: Transport) -> None:
        self.transport = transport

    def open(self, protocol: Any) -> tuple[Transport, Any]:
        """Open it for a protocol."""
        self.transport.open(protocol)
        return self.transport, protocol

    def close(self) -> None:
        """Close it."""
        self.transport.close()


class Server:
    """A listening port, as far as `asyncio.Server` is asked."""

    def __init__(self, network: Network, host: str, port: int) -> None:
        self._network = network
        self._name = (host, port)
        self.sockets = [self]

    def getsockname(self) -> tuple[str, int]:
        """Its address."""
        return self._name

    def close(self) -> None:
        """Listen no more."""
        self._network.closed(self._name)

    async def wait_closed(self) -> None:
        """Nothing to wait for."""


class Network:
    """Who listens where, and which plan the next connection has."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._servers: dict[tuple[str, int], tuple[Callable[[], Any], Context]] = {}
        self.plan: Callable[[str, int], Plan] = lambda host, port: Plan()

    def listen(self, factory: Callable[[], Any], host: str, port: int) -> Server:
        """Listen at an address, until the running process ends."""
        name = (host, port)
        if name in self._servers:
            raise OSError(98, "Address already in use")
        self._servers[name] = factory, copy_context()
        if life := LIFE.get():
            life.on_death[name] = lambda: self.closed(name)
        return Server(self, host, port)

    def closed(self, name: tuple[str, int]) -> None:
        """Nobody listens there any more."""
        self._servers.pop(name, None)

    def pair(self) -> tuple[End, End]:
        """A socket pair."""
        one, other = Transport(self._loop, "pair"), Transport(self._loop, "pair")
        one.peer, other.peer = other, one
        return End(one), End(other)

    async def connect(self, factory: Callable[[], Any], host: str, port: int) -> tuple[Transport, Any]:
        """Connect as the plan says. Raises OSError."""
        plan = self.plan(host, port)
        if plan.never:
            await asyncio.get_running_loop().create_future()
        if plan.delay:
            await asyncio.sleep(plan.delay)  # of the virtual clock
        found = self._servers.get((host, port))
        if plan.refuse or found is None:
            raise ConnectionRefusedError(111, "Connection refused")
        server, context = found
        ours, theirs = Transport(self._loop, host, plan), Transport(self._loop, "192.0.2.1", plan)
        ours.peer, theirs.peer = theirs, ours
        ours.most, theirs.most, theirs.silent_after = plan.cut_up, plan.cut_down, plan.silent_down
        protocol = factory()
        context.run(lambda: theirs.open(server()))
        ours.open(protocol)
        return ours, protocol
