"""Alarms by a real command and a real HTTP server."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from mailgate.daemon import alarms
from mailgate.daemon.alarms import send
from mailgate.errors import MailgateError
from mailgate.settings import Alarm, Config
from tests.lab import desk
from tests.ports import reserved_port
from tests.waiting import patience

OBJECT: dict[str, Any] = {"alarm": "relay", "state": "begin", "text": "é"}


def config(**fields: Any) -> Config:
    return replace(desk(), alarm=Alarm(**fields))


def shell(text: str) -> Config:
    return config(command=("/bin/sh", "-c", text))


async def test_a_command_reads_the_object(tmp_path: Path) -> None:
    file = tmp_path / "got"
    await send(shell(f"cat > {file}"), "command", OBJECT)
    assert json.loads(file.read_text()) == OBJECT


async def test_a_command_that_fails_hangs_or_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(MailgateError, match="exited with 3") as error:
        await send(shell("echo first >&2; echo no route >&2; exit 3"), "command", OBJECT)
    assert error.value.cause == "no route"
    with pytest.raises(MailgateError, match="cannot be run"):
        await send(config(command=("/nowhere/page",)), "command", OBJECT)
    monkeypatch.setattr(alarms, "COMMAND_TIMEOUT", 0.05)
    with pytest.raises(MailgateError, match="too long"):
        await send(config(command=("sleep", "600")), "command", OBJECT)


async def test_a_command_need_not_read_the_object(monkeypatch: pytest.MonkeyPatch) -> None:
    """It has ended before anything is written to it: uvloop would raise."""
    start = asyncio.create_subprocess_exec

    async def ended(*command: str, **pipes: int) -> asyncio.subprocess.Process:
        process = await start(*command, **pipes)
        await process.wait()
        assert process.stdin
        async with patience():
            await process.stdin.wait_closed()
        return process

    monkeypatch.setattr(asyncio, "create_subprocess_exec", ended)
    await send(shell("exit 0"), "command", OBJECT)
    with pytest.raises(MailgateError, match="exited with 3") as error:
        await send(shell("echo no route >&2; exit 3"), "command", OBJECT)
    assert error.value.cause == "no route"


class _Hook(BaseHTTPRequestHandler):
    got: list[tuple[str, Any]]
    status = 204

    def do_POST(self) -> None:  # the name is that of the standard library
        data = self.rfile.read(int(self.headers["Content-Length"]))
        self.got.append((self.headers["Content-Type"], json.loads(data)))
        self.send_response(self.status)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def hook() -> Iterator[tuple[str, type[_Hook]]]:
    handler = type("Hook", (_Hook,), {"got": []})
    with HTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/alarm", handler
        server.shutdown()
        thread.join()


async def test_a_webhook_is_posted_the_object(hook: tuple[str, type[_Hook]]) -> None:
    url, handler = hook
    await send(config(webhook=url), "webhook", OBJECT)
    assert handler.got == [("application/json", OBJECT)]
    handler.status = 500
    with pytest.raises(MailgateError, match="refused") as error:
        await send(config(webhook=url), "webhook", OBJECT)
    assert error.value.cause == "HTTP status 500"
    with pytest.raises(MailgateError, match="cannot be reached"):
        await send(config(webhook=f"http://127.0.0.1:{reserved_port()}/"), "webhook", OBJECT)
