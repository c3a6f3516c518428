"""What is known about a mail, or an order from the command line, before anything is decided.

Values alone: `desk/gather` reads them from the database, once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from mailgate.desk.outcome import Announcement
from mailgate.desk.prepare import Enclosed
from mailgate.mail import Received
from mailgate.notice import NoticeKind, SentNotice
from mailgate.reasons import Reason, Screen
from mailgate.rules.commands.syntax import Commands
from mailgate.rules.notices.audience import Audience
from mailgate.rules.notices.occasion import Occasion
from mailgate.rules.people.absence import Away
from mailgate.rules.screening.classify import Screened
from mailgate.rules.threading.keys import Key
from mailgate.rules.threading.references import Reference
from mailgate.rules.threading.thread import Found, Match
from mailgate.rules.threading.trust import Sender
from mailgate.rules.ticket.bans import Ban
from mailgate.rules.ticket.rating import Rating
from mailgate.store.tickets.queries import Query
from mailgate.ticket import Actor, Address, Change, Entry, EntryKind, Event, OlderNote, StoredAttachment, Ticket

NO_COMMANDS = Commands((), (), ())
SHOWN = 6  # latest entries of a thread that notices may show


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketRecord:
    """A ticket and its history as stored, oldest first.

    How much of it is read: `desk/gather/records.py`.
    """

    ticket: Ticket
    thread: tuple[Entry, ...] = ()
    older: bool = False  # there may be entries before those of `thread`
    notes: tuple[OlderNote, ...] = ()  # the notes among these, where a reply is compared with them
    agents_wrote: tuple[tuple[EntryKind, str], ...] = ()  # entries of which kinds, by key, those who wrote first ahead
    events: tuple[Event, ...] = ()
    notices: tuple[SentNotice, ...] = ()
    below: tuple[int, ...] = ()  # tickets merged into it, and into those
    worked: Mapping[int, datetime] = field(default_factory=dict)  # when the mail of an entry was worked, by inbox id

    def notified(self, email: str, since: datetime) -> bool:
        """Whether a reply or a status notice was made for the address since then."""
        kinds = (NoticeKind.REPLY, NoticeKind.STATUS_CHANGED)
        return any(each.recipient == email and each.created_at >= since and each.kind in kinds for each in self.notices)


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownRequester:
    """A person, by all of their addresses, for whom a ticket may be opened."""

    known: bool  # a requester before
    proven: bool = False  # a mail of theirs was authenticated before
    open_tickets: int = 0
    limit_notified: bool = False  # a notice of the limit within the last day
    joinable: Ticket | None = None  # the newest with the mail's subject, as old as any rule lets mails `join` it


Ended = tuple[Ticket, Event | None]  # a ticket and the event that ended it


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What was read from the database for one mail or order.

    A field that does not concern it is empty: `desk/gather` reads by what the mail is.
    """

    away: Away = field(default_factory=dict)
    records: Mapping[int, TicketRecord] = field(default_factory=dict)  # by number
    # Opening a ticket.
    next_number: int = 0
    requesters: Mapping[str, KnownRequester] = field(default_factory=dict)  # by address
    # Mail that is not accepted.
    ban: Ban | None = None  # one that covers the author
    unproven: int = 0  # mails of the agent that wait for a confirmation
    held: Held | None = None  # what `#confirm` releases
    answered_lately: bool = False  # who sent a code that releases nothing had an answer within the hour
    passed: int = 0  # mails to postmaster@ that the administrator got within the hour, of a mail that names it
    # Delivery reports.
    returned: Key | None = None  # the key of the returned mail, where this database sent it
    burnt: bool = False  # that key was seen with a stranger
    bounced: frozenset[str] = frozenset()  # other mails of ours to that address that came back, by their marks
    reported: bool = False  # the administrator was notified of an unmatched report within the hour
    # An agent's commands.
    bans: tuple[Ban, ...] = ()  # newest first
    lists: Mapping[Query, tuple[Ticket, ...]] = field(default_factory=dict)
    index_percent: int | None = None  # of the full-text index that is there, where a search may miss tickets
    meanwhile: Mapping[str, tuple[TicketRecord, ...]] = field(default_factory=dict)  # changed since an agent went away
    candidates: tuple[Ticket, ...] = ()  # of requesters whom `#new NAME` may mean, the newest last
    similar: Mapping[int, tuple[Ended, ...]] = field(default_factory=dict)  # shown with a ticket, by its number
    others: Mapping[str, tuple[Ticket, ...]] = field(default_factory=dict)  # a requester's newest, by address
    promised: frozenset[str] | None = None  # whom a reply reaches, as the answered notice said; None: it said nothing
    tables_at: datetime | None = None  # when the mail about several tickets or none was made that is answered
    answered: int | None = None  # inbox id of the mail that caused the alert which is answered
    subjects: Mapping[int, str] = field(default_factory=dict)  # of stored mails, by inbox id
    signatures: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # learned, by agent's key
    endings: tuple[tuple[str, ...], ...] = ()  # of the author's earlier mails, see `rules/text/signature.py`

    def ticket(self, number: int) -> Ticket | None:
        """A ticket that was read."""
        record = self.records.get(number)
        return record.ticket if record else None

    def thread(self, number: int) -> tuple[Entry, ...]:
        """The entries of a ticket, without merged ones; none for a ticket that is opened now."""
        record = self.records.get(number)
        return record.thread if record else ()

    def older_notes(self, number: int) -> tuple[OlderNote, ...]:
        """The notes before the entries of `thread`, where a reply is compared with them."""
        record = self.records.get(number)
        return record.notes if record else ()

    def has_older(self, number: int) -> bool:
        """Whether the ticket may have entries before those of `thread`."""
        record = self.records.get(number)
        return record is not None and record.older

    def events(self, number: int) -> tuple[Event, ...]:
        """The events of a ticket; none for a ticket that is opened now."""
        record = self.records.get(number)
        return record.events if record else ()

    def end_of(self, number: int) -> Ticket | None:
        """The ticket into which a merged one went in the end; any other ticket itself."""
        ticket = self.ticket(number)
        while ticket and ticket.merged_into:
            ticket = self.ticket(ticket.merged_into)
        return ticket

    def audience(self, number: int) -> Audience:
        """The readers of a ticket, and what they have read of it; of a new ticket nobody has read anything."""
        record = self.records.get(number)
        if record is None:
            return Audience(away=self.away)
        merged = (
            replace(_elsewhere(entry, self.records[other].ticket), came_for=other)
            for other in record.below
            for entry in self.records[other].thread[-SHOWN:]
        )
        return Audience(
            last_sent={each.recipient: each.message_id for each in record.notices},
            involved=tuple(dict.fromkeys(key for _, key in record.agents_wrote)),
            history=tuple(reversed(record.thread[-SHOWN:])),
            merged=tuple(merged),
            away=self.away,
        )

    def announced(self, change: Change, occasion: Occasion, **more: Any) -> Announcement:
        """An announcement to the readers of the ticket."""
        number = change.after.number if change.before else 0
        audience, thread = self.audience(number), self.thread(number)
        return Announcement(change=change, occasion=occasion, audience=audience, thread=thread, **more)

    def whole_thread(self, number: int) -> list[Entry]:
        """The thread of a ticket and of all merged into it, oldest first; each entry with the ticket it came for."""
        record = self.records.get(number)
        if record is None:
            return []
        found = [*record.thread]
        for other in record.below:
            merged = self.records[other]
            found += [_elsewhere(entry, merged.ticket) for entry in merged.thread]
        return sorted(found, key=lambda entry: entry.id or 0)


