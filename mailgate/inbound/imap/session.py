"""One IMAP connection to one folder: look, fetch, finish, wait (IMAP4rev1, RFC 3501).

Blocking: it belongs to one thread. Decides nothing (`plan` does) and remembers nothing
between connections (the ledger does). Raises the errors of `connection`.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from selectors import EVENT_READ, DefaultSelector
from typing import Any

from mailgate.connect.access_tokens import Account
from mailgate.connect.providers import PROVIDERS
from mailgate.errors import MailgateError
from mailgate.inbound.imap.connection import READ_TIMEOUT, Denied, Failed, Lost, connect, cut, wire
from mailgate.inbound.imap.folder_names import Namespaces, full_name, junk_folder, namespaces
from mailgate.inbound.imap.plan import uid_sets
from mailgate.settings import Mailbox
from mailgate.system.crash_points import crossing

LONGEST_IDLE = 540.0  # seconds; RFC 2177 allows 29 minutes, address translators fewer than ten
SEARCH_WINDOW = 50_000  # messages a SEARCH may name in one response line (imaplib reads up to 1 MB)
FEATURES = ("MOVE", "UIDPLUS", "IDLE")  # what makes a difference here; RFC 6851, 4315, 2177
LISTED_FOLDERS = 20  # folder names that an error message may list
_HEADERS = "BODY.PEEK[HEADER.FIELDS (FROM SUBJECT MESSAGE-ID)]"
_HEADERS_KEY = b"BODY[HEADER.FIELDS (FROM SUBJECT MESSAGE-ID)]"


@dataclass(frozen=True, slots=True)
class Outline:
    """What is known of a message before it is fetched."""

    size: int  # bytes
    arrived_at: datetime | None  # INTERNALDATE, UTC


@dataclass(frozen=True, slots=True)
class Fetched:
    """A message as the server holds it."""

    raw: bytes = field(repr=False)
    arrived_at: datetime | None
    flags: tuple[str, ...] = ()  # system flags and keywords


class Session:
    """A signed-in connection with its folder selected, once `open` has returned."""

    uidvalidity = 0
    exists = 0  # messages in the folder when it was opened
    can_idle = False

    def __init__(self, mailbox: Mailbox, account: Account | None = None) -> None:
        self._mailbox = mailbox
        self._account = account
        self._client: Any = None
        self._spaces = Namespaces()

    def open(self) -> None:
        """Connect, sign in, select. Raises Lost, Denied, or what keeps an access token from being had."""
        self.sign_in()
        self.select()

    def sign_in(self) -> None:
        """Connect and sign in; the first half of `open`. Raises as it does."""
        connect(self._mailbox, self._account, self._keep)

    def select(self) -> None:
        """Select the folder; the second half of `open`. Raises as it does."""
        mailbox = self._mailbox
        with wire(mailbox.host):
            if self._client.has_capability("NAMESPACE"):
                self._spaces = namespaces(self._client.namespace())
        if mailbox.after == "move" and _same_folder(self._folder, self._move_to):
            raise Denied(f"folder {mailbox.folder!r} cannot be moved into itself")
        self._select()

    def _keep(self, client: Any) -> None:
        self._client = client

    @property
    def _folder(self) -> str:
        return full_name(self._mailbox.folder, self._spaces)

    @property
    def _move_to(self) -> str:
        return full_name(self._mailbox.move_to, self._spaces)

    def _select(self) -> None:
        try:
            with wire():
                # EXAMINE where nothing will be changed (RFC 3501 6.3.2)
                selected = self._client.select_folder(self._folder, readonly=self._mailbox.after == "leave")
        except Failed as error:
            raise Denied(f"folder {self._folder!r} cannot be opened{self._folders()}", cause=error.cause) from error
        self.uidvalidity = int(selected.get(b"UIDVALIDITY") or 0)
        if not self.uidvalidity:
            raise Denied("the server gives the folder no UIDVALIDITY")
        self.exists = int(selected.get(b"EXISTS", 0))
        self.can_idle = bool(self._client.has_capability("IDLE"))

    def _folders(self) -> str:
        with suppress(MailgateError), wire():
            names = sorted(str(name) for _, _, name in self._client.list_folders())
            return f"; the account has {', '.join(names[:LISTED_FOLDERS])}" if names else ""
        return ""

    def capabilities(self) -> frozenset[str]:
        """Those of `FEATURES` that the server has."""
        with wire(self._mailbox.host):
            return frozenset(name for name in FEATURES if self._client.has_capability(name))

    # looking

    def news(self) -> bool:
        """True when the server announced new messages since the last call.

        What it announces during another command it does not repeat in IDLE. The call also
        empties the library's list of such responses, which would grow for ever.
        """
        announced = self._client._imap.response("EXISTS")[1]  # noqa: SLF001
        self._client._imap.response("EXPUNGE")  # noqa: SLF001
        return any(announced)

    def all_uids(self) -> list[int]:
        """UID of every message in the folder, for the first look of a connection."""
        if self.exists <= SEARCH_WINDOW:
            with wire():
                return sorted(self._client.search("ALL"))
        found: set[int] = set()
        last = "*"  # not the number of then: more may have come
        # From the top down: what others expunge meanwhile moves messages into windows still to come.
        for top in range(self.exists, 0, -SEARCH_WINDOW):
            first = max(1, top - SEARCH_WINDOW + 1)
            with wire():
                found.update(self._client.search(f"{first}:{last}"))
            last = str(first - 1)
        return sorted(found)

    def uids_from(self, first: int) -> list[int]:
        """UIDs from `first` on. `n:*` always names the last message too (RFC 3501 6.4.8)."""
        with wire():
            return sorted(uid for uid in self._client.search(f"UID {first}:*") if uid >= first)

    def still_there(self, uids: Iterable[int]) -> list[int]:
        """Those of `uids` that are still in the folder."""
        found: set[int] = set()
        for text, named in uid_sets(uids):
            with wire():
                found.update(set(self._client.search(f"UID {text}")) & set(named))
        return sorted(found)

    def outlines(self, uids: Sequence[int]) -> dict[int, Outline]:
        """Size and arrival time of messages; those that are gone are absent."""
        return {
            uid: Outline(int(data.get(b"RFC822.SIZE") or 0), _utc(data.get(b"INTERNALDATE")))
            for uid, data in self._fetch(uids, ("RFC822.SIZE", "INTERNALDATE")).items()
        }

    def messages(self, uids: Sequence[int]) -> dict[int, Fetched]:
        """Whole messages, unmarked (BODY.PEEK); those that are gone or unreadable are absent."""
        return {
            uid: Fetched(data[b"BODY[]"], _utc(data.get(b"INTERNALDATE")), _flags(data.get(b"FLAGS")))
            for uid, data in self._fetch(uids, ("INTERNALDATE", "FLAGS", "BODY.PEEK[]")).items()
            if isinstance(data.get(b"BODY[]"), bytes)
        }

    def headers(self, uids: Sequence[int]) -> dict[int, bytes]:
        """From, Subject and Message-ID of messages, as header lines; those that cannot be had are absent."""
        return {
            uid: data[_HEADERS_KEY]
            for uid, data in self._fetch(uids, (_HEADERS,)).items()
            if isinstance(data.get(_HEADERS_KEY), bytes)
        }

    def _fetch(self, uids: Sequence[int], items: Sequence[str]) -> dict[int, Mapping[bytes, Any]]:
        found: dict[int, Mapping[bytes, Any]] = {}
        for _, named in uid_sets(uids):
            with wire():
                found.update(self._client.fetch(named, items))
        return found

    # finishing

    def mark_seen(self, uids: Sequence[int]) -> None:
        """Flag messages as read."""
        for text, _ in uid_sets(uids):
            with wire():
                self._client.add_flags(text, [b"\\Seen"], silent=True)

    def finish(self, uids: Iterable[int]) -> Iterator[tuple[int, ...]]:
        """Move, flag, delete or leave messages as `after` says; yields what each command did."""
        for text, named in uid_sets(uids):
            crossing("change of a mailbox")
            if self._mailbox.after == "move":
                self._move(text, self._move_to)
            elif self._mailbox.after == "seen":
                with wire():
                    self._client.add_flags(text, [b"\\Seen"], silent=True)
            elif self._mailbox.after == "delete":
                self._delete(text, named)
            crossing("mailbox changed")
            yield named

    def _move(self, text: str, target: str) -> None:
        try:
            self._move_into(text, target)
        except Failed:
            # [TRYCREATE], or a server that does not say so (RFC 3501 6.4.7)
            with suppress(Failed), wire():
                self._client.create_folder(target)
                self._client.subscribe_folder(target)
            self._move_into(text, target)

    def _move_into(self, text: str, target: str) -> None:
        with wire():
            if self._client.has_capability("MOVE"):  # RFC 6851
                self._client.move(text, target)
                return
            named = self._client.search(f"UID {text}")
            self._client.copy(text, target)
        self._delete(text, named)

    def _delete(self, text: str, named: Sequence[int]) -> None:
        with wire():
            self._client.add_flags(text, [b"\\Deleted", b"\\Seen"], silent=True)
            if self._client.has_capability("UIDPLUS"):  # RFC 4315
                self._client.uid_expunge(text)
            elif set(self._client.search("DELETED")) <= set(named):
                self._client.expunge()  # nobody else's deleted messages are swept away with ours

    # junk

    def junk(self, uids: Sequence[int], message_ids: Sequence[str]) -> int:
        """Move mails of spam tickets to the folder for junk, if there is one; how many were moved.

        By UID where they stayed in the folder, by Message-ID where they were moved. The folder
        is selected again afterwards. Raises Lost where its UIDVALIDITY is another one then.
        """
        mailbox = self._mailbox
        if mailbox.after == "delete" or (mailbox.after == "leave" and not mailbox.junk):
            return 0
        with wire():
            listed = [(flags, str(name)) for flags, _, name in self._client.list_folders()]
        provider = PROVIDERS.get(mailbox.provider)
        target = junk_folder(mailbox.junk, listed, provider.junk if provider else "", self._spaces)
        if not target or target in (self._folder, self._move_to):
            return 0
        try:
            with wire():
                self._client.select_folder(self._move_to if mailbox.after == "move" else self._folder)
            if mailbox.after == "move":
                found = [uid for each in message_ids for uid in self._by_message_id(each)]
            else:
                found = self.still_there(uids)
            for text, _ in uid_sets(found):
                self._move(text, target)
        finally:
            validity = self.uidvalidity
            self._select()
        if self.uidvalidity != validity:
            raise Lost("the folder is another one now")
        return len(found)

    def _by_message_id(self, message_id: str) -> list[int]:
        if not message_id.isascii() or not message_id.isprintable():
            return []  # a search in another charset, which few servers know
        with wire():
            return list(self._client.search(["HEADER", "Message-ID", message_id]))

    def delete_by_message_id(self, message_id: str) -> bool:
        """Delete a message of ours; whether it was there. With `after = "leave"` it stays."""
        found = self._by_message_id(message_id)
        if found and self._mailbox.after != "leave":
            for text, named in uid_sets(found):
                self._delete(text, named)
        return bool(found)

    # waiting

    def wait(self, wake: socket.socket, seconds: float, *, idle: bool) -> None:
        """Wait for news from the server, for a byte on `wake`, or for the time to pass.

        With `idle` the server tells at once what is new (RFC 2177). Raises Lost when the
        connection died meanwhile.
        """
        if not idle:
            readable([wake], seconds)
            return
        with wire():
            self._client.idle()
            # idle_check() spins after the server closed and overlooks what came in one piece with
            # the server's "+"; so we wait ourselves, and idle_done() reads whatever was said.
            if not self._said_already():
                readable([self._client.socket(), wake], min(seconds, LONGEST_IDLE))
            self._client.idle_done()

    def _said_already(self) -> bool:
        """True when the server's words are already in our buffers, where no selector sees them."""
        connection = self._client.socket()
        connection.settimeout(0)
        try:
            return bool(self._client._imap.file.peek(1))  # noqa: SLF001
        except (BlockingIOError, ssl.SSLWantReadError):
            return False
        finally:
            connection.settimeout(READ_TIMEOUT)

    # ending

    def close(self) -> None:
        """Log out, politely and briefly."""
        with suppress(Exception):
            self._client.socket().settimeout(1.0)
            self._client.logout()
        self.cut()

    def cut(self) -> None:
        """Drop the connection. May be called from another thread to end a read that hangs."""
        if self._client is not None:
            cut(self._client)


def readable(sockets: Sequence[socket.socket], seconds: float) -> None:
    """Wait until one of them has something to read, for so many seconds at most."""
    with DefaultSelector() as selector:  # select() takes no descriptor over 1023
        for each in sockets:
            selector.register(each, EVENT_READ)
        selector.select(seconds)


def _same_folder(one: str, other: str) -> bool:
    return one == other or one.upper() == other.upper() == "INBOX"  # RFC 3501 5.1


def _flags(found: object) -> tuple[str, ...]:
    flags = found if isinstance(found, tuple) else ()
    return tuple(each.decode("ascii", "replace") for each in flags if isinstance(each, bytes))


def _utc(date: datetime | None) -> datetime | None:
    return date.astimezone(UTC) if date is not None and date.tzinfo is not None else None
