"""One attempt to hand one mail over: to the relay by SMTP, or into a Maildir.

It answers with what was said and at which stage; what that means is judged elsewhere.
A connection is kept for the next mail. TLS is verified and never optional where it is
configured. Every wait has a deadline.

An SMTP client of our own: the dialogue is small, the stage of each answer is what the
policy needs, and commands go out in one piece where the relay offers PIPELINING, which
costs a third of the processor time of the libraries that were measured.
"""

from __future__ import annotations

import asyncio
import os
import re
import socket
import ssl
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from mailgate.outbound.backoff import Reply, Stage
from mailgate.outbound.downgrade import needs_utf8, without_utf8
from mailgate.settings import Relay as RelayConfig

CONNECT_TIMEOUT = 30.0  # seconds
REPLY_TIMEOUT = 300.0  # RFC 5321 4.5.3.2.2 - 4.5.3.2.3
SEND_TIMEOUT = 600.0  # for the bytes of one mail; RFC 5321 4.5.3.2.5 asks for 3 minutes a block
END_TIMEOUT = 600.0  # RFC 5321 4.5.3.2.6
QUIT_TIMEOUT = 2.0
LONGEST_REPLY = 100  # lines

_REPLY_LINE = re.compile(rb"([2-5][0-9][0-9])(?:([ -])(.*))?", re.DOTALL)
_QUOTED_LOCAL = re.compile(r'"(?:[^"\\]|\\.)*"@[^ ]+')  # RFC 5321 4.1.2
_BARE_END = re.compile(rb"\r\n|\r|\n")


class Transport(Protocol):
    """What hands mail over, one at a time."""

    async def send(self, mail_from: str, recipient: str, data: bytes) -> Reply:
        """Hand one mail over; the decisive answer. Never raises for trouble of the other side."""

    async def close(self) -> None:
        """End politely; `send` connects again."""


def transport(config: RelayConfig, hostname: str) -> Transport:
    """The transport that [relay] asks for. `hostname` is our own name for EHLO."""
    if config.transport == "maildir":
        assert config.path is not None
        return MaildirRelay(config.path)
    return SmtpRelay(config, hostname)


