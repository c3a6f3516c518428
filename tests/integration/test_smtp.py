"""The SMTP listener on real sockets, with a real database behind it."""

from __future__ import annotations

import asyncio
import contextlib
import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mailgate.errors import DatabaseBusy, StorageError
from mailgate.inbound.accept import Acceptor
from mailgate.inbound.refusals import LINES_A_MINUTE, Refusals
from mailgate.inbound.smtp import receive, session
from mailgate.inbound.smtp.listener import SmtpListener, server_context
from mailgate.inbound.smtp.replies import Refusal
from mailgate.inbound.smtp.service import Callbacks
from mailgate.settings import Listener
from mailgate.store import raw_files
from mailgate.store.db import Db, Store
from mailgate.store.queues import inbox, trace
from tests.waiting import LOOK, PATIENCE, patience, until

MAIL = b"From: karen@client.example\r\nSubject: Help\r\n\r\nIt is broken.\r\n"


def clock() -> datetime:
    return datetime.now(UTC)


def is_desk(address: str) -> bool:
    return address.lower() in ("support@bank.example", "postmaster@bank.example", "postmaster", "jürgen@bank.example")


class Desk:
    """A listener with its store, and what it told."""

    def __init__(self, store: Store, listener: SmtpListener, acceptor: Acceptor, refusals: Refusals) -> None:
        self.store, self.listener, self.acceptor, self.refusals = store, listener, acceptor, refusals
        self.clients: list[Client] = []

    async def client(self, *, greet: bool = True) -> Client:
        client = Client(*await asyncio.open_connection("127.0.0.1", self.listener.port, limit=1 << 20))
        self.clients.append(client)
        if greet:
            assert (await client.answer()).startswith("220 ")
            assert (await client.say("EHLO me.example")).startswith("250")
        return client

    async def ends(self, left: int) -> None:
        """Wait until at most `left` sessions are left."""
        await until(lambda: len(self.listener.sessions) <= left)

    async def rows(self) -> list[Any]:
        return await self.store.read(lambda db: db.all("SELECT * FROM inbox ORDER BY id"))

    async def raws(self) -> list[bytes]:
        rows = await self.rows()
        return [await self.store.read(inbox.raw, row["id"]) for row in rows]


