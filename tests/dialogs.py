"""Random dialogs with the listener: exactly one row for each 250 after DATA, and no row without one.

`python -m tests.dialogs --count 5000 --seed 1` speaks SMTP, with and without TLS, LMTP and submission: commands in and
out of order, pipelined or one by one, in pieces, with garbage, NUL and lines that are too long, bodies with all that
looks like an end and is none, connections that are cut. `--first N --count 1` repeats one dialog and prints it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import re
import ssl
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

from mailgate.inbound.accept import Acceptor
from mailgate.inbound.smtp.listener import SmtpListener, server_context
from mailgate.inbound.smtp.service import Callbacks
from mailgate.settings import Listener, ServerTls
from mailgate.store.db import Store
from mailgate.store.queues import inbox
from mailgate.system.streams import write
from tests.smtp_client import CERTIFICATE, plain, trusting
from tests.waiting import patience, until

MAX_SIZE = 100_000  # bytes of a message
LONGEST_LINE = 65_536  # bytes
TLS = ServerTls(CERTIFICATE, CERTIFICATE)
ANN = "ann@bank.example"
DESK = ("support@bank.example", "second@bank.example")
DOORS: dict[str, dict[str, Any]] = {
    "smtp": {},
    "smtp with TLS": {"tls": TLS},
    "lmtp": {"protocol": "lmtp"},
    "submission": {"submission": True},
}

# ── what is said ────────────────────────────────────────────────────────────────────────

MAILS = (
    b"MAIL FROM:<k@client.example>",
    b"MAIL FROM:<>",
    b"mail from: k@client.example",
    b"MAIL FROM:<ann@bank.example>",
)
RCPTS = (b"RCPT TO:<support@bank.example>", b"rcpt to:<SECOND@bank.example>", b"RCPT TO:<support@bank.example>")
ODD = (
    *(b"MAIL FROM:<k@client.example> SIZE=999999999", b"MAIL FROM:<k@client.example> X=1", b"MAIL FROM:<a b@c>"),
    *(b"MAIL FROM:<a\x00@b.example>", b"MAIL", b"MAIL FROM:", b"RCPT TO:<>", b"RCPT TO:<x@evil.example>", b"RCPT"),
    *(b"RCPT TO:<support@bank.example> NOTIFY=NEVER", b"RCPT TO:<support@bank.example\r>", b"DATA now", b"DATA\x00"),
    *(b"BDAT 5 LAST", b"BDAT 0", b"VRFY a", b"EXPN a", b"HELP", b"NOOP x", b"NOOP", b"RSET", b"RSET", b"RSET x"),
    *(b"EHLO x", b"HELO x", b"LHLO x", b"EHLO", b"STARTTLS", b"STARTTLS x", b"AUTH", b"AUTH X", b"AUTH LOGIN", b"*"),
    *(b"AUTH PLAIN =", b"AUTH PLAIN " + plain(ANN, "secret").encode(), b"AUTH PLAIN AAAA", b"QUIT x", b"", b" ", b"."),
    *(b"\x00", b"\xff\xfe", b"DATA\x0b", b"R\x00SET", b"NOOP " + b"x" * 5000, b"y" * 70_000, b"GET / HTTP/1.1"),
    *(b"Host: x", b"\x16\x03\x01\x02\x00", b"250 2.0.0 Ok: queued as 1", b"354 go", b"DATA\rRSET", b"NOOP\r\rNOOP"),
)
LINES = (
    *(b"Subject: x", b"", b"Hello", b".", b"..", b"...", b". ", b".x", b"\xff\x00", b"DATA", b"QUIT", b"RSET", b" ."),
    *(b"MAIL FROM:<evil@evil.example>", b"RCPT TO:<support@bank.example>", b"x" * 900, b"y" * 66_000, b"z" * 110_000),
)
# What ends a line, or looks like an end of the mail to somebody: only CR LF is one.
ENDS = (
    *[b"\r\n"] * 12,
    b"\n",
    b"\r",
    b"\n.\n",
    b"\n.\r\n",
    b"\r\n.\n",
    b"\r.\r",
    b"\r\n.\r",
    b"\r\n\x00.\r\n",
    b"\x85.\x85",
)
END = b"\r\n.\r\n"
RESETS = (b"MAIL", b"RSET", b"EHLO", b"HELO", b"LHLO")


def block(dice: Random) -> bytes:
    """What follows DATA, with its end."""
    lines = (dice.choice(LINES) for _ in range(dice.randrange(8)))
    odd = dice.random() < 0.4
    text = b"".join(line + (dice.choice(ENDS) if odd else b"\r\n") for line in lines)
    # Whatever of it ends the mail is followed by commands; the generator does not know.
    return text + (b".\r\n" if text.endswith(b"\r\n") or not text else END)


def lines(dice: Random, door: str) -> Iterator[bytes]:
    """One dialog: mostly what a client says, in order, and at any place something else."""
    hello = b"LHLO x" if door == "lmtp" else b"EHLO x"
    login = [b"AUTH PLAIN " + plain(ANN, "secret").encode()] if door == "submission" else []
    script: list[bytes | None] = []
    for _ in range(dice.randrange(1, 4)):
        script += [
            dice.choice(MAILS[:1] if door != "submission" else MAILS[3:]) if dice.random() < 0.7 else dice.choice(MAILS)
        ]
        script += [dice.choice(RCPTS) for _ in range(dice.randrange(4) or 1)] + [b"DATA", None]
    for each in (hello, *login, *script):
        while dice.random() < 0.12:
            yield dice.choice(ODD) + dice.choice((b"\r\n", b"\r\n", b"\r\n", b"\n", b""))
        if dice.random() > 0.04:
            yield block(dice) if each is None else each + b"\r\n"
    if dice.random() < 0.5:
        yield b"QUIT\r\n"


# ── what must have come of it ───────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Mail:
    """One mail that a client ended, and the answers to it: one, or in LMTP one for each accepted recipient."""

    block: bytes  # from DATA to the end, which is not part of it
    answers: list[str]

    @property
    def ids(self) -> list[int]:
        """The inbox rows that the answers name."""
        return [int(found[1]) for each in self.answers if (found := re.match(r"250 .*queued as (\d+)", each))]

    @property
    def stored(self) -> bytes | None:
        """How it must lie in the inbox; None where it has to be refused."""
        dots = (b"\r\n" + self.block).replace(b"\r\n.", b"\r\n")[2:]  # RFC 5321 4.5.2
        refused = (
            len(self.block) > MAX_SIZE
            or self.block.count(b"\r") != self.block.count(b"\r\n")
            or max(map(len, self.block.replace(b"\r\n", b"\n").split(b"\n"))) > LONGEST_LINE
        )
        return None if refused else re.sub(rb"(?<!\r)\n", b"\r\n", dots)


@dataclass
class Talk:
    """What was said to the listener, and what it answered; read again here as RFC 5321 has it."""

    lmtp: bool
    sent: bytearray = field(default_factory=bytearray)
    answers: list[str] = field(default_factory=list)
    cut: bool = False  # the client may not have seen every answer
    encrypted: bool = False
    mails: list[Mail] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    _recipients: int = 0  # accepted since MAIL
    _at: int = 0  # in what was sent

    def read(self) -> None:
        """Put each answer to the line that it answers."""
        left = iter(self.answers[1:])  # the first is the greeting
        for line in iter(self._line, b""):
            answer = next(left, "")
            if answer[:3] in ("", "421", "221"):
                if not answer and not self.cut and not self._ended():
                    self.faults.append(f"no answer to {line[:60]!r}")
                break
            if not self._heard(line, answer, left):
                break
        if rest := [each for each in left if each[:3] not in ("421", "500")]:
            self.faults.append(f"answers to nothing: {rest[:3]}")

    def _line(self) -> bytes:
        end = self.sent.find(b"\n", self._at) + 1
        line = bytes(self.sent[self._at : end])
        self._at = end or self._at
        return line

    def _ended(self) -> bool:
        """Whether the listener said that it closes."""
        return bool(self.answers) and self.answers[-1][:3] in ("221", "421", "500")

    def _heard(self, line: bytes, answer: str, left: Iterator[str]) -> bool:
        """Take one answer; False where nothing that was sent behind it counts."""
        code, verb = answer[:3], line.split()[0].upper() if line.split() else b""
        if code == "354":
            return self._data(left)
        if code == "220":
            return self.encrypted  # else what follows is no handshake
        if code == "250" and verb == b"RCPT":
            self._recipients += 1
        elif code == "250" and verb in RESETS:
            self._recipients = 0
        return True

    def _data(self, left: Iterator[str]) -> bool:
        if not self._recipients:
            self.faults.append("DATA without a recipient")
        wire = b"\r\n" + bytes(self.sent[self._at :])
        end = wire.find(END)
        if end < 0:
            return False
        self._at += end + len(END) - 2
        count = self._recipients if self.lmtp else 1
        found = [*islice(left, count)]
        self.mails.append(Mail(wire[2 : end + 2], found))
        self._recipients = 0
        if len(found) < count and not self.cut:
            self.faults.append("a recipient without an answer")
        return len(found) == count

    def compare(self, rows: dict[int, tuple[bytes, list[str]]]) -> None:
        """Compare the mails with the new inbox rows: id to bytes and recipients."""
        named: list[int] = []
        for mail in self.mails:
            ids = set(mail.ids)
            named += ids
            if ids and (len(ids) > 1 or len(mail.ids) != len(mail.answers)):
                self.faults.append(f"one mail, several answers: {mail.answers}")
            if mail.answers and bool(ids) is (mail.stored is None):
                self.faults.append(f"{mail.answers[0]!r} to {mail.block[:100]!r}")
            for each in ids & rows.keys():
                raw, recipients = rows[each]
                if raw != mail.stored or not recipients or not set(recipients) <= set(DESK):
                    self.faults.append(f"row {each} is {raw[:100]!r} for {recipients}, not {mail.block[:100]!r}")
        if len(named) != len(set(named)):
            self.faults.append(f"a row is named twice: {named}")
        if missing := set(named) - rows.keys():
            self.faults.append(f"250 without a row: {sorted(missing)}")
        if not self.cut and (more := rows.keys() - set(named)):
            self.faults.append(f"rows without a 250: {sorted(more)}")


# ── how it is said ──────────────────────────────────────────────────────────────────────


class Peer:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, talk: Talk) -> None:
        self.reader, self.writer, self.talk = reader, writer, talk

    async def send(self, wire: bytes) -> None:
        self.talk.sent += wire
        try:
            write(self.writer, wire)
            await self.writer.drain()
        except (ConnectionError, ssl.SSLError):
            self.talk.cut = True

    async def answer(self) -> str:
        """The next answer; "" when there is none."""
        async with patience():
            try:
                while line := (await self.reader.readline()).decode():
                    if line[3] == " ":
                        self.talk.answers.append(line.rstrip())
                        return line
            except (ConnectionError, ssl.SSLError):
                self.talk.cut = True  # what was not read when it closed resets the connection
        return ""


async def pipelined(peer: Peer, dice: Random, door: str) -> None:
    """Everything at once, in pieces of any size; then the end of the connection."""
    wire = b"".join(lines(dice, door))
    cut = dice.random() < 0.15
    wire = wire[: dice.randrange(len(wire) + 1)] if cut else wire
    at = 0
    while at < len(wire):
        size = dice.choice((1, 2, 3, 7, 100, 5000, 70_000, 1 << 20))
        await peer.send(wire[at : at + size])
        at += size
        if dice.random() < 0.3:
            await asyncio.sleep(0)
    if cut and dice.random() < 0.5:
        peer.talk.cut = True
        peer.writer.transport.abort()
        return
    with suppress(OSError):
        if not peer.writer.is_closing():  # uvloop would raise
            peer.writer.write_eof()
    while await peer.answer():
        pass


async def lockstep(peer: Peer, dice: Random, door: str) -> None:
    """One command at a time, as most clients do, with TLS where it is offered."""
    code, recipients = (await peer.answer())[:3], 0
    for line in lines(dice, door):
        ends_mail = line.endswith(END) or line == b".\r\n"
        if ends_mail is not (code == "354"):
            continue  # who heard no 354 sends no mail
        await peer.send(_up_to_end(line) if ends_mail else line if line.endswith(b"\n") else line + b"\r\n")
        counts = recipients if ends_mail and door == "lmtp" else 1
        for _ in range(counts):
            code = (await peer.answer())[:3]
        while code == "334":
            await peer.send(b"*\r\n")
            code = (await peer.answer())[:3]
        if code in ("", "221", "421"):
            break
        if code == "220":
            await peer.writer.start_tls(trusting(), server_hostname="127.0.0.1")
            peer.talk.encrypted = True
        if ends_mail or (code == "250" and line[:4].upper() in RESETS):
            recipients = 0
        recipients += code == "250" and line[:4].upper() == b"RCPT"
    peer.writer.close()


def _up_to_end(mail: bytes) -> bytes:
    """A mail up to its first end: there the client waits for the answer."""
    return (b"\r\n" + mail).partition(END)[0][2:] + END


# ── the listener ────────────────────────────────────────────────────────────────────────


class Desk:
    """A listener with its store."""

    def __init__(self, store: Store, listener: SmtpListener) -> None:
        self.store, self.listener = store, listener
        self.seen = 0  # the newest row

    async def new_rows(self) -> dict[int, tuple[bytes, list[str]]]:
        """The inbox rows since the last look: bytes and recipients by id."""
        await until(lambda: not self.listener.sessions)
        rows = await self.store.read(lambda db: db.all("SELECT * FROM inbox WHERE id > ?", [self.seen]))
        self.seen = max((row["id"] for row in rows), default=self.seen)
        return {row["id"]: (await self.store.read(inbox.raw, row["id"]), json.loads(row["recipients"])) for row in rows}


@asynccontextmanager
async def opened(folder: Path, door: str) -> AsyncIterator[Desk]:
    """A listener of this kind."""

    def now() -> datetime:
        return datetime.now(UTC)

    store = await Store.open(folder / "mailgate.db")
    acceptor = Acceptor(store, now, lambda: None)
    callbacks = Callbacks(
        is_desk=lambda address: address.lower() in DESK,
        login=lambda user, password: "ann" if (user, password) == (ANN, "secret") else None,
        owns=lambda agent, sender: sender in ("", ANN),
        refused=lambda refusal: None,
        clock=now,
    )
    config = Listener(host="127.0.0.1", port=0, max_size=MAX_SIZE, max_connections=30, **DOORS[door])
    listener = SmtpListener(
        config, hostname="mx.bank.example", acceptor=acceptor, callbacks=callbacks, tls=server_context(config.tls)
    )
    await listener.start()
    try:
        yield Desk(store, listener)
    finally:
        await listener.stop(1)
        await acceptor.close()
        await store.close()


async def dialog(desk: Desk, seed: int, number: int, door: str) -> Talk:
    """One dialog; it depends on the seed, its number and the kind of listener alone."""
    dice, talk = Random(f"{seed}:{number}:{door}"), Talk(lmtp=door == "lmtp")
    reader, writer = await asyncio.open_connection("127.0.0.1", desk.listener.port, limit=1 << 20)
    await dice.choice((pipelined, pipelined, lockstep))(Peer(reader, writer, talk), dice, door)
    writer.transport.abort()
    talk.read()
    talk.compare(await desk.new_rows())
    return talk


class _Trouble(logging.Handler):
    """Keeps what the program logs as an error."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.found.append(self.format(record))


