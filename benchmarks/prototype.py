"""The least that a ticket by mail costs in Python: what mailgate can hope for at most.

A bare protocol takes the mail, the standard library parses it, nine rows a ticket are committed together with those of
the other mails at hand, then it answers 250; an acknowledgement and an alert go to the relay over one connection, in
as few packets as SMTP allows. It has no rules, no threads, no trust, no templates, and tells nothing from anything.

A separate process: `python -m benchmarks.prototype DATABASE RELAY-PORT` prints its port.
"""

from __future__ import annotations

import asyncio
import email
import sqlite3
import sys
import time
from collections import deque
from email.message import Message

_TABLES = {
    "inbox": "id, sender, data",
    "ticket": "number, subject, sender, status, at",
    "entry": "ticket, text, at",
    "event": "ticket, kind, at",
    "known_id": "message_id, ticket",
    "deadline": "ticket, step, at",
    "outbox": "id INTEGER PRIMARY KEY, ticket, recipient, data, sent",
}
_HEAD = (
    "From: First Bank Support <support@bank.example>\r\nTo: <{to}>\r\nSubject: [#{number}] {subject}\r\n"
    "Date: Mon, 16 Nov 2026 10:00:00 +0000\r\nMessage-ID: <{number}.{to}>\r\nMIME-Version: 1.0\r\n"
    "Content-Type: text/plain; charset=utf-8\r\n\r\n{words} {number}.\r\n\r\n{text}\r\n.\r\n"
)


class Relay(asyncio.Protocol):
    """The connection to the relay. A mail and the envelope of the next one go out in one packet (RFC 2920)."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._waiting: deque[tuple[int, str, bytes]] = deque()
        self._current: tuple[int, str, bytes] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        transport.write(b"EHLO desk.example\r\n")

    def send(self, row: int, recipient: str, data: bytes) -> None:
        self._waiting.append((row, recipient, data))
        if self._current is None:
            self._transport.write(self._envelope())

    def _envelope(self) -> bytes:
        self._current = self._waiting.popleft() if self._waiting else None
        if self._current is None:
            return b""
        return b"MAIL FROM:<support@bank.example>\r\nRCPT TO:<%b>\r\nDATA\r\n" % self._current[1].encode()

    def data_received(self, data: bytes) -> None:
        if b"\n354" in data or data.startswith(b"354"):
            row, _, body = self._current
            self._desk.sent(row)
            self._transport.write(body + self._envelope())


class Desk:
    """The database, and what waits for the next commit."""

    def __init__(self, path: str) -> None:
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._db.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL")
        for table, columns in _TABLES.items():
            self._db.execute(f"CREATE TABLE {table} ({columns})")
        self._number = 1000
        self._rows: dict[str, list[tuple]] = {}
        self._answers: list[asyncio.Transport] = []
        self._mails: list[tuple[int, str, bytes]] = []
        self._outgoing = 0
        self._some = asyncio.Event()
        self.relay = Relay(self)

    def take(self, connection: asyncio.Transport, sender: str, data: bytes) -> None:
        """Make a ticket of a mail; it is answered behind the commit."""
        message, now = email.message_from_bytes(data), time.time()
        self._number += 1
        self._add("inbox", self._number, sender, data)
        self._add("ticket", self._number, message["Subject"], sender, "open", now)
        self._add("entry", self._number, message.get_payload(), now)
        self._add("event", self._number, "opened", now)
        self._add("known_id", message["Message-ID"], self._number)
        self._add("deadline", self._number, "80%", now + 50_000)
        self._add("deadline", self._number, "100%", now + 64_000)
        self._compose(sender, "We have your message. It is ticket", message)
        self._compose("ann@desk.example", "A new ticket:", message)
        self._answers.append(connection)

    def _compose(self, to: str, words: str, message: Message) -> None:
        text = message.get_payload()
        data = _HEAD.format(to=to, number=self._number, subject=message["Subject"], words=words, text=text).encode()
        self._outgoing += 1
        self._add("outbox", self._outgoing, self._number, to, data, 0)
        self._mails.append((self._outgoing, to, data))

    def sent(self, row: int) -> None:
        """Note that a mail is at the relay."""
        self._add("sent", row)

    def _add(self, table: str, *row: object) -> None:
        self._rows.setdefault(table, []).append(row)
        self._some.set()

    async def commit_forever(self) -> None:
        """Commit all that has come meanwhile, in a thread; then answer it and send its mails."""
        loop = asyncio.get_running_loop()
        while await self._some.wait():
            self._some.clear()
            rows, answers, mails = self._rows, self._answers, self._mails
            self._rows, self._answers, self._mails = {}, [], []
            await loop.run_in_executor(None, self._write, rows)
            for connection in answers:
                connection.write(b"250 2.0.0 ok\r\n")
            for mail in mails:
                self.relay.send(*mail)

    def _write(self, rows: dict[str, list[tuple]]) -> None:
        self._db.execute("BEGIN IMMEDIATE")
        sent = rows.pop("sent", [])
        for table, some in rows.items():
            self._db.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(some[0]))})", some)
        self._db.executemany("UPDATE outbox SET sent = 1 WHERE id = ?", sent)
        self._db.execute("COMMIT")


class Inbound(asyncio.Protocol):
    """A connection of a client."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._buffer = b""
        self._in_data = False
        self._sender = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        transport.write(b"220 desk.example ESMTP\r\n")

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\r\n.\r\n" if self._in_data else b"\r\n")) >= 0:
            line, self._buffer = self._buffer[:end], self._buffer[end + (5 if self._in_data else 2) :]
            if self._in_data:
                self._in_data = False
                self._desk.take(self._transport, self._sender, line.replace(b"\r\n..", b"\r\n."))
            else:
                self._command(line)

    def _command(self, line: bytes) -> None:
        verb = line[:4].upper()
        if verb == b"MAIL":
            self._sender = line.split(b"<", 1)[1].split(b">", 1)[0].decode()
        elif verb == b"DATA":
            self._in_data = True
        answers = {
            b"DATA": b"354 go on\r\n",
            b"QUIT": b"221 bye\r\n",
            b"EHLO": b"250-desk.example\r\n250 PIPELINING\r\n",
        }
        self._transport.write(answers.get(verb, b"250 ok\r\n"))
        if verb == b"QUIT":
            self._transport.close()


async def main(path: str, relay: int) -> None:
    """Serve until killed."""
    loop, desk = asyncio.get_running_loop(), Desk(path)
    await loop.create_connection(lambda: desk.relay, "127.0.0.1", relay)
    server = await loop.create_server(lambda: Inbound(desk), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await desk.commit_forever()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
