"""What mailgate writes to people: kinds of notices, one notice before it is rendered, one finished mail."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from mailgate.figures import Report
from mailgate.phrase import Phrase, Sentence, Value
from mailgate.ticket import Address, Entry, StoredAttachment, Ticket


class NoticeKind(StrEnum):
    """Every kind of mail that mailgate writes; each has a template of its name."""

    # to requesters and collaborators
    ACKNOWLEDGEMENT = "acknowledgement"
    FOLLOW_UP_RECEIVED = "follow-up-received"
    OPENED_FOR_YOU = "opened-for-you"
    REPLY = "reply"
    STATUS_CHANGED = "status-changed"
    COLLABORATOR_ADDED = "collaborator-added"
    LIMIT_REACHED = "limit-reached"
    REJECTED = "rejected"
    ASKED = "asked"  # to an outsider whom an agent asks: that text alone
    # to agents
    NEW_TICKET = "new-ticket"
    NEW_MESSAGE = "new-message"
    COLLEAGUE_REPLY = "colleague-reply"
    NOTE = "note"
    ASSIGNED = "assigned"
    TAKEN = "taken"
    TRANSFERRED = "transferred"
    STATUS = "status"
    OVERDUE = "overdue"
    ESCALATED = "escalated"
    REMINDER = "reminder"
    DELIVERY_FAILED = "delivery-failed"
    COMMAND_FAILED = "command-failed"
    HELD = "held"
    CONFIRM = "confirm"
    ANSWER = "answer"
    DIGEST = "digest"
    REPORT = "report"
    ADMIN = "admin"  # to the administrator: quarantine, refused reloads, an ill relay

    @property
    def to_requester(self) -> bool:
        """True for the kinds that go to people outside the desk: they hold public values, and keys without power."""
        return self in REQUESTER_KINDS


REQUESTER_KINDS = frozenset(
    {
        NoticeKind.ACKNOWLEDGEMENT,
        NoticeKind.FOLLOW_UP_RECEIVED,
        NoticeKind.OPENED_FOR_YOU,
        NoticeKind.REPLY,
        NoticeKind.STATUS_CHANGED,
        NoticeKind.COLLABORATOR_ADDED,
        NoticeKind.LIMIT_REACHED,
        NoticeKind.REJECTED,
        NoticeKind.ASKED,
    }
)


# An answer to one of these is a public reply; an answer to any other kind is a note.
REPLYABLE_KINDS = frozenset({NoticeKind.NEW_TICKET, NoticeKind.NEW_MESSAGE, NoticeKind.COLLEAGUE_REPLY})


# Answers to an agent's own mail.
ANSWER_KINDS = frozenset({NoticeKind.ANSWER, NoticeKind.COMMAND_FAILED, NoticeKind.CONFIRM, NoticeKind.HELD})


# Alerts that show the thread.
ALERT_KINDS = frozenset(
    {
        NoticeKind.NEW_TICKET,
        NoticeKind.NEW_MESSAGE,
        NoticeKind.COLLEAGUE_REPLY,
        NoticeKind.NOTE,
        NoticeKind.ASSIGNED,
        NoticeKind.TRANSFERRED,
        NoticeKind.OVERDUE,
        NoticeKind.ESCALATED,
        NoticeKind.REMINDER,
    }
)
# Automatic mail to requesters; a person's reply never counts against a limit.
AUTOMATIC_KINDS = frozenset(
    {
        NoticeKind.ACKNOWLEDGEMENT,
        NoticeKind.FOLLOW_UP_RECEIVED,
        NoticeKind.STATUS_CHANGED,
        NoticeKind.LIMIT_REACHED,
        NoticeKind.REJECTED,
    }
)


@dataclass(frozen=True, slots=True)
class SentNotice:
    """A notice about a ticket that was written to somebody before."""

    recipient: str
    agent: str  # key; "" for other people
    kind: NoticeKind
    message_id: str
    created_at: datetime
    sent_at: datetime | None  # None while it waits for the relay


@dataclass(frozen=True, slots=True)
class Similar:
    """An ended ticket that a new one is like: internal, and only for agents who see it."""

    number: int
    subject: str
    ended: Phrase  # "resolved by Ann: restarted the gateway"
    at: datetime


@dataclass(frozen=True, slots=True)
class Listing:
    """A table in a mail to an agent, before it is written in their language.

    `columns` are names in [column] of `words.toml`; the first two name a row. `count` is how
    many rows there are; the mail may hold the first ones alone. `tickets` are those of the
    rows, in a table of tickets: each row has links to answer, claim, resolve and put off its own.
    """

    title: Phrase
    columns: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]
    count: int
    tickets: tuple[Ticket, ...] = ()
    said: tuple[str, ...] = ()  # the newest words of each row's requester, where the mail shows them


@dataclass(frozen=True, slots=True)
class ListedMail:
    """A stored mail in a list, with (label, mail body) of what can be done with it."""

    sender: str
    subject: str
    about: Phrase
    links: tuple[tuple[Phrase, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Lines:
    """Sentences of an answer to an agent, one a line."""

    lines: tuple[Sentence, ...]


@dataclass(frozen=True, slots=True)
class Columns:
    """Commands, each beside its explanation."""

    rows: tuple[tuple[str, Phrase], ...]


@dataclass(frozen=True, slots=True)
class Fixed:
    """Text of an answer that stands in columns of its own: its blanks matter."""

    text: str


@dataclass(frozen=True, slots=True)
class ShownTicket:
    """A ticket with its whole thread and what happened to it, each oldest first."""

    ticket: Ticket
    thread: tuple[Entry, ...]
    full: bool = False  # with quoted text and signatures that were cut
    events: tuple[tuple[datetime, Phrase], ...] = ()


Answer = Listing | Lines | Columns | Fixed | ShownTicket  # to one question of an agent's mail


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One mail to one person about one event, before it is rendered.

    `cause` names the event the same way each time the work is redone, so that a redo
    composes the same Message-ID. `facts` are sentences that open the text (what
    happened); `text` is the person's own words that the mail passes on.
    """

    kind: NoticeKind
    to: Address
    cause: str
    ticket: Ticket | None = None
    agent: str = ""  # key of the agent it goes to; empty for requesters, collaborators, admin
    by: Address | None = None  # the author of the act or words
    by_agent: str = ""  # key of the agent whose act it is
    facts: tuple[Sentence, ...] = ()
    text: str = ""
    text_subject: str = ""  # of the mail whose text it is, where it is another than the ticket's
    signature: str = ""  # of its author, as their mail program marks it; it was cut from `text`
    html: str = ""  # sanitised, and says what `text` says; "" where there is none
    attachments: tuple[StoredAttachment, ...] = ()
    history: tuple[Entry, ...] = ()  # earlier entries the reader may see, newest first
    similar: tuple[Similar, ...] = ()  # ended tickets that a new one is like
    others: tuple[Ticket, ...] = ()  # the requester's other open tickets that the reader may see
    mails: tuple[ListedMail, ...] = ()  # that wait for somebody to look
    cc: tuple[Address, ...] = ()  # shown in To/Cc, not written to by this mail
    also_to: tuple[Address, ...] = ()
    in_reply_to: str = ""  # Message-ID in angle brackets that this mail answers
    references: tuple[str, ...] = ()
    subject: Sentence = ""  # only for mail without a ticket
    numbers: tuple[int, ...] = ()  # of the tickets, where it is in place of an alert about each
    address: str = ""  # desk address to write from; only for mail without a ticket
    lines_cut: int = 0  # of the mail whose text it is: quoted text, or a signature
    code: str = ""  # confirm code
    links: tuple[tuple[Sentence, str], ...] = ()  # (label, mail body) of extra one-tap links
    listings: tuple[Listing, ...] = ()  # tables for an agent, below the text
    answers: tuple[Answer, ...] = ()  # to the questions of an agent's mail; the text of an `answer`
    report: Report | None = None  # the figures of a `report`
    is_first: bool = False  # the first mail about the ticket that this person gets
    asks: bool = False  # it offers the links by which the requester says how they were helped
    canned: str = ""  # the canned response that an acknowledgement is
    public: bool = False  # of a `command-failed`: the mail that failed would have gone to the requester
    reveal: bool = True  # False: hold none of the requester's text (unproven first-timer)


