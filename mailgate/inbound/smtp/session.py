"""The SMTP listener: the only file that names aiosmtpd.

It checks recipient, size and line ends, hands the bytes to the acceptor, and says 250
when they are durable. It never reads a mail, never relays, and adds no header: envelope,
time and way in stand in the inbox row, so that Authentication-Results which a front
server put on top stay above the first Received (guarantee 7), where a Received of ours
would bury them. No words of an exception ever reach a peer; an unknown error is temporary.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from aiosmtpd.smtp import SMTP

from mailgate.errors import DatabaseBusy, StorageError
from mailgate.inbound.accept import Acceptor
from mailgate.inbound.smtp.data import LONGEST_LINE, DataBlock, Flaw
from mailgate.inbound.smtp.syntax import MailTrouble, mail_trouble, read_path
from mailgate.mail import Delivery, Envelope, Kept, normalise
from mailgate.settings import Listener
from mailgate.store.raw_files import LARGE, Draft
from mailgate.system import maillog

COMMAND_TIMEOUT = 300.0  # seconds; RFC 5321 4.5.3.2.7
DATA_TIMEOUT = 180.0  # seconds between two pieces; RFC 5321 4.5.3.2.5
DATA_TOTAL = 3600.0  # seconds for one message, so that a trickle holds no connection for ever
MAX_RECIPIENTS = 100  # RFC 5321 4.5.3.1.8
MAX_ERRORS = 100  # refused commands of one connection
LONGEST_COMMAND = 4096  # bytes; RFC 5321 4.5.3.1.4 asks for 512 and for more by extensions
READ = 1 << 24  # more than the stream reader ever holds, so that one read empties it

_TRY_LATER = "Trouble here, nothing was taken; try again later"
_FLAWS = {
    Flaw.TOO_BIG: (552, "5.3.4 The message is too big"),
    Flaw.NO_ROOM: (452, f"4.3.1 {_TRY_LATER}"),
    Flaw.BARE_CR: (550, "5.6.11 A bare CR stands in the message"),
    Flaw.LONG_LINE: (554, "5.6.0 A line is longer than 65536 bytes"),
}


@dataclass(frozen=True, slots=True)
class Refusal:
    """What was refused to whom; recipient is "" when it was not about one."""

    peer: str
    sender: str | None
    recipient: str
    code: int
    text: str


class SmtpListener:
    """Serves SMTP on the running loop.

    `is_desk` says for which recipients mail is taken; `refused` hears of every refusal
    and must not block; `clock` tells the time (aware UTC).
    """

    def __init__(
        self,
        config: Listener,
        *,
        hostname: str,
        is_desk: Callable[[str], bool],
        acceptor: Acceptor,
        clock: Callable[[], datetime],
        refused: Callable[[Refusal], None],
    ) -> None:
        self.config = config
        self.hostname = hostname
        self.is_desk = is_desk
        self.acceptor = acceptor
        self.clock = clock
        self.sessions: set[Session] = set()
        self.stopping = False
        self._tell = refused
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen. Raises OSError when the address cannot be had."""
        logging.getLogger("mail.log").setLevel(logging.WARNING)  # aiosmtpd logs every command of every peer
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            self._connect, self.config.host, self.config.port, backlog=max(self.config.max_connections, 100)
        )

    @property
    def port(self) -> int:
        """The port that is listened on (where the config says 0, the one that was given)."""
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    def _connect(self) -> asyncio.Protocol:
        if self.stopping or len(self.sessions) >= self.config.max_connections:
            return _Busy(self)
        session = Session(self)
        self.sessions.add(session)
        return session

    def refuse(self, peer: str, sender: str | None, recipient: str, code: int, text: str) -> None:
        """Log and tell a refusal."""
        maillog.refused(peer=peer, sender=sender, recipient=recipient, code=code, reason=text)
        self._tell(Refusal(peer, sender, recipient, code, text))

    async def stop(self, grace: float) -> None:
        """Take no new connection, tell idle peers 421, let running DATA finish for `grace` seconds."""
        self.stopping = True
        if self._server is not None:
            self._server.close()
        for session in list(self.sessions):
            session.leave()
        running = {session.task for session in self.sessions if session.task is not None}
        if running:
            await asyncio.wait(running, timeout=grace)
        for session in list(self.sessions):
            session.abort()
        await asyncio.sleep(0)  # lets the aborted connections be told so


