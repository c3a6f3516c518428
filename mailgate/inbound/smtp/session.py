"""One SMTP, LMTP or submission session: the only file that names aiosmtpd.

It checks recipient, size and line ends, hands the bytes to the acceptor, and says 250
when they are durable. It never reads a mail, never relays, and adds no header: envelope,
time and way in stand in the inbox row, so that Authentication-Results which a front
server put on top stay above the first Received, where a Received of ours
would bury them. No words of an exception ever reach a peer; an unknown error is temporary.
"""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
import uuid
from base64 import b64decode, b64encode
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import cast

from aiosmtpd.smtp import SMTP

from mailgate.errors import DatabaseBusy, StorageError
from mailgate.inbound.smtp import replies
from mailgate.inbound.smtp.data import LONGEST_LINE, Flaw
from mailgate.inbound.smtp.receive import receive
from mailgate.inbound.smtp.service import Service
from mailgate.inbound.smtp.syntax import mail_trouble, read_path
from mailgate.mail import Delivery, Envelope, Kept, normalise
from mailgate.system import maillog
from mailgate.system.crash_points import crossing
from mailgate.system.streams import write

COMMAND_TIMEOUT = 300.0  # seconds; RFC 5321 4.5.3.2.7
TLS_TIMEOUT = 30.0  # seconds for a handshake
MAX_RECIPIENTS = 100  # RFC 5321 4.5.3.1.8
MAX_ERRORS = 100  # refused commands of one connection
LOGIN_TRIES = 3  # of one connection
FAILED_LOGIN_PAUSE = 1.0  # seconds before the answer to a failed one
LONGEST_COMMAND = 4096  # bytes; RFC 5321 4.5.3.1.4 asks for 512 and for more by extensions
LONGEST_AUTH = 12_288  # bytes; RFC 4954 4

# What a browser says that was made to post to a mail port: what follows would be the words of a web page.
_HTTP = frozenset((b"GET", b"POST", b"HEAD", b"PUT", b"OPTIONS", b"CONNECT", b"DELETE", b"PATCH", b"TRACE"))