_LINE = 76  # characters of a line of base64 (RFC 2045 6.8)


def wire_size(octets: int) -> int:
    """How many bytes a file takes on the wire: in base64, in lines."""
    encoded = -(-octets // 3) * 4
    return encoded + 2 * -(-encoded // _LINE)


@dataclass(frozen=True, slots=True)
class FilePart:
    """A stored file in a mail: its content belongs at an offset of the mail's own bytes, in base64."""

    at: int  # bytes
    sha256: str
    size: int  # bytes of the content


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A finished mail: what the outbox keeps until the relay has it."""

    kind: NoticeKind
    ticket: int | None
    cause: str
    mail_from: str  # envelope sender; "" is the null sender
    recipient: str
    message_id: str
    subject: str
    data: bytes  # RFC 5322, CRLF line endings, without the content of the files
    files: tuple[FilePart, ...] = ()
    agent: str = ""
    readers: tuple[str, ...] | None = None  # whom an answer reaches, as the mail says; None where it promises nothing
    names: tuple[int, ...] = ()  # tickets that it names beside its own
    not_before: datetime | None = None  # quiet hours: it waits until then

    @property
    def size(self) -> int:
        """Bytes of the whole mail."""
        return len(self.data) + sum(wire_size(file.size) for file in self.files)
