"""The IMAP server and the client library on top of it: folders in memory, and commands that fail.

A command may be refused, or its connection be lost before it, after it, or with half of it done.
"""

from __future__ import annotations

import base64
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email.parser import BytesHeaderParser
from functools import cached_property
from typing import Any

from imapclient.exceptions import IMAPClientAbortError, IMAPClientError, LoginError

from tests.simulation.life import LIFE
from tests.simulation.tokens import refusal

HEAD = b"BODY[HEADER.FIELDS (FROM SUBJECT MESSAGE-ID)]"


@dataclass
class Message:
    """A message in a folder."""

    raw: bytes = field(repr=False)
    arrived_at: datetime
    flags: set[bytes] = field(default_factory=set)

    @cached_property
    def id(self) -> str:
        """Its own Message-ID: those of others stand in it, too, where it answers or returns them."""
        return str(BytesHeaderParser().parsebytes(self.raw)["Message-ID"] or "").strip()


@dataclass
class Folder:
    """A folder; UIDs grow, and begin anew with another UIDVALIDITY."""

    uidvalidity: int = 1
    next_uid: int = 1
    messages: dict[int, Message] = field(default_factory=dict)

    def add(self, message: Message) -> int:
        """Append a message; its UID."""
        uid, self.next_uid = self.next_uid, self.next_uid + 1
        self.messages[uid] = message
        return uid

    def holds(self, message_id: str) -> bool:
        """Whether a message with this Message-ID is here."""
        return any(each.id == message_id for each in self.messages.values())

    def renumber(self) -> None:
        """Another UIDVALIDITY, as after a restored mailbox."""
        kept = [*self.messages.values()]
        self.uidvalidity, self.next_uid = self.uidvalidity + 1, 1
        self.messages = {}
        for each in kept:
            self.add(each)


class ImapServer:
    """One account. `trouble` is the share of commands that go wrong.

    `accepts(message)` tells whether a message of XOAUTH2 holds a good token.
    """

    def __init__(self, dice: random.Random, signal: Callable[[], None], accepts: Callable[[bytes], bool]) -> None:
        self.dice = dice
        self.accepts = accepts
        self.signal = signal  # something came, or a connection is lost
        self.trouble = 0.0
        self.down = False
        self.copies = 0  # left by a MOVE that ended half done (RFC 6851 3.3)
        self.abilities = {"MOVE", "UIDPLUS", "IDLE", "AUTH=XOAUTH2"}
        self.folders = {"INBOX": Folder(), "Processed": Folder()}
        self.clients: list[Client] = []

    def deliver(self, raw: bytes, now: datetime) -> None:
        """A mail arrives in INBOX."""
        self.folders["INBOX"].add(Message(raw, now))
        for each in self.clients:
            each.news.append(len(self.folders["INBOX"].messages))
        self.signal()

    def connect(self, host: str, port: int, **_: Any) -> Client:
        """What `imapclient.IMAPClient(...)` does."""
        if self.down or self.dice.random() < self.trouble / 4:
            raise self.dice.choice((ConnectionRefusedError(111, "Connection refused"), TimeoutError("timed out")))
        client = Client(self)
        self.clients.append(client)
        if life := LIFE.get():
            life.on_death[client] = client.shutdown
        return client