class _Refused(Exception):
    """Ends an attempt with a reply; never leaves this file."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(str(reply))
        self.reply = reply


class SmtpRelay:
    """A connection to the relay, made when it is needed and kept. Used by one task at a time."""

    def __init__(self, config: RelayConfig, hostname: str, tls: ssl.SSLContext | None = None) -> None:
        self._config = config
        self._hostname = hostname
        self._tls = tls
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._offered: dict[str, str] = {}  # EHLO keyword → parameters
        self._dirty = False  # a transaction was begun and not ended

    async def send(self, mail_from: str, recipient: str, data: bytes) -> Reply:
        """Hand one mail over; the decisive answer, code 0 when the connection was lost."""
        if not _fits_envelope(recipient) or (mail_from and not _fits_envelope(mail_from)):
            return Reply(Stage.RCPT, 553, "5.1.3 not an address that can be written to")
        kept = self._writer is not None
        reply = await self._attempt(mail_from, recipient, data)
        if kept and reply.stage is Stage.MAIL and reply.code in (0, 421):
            # The relay hung up on a connection that idled: that says nothing about this mail.
            reply = await self._attempt(mail_from, recipient, data)
        return reply

    async def _attempt(self, mail_from: str, recipient: str, data: bytes) -> Reply:
        try:
            if self._writer is None:
                await self._open()
            return await self._transaction(mail_from, recipient, data)
        except _Refused as refused:
            if refused.reply.code in (0, 421) or refused.reply.stage.about_relay:
                self._drop()
            return refused.reply
        except BaseException:
            self._drop()
            raise

    # -- the connection

    async def _open(self) -> None:
        config = self._config
        implicit = config.tls == "implicit"
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT):
                self._reader, self._writer = await asyncio.open_connection(
                    config.host, config.port, ssl=self._context() if implicit else None
                )
        except (OSError, TimeoutError, UnicodeError) as error:  # UnicodeError: a host name that is none
            stage = Stage.TLS if isinstance(error, ssl.SSLError) else Stage.CONNECT
            raise _Refused(Reply(stage, 0, f"{config.host}:{config.port}: {_words(error)}")) from error
        self._dirty = False
        await self._expect(Stage.CONNECT, 220)
        await self._ehlo()
        if config.tls == "starttls":
            await self._start_tls()

    def _context(self) -> ssl.SSLContext:
        if self._tls is None:
            self._tls = ssl.create_default_context()
        return self._tls

    async def _ehlo(self) -> None:
        self._write(f"EHLO {self._hostname}")
        reply = await self._read(Stage.EHLO, REPLY_TIMEOUT)
        self._offered = {}
        if reply.permanent:  # RFC 5321 3.2: an old server knows HELO alone
            self._write(f"HELO {self._hostname}")
            await self._expect(Stage.EHLO, 250)
            return
        if reply.code != 250:
            raise _Refused(reply)
        for line in reply.text.splitlines()[1:]:
            keyword, _, parameters = line.strip().partition(" ")
            self._offered[keyword.upper()] = parameters

    async def _start_tls(self) -> None:
        if "STARTTLS" not in self._offered:
            raise _Refused(Reply(Stage.TLS, 0, "the relay offers no STARTTLS"))
        self._write("STARTTLS")
        await self._expect(Stage.TLS, 220)
        assert self._writer is not None
        assert self._reader is not None
        if self._reader._buffer:  # type: ignore[attr-defined]  # noqa: SLF001 - nothing in clear may count as said in TLS
            raise _Refused(Reply(Stage.TLS, 0, "the relay said something before TLS was up"))
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT):
                await self._writer.start_tls(self._context(), server_hostname=self._config.host)
        except (OSError, TimeoutError) as error:
            raise _Refused(Reply(Stage.TLS, 0, _words(error))) from error
        await self._ehlo()  # RFC 3207 4.2: what was said in clear counts no longer

    def _drop(self) -> None:
        if self._writer is not None:
            self._writer.close()
        self._reader = self._writer = None

    async def close(self) -> None:
        """Say QUIT and hang up."""
        if self._writer is None:
            return
        try:
            self._write("QUIT")
            await self._read(Stage.MAIL, QUIT_TIMEOUT)
        except _Refused:
            pass
        finally:
            self._drop()

    # -- one mail

    async def _transaction(self, mail_from: str, recipient: str, data: bytes) -> Reply:
        if "SMTPUTF8" not in self._offered and needs_utf8(data):
            data = without_utf8(data)
        stages = [Stage.MAIL, Stage.RCPT, Stage.DATA]
        commands = [self._mail_command(mail_from, recipient, data), f"RCPT TO:<{recipient}>", "DATA"]
        if self._dirty:
            self._write("RSET")
            await self._expect(Stage.MAIL, 250)
        self._dirty = True
        refusal = await self._say_all(stages, commands)
        if refusal is not None:
            return refusal
        await self._write_data(data)
        reply = await self._read(Stage.DATA_END, END_TIMEOUT)
        self._dirty = False  # RFC 5321 4.1.1.4: the end of DATA clears the transaction, whatever the answer
        if reply.code == 421:
            self._drop()
        return reply

    def _mail_command(self, mail_from: str, recipient: str, data: bytes) -> str:
        words = [f"MAIL FROM:<{mail_from}>"]
        if "SIZE" in self._offered:
            words.append(f"SIZE={len(data)}")  # RFC 1870 6
        if not data.isascii() and "8BITMIME" in self._offered:
            words.append("BODY=8BITMIME")  # RFC 6152 2
        if not (mail_from + recipient).isascii() or needs_utf8(data):
            if "SMTPUTF8" not in self._offered:  # RFC 6531 3.2
                raise _Refused(Reply(Stage.RCPT, 553, "5.6.7 the relay takes no addresses beyond ASCII"))
            words.append("SMTPUTF8")
        return " ".join(words)

    async def _say_all(self, stages: Sequence[Stage], commands: Sequence[str]) -> Reply | None:
        """Say MAIL, RCPT and DATA; the first refusal, or None when the bytes may come."""
        pipelining = "PIPELINING" in self._offered
        if pipelining:
            self._write("\r\n".join(commands))  # RFC 2920 3.1
        refusal: Reply | None = None
        for stage, command in zip(stages, commands, strict=True):
            if not pipelining:
                self._write(command)
            reply = await self._read(stage, REPLY_TIMEOUT)
            yes = reply.code == 354 if stage is Stage.DATA else reply.code in (250, 251, 252)
            if refusal is None and not yes:
                refusal = reply
            if refusal is not None and (not pipelining or reply.code == 421):
                break
            if refusal is not None and reply.code == 354:
                self._write(".")  # RFC 2920 3.1: DATA was taken without a recipient: end it empty
                await self._read(Stage.DATA_END, END_TIMEOUT)
        if refusal is not None and refusal.code == 421:
            self._drop()
        return refusal

    async def _write_data(self, data: bytes) -> None:
        assert self._writer is not None
        if not data.count(b"\n") == data.count(b"\r") == data.count(b"\r\n"):
            data = _BARE_END.sub(b"\r\n", data)  # a bare CR or LF would let one mail look like two at the next server
        if data.startswith(b"."):
            data = b"." + data
        data = data.replace(b"\r\n.", b"\r\n..")  # RFC 5321 4.5.2
        try:
            async with asyncio.timeout(SEND_TIMEOUT):
                self._writer.write(data + (b".\r\n" if data.endswith(b"\r\n") else b"\r\n.\r\n"))
                await self._writer.drain()
        except (OSError, TimeoutError) as error:
            raise _Refused(Reply(Stage.DATA_END, 0, _words(error))) from error

    # -- lines

    def _write(self, line: str) -> None:
        assert self._writer is not None
        self._writer.write(f"{line}\r\n".encode())

    async def _expect(self, stage: Stage, code: int) -> Reply:
        reply = await self._read(stage, REPLY_TIMEOUT)
        if reply.code != code:
            raise _Refused(reply)
        return reply

    async def _read(self, stage: Stage, seconds: float) -> Reply:
        """One reply (RFC 5321 4.2.1). Raises _Refused with code 0 when none comes."""
        assert self._reader is not None
        lines: list[str] = []
        try:
            async with asyncio.timeout(seconds):
                while len(lines) < LONGEST_REPLY:
                    line = await self._reader.readuntil(b"\n")
                    found = _REPLY_LINE.fullmatch(line.rstrip(b"\r\n"))
                    if found is None:
                        raise _Refused(Reply(stage, 0, f"not an SMTP answer: {_shown(line)}"))
                    lines.append(_shown(found[3] or b""))
                    if found[2] != b"-":
                        return Reply(stage, int(found[1]), "\n".join(lines))
        except TimeoutError as error:
            raise _Refused(Reply(stage, 0, f"no answer within {seconds:.0f} seconds")) from error
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
            raise _Refused(Reply(stage, 0, f"the connection was lost: {_words(error)}")) from error
        raise _Refused(Reply(stage, 0, "an answer without end"))


def _fits_envelope(address: str) -> bool:
    """True for what cannot break out of `<…>` in a command line."""
    if not address.isprintable() or "@" not in address or any(mark in address for mark in "<>"):
        return False
    return " " not in address or _QUOTED_LOCAL.fullmatch(address) is not None


def _shown(line: bytes) -> str:
    text = line.decode("utf-8", "replace").strip()
    if text.isprintable():
        return text[:1000]
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)[:1000]


def _words(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return "timed out"
    if isinstance(error, asyncio.IncompleteReadError):
        return "closed by the relay"
    return (error.strerror if isinstance(error, OSError) else "") or str(error) or type(error).__name__


class MaildirRelay:
    """Writes each mail into a Maildir, durable when `send` returns (`transport = "maildir"`)."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._count = 0

    async def send(self, mail_from: str, recipient: str, data: bytes) -> Reply:
        """Write one mail, its envelope on top as a local delivery agent does. Disk trouble is the relay's."""
        head = f"Return-Path: <{mail_from}>\nDelivered-To: {recipient}\n"
        mail = _one_line_each(head) + data.replace(b"\r\n", b"\n")
        self._count += 1
        name = f"{time.time():.6f}.P{os.getpid()}Q{id(self)}N{self._count}.{socket.gethostname()}"
        try:
            await asyncio.to_thread(_write_durably, self._path, name.replace("/", "\\057"), mail)
        except OSError as error:
            return Reply(Stage.CONNECT, 0, f"{self._path}: {_words(error)}")
        return Reply(Stage.DATA_END, 250, f"2.0.0 written as {name}")

    async def close(self) -> None:
        """Nothing is open between mails."""


def _one_line_each(head: str) -> bytes:
    return "".join(line + "\n" for line in head.split("\n") if line.isprintable() and line).encode()


def _write_durably(path: Path, name: str, mail: bytes) -> None:
    """tmp, fsync, rename into new, fsync the folder."""
    for folder in ("tmp", "new", "cur"):
        (path / folder).mkdir(parents=True, exist_ok=True)
    draft = path / "tmp" / name
    try:
        with draft.open("xb") as file:
            file.write(mail)
            file.flush()
            os.fsync(file.fileno())
        draft.rename(path / "new" / name)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    folder_handle = os.open(path / "new", os.O_RDONLY)
    try:
        os.fsync(folder_handle)
    finally:
        os.close(folder_handle)
