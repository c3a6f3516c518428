"""One IMAP connection to one folder: connect, look, fetch, finish, wait (IMAP4rev1, RFC 3501).

The only file that names imapclient. Blocking: it belongs to one thread. Decides nothing
(`imap_plan` does) and remembers nothing between connections (the ledger does).
Errors of the wire come out as `Lost` (connect again), those of the account as `Denied`,
those of one command as `Failed`.
"""

from __future__ import annotations

import imaplib
import logging
import socket
import ssl
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from selectors import EVENT_READ, DefaultSelector
from typing import Any

from imapclient import IMAPClient, SocketTimeout
from imapclient.exceptions import IMAPClientAbortError, IMAPClientError, LoginError

from mailgate.connect import sasl
from mailgate.connect.accounts import Account
from mailgate.connect.tls import client_context, connection_words
from mailgate.errors import MailgateError
from mailgate.inbound.imap.plan import uid_sets
from mailgate.inbound.imap.replies import judge, plain
from mailgate.settings import Mailbox

CONNECT_TIMEOUT = 10.0  # seconds
READ_TIMEOUT = 60.0  # seconds without a byte from the server
LONGEST_IDLE = 540.0  # seconds; RFC 2177 allows 29 minutes, address translators fewer than ten
SEARCH_WINDOW = 50_000  # messages a SEARCH may name in one response line (imaplib reads up to 1 MB)
LISTED_FOLDERS = 20  # folder names that an error message may list
_MECHANISMS = (sasl.XOAUTH2, sasl.OAUTHBEARER)


class Lost(MailgateError):
    """The connection is gone or was never made. `seconds`: how long the server wants to be left alone."""

    def __init__(self, public: str, *, cause: str = "", seconds: float = 0.0) -> None:
        super().__init__(public, cause=cause)
        self.seconds = seconds


class Denied(MailgateError):
    """Login refused, folder missing, TLS not offered: somebody has to change something."""


class Failed(MailgateError):
    """The server refused one command; the connection lives."""


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