class Client:
    """Speaks SMTP a line at a time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def answer(self) -> str:
        lines = []
        async with patience():
            while True:
                line = (await self.reader.readuntil(b"\r\n")).decode()
                lines.append(line.rstrip("\r\n"))
                if line[3:4] != "-":
                    return "\n".join(lines)

    def send(self, wire: bytes) -> None:
        self.writer.write(wire)

    async def say(self, line: str | bytes) -> str:
        self.send((line if isinstance(line, bytes) else line.encode()) + b"\r\n")
        return await self.answer()

    async def begin(self, sender: str = "karen@client.example", *recipients: str) -> None:
        assert (await self.say(f"MAIL FROM:<{sender}>")).startswith("250")
        for recipient in recipients or ("support@bank.example",):
            assert (await self.say(f"RCPT TO:<{recipient}>")).startswith("250")
        assert (await self.say("DATA")).startswith("354")

    async def mail(self, data: bytes = MAIL, *recipients: str) -> str:
        await self.begin("karen@client.example", *recipients)
        self.send(data + b".\r\n")
        return await self.answer()

    async def gone(self) -> bool:
        async with patience():
            return await self.reader.read() == b""


@pytest.fixture
async def desk(tmp_path: Path):
    async with _desk(tmp_path, Listener(host="127.0.0.1", port=0, max_size=200_000, max_connections=30)) as one:
        yield one


@contextlib.asynccontextmanager
async def _desk(path: Path, config: Listener):
    store = await Store.open(path / "mailgate.db")
    acceptor = Acceptor(store, clock, lambda: None)
    refusals = Refusals(store, clock)
    callbacks = Callbacks(
        is_desk=is_desk,
        login=lambda user, password: "ann" if (user, password) == ("ann@bank.example", "secret") else None,
        owns=lambda agent, sender: sender in ("", f"{agent}@bank.example"),
        refused=refusals,
        clock=clock,
    )
    tls = server_context(config.tls)
    listener = SmtpListener(config, hostname="mx.bank.example", acceptor=acceptor, callbacks=callbacks, tls=tls)
    await listener.start()
    one = Desk(store, listener, acceptor, refusals)
    try:
        yield one
    finally:
        for client in one.clients:
            client.writer.close()
        await listener.stop(1)
        await acceptor.close()
        await refusals.close()
        await store.close()


async def test_250_means_that_the_mail_is_stored_as_it_came(desk: Desk):
    client = await desk.client()
    assert (await client.mail()).startswith("250 2.0.0 ")
    [row] = await desk.rows()
    assert (row["sender"], row["recipients"], row["state"]) == (
        "karen@client.example",
        '["support@bank.example"]',
        "new",
    )
    assert await desk.raws() == [MAIL]


async def test_no_header_is_added(desk: Desk):
    """Authentication-Results stay above the first Received."""
    mail = b"Authentication-Results: mx; dmarc=pass\r\nReceived: by mx\r\n" + MAIL
    await (await desk.client()).mail(mail)
    assert (await desk.raws())[0].startswith(b"Authentication-Results:")


async def test_several_mails_on_one_connection_and_a_reset_between(desk: Desk):
    client = await desk.client()
    for number in range(3):
        assert (await client.mail(b"Subject: %d\r\n\r\n\r\n" % number)).startswith("250")
    await client.say("MAIL FROM:<a@b.example>")
    assert (await client.say("RSET")).startswith("250")
    assert (await client.say("DATA")).startswith("503")
    await client.say("MAIL FROM:<a@b.example>")
    await client.say("RCPT TO:<support@bank.example>")
    assert (await client.say("DATA now")).startswith("501")
    assert len(await desk.rows()) == 3


async def test_a_message_is_stored_once_whatever_the_number_of_recipients(desk: Desk):
    client = await desk.client()
    await client.mail(MAIL, "support@bank.example", "SUPPORT@Bank.Example", "postmaster@bank.example", "postmaster")
    [row] = await desk.rows()
    assert row["recipients"] == '["support@bank.example", "postmaster@bank.example", "postmaster"]'


async def test_the_null_sender_is_taken(desk: Desk):
    client = await desk.client()
    await client.begin("")
    await client.say(MAIL + b".")
    assert [row["sender"] for row in await desk.rows()] == [""]


async def test_help_names_what_this_listener_implements(desk: Desk):
    client = await desk.client()
    assert await client.say("HELP") == "214 2.0.0 DATA EHLO HELO HELP MAIL NOOP QUIT RCPT RSET VRFY"


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("MAIL FROM:<a@b.example>", "503"),
        ("EHLO", "501"),
        ("HELO", "501"),
        ("HELO me.example", "250"),
        ("ehlo me.example", "250"),
        ("NOOP", "250"),
        ("RSET", "250"),
        ("VRFY support", "252"),
        ("EXPN support", "502"),
        ("AUTH PLAIN AGEAYg==", "502"),
        ("STARTTLS", "502"),
        ("BDAT 3 LAST", "502"),
        ("HELP", "214"),
        ("QUIT", "221"),
        ("", "500"),
        ("GET / HTTP/1.1", "421"),
        ("\x00\x01", "500"),
        ("X" * 5000, "500"),
        ("NOOP " + "x" * 5000, "500"),
        ("RCPT TO:<support@bank.example>", "503"),
        ("DATA", "503"),
    ],
)
async def test_a_first_command_and_its_code(desk: Desk, line: str, code: str):
    client = await desk.client(greet=False)
    await client.answer()
    assert (await client.say(line))[:3] == code


@pytest.mark.parametrize(
    "first",
    [
        b"POST / HTTP/1.1\r\nHost: mail.bank.example\r\n",
        b"PROPFIND / HTTP/1.1\r\n",
        b"PRI * HTTP/2.0\r\n",
        b"\x16\x03\x01\x02\x00\x01\r\n",  # TLS
        b"SSH-2.0-client\r\n",
        b"INVITE sip:support@bank.example SIP/2.0\r\n",
        b"NOOP\r\nHost: mail.bank.example\r\n",
    ],
)
async def test_what_is_no_mail_client_is_sent_away_before_it_says_more(desk: Desk, first: bytes):
    client = await desk.client(greet=False)
    mail = b"MAIL FROM:<a@b.example>\r\nRCPT TO:<support@bank.example>\r\nDATA\r\nSubject: x\r\n\r\nx\r\n.\r\n"
    client.send(first + b"EHLO browser.example\r\n" + mail)
    said = [await client.answer()]
    while not said[-1].startswith("421"):
        said.append(await client.answer())
    assert await client.gone()
    assert not any(answer.startswith(("354", "250-")) for answer in said)
    assert not await desk.rows()


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("MAIL FROM:<a@b.example>", "250"),
        ("mail from: <a@b.example>", "250"),
        ("MAIL FROM:a@b.example", "250"),
        ("MAIL FROM:<>", "250"),
        ("MAIL FROM:<@relay.example,@other.example:a@b.example>", "250"),
        ('MAIL FROM:<"a b>c"@b.example>', "250"),
        ("MAIL FROM:<jürgen@b.example> SMTPUTF8 BODY=8BITMIME SIZE=1000", "250"),
        ("MAIL FROM:<a@b.example> SIZE=200000", "250"),
        ("MAIL FROM:<a@b.example> SIZE=200001", "552"),
        ("MAIL FROM:<a@b.example> SIZE=" + "9" * 4000, "552"),
        ("MAIL FROM:<a@b.example> SIZE=²", "501"),
        ("MAIL FROM:<a@b.example> SIZE=x", "501"),
        ("MAIL FROM:<a@b.example> RET=HDRS", "555"),
        ("MAIL FROM:<a@b.example", "501"),
        ("MAIL FROM:", "501"),
        ("MAIL", "501"),
        ("MAIL TO:<a@b.example>", "501"),
        ("MAIL FROM:<a\x1b[0m@b.example>", "501"),
        (b"MAIL FROM:<\xff@b.example>", "501"),
        ("MAIL FROM:<" + '"' * 3000, "501"),
    ],
)
async def test_mail_from(desk: Desk, line: str | bytes, code: str):
    client = await desk.client()
    assert (await client.say(line))[:3] == code


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("RCPT TO:<support@bank.example>", "250 2.1.5"),
        ("RCPT TO:<Support@BANK.example>", "250 2.1.5"),
        ("RCPT TO:<jürgen@bank.example>", "250 2.1.5"),
        ("RCPT TO:<postmaster>", "250 2.1.5"),
        ("RCPT TO:<other@bank.example>", "550 5.1.1"),
        ("RCPT TO:<karen@client.example>", "550 5.1.1"),
        ("RCPT TO:<support@bank.example@evil.example>", "550 5.1.1"),
        ("RCPT TO:<support%bank.example@evil.example>", "550 5.1.1"),
        ("RCPT TO:<>", "501 5.5.4"),
        ("RCPT TO:", "501 5.5.4"),
        ("RCPT TO:<support@bank.example> NOTIFY=NEVER", "555 5.5.4"),
        ("MAIL FROM:<second@b.example>", "503 5.5.1"),
        ("DATA", "503 5.5.1"),
        ("RSET", "250 2.0.0"),
    ],
)
async def test_only_the_desk_s_recipients_are_taken(desk: Desk, line: str, answer: str):
    client = await desk.client()
    await client.say("MAIL FROM:<a@b.example>")
    assert (await client.say(line)).startswith(answer)


async def test_at_most_a_hundred_recipients(tmp_path: Path):
    async with _desk(tmp_path, Listener(host="127.0.0.1", port=0)) as desk:
        service = desk.listener._service
        service.callbacks = replace(service.callbacks, is_desk=lambda _: True)
        client = await desk.client()
        await client.say("MAIL FROM:<a@b.example>")
        for number in range(session.MAX_RECIPIENTS):
            assert (await client.say(f"RCPT TO:<r{number}@bank.example>")).startswith("250")
        assert (await client.say("RCPT TO:<r0@bank.example>")).startswith("250")
        assert (await client.say("RCPT TO:<one-more@bank.example>")).startswith("452 4.5.3")
        await client.say("DATA")
        assert (await client.say(MAIL + b".")).startswith("250")


async def test_too_big_is_552_and_the_connection_goes_on(desk: Desk):
    client = await desk.client()
    assert (await client.mail(b"x" * 70 + b"\r\n" + (b"y" * 78 + b"\r\n") * 4000)).startswith("552 5.3.4")
    assert (await client.mail()).startswith("250")
    assert len(await desk.rows()) == 1


async def test_a_large_mail_lies_in_a_file_beside_the_database_as_it_came(tmp_path: Path):
    """And its bytes were never whole in memory: the session holds no more than a piece of it."""
    async with _desk(tmp_path, Listener(host="127.0.0.1", port=0, max_size=20_000_000)) as desk:
        client = await desk.client()
        mail = MAIL + b"..dots\r\n" * 1_000_000
        assert (await client.mail(mail)).startswith("250")
        (row,) = await desk.rows()
        (stored,) = await desk.raws()
        assert stored == mail.replace(b"\r\n..", b"\r\n.")
        assert row["size"] == len(stored)
        assert await desk.store.read(lambda db: db.one("SELECT data FROM raw")[0]) is None
        assert len(files(tmp_path)) == 1


async def test_what_is_cut_off_in_a_large_mail_leaves_no_file(tmp_path: Path):
    async with _desk(tmp_path, Listener(host="127.0.0.1", port=0, max_size=20_000_000)) as desk:
        client = await desk.client()
        await client.begin()
        client.send(b"x" * 60_000 + b"\r\n" + (b"y" * 998 + b"\r\n") * 3000)
        await client.writer.drain()
        await until(lambda: files(tmp_path))
        client.writer.transport.abort()
        await desk.ends(0)
        assert not files(tmp_path)
        assert not await desk.rows()


async def test_a_large_mail_that_the_disk_does_not_take_is_put_off(tmp_path: Path, monkeypatch):
    async with _desk(tmp_path, Listener(host="127.0.0.1", port=0, max_size=20_000_000)) as desk:
        client = await desk.client()
        with monkeypatch.context() as patch:
            patch.setattr(raw_files.Draft, "write", raising(StorageError("storage trouble", cause="full")))
            assert (await client.mail(MAIL + b"y\r\n" * 200_000)).startswith("452 4.3.1")
        assert not files(tmp_path)
        assert (await client.mail(MAIL + b"y\r\n" * 200_000)).startswith("250")


def files(folder: Path) -> list[Path]:
    """The files of large mails."""
    return list(folder.glob("*-raw/*"))


def raising(error: Exception):
    def fail(*_: object) -> None:
        raise error

    return fail


async def test_a_bare_carriage_return_is_550_and_nothing_is_stored(desk: Desk):
    client = await desk.client()
    assert (await client.mail(b"Subject: x\r\n\r\na\rb\r\n")).startswith("550 5.6.11")
    assert await desk.rows() == []


async def test_long_lines_are_taken(desk: Desk):
    mail = b"Subject: x\r\n\r\n" + b"y" * 64_000 + b"\r\n"
    assert (await (await desk.client()).mail(mail)).startswith("250")
    assert await desk.raws() == [mail]


async def test_malformed_mail_is_accepted(desk: Desk):
    client = await desk.client()
    for mail in (b"", b"\r\n", b"no header at all\r\n", b"\x00\xff\xfe\r\n", b": \r\n\r\n"):
        assert (await client.mail(mail)).startswith("250")
    assert await desk.raws() == [b"", b"\r\n", b"no header at all\r\n", b"\x00\xff\xfe\r\n", b": \r\n\r\n"]


@pytest.mark.parametrize("fake", [b"\n.\n", b"\n.\r\n", b"\r\n.\n"])
async def test_smuggling_a_second_mail_is_one_mail(desk: Desk, fake: bytes):
    client = await desk.client()
    second = b"MAIL FROM:<boss@bank.example>\r\nRCPT TO:<support@bank.example>\r\nDATA\r\nSubject: forged\r\n\r\nx\r\n"
    assert (await client.mail(MAIL + b"a" + fake + second)).startswith("250")
    assert (await client.say("NOOP")).startswith("250")
    assert len(await desk.rows()) == 1


async def test_pipelined_commands_are_answered_in_order(desk: Desk):
    client = await desk.client()
    start = b"MAIL FROM:<a@b.example>\r\nRCPT TO:<nobody@x.example>\r\nRCPT TO:<support@bank.example>\r\nDATA\r\n"
    client.send((start + MAIL + b".\r\n") * 3 + b"QUIT\r\n")
    codes = [(await client.answer())[:3] for _ in range(16)]
    assert codes == ["250", "550", "250", "354", "250"] * 3 + ["221"]
    assert await client.gone()
    assert await desk.raws() == [MAIL] * 3


async def test_a_mail_in_tiny_pieces(desk: Desk):
    client = await desk.client()
    await client.begin()
    for byte in MAIL + b".\r\nNOOP\r\n":
        client.send(bytes([byte]))
        await client.writer.drain()
        await asyncio.sleep(0)
    assert (await client.answer()).startswith("250 2.0.0 Ok: queued as")
    assert (await client.answer()).startswith("250")
    assert await desk.raws() == [MAIL]


async def test_a_peer_that_sends_everything_and_closes_its_half_is_still_answered(desk: Desk):
    client = await desk.client(greet=False)
    client.send(
        b"HELO x\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<support@bank.example>\r\nDATA\r\n" + MAIL + b".\r\nQUIT\r\n"
    )
    client.writer.write_eof()
    assert [(await client.answer())[:3] for _ in range(7)] == ["220", "250", "250", "250", "354", "250", "221"]
    assert len(await desk.rows()) == 1


async def test_a_connection_cut_in_data_stores_nothing(desk: Desk):
    client = await desk.client()
    await client.begin()
    client.send(MAIL)
    client.writer.close()
    await desk.ends(0)
    assert await desk.rows() == []


async def test_one_connection_too_many_is_told_421(tmp_path: Path):
    async with _desk(tmp_path, Listener(host="127.0.0.1", port=0, max_connections=2)) as desk:
        first = await desk.client()
        await desk.client()
        third = await desk.client(greet=False)
        assert (await third.answer()).startswith("421 4.3.2")
        assert await third.gone()
        await first.say("QUIT")
        await desk.ends(1)
        await desk.client()


@pytest.mark.parametrize(
    ("error", "answer"),
    [
        (StorageError("full", cause="disk is full at secret place"), "452 4.3.1"),
        (DatabaseBusy("busy", cause="secret"), "451 4.3.0"),
        (ValueError("a secret"), "451 4.3.0"),
    ],
)
async def test_trouble_is_temporary_and_tells_nothing(desk: Desk, error: Exception, answer: str, monkeypatch, caplog):
    """No real way makes every engine's errors on demand, so the transaction raises them."""

    def broken(*_: Any) -> None:
        raise error

    client = await desk.client()
    monkeypatch.setattr(inbox, "add", broken)
    reply = await client.mail()
    assert reply.startswith(answer)
    assert "secret" not in reply
    monkeypatch.undo()
    assert (await client.mail()).startswith("250")
    assert len(await desk.rows()) == 1