class Session(SMTP):
    """One connection: aiosmtpd's protocol and timers, our commands and our DATA reader.

    `peer` is the client's address where a PROXY header names it; `ended` is called once the connection is gone.
    """

    line_length_limit = LONGEST_LINE  # how much the stream reader gathers before it makes the peer wait

    def __init__(self, service: Service, ended: Callable[[Session], None], peer: str = "") -> None:
        super().__init__(
            None,
            data_size_limit=service.config.max_size,
            enable_SMTPUTF8=True,
            hostname=service.hostname,  # else it is looked up per connection
            timeout=COMMAND_TIMEOUT,
            loop=asyncio.get_running_loop(),
        )
        self._service = service
        self._ended = ended
        self._lmtp = service.config.protocol == "lmtp"
        self._sender: str | None = None
        self._recipients: list[str] = []
        self._accepted = 0  # RCPT commands that were accepted: an answer each in LMTP
        self._errors = 0
        self._tries = 0
        self._agent = ""
        self._encrypted = False
        self._in_data = False
        self._leaving = False
        self._gone = False
        self._peer = peer
        self.handshake: asyncio.Task[None] | None = None  # of a connection that begins with one

    def __dir__(self) -> list[str]:
        # aiosmtpd looks through dir() of every new connection for commands and logins, a third
        # of the whole cost of a connection; ours stand in _COMMANDS.
        return []

    # -- the connection

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The peer is there."""
        self._peer = self._peer or peer_of(transport)
        self._encrypted = transport.get_extra_info("ssl_object") is not None
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        """The peer is gone."""
        self._gone = True
        self._ended(self)
        super().connection_lost(error)

    def never_began(self) -> None:
        """The handshake failed: there will be no conversation."""
        self._ended(self)

    def eof_received(self) -> bool | None:
        """The peer sends no more; what it sent is still answered (aiosmtpd would cancel it)."""
        return asyncio.StreamReaderProtocol.eof_received(self)

    def _timeout_cb(self) -> None:
        self._close_with(f"421 4.4.2 {self.hostname} Error: timeout exceeded")

    @property
    def task(self) -> asyncio.Task[None] | None:
        """The conversation, while there is one."""
        return self._handler_coroutine

    def leave(self) -> None:
        """Say 421 and close, at once or after the DATA that is running."""
        self._leaving = True
        if not self._in_data:
            self._close_with(self._shutting_down)

    @property
    def _shutting_down(self) -> str:
        return f"421 4.3.2 {self.hostname} Service shutting down"

    def abort(self) -> None:
        """Close at once."""
        if self.handshake:
            self.handshake.cancel()
        if self._wire:
            # Python 3.11.2: a TLS transport that was closed twice, by aiosmtpd and here, has no protocol any more.
            with suppress(AttributeError):
                self._wire.abort()

    def _close_with(self, answer: str) -> None:
        self._leaving = True
        if self._wire and not self._wire.is_closing():
            write(self._wire, f"{answer}\r\n".encode())
            self._wire.close()

    @property
    def _wire(self) -> asyncio.Transport | None:
        return cast("asyncio.Transport | None", self.transport)  # uvloop's is no instance of asyncio's class

    async def _handle_client(self) -> None:
        try:
            await self._say(f"220 {self.hostname} {'LMTP' if self._lmtp else 'ESMTP'} mailgate")
            while not self._leaving:
                await self._command(await self._reader.readuntil(b"\n"))
            self._close_with(self._shutting_down)
        except asyncio.LimitOverrunError:
            self._close_with("{} {}".format(*replies.LINE_TOO_LONG))
        except (OSError, asyncio.IncompleteReadError):
            pass  # the peer is gone, or the handshake failed: what was accepted is stored
        finally:
            self._writer.close()

    async def _start_tls(self) -> None:
        """Hand the connection to TLS. Nothing of what was said before counts after it (RFC 3207 4.2).

        Without a pause between the check and the handshake, so that nothing can come in between.
        Raises OSError when the handshake fails.
        """
        assert self._service.tls is not None
        loop = asyncio.get_running_loop()
        self._reset_timeout(2 * TLS_TIMEOUT)  # the handshake has its own
        plain = self._writer.transport
        try:
            encrypted = await loop.start_tls(
                plain, self, self._service.tls, server_side=True, ssl_handshake_timeout=TLS_TIMEOUT
            )
            if encrypted is None:  # the peer was gone before the handshake began
                raise ConnectionResetError
        except OSError as error:
            if not self._gone:  # asyncio does not say so of a connection that ends within its handshake
                self.connection_lost(error)
            raise
        self.transport = encrypted
        for holder in (self, self._reader, self._writer):  # asyncio's own start_tls is for clients alone
            holder._transport = encrypted  # type: ignore[union-attr]  # noqa: SLF001
        self._over_ssl = True
        self._encrypted = True
        self._reset_timeout()
        self._forget_greeting()

    def _forget_greeting(self) -> None:
        assert self.session is not None
        self.session.host_name = None
        self._agent = ""
        self._reset()

    async def _command(self, line: bytes) -> None:
        self._reset_timeout()
        verb, _, argument = line.rstrip(b"\r\n").partition(b" ")
        verb = verb.upper()
        if verb in _HTTP:
            self._close_with(f"421 4.7.0 {self.hostname} Error: this is a mail server")
            return
        method = _COMMANDS.get(verb)
        if method is None and not (self.session and self.session.host_name):
            await self._refuse(replies.UNKNOWN_COMMAND)  # whatever speaks here, what follows are no commands
            self._close_with(f"421 4.7.0 {self.hostname} Error: this is a mail server")
            return
        if method is None or len(line) > (LONGEST_AUTH if verb == b"AUTH" else LONGEST_COMMAND):
            await self._refuse(replies.UNKNOWN_COMMAND if method is None else replies.LINE_TOO_LONG)
            return
        try:
            await method(self, argument.decode("utf-8", "surrogateescape").strip())
        except (ConnectionError, ssl.SSLError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            raise
        except Exception:
            maillog.session_error(peer=self._peer)
            self._reset()
            await self._refuse(replies.BUSY)

    async def _refuse(self, reply: replies.Reply, recipient: str = "", *, log: bool = False) -> None:
        code, text = reply
        if log:
            self._service.refuse(self._peer, self._sender, recipient, code, text)
        await self._say(f"{code} {text}")
        self._errors += 1
        if self._errors >= MAX_ERRORS:
            self._close_with(f"421 4.7.0 {self.hostname} Error: too many errors")

    async def _say(self, answer: str) -> None:
        write(self._writer, f"{answer}\r\n".encode())
        await self._writer.drain()

    def _reset(self) -> None:
        self._sender = None
        self._recipients = []
        self._accepted = 0

    # -- the commands, in protocol order

    async def ehlo(self, name: str) -> None:
        """RFC 5321 4.1.1.1."""
        await self._greet("EHLO", name)

    async def lhlo(self, name: str) -> None:
        """RFC 2033 4.1."""
        await self._greet("LHLO", name)

    async def helo(self, name: str) -> None:
        """RFC 5321 4.1.1.1."""
        await self._greet("HELO", name)

    async def _greet(self, verb: str, name: str) -> None:
        assert self.session is not None
        if self._lmtp is not (verb == "LHLO"):
            await self._refuse(replies.NOT_IMPLEMENTED)  # RFC 2033 4.1: LMTP knows no EHLO or HELO
            return
        self._reset()
        if not name:
            await self._refuse((501, f"5.5.4 Syntax: {verb} hostname"))
            return
        self.session.host_name = name
        lines = [self.hostname, *(() if verb == "HELO" else self._extensions())]
        await self._say("\r\n".join(f"250{' ' if line is lines[-1] else '-'}{line}" for line in lines))

    def _extensions(self) -> list[str]:
        offered = ["PIPELINING", f"SIZE {self._service.config.max_size}", "8BITMIME", "ENHANCEDSTATUSCODES"]
        if self._service.tls and not self._encrypted:
            offered.append("STARTTLS")
        if self._may_log_in:
            offered.append("AUTH PLAIN LOGIN")
        return [*offered, "SMTPUTF8"]

    @property
    def _may_log_in(self) -> bool:
        """A password is taken within TLS alone; without TLS the config allows loopback only."""
        return self._service.config.submission and (self._encrypted or self._service.tls is None)

    async def starttls(self, argument: str) -> None:
        """RFC 3207."""
        if self._service.tls is None:
            await self._refuse(replies.NOT_IMPLEMENTED)
        elif self._encrypted:
            await self._refuse(replies.TLS_AGAIN)
        elif argument:
            await self._refuse((501, "5.5.4 Syntax: STARTTLS"))
        elif self._reader._buffer:  # type: ignore[attr-defined]  # noqa: SLF001 - RFC 2920 3.1: the last of a group
            await self._refuse(replies.TLS_PIPELINED)
            self._close_with(f"421 4.7.0 {self.hostname} Error: command injection")
        else:
            write(self._writer, b"220 2.0.0 Ready to start TLS\r\n")
            await self._start_tls()

    async def auth(self, argument: str) -> None:
        """RFC 4954: PLAIN and LOGIN, on the submission listener."""
        if not self._service.config.submission:
            return await self._refuse(replies.NOT_IMPLEMENTED)
        if not self._may_log_in:
            return await self._refuse(replies.NEED_TLS)
        if self._agent or self._sender is not None:
            return await self._refuse(replies.AUTH_AGAIN)
        name, _, initial = argument.partition(" ")
        if name.upper() not in ("PLAIN", "LOGIN"):
            return await self._refuse(replies.AUTH_TYPE)
        try:
            read = self._read_plain if name.upper() == "PLAIN" else self._read_login
            user, password = await read(initial.strip())
        except _Aborted:
            return await self._refuse(replies.AUTH_ABORTED)
        except ValueError:
            return await self._refuse(replies.AUTH_SYNTAX)
        return await self._log_in(user, password)

    async def _read_plain(self, initial: str) -> tuple[str, str]:
        """RFC 4616 2; an authorization identity other than the user's own is refused."""
        message = _decoded(initial) if initial else await self._ask(b"")
        identity, user, password = message.split("\0")
        if identity not in ("", user):
            raise ValueError("another authorization identity")
        return user, password

    async def _read_login(self, initial: str) -> tuple[str, str]:
        user = _decoded(initial) if initial else await self._ask(b"Username:")
        return user, await self._ask(b"Password:")

    async def _ask(self, challenge: bytes) -> str:
        await self._say(f"334 {b64encode(challenge).decode()}")
        line = await self._reader.readuntil(b"\n")
        self._reset_timeout()
        answer = line.decode("ascii", "replace").strip()
        if answer == "*":
            raise _Aborted
        return _decoded(answer)

    async def _log_in(self, user: str, password: str) -> None:
        service = self._service
        if service.failed_logins.too_many(self._peer):
            self._close_with(f"421 4.7.0 {self.hostname} Error: too many failed logins")
            return
        async with service.login_slots:
            agent = await asyncio.to_thread(service.callbacks.login, user, password)
        if agent is not None:
            self._agent = agent
            await self._say("235 2.7.0 Authentication successful")
            return
        service.failed_logins.add(self._peer)
        self._tries += 1
        await asyncio.sleep(FAILED_LOGIN_PAUSE)
        await self._refuse(replies.AUTH_FAILED, log=True)
        if self._tries >= LOGIN_TRIES:
            self._close_with(f"421 4.7.0 {self.hostname} Error: too many failed logins")

    async def mail(self, argument: str) -> None:
        """RFC 5321 4.1.1.2."""
        assert self.session is not None
        submission = self._service.config.submission
        if not self.session.host_name:
            return await self._refuse((503, replies.GREET_FIRST.format("LHLO" if self._lmtp else "EHLO")))
        if submission and not self._agent:
            return await self._refuse(replies.NEED_AUTH if self._may_log_in else replies.NEED_TLS)
        if self._sender is not None:
            return await self._refuse(replies.NESTED_MAIL)
        parsed = read_path(argument, "FROM:")
        if parsed is None:
            return await self._refuse((501, "5.5.4 Syntax: MAIL FROM:<address>"))
        sender, parameters = parsed
        trouble = mail_trouble(parameters, self._service.config.max_size, login=submission)
        self._sender = sender
        if trouble is not None:
            await self._refuse(replies.MAIL_TROUBLES[trouble], log=True)
            return self._reset()
        if submission and not self._service.callbacks.owns(self._agent, sender):
            await self._refuse(replies.NOT_YOURS, log=True)
            return self._reset()
        return await self._say("250 2.1.0 Ok")

    async def rcpt(self, argument: str) -> None:
        """RFC 5321 4.1.1.3: only the desk's own recipients."""
        if self._sender is None:
            return await self._refuse(replies.NEED_MAIL)
        parsed = read_path(argument, "TO:")
        if parsed is None or not parsed[0]:
            return await self._refuse((501, "5.5.4 Syntax: RCPT TO:<address>"))
        address, parameters = parsed
        if parameters:
            return await self._refuse((555, "5.5.4 Unsupported RCPT parameter"))
        if not self._service.callbacks.is_desk(address):
            refusal = replies.NOT_A_RELAY if self._service.config.submission else replies.UNKNOWN_USER
            return await self._refuse(refusal, address, log=True)
        recipient = normalise(address)
        if recipient not in self._recipients:
            if len(self._recipients) >= MAX_RECIPIENTS:
                return await self._refuse(replies.TOO_MANY_RECIPIENTS, address)
            self._recipients.append(recipient)
        self._accepted += 1
        return await self._say("250 2.1.5 Ok")

    async def data(self, argument: str) -> None:
        """RFC 5321 4.1.1.4; in LMTP one answer for each accepted recipient (RFC 2033 4.2)."""
        if self._sender is None:
            return await self._refuse(replies.NEED_MAIL)
        if not self._recipients:
            return await self._refuse(replies.NEED_RCPT)
        if argument:
            return await self._refuse((501, "5.5.4 Syntax: DATA"))
        self._in_data = True
        try:
            await self._say("354 End data with <CR><LF>.<CR><LF>")
            config = self._service.config
            content = await receive(self._reader, config.max_size, self._service.acceptor, self._reset_timeout)
            answer = replies.FLAWS[content] if isinstance(content, Flaw) else await self._take(content)
            crossing("answer to a mail")
            for _ in range(self._accepted - 1 if self._lmtp else 0):
                await self._say(f"{answer[0]} {answer[1]}")
            if answer[0] == 250:
                await self._say(f"250 {answer[1]}")
                crossing("mail answered")
            else:
                await self._refuse(answer, ", ".join(self._recipients), log=True)
        finally:
            self._in_data = False
            self._reset()

    async def _take(self, content: bytes | Kept) -> replies.Reply:
        """Store a message; what to answer."""
        service = self._service
        recipients = tuple(self._recipients)
        delivery = Delivery(
            source="smtp",
            source_key=f"smtp:{uuid.uuid4().hex}",  # a repeat after a lost 250 is known by its content later
            envelope=Envelope(self._sender, recipients),
            raw=content,
            arrived_at=service.callbacks.clock(),
            authserv_ids=service.config.authserv_ids,
            login=self._agent,
        )
        try:
            inbox_id = await service.acceptor.accept(delivery)
        except DatabaseBusy:
            return replies.BUSY
        except StorageError:
            return replies.STORAGE_FULL
        return 250, f"2.0.0 Ok: queued as {inbox_id}"

    async def rset(self, _: str) -> None:
        """RFC 5321 4.1.1.5."""
        self._reset()
        await self._say("250 2.0.0 Ok")

    async def noop(self, _: str) -> None:
        """RFC 5321 4.1.1.9."""
        await self._say("250 2.0.0 Ok")

    async def vrfy(self, _: str) -> None:
        """RFC 5321 3.5.3: neither yes nor no."""
        await self._say("252 2.1.5 Cannot VRFY user, but will accept message and attempt delivery")

    async def help(self, _: str) -> None:
        """RFC 5321 4.1.1.8: the commands that this listener implements."""
        absent = {b"EXPN", b"BDAT", *((b"EHLO", b"HELO") if self._lmtp else (b"LHLO",))}
        absent |= set() if self._service.tls else {b"STARTTLS"}
        absent |= set() if self._service.config.submission else {b"AUTH"}
        verbs = " ".join(sorted(verb.decode() for verb in _COMMANDS.keys() - absent))
        await self._say(f"214 2.0.0 {verbs}")

    async def not_implemented(self, _: str) -> None:
        """RFC 5321 4.2.4: known, not offered."""
        await self._refuse(replies.NOT_IMPLEMENTED)

    async def quit(self, _: str) -> None:
        """RFC 5321 4.1.1.10."""
        self._close_with("221 2.0.0 Bye")


