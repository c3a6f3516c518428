"""The relay: an SMTP server that answers as its weather says, and remembers each mail that it took."""

from __future__ import annotations

import asyncio
import base64
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from email import message_from_bytes
from email.header import decode_header, make_header
from functools import cached_property

from tests.acceptance.people import Got
from tests.simulation.network import Server, Transport
from tests.simulation.tokens import refusal
from tests.sink import Taken


@dataclass
class Delivery:
    """A mail that the relay took. `answered`: the desk read the 250."""

    at: float  # on the loop's clock
    life: int  # the run of the desk that sent it
    sender: str
    recipient: str
    data: bytes = field(repr=False)
    answered: bool = False

    @cached_property
    def got(self) -> Got:
        """The mail as its recipient sees it."""
        return Got.of(self._taken)

    @cached_property
    def _taken(self) -> Taken:
        return Taken(self.sender, (self.recipient,), self.data, 0)

    @cached_property
    def id(self) -> str:
        """Its Message-ID."""
        return self.header("Message-ID")

    def header(self, name: str) -> str:
        """A field of its header."""
        return self._taken.header(name)

    @property
    def words(self) -> str:
        """Everything that a reader may see."""
        mail = message_from_bytes(self.data)
        texts = [part.get_payload(decode=True) for part in mail.walk() if part.get_content_maintype() == "text"]
        head = "\n".join(f"{name}: {make_header(decode_header(value))}" for name, value in mail.items())
        return "\n".join((head, *(text.decode("utf-8", "replace") for text in texts if isinstance(text, bytes))))


STAGES = ("connect", "ehlo", "auth", "mail", "rcpt", "data", "end")
REFUSALS = {
    "connect": ("421 4.3.2 try later", "554 5.3.2 no service here", "450 4.3.2 busy"),
    "ehlo": ("421 4.3.2 try later", "550 5.7.1 not you", "502 5.5.1 no such command"),
    "auth": ("454 4.7.0 try later", "535 5.7.8 not you", "421 4.3.2 going down"),
    "mail": ("451 4.3.0 try later", "550 5.7.1 sender refused", "452 4.3.1 no room", "421 4.7.0 too many connections"),
    "rcpt": ("450 4.7.1 greylisted", "451 4.3.0 try later", "421 4.3.2 going down", "452 4.5.3 too many recipients"),
    "data": ("451 4.3.0 try later", "421 4.3.2 going down", "354 go ahead"),
    "end": ("451 4.3.0 try later", "452 4.3.1 no room", "421 4.3.2 going down"),
}
YES = {
    "connect": "220 relay",
    "auth": "235 2.7.0 ok",
    "mail": "250 2.1.0 ok",
    "rcpt": "250 2.1.5 ok",
    "data": "354 go ahead",
}
EHLO = "250-relay\r\n250-PIPELINING\r\n250-SIZE 50000000\r\n250-8BITMIME\r\n250-AUTH XOAUTH2\r\n250 SMTPUTF8"


class Relay:
    """The server. `trouble` is the share of answers that go wrong, `dead` addresses that exist no more.

    `accepts(message)` tells whether a message of XOAUTH2 holds a good token.
    """

    def __init__(
        self,
        dice: random.Random,
        life: Callable[[], int],
        taken: Callable[[Delivery], object],
        accepts: Callable[[bytes], bool],
    ) -> None:
        self.dice = dice
        self.accepts = accepts
        self.trouble = 0.0
        self.dead: set[str] = set()
        self.deliveries: list[Delivery] = []
        self._life = life
        self._taken = taken

    async def start(self) -> Server:
        """Listen."""
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: _Session(self), "127.0.0.1", 25)
        assert isinstance(server, Server)
        return server

    def answer(self, stage: str, recipient: str = "") -> str:
        """What to say at a stage: an answer, "cut" (before it), "silent" (it never comes)."""
        if stage == "rcpt" and recipient in self.dead:
            return "550 5.1.1 no such user"
        if self.dice.random() >= self.trouble / len(STAGES):
            return EHLO if stage == "ehlo" else YES.get(stage, "250 2.0.0 taken")
        return self.dice.choice((*REFUSALS[stage], "cut", "cut", "silent", "nonsense"))

    def take(self, sender: str, recipient: str, data: bytes) -> Delivery:
        """Take a mail over."""
        found = Delivery(asyncio.get_running_loop().time(), self._life(), sender, recipient, data)
        self.deliveries.append(found)
        self._taken(found)
        return found