async def test_a_database_that_grew_to_its_limit_is_452(desk: Desk):
    """A real full disk as the engine sees it: no page is left."""
    await desk.store.write(lambda db: db.all("SELECT 1"))

    def limit(db: Db) -> None:
        pages = db.one("PRAGMA page_count")
        db.one(f"PRAGMA max_page_count = {pages[0] + 5}")

    await desk.store.write(limit)
    client = await desk.client()
    assert (await client.mail(b"x" * 60 + b"\r\n" + (b"y" * 70 + b"\r\n") * 1000)).startswith("452 4.3.1")
    await desk.store.write(lambda db: db.one("PRAGMA max_page_count = 100000"))
    assert (await client.mail()).startswith("250")


async def test_refusals_are_traced_and_a_flood_is_only_counted(desk: Desk):
    client = await desk.client()
    await client.say("MAIL FROM:<Spam@x.example>")
    for _ in range(LINES_A_MINUTE + 20):
        await client.say("RCPT TO:<nobody@bank.example>")
    await desk.refusals.close()
    lines = await desk.store.read(trace.by_address, "spam@x.example")
    assert len(lines) == LINES_A_MINUTE
    assert lines[0].step == "refused"
    assert "550 5.1.1" in lines[0].text
    assert "nobody@bank.example" in lines[0].text


