"""What a real IMAP server seldom does on demand: refusals, farewells and words at the wrong moment."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from mailgate.inbound.imap import drain
from mailgate.inbound.imap import watcher as imap
from mailgate.inbound.imap.watcher import Watcher
from mailgate.store.db import Store
from tests.imap_server import Desk, Server
from tests.waiting import until


@pytest.fixture
async def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Desk]:
    monkeypatch.setattr(imap, "NETWORK_PAUSE", (0.1, 0.2))
    server = Server()
    await server.start()
    store = await Store.open(tmp_path / "mailgate.db")
    yield Desk(store, server)
    await server.stop()
    await store.close()


async def test_news_that_comes_in_one_piece_with_the_plus_is_not_overlooked(desk: Desk) -> None:
    """The library has read it already, so select() on the socket sees nothing."""
    desk.server.script["IDLE"] = b"+ idling\r\n* 1 EXISTS\r\n"
    async with desk.watching():
        await until(lambda: "IDLE" in desk.server.heard)
        desk.server.messages = 1
        await until(lambda: _taken(desk, 1))


async def test_news_told_during_a_search_is_looked_at_before_idle(desk: Desk) -> None:
    """A server tells each arrival once; what it told then, it does not tell in IDLE."""
    desk.server.script["UID SEARCH"] = b"* SEARCH\r\n* 1 EXISTS\r\nTAG OK done\r\n"
    desk.server.once = "UID SEARCH"
    desk.server.messages = 1
    async with desk.watching():
        await until(lambda: _taken(desk, 1))


async def test_a_server_that_always_chatters_is_not_believed_for_ever(desk: Desk) -> None:
    desk.server.script["UID SEARCH"] = b"* 3 EXISTS\r\n* SEARCH\r\nTAG OK done\r\n"
    desk.server.messages = 1
    async with desk.watching():
        await until(lambda: "IDLE" in desk.server.heard)
        before_idle = desk.server.heard[: desk.server.heard.index("IDLE")]
        assert before_idle.count("UID SEARCH") <= imap.QUIET_LOOKS


@pytest.mark.parametrize("farewell", [b"BYE", b"+ idling\r\n* BYE shutting down\r\n"])
async def test_a_farewell_in_idle_is_no_busy_loop(desk: Desk, farewell: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each connection that ends so is followed by a pause."""
    desk.server.script["IDLE"] = farewell
    desk.server.goodbye = b"BYE" in farewell
    pauses: list[float] = []

    def at_once(sockets: Any, seconds: float) -> None:
        pauses.append(seconds)

    monkeypatch.setattr(imap, "readable", at_once)
    async with desk.watching():
        await until(lambda: desk.server.connections >= 4)
        assert len(pauses) >= 3
        assert min(pauses) >= imap.NETWORK_PAUSE[0] / 2


async def test_where_idle_is_refused_the_folder_is_polled(desk: Desk) -> None:
    desk.server.script["IDLE"] = b"TAG NO not now\r\n"
    async with desk.watching(poll=timedelta(seconds=0.2)) as watcher:
        await until(lambda: desk.server.heard.count("IDLE") == imap.IDLE_FAILURES and looked(watcher))
        await until(lambda: not watcher.status().idle)  # the last refusal is read
        desk.server.messages = 1
        await until(lambda: _taken(desk, 1))
    assert desk.server.heard.count("IDLE") == imap.IDLE_FAILURES


async def test_a_login_that_is_refused_for_now_is_tried_again_soon(desk: Desk) -> None:
    """RFC 5530: the account is not to blame."""
    desk.server.script["LOGIN"] = b"TAG NO [UNAVAILABLE] backend is down\r\n"
    async with desk.watching() as watcher:
        await until(lambda: desk.server.heard.count("LOGIN") >= 3)
        assert "UNAVAILABLE" in watcher.status().last_error
        del desk.server.script["LOGIN"]
        await until(lambda: looked(watcher))


async def test_a_connection_lost_during_login_is_not_a_refused_login(desk: Desk) -> None:
    desk.server.script["LOGIN"] = b"BYE"
    async with desk.watching() as watcher:
        await until(lambda: desk.server.heard.count("LOGIN") >= 3)
        assert "lost" in watcher.status().last_error


