"""The HTTP server for health probes and Prometheus: /healthz, /readyz and /metrics. Read-only.

Three fixed pages do not justify loading a web framework: GET and HEAD only, one request per
connection.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from mailgate.daemon import status
from mailgate.daemon.status import DaemonStatus
from mailgate.errors import StorageError
from mailgate.settings import Http
from mailgate.store.db import Store

MAX_REQUEST = 4096  # bytes
REQUEST_TIMEOUT = 5.0  # seconds

_REASONS = {200: "OK", 400: "Bad Request", 404: "Not Found", 405: "Method Not Allowed", 503: "Service Unavailable"}


@dataclass(frozen=True, slots=True)
class Health:
    """The daemon's problems (none: ready), and its gauges by Prometheus name and labels."""

    problems: tuple[str, ...]
    gauges: Mapping[str, float]


def problems_of(current: DaemonStatus) -> list[str]:
    """What is wrong now."""
    problems = [f"{way.name}: {way.problem}" for way in current.ways_in if way.problem]
    problems += [f"{relay.name}: {relay.last_error}" for relay in current.relays if not relay.ok]
    problems += [current.worker] if current.worker else []
    return [*problems, *map(str, current.storage)]


async def check_health(current: DaemonStatus, store: Store) -> Health:
    """Combine the daemon's status with the queue lengths from the database."""
    problems = problems_of(current)
    try:
        queues = await store.read(status.queue_lengths)
    except StorageError as error:
        queues = {}
        problems += [] if current.storage else [f"storage: {error.public}"]
    gauges = {f'mailgate_queue{{queue="{name}"}}': float(count) for name, count in queues.items()}
    gauges |= {f'mailgate_way_in_connected{{way="{way.name}"}}': float(way.connected) for way in current.ways_in}
    gauges["mailgate_relay_ok"] = float(current.relay.ok)
    gauges["mailgate_storage_ok"] = float(not current.storage)
    gauges["mailgate_worker_ok"] = float(not current.worker)
    return Health(tuple(problems), gauges)


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
                code, text = await self._respond(head.split(b"\r\n", 1)[0].split())
                writer.write(_response(code, text))
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
    """Format the gauges in Prometheus' text exposition format."""
    gauges = {"mailgate_ready": float(not health.problems), **health.gauges}
    lines = []
    for name, value in gauges.items():
        lines += [f"# TYPE {name.partition('{')[0]} gauge", f"{name} {value:g}"]
    return "\n".join(dict.fromkeys(lines)) + "\n"


def _response(code: int, text: str) -> bytes:
    body = text.encode()
    head = (
        f"HTTP/1.1 {code} {_REASONS[code]}\r\nContent-Type: text/plain; charset=utf-8\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + body