async def test_too_many_errors_end_the_connection(desk: Desk):
    client = await desk.client()
    for _ in range(session.MAX_ERRORS - 1):
        await client.say("WHAT")
    client.send(b"WHAT\r\n")
    await client.answer()
    assert (await client.answer()).startswith("421")
    assert await client.gone()


async def test_a_silent_peer_is_sent_away(desk: Desk, monkeypatch):
    monkeypatch.setattr(session, "COMMAND_TIMEOUT", 0.1)
    client = await desk.client(greet=False)
    await client.answer()
    assert (await client.answer()).startswith("421 4.4.2")
    assert await client.gone()


async def test_a_peer_silent_in_data_is_sent_away(desk: Desk, monkeypatch):
    monkeypatch.setattr(receive, "DATA_TIMEOUT", 0.1)
    client = await desk.client()
    await client.begin()
    client.send(b"half a ma")
    assert (await client.answer()).startswith("421 4.4.2")
    assert await desk.rows() == []


async def test_a_trickle_ends(desk: Desk, monkeypatch):
    monkeypatch.setattr(receive, "DATA_TOTAL", 0.3)
    client = await desk.client()
    await client.begin()
    answer = asyncio.create_task(client.answer())
    while not answer.done():
        client.send(b"x")
        await asyncio.wait([answer], timeout=LOOK)
    assert answer.result().startswith("421")


