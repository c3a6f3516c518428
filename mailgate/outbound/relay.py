"""One attempt to hand one mail over to the relay by SMTP.

It answers with what was said and at which stage; what that means is judged elsewhere. A connection is kept for the next
mail. TLS is verified and never optional where it is configured. Every wait has a deadline.

Our own SMTP client: the dialogue is small, the stage of each answer is what the policy needs, and commands go in one
piece where the relay offers PIPELINING, at a third of the processor time of the libraries that were measured.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from base64 import b64encode
from collections.abc import Callable, Sequence

from mailgate.connect import rsa, sasl
from mailgate.connect.access_tokens import Account, in_thread
from mailgate.connect.oauth2 import TokenRefused
from mailgate.connect.smtp_lines import challenge, offered, reply_line, shown
from mailgate.connect.tls import client_context, connection_words
from mailgate.errors import MailgateError, UnreadableFile
from mailgate.outbound import dkim
from mailgate.outbound.backoff import TOKEN_REFUSED, Reply, Stage
from mailgate.outbound.maildir import MaildirRelay, Transport, unreadable_reply
from mailgate.outbound.meanings import about_sender
from mailgate.outbound.payload import Payload
from mailgate.outbound.sender import sender_of
from mailgate.settings import DkimKey
from mailgate.settings import Relay as RelayConfig
from mailgate.system.streams import write

CONNECT_TIMEOUT = 30.0  # seconds, also for the greeting: who waits longer finds an ill relay too late
REPLY_TIMEOUT = 300.0  # RFC 5321 4.5.3.2.2 - 4.5.3.2.3
SEND_TIMEOUT = 180.0  # for a piece of a mail; RFC 5321 4.5.3.2.5
END_TIMEOUT = 600.0  # RFC 5321 4.5.3.2.6
QUIT_TIMEOUT = 2.0
LONGEST_REPLY = 100  # lines

_QUOTED_LOCAL = re.compile(r'"(?:[^"\\]|\\.)*"@[^ ]+')  # RFC 5321 4.1.2


def transport(config: RelayConfig, hostname: str, account: Account | None = None) -> Transport:
    """The transport that [relay] asks for. `hostname` is our own name for EHLO, `account` gives access tokens."""
    if config.transport == "maildir":
        assert config.path is not None
        return MaildirRelay(config.path)
    return SmtpRelay(config, hostname, account)


class _Refused(Exception):
    """Ends an attempt with a reply; never leaves this file."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(str(reply))
        self.reply = reply


