"""IMAP accounts against a real Dovecot: every message once, durable here before anything happens there."""

from __future__ import annotations

import asyncio
import re
import sqlite3
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mailgate.inbound.accept import Acceptor
from mailgate.inbound.imap import drain as imap_drain
from mailgate.inbound.imap import session as imap_session
from mailgate.inbound.imap import watcher as imap
from mailgate.inbound.imap.watcher import MailboxStatus, Watcher
from mailgate.settings import Credentials, Mailbox, Secret
from mailgate.store.db import Db, Store
from tests.dovecot import PASSWORD, Dovecot
from tests.ports import reserved_port
from tests.waiting import PATIENCE, patience, until

ROOT = Path(__file__).parents[2]


def now() -> datetime:
    return datetime.now(UTC)


def mail(number: int, size: int = 200) -> bytes:
    people = "From: karen@client.example\r\nTo: support@bank.example\r\n"
    return f"{people}Subject: Nr {number}\r\nMessage-ID: <{number}@x>\r\n\r\n{'x' * size}\r\n".encode()


def mails(count: int, first: int = 1) -> list[bytes]:
    return [mail(number) for number in range(first, first + count)]


class Desk:
    """A store and an acceptor, and what to ask of them."""

    def __init__(self, path: Path, store: Store) -> None:
        self.path = path
        self.store = store
        self.acceptor = Acceptor(store, now, lambda: None)
        self.heard: list[MailboxStatus] = []

    async def rows(self, sql: str, *params: Any) -> list[Any]:
        return await self.store.read(lambda db: db.all(sql, params))

    async def numbers(self) -> list[int]:
        """The numbers in the subjects of what was taken, in the order of the inbox."""
        found = await self.rows("SELECT data FROM inbox JOIN raw ON raw.id = raw_id ORDER BY inbox.id")
        return [int(re.search(rb"Subject: Nr (\d+)", row["data"])[1]) for row in found]  # type: ignore[index]

    async def count(self) -> int:
        return int((await self.rows("SELECT count(*) AS n FROM inbox"))[0]["n"])

    async def ledger(self) -> dict[str, int]:
        found = await self.rows("SELECT state, count(*) AS n FROM ledger GROUP BY state")
        return {row["state"]: row["n"] for row in found}

    async def until(self, done: Callable[[], Any]) -> None:
        """Wait until `done` (plain or async) is true."""
        await until(done, lambda: f"heard {self.heard[-3:]}")

    async def finished(self, count: int) -> None:
        async def done() -> bool:
            return (await self.ledger()).get("finished", 0) == count

        await self.until(done)

    @asynccontextmanager
    async def watching(self, mailbox: Mailbox, **more: Any) -> AsyncIterator[Watcher]:
        watcher = Watcher(mailbox, self.store, self.acceptor, now, self.heard.append, **more)
        await watcher.start()
        try:
            yield watcher
        finally:
            await watcher.stop()


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    store = await Store.open(tmp_path / "mailgate.db")
    desk = Desk(tmp_path / "mailgate.db", store)
    yield desk
    await desk.acceptor.close()
    await store.close()


@pytest.fixture(scope="module")
def server() -> Iterator[Dovecot]:
    with Dovecot() as dovecot:
        yield dovecot


@pytest.fixture
def user(request: pytest.FixtureRequest) -> str:
    """An account of the test's own."""
    return re.sub(r"\W+", "-", request.node.name).strip("-").lower() + "@bank.example"


