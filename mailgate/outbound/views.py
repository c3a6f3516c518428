"""What a template may read: one value for requesters, one for agents.

`RequesterView` holds public values alone; a template for requesters cannot leak what it
was never given. Everything in both is finished text: no template formats a time or
looks anything up.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from zoneinfo import ZoneInfo

from mailgate.config.model import Config
from mailgate.mail import MARKER
from mailgate.model import REPLYABLE_KINDS, Entry, EntryKind, Notice, NoticeKind, Status, StoredAttachment, Ticket
from mailgate.outbound import identity, links
from mailgate.outbound.headers import plain
from mailgate.outbound.links import Link
from mailgate.outbound.mime import file_name, readable
from mailgate.rules.keys import key_text

_EXCERPT = 1500  # characters of an earlier entry; `#show` answers with the rest
_KIND_OF_ENTRY = {EntryKind.MESSAGE: "message", EntryKind.REPLY: "public reply", EntryKind.NOTE: "internal note"}


@dataclass(frozen=True, slots=True)
class FileView:
    """An attachment by name and size: "invoice.pdf", "120 kB"."""

    name: str
    size: str

    def __str__(self) -> str:
        return f"{self.name}, {self.size}"


@dataclass(frozen=True, slots=True)
class EntryView:
    """An earlier entry of the thread, cut to a readable length."""

    kind: str  # "message", "public reply", "internal note"
    internal: bool
    author: str
    at: str
    text: str
    files: tuple[FileView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RequesterView:
    """What a template for a requester or collaborator may read."""

    marker: str
    desk: str  # the desk's name
    address: str  # the desk address that the mail is from
    address_name: str
    name: str  # the reader's
    number: str  # "" without a ticket, as the next three
    token: str
    subject: str
    status: str
    by: str  # who speaks, as the requester may know them; "" for the desk itself
    facts: tuple[str, ...]
    text: str  # "" where it must not be shown
    files: tuple[FileView, ...]
    signature: str
    quoted: tuple[EntryView, ...]  # earlier public entries, newest first
    reopen_days: int
    resolved: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketView:
    """The ticket card of an alert. Values are "" where there is none."""

    number: str
    token: str
    subject: str
    requester: str  # name, or address without one
    requester_email: str
    department: str
    topic: str
    priority: str
    status: str
    assignee: str
    sla: str
    due: str
    overdue: bool
    first_response_by: str
    opened: str
    collaborators: tuple[str, ...]
    tags: tuple[str, ...]
    links: tuple[str, ...]
    form: tuple[tuple[str, str], ...]  # form lines of the opening mail

    @property
    def rows(self) -> tuple[tuple[str, str], ...]:
        """The card's lines, (label, value), in their order; lines without a value are left out."""
        by_name = self.requester != self.requester_email
        due = f"{self.due} (overdue)" if self.overdue else self.due
        rows = (
            ("Requester", f"{self.requester} <{self.requester_email}>" if by_name else self.requester_email),
            ("Collaborators", ", ".join(self.collaborators)),
            ("Department", self.department),
            ("Help topic", self.topic),
            ("Priority", self.priority),
            ("Status", self.status),
            ("Assigned to", self.assignee or "nobody"),
            ("SLA plan", self.sla),
            ("First answer by", self.first_response_by),
            ("Due", due),
            ("Opened", self.opened),
            ("Tags", ", ".join(self.tags)),
            ("Linked", ", ".join(self.links)),
            *self.form,
        )
        return tuple(row for row in rows if row[1])


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentView:
    """What a template for an agent, or the administrator, may read."""

    marker: str
    desk: str
    address: str
    address_name: str
    name: str
    destination: str  # where an answer goes; "" where an answer goes nowhere
    public: bool  # an answer is a public reply
    by: str
    facts: tuple[str, ...]
    text: str
    files: tuple[FileView, ...]
    subject: str
    ticket: TicketView | None
    history: tuple[EntryView, ...]
    links: tuple[Link, ...]
    ref: str  # the key, where it cannot travel in the address
    code: str


View = RequesterView | AgentView


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """A notice as text and HTML, before it is a mail."""

    message_id: str  # in angle brackets
    text: str
    html: str = ""  # "" where the template set has none
    subject: str = ""  # of a mail without a ticket
    headers: tuple[tuple[str, str], ...] = ()  # further fields that the template sets
    problem: str = ""  # why the administrator's template was not used, and the shipped one was


