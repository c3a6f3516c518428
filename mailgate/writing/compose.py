"""A notice becomes a finished mail: every header field and the bytes of the whole.

Pure: the time is an argument, the Message-ID comes from the cause, so the same notice
is the same mail again. It renders nothing, reads no file and sends nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from email.utils import format_datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from mailgate.notice import FilePart, Notice, NoticeKind, Outgoing
from mailgate.rules.notices.destination import named, promised
from mailgate.rules.replies import attachments as files
from mailgate.rules.threading.keys import Keyring
from mailgate.settings import Config
from mailgate.ticket import Address
from mailgate.writing.mail import headers, identity, mime
from mailgate.writing.views.views import Rendered

_MOST_IDS = 10  # in References; RFC 5322 3.6.4 sets no bound, mail programs do

# Answers to a mail that just came in (RFC 3834 5); all other machine mail is auto-generated.
AUTO_REPLIED = frozenset(
    {
        NoticeKind.ACKNOWLEDGEMENT,
        NoticeKind.FOLLOW_UP_RECEIVED,
        NoticeKind.LIMIT_REACHED,
        NoticeKind.REJECTED,
        NoticeKind.COMMAND_FAILED,
        NoticeKind.HELD,
        NoticeKind.CONFIRM,
        NoticeKind.ANSWER,
    }
)
# A person's words, passed on.
PERSONS = frozenset({NoticeKind.REPLY, NoticeKind.ASKED})
# A bounce of these has no ticket to be noted on, or would tell of itself for ever (RFC 3834 3.3,
# RFC 5321 4.5.5). All other mail has the desk's address as its envelope sender: what comes back
# is an event on the ticket, and no report is ever answered.
NULL_SENDER = frozenset({NoticeKind.LIMIT_REACHED, NoticeKind.REJECTED, NoticeKind.DELIVERY_FAILED, NoticeKind.ADMIN})


@lru_cache(16)  # the mails of a batch are of one moment
def _date(now: datetime, zone: ZoneInfo) -> str:
    return format_datetime(now.astimezone(zone))


def compose(
    notice: Notice,
    rendered: Rendered,
    config: Config,
    keyring: Keyring,
    now: datetime,
) -> Outgoing:
    """Return the finished mail; files are in it by their digest."""
    message_id = rendered.message_id
    subject = identity.subject(notice, config) if notice.ticket else rendered.subject
    address = identity.desk_address(notice, config)
    head = b"".join(
        [
            headers.addresses("From", [identity.from_(notice, config)]),
            *_recipients(notice),
            headers.addresses("Reply-To", [Address(_reply_to(notice, config, message_id))]),
            headers.unstructured("Subject", subject),
            headers.fold("Date", [_date(now, config.zone(notice.agent))]),
            headers.message_ids("Message-ID", [message_id]),
            *_threading(notice, keyring),
            *_marks(notice),
            *(headers.unstructured(name, value) for name, value in rendered.headers),
            *_language(notice, rendered),
            b"MIME-Version: 1.0\r\n",
        ]
    )
    going = files.of(notice, config.attachments).attached
    data, parts = _joined([head, *mime.body(rendered.parts, rendered.html, going, message_id)])
    return Outgoing(
        kind=notice.kind,
        ticket=notice.ticket.number if notice.ticket else None,
        cause=notice.cause,
        mail_from=_mail_from(notice, config, keyring, address.email, message_id),
        recipient=notice.to.email,
        message_id=message_id,
        subject=headers.plain(subject),
        data=data,
        files=parts,
        agent=notice.agent,
        readers=promised(notice, config),
        names=named(notice),
    )


def _recipients(notice: Notice) -> Iterator[bytes]:
    """To and Cc: for an agent their own address alone; for requester and collaborators all of theirs."""
    if not notice.kind.to_requester:
        yield headers.addresses("To", [notice.to])
        return
    copied = any(person.email == notice.to.email for person in notice.cc)
    shown = notice.also_to if copied and notice.also_to else (notice.to, *notice.also_to)
    to = {person.email: person for person in shown}
    yield headers.addresses("To", list(to.values()))
    cc = {person.email: person for person in notice.cc if person.email not in to}
    if cc:
        yield headers.addresses("Cc", list(cc.values()))


def _reply_to(notice: Notice, config: Config, message_id: str) -> str:
    address = identity.desk_address(notice, config)
    # A question's key lets an answer in as a note, from the address that was asked alone: it may travel.
    plain = notice.kind.to_requester and notice.kind is not NoticeKind.ASKED
    return address.email if plain else identity.reply_to(address, message_id)


def _threading(notice: Notice, keyring: Keyring) -> Iterator[bytes]:
    """In-Reply-To and References: the ticket's anchor first, then the newest ids (RFC 5322 3.6.4).

    No agent's key goes into mail to requesters, wherever it was put. Who is asked is in no
    conversation with the requester: what they send on must not thread as the requester's.
    """
    public = notice.ticket is not None and notice.kind is not NoticeKind.ASKED
    anchor = [keyring.anchor(notice.ticket.number, notice.ticket.anchor)] if notice.ticket and public else []
    known = [found for found in (*notice.references, notice.in_reply_to) if headers.is_id(found)]
    if notice.kind.to_requester:
        known = [found for found in known if not _is_agents(found, keyring)]
    if notice.in_reply_to in known:
        yield headers.message_ids("In-Reply-To", [notice.in_reply_to])
    # A later mention of an id is the one that counts: dict order from the right, then back
    ids = list(dict.fromkeys(reversed([found for found in known if found not in anchor])))[: _MOST_IDS - len(anchor)]
    if anchor or ids:
        yield headers.message_ids("References", [*anchor, *reversed(ids)])


def _is_agents(message_id: str, keyring: Keyring) -> bool:
    key = keyring.read(message_id)
    return key is not None and not key.kind.to_requester


def _marks(notice: Notice) -> Iterator[bytes]:
    """The fields that name ticket and notice and allow no reaction; of automatic mail also its own (RFC 3834)."""
    for number in (notice.ticket.number,) if notice.ticket else notice.numbers:
        yield headers.fold("X-Mailgate-Ticket", [str(number)])
    yield headers.fold("X-Mailgate-Notice", [str(notice.kind)])
    # A reaction in Outlook stands in the mailbox's own data, which IMAP does not show: the desk would not hear of it.
    # https://office365itpros.com/2023/09/19/outlook-reactions-disable/
    yield b"x-ms-reactions: disallow\r\n"
    if notice.kind not in PERSONS:
        how = "auto-replied" if notice.kind in AUTO_REPLIED else "auto-generated"  # RFC 3834 5
        yield headers.fold("Auto-Submitted", [how])
        yield b"X-Auto-Response-Suppress: DR, RN, NRN, OOF, AutoReply\r\n"


def _language(notice: Notice, rendered: Rendered) -> Iterator[bytes]:
    """Content-Language (RFC 3282), where the words are the desk's own and in the language of its reader.

    A person writes as they like, and what the daemon tells the administrator of itself is in English, as its log is.
    """
    from_daemon = notice.kind is NoticeKind.ADMIN and any(isinstance(fact, str) for fact in notice.facts)
    if notice.kind not in PERSONS and not from_daemon:
        yield headers.unstructured("Content-Language", rendered.language)


def _mail_from(notice: Notice, config: Config, keyring: Keyring, address: str, message_id: str) -> str:
    if notice.kind in NULL_SENDER:
        return ""
    return keyring.verp(address, message_id) if config.relays_for(address)[0].envelope == "verp" else address


def _joined(pieces: Iterable[mime.Piece]) -> tuple[bytes, tuple[FilePart, ...]]:
    """The bytes of a mail without its files, and where these belong."""
    data: list[bytes] = []
    parts: list[FilePart] = []
    size = 0
    for piece in pieces:
        if isinstance(piece, bytes):
            data.append(piece)
            size += len(piece)
        else:
            parts.append(FilePart(size, piece.sha256, piece.size))
    return b"".join(data), tuple(parts)