async def test_stop_lets_data_finish_and_sends_idle_peers_away(desk: Desk):
    idle, busy, port = await desk.client(), await desk.client(), desk.listener.port
    await busy.begin()
    busy.send(MAIL)
    stopping = asyncio.create_task(desk.listener.stop(PATIENCE))
    assert (await idle.answer()).startswith("421 4.3.2")
    busy.send(b".\r\n")
    assert (await busy.answer()).startswith("250")
    assert (await busy.answer()).startswith("421 4.3.2")
    await stopping
    assert len(await desk.rows()) == 1
    with pytest.raises(OSError):
        await asyncio.open_connection("127.0.0.1", port)


async def test_stop_waits_no_longer_than_the_grace(desk: Desk):
    client = await desk.client()
    await client.begin()
    async with patience():
        await desk.listener.stop(0.1)
    assert desk.listener.sessions == set()


async def test_a_thousand_mails_over_twenty_connections_are_a_thousand_rows(desk: Desk):
    async def send(number: int) -> None:
        client = await desk.client()
        for one in range(50):
            assert (await client.mail(b"Subject: %d-%d\r\n\r\nx\r\n" % (number, one))).startswith("250")
        await client.say("QUIT")

    await asyncio.gather(*(send(number) for number in range(20)))
    raws = await desk.raws()
    assert len(raws) == len(set(raws)) == 1000


