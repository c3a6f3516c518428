"""Bytes into a `Mail`: the one place where an incoming message becomes a value.

Never raises: what is broken is a defect of the mail. It does not judge what the mail
is (`mailgate.rules.screening.classify`) and does not cut quotes (`mailgate.reading.body`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from mailgate.mail import Envelope, Mail, is_null_path
from mailgate.reading.bounces import report
from mailgate.reading.encodings import charset
from mailgate.reading.encodings.charset import Guesses
from mailgate.reading.mime import addresses, authres, contents, headers, parts, security
from mailgate.reading.page.page import Page
from mailgate.ticket import Address

MAX_DATE = 100  # characters
UNKNOWN = Envelope(None, ())


@dataclass(frozen=True, slots=True)
class Opened:
    """A mail as it was read, and its HTML parsed, where that was needed to read it."""

    mail: Mail
    page: Page | None = None


def parse(raw: bytes, envelope: Envelope = UNKNOWN) -> Mail:
    """Read a message as it came over the wire; any bytes give a Mail. A null sender in the envelope marks a report."""
    return read(raw, envelope).mail


def read(raw: bytes, envelope: Envelope = UNKNOWN) -> Opened:
    """The same where the body is read next: a page of HTML is parsed once for both."""
    try:
        return _read_mail(raw, envelope)
    except Exception as error:  # a fault of ours must not lose a mail: it is quarantined as unreadable
        defect = f"unreadable: {type(error).__name__}"
        return Opened(Mail(defects=(defect,), size=len(raw), text=charset.decode(raw[:10_000])))


def _read_mail(raw: bytes, envelope: Envelope) -> Opened:
    guesses = Guesses()
    tree = parts.read(raw, guesses)
    root = security.opened(tree.root, guesses)
    fields = tuple((name, headers.raw_text(value, guesses)) for name, value in root.fields)
    decoded = tuple((name, headers.words(value, guesses)) for name, value in fields)
    first: dict[str, str] = {}
    for name, value in fields:
        first.setdefault(name, value)
    senders = tuple(a for name, value in fields if name == "from" for a in addresses.read(value, guesses))
    sender = next(iter(_read(first, "sender", guesses)), None)
    author = _author_by_sender(senders, sender)
    content = contents.read(root, guesses)
    ids = headers.identifiers(first.get("message-id", ""))
    mail = Mail(
        message_id=ids[0] if ids else "",
        in_reply_to=headers.identifiers(first.get("in-reply-to", "")),
        references=headers.identifiers(first.get("references", "")),
        from_=(author,) if author else senders,
        by_sender=author is not None,
        sender=sender,
        reply_to=_read(first, "reply-to", guesses),
        to=_all(fields, "to", guesses),
        cc=_all(fields, "cc", guesses),
        subject=" ".join(headers.words(first.get("subject", ""), guesses).split()),
        date=_date(first.get("date", "")),
        headers=decoded,
        text=content.text,
        html=content.html,
        attachments=content.attachments,
        bounce=report.read(root, senders, content.text, first, null=_null_sender(envelope, first)),
        auth=authres.read(fields),
        content_type=root.type,
        defects=(*tree.defects, *content.defects),
        reaction=content.reaction,
        calendar_method=content.calendar_method,
        unreadable=content.unreadable,
        size=len(raw),
    )
    return Opened(mail, content.page)


def _author_by_sender(senders: tuple[Address, ...], sender: Address | None) -> Address | None:
    """Whoever sent the mail, where From names nobody, as `undisclosed-recipients:;` (RFC 6854); else None."""
    if sender is None or "@" not in sender.email or any(each.email for each in senders):
        return None
    return Address(sender.email, next((each.name for each in senders if each.name), sender.name))


def _null_sender(envelope: Envelope, first: dict[str, str]) -> bool:
    """Whether the reverse path is null, by the envelope where it is known, else by Return-Path."""
    path = first.get("return-path", "") if envelope.sender is None else envelope.sender
    return is_null_path(path) and (envelope.sender is not None or bool(path.strip()))


def _read(first: dict[str, str], name: str, guesses: Guesses) -> tuple[Address, ...]:
    value = first.get(name)
    return addresses.read(value, guesses) if value else ()


def _all(fields: tuple[tuple[str, str], ...], wanted: str, guesses: Guesses) -> tuple[Address, ...]:
    return tuple(a for name, value in fields if name == wanted for a in addresses.read(value, guesses) if a.email)


def _date(value: str) -> datetime | None:
    """The Date field in UTC; a time without a zone is taken as UTC (RFC 5322 4.3, -0000)."""
    if not value:
        return None
    try:
        when = parsedate_to_datetime(value[:MAX_DATE])
        return (when if when.tzinfo else when.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError, AttributeError):
        return None