async def run(seed: int, numbers: Sequence[int], door: str) -> tuple[list[Talk], list[str]]:
    """These dialogs with one listener, and what is wrong with them."""
    talks: list[Talk] = []
    faults: list[str] = []
    trouble = _Trouble()
    logging.getLogger().addHandler(trouble)
    try:
        with TemporaryDirectory(prefix="mailgate-dialogs") as folder:
            async with opened(Path(folder), door) as desk:
                for number in numbers:
                    talks.append(await dialog(desk, seed, number, door))
                    found = [*talks[-1].faults, *trouble.found]
                    trouble.found.clear()
                    faults += [f"seed {seed} number {number}, {door}: {each}" for each in found]
    finally:
        logging.getLogger().removeHandler(trouble)
    return talks, faults


TOGETHER = 200  # dialogs with one listener: an address that fails to log in too often is sent away


def main(arguments: Sequence[str]) -> int:
    options = argparse.ArgumentParser(prog="python -m tests.dialogs", description=(__doc__ or "").partition("\n")[0])
    options.add_argument("--count", type=int, default=500, metavar="N", help="dialogs with each kind of listener")
    options.add_argument("--seed", type=int, default=1, metavar="S")
    options.add_argument("--first", type=int, default=0, metavar="N", help="number of the first dialog")
    options.add_argument("--door", choices=DOORS, action="append", help="kind of listener; all of them by default")
    wanted = options.parse_args(arguments)
    numbers, said, mails, all_faults = range(wanted.first, wanted.first + wanted.count), 0, 0, []
    for door in wanted.door or DOORS:
        for start in range(0, wanted.count, TOGETHER):
            talks, faults = asyncio.run(run(wanted.seed, numbers[start : start + TOGETHER], door))
            said += len(talks)
            mails += sum(len(mail.ids) > 0 for talk in talks for mail in talk.mails)
            all_faults += faults
            if wanted.count == 1:
                print(bytes(talks[0].sent), *talks[0].answers, sep="\n")
    print("\n".join(all_faults[:50]))
    print(f"{said} dialogs, {mails} mails accepted, {len(all_faults)} faults")
    return 1 if all_faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