FRAGMENTS = [
    b"EHLO me.example\r\n", b"HELO x\r\n", b"MAIL FROM:<a@b.example>\r\n", b"MAIL FROM:<>\r\n", b"RSET\r\n",
    b"RCPT TO:<support@bank.example>\r\n", b"RCPT TO:<x@y.example>\r\n", b"DATA\r\n", b".\r\n", b"\r\n.\r\n",
    b"Subject: x\r\n\r\n", b"\r", b"\n", b"\0", b"\xff\xfe", b" ", b"<", b">", b'"', b"\\", b"x" * 3000, b"NOOP\r\n",
    b"MAIL FROM:", b"RCPT TO:", b"VRFY a\r\n", b"HELP\r\n", b"AUTH LOGIN\r\n", b"STARTTLS\r\n", b"QUIT\r\n",
    b"y" * 70_000,
]  # fmt: skip


@pytest.mark.seeds(20261121)
async def test_no_sequence_of_bytes_breaks_a_session_or_the_listener(desk: Desk, caplog, seed: int):
    """Three hundred dialogues out of fragments: each ends, none is a mistake of ours."""
    dice = random.Random(seed)
    for _ in range(300):
        client = await desk.client(greet=False)
        client.send(b"".join(dice.choices(FRAGMENTS, k=dice.randint(1, 25))))
        client.writer.write_eof()
        said = b""
        async with patience():
            with contextlib.suppress(ConnectionResetError):  # what came behind QUIT or a line without end is not read
                said = await client.reader.read()
        assert all(line[:3].isdigit() for line in said.split(b"\r\n") if line)
        client.writer.close()
    assert "session-error" not in caplog.text
    assert (await (await desk.client()).mail()).startswith("250")


async def test_the_next_minute_tells_how_many_refusals_were_not_written_down(desk: Desk):
    now = datetime(2026, 11, 21, 12, tzinfo=UTC)
    refusals = Refusals(desk.store, lambda: now)
    refusal = Refusal("192.0.2.1", None, "", 421, "4.3.2 too many connections")
    for _ in range(LINES_A_MINUTE + 7):
        refusals(refusal)
    now += timedelta(minutes=1)
    refusals(refusal)
    await refusals.close()
    lines = await desk.store.read(trace.recent, now)
    assert [line.text for line in lines] == [
        "7 more refusals since 12:00:00 UTC",
        "192.0.2.1: 421 4.3.2 too many connections",
    ]


async def test_refusals_that_the_disk_does_not_take_are_let_go(desk: Desk, monkeypatch):
    def full(*_: Any) -> None:
        raise StorageError("full")

    refusal = Refusal("192.0.2.1", "a@b.example", "", 552, "5.3.4 too big")
    refusals = Refusals(desk.store, clock)
    monkeypatch.setattr(trace, "add", full)
    refusals(refusal)
    await refusals.close()
    monkeypatch.undo()
    refusals(refusal)
    await refusals.close()
    assert len(await desk.store.read(trace.by_address, "a@b.example")) == 1