class Session:
    """A logged-in connection with its folder selected, once `open` has returned."""

    uidvalidity = 0
    exists = 0  # messages in the folder when it was opened
    can_idle = False

    def __init__(self, mailbox: Mailbox, account: Account | None = None) -> None:
        self._mailbox = mailbox
        self._account = account
        self._client: Any = None

    def open(self) -> None:
        """Connect, sign in, select. Raises Lost, Denied, or what keeps an access token from being had."""
        mailbox = self._mailbox
        if mailbox.after == "move" and _same_folder(mailbox.folder, mailbox.move_to):
            raise Denied(f"folder {mailbox.folder!r} cannot be moved into itself")
        if self._account is None:
            self._connect()
            self._by_password()
        else:
            self._by_token(self._account)
        self._select()

    def _connect(self) -> None:
        with _wire(self._mailbox.host):
            self._client = _client_of(self._mailbox)
            _encrypt(self._client, self._mailbox)

    def _by_password(self) -> None:
        credentials = self._mailbox.credentials
        user, password = credentials.user, credentials.password.value
        with _signing_in(), _wire():
            if (user + password).isascii() and not self._client.has_capability("LOGINDISABLED"):
                self._client.login(user, password)
            else:  # LOGIN is ASCII alone; PLAIN is UTF-8 (RFC 4616 2)
                self._client.sasl_login(sasl.PLAIN, lambda _: sasl.plain(user, password))

    def _by_token(self, account: Account) -> None:
        """Sign in with a token; one that is refused may have been revoked: once more with a new one."""
        self._connect()
        token = account.token()
        try:
            self._say_token(token)
        except Denied:
            self.cut()
            fresh = account.token(refused=token)
            self._connect()
            self._say_token(fresh)

    def _say_token(self, token: str) -> None:
        mailbox, client = self._mailbox, self._client
        name = sasl.mechanism([each for each in _MECHANISMS if client.has_capability(f"AUTH={each}")], token=True)
        if not name:
            raise Denied("the server offers no sign-in with a token (XOAUTH2 or OAUTHBEARER)")
        message = sasl.by_token(name, mailbox.credentials.user, token, mailbox.host, mailbox.port)
        errors: list[str] = []

        def answer(challenge: bytes) -> bytes:
            if not challenge:
                return message
            errors.append(sasl.error_of(challenge))
            return sasl.end_of_failure(name)

        with _signing_in(errors), _wire():
            client.sasl_login(name, answer)

    def _select(self) -> None:
        folder = self._mailbox.folder
        try:
            with _wire():
                # EXAMINE where nothing will be changed (RFC 3501 6.3.2)
                told = self._client.select_folder(folder, readonly=self._mailbox.after == "leave")
        except Failed as error:
            refusal = judge(error.cause)
            if refusal.not_connected:
                who = self._mailbox.credentials.user
                why = "another mailbox, a missing permission, or passing trouble"
                raise Denied(
                    f"signed in, but not connected to the mailbox of {who} ({why})", cause=refusal.said
                ) from error
            if refusal.later:
                raise Lost("the server asks to wait", cause=refusal.said, seconds=refusal.seconds) from error
            raise Denied(f"folder {folder!r} cannot be opened{self._folders()}", cause=refusal.said) from error
        self.uidvalidity = int(told.get(b"UIDVALIDITY") or 0)
        if not self.uidvalidity:
            raise Denied("the server gives the folder no UIDVALIDITY")
        self.exists = int(told.get(b"EXISTS", 0))
        self.can_idle = bool(self._client.has_capability("IDLE"))

    def _folders(self) -> str:
        with suppress(MailgateError), _wire():
            names = sorted(str(name) for _, _, name in self._client.list_folders())
            return f"; the account has {', '.join(names[:LISTED_FOLDERS])}" if names else ""
        return ""

    # looking

    def news(self) -> bool:
        """True when the server told of new messages since this was last asked.

        What it told during another command it does not tell again in IDLE. Asking also
        empties the library's ever-growing list of such words.
        """
        told = self._client._imap.response("EXISTS")[1]  # noqa: SLF001
        self._client._imap.response("EXPUNGE")  # noqa: SLF001
        return any(told)

    def all_uids(self) -> list[int]:
        """UID of every message in the folder, for the first look of a connection."""
        if self.exists <= SEARCH_WINDOW:
            with _wire():
                return sorted(self._client.search("ALL"))
        found: set[int] = set()
        last = "*"  # not the number of then: more may have come
        # From the top down: what others expunge meanwhile moves messages into windows still to come.
        for top in range(self.exists, 0, -SEARCH_WINDOW):
            first = max(1, top - SEARCH_WINDOW + 1)
            with _wire():
                found.update(self._client.search(f"{first}:{last}"))
            last = str(first - 1)
        return sorted(found)

    def uids_from(self, first: int) -> list[int]:
        """UIDs from `first` on. `n:*` always names the last message too (RFC 3501 6.4.8)."""
        with _wire():
            return sorted(uid for uid in self._client.search(f"UID {first}:*") if uid >= first)

    def still_there(self, uids: Iterable[int]) -> list[int]:
        """Those of `uids` that are still in the folder."""
        found: set[int] = set()
        for text, named in uid_sets(uids):
            with _wire():
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
            uid: Fetched(data[b"BODY[]"], _utc(data.get(b"INTERNALDATE")))
            for uid, data in self._fetch(uids, ("INTERNALDATE", "BODY.PEEK[]")).items()
            if isinstance(data.get(b"BODY[]"), bytes)
        }

    def _fetch(self, uids: Sequence[int], items: Sequence[str]) -> dict[int, Mapping[bytes, Any]]:
        found: dict[int, Mapping[bytes, Any]] = {}
        for _, named in uid_sets(uids):
            with _wire():
                found.update(self._client.fetch(named, items))
        return found

    # finishing

    def mark_seen(self, uids: Sequence[int]) -> None:
        """Flag messages as read."""
        for text, _ in uid_sets(uids):
            with _wire():
                self._client.add_flags(text, [b"\\Seen"], silent=True)

    def finish(self, uids: Iterable[int]) -> Iterator[tuple[int, ...]]:
        """Move, flag, delete or leave messages as `after` says; yields what each command did."""
        for text, named in uid_sets(uids):
            with _wire():
                if self._mailbox.after == "move":
                    self._move(text)
                elif self._mailbox.after == "seen":
                    self._client.add_flags(text, [b"\\Seen"], silent=True)
                elif self._mailbox.after == "delete":
                    self._delete(text, named)
            yield named

    def _move(self, text: str) -> None:
        try:
            self._move_into(text)
        except IMAPClientAbortError:
            raise
        except IMAPClientError:
            # [TRYCREATE], or a server that does not say so (RFC 3501 6.4.7)
            with suppress(IMAPClientError):
                self._client.create_folder(self._mailbox.move_to)
                self._client.subscribe_folder(self._mailbox.move_to)
            self._move_into(text)

    def _move_into(self, text: str) -> None:
        if self._client.has_capability("MOVE"):  # RFC 6851
            self._client.move(text, self._mailbox.move_to)
            return
        named = self._client.search(f"UID {text}")
        self._client.copy(text, self._mailbox.move_to)
        self._delete(text, named)

    def _delete(self, text: str, named: Sequence[int]) -> None:
        self._client.add_flags(text, [b"\\Deleted", b"\\Seen"], silent=True)
        if self._client.has_capability("UIDPLUS"):  # RFC 4315
            self._client.uid_expunge(text)
        elif set(self._client.search("DELETED")) <= set(named):
            self._client.expunge()  # nobody else's deleted messages are swept away with ours

    # waiting

    def wait(self, wake: socket.socket, seconds: float, *, idle: bool) -> None:
        """Wait for news from the server, for a byte on `wake`, or for the time to pass.

        With `idle` the server tells at once what is new (RFC 2177). Raises Lost when the
        connection died meanwhile.
        """
        if not idle:
            readable([wake], seconds)
            return
        with _wire():
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
        with suppress(Exception):
            self._client.socket().shutdown(socket.SHUT_RDWR)
        with suppress(Exception):
            self._client.shutdown()


