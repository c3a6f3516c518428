"""The HTTP server for health probes and Prometheus: /healthz, /readyz and /metrics. Read-only.

Three fixed pages do not justify loading a web framework: GET and HEAD only, one request per
connection.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from mailgate.daemon import status
from mailgate.daemon.metrics import COUNTED, Sample, text
from mailgate.daemon.status import DaemonStatus
from mailgate.errors import StorageError
from mailgate.settings import Http
from mailgate.store.db import Store
from mailgate.store.queues import arrivals
from mailgate.system.streams import write

MAX_REQUEST = 4096  # bytes
REQUEST_TIMEOUT = 5.0  # seconds

_REASONS = {200: "OK", 400: "Bad Request", 404: "Not Found", 405: "Method Not Allowed", 503: "Service Unavailable"}


@dataclass(frozen=True, slots=True)
class Health:
    """The daemon's problems (none: ready), and its figures."""

    problems: tuple[str, ...]
    samples: tuple[Sample, ...]


def problems_of(current: DaemonStatus) -> list[str]:
    """What is wrong now."""
    problems = [f"{way.name}: {way.problem}" for way in current.ways_in if way.problem]
    problems += [f"{relay.name}: {relay.last_error}" for relay in current.relays if not relay.ok]
    problems += [current.worker] if current.worker else []
    return [*problems, *map(str, current.storage)]


async def check_health(
    current: DaemonStatus, store: Store, counts: Mapping[str, int], now: datetime, *, starting: bool = False
) -> Health:
    """Combine the daemon's status with the queues of the database and the events that were counted.

    `now` is UTC. `starting`: mail is accepted, but the worker does not work it yet.
    """
    problems = [*(["the worker process is starting"] if starting else []), *problems_of(current)]
    try:
        queues = await store.read(status.queue_lengths)
    except StorageError as error:
        queues = {}
        problems += [] if current.storage else [f"storage: {error.public}"]
    ages = await _ages(store, now)
    return Health(tuple(problems), (*_samples(current, queues, ages, now), *_counters(counts)))


async def _ages(store: Store, now: datetime) -> dict[str, float]:
    """Seconds since the oldest mail of each queue came."""
    with suppress(StorageError):
        oldest = await store.read(arrivals.oldest, now)
        return {name: max((now - at).total_seconds(), 0.0) if at else 0.0 for name, at in oldest.items()}
    return {}


def _samples(
    current: DaemonStatus, queues: Mapping[str, int], ages: Mapping[str, float], now: datetime
) -> Iterator[Sample]:
    yield from (Sample("mailgate_queue", count, (("queue", name),)) for name, count in queues.items())
    yield from (Sample("mailgate_queue_age_seconds", age, (("queue", name),)) for name, age in ages.items())
    yield from (Sample("mailgate_way_in_connected", way.connected, (("way", way.name),)) for way in current.ways_in)
    yield from (Sample("mailgate_relay_ok", relay.ok, (("relay", relay.name),)) for relay in current.relays)
    yield Sample("mailgate_storage_ok", not current.storage)
    yield Sample("mailgate_worker_ok", not current.worker)
    for each in current.sign_ins:
        if each.expires_at:
            left = (each.expires_at - now).total_seconds()
            yield Sample("mailgate_sign_in_expires_seconds", left, (("account", each.account),))


def _counters(counts: Mapping[str, int]) -> Iterator[Sample]:
    return (Sample(f"mailgate_{event}_total", counts.get(event, 0)) for event in COUNTED)


class HttpServer:
    """Serves the three pages on the running event loop; `health` is called for each request to /readyz or /metrics."""

    def __init__(self, config: Http, health: Callable[[], Awaitable[Health]]) -> None:
        self._config = config
        self._health = health
        self._server: asyncio.Server | None = None

    async def start(self, opened: socket.socket | None = None) -> None:
        """Listen, at `opened` if there is one. Raises OSError when the address cannot be bound."""
        if opened is not None:
            self._server = await asyncio.start_server(self._serve, sock=opened, limit=MAX_REQUEST)
            return
        self._server = await asyncio.start_server(self._serve, self._config.host, self._config.port, limit=MAX_REQUEST)

    @property
    def port(self) -> int:
        """The port that the server listens on."""
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    def stop(self) -> None:
        """Stop listening."""
        if self._server:
            self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(REQUEST_TIMEOUT):
                head = await reader.readuntil(b"\r\n\r\n")
                request = head.split(b"\r\n", 1)[0].split()
                response, body = _response(*await self._respond(request))
                write(writer, response if request[:1] == [b"HEAD"] else response + body)  # RFC 9110 9.3.2
                await writer.drain()
        except (TimeoutError, OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # a client that does not speak HTTP gets no response
        finally:
            writer.close()

    async def _respond(self, request: list[bytes]) -> tuple[int, str]:
        if len(request) != 3:
            return 400, "bad request\n"
        if request[0] not in (b"GET", b"HEAD"):
            return 405, "only GET and HEAD are supported\n"
        path = request[1].partition(b"?")[0]
        if path == b"/healthz":
            return 200, "ok\n"
        if path not in (b"/readyz", b"/metrics"):
            return 404, "not found; there are /healthz, /readyz and /metrics\n"
        health = await self._health()
        if path == b"/metrics":
            return 200, metrics(health)
        return (503, "\n".join(health.problems) + "\n") if health.problems else (200, "ready\n")


def metrics(health: Health) -> str:
    """The page for Prometheus."""
    return text((Sample("mailgate_ready", not health.problems), *health.samples))


def _response(code: int, page: str) -> tuple[bytes, bytes]:
    """The head of a response, and its body."""
    body = page.encode()
    allow = "Allow: GET, HEAD\r\n" if code == 405 else ""  # RFC 9110 15.5.6
    # The version is that of Prometheus's text format: https://prometheus.io/docs/instrumenting/exposition_formats/
    head = (
        f"HTTP/1.1 {code} {_REASONS[code]}\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n{allow}"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode(), body