class SmtpRelay:
    """A connection to the relay, made when it is needed and kept. Used by one task at a time."""

    def __init__(self, config: RelayConfig, hostname: str, account: Account | None = None) -> None:
        self._config = config
        self._hostname = hostname
        self._account = account
        self._token = ""  # of the connection that is open, or the last one
        self._tls: ssl.SSLContext | None = None
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._offered: dict[str, str] = {}  # EHLO keyword → parameters
        self._signers: dict[DkimKey, Callable[[bytes], bytes]] = {}
        self._dirty = False  # a transaction was begun and not ended

    async def send(self, mail_from: str, recipient: str, mail: Payload) -> Reply:
        """Hand one mail over; the decisive answer, code 0 when the connection was lost."""
        if not _fits_envelope(recipient) or (mail_from and not _fits_envelope(mail_from)):
            return Reply(Stage.RCPT, 553, "5.1.3 not an address that can be written to", ours=True)
        kept = self._writer is not None
        reply = await self._attempt(mail_from, recipient, mail)
        if self._token and reply.code in TOKEN_REFUSED and reply.stage in (Stage.LOGIN, Stage.MAIL, Stage.RCPT):
            # A token ends, or is revoked, while a connection lives: once more with a new one.
            self._drop()
            reply = await self._attempt(mail_from, recipient, mail, refused=self._token)
        elif kept and reply.stage is Stage.MAIL and reply.code in (0, 421):
            # The relay hung up on a connection that idled: that says nothing about this mail.
            reply = await self._attempt(mail_from, recipient, mail)
        return reply

    async def _attempt(self, mail_from: str, recipient: str, mail: Payload, *, refused: str = "") -> Reply:
        try:
            if self._writer is None:
                await self._open(refused)
            return await self._transaction(mail_from, recipient, mail)
        except _Refused as refused:
            if refused.reply.code in (0, 421) or refused.reply.stage.about_relay:
                self._drop()
            return refused.reply
        except BaseException:
            self._drop()
            raise

    # -- the connection

    async def _open(self, refused: str = "") -> None:
        """Connect, encrypt and sign in; with another token than the `refused` one."""
        config = self._config
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT):
                self._reader, self._writer = await asyncio.open_connection(
                    config.host, config.port, ssl=self._context() if config.tls == "implicit" else None
                )
        except (OSError, TimeoutError, UnicodeError) as error:  # UnicodeError: a host name that is none
            stage = Stage.TLS if isinstance(error, ssl.SSLError) else Stage.CONNECT
            said = connection_words(error, config.host)
            raise _Refused(Reply(stage, 0, f"{config.host}:{config.port}: {said}")) from error
        self._dirty = False
        await self._expect(Stage.CONNECT, 220, CONNECT_TIMEOUT)
        await self._ehlo()
        if config.tls == "starttls":
            await self._start_tls()
        if config.credentials.user:
            await self._sign_in(refused)

    def _context(self) -> ssl.SSLContext:
        if self._tls is None:
            self._tls = client_context(self._config.credentials.ca)
        return self._tls

    async def _sign_in(self, refused: str) -> None:
        """RFC 4954 4, with the mechanism that the relay offers."""
        credentials = self._config.credentials
        offered = self._offered.get("AUTH", "").split()
        name = sasl.mechanism(offered, token=self._account is not None)
        if not name:
            wanted = "a token" if self._account else "a password"
            there = f" (it offers {' '.join(offered)})" if offered else ""
            raise _Refused(Reply(Stage.LOGIN, 0, f"the relay offers no sign-in with {wanted}{there}"))
        if self._account is not None:
            await self._say_token(name, refused)
        elif name == sasl.PLAIN:
            await self._authenticate(name, sasl.plain(credentials.user, credentials.password.value))
        else:
            await self._authenticate(name, None, credentials.user.encode(), credentials.password.value.encode())

    async def _say_token(self, name: str, refused: str) -> None:
        assert self._account is not None
        config = self._config
        try:
            self._token = await in_thread(self._account.token, refused)
        except MailgateError as error:
            said = f"{error.public}: {error.cause}" if error.cause else error.public
            code = 535 if isinstance(error, TokenRefused) else 0  # RFC 4954 6: what the relay itself would say
            self._token = ""
            raise _Refused(Reply(Stage.LOGIN, code, said, ours=True)) from None
        message = sasl.by_token(name, config.credentials.user, self._token, config.host, config.port)
        await self._authenticate(name, message, sasl.end_of_failure(name))

    async def _authenticate(self, name: str, first: bytes | None, *answers: bytes) -> None:
        """Say AUTH, and `answers` to what the relay asks; `first` is sent along. Raises _Refused."""
        self._write(f"AUTH {name}" if first is None else f"AUTH {name} {b64encode(first).decode()}")
        reply = await self._read(Stage.LOGIN, REPLY_TIMEOUT)
        said = ""
        for answer in answers:
            if reply.code != 334:
                break
            said = sasl.error_of(challenge(reply.text)) or said
            self._write(b64encode(answer).decode())
            reply = await self._read(Stage.LOGIN, REPLY_TIMEOUT)
        if reply.code != 235:
            raise _Refused(Reply(Stage.LOGIN, reply.code, f"{reply.text} ({said})" if said else reply.text))

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
        self._offered = offered(reply.text)

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
            raise _Refused(Reply(Stage.TLS, 0, connection_words(error, self._config.host))) from error
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

    async def sign_in(self) -> Reply | None:
        """Connect and sign in; the refusal, None when the relay is ready for a mail."""
        try:
            await self._open()
        except _Refused as refused:
            self._drop()
            return refused.reply
        return None

    @property
    def extensions(self) -> frozenset[str]:
        """The EHLO keywords that the relay offered."""
        return frozenset(self._offered)

    async def try_sender(self, mail_from: str) -> Reply:
        """What the relay says to a sender, also at RCPT, where many judge it; then RSET, so that no mail is sent."""
        if self._writer is None and (refusal := await self.sign_in()):
            return refusal
        try:
            self._write(f"MAIL FROM:<{mail_from}>")
            reply = await self._read(Stage.MAIL, REPLY_TIMEOUT)
            if reply.code == 250:
                self._write(f"RCPT TO:<{mail_from}>")
                to_itself = await self._read(Stage.RCPT, REPLY_TIMEOUT)  # whether it gets mail is another question
                reply = to_itself if about_sender(to_itself.code, to_itself.text) else reply
            self._write("RSET")
            await self._read(Stage.MAIL, REPLY_TIMEOUT)
        except _Refused as refused:
            self._drop()
            return refused.reply
        return reply

    # -- one mail

    async def _transaction(self, mail_from: str, recipient: str, mail: Payload) -> Reply:
        try:
            mail = await self._ready(mail)
        except UnreadableFile as error:
            return unreadable_reply(error)
        stages = [Stage.MAIL, Stage.RCPT, Stage.DATA]
        commands = [self._mail_command(mail_from, recipient, mail), f"RCPT TO:<{recipient}>", "DATA"]
        if self._dirty:
            self._write("RSET")
            reply = await self._read(Stage.MAIL, REPLY_TIMEOUT)
            if reply.code != 250:  # that says nothing about this mail, which gets a new connection
                raise _Refused(Reply(Stage.MAIL, 0, f"the relay refused RSET: {reply.line}"))
        self._dirty = True
        refusal = await self._say_all(stages, commands)
        if refusal is not None:
            return refusal
        await self._write_data(mail)
        reply = await self._read(Stage.DATA_END, END_TIMEOUT)
        self._dirty = False  # RFC 5321 4.1.1.4: the end of DATA clears the transaction, whatever the answer
        if reply.code == 421:
            self._drop()
        return reply

    async def _ready(self, mail: Payload) -> Payload:
        """The mail as it goes over the wire, but for its dots: nothing changes it after it is signed."""
        if "SMTPUTF8" not in self._offered and mail.needs_utf8:
            mail = mail.without_utf8()
        await mail.check()
        key = dkim.key_for(sender_of(mail.start), self._config.dkim)
        if key is None:
            return mail
        if key not in self._signers:
            self._signers[key] = rsa.signer(key.key.value)
        words = (mail.pieces(), key.domain, key.selector, self._signers[key])
        return mail.with_field(await asyncio.to_thread(dkim.signature, *words))

    def _mail_command(self, mail_from: str, recipient: str, mail: Payload) -> str:
        words = [f"MAIL FROM:<{mail_from}>"]
        if "SIZE" in self._offered:
            words.append(f"SIZE={mail.size}")  # RFC 1870 6
        if not mail.is_ascii and "8BITMIME" in self._offered:
            words.append("BODY=8BITMIME")  # RFC 6152 2
        if not (mail_from + recipient).isascii() or mail.needs_utf8:
            if "SMTPUTF8" not in self._offered:  # RFC 6531 3.2
                raise _Refused(Reply(Stage.RCPT, 553, "5.6.7 the relay takes no addresses beyond ASCII", ours=True))
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

    async def _write_data(self, mail: Payload) -> None:
        """Send the mail in pieces, and its end. Raises _Refused; a mail without its end drops the connection."""
        kept = b""  # the last piece goes out together with the end
        try:
            async for piece in mail.stream():
                if kept:
                    await self._write_piece(kept)
                kept = piece.replace(b"\r\n.", b"\r\n..")  # RFC 5321 4.5.2; every piece begins with a line
                if kept.startswith(b"."):
                    kept = b"." + kept
            await self._write_piece(kept + b".\r\n")
        except UnreadableFile as error:
            raise _Refused(unreadable_reply(error)) from error
        except (OSError, TimeoutError) as error:
            raise _Refused(Reply(Stage.DATA_END, 0, _words(error, self._config.host))) from error

    async def _write_piece(self, piece: bytes) -> None:
        assert self._writer is not None
        async with asyncio.timeout(SEND_TIMEOUT):
            write(self._writer, piece)
            await self._writer.drain()

    # -- lines

    def _write(self, line: str) -> None:
        assert self._writer is not None
        write(self._writer, f"{line}\r\n".encode())

    async def _expect(self, stage: Stage, code: int, seconds: float = 0.0) -> Reply:
        reply = await self._read(stage, seconds or REPLY_TIMEOUT)
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
                    found = reply_line(line)
                    if found is None:
                        raise _Refused(Reply(stage, 0, f"not an SMTP answer: {shown(line) or 'an empty line'}"))
                    lines.append(found.text)
                    if found.last:
                        return Reply(stage, found.code, "\n".join(lines))
        except TimeoutError as error:
            raise _Refused(Reply(stage, 0, f"no answer within {seconds:.0f} seconds")) from error
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
            said = _words(error, self._config.host)
            raise _Refused(Reply(stage, 0, f"the connection was lost: {said}")) from error
        raise _Refused(Reply(stage, 0, "an answer without end"))


def _fits_envelope(address: str) -> bool:
    """True for what cannot break out of `<…>` in a command line."""
    if not address.isprintable() or "@" not in address or any(mark in address for mark in "<>"):
        return False
    return " " not in address or _QUOTED_LOCAL.fullmatch(address) is not None


def _words(error: BaseException, host: str) -> str:
    if isinstance(error, asyncio.IncompleteReadError):
        return "closed by the relay"
    if isinstance(error, asyncio.LimitOverrunError):
        return "a line of its answer has no end"
    return connection_words(error, host)