async def test_a_folder_without_uidvalidity_is_refused(desk: Desk) -> None:
    """Nothing could be remembered of it (RFC 3501 2.3.1.1)."""
    desk.server.script["EXAMINE"] = b"* 1 EXISTS\r\nTAG OK done\r\n"
    async with desk.watching() as watcher:
        await until(lambda: "UIDVALIDITY" in watcher.status().last_error)


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        ("UID SEARCH", b"* SEARCH one two\r\nTAG OK done\r\n"),
        ("UID SEARCH", b"\x00\xff garbage\r\n"),
        ("UID FETCH", b"* 1 FETCH (UID 1 INTERNALDATE (\r\nTAG OK done\r\n"),
        ("UID FETCH", b"* 1 FETCH (UID 1 RFC822.SIZE many)\r\nTAG OK done\r\n"),
        ("UID FETCH", b"TAG NO [SERVERBUG] oh\r\n"),
        ("UID FETCH", b"BYE"),
        ("CAPABILITY", b"TAG BAD what\r\n"),
        ("EXAMINE", b"* x EXISTS\r\n* OK [UIDVALIDITY y]\r\nTAG OK done\r\n"),
    ],
)
async def test_nonsense_never_ends_the_thread(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, command: str, answer: bytes
) -> None:
    """Whatever the server says is told and waited out; all is well again when the server is."""
    monkeypatch.setattr(imap, "DENIED_PAUSE", (0.1, 0.2))
    monkeypatch.setattr(drain, "ASIDE_FIRST", 0.3)
    monkeypatch.setattr(drain, "ASIDE_LONGEST", 0.3)
    desk.server.messages = 1
    desk.server.script[command] = answer
    async with desk.watching(poll=timedelta(seconds=0.2), idle=False) as watcher:
        await until(lambda: watcher.status().last_error or watcher.status().aside)
        desk.server.script.clear()
        await until(lambda: _taken(desk, 1))
        await until(lambda: looked(watcher))


def looked(watcher: Watcher) -> bool:
    return watcher.status().ok and watcher.status().last_seen is not None


def _taken(desk: Desk, count: int) -> Any:
    async def enough() -> bool:
        return await desk.count() >= count

    return enough()


@pytest.fixture
def rests(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds of each pause after a failed connection; none of them is waited for."""
    asked: list[float] = []
    monkeypatch.setattr(imap, "readable", lambda _, seconds: asked.append(seconds))
    return asked


@pytest.mark.parametrize("verb", ["LOGIN", "SELECT", "EXAMINE", "UID SEARCH", "UID FETCH"])
async def test_a_suggested_backoff_is_obeyed_wherever_it_comes(desk: Desk, verb: str, rests: list[float]) -> None:
    """Exchange Online: a throttled command is not tried again in smaller pieces, which would be throttled too."""
    desk.server.messages = 1
    desk.server.script[verb] = b"TAG BAD Request is throttled. Suggested Backoff Time: 77123 milliseconds\r\n"
    desk.server.once = verb
    async with desk.watching(after="seen" if verb == "SELECT" else "leave") as watcher:
        await until(lambda: rests)
        await until(lambda: _taken(desk, 1))
        await until(lambda: not watcher.status().last_error)
    assert rests[0] >= 77.123
    assert desk.server.heard.count("UID FETCH") <= 4


async def test_signed_in_and_not_connected_is_no_lost_connection(desk: Desk, rests: list[float]) -> None:
    """Exchange Online, where the mailbox is another one or a permission is missing: long pauses, and words for it."""
    desk.server.script["EXAMINE"] = b"TAG BAD User is authenticated but not connected.\r\n"
    async with desk.watching() as watcher:
        await until(lambda: len(rests) >= 3)
        status = watcher.status()
    assert status.last_error.startswith(
        "signed in, but not connected to the mailbox (another mailbox, a missing permission"
    )
    assert status.last_error.endswith("User is authenticated but not connected.")
    assert rests[0] >= imap.DENIED_PAUSE[0] / 2


async def test_too_many_connections_is_waited_out(desk: Desk, rests: list[float]) -> None:
    desk.server.script["LOGIN"] = b"TAG NO [ALERT] Too many simultaneous connections. (Failure)\r\n"
    desk.server.once = "LOGIN"
    async with desk.watching() as watcher:
        await until(lambda: rests)
        assert "takes no login now: [ALERT] Too many simultaneous connections" in watcher.status().last_error
        await until(lambda: watcher.status().last_seen)