class _Busy(asyncio.Protocol):
    """Answers a connection that there is no room for."""

    def __init__(self, listener: SmtpListener) -> None:
        self._listener = listener

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        host = self._listener.hostname
        transport.write(f"421 4.3.2 {host} has too many connections, try again later\r\n".encode())
        transport.close()
        self._listener.refuse(_peer(transport), None, "", 421, "4.3.2 too many connections")


class Session(SMTP):
    """One connection: aiosmtpd's protocol and timers, our commands and our DATA reader."""

    line_length_limit = LONGEST_LINE  # how much the stream reader gathers before it makes the peer wait

    def __init__(self, listener: SmtpListener) -> None:
        super().__init__(
            None,
            data_size_limit=listener.config.max_size,
            enable_SMTPUTF8=True,
            hostname=listener.hostname,  # else it is looked up per connection
            timeout=COMMAND_TIMEOUT,
            loop=asyncio.get_running_loop(),
        )
        self._listener = listener
        self._sender: str | None = None
        self._recipients: list[str] = []
        self._errors = 0
        self._in_data = False
        self._leaving = False
        self._peer = ""

    def __dir__(self) -> list[str]:
        # aiosmtpd looks through dir() of every new connection for commands and logins, a third
        # of the whole cost of a connection; ours stand in _COMMANDS.
        return []

    # -- the connection

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The peer is there."""
        self._peer = _peer(transport)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        """The peer is gone."""
        self._listener.sessions.discard(self)
        super().connection_lost(error)

    def eof_received(self) -> bool | None:
        """The peer sends no more; what it sent is still answered (aiosmtpd would cancel it)."""
        return asyncio.StreamReaderProtocol.eof_received(self)

    def _timeout_cb(self) -> None:
        self._close_with("421 4.4.2 Timeout")

    @property
    def task(self) -> asyncio.Task[None] | None:
        """The conversation, while there is one."""
        return self._handler_coroutine

    def leave(self) -> None:
        """Say 421 and close, at once or after the DATA that is running."""
        self._leaving = True
        if not self._in_data:
            self._close_with(f"421 4.3.2 {self.hostname} is going down")

    def abort(self) -> None:
        """Close at once."""
        if isinstance(self.transport, asyncio.WriteTransport):
            self.transport.abort()

    def _close_with(self, answer: str) -> None:
        self._leaving = True
        if isinstance(self.transport, asyncio.WriteTransport) and not self.transport.is_closing():
            self.transport.write(f"{answer}\r\n".encode())
            self.transport.close()

    async def _handle_client(self) -> None:
        try:
            await self._say(f"220 {self.hostname} ESMTP mailgate")
            while not self._leaving:
                await self._command(await self._reader.readuntil(b"\n"))
            self._close_with(f"421 4.3.2 {self.hostname} is going down")
        except asyncio.LimitOverrunError:
            self._close_with("500 5.5.2 Line too long")
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the peer is gone: what was accepted is stored, the rest never was ours
        finally:
            self._writer.close()

    async def _command(self, line: bytes) -> None:
        self._reset_timeout()
        verb, _, argument = line.rstrip(b"\r\n").partition(b" ")
        method = _COMMANDS.get(verb.upper())
        if method is None or len(line) > LONGEST_COMMAND:
            await self._refuse(500, "5.5.2 Command not known" if method is None else "5.5.2 Line too long")
            return
        try:
            await method(self, argument.decode("utf-8", "surrogateescape").strip())
        except (ConnectionError, asyncio.IncompleteReadError):
            raise
        except Exception:
            maillog.session_broke(peer=self._peer)
            self._reset()
            await self._refuse(451, f"4.3.0 {_TRY_LATER}")

    async def _refuse(self, code: int, text: str, recipient: str = "", *, tell: bool = False) -> None:
        if tell:
            self._listener.refuse(self._peer, self._sender, recipient, code, text)
        await self._say(f"{code} {text}")
        self._errors += 1
        if self._errors >= MAX_ERRORS:
            self._close_with("421 4.7.0 Too many errors")

    async def _say(self, answer: str) -> None:
        self._writer.write(f"{answer}\r\n".encode())
        await self._writer.drain()

    def _reset(self) -> None:
        self._sender = None
        self._recipients = []

    # -- the commands, in protocol order

    async def ehlo(self, name: str) -> None:
        """RFC 5321 4.1.1.1."""
        if await self._greet(name):
            extensions = ("PIPELINING", f"SIZE {self._listener.config.max_size}", "8BITMIME", "ENHANCEDSTATUSCODES")
            lines = (self.hostname, *extensions, "SMTPUTF8")
            await self._say("\r\n".join(f"250{' ' if line is lines[-1] else '-'}{line}" for line in lines))

    async def helo(self, name: str) -> None:
        """RFC 5321 4.1.1.1."""
        if await self._greet(name):
            await self._say(f"250 {self.hostname}")

    async def _greet(self, name: str) -> bool:
        assert self.session is not None
        self._reset()
        if not name:
            await self._refuse(501, "5.5.4 Say who you are")
            return False
        self.session.host_name = name
        return True

    async def mail(self, argument: str) -> None:
        """RFC 5321 4.1.1.2."""
        assert self.session is not None
        if not self.session.host_name:
            return await self._refuse(503, "5.5.1 Say EHLO first")
        if self._sender is not None:
            return await self._refuse(503, "5.5.1 MAIL was said already")
        parsed = read_path(argument, "FROM:")
        if parsed is None:
            return await self._refuse(501, "5.5.4 Syntax: MAIL FROM:<address>")
        sender, parameters = parsed
        trouble = mail_trouble(parameters, self._listener.config.max_size)
        if trouble is MailTrouble.UNKNOWN:
            return await self._refuse(555, "5.5.4 MAIL parameter is not known")
        if trouble is MailTrouble.BAD_SIZE:
            return await self._refuse(501, "5.5.4 Syntax: SIZE=bytes")
        self._sender = sender
        if trouble is MailTrouble.TOO_BIG:
            await self._refuse(*_FLAWS[Flaw.TOO_BIG], tell=True)
            return self._reset()
        return await self._say("250 2.1.0 Sender ok")

    async def rcpt(self, argument: str) -> None:
        """RFC 5321 4.1.1.3: only the desk's own recipients."""
        if self._sender is None:
            return await self._refuse(503, "5.5.1 Say MAIL first")
        parsed = read_path(argument, "TO:")
        if parsed is None or not parsed[0]:
            return await self._refuse(501, "5.5.4 Syntax: RCPT TO:<address>")
        address, parameters = parsed
        if parameters:
            return await self._refuse(555, "5.5.4 RCPT parameters are not known")
        if not self._listener.is_desk(address):
            return await self._refuse(550, "5.1.1 No such address here", address, tell=True)
        recipient = normalise(address)
        if recipient not in self._recipients:
            if len(self._recipients) >= MAX_RECIPIENTS:
                return await self._refuse(452, "4.5.3 Too many recipients", address)
            self._recipients.append(recipient)
        return await self._say("250 2.1.5 Recipient ok")

    async def data(self, argument: str) -> None:
        """RFC 5321 4.1.1.4."""
        if self._sender is None or not self._recipients:
            return await self._refuse(503, "5.5.1 Say MAIL and RCPT first")
        if argument:
            return await self._refuse(501, "5.5.4 Syntax: DATA")
        self._in_data = True
        try:
            await self._say("354 End with <CRLF>.<CRLF>")
            content = await self._read_data()
            if isinstance(content, Flaw):
                await self._refuse(*_FLAWS[content], ", ".join(self._recipients), tell=True)
            else:
                await self._take(content)
        finally:
            self._in_data = False
            self._reset()

    async def _read_data(self) -> bytes | Kept | Flaw:
        """The message; a large one goes into its file as it comes, so that memory holds little of it."""
        block = DataBlock(self._listener.config.max_size)
        draft: Draft | None = None
        give_up = self.loop.time() + DATA_TOTAL
        try:
            rest = None
            while rest is None:
                self._reset_timeout(min(DATA_TIMEOUT, max(give_up - self.loop.time(), 0.001)))
                chunk = await self._reader.read(READ)
                if not chunk:
                    raise asyncio.IncompleteReadError(b"", None)
                rest = block.feed(chunk)
                if len(block) > LARGE:
                    draft = await self._write_out(block, draft)
            self._reset_timeout()
            if rest:
                self._reader.feed_data(rest)  # the reader is empty: pipelined commands come next again
            if draft is None or block.flaw:
                return block.content()
            kept = await self._finished(draft, block)
            draft = None
            return kept
        finally:
            if draft is not None:
                draft.drop()

    @staticmethod
    async def _finished(draft: Draft, block: DataBlock) -> Kept | Flaw:
        try:
            await asyncio.to_thread(draft.write, block.take())
            return await asyncio.to_thread(draft.finish)
        except StorageError as error:
            maillog.storage_trouble(error)
            draft.drop()
            return Flaw.NO_ROOM

    async def _write_out(self, block: DataBlock, draft: Draft | None) -> Draft | None:
        """Move what is finished into the file. What the disk does not take makes the block a refused one."""
        try:
            draft = draft or self._listener.acceptor.begin()
            await asyncio.to_thread(draft.write, block.take())
        except StorageError as error:
            maillog.storage_trouble(error)
            block.drop(Flaw.NO_ROOM)
        return draft

    async def _take(self, content: bytes | Kept) -> None:
        listener = self._listener
        recipients = tuple(self._recipients)
        delivery = Delivery(
            source="smtp",
            source_key=f"smtp:{uuid.uuid4().hex}",  # a repeat after a lost 250 is known by its content later
            envelope=Envelope(self._sender, recipients),
            raw=content,
            arrived_at=listener.clock(),
            authserv_ids=listener.config.authserv_ids,
        )
        try:
            inbox_id = await listener.acceptor.accept(delivery)
        except DatabaseBusy:
            await self._refuse(451, f"4.3.0 {_TRY_LATER}", ", ".join(recipients), tell=True)
        except StorageError:
            await self._refuse(452, f"4.3.1 {_TRY_LATER}", ", ".join(recipients), tell=True)
        else:
            maillog.accepted(
                inbox_id=inbox_id, source="smtp", sender=self._sender, recipients=recipients, size=len(content)
            )
            await self._say(f"250 2.0.0 Taken as {inbox_id}")

    async def rset(self, _: str) -> None:
        """RFC 5321 4.1.1.5."""
        self._reset()
        await self._say("250 2.0.0 Ok")

    async def noop(self, _: str) -> None:
        """RFC 5321 4.1.1.9."""
        await self._say("250 2.0.0 Ok")

    async def vrfy(self, _: str) -> None:
        """RFC 5321 3.5.3: neither yes nor no."""
        await self._say("252 2.1.5 Not verified here; mail for the desk is taken")

    async def help(self, _: str) -> None:
        """RFC 5321 4.1.1.8."""
        await self._say("214 2.0.0 EHLO HELO MAIL RCPT DATA RSET NOOP VRFY QUIT; see RFC 5321")

    async def not_here(self, _: str) -> None:
        """RFC 5321 4.2.4: known, not offered."""
        await self._refuse(502, "5.5.1 Not offered here")

    async def quit(self, _: str) -> None:
        """RFC 5321 4.1.1.10."""
        self._close_with("221 2.0.0 Bye")


_COMMANDS: dict[bytes, Callable[[Session, str], Awaitable[None]]] = {
    b"EHLO": Session.ehlo,
    b"HELO": Session.helo,
    b"MAIL": Session.mail,
    b"RCPT": Session.rcpt,
    b"DATA": Session.data,
    b"RSET": Session.rset,
    b"NOOP": Session.noop,
    b"VRFY": Session.vrfy,
    b"HELP": Session.help,
    b"EXPN": Session.not_here,
    b"AUTH": Session.not_here,
    b"STARTTLS": Session.not_here,
    b"BDAT": Session.not_here,
    b"QUIT": Session.quit,
}


def _peer(transport: asyncio.BaseTransport) -> str:
    name = transport.get_extra_info("peername")
    return str(name[0]) if isinstance(name, tuple) else ""
