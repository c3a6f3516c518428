"""Health and metrics over HTTP on loopback: /healthz, /readyz, /metrics. Nothing can be changed here.

Three fixed pages for probes and Prometheus (its text format is a line a figure), so that
no web framework has to be loaded: GET alone, one request a connection.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from mailgate.daemon import status
from mailgate.daemon.status import DaemonStatus
from mailgate.errors import StorageError
from mailgate.settings import Http
from mailgate.store.db import Store

LONGEST = 4096  # bytes of a request
PATIENCE = 5.0  # seconds that a request may take

_REASONS = {200: "OK", 400: "Bad Request", 404: "Not Found", 405: "Method Not Allowed", 503: "Service Unavailable"}


@dataclass(frozen=True, slots=True)
class Health:
    """What is wrong (empty: nothing), and the figures for /metrics by name."""

    problems: tuple[str, ...]
    figures: Mapping[str, float]


async def health(standing: DaemonStatus, store: Store) -> Health:
    """How the daemon does, and how long its queues are."""
    problems = [f"{way.name}: {way.trouble}" for way in standing.ways_in if way.trouble]
    problems += [] if standing.relay.ok else [f"relay: {standing.relay.last_error}"]
    problems += [standing.worker] if standing.worker else []
    try:
        queues = await store.read(status.queues)
    except StorageError as error:
        queues = {}
        problems.append(f"database: {error.public}")
    figures = {f'mailgate_queue{{queue="{name}"}}': float(count) for name, count in queues.items()}
    figures |= {f'mailgate_way_in_connected{{way="{way.name}"}}': float(way.connected) for way in standing.ways_in}
    figures["mailgate_relay_ok"] = float(standing.relay.ok)
    figures["mailgate_worker_ok"] = float(not standing.worker)
    return Health(tuple(problems), figures)


class HttpServer:
    """Serves the three pages on the running loop; `health` is asked anew for each request."""

    def __init__(self, config: Http, health: Callable[[], Awaitable[Health]]) -> None:
        self._config = config
        self._health = health
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen. Raises OSError when the address cannot be had."""
        self._server = await asyncio.start_server(self._serve, self._config.host, self._config.port, limit=LONGEST)

    @property
    def port(self) -> int:
        """The port that is listened on."""
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    def stop(self) -> None:
        """Listen no more."""
        if self._server:
            self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                head = await reader.readuntil(b"\r\n\r\n")
                code, text = await self._answer(head.split(b"\r\n", 1)[0].split())
                writer.write(_response(code, text))
                await writer.drain()
        except (TimeoutError, OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # a probe that does not speak HTTP gets no answer
        finally:
            writer.close()

    async def _answer(self, request: list[bytes]) -> tuple[int, str]:
        if len(request) != 3:
            return 400, "bad request\n"
        if request[0] not in (b"GET", b"HEAD"):
            return 405, "GET alone\n"
        path = request[1].partition(b"?")[0]
        if path == b"/healthz":
            return 200, "ok\n"
        if path not in (b"/readyz", b"/metrics"):
            return 404, "/healthz, /readyz or /metrics\n"
        health = await self._health()
        if path == b"/metrics":
            return 200, metrics(health)
        return (503, "\n".join(health.problems) + "\n") if health.problems else (200, "ready\n")


def metrics(health: Health) -> str:
    """The figures in Prometheus' text format."""
    figures = {"mailgate_ready": float(not health.problems), **health.figures}
    lines = []
    for name, value in figures.items():
        lines += [f"# TYPE {name.partition('{')[0]} gauge", f"{name} {value:g}"]
    return "\n".join(dict.fromkeys(lines)) + "\n"


def _response(code: int, text: str) -> bytes:
    body = text.encode()
    head = (
        f"HTTP/1.1 {code} {_REASONS[code]}\r\nContent-Type: text/plain; charset=utf-8\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + body