class TlsFirst(asyncio.Protocol):
    """A connection that begins with a TLS handshake (RFC 8314 3.3): TLS gets its socket before a byte of it is read.

    To start TLS within the session would be too late: uvloop may read the client's hello before the session's first
    step, and a transport cannot be paused before it reads.
    """

    def __init__(self, session: Session, context: ssl.SSLContext) -> None:
        self._session = session
        self._context = context

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the socket."""
        taken = socket.socket(fileno=os.dup(transport.get_extra_info("socket").fileno()))
        cast("asyncio.Transport", transport).abort()
        self._session.handshake = asyncio.create_task(self._shake_hands(taken))

    async def _shake_hands(self, taken: socket.socket) -> None:
        loop, done = asyncio.get_running_loop(), False
        try:
            await loop.connect_accepted_socket(
                lambda: self._session, taken, ssl=self._context, ssl_handshake_timeout=TLS_TIMEOUT
            )
            done = True
        except OSError:
            pass  # no handshake, or the peer is gone
        finally:
            if not done:
                taken.close()
                self._session.never_began()


class _Aborted(Exception):
    """The client gave an AUTH up (RFC 4954 4)."""


def _decoded(text: str) -> str:
    """Base64 of UTF-8; "=" is the empty response. Raises ValueError."""
    return "" if text == "=" else b64decode(text, validate=True).decode()


_COMMANDS: dict[bytes, Callable[[Session, str], Awaitable[None]]] = {
    b"EHLO": Session.ehlo,
    b"LHLO": Session.lhlo,
    b"HELO": Session.helo,
    b"STARTTLS": Session.starttls,
    b"AUTH": Session.auth,
    b"MAIL": Session.mail,
    b"RCPT": Session.rcpt,
    b"DATA": Session.data,
    b"RSET": Session.rset,
    b"NOOP": Session.noop,
    b"VRFY": Session.vrfy,
    b"HELP": Session.help,
    b"EXPN": Session.not_implemented,
    b"BDAT": Session.not_implemented,
    b"QUIT": Session.quit,
}


def peer_of(transport: asyncio.BaseTransport) -> str:
    """The client's IP address; "" on a unix socket."""
    name = transport.get_extra_info("peername")
    return str(name[0]) if isinstance(name, tuple) else ""
