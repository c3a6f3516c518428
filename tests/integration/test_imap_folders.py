"""Folders of a real Dovecot: namespaces with a prefix, junk, and messages that stay where they are."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mailgate.daemon import leftovers
from mailgate.daemon.leftovers import message, report_leftovers
from mailgate.inbound.accept import Acceptor
from mailgate.inbound.imap import drain
from mailgate.inbound.imap.session import Session
from mailgate.inbound.imap.watcher import Watcher
from mailgate.settings import Credentials, Mailbox, Secret
from mailgate.store.db import Db, Store
from mailgate.store.queues import ledger, left_behind, trace
from tests.dovecot import PASSWORD, Dovecot
from tests.waiting import until


def now() -> datetime:
    return datetime.now(UTC)


def mail(number: int, size: int = 0) -> bytes:
    head = f"From: Karen <karen@client.example>\r\nSubject: Nr {number}\r\nMessage-ID: <{number}@client.example>"
    return f"{head}\r\n\r\n{'x' * 70 + chr(13) + chr(10)}".encode() + b"y" * size + b"\r\n"


@pytest.fixture(scope="module")
def dotted() -> Iterator[Dovecot]:
    with Dovecot(prefix="INBOX.", junk="Spam") as dovecot:
        yield dovecot


@pytest.fixture(scope="module")
def plain() -> Iterator[Dovecot]:
    with Dovecot(junk="Junk") as dovecot:
        yield dovecot


class Desk:
    def __init__(self, store: Store, user: str) -> None:
        self.store, self.user = store, user

    def box(self, server: Dovecot, **more: Any) -> Mailbox:
        credentials = Credentials(account="support", user=self.user, password=Secret(PASSWORD))
        given = {"name": "support", "host": "127.0.0.1", "port": server.port, "tls": "none", "existing": "take"}
        return Mailbox(**{**given, "credentials": credentials} | more)

    @asynccontextmanager
    async def watching(self, mailbox: Mailbox, **more: Any) -> AsyncIterator[Watcher]:
        watcher = Watcher(mailbox, self.store, Acceptor(self.store, now, lambda: None), now, **more)
        await watcher.start()
        try:
            yield watcher
        finally:
            await watcher.stop()

    async def rows(self, query: str, *values: object) -> list[Any]:
        return await self.store.read(lambda db: db.all(query, values))

    async def finished(self, count: int) -> None:
        async def done() -> bool:
            return len(await self.rows("SELECT 1 FROM ledger WHERE state = 'finished'")) == count

        await until(done)

    async def becomes_spam(self, *numbers: int) -> None:
        """Each of these mails is of a ticket of its own, which an agent calls spam."""

        def mark(db: Db) -> None:
            for number in numbers:
                db.run(
                    "INSERT OR IGNORE INTO ticket (number, subject, status, requester_email, requester_name,"
                    " department, topic, priority, sla, address, created_at, updated_at, rest)"
                    " VALUES (?, '', 'open', '', '', '', '', '', '', '', 0, 0, '{}')",
                    [number],
                )
                db.run(
                    "UPDATE inbox SET ticket = ?, message_id = ? WHERE id = (SELECT inbox.id FROM inbox"
                    " JOIN raw ON raw.id = raw_id WHERE instr(data, ?) > 0)",
                    [number, f"<{number}@client.example>", f"Nr {number}\r\n".encode()],
                )
                db.run("INSERT INTO event (ticket, kind, by, at) VALUES (?, 'spam-marked', 'agent:ann', 0)", [number])

        await self.store.write(mark)


@pytest.fixture
async def desk(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Desk]:
    store = await Store.open(tmp_path / "mailgate.db")
    yield Desk(store, re.sub(r"\W+", "-", request.node.name).strip("-").replace("_", "-") + "@bank.example")
    await store.close()


def subjects(server: Dovecot, folder: str, user: str) -> set[str]:
    return {subject.removeprefix("Subject: ") for subject in server.subjects(folder, user)}


# namespaces


async def test_the_usual_folder_is_made_below_the_prefix(desk: Desk, dotted: Dovecot) -> None:
    """`after = { move = "Processed" }`, which such a server refuses as it stands."""
    dotted.deliver([mail(1)], user=desk.user)
    async with desk.watching(desk.box(dotted)) as watcher:
        await desk.finished(1)
        assert watcher.status().last_error == ""
    assert subjects(dotted, "INBOX.Processed", desk.user) == {"Nr 1"}


async def test_a_folder_of_levels_is_read_and_filled(desk: Desk, dotted: Dovecot) -> None:
    with dotted.client(desk.user) as client:
        client.create_folder("INBOX.Desk.Support")
    dotted.deliver([mail(1)], user=desk.user, folder="INBOX.Desk.Support")
    async with desk.watching(desk.box(dotted, folder="Desk/Support", move_to="Desk/Done")):
        await desk.finished(1)
    assert subjects(dotted, "INBOX.Desk.Done", desk.user) == {"Nr 1"}


async def test_a_missing_folder_is_told_with_those_that_are_there(desk: Desk, dotted: Dovecot) -> None:
    async with desk.watching(desk.box(dotted, folder="Nope")) as watcher:
        await until(lambda: watcher.status().last_error)
        assert "folder 'INBOX.Nope' cannot be opened; the account has INBOX, INBOX.Spam" in watcher.status().last_error


# junk


@pytest.mark.parametrize("after", ["move", "seen"])
async def test_spam_is_moved_to_the_folder_that_the_server_marks(after: str, desk: Desk, dotted: Dovecot) -> None:
    dotted.deliver([mail(1001), mail(1002), mail(1003)], user=desk.user)
    async with desk.watching(desk.box(dotted, after=after)) as watcher:
        await desk.finished(3)
        await desk.becomes_spam(1001, 1003)
        watcher.look_now()
        await until(lambda: subjects(dotted, "INBOX.Spam", desk.user) == {"Nr 1001", "Nr 1003"})
        assert subjects(dotted, "INBOX.Processed" if after == "move" else "INBOX", desk.user) == {"Nr 1002"}
        dotted.deliver([mail(1004)], user=desk.user)  # the folder is watched as before
        await desk.finished(4)
        assert watcher.status().last_error == ""


@pytest.mark.parametrize(
    ("more", "folder"),
    [({"junk": "Bad/Mail"}, "Bad.Mail"), ({"junk": ""}, ""), ({"after": "leave"}, ""), ({"after": "delete"}, "")],
)
async def test_spam_goes_where_the_config_says(more: dict[str, Any], folder: str, desk: Desk, plain: Dovecot) -> None:
    plain.deliver([mail(1001)], user=desk.user)
    async with desk.watching(desk.box(plain, **more)) as watcher:
        await desk.finished(1)
        await desk.becomes_spam(1001)
        watcher.look_now()

        async def noted() -> bool:
            return bool(await desk.rows("SELECT 1 FROM meta WHERE key LIKE 'imap-spam:%' AND value > 0"))

        await until(noted)
    for name in {"Junk", folder} - {""}:
        assert subjects(plain, name, desk.user) == ({"Nr 1001"} if name == folder else set())


async def test_what_was_spam_before_stays(desk: Desk, plain: Dovecot) -> None:
    """A desk that is upgraded moves no old mail about."""
    plain.deliver([mail(1001)], user=desk.user)
    async with desk.watching(desk.box(plain)):
        await desk.finished(1)
    await desk.store.write(lambda db: db.run("DELETE FROM meta WHERE key LIKE 'imap-spam:%'"))
    await desk.becomes_spam(1001)
    async with desk.watching(desk.box(plain)) as watcher:
        await until(lambda: watcher.status().last_seen)
    assert subjects(plain, "Processed", desk.user) == {"Nr 1001"}


# what stays


async def test_a_message_that_is_too_large_stays_and_is_told_of(desk: Desk, plain: Dovecot) -> None:
    plain.deliver([mail(1), mail(2, size=20_000)], user=desk.user)
    box = desk.box(plain)
    for _ in range(2):  # also after a restart
        async with desk.watching(box, max_size=10_000):
            await desk.finished(1)
        (left,) = await desk.store.read(left_behind.listed, [box.place])
        assert (left.reason, left.from_email, left.subject) == ("too-large", "karen@client.example", "Nr 2")
        assert left.size > 20_000
    (line,) = await desk.store.read(trace.by_message_id, "<2@client.example>")
    assert (line.step, line.text) == ("left-in-mailbox", "mailbox support, UID 2: 0.0 MB, larger than 0.01 MB")
    async with desk.watching(box, max_size=1_000_000):  # a limit that was raised
        await desk.finished(2)
    assert await desk.store.read(left_behind.listed, [box.place]) == []


async def test_a_message_that_is_gone_is_left_no_longer(desk: Desk, plain: Dovecot) -> None:
    plain.deliver([mail(1, size=20_000)], user=desk.user)
    box = desk.box(plain)
    async with desk.watching(box, max_size=10_000) as watcher:
        await until(lambda: watcher.status().skipped == 1)
    with plain.client(desk.user) as client:
        client.select_folder("INBOX")
        client.delete_messages([1])
        client.expunge()
    async with desk.watching(box, max_size=10_000) as watcher:
        await until(lambda: watcher.status().last_seen)
    assert await desk.store.read(left_behind.listed, [box.place]) == []


async def test_a_message_that_cannot_be_fetched_is_left_after_three_tries(
    desk: Desk, plain: Dovecot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drain, "ASIDE_FIRST", 0.0)
    fetch, broken = Session.messages, [True]

    def failing(session: Session, uids: Any) -> Any:
        return {} if broken else fetch(session, uids)

    monkeypatch.setattr(Session, "messages", failing)
    plain.deliver([mail(1)], user=desk.user)
    box = desk.box(plain, idle=False, poll=timedelta(seconds=0.05))

    async def left() -> list[left_behind.Left]:
        return await desk.store.read(left_behind.listed, [box.place])

    async with desk.watching(box):
        await until(left)
        assert [each.reason for each in await left()] == ["cannot-be-fetched"]
        broken.clear()
        await desk.finished(1)
    assert await left() == []


# one mail about it


def entry(uid: int, since: datetime, place: str = "support:u:INBOX") -> left_behind.Left:
    return left_behind.Left(
        place=place, uidvalidity=1, uid=uid, reason="too-large", size=60_000_000, since=since, subject="Plans"
    )


async def test_the_administrator_gets_one_mail_that_sums_them_up(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leftovers, "INTERVAL", 0.01)
    clock = [now()]
    sent: list[tuple[str, str, tuple[str, ...]]] = []
    stop = asyncio.Event()
    await desk.store.write(left_behind.leave, [entry(uid, clock[0]) for uid in range(1, 25)], "support", 50_000_000)
    reporting = asyncio.create_task(
        report_leftovers(desk.store, lambda: clock[0], lambda: 50_000_000, lambda *mail: sent.append(mail), stop)
    )
    await asyncio.sleep(0)
    assert sent == []  # more may come together with these
    clock[0] += timedelta(minutes=1)
    await until(lambda: sent)
    _, subject, lines = sent[0]
    assert subject == "24 messages are left in mailboxes"
    assert lines[1] == "support, UID 1: 60.0 MB, larger than 50 MB: Plans"
    assert lines[-1] == "and 4 more: mailgate status"
    await desk.store.write(left_behind.leave, [entry(1, clock[0]), entry(30, clock[0])], "support", 50_000_000)
    clock[0] += timedelta(minutes=1)
    await until(lambda: len(sent) == 2)
    assert sent[1][1] == "A message is left in a mailbox"
    stop.set()
    await reporting


def test_several_mailboxes_are_counted() -> None:
    left = [entry(1, now()), entry(2, now(), "second:u:INBOX"), entry(3, now())]
    _, subject, lines = message(left, 50_000_000)
    assert subject == "3 messages are left in mailboxes"
    assert "(2 in support, 1 in second)" in lines[0]


async def test_what_is_skipped_at_first_sight_is_not_left(desk: Desk, plain: Dovecot) -> None:
    """`existing = "skip"`: nobody has to hear of it."""
    plain.deliver([mail(1)], user=desk.user)
    box = desk.box(plain, existing="skip")
    async with desk.watching(box) as watcher:
        await until(lambda: watcher.status().last_seen)
    assert await desk.store.read(left_behind.listed, [box.place]) == []
    assert [row["state"] for row in await desk.rows("SELECT state FROM ledger")] == [ledger.SKIPPED]