def readable(sockets: Sequence[socket.socket], seconds: float) -> None:
    """Wait until one of them has something to read, for so many seconds at most."""
    with DefaultSelector() as selector:  # select() takes no descriptor over 1023
        for each in sockets:
            selector.register(each, EVENT_READ)
        selector.select(seconds)


def _same_folder(one: str, other: str) -> bool:
    return one == other or one.upper() == other.upper() == "INBOX"  # RFC 3501 5.1


def _client_of(mailbox: Mailbox) -> IMAPClient:
    implicit = mailbox.tls == "implicit"
    context = client_context(mailbox.credentials.ca) if implicit else None
    timeout = SocketTimeout(connect=CONNECT_TIMEOUT, read=READ_TIMEOUT)
    client = IMAPClient(mailbox.host, mailbox.port, ssl=implicit, ssl_context=context, timeout=timeout)
    # imaplib would format every line for a debug log: whole mails, and passwords in base64
    client._imap.debug = 0  # noqa: SLF001
    logging.getLogger("imapclient").setLevel(logging.WARNING)
    client.normalise_times = False  # else INTERNALDATE comes as naive local time
    return client


def _encrypt(client: IMAPClient, mailbox: Mailbox) -> None:
    if mailbox.tls == "starttls":
        if not client.has_capability("STARTTLS"):
            raise Denied("the server does not offer STARTTLS")
        client.starttls(client_context(mailbox.credentials.ca))


@contextmanager
def _signing_in(errors: Sequence[str] = ()) -> Iterator[None]:
    """Tell a refused sign-in from one that may be tried again. `errors`: what the server said of a token."""
    try:
        yield
    except Failed as error:
        refusal = judge(error.cause)
        said = "; ".join(filter(None, (refusal.said, *errors)))
        if refusal.later:
            raise Lost("the server takes no login now", cause=said, seconds=refusal.seconds) from error
        raise Denied("login refused", cause=said) from error


@contextmanager
def _wire(host: str = "the server") -> Iterator[None]:
    """Turn the libraries' many errors into our three."""
    try:
        yield
    except LoginError as error:
        # a connection that broke during login comes as a LoginError too
        if isinstance(error.__context__, imaplib.IMAP4.abort):
            raise Lost("the connection was lost", cause=plain(str(error))) from error
        raise Failed("login refused", cause=plain(str(error))) from error
    except IMAPClientAbortError as error:
        raise Lost("the connection was lost", cause=plain(str(error))) from error
    except IMAPClientError as error:
        raise Failed("the server refused a command", cause=plain(str(error))) from error
    except ssl.SSLCertVerificationError as error:
        raise Denied(connection_words(error, host)) from error
    except OSError as error:
        raise Lost("the connection failed", cause=connection_words(error, host)) from error


def _utc(date: datetime | None) -> datetime | None:
    return date.astimezone(UTC) if date is not None and date.tzinfo is not None else None