def box(server: Dovecot, user: str, **more: Any) -> Mailbox:
    password = more.pop("password", Secret(PASSWORD))
    given: dict[str, Any] = {
        "name": "support",
        "host": "127.0.0.1",
        "port": server.port,
        "tls": "none",
        "credentials": Credentials(account="support", user=user, password=password),
        "existing": "take",
        "poll": timedelta(hours=1),  # what is taken before was told by the server
    }
    return Mailbox(**given | more)


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses in seconds after failed connections; none of them is waited for."""
    asked: list[float] = []

    def at_once(sockets: Any, seconds: float) -> None:
        asked.append(seconds)
        imap_session.readable(sockets, 0.01)

    monkeypatch.setattr(imap, "readable", at_once)
    return asked


# what becomes of a message there


async def test_moved_after_it_is_durable_and_the_target_folder_is_made(server: Dovecot, desk: Desk, user: str) -> None:
    server.deliver(mails(3), user=user)
    async with desk.watching(box(server, user)) as watcher:
        await desk.finished(3)
        await desk.until(looked(watcher))
        assert watcher.status().taken == 3
    assert await desk.numbers() == [1, 2, 3]
    assert server.uids(user=user) == []
    assert len(server.uids("Processed", user)) == 3
    assert len(server.uids("Processed", user, "SEEN")) == 3


async def test_marked_seen(server: Dovecot, desk: Desk, user: str) -> None:
    server.deliver(mails(3), user=user)
    async with desk.watching(box(server, user, after="seen")):
        await desk.finished(3)
    assert len(server.uids(user=user, criteria="SEEN")) == 3


async def test_deleted(server: Dovecot, desk: Desk, user: str) -> None:
    server.deliver(mails(3), user=user)
    async with desk.watching(box(server, user, after="delete")):
        await desk.finished(3)
    assert server.uids(user=user) == []
    assert await desk.numbers() == [1, 2, 3]


async def test_left_as_it_is_and_not_taken_again(server: Dovecot, desk: Desk, user: str) -> None:
    """`leave` changes nothing there, not even a flag; a second start takes nothing twice."""
    server.deliver(mails(3), user=user)
    mailbox = box(server, user, after="leave")
    async with desk.watching(mailbox):
        await desk.finished(3)
    assert len(server.uids(user=user, criteria="UNSEEN")) == 3
    async with desk.watching(mailbox) as watcher:
        await desk.until(looked(watcher))
    assert await desk.numbers() == [1, 2, 3]


@pytest.mark.parametrize("after", ["move", "delete"])
async def test_without_move_and_uidplus(desk: Desk, user: str, after: str) -> None:
    """COPY, \\Deleted and EXPUNGE where the server is old; others' deleted messages are not swept away."""
    with Dovecot(capability_less=("MOVE", "UIDPLUS")) as server:
        server.deliver(mails(3), user=user)
        async with desk.watching(box(server, user, after=after)):
            await desk.finished(3)
            assert server.uids(user=user) == []
        if after == "move":
            assert len(server.uids("Processed", user)) == 3
        server.deliver([mail(9)], user=user, flags=[b"\\Deleted"])
        async with desk.watching(box(server, user, after="leave")):
            await desk.finished(4)
        server.deliver(mails(1, 10), user=user)
        async with desk.watching(box(server, user, after=after)):
            await desk.finished(5)
        assert len(server.uids(user=user)) == 2  # nine is still there, and ours is only flagged


async def test_read_or_unread_makes_no_difference(server: Dovecot, desk: Desk, user: str) -> None:
    server.deliver(mails(2), user=user, flags=[b"\\Seen"])
    server.deliver(mails(2, 3), user=user)
    async with desk.watching(box(server, user)):
        await desk.finished(4)


async def test_what_the_mailbox_says_of_a_message_comes_with_it(server: Dovecot, desk: Desk, user: str) -> None:
    for number, flags in enumerate(([b"$Junk"], [b"Junk", b"NonJunk"], [b"\\Seen"])):
        server.deliver([mail(number)], user=user, flags=flags)
    async with desk.watching(box(server, user)):
        await desk.finished(3)
    assert [row["mark"] for row in await desk.rows("SELECT mark FROM inbox ORDER BY id")] == ["keyword $Junk", "", ""]


async def test_odd_folder_names(server: Dovecot, desk: Desk, user: str) -> None:
    """Names outside ASCII, with blanks, quotes and ampersands (modified UTF-7, RFC 3501 5.1.3)."""
    source, target = 'Anfragen & "Würstchen" 日本', "Erledigt (schön) & weg"
    with server.client(user) as client:
        client.create_folder(source)
    server.deliver(mails(2), user=user, folder=source)
    async with desk.watching(box(server, user, folder=source, move_to=target)):
        await desk.finished(2)
    assert len(server.uids(target, user)) == 2


