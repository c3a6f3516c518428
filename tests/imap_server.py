"""A small scripted IMAP server, and a mailbox on it that a watcher reads."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from mailgate.inbound.accept import Acceptor
from mailgate.inbound.imap.watcher import Watcher
from mailgate.settings import Credentials, Mailbox, Secret
from mailgate.store.db import Store


def raw(uid: int) -> bytes:
    """The message with this UID."""
    head = b"From: karen@client.example\r\nSubject: hello\r\nMessage-ID: <%d@client.example>\r\n" % uid
    return head + b"\r\nhello %d\r\n" % uid


def now() -> datetime:
    return datetime.now(UTC)


class Server:
    """A small IMAP server. `script` maps a command to what it answers instead; "TAG" stands for the tag.

    `twist(command, answer)` changes an answer on its way, the greeting's too; the flag closes the connection behind it.
    """

    def __init__(self) -> None:
        self.messages = 0
        self.script: dict[str, bytes] = {}
        self.once = ""  # a command whose script holds one time
        self.twist: Callable[[str, bytes], tuple[bytes, bool]] = lambda _, answer: (answer, False)
        self.goodbye = False  # closes after IDLE was answered
        self.heard: list[str] = []
        self.connections = 0
        self.port = 0
        self._writers: list[asyncio.StreamWriter] = []

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        self._server.close()
        for writer in self._writers:
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.append(writer)
        if self._say(writer, "greeting", b"* OK ready\r\n"):
            return
        idle = b""
        while line := await reader.readline():
            words = line.decode().split()
            if words == ["DONE"]:
                writer.write(idle + b" OK done\r\n")
                continue
            tag, verb = words[0].encode(), " ".join(words[1:3] if words[1] == "UID" else words[1:2])
            self.heard.append(verb)
            if verb == "IDLE":
                idle = tag
            answer = self.script.get(verb, self._answer(verb, words))
            if answer.startswith(b"BYE"):
                writer.write(b"* BYE going away\r\n")
                break
            if self._say(writer, verb, answer, tag):
                return
            if verb == self.once:
                del self.script[verb]
                self.once = ""
            if verb == "IDLE" and self.goodbye:
                break
        writer.close()

    def _say(self, writer: asyncio.StreamWriter, verb: str, answer: bytes, tag: bytes = b"") -> bool:
        """Write an answer as it is twisted; whether the connection is closed behind it."""
        answer, closes = self.twist(verb, answer)
        writer.write(answer.replace(b"TAG", tag))
        if closes:
            writer.close()
        return closes

    def _answer(self, verb: str, words: list[str]) -> bytes:
        uids = range(1, self.messages + 1)
        if verb == "CAPABILITY":
            return b"* CAPABILITY IMAP4rev1 IDLE\r\nTAG OK done\r\n"
        if verb in ("SELECT", "EXAMINE"):
            return b"* %d EXISTS\r\n* OK [UIDVALIDITY 77] ok\r\nTAG OK [READ-WRITE] ok\r\n" % self.messages
        if verb == "UID SEARCH":
            return b"* SEARCH" + b"".join(b" %d" % uid for uid in uids) + b"\r\nTAG OK done\r\n"
        if verb == "UID FETCH":
            first, _, last = words[3].partition(":")
            asked = range(int(first), int(last or first) + 1)
            whole = "BODY.PEEK[]" in words[-1]
            date = b'INTERNALDATE "21-Nov-2026 12:00:00 +0000"'
            found = ((n, b"BODY[] {%d}\r\n%s" % (len(raw(n)), raw(n)) if whole else b"RFC822.SIZE 50") for n in asked)
            return (
                b"".join(b"* %d FETCH (UID %d %s %s)\r\n" % (n, n, date, part) for n, part in found)
                + b"TAG OK done\r\n"
            )
        if verb == "IDLE":
            return b"+ idling\r\n"
        return b"TAG OK done\r\n"


class Desk:
    def __init__(self, store: Store, server: Server) -> None:
        self.store = store
        self.server = server

    @asynccontextmanager
    async def watching(self, **more: Any) -> AsyncIterator[Watcher]:
        mailbox = Mailbox(
            name="support",
            host="127.0.0.1",
            port=self.server.port,
            tls="none",
            credentials=Credentials(user="support@bank.example", password=Secret("secret")),
            existing="take",
            after=more.pop("after", "leave"),
            poll=more.pop("poll", timedelta(hours=1)),  # what is taken before was told by the server
            **more,
        )
        watcher = Watcher(mailbox, self.store, Acceptor(self.store, now, lambda: None), now)
        await watcher.start()
        try:
            yield watcher
        finally:
            await watcher.stop()

    async def count(self) -> int:
        return await self.store.read(lambda db: db.one("SELECT count(*) AS n FROM inbox")["n"])  # type: ignore[index]