class Client:
    """A connection: what the desk uses of `imapclient.IMAPClient`."""

    def __init__(self, server: ImapServer) -> None:
        self._server = server
        self._selected = ""
        self.news: list[int] = []
        self.open = True
        self.normalise_times = True
        self._imap = self  # the library's library
        self.debug = 0

    def _step(self, name: str, *, harmless: bool = True) -> str:
        """Begin a command: "" for a good one, "after" when the connection is lost with its answer, "half" within it.

        Raises the library's errors for one that fails before anything is done.
        """
        if life := LIFE.get():
            life.require()
        if not self.open or self._server.down:
            self.shutdown()
            raise IMAPClientAbortError("socket error: EOF")
        dice = self._server.dice
        if dice.random() >= self._server.trouble / 10:
            return ""
        match dice.choice(("cut", "no", "time", "after", "half")):
            case "no":
                raise (LoginError if name == "login" else IMAPClientError)(f"{name} failed: [UNAVAILABLE] try later")
            case "time":
                self.shutdown()
                raise TimeoutError("timed out")
            case "cut":
                self.shutdown()
                raise IMAPClientAbortError("socket error: EOF")
            case lost:
                return lost if not harmless else "after"

    def _lose(self, what: str) -> None:
        if what:
            self.shutdown()
            raise IMAPClientAbortError("socket error: EOF")

    @property
    def _folder(self) -> Folder:
        return self._server.folders[self._selected]

    # ── signing in, folders ─────────────────────────────────────────────────────────────

    def has_capability(self, name: str) -> bool:
        """Whether the server has it."""
        return name in self._server.abilities

    def sasl_login(self, name: str, answer: Callable[[bytes], bytes]) -> None:
        """AUTHENTICATE."""
        self._lose(self._step("login"))
        if not self._server.accepts(answer(b"")):
            answer(base64.b64decode(refusal()))
            raise LoginError("[AUTHENTICATIONFAILED] not a good token")

    def select_folder(self, name: str, readonly: bool = False) -> dict[bytes, Any]:
        """SELECT."""
        self._lose(self._step("select"))
        if name not in self._server.folders:
            raise IMAPClientError("select failed: no such folder")
        self._selected = name
        return {b"UIDVALIDITY": self._folder.uidvalidity, b"EXISTS": len(self._folder.messages)}

    def list_folders(self) -> list[tuple[tuple[bytes, ...], bytes, str]]:
        """LIST."""
        self._lose(self._step("list"))
        return [((), b"/", name) for name in self._server.folders]

    def create_folder(self, name: str) -> None:
        """CREATE."""
        self._server.folders.setdefault(name, Folder())

    def subscribe_folder(self, name: str) -> None:
        """SUBSCRIBE."""

    # ── looking ─────────────────────────────────────────────────────────────────────────

    def response(self, name: str) -> tuple[str, list[object]]:
        """Responses that came unasked since the last call (`imaplib`)."""
        found: list[object] = [*self.news] if name == "EXISTS" else []
        if name == "EXISTS":
            self.news.clear()
        return name, found or [None]

    def search(self, criteria: str | Sequence[str]) -> list[int]:
        """UID SEARCH, of the criteria that the desk uses."""
        self._lose(self._step("search"))
        messages = self._folder.messages
        if not isinstance(criteria, str):
            return [uid for uid, each in messages.items() if criteria[-1] in each.id]
        if criteria == "ALL":
            return [*messages]
        if criteria == "DELETED":
            return [uid for uid, each in messages.items() if b"\\Deleted" in each.flags]
        return _named(criteria.removeprefix("UID "), messages)

    def fetch(self, uids: Iterable[int], items: Sequence[str]) -> dict[int, dict[bytes, Any]]:
        """UID FETCH: everything, whatever was asked for."""
        self._lose(self._step("fetch"))
        found = {uid: self._folder.messages[uid] for uid in uids if uid in self._folder.messages}
        return {
            uid: {b"RFC822.SIZE": len(each.raw), b"INTERNALDATE": each.arrived_at, b"BODY[]": each.raw, HEAD: each.raw}
            for uid, each in found.items()
        }

    # ── changing ────────────────────────────────────────────────────────────────────────

    def move(self, text: str, target: str) -> None:
        """UID MOVE; interrupted, some messages stand in the target already and still here, or only there."""
        lost = self._step("move", harmless=False)
        if target not in self._server.folders:
            raise IMAPClientError("move failed: [TRYCREATE] no such folder")
        uids = _named(text, self._folder.messages)
        done = uids if lost != "half" else uids[: self._server.dice.randint(0, len(uids))]
        for uid in done:
            self._server.folders[target].add(self._folder.messages[uid])
        gone = done if lost != "half" else done[: self._server.dice.randint(0, len(done))]
        for uid in gone:
            del self._folder.messages[uid]
        self._server.copies += len(done) - len(gone)
        self._lose(lost)

    def copy(self, text: str, target: str) -> None:
        """UID COPY."""
        lost = self._step("copy")
        if target not in self._server.folders:
            raise IMAPClientError("copy failed: [TRYCREATE] no such folder")
        for uid in _named(text, self._folder.messages):
            self._server.folders[target].add(self._folder.messages[uid])
        self._lose(lost)

    def add_flags(self, text: str, flags: Iterable[bytes], silent: bool = False) -> None:
        """UID STORE."""
        lost = self._step("store")
        for uid in _named(text, self._folder.messages):
            self._folder.messages[uid].flags.update(flags)
        self._lose(lost)

    def uid_expunge(self, text: str) -> None:
        """UID EXPUNGE."""
        lost = self._step("expunge")
        for uid in _named(text, self._folder.messages):
            if b"\\Deleted" in self._folder.messages[uid].flags:
                del self._folder.messages[uid]
        self._lose(lost)

    def expunge(self) -> None:
        """EXPUNGE."""
        self.uid_expunge("1:*")

    # ── waiting, ending ─────────────────────────────────────────────────────────────────

    def idle(self) -> None:
        """IDLE."""
        self._lose(self._step("idle"))

    def idle_done(self) -> None:
        """DONE."""
        self._lose(self._step("idle"))

    def socket(self) -> Client:
        """The connection, as `readable` and timeouts know it."""
        return self

    @property
    def file(self) -> Client:
        """The connection's buffer."""
        return self

    def peek(self, _: int) -> bytes:
        """Nothing was read ahead. Raises as an empty non-blocking socket does."""
        raise BlockingIOError

    def settimeout(self, _: float) -> None:
        """Time is virtual."""

    def readable(self) -> bool:
        """Whether the server said something, or is gone."""
        return bool(self.news) or not self.open or self._server.down

    def logout(self) -> None:
        """LOGOUT."""

    def shutdown(self, *_: object) -> None:
        """Drop the connection."""
        self.open = False
        self._server.signal()
        if self in self._server.clients:
            self._server.clients.remove(self)
        if life := LIFE.get():
            life.on_death.pop(self, None)


def _named(text: str, messages: Iterable[int]) -> list[int]:
    """The UIDs of a sequence set that are there."""
    ranges = []
    newest = max(messages, default=0)
    for part in text.split(","):
        first, _, last = part.partition(":")
        high = newest if last == "*" else int(last or first)
        low = newest if first == "*" else int(first)
        ranges.append((min(low, high), max(low, high)))
    return [uid for uid in sorted(messages) if any(low <= uid <= high for low, high in ranges)]
