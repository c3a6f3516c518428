"""Connecting to an IMAP server and signing in: the only file that names imapclient.

Errors of the wire come out as `Lost` (connect again), those of the account as `Denied`,
those of one command as `Failed`.
"""

from __future__ import annotations

import imaplib
import logging
import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from imapclient import IMAPClient, SocketTimeout
from imapclient.exceptions import IMAPClientAbortError, IMAPClientError, LoginError

from mailgate.connect import sasl
from mailgate.connect.access_tokens import Account
from mailgate.connect.tls import client_context, connection_words
from mailgate.errors import MailgateError
from mailgate.inbound.imap.replies import judge, plain
from mailgate.settings import Mailbox

CONNECT_TIMEOUT = 10.0  # seconds
READ_TIMEOUT = 60.0  # seconds without a byte from the server
MECHANISMS = (sasl.XOAUTH2, sasl.OAUTHBEARER)


class Lost(MailgateError):
    """The connection is gone or was never made."""


class Throttled(Lost):
    """The server asks for a pause of `seconds` (0: it names no time)."""

    def __init__(self, public: str, *, cause: str, seconds: float) -> None:
        super().__init__(public, cause=cause)
        self.seconds = seconds


class Denied(MailgateError):
    """Login refused, folder missing, TLS not offered: somebody has to change something."""


class LoginDenied(Denied):
    """The server refused user and password, or the token."""


class Failed(MailgateError):
    """The server refused one command; the connection lives."""


def connect(mailbox: Mailbox, account: Account | None, opened: Callable[[Any], None]) -> None:
    """Connect and sign in; `opened` gets the IMAPClient before the sign-in, so that it can be cut.

    Raises Lost, Denied, or what keeps an access token from being had.
    """
    if account is not None:
        _by_token(mailbox, account, opened)
        return
    with _encrypted(mailbox, opened) as client:
        _by_password(client, mailbox)


def cut(client: Any) -> None:
    """Drop a connection. May be called from another thread to end a read that hangs."""
    with suppress(Exception):
        client.socket().shutdown(2)  # both ways
    with suppress(Exception):
        client.shutdown()


@contextmanager
def _encrypted(mailbox: Mailbox, opened: Callable[[Any], None]) -> Iterator[IMAPClient]:
    """A connection, within TLS unless the config says none; cut when what is done with it fails."""
    with wire(mailbox.host):
        implicit = mailbox.tls == "implicit"
        context = client_context(mailbox.credentials.ca) if implicit else None
        timeout = SocketTimeout(connect=CONNECT_TIMEOUT, read=READ_TIMEOUT)
        client = IMAPClient(mailbox.host, mailbox.port, ssl=implicit, ssl_context=context, timeout=timeout)
        # imaplib would format every line for a debug log: whole mails, and passwords in base64
        client._imap.debug = 0  # noqa: SLF001
        logging.getLogger("imapclient").setLevel(logging.WARNING)
        client.normalise_times = False  # else INTERNALDATE comes as naive local time
    opened(client)
    try:
        if mailbox.tls == "starttls":
            with wire(mailbox.host):
                _start_tls(client, mailbox)
        yield client
    except BaseException:
        cut(client)
        raise


def _start_tls(client: IMAPClient, mailbox: Mailbox) -> None:
    if not client.has_capability("STARTTLS"):
        raise Denied("the server does not offer STARTTLS")
    client.starttls(client_context(mailbox.credentials.ca))


def _by_password(client: IMAPClient, mailbox: Mailbox) -> None:
    credentials = mailbox.credentials
    user, password = credentials.user, credentials.password.value
    with wire(mailbox.host, login=True):
        if (user + password).isascii() and not client.has_capability("LOGINDISABLED"):
            client.login(user, password)
        else:  # LOGIN is ASCII alone; PLAIN is UTF-8 (RFC 4616 2)
            client.sasl_login(sasl.PLAIN, lambda _: sasl.plain(user, password))


def _by_token(mailbox: Mailbox, account: Account, opened: Callable[[Any], None]) -> None:
    """Sign in with a token; one that is refused may have been revoked: once more with a new one."""
    token = account.token()
    try:
        _with_token(mailbox, token, opened)
    except LoginDenied:
        _with_token(mailbox, account.token(refused=token), opened)


def _with_token(mailbox: Mailbox, token: str, opened: Callable[[Any], None]) -> None:
    with _encrypted(mailbox, opened) as client:
        with wire(mailbox.host):
            offered = [each for each in MECHANISMS if client.has_capability(f"AUTH={each}")]
        name = sasl.mechanism(offered, token=True)
        if not name:
            raise Denied("the server offers no sign-in with a token (XOAUTH2 or OAUTHBEARER)")
        message = sasl.by_token(name, mailbox.credentials.user, token, mailbox.host, mailbox.port)
        errors: list[str] = []

        def answer(challenge: bytes) -> bytes:
            if not challenge:
                return message
            errors.append(sasl.error_of(challenge))
            return sasl.end_of_failure(name)

        with wire(mailbox.host, login=True, errors=errors):
            client.sasl_login(name, answer)


@contextmanager
def wire(host: str = "the server", *, login: bool = False, errors: Sequence[str] = ()) -> Iterator[None]:
    """Turn the libraries' many errors into our three. `errors`: what the server said of a token."""
    try:
        yield
    except LoginError as error:
        # a connection that broke during login comes as a LoginError too
        if isinstance(error.__context__, imaplib.IMAP4.abort):
            raise Lost("the connection was lost", cause=plain(str(error))) from error
        raise _refused(str(error), login=login, errors=errors) from error
    except IMAPClientAbortError as error:
        raise Lost("the connection was lost", cause=plain(str(error))) from error
    except IMAPClientError as error:
        raise _refused(str(error), login=login, errors=errors) from error
    except ssl.SSLCertVerificationError as error:
        raise Denied(connection_words(error, host)) from error
    except OSError as error:
        raise Lost("the connection failed", cause=connection_words(error, host)) from error


def _refused(said: str, *, login: bool, errors: Sequence[str]) -> MailgateError:
    """What a refusal comes out as."""
    refusal = judge(said, login=login)
    cause = "; ".join(filter(None, (refusal.said, *errors)))
    if refusal.later:
        what = "the server takes no login now" if login else "the server asks to wait"
        return Throttled(what, cause=cause, seconds=refusal.seconds)
    if refusal.not_connected:
        why = "another mailbox, a missing permission, or passing trouble"
        return Denied(f"signed in, but not connected to the mailbox ({why})", cause=cause)
    return LoginDenied("login refused", cause=cause) if login else Failed("the server refused a command", cause=cause)
