"""The pages for probes: what each says, and to what it gives no answer."""

from __future__ import annotations

import asyncio

import pytest

from mailgate.daemon.http import Health, HttpServer
from mailgate.daemon.metrics import Sample
from mailgate.settings import Http
from tests.sink import reset
from tests.waiting import patience, until

GOOD = Health(
    (), (Sample("mailgate_queue", 3, (("queue", "inbox"),)), Sample("mailgate_queue", 1, (("queue", "held"),)))
)
ILL = Health(("relay: refused",), ())


def ask(request: bytes, health: Health = GOOD) -> str:
    """What the server answers to raw bytes."""

    async def now() -> Health:
        return health

    async def run() -> str:
        server = HttpServer(Http(host="127.0.0.1", port=0), now)
        await server.start()
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(request)
            writer.write_eof()
            async with patience():
                answer = await reader.read()
            writer.close()
            return answer.decode()
        except ConnectionResetError:  # closed with our bytes unread
            return ""
        finally:
            server.stop()

    return asyncio.run(run())


@pytest.mark.parametrize(
    ("request_line", "health", "status", "said"),
    [
        ("GET /healthz", ILL, "200 OK", "ok"),  # alive, however ill its relay is
        ("GET /readyz", GOOD, "200 OK", "ready"),
        ("GET /readyz?verbose", ILL, "503 Service Unavailable", "relay: refused"),
        ("GET /metrics", ILL, "200 OK", "mailgate_ready 0"),
        ("GET /", GOOD, "404 Not Found", "/healthz"),
        ("POST /readyz", GOOD, "405 Method Not Allowed", "only GET"),
    ],
)
def test_each_page_says_how_it_stands(request_line: str, health: Health, status: str, said: str) -> None:
    head, _, body = ask(f"{request_line} HTTP/1.1\r\nHost: x\r\n\r\n".encode(), health).partition("\r\n\r\n")
    assert head.startswith(f"HTTP/1.1 {status}\r\n")
    assert f"Content-Length: {len(body)}\r\n" in head
    assert said in body


def test_head_is_answered_without_the_page() -> None:
    """RFC 9110 9.3.2, with the length that it would have."""
    (head, body), (page_head, page) = (
        ask(f"{method} /readyz HTTP/1.1\r\n\r\n".encode(), ILL).split("\r\n\r\n", 1) for method in ("HEAD", "GET")
    )
    assert (head, body) == (page_head, "")
    assert page


def test_the_pages_name_their_format_and_what_may_be_asked() -> None:
    assert "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n" in ask(b"GET /metrics HTTP/1.1\r\n\r\n")
    assert "\r\nAllow: GET, HEAD\r\n" in ask(b"PUT /metrics HTTP/1.1\r\n\r\n")


def test_figures_of_one_name_share_their_type_line() -> None:
    lines = ask(b"GET /metrics HTTP/1.1\r\n\r\n").partition("\r\n\r\n")[2].splitlines()
    assert lines.count("# TYPE mailgate_queue gauge") == 1
    assert len([line for line in lines if line.startswith("# HELP mailgate_queue ")]) == 1
    assert 'mailgate_queue{queue="inbox"} 3' in lines
    assert "mailgate_ready 1" in lines


async def test_a_client_that_is_gone_before_its_page_is_ready_is_no_trouble(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """uvloop would raise where the page is written."""
    asked, ready = asyncio.Event(), asyncio.Event()
    lost: list[object] = []
    serving: list[asyncio.Task[None]] = []
    told = asyncio.StreamReaderProtocol.connection_lost

    async def slow() -> Health:
        serving.extend(filter(None, [asyncio.current_task()]))
        asked.set()
        await ready.wait()
        return GOOD

    def connection_lost(self: asyncio.StreamReaderProtocol, error: Exception | None) -> None:
        told(self, error)
        lost.append(self)

    monkeypatch.setattr(asyncio.StreamReaderProtocol, "connection_lost", connection_lost)
    server = HttpServer(Http(host="127.0.0.1", port=0), slow)
    await server.start()
    _, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(b"GET /metrics HTTP/1.1\r\n\r\n")
    async with patience():
        await asked.wait()
        reset(writer)
        await until(lambda: len(lost) == 2)  # both ends know it
        ready.set()
        await asyncio.wait(serving)
    server.stop()
    assert serving[0].exception() is None
    assert not caplog.records


def test_what_is_no_request_of_ours_gets_no_page() -> None:
    assert ask(b"EHLO x\r\n\r\n").startswith("HTTP/1.1 400 ")
    assert ask(b"GET / HTTP/1.1\r\nno end") == ""
    assert ask(b"GET /" + b"a" * 9000) == ""
