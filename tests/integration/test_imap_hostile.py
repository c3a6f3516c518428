"""A hostile IMAP server: in every state it is cut off, talks nonsense, says too much or nothing.

Whatever happened, each message is in the inbox once when the server is itself again, and the status says that all is
well; while it is not, it says what is wrong.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path

import pytest

from mailgate.inbound.imap import connection, drain, session
from mailgate.inbound.imap import watcher as imap
from mailgate.inbound.imap.watcher import Watcher
from mailgate.store.db import Store
from tests.imap_server import Desk, Server
from tests.waiting import until

MESSAGES = 3
TIMES = 2  # for which each command is answered in a hostile way
VERBS = ("greeting", "CAPABILITY", "LOGIN", "SELECT", "UID SEARCH", "UID FETCH", "UID STORE", "IDLE")
RNG = random.Random(20261130)
CHATTER = (
    b"* OK [ALERT] The building is on fire\r\n* FLAGS (\\Seen \\Answered)\r\n* 1 RECENT\r\n* 3 EXISTS\r\n"
    b'* 1 FETCH (FLAGS (\\Seen))\r\n* LIST () "/" INBOX\r\n* CAPABILITY IMAP4rev1 IDLE\r\n'
    b"* X-UNKNOWN (1 2 {3}\r\nabc)\r\n"
)

Twist = Callable[[bytes], tuple[bytes, bool]]
WAYS: dict[str, Twist] = {
    "cut off": lambda _: (b"", True),
    "cut off midway": lambda answer: (answer[: len(answer) // 2], True),
    "cut off behind": lambda answer: (answer, True),
    "garbage": lambda _: (RNG.randbytes(200) + b"\r\n", False),
    "a farewell": lambda _: (b"* BYE enough\r\n", True),
    "chatter before": lambda answer: (CHATTER + answer, False),
    "another's tag": lambda answer: (b"ZZZZ9 OK done\r\n" + answer, False),
    "refused": lambda _: (b"TAG NO [UNAVAILABLE] not now\r\n", False),
    "not understood": lambda _: (b"TAG BAD what\r\n", False),
    "silence": lambda _: (b"", False),
    "a line without end": lambda _: (b"* OK " + b"x" * 1_200_000, True),
}


@pytest.fixture
async def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Desk]:
    monkeypatch.setattr(imap, "NETWORK_PAUSE", (0.02, 0.05))
    monkeypatch.setattr(imap, "DENIED_PAUSE", (0.02, 0.05))
    monkeypatch.setattr(drain, "ASIDE_FIRST", 0.05)
    monkeypatch.setattr(drain, "ASIDE_LONGEST", 0.05)
    for module in (connection, session):
        monkeypatch.setattr(module, "READ_TIMEOUT", 1.0)
    monkeypatch.setattr(connection, "CONNECT_TIMEOUT", 1.0)  # it holds for the greeting and the capabilities, too
    server = Server()
    server.messages = MESSAGES
    await server.start()
    store = await Store.open(tmp_path / "mailgate.db")
    yield Desk(store, server)
    await server.stop()
    await store.close()


async def stored(desk: Desk) -> Counter[str]:
    """How often each message lies in the inbox, by its own words."""
    rows = await desk.store.read(lambda db: db.all("SELECT data FROM raw"))
    return Counter(bytes(row["data"]).rsplit(b"hello ")[-1].strip().decode() for row in rows)


async def once_each(desk: Desk, watcher: Watcher) -> bool:
    status = watcher.status()
    return status.ok and status.last_seen is not None and len(await stored(desk)) == MESSAGES


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("way", WAYS)
async def test_each_message_comes_once_in_the_end(desk: Desk, way: str, verb: str) -> None:
    met = 0

    def twist(heard: str, answer: bytes) -> tuple[bytes, bool]:
        nonlocal met
        if heard != verb or met >= TIMES:
            return answer, False
        met += 1
        return WAYS[way](answer)

    desk.server.twist = twist
    async with desk.watching(after="seen", poll=timedelta(seconds=0.1), idle=verb == "IDLE") as watcher:
        await until(lambda: met)
        await until(lambda: once_each(desk, watcher))
    assert set((await stored(desk)).values()) == {1}
    assert desk.server.connections < 30, "no storm"


async def test_a_body_that_is_nil_is_set_aside_and_the_others_come(desk: Desk) -> None:
    def twist(heard: str, answer: bytes) -> tuple[bytes, bool]:
        if heard == "UID FETCH" and b"BODY[]" in answer and b"UID 2 " in answer:
            return b'* 2 FETCH (UID 2 INTERNALDATE "21-Nov-2026 12:00:00 +0000" BODY[] NIL)\r\nTAG OK done\r\n', False
        return answer, False

    good = desk.server.twist
    desk.server.twist = twist
    async with desk.watching(after="seen", poll=timedelta(seconds=0.1), idle=False) as watcher:

        async def others() -> bool:
            return {"1", "3"} <= set(await stored(desk))

        await until(others)
        desk.server.twist = good
        await until(lambda: once_each(desk, watcher))
    assert set((await stored(desk)).values()) == {1}


async def test_another_uidvalidity_on_each_connection_takes_nothing_twice(desk: Desk) -> None:
    """What is the same by its content is one mail, whatever the server calls it (the worker sees to that)."""
    number = 70

    def twist(heard: str, answer: bytes) -> tuple[bytes, bool]:
        nonlocal number
        if heard == "SELECT":
            number += 1
            return answer.replace(b"UIDVALIDITY 77", b"UIDVALIDITY %d" % number), False
        return answer, heard == "UID STORE"

    desk.server.twist = twist
    async with desk.watching(after="seen", poll=timedelta(seconds=0.1), idle=False) as watcher:
        await until(lambda: desk.server.connections > 4)
        desk.server.twist = lambda _, answer: (answer, False)
        await until(lambda: once_each(desk, watcher))
    assert set(await stored(desk)) == {"1", "2", "3"}


@pytest.mark.parametrize("verb", ["greeting", "CAPABILITY", "LOGIN", "SELECT", "UID SEARCH"])
@pytest.mark.parametrize("way", ["cut off", "garbage", "a farewell", "refused", "silence", "a line without end"])
async def test_what_is_wrong_is_in_the_status_while_it_lasts(desk: Desk, way: str, verb: str) -> None:
    desk.server.twist = lambda heard, answer: WAYS[way](answer) if heard == verb else (answer, False)
    async with desk.watching(after="seen", poll=timedelta(seconds=0.1), idle=False) as watcher:
        await until(lambda: watcher.status().last_error)
        assert watcher.status().error_since is not None
        desk.server.twist = lambda _, answer: (answer, False)
        await until(lambda: once_each(desk, watcher))
        assert watcher.status().error_since is None