class _Session(asyncio.Protocol):
    def __init__(self, relay: Relay) -> None:
        self._relay = relay
        self._buffer = b""
        self._sender = self._recipient = ""
        self._begun = self._in_data = self._over = False
        self._signed_in = self._refusing = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, Transport)
        self._transport = transport
        self._say("connect")

    def _say(self, stage: str, recipient: str = "") -> bool:
        """Answer at a stage; whether it was a yes."""
        answer = self._relay.answer(stage, recipient)
        if answer == "cut":
            self._over = True
            self._transport.abort()
        elif answer == "silent":
            self._over = True
        else:
            self._transport.write(f"{answer}\r\n".encode())
            if answer.startswith("421"):
                self._over = True
                self._transport.close()
        return answer[0] in "23"

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while not self._over:
            if self._in_data:
                end = self._buffer.find(b"\r\n.\r\n") if not self._buffer.startswith(b".\r\n") else -2
                if end == -1:
                    return
                body, self._buffer = self._buffer[: end + 2], self._buffer[end + 5 :]
                self._in_data = False
                self._end(body.replace(b"\r\n..", b"\r\n."))
                continue
            line, found, rest = self._buffer.partition(b"\r\n")
            if not found:
                return
            self._buffer = rest
            self._command(line.decode("utf-8", "replace"))

    def _command(self, line: str) -> None:
        verb = line[:4].upper()
        argument = line[line.find("<") + 1 : line.find(">")]
        if self._refusing:
            self._refusing = False
            self._transport.write(b"535 5.7.8 not a good token\r\n")
        elif verb == "AUTH":
            self._sign_in(line)
        elif verb == "MAIL" and not self._signed_in:
            self._transport.write(b"530 5.7.0 sign in first\r\n")
        elif verb == "MAIL":
            self._sender, self._recipient = argument, ""
            self._begun = self._say("mail")
        elif verb == "RCPT" and not self._begun:
            self._transport.write(b"503 5.5.1 no sender\r\n")
        elif verb == "RCPT":
            self._recipient = argument if self._say("rcpt", argument) else ""
        elif verb == "DATA" and self._recipient:
            self._in_data = self._say("data")
        elif verb == "DATA":
            self._transport.write(b"503 5.5.1 no recipient\r\n")
        elif verb in ("EHLO", "HELO"):
            self._say("ehlo")
        elif verb == "QUIT":
            self._transport.write(b"221 2.0.0 bye\r\n")
            self._transport.close()
        else:
            self._begun, self._recipient = False, ""
            self._transport.write(b"250 2.0.0 ok\r\n")

    def _sign_in(self, line: str) -> None:
        """AUTH XOAUTH2 with an initial response (RFC 4954 4)."""
        if self._relay.accepts(base64.b64decode(line.split()[2])):
            self._signed_in = self._say("auth")
        else:
            self._refusing = True
            self._transport.write(f"334 {refusal()}\r\n".encode())

    def _end(self, body: bytes) -> None:
        """The end of DATA: taken or refused; an answer that is lost was a yes as often as not."""
        answer, taken = self._relay.answer("end"), None
        self._begun = False
        lost = answer in ("cut", "silent", "nonsense")
        if answer.startswith("2") or (lost and self._relay.dice.random() < 0.7):
            taken = self._relay.take(self._sender, self._recipient, body)
        if lost:
            self._over = True
            if answer == "cut":
                self._transport.abort()
            elif answer == "nonsense":
                self._transport.write(b"?\r\n")
            return
        self._transport.write(f"{answer}\r\n".encode())
        if taken:
            taken.answered = self._transport.heard
        if answer.startswith("421"):
            self._over = True
            self._transport.close()
