"""A scripted SMTP server for tests: keeps what it is given, answers as it is told."""

from __future__ import annotations

import asyncio
import base64
import re
import socket
import ssl
import struct
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from tests.waiting import patience


@dataclass(frozen=True)
class Taken:
    """One mail as it came over the wire."""

    mail_from: str
    recipients: tuple[str, ...]
    data: bytes
    connection: int

    def header(self, name: str) -> str:
        """The raw value of a header field, unfolded; "" when there is none."""
        head = self.data.split(b"\r\n\r\n", 1)[0].decode("utf-8", "replace")
        found = re.search(rf"(?im)^{re.escape(name)}:[ \t]*(.*(?:\r\n[ \t].*)*)", head)
        return re.sub(r"\r\n[ \t]+", " ", found[1]).strip() if found else ""


@dataclass
class Sink:
    """Takes every mail, but for what its script says.

    `script` maps a stage ("connect" "ehlo" "starttls" "mail" "rcpt" "data" "end" "rset"), a
    recipient's address, "mail SENDER" or "end RECIPIENT" to the answers to give, the first
    first; without one it says yes.

    An answer of "close" hangs up, one of "hang" says nothing more, "half TEXT" hangs up within a line, "reset TEXT"
    says it and resets the connection.
    """

    port: int = 0
    tls: ssl.SSLContext | None = None
    implicit_tls: bool = False
    pipelining: bool = True
    utf8: bool = True  # offers SMTPUTF8
    auth: tuple[str, ...] = ()  # the mechanisms that it offers, once TLS is up where it has TLS
    users: Mapping[str, str] = field(default_factory=dict)  # user → password
    tokens: Mapping[str, str] = field(default_factory=dict)  # access token → user, as the token server has them
    signed_in: list[str] = field(default_factory=list)  # the user of each connection that did
    gate: asyncio.Event | None = None  # the answer to the end of DATA waits for it
    gate_from: int = 0  # bytes; the answer to a smaller mail does not wait
    at_gate: int = 0  # mails that wait there
    script: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    taken: list[Taken] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    connections: int = 0
    open: int = 0
    most_open: int = 0

    async def __aenter__(self) -> Self:
        context = self.tls if self.implicit_tls else None
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, limit=1 << 26, ssl=context)
        self.port = self._server.sockets[0].getsockname()[1]
        self._tasks: set[asyncio.Task] = set()
        self._arrived = asyncio.Event()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Hang up on everybody and stop; nothing stays open behind it."""
        self._server.close()
        for _ in range(5):  # connections that are being accepted become tasks of ours
            await asyncio.sleep(0)
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def wait_for(self, count: int) -> list[Taken]:
        """Wait until `count` mails were taken."""
        async with patience():
            while len(self.taken) < count:
                self._arrived.clear()
                await self._arrived.wait()
        return self.taken

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        try:
            await _Dialogue(self, reader, writer, self.connections).run()
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            pass
        except asyncio.CancelledError:
            writer.transport.abort()  # what was not sent yet would keep it open
        finally:
            self.open -= 1
            self._tasks.discard(task)
            writer.close()

    def keep(self, mail: Taken) -> None:
        """Take one mail."""
        self.taken.append(mail)
        self._arrived.set()


def reset(writer: asyncio.StreamWriter) -> None:
    """End a connection as a process that is killed, or a firewall, does."""
    # SO_LINGER of no seconds: the end is told by RST, not by FIN.
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


def says_yes(answer: str) -> bool:
    """Whether the last line of an answer has a code of success (RFC 5321 4.2.1)."""
    return re.match(r"[23]\d\d(?: |$)", (answer.splitlines() or [""])[-1]) is not None


class _Dialogue:
    def __init__(self, sink: Sink, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        self.sink, self.reader, self.writer, self.number = sink, reader, writer, number
        self.mail_from: str | None = None
        self.recipients: list[str] = []
        self.secure = sink.implicit_tls
        self.user = ""

    def answer(self, usual: str, *keys: str) -> str:
        """The answer by the script, else the usual one."""
        return next((self.sink.script[key].pop(0) for key in keys if self.sink.script.get(key)), usual)

    async def say(self, usual: str, *keys: str) -> bool:
        """Answer by the script, else as usual; True when the answer was a yes."""
        answer = self.answer(usual, *keys)
        if answer == "close":
            raise ConnectionResetError
        if answer == "hang":
            await asyncio.Event().wait()
        if answer.startswith("half "):
            self.writer.write(answer.removeprefix("half ").encode())
            await self.writer.drain()
            raise ConnectionResetError
        self.writer.write(f"{answer.removeprefix('reset ')}\r\n".encode())
        await self.writer.drain()
        if answer.startswith("reset "):
            reset(self.writer)
            raise ConnectionResetError
        return says_yes(answer)

    async def run(self) -> None:
        if not await self.say("220 sink ESMTP", "connect"):
            return
        while line := (await self.reader.readuntil(b"\r\n")).decode("utf-8", "surrogateescape").strip():
            self.sink.commands.append(line)
            verb = line.split()[0].upper()
            if verb == "QUIT":
                await self.say("221 bye")
                return
            await getattr(self, f"on_{verb.lower()}")(line)

    async def on_ehlo(self, _: str) -> None:
        offered = ["sink", *(["STARTTLS"] if self.sink.tls and not self.sink.implicit_tls else []), "8BITMIME"]
        if self.sink.auth and (self.secure or not self.sink.tls):
            offered.append(f"AUTH {' '.join(self.sink.auth)}")
        offered += [*(["SMTPUTF8"] if self.sink.utf8 else []), *(["PIPELINING"] if self.sink.pipelining else [])]
        await self.say("\r\n".join(f"250-{one}" for one in offered) + "\r\n250 SIZE 100000000", "ehlo")

    async def on_helo(self, _: str) -> None:
        await self.say("250 sink")

    async def on_starttls(self, _: str) -> None:
        if await self.say("220 go", "starttls"):
            await self.writer.start_tls(self.sink.tls)
            self.secure = True

    async def on_auth(self, line: str) -> None:
        _, name, *initial = line.split()
        if name == "LOGIN":
            user = await self.challenged(b"Username:")
            self.user = user if self.sink.users.get(user) == await self.challenged(b"Password:") else ""
        elif name == "PLAIN":
            _, user, password = base64.b64decode(initial[0]).decode().split("\0")
            self.user = user if self.sink.users.get(user) == password else ""
        else:
            said = base64.b64decode(initial[0]).decode()
            token = re.search("auth=Bearer (.*?)\x01", said)[1]
            self.user = self.sink.tokens.get(token, "") if self.sink.tokens.get(token, "?") in said else ""
            if not self.user:
                self.answer_to_failure = await self.challenged(b'{"status":"401","schemes":"bearer"}')
        yes = f"235 2.7.0 {self.user}" if self.user else "535 5.7.8 authentication failed"
        if await self.say(yes, "auth") and self.user:
            self.sink.signed_in.append(self.user)

    async def challenged(self, words: bytes) -> str:
        self.writer.write(b"334 " + base64.b64encode(words) + b"\r\n")
        line = (await self.reader.readuntil(b"\r\n")).decode().strip()
        self.sink.commands.append(line)
        return base64.b64decode(line).decode()

    async def on_mail(self, line: str) -> None:
        sender = re.search("<(.*?)>", line)[1]
        if self.sink.auth and not self.user:
            await self.say("530 5.7.0 authentication required")
            return
        if await self.say("250 ok", f"mail {sender}", "mail"):
            self.mail_from = sender
            self.recipients = []

    async def on_rcpt(self, line: str) -> None:
        recipient = re.search("<(.*?)>", line)[1]
        if self.mail_from is None:
            await self.say("503 no sender")
        elif await self.say("250 ok", recipient, "rcpt"):
            self.recipients.append(recipient)

    async def on_data(self, _: str) -> None:
        if not self.recipients:
            await self.say("503 no recipient")
            return
        if not await self.say("354 go", "data"):
            return
        wire = b"\r\n" + await self.reader.readuntil(b"\r\n")
        if wire != b"\r\n.\r\n":
            wire += await self.reader.readuntil(b".\r\n")
            while not wire.endswith(b"\r\n.\r\n"):
                wire += await self.reader.readuntil(b".\r\n")
        data = wire[:-3].replace(b"\r\n.", b"\r\n")[2:]
        if self.sink.gate and len(data) >= self.sink.gate_from:
            self.sink.at_gate += 1
            await self.sink.gate.wait()
            self.sink.at_gate -= 1
        key = f"end {self.recipients[0]}"
        mail = Taken(self.mail_from, tuple(self.recipients), data, self.number)
        if self.sink.script.get("lost"):  # taken, but the answer never comes
            self.sink.script["lost"].pop()
            self.sink.keep(mail)
            raise ConnectionResetError
        answer = self.answer(f"250 2.0.0 taken as {len(self.sink.taken) + 1}", key, "end")
        if says_yes(answer):  # first: who hears the answer may look at once
            self.sink.keep(mail)
        await self.say(answer)
        self.mail_from, self.recipients = None, []

    async def on_rset(self, _: str) -> None:
        self.mail_from, self.recipients = None, []
        await self.say("250 ok", "rset")

    async def on_noop(self, _: str) -> None:
        await self.say("250 ok")
