"""What is known about a mail before anything is decided: read, screened, its ticket, its sender."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from mailgate.desk.outcome import Context
from mailgate.errors import UnreadableFile
from mailgate.mail import Attachment, Body, Mail, Received
from mailgate.reading.body import read_body
from mailgate.reading.mime import addresses
from mailgate.reading.parse import parse, read
from mailgate.reasons import Screen
from mailgate.rules.screening.classify import Screened, classify
from mailgate.rules.screening.duplicates import digest, same_but_for_marks
from mailgate.rules.screening.list_sender import read_through
from mailgate.rules.text.subject import strip_subject
from mailgate.rules.threading import thread, trust
from mailgate.rules.threading.keys import Keyring
from mailgate.rules.threading.references import Reference, highest_number, references
from mailgate.rules.threading.thread import Found, Match
from mailgate.rules.threading.trust import Sender
from mailgate.store.db import Db
from mailgate.store.queues import held, inbox, outbox
from mailgate.store.queues.inbox import Claimed
from mailgate.store.tickets import histories, tickets
from mailgate.ticket import StoredAttachment, Ticket

ENCLOSED = frozenset({"message/rfc822", "message/global"})
Keep = Callable[[Iterable[bytes]], tuple[str, int]]


@dataclass(frozen=True, slots=True)
class Enclosed:
    """The one mail that an agent's mail has attached, read like any other."""

    mail: Mail
    body: Body
    attachments: tuple[StoredAttachment, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """A mail with everything that was found out about it before the desk decides."""

    received: Received
    screened: Screened
    refs: tuple[Reference, ...]  # those that count
    answers_lost: bool = False  # what it answers is of ours, and this database never sent it
    highest_number: int = 0  # of a ticket, in the ids of ours that it bears
    found: Found
    sender: Sender
    match: Match
    attachments: tuple[StoredAttachment, ...] = ()
    enclosed: Enclosed | None = None

    @property
    def ticket(self) -> Ticket | None:
        """The ticket that the mail belongs to."""
        return self.found.tickets.get(self.match.number) if self.match.number else None

    def shows(self, keyring: Keyring) -> bool:
        """True when the mail is its author's: it passed DMARC, or a person answers a notice to them.

        An out-of-office note answers what somebody else may have caused in their name.
        """
        email, sender = self.received.mail.author.email, self.sender
        keys = (ref.key for ref in self.refs if ref.key and ref.key.kind.to_requester)
        answers = self.human and sender.dmarc != "fail" and any(keyring.is_for(key, email) for key in keys)
        return bool(email) and (sender.dmarc == "pass" or answers)

    @property
    def human(self) -> bool:
        """True for mail of a person: only such mail commands, confirms or adds people."""
        return self.screened.kind is Screen.HUMAN


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A mail that was read and whose attachments are kept; the transaction comes next."""

    received: Received
    attachments: tuple[StoredAttachment, ...]
    digest: str
    enclosed: Enclosed | None = None


def prepare(claimed: Claimed, context: Context, keep: Keep) -> Prepared:
    """Read a mail; `keep` stores an attachment's bytes, given in pieces, and tells their digest and number."""
    opened = read(claimed.load())
    mail = read_through(opened.mail, addresses.read)
    kept = tuple(_kept(attachment, keep) for attachment in mail.attachments)
    received = Received(
        id=claimed.id,
        source=claimed.source,
        source_key=claimed.source_key,
        arrived_at=min(claimed.arrived_at, context.now),  # another server's clock may be ahead
        envelope=claimed.envelope,
        mail=mail,
        body=read_body(mail, opened.page),
        authserv_ids=claimed.authserv_ids,
        quiet=claimed.quiet,
        login=claimed.login,
    )
    return Prepared(
        received=received,
        attachments=kept,
        digest=digest(mail, kept, lambda subject: strip_subject(subject, context.config.desk)),
        enclosed=_enclosed(mail, context, keep),
    )


def _enclosed(mail: Mail, context: Context, keep: Keep) -> Enclosed | None:
    """The one mail that an agent's mail has attached: it may be forwarded. Nobody else's is opened."""
    if mail.author.email not in context.config.agents_by_email or mail.bounce:
        return None
    mails = [attachment for attachment in mail.attachments if attachment.type in ENCLOSED]
    if len(mails) != 1:
        return None
    inner = read(mails[0].content)
    files = tuple(_kept(attachment, keep) for attachment in inner.mail.attachments)
    return Enclosed(inner.mail, read_body(inner.mail, inner.page), files)


def _kept(attachment: Attachment, keep: Keep) -> StoredAttachment:
    sha256, size = keep(attachment.pieces())
    return StoredAttachment(attachment.name, attachment.type, size, sha256, attachment.cid)


def seen_before(db: Db, prepared: Prepared, context: Context) -> int | None:
    """The inbox id under which the same mail came before: its digest, or its id with the same words."""
    received = prepared.received
    seen = inbox.seen(db, prepared.digest)
    if seen is not None:
        return seen if seen != received.id else None

    def strip(subject: str) -> str:
        return strip_subject(subject, context.config.desk)

    earlier = inbox.with_message_id(db, received.mail.message_id, received.mail.author.email, received.id)
    again = ((each.id, mail) for each in earlier if (mail := _read_again(each)))
    return next((found for found, mail in again if same_but_for_marks(mail, received.mail, strip)), None)


def _read_again(claimed: Claimed) -> Mail | None:
    """An earlier mail; None where its file cannot be read."""
    try:
        return read_through(parse(claimed.load()), addresses.read)
    except UnreadableFile:
        return None


def find_out(db: Db, prepared: Prepared, context: Context) -> Situation:
    """Screen the mail, find its ticket and its sender: everything that is known before deciding."""
    config, keyring, received = context.config, context.keyring, prepared.received
    mail = received.mail
    screened = classify(mail, received.envelope, keyring.is_ours, frozenset(config.addresses))
    refs = references(mail, received.body, received.envelope, keyring, config)
    wanted = thread.lookups(refs)
    by_id = tickets.by_message_id(db, wanted.message_ids)
    numbers = {*wanted.numbers, *(number for found in by_id.values() for number in found)}
    sent = outbox.remembered(db, wanted.keys)
    found = thread.Found(histories.with_ends(db, numbers), by_id, held.burnt(db, wanted.keys), sent)
    sifted = thread.sift(refs, found)
    sender = trust.identify(
        mail, sifted.known, found.burnt, config, keyring, received.authserv_ids, context.now, login=received.login
    )
    return Situation(
        received=received,
        screened=screened,
        refs=sifted.known,
        answers_lost=sifted.answers_lost,
        highest_number=highest_number(mail, received.envelope, refs, keyring),
        found=found,
        sender=sender,
        match=thread.pick(sifted.known, found, sender, config, lost=sifted.lost),
        attachments=prepared.attachments,
        enclosed=prepared.enclosed,
    )