# what lay there before


async def test_existing_skip_is_noted_left_alone_and_counted(server: Dovecot, desk: Desk, user: str) -> None:
    server.deliver(mails(5), user=user)
    async with desk.watching(box(server, user, existing="skip")) as watcher:
        await desk.until(looked(watcher))
        assert watcher.status().skipped == 5
        server.deliver(mails(1, 6), user=user)
        await desk.finished(1)
    assert await desk.numbers() == [6]
    assert await desk.ledger() == {"skipped": 5, "finished": 1}
    assert len(server.uids(user=user, criteria="UNSEEN")) == 5


async def test_a_folder_larger_than_one_answer_is_read_in_windows(
    server: Dovecot, desk: Desk, user: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A SEARCH answer is one line, and the library reads no line over a megabyte."""
    monkeypatch.setattr(imap_session, "SEARCH_WINDOW", 7)
    server.deliver(mails(23), user=user)
    async with desk.watching(box(server, user)):
        await desk.finished(23)
    assert await desk.numbers() == list(range(1, 24))


async def test_what_comes_between_select_and_the_first_look_is_taken_at_once(
    server: Dovecot, desk: Desk, user: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    meet = imap_drain.Drain.meet

    def meeting(drain: imap_drain.Drain) -> None:
        meet(drain)
        server.deliver(mails(1), user=user)

    monkeypatch.setattr(imap_drain.Drain, "meet", meeting)
    async with desk.watching(box(server, user)):
        await desk.finished(1)


async def test_an_empty_folder_is_seen_too(server: Dovecot, desk: Desk, user: str) -> None:
    """Mail that comes while nobody watches is taken, also when the folder was empty at first sight."""
    mailbox = box(server, user, existing="skip")
    async with desk.watching(mailbox) as watcher:
        await desk.until(looked(watcher))
    server.deliver(mails(2), user=user)
    async with desk.watching(mailbox):
        await desk.finished(2)


async def test_existing_younger_than(server: Dovecot, desk: Desk, user: str) -> None:
    server.deliver(mails(2), user=user, at=now() - timedelta(days=4))
    server.deliver(mails(2, 3), user=user, at=now() - timedelta(days=2))
    async with desk.watching(box(server, user, existing=timedelta(days=3))):
        await desk.finished(2)
    assert await desk.numbers() == [3, 4]


async def test_another_folder_of_the_account_is_another_first_sight(server: Dovecot, desk: Desk, user: str) -> None:
    server.deliver(mails(1), user=user)
    with server.client(user) as client:
        client.create_folder("Other")
    server.deliver(mails(1, 2), user=user, folder="Other")
    async with desk.watching(box(server, user)):
        await desk.finished(1)
    async with desk.watching(box(server, user, folder="Other", existing="skip")) as watcher:
        await desk.until(looked(watcher))
    assert await desk.numbers() == [1]


# what is told of a message


async def test_arrival_time_envelope_and_source_key(server: Dovecot, desk: Desk, user: str) -> None:
    arrived = datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    trace = b"Return-Path: <bounces@list.example>\r\nDelivered-To: help@bank.example\r\n"
    server.deliver([trace + mail(1), mail(2)], user=user, at=arrived)
    async with desk.watching(box(server, user, authserv_ids=("mx.bank.example",))):
        await desk.finished(2)
    first, second = await desk.rows("SELECT * FROM inbox ORDER BY id")
    assert first["arrived_at"] == arrived.timestamp()
    assert (first["sender"], first["recipients"]) == ("bounces@list.example", '["help@bank.example"]')
    assert (second["sender"], second["recipients"]) == (None, f'["{user}"]')
    assert first["source"] == "imap"
    assert re.fullmatch(rf"imap:support:{user}:INBOX:\d+:1", first["source_key"])
    assert first["authserv_ids"] == '["mx.bank.example"]'


async def test_bytes_come_as_they_are(server: Dovecot, desk: Desk, user: str) -> None:
    odd = b"Subject: Nr 1\r\n\r\n" + bytes(range(1, 256)).replace(b"\r", b"").replace(b"\n", b"") + b"\r\n"
    server.deliver([odd], user=user)
    async with desk.watching(box(server, user)):
        await desk.finished(1)
    assert (await desk.rows("SELECT data FROM raw"))[0]["data"] == odd


async def test_a_message_over_the_limit_is_noted_and_the_next_one_taken(server: Dovecot, desk: Desk, user: str) -> None:
    server.deliver([mail(1, 30_000), mail(2)], user=user)
    async with desk.watching(box(server, user), max_size=20_000) as watcher:
        await desk.finished(1)
        await desk.until(lambda: any("too large" in status.last_error for status in desk.heard))
        assert watcher.status().skipped == 1
    assert await desk.numbers() == [2]
    assert len(server.uids(user=user)) == 1


# waiting


@pytest.mark.parametrize("idle", [True, False])
async def test_a_new_message_is_taken_when_the_server_tells_or_at_the_next_poll(
    server: Dovecot, desk: Desk, user: str, idle: bool
) -> None:
    poll = timedelta(hours=1) if idle else timedelta(seconds=0.1)
    async with desk.watching(box(server, user, idle=idle, poll=poll)) as watcher:
        await desk.until(looked(watcher))
        assert watcher.status().idle == idle
        for number in range(1, 6):
            await asyncio.to_thread(server.deliver, mails(1, number), user=user)
            await desk.until(_has(desk, number))


async def test_messages_in_quick_succession_are_all_taken_at_once(server: Dovecot, desk: Desk, user: str) -> None:
    """What the server tells during another command it does not tell again in IDLE."""

    def flood() -> None:
        with server.client(user) as client:
            for number in range(1, 151):
                client.append("INBOX", mail(number))

    async with desk.watching(box(server, user)) as watcher:
        await desk.until(looked(watcher))
        await asyncio.to_thread(flood)
        await desk.finished(150)
    assert sorted(await desk.numbers()) == list(range(1, 151))


@pytest.mark.parametrize("idle", [True, False])
async def test_stops_at_once_while_it_waits(
    server: Dovecot, desk: Desk, user: str, idle: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next poll is an hour away, and nothing cuts the connection before."""
    waits, wait = threading.Event(), imap_session.Session.wait

    def waiting(*args: Any, **more: Any) -> None:
        waits.set()
        wait(*args, **more)

    monkeypatch.setattr(imap_session.Session, "wait", waiting)
    watcher = Watcher(box(server, user, idle=idle), desk.store, desk.acceptor, now)
    await watcher.start()
    await desk.until(waits.is_set)
    async with patience():
        await watcher.stop(grace=3600)
    assert not watcher.status().connected


async def test_stops_at_once_while_it_waits_to_reconnect(
    desk: Desk, server: Dovecot, user: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imap, "NETWORK_PAUSE", (3600.0, 3600.0))
    watcher = Watcher(box(server, user, port=reserved_port()), desk.store, desk.acceptor, now)
    await watcher.start()
    await desk.until(lambda: watcher.status().last_error)
    async with patience():
        await watcher.stop(grace=3600)


async def test_stop_cuts_a_server_that_says_nothing(
    desk: Desk, server: Dovecot, user: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that greets and then falls silent is cut off after the grace, not when the read times out."""
    monkeypatch.setattr(imap_session, "READ_TIMEOUT", 3600.0)
    asked = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"* OK hello\r\n")
        tag = (await reader.readline()).split()[0]
        writer.write(b"* CAPABILITY IMAP4rev1\r\n" + tag + b" OK done\r\n")
        await reader.readline()
        asked.set()
        await reader.read()
        writer.close()

    listener = await asyncio.start_server(silent, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    watcher = Watcher(box(server, user, port=port), desk.store, desk.acceptor, now)
    await watcher.start()
    async with patience():
        await asked.wait()
        await watcher.stop(grace=0.1)
    assert not watcher.status().connected
    listener.close()


# trouble


async def test_wrong_password_is_told_and_retried_slowly(
    server: Dovecot, desk: Desk, user: str, pauses: list[float]
) -> None:
    """Servers lock accounts that hammer."""
    async with desk.watching(box(server, user, password=Secret("Geheim-7"))) as watcher:
        await desk.until(lambda: len(pauses) >= 2)
        assert "login refused" in watcher.status().last_error
        assert not watcher.status().connected
    assert imap.DENIED_PAUSE[0] / 2 <= pauses[0] <= pauses[1] * 2 <= imap.DENIED_PAUSE[0] * 4
    assert any(status.last_error for status in desk.heard)
    assert "Geheim-7" not in repr(desk.heard)


async def test_a_password_outside_ascii(server: Dovecot, desk: Desk, user: str) -> None:
    """LOGIN cannot carry it; the refusal comes from the server and not from an encoder."""
    async with desk.watching(box(server, user, password=Secret("schlüssel"))) as watcher:
        await desk.until(lambda: "login refused" in watcher.status().last_error)


async def test_missing_folder_is_named_with_those_that_exist(server: Dovecot, desk: Desk, user: str) -> None:
    async with desk.watching(box(server, user, folder="Suport")) as watcher:
        await desk.until(lambda: watcher.status().last_error)
        assert "'Suport'" in watcher.status().last_error
        assert "INBOX" in watcher.status().last_error


async def test_moving_into_the_watched_folder_is_refused(server: Dovecot, desk: Desk, user: str) -> None:
    server.deliver(mails(1), user=user)
    async with desk.watching(box(server, user, move_to="inbox")) as watcher:
        await desk.until(lambda: "itself" in watcher.status().last_error)
    assert await desk.count() == 0


async def test_a_dead_server_is_waited_out_without_a_busy_loop(desk: Desk, user: str, pauses: list[float]) -> None:
    """Each attempt to connect is followed by a pause, and each pause is longer, up to five minutes."""
    with Dovecot() as server:
        async with desk.watching(box(server, user)) as watcher:
            await desk.until(looked(watcher))
            await asyncio.to_thread(server.stop)
            await desk.until(lambda: len(pauses) >= 12)
            failures = watcher.status().failures
            assert failures <= len(pauses) + 1
            first, longest = imap.NETWORK_PAUSE
            for turn, pause in enumerate(pauses[:12]):
                whole = min(longest, first * 2**turn)
                assert whole / 2 <= pause <= whole
            await asyncio.to_thread(server.start)
            server.deliver(mails(1), user=user)
            await desk.finished(1)
            await desk.until(looked(watcher))
            assert watcher.status().error_since is None


async def test_expunged_by_somebody_else_midway(
    server: Dovecot, desk: Desk, user: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Messages that vanish between the look and the fetch hold nobody up and stay nobody's trouble."""
    server.deliver(mails(6), user=user)
    fetch = imap_session.Session.messages

    def vanishing(session: imap_session.Session, uids: Any) -> Any:
        with server.client(user) as client:
            client.select_folder("INBOX")
            client.delete_messages([2, 3], silent=True)
            client.expunge()
        return fetch(session, uids)

    monkeypatch.setattr(imap_session.Session, "messages", vanishing)
    monkeypatch.setattr(imap_drain, "ASIDE_FIRST", 0.2)
    async with desk.watching(box(server, user, poll=timedelta(seconds=0.3))) as watcher:
        await desk.finished(4)
        await desk.until(lambda: watcher.status().ok and watcher.status().aside == 0)
    assert await desk.numbers() == [1, 4, 5, 6]


@pytest.mark.parametrize("error", [imap_session.Failed("no"), imap_session.Lost("gone")])
async def test_a_message_that_cannot_be_fetched_holds_up_nobody(
    server: Dovecot, desk: Desk, user: str, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """Refused, or deadly for the connection: the others are taken, and it is taken once it can be read."""
    server.deliver(mails(6), user=user)
    fetch = imap_session.Session.messages
    broken = {3}

    def bad(session: imap_session.Session, uids: Any) -> Any:
        if broken & set(uids):
            raise error
        return fetch(session, uids)

    monkeypatch.setattr(imap_session.Session, "messages", bad)
    monkeypatch.setattr(imap, "NETWORK_PAUSE", (0.05, 0.1))
    monkeypatch.setattr(imap_drain, "ASIDE_FIRST", 1.0)
    async with desk.watching(box(server, user, poll=timedelta(seconds=0.2))) as watcher:
        await desk.finished(5)
        await desk.until(lambda: watcher.status().aside == 1)
        broken.clear()
        await desk.finished(6)
        await desk.until(lambda: watcher.status().ok and watcher.status().aside == 0)
    assert sorted(await desk.numbers()) == [1, 2, 3, 4, 5, 6]


async def test_what_cannot_be_finished_is_told_kept_and_done_later(
    server: Dovecot, desk: Desk, user: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.deliver(mails(2), user=user)
    finish = imap_session.Session.finish
    refuse = True

    def full(session: imap_session.Session, uids: Any) -> Any:
        if refuse and uids:
            raise imap_session.Failed("refused", cause="[OVERQUOTA] full")
        return finish(session, uids)

    monkeypatch.setattr(imap_session.Session, "finish", full)
    async with desk.watching(box(server, user, poll=timedelta(seconds=0.2))) as watcher:
        await desk.until(lambda: "OVERQUOTA" in watcher.status().last_error)
        assert await desk.ledger() == {"accepted": 2}
        assert watcher.status().connected
        refuse = False
        await desk.finished(2)
    assert await desk.numbers() == [1, 2]


async def test_a_locked_database_delays_and_loses_nothing(
    server: Dovecot, desk: Desk, user: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing moves there while nothing can be stored here."""
    await desk.store.write(_short_patience)
    other = sqlite3.connect(desk.path, isolation_level=None)
    monkeypatch.setattr(imap, "NETWORK_PAUSE", (0.2, 0.3))
    async with desk.watching(box(server, user, existing="take")) as watcher:
        await desk.until(looked(watcher))
        other.execute("BEGIN IMMEDIATE")
        server.deliver(mails(2), user=user)
        await desk.until(lambda: "busy" in watcher.status().last_error)
        assert len(server.uids(user=user)) == 2
        other.execute("ROLLBACK")
        await desk.finished(2)
    other.close()


# once each, whatever happens


async def test_many_messages_once_each_with_the_server_restarted(
    desk: Desk, user: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imap, "NETWORK_PAUSE", (0.2, 1.0))
    with Dovecot() as server:
        server.deliver(mails(800), user=user)
        async with desk.watching(box(server, user)):
            await desk.until(_has(desk, 300))
            await asyncio.to_thread(server.restart)
            await desk.finished(800)
        assert sorted(await desk.numbers()) == list(range(1, 801))
        assert server.uids(user=user) == []
        assert len(server.uids("Processed", user)) == 800


KILLED = """
import asyncio, os, sys
from datetime import UTC, datetime
from pathlib import Path
from mailgate.settings import Credentials, Mailbox, Secret
from mailgate.inbound.accept import Acceptor
from mailgate.inbound.imap import drain, session
from mailgate.inbound.imap.watcher import Watcher
from mailgate.store.queues import ledger
from mailgate.store.db import Store

point, path, port, user = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4]

def die(*args):
    os._exit(9)

if point == "before the ledger":
    drain.ledger.note = die
elif point == "before the move":
    session.Session.finish = die
elif point == "after the move":
    note = ledger.note
    def noting(db, place, validity, uids, state):
        die() if state == ledger.FINISHED else note(db, place, validity, uids, state)
    drain.ledger.note = noting

async def main():
    store = await Store.open(path)
    clock = lambda: datetime.now(UTC)
    mailbox = Mailbox(name="support", host="127.0.0.1", port=port, tls="none", existing="take",
                      credentials=Credentials(user=user, password=Secret("secret")))
    await Watcher(mailbox, store, Acceptor(store, clock, lambda: None), clock).start()
    await asyncio.Event().wait()

asyncio.run(main())
"""


@pytest.mark.parametrize("point", ["before the ledger", "before the move", "after the move"])
async def test_killed_on_the_way(server: Dovecot, desk: Desk, user: str, point: str) -> None:
    """The process dies at each point between accept and the end; the next one takes up, and takes nothing twice."""
    server.deliver(mails(20), user=user)
    command = [sys.executable, "-c", KILLED, point, str(desk.path), str(server.port), user]
    dead = await asyncio.to_thread(subprocess.run, command, cwd=ROOT, timeout=PATIENCE)
    assert dead.returncode == 9
    assert await desk.count() == 20
    async with desk.watching(box(server, user)):
        await desk.finished(20)
    assert await desk.numbers() == list(range(1, 21))
    assert server.uids(user=user) == []
    assert len(server.uids("Processed", user)) == 20


async def test_uidvalidity_reset_takes_what_is_new_and_leaves_alone_what_was_left_alone(
    server: Dovecot, desk: Desk, user: str
) -> None:
    """A folder made anew has other UIDs: old mail that was skipped is not let loose on the desk."""
    old = now() - timedelta(days=9)
    with server.client(user) as client:
        client.create_folder("Desk")
    server.deliver(mails(3), user=user, at=old, folder="Desk")
    mailbox = box(server, user, folder="Desk", existing="skip", after="leave")
    async with desk.watching(mailbox) as watcher:
        await desk.until(looked(watcher))
        server.deliver(mails(1, 4), user=user, folder="Desk")
        await desk.finished(1)
    with server.client(user) as client:
        before = client.folder_status("Desk", "UIDVALIDITY")
        client.delete_folder("Desk")
        client.create_folder("Desk")
        assert client.folder_status("Desk", "UIDVALIDITY") != before
    server.deliver(mails(3), user=user, at=old, folder="Desk")
    server.deliver(mails(2, 4), user=user, folder="Desk")
    async with desk.watching(mailbox):
        await desk.finished(3)
    assert await desk.numbers() == [4, 4, 5]  # the second four is known by its content, downstream


# encrypted


async def test_tls_with_verified_certificates(desk: Desk, user: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Implicit TLS and STARTTLS work, also in IDLE; a certificate of unknown origin is refused."""
    with Dovecot(tls=True) as server:
        server.deliver(mails(1), user=user)
        async with desk.watching(box(server, user, tls="implicit", port=server.tls_port)) as watcher:
            await desk.until(lambda: "certificate" in watcher.status().last_error)
        monkeypatch.setenv("SSL_CERT_FILE", str(server.ca))
        async with desk.watching(box(server, user, tls="implicit", port=server.tls_port)):
            await desk.finished(1)
            server.deliver(mails(1, 2), user=user)
            await desk.finished(2)
        async with desk.watching(box(server, user, tls="starttls")):
            await desk.until(lambda: desk.heard[-1].connected)
            server.deliver(mails(1, 3), user=user)
            await desk.finished(3)


async def test_starttls_is_never_left_out(server: Dovecot, desk: Desk, user: str) -> None:
    """A server without STARTTLS gets no password."""
    async with desk.watching(box(server, user, tls="starttls")) as watcher:
        await desk.until(lambda: "STARTTLS" in watcher.status().last_error)


def looked(watcher: Watcher) -> Callable[[], Any]:
    """A complete look, and nothing was wrong."""
    return lambda: watcher.status().ok and watcher.status().last_seen


def _has(desk: Desk, count: int) -> Callable[[], Any]:
    async def enough() -> bool:
        return await desk.count() >= count

    return enough


def _short_patience(db: Db) -> None:
    db._connection.execute("PRAGMA busy_timeout = 300")