def _elsewhere(entry: Entry, ticket: Ticket) -> Entry:
    """An entry of a merged ticket as it stands in the thread of the ticket that it went into."""
    opens = entry.kind is EntryKind.MESSAGE and entry.at == ticket.created_at
    subject = entry.subject or (ticket.subject if opens else "")
    return replace(entry, came_for=entry.came_for or ticket.number, subject=subject)


class Matter(StrEnum):
    """The kinds of mail, by what is done with them."""

    LOOP = "loop"  # sent by the desk itself
    REPORT = "report"  # a bounce
    AUTO_REPLY = "auto-reply"
    POSTMASTER = "postmaster"
    RATING = "rating"
    MESSAGE = "message"  # of a requester or collaborator, or of an agent who writes as one
    ANSWER = "answer"  # to an agent's question, from outside the desk
    OPENING = "opening"  # about no ticket
    # Of an agent, about their work.
    REQUEST = "request"
    CONFIRMATION = "confirmation"
    UNPROVEN = "unproven"
    UNREADABLE = "unreadable"
    LOST = "lost"  # it answers a mail that this database did not send
    MACHINE = "machine"  # an automatic answer to an agent's notice


@dataclass(frozen=True, slots=True)
class SpamRelease:
    """Since when a mail was held as spam, and by whom it was released."""

    held_at: datetime
    by: Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """A mail with everything that the decision needs."""

    received: Received
    screened: Screened
    refs: tuple[Reference, ...]  # those that count
    answers_lost: bool = False  # it answers a mail signed by this desk that this database did not send
    highest_number: int = 0  # of a ticket, in keys of this desk in the mail
    found: Found
    sender: Sender
    authors: bool = False  # it is its author's as far as a requester can prove it, see `trust.is_authors`
    match: Match
    attachments: tuple[StoredAttachment, ...] = ()
    enclosed: Enclosed | None = None
    duplicate_of: int | None = None  # inbox id of the same mail
    outdoes: int | None = None  # inbox id of a copy that counts for less
    matter: Matter = Matter.OPENING
    commands: Commands = NO_COMMANDS  # of an agent
    rating: Rating | None = None
    spam: str = ""  # the field by which a mail server marked it as spam, where that counts
    released: SpamRelease | None = None  # it was held as spam
    known: Known = field(default_factory=Known)

    @property
    def ticket(self) -> Ticket | None:
        """The ticket that the mail belongs to."""
        return self.found.tickets.get(self.match.number) if self.match.number else None

    @property
    def author(self) -> Address:
        """Who wrote the mail; without a name in it, by the name that its ticket knows."""
        author, ticket = self.received.mail.author, self.ticket
        if author.name or ticket is None:
            return author
        names = {each.email: each.name for each in ticket.collaborators}
        names[ticket.requester.email] = ticket.requester.name
        return Address(author.email, names.get(author.email, ""))

    @property
    def standing(self) -> str:
        """What the mail counts for beside others: "proven", "failed", "weak" or "".

        It failed DMARC, or is weak where it has no effect of its own. Neither is an earlier copy of a better mail, and
        what proves nothing uses up nobody's limits.
        """
        if self.sender.dmarc == "fail":
            return "failed"
        machine = self.screened.kind in (Screen.AUTO_REPLY, Screen.LOOP, Screen.BOUNCE)
        if machine or (self.sender.agent and not self.sender.proven):
            return "weak"
        return "proven" if self.sender.proven or self.authors else ""

    @property
    def human(self) -> bool:
        """Whether a person wrote the mail: only then may it hold commands, confirm or add people."""
        return self.screened.kind is Screen.HUMAN


@dataclass(frozen=True, slots=True)
class Held:
    """A held mail on the tickets as they are now; of an agent, as if it were authenticated."""

    inbox_id: int
    why: Reason
    at: datetime  # since when
    situation: Situation