def values(view: View) -> Mapping[str, object]:
    """Return the view's fields by name, as a template reads them."""
    return {field.name: getattr(view, field.name) for field in fields(view)}


def requester_view(notice: Notice, config: Config) -> RequesterView:
    """Return what the requester may read of a notice, and nothing else."""
    address = identity.desk_address(notice, config)
    ticket = notice.ticket
    return RequesterView(
        marker=MARKER,
        desk=config.desk.name,
        address=address.email,
        address_name=address.name,
        name=plain(notice.to.name, 100),
        number=str(ticket.number) if ticket else "",
        token=identity.token(ticket.number, config) if ticket else "",
        subject=identity.title(notice),
        status=str(ticket.status) if ticket else "",
        by=identity.agent_name(notice, config),
        facts=tuple(readable(fact) for fact in notice.facts),
        text=readable(notice.text).strip("\n") if notice.reveal else "",
        files=_files(notice.attachments) if notice.reveal else (),
        signature=_signature(notice, config),
        quoted=_quoted(notice, config),
        reopen_days=config.tickets.reopen_within.days,
        resolved=ticket is not None and not ticket.status.active,
    )


def agent_view(notice: Notice, config: Config, message_id: str) -> AgentView:
    """Return what an agent reads; `message_id` is the mail's own, whose key the links carry."""
    address = identity.desk_address(notice, config)
    key = key_text(message_id)
    answer_to = identity.reply_to(address, message_id)
    zone = config.zone(notice.agent)
    ticket = notice.ticket
    return AgentView(
        marker=MARKER,
        desk=config.desk.name,
        address=address.email,
        address_name=address.name,
        name=plain(notice.to.name, 100),
        destination=_destination(notice),
        public=notice.kind in REPLYABLE_KINDS,
        by=_person(notice.by.name, notice.by.email) if notice.by else "",
        facts=tuple(readable(fact) for fact in notice.facts),
        text=readable(notice.text).strip("\n"),
        files=_files(notice.attachments),
        subject=identity.title(notice),
        ticket=_ticket_view(ticket, config, zone) if ticket else None,
        history=tuple(_entry_view(entry, zone) for entry in notice.history),
        links=_links(notice, config, answer_to, key if answer_to == address.email else ""),
        ref=key if answer_to == address.email else "",
        code=notice.code,
    )


def when(at: datetime | None, zone: ZoneInfo) -> str:
    """Return a time as people read it, in their zone: "Fri 20 Nov 2026, 13:00 EST"."""
    if at is None:
        return ""
    local = at.astimezone(zone)
    return f"{local:%a} {local.day} {local:%b %Y, %H:%M %Z}"


def size(octets: int) -> str:
    """Return a size as people read it, in decimal units: "120 kB"."""
    if octets < 1000:
        return f"{octets} bytes"
    if octets < 999_500:
        return f"{octets / 1000:.0f} kB"
    return f"{octets / 1_000_000:.1f} MB"


def _quoted(notice: Notice, config: Config) -> tuple[EntryView, ...]:
    """Earlier entries for a requester: no notes; and where agents are masked, what the requester's side wrote."""
    shown = {EntryKind.MESSAGE, EntryKind.REPLY}
    if "{agent}" not in identity.desk_address(notice, config).from_:
        shown = {EntryKind.MESSAGE}
    return tuple(_entry_view(entry, config.desk.timezone) for entry in notice.history if entry.kind in shown)


def _destination(notice: Notice) -> str:
    if notice.kind is NoticeKind.CONFIRM or not notice.ticket:
        return ""
    if notice.kind not in REPLYABLE_KINDS:
        return "Your answer stays an internal note."
    requester = notice.ticket.requester
    others = sum(collaborator.active for collaborator in notice.ticket.collaborators)
    also = f" and {others} other{'s' if others > 1 else ''}" if others else ""
    return f"Your answer goes to {_person(requester.name, requester.email)}{also} (public reply)."


