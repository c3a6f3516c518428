"""The desk's own values: tickets, thread entries, events, changes and notices.

Everything here is frozen; a stage returns a new value and never edits one.
Times are timezone-aware UTC datetimes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache

Json = str | int | float | bool | None | list["Json"] | dict[str, "Json"]


class Status(StrEnum):
    """The four statuses of a ticket (osTicket's open and closed states, by mail)."""

    OPEN = "open"
    PENDING = "pending"
    RESOLVED = "resolved"
    CLOSED = "closed"

    @property
    def active(self) -> bool:
        """True while somebody still owes work: open or pending."""
        return self not in ENDED


ENDED = (Status.RESOLVED, Status.CLOSED)


class EntryKind(StrEnum):
    """What a thread entry is: osTicket's message, response and internal note."""

    MESSAGE = "message"
    REPLY = "reply"
    NOTE = "note"


class EventKind(StrEnum):
    """Every kind of event in a ticket's history; the names stand in the JSON of `tickets show`."""

    OPENED = "opened"
    ROUTED = "routed"
    MESSAGE = "message"
    REPLIED = "replied"
    NOTED = "noted"
    PUBLISHED = "published"  # a note became a reply
    ASSIGNED = "assigned"
    RELEASED = "released"
    TRANSFERRED = "transferred"
    TOPIC_CHANGED = "topic-changed"
    SLA_CHANGED = "sla-changed"
    PRIORITY_CHANGED = "priority-changed"
    STATUS_CHANGED = "status-changed"
    DUE_CHANGED = "due-changed"
    WAKE_CHANGED = "wake-changed"  # pending until then; every change of status ends it
    SUBJECT_CHANGED = "subject-changed"
    REQUESTER_CHANGED = "requester-changed"
    CC_CHANGED = "cc-changed"
    TAGGED = "tagged"
    RATED = "rated"  # the requester's word on how they were helped: "good", "okay" or "bad"
    MERGED = "merged"
    SPLIT = "split"  # a message off its ticket, or a merged ticket off the one it went into
    LINKED = "linked"
    SPAM_MARKED = "spam-marked"
    SPAM_HELD = "spam-held"  # its first mail was held as spam before the ticket was opened
    SPAM_RELEASED = "spam-released"
    BANNED = "banned"
    UNBANNED = "unbanned"
    OVERDUE = "overdue"
    ESCALATED = "escalated"
    BOUNCED = "bounced"
    AUTO_REPLY = "auto-reply"
    NOTICE_FAILED = "notice-failed"
    HELD = "held"


@dataclass(frozen=True, slots=True)
class Address:
    """A mailbox: normalised addr-spec (see `mailgate.mail.normalise`) and display name."""

    email: str
    name: str = ""

    def __str__(self) -> str:
        return f"{self.name} <{self.email}>" if self.name else self.email


@dataclass(frozen=True, slots=True)
class Collaborator:
    """Somebody in Cc of a ticket. An inactive one gets nothing until an agent agrees."""

    email: str
    name: str = ""
    active: bool = True


class ActorKind(StrEnum):
    """The kinds of actors."""

    AGENT = "agent"
    REQUESTER = "requester"
    RULE = "rule"
    ADMIN = "admin"
    CLOCK = "clock"


@dataclass(frozen=True, slots=True)
class Actor:
    """The author of an event or a thread entry. `str` gives the form of JSON and the database: "agent:ann", "clock"."""

    kind: ActorKind
    name: str = ""  # an agent's key, a requester's address, a rule's name

    @classmethod
    def agent(cls, key: str) -> Actor:
        """The agent with this key."""
        return cls(ActorKind.AGENT, key)

    @classmethod
    def requester(cls, email: str) -> Actor:
        """A person outside the desk, by address: a requester, a collaborator, or anybody else who wrote."""
        return cls(ActorKind.REQUESTER, email)

    @classmethod
    def rule(cls, name: str) -> Actor:
        """A rule of the configuration, or one of the desk's own such as `hand_out`."""
        return cls(ActorKind.RULE, name)

    @staticmethod
    @lru_cache(maxsize=10_000)
    def parse(text: str) -> Actor:
        """The actor of a stored string. Raises ValueError for a string that `str` never gives."""
        kind, _, name = text.partition(":")
        return Actor(ActorKind(kind), name)

    @staticmethod
    def agent_in(text: str) -> str:
        """The `agent_key` of a stored string."""
        return text.removeprefix("agent:") if text.startswith("agent:") else ""

    @property
    def agent_key(self) -> str:
        """Key of the agent, or "" for any other actor."""
        return self.name if self.kind is ActorKind.AGENT else ""

    @property
    def is_agent(self) -> bool:
        """True for an agent."""
        return self.kind is ActorKind.AGENT

    @property
    def is_requester(self) -> bool:
        """True for a person outside the desk."""
        return self.kind is ActorKind.REQUESTER

    @property
    def is_staff(self) -> bool:
        """True for an agent and for the administrator."""
        return self.kind in (ActorKind.AGENT, ActorKind.ADMIN)

    def __str__(self) -> str:
        unique = self.kind in (ActorKind.ADMIN, ActorKind.CLOCK)
        return self.kind.value if unique else f"{self.kind}:{self.name}"


ADMIN = Actor(ActorKind.ADMIN)
CLOCK = Actor(ActorKind.CLOCK)


@dataclass(frozen=True, slots=True)
class Assignee:
    """The agent (by key) or the team (by name) that a ticket is assigned to."""

    kind: str  # "agent" or "team"
    name: str

    @classmethod
    def agent(cls, key: str) -> Assignee:
        """The agent with this key."""
        return cls("agent", key)

    @classmethod
    def parse(cls, text: str) -> Assignee:
        """The assignee of the configuration's "agent:KEY" or "team:NAME"."""
        kind, _, name = text.partition(":")
        return cls(kind, name)

    @property
    def agent_key(self) -> str:
        """Key of the agent, or "" for a team."""
        return self.name if self.kind == "agent" else ""

    def __str__(self) -> str:
        return f"{self.kind}:{self.name}"


@dataclass(frozen=True, slots=True)
class Asked:
    """Somebody whom an agent asked about a ticket with `#note NAME`; `by` is the agent's key, "" the administrator."""

    email: str
    name: str = ""
    by: str = ""


@dataclass(frozen=True, slots=True)
class StatusSpan:
    """A status and the moment since which it holds."""

    status: Status
    since: datetime


@dataclass(frozen=True, slots=True)
class StoredAttachment:
    """An attachment of a thread entry; its bytes lie in the attachment store by hash."""

    name: str
    type: str
    size: int  # bytes, decoded
    sha256: str
    cid: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """A ticket as it stands; every field can be derived from its events."""

    number: int
    subject: str
    status: Status
    requester: Address
    department: str
    topic: str  # full path, "Parent / Child"
    priority: str
    sla: str  # name of the SLA plan
    sla_from: str = "defaults"  # what chose the plan: a chosen plan outlives a transfer, an inherited one does not
    address: str  # the desk address that it came to and answers from
    created_at: datetime
    updated_at: datetime
    assignee: Assignee | None = None
    collaborators: tuple[Collaborator, ...] = ()
    tags: tuple[str, ...] = ()
    fields: Mapping[str, str] | None = None  # form lines of the opening mail
    language: str = ""
    source: str = ""  # "smtp", "imap", "pipe", "cli"
    autoresponse: bool = True
    template: str = ""  # template set
    # SLA. `sla_started_at` is creation or the last reopening; the status log since then
    # tells which stretches a plan's `pause` statuses take out of the clock.
    sla_started_at: datetime
    status_log: tuple[StatusSpan, ...] = ()
    due_at: datetime | None = None  # None while paused, finished or without a plan time
    due_manual: datetime | None = None  # set with #due; wins over the plan
    first_response_by: datetime | None = None
    next_response_by: datetime | None = None
    first_response_at: datetime | None = None
    waiting_since: datetime | None = None  # oldest requester message nobody has answered
    overdue: bool = False
    escalated: tuple[str, ...] = ()  # ladder steps already fired since sla_started_at: "100%", "first_response"
    wake_at: datetime | None = None  # pending until then
    resolved_at: datetime | None = None
    closed_at: datetime | None = None
    reopened: int = 0
    last_respondent: str = ""  # key of the agent who last replied
    links: tuple[int, ...] = ()
    satisfaction: str = ""  # the requester's latest rating: "good", "okay", "bad", or "" without one
    asked: tuple[Asked, ...] = ()  # agents who see the ticket because they were asked, and outsiders
    merged_into: int = 0  # the ticket that everything which comes for this one goes to; 0: it stands by itself
    merged: tuple[int, ...] = ()  # tickets that were merged into this one
    spam: bool = False  # closed as spam; any other status takes the mark away
    anchor: str = ""  # nonce of its public anchor; "" for those opened under schema 3
    was_called: tuple[str, ...] = ()  # earlier subjects, which answers still carry

    @property
    def participants(self) -> frozenset[str]:
        """Addresses of the requester and of every collaborator, active or not."""
        return frozenset({self.requester.email, *(c.email for c in self.collaborators)})


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thread entry: a requester's message, an agent's reply, or an internal note."""

    kind: EntryKind
    by: Actor
    author: Address
    at: datetime
    text: str
    subject: str = ""  # of its mail, without tokens and "Re:", where it is another than the ticket's; else ""
    html: str = ""  # sanitised, and says what `text` says; "" where there is none
    cut: str = ""  # quoted history and signature that were cut from the view
    message_id: str = ""
    attachments: tuple[StoredAttachment, ...] = ()
    inbox_id: int | None = None  # the stored mail it came from
    came_for: int = 0  # the merged ticket that it answered or stands in; 0: its own
    id: int | None = None

    @property
    def lines_cut(self) -> int:
        """How many lines that say something are in `cut`."""
        return sum(any(map(str.isalnum, line)) for line in self.cut.split("\n"))


@dataclass(frozen=True, slots=True, kw_only=True)
class OlderNote:
    """A note of a long thread, as far as replies are compared with it: read in a quarter of the time of an `Entry`."""

    id: int
    by: Actor
    text: str
    attachments: tuple[StoredAttachment, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One fact in a ticket's history."""

    kind: EventKind
    by: Actor
    at: datetime
    reason: str = ""
    before: Json = None
    after: Json = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What one act does to one ticket. `before` is None when the act opens it."""

    before: Ticket | None
    after: Ticket
    events: tuple[Event, ...] = ()
    entries: tuple[Entry, ...] = ()
    known_ids: tuple[str, ...] = ()  # foreign Message-IDs that stand for the ticket, besides its entries'
    moved: tuple[Entry, ...] = ()  # stored entries that come from another ticket, or are of another kind from now on


@dataclass(frozen=True, slots=True, kw_only=True)
class Queued:
    """One line of `queue … list`: a mail on its way in, on its way out, or set aside."""

    id: int
    state: str
    reason: str
    attempts: int
    next_attempt_at: datetime | None
    last_error: str
    from_: str
    to: tuple[str, ...]
    subject: str
    size: int  # bytes
    received_at: datetime