def _links(notice: Notice, config: Config, address: str, key: str) -> tuple[Link, ...]:
    """One-tap links to `address`; `key` stands at the foot of each mail where the address does not hold it."""
    ticket = notice.ticket
    about = identity.token(ticket.number, config) + " " if ticket else ""
    subject = f"Re: {about}{identity.title(notice)}"
    foot = f"\nRef: {key}\n" if key else ""
    offers = [*notice.links]
    if notice.code:
        offers.append(("Confirm", f"#confirm {notice.code}\n"))
    elif ticket and notice.kind is not NoticeKind.CONFIRM:
        offers += links.commands(ticket, notice.agent)
    return links.mailto(address, subject, [(label, links.closed_off(body) + foot) for label, body in offers])


def _ticket_view(ticket: Ticket, config: Config, zone: ZoneInfo) -> TicketView:
    return TicketView(
        number=str(ticket.number),
        token=identity.token(ticket.number, config),
        subject=plain(ticket.subject, identity.SUBJECT_LIMIT) or identity.NO_SUBJECT,
        requester=_person(ticket.requester.name, ticket.requester.email),
        requester_email=plain(ticket.requester.email),
        department=ticket.department,
        topic=ticket.topic,
        priority=ticket.priority,
        status=_status(ticket, zone),
        assignee=_assignee(ticket, config),
        sla=ticket.sla,
        due=when(ticket.due_at, zone),
        overdue=ticket.overdue,
        first_response_by="" if ticket.first_response_at else when(ticket.first_response_by, zone),
        opened=when(ticket.created_at, zone),
        collaborators=tuple(
            _person(person.name, person.email) + ("" if person.active else " (inactive)")
            for person in ticket.collaborators
        ),
        tags=tuple(plain(tag) for tag in ticket.tags),
        links=tuple(identity.token(number, config) for number in ticket.links),
        form=tuple((plain(name, 40).capitalize(), plain(value, 200)) for name, value in (ticket.fields or {}).items()),
    )


def _status(ticket: Ticket, zone: ZoneInfo) -> str:
    if ticket.status is Status.PENDING and ticket.wake_at:
        return f"pending until {when(ticket.wake_at, zone)}"
    return str(ticket.status)


def _assignee(ticket: Ticket, config: Config) -> str:
    if not ticket.assignee:
        return ""
    agent = config.agents.get(ticket.assignee.name) if ticket.assignee.kind == "agent" else None
    return agent.name if agent else ticket.assignee.name


def _entry_view(entry: Entry, zone: ZoneInfo) -> EntryView:
    text = readable(entry.text).strip()
    if len(text) > _EXCERPT:
        text = text[:_EXCERPT].rstrip() + " …"
    return EntryView(
        kind=_KIND_OF_ENTRY[entry.kind],
        internal=entry.kind is EntryKind.NOTE,
        author=_person(entry.author.name, entry.author.email),
        at=when(entry.at, zone),
        text=text,
        files=_files(entry.attachments),
    )


def _files(attachments: tuple[StoredAttachment, ...]) -> tuple[FileView, ...]:
    return tuple(FileView(file_name(attachment.name), size(attachment.size)) for attachment in attachments)


def _person(name: str, email: str) -> str:
    return plain(name, 100) or plain(email)


def _signature(notice: Notice, config: Config) -> str:
    """The agent's signature, or name where the text does not end with it, then the department's.

    Masked agents (an address whose `from` has no `{agent}`) are not named here either,
    and a department that is not public signs nothing.
    """
    if notice.kind is not NoticeKind.REPLY or not notice.ticket:
        return ""
    language = notice.ticket.language or config.desk.language
    lines: list[str] = []
    name = identity.agent_name(notice, config)
    if name:
        own = config.agents[notice.by_agent].signature.get(language).strip()
        lines.append(own or ("" if _signed(notice.text, name) else name))
    department = config.departments.get(notice.ticket.department)
    if department and department.public:
        lines.append(department.signature.get(language).strip())
    return "\n".join(line for line in lines if line)


def _signed(text: str, name: str) -> bool:
    """True when one of the last lines already is the name or the first name."""
    names = {name.casefold(), name.split(" ", maxsplit=1)[0].casefold()}
    ends = [line.strip(" ,.-–—").casefold() for line in text.rstrip().split("\n")[-3:]]
    return any(end in names for end in ends)
