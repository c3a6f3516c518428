"""What an agent, or the administrator, reads of a notice: where an answer goes, the ticket, links."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

from mailgate.mail import MARKER
from mailgate.notice import REPLYABLE_KINDS, Listing, Notice, NoticeKind
from mailgate.rules.people.permissions import confidential
from mailgate.rules.replies import attachments as passing
from mailgate.rules.text.moments import ENGLISH
from mailgate.rules.text.subject import NO_SUBJECT
from mailgate.rules.threading.keys import key_text
from mailgate.rules.ticket.merging import mergeable
from mailgate.settings import Config
from mailgate.ticket import Status, Ticket
from mailgate.writing.mail import identity
from mailgate.writing.mail.headers import plain
from mailgate.writing.mail.inline import with_images
from mailgate.writing.mail.mime import readable
from mailgate.writing.views import links
from mailgate.writing.views.for_report import report_view
from mailgate.writing.views.formatting import clock, earlier, files, left_out, person, preview, words
from mailgate.writing.views.links import Link
from mailgate.writing.views.views import AgentView, ListingView, OtherView, SimilarView, TicketView

_TEXT_LIMIT = 100_000  # characters in an alert; `#show` answers with the rest


def agent_view(notice: Notice, config: Config, message_id: str, now: datetime) -> AgentView:
    """Return what an agent reads; `message_id` is the mail's own, whose key the links carry. `now` is aware UTC."""
    address = identity.desk_address(notice, config)
    key = key_text(message_id)
    answer_to = identity.reply_to(address, message_id)
    zone = config.zone(notice.agent)
    ticket = notice.ticket
    going = passing.of(notice, config.attachments).attached
    return AgentView(
        marker=MARKER if notice.to.email else "",
        desk=identity.desk_name(notice, config),
        address=address.email,
        address_name=address.name,
        name=plain(notice.to.name, 100),
        destination=" ".join(filter(None, (_destination(notice), _unseen(notice, config)))),
        public=notice.kind in REPLYABLE_KINDS,
        by=person(notice.by.name, notice.by.email) if notice.by else "",
        facts=tuple(readable(fact) for fact in notice.facts),
        text=words(notice.text, _TEXT_LIMIT),
        html=with_images(notice.html, going) if 0 < len(notice.text) <= _TEXT_LIMIT else "",
        files=files(going),
        left_out=left_out(notice, config.attachments),
        subject=identity.title(notice, config),
        ticket=_ticket_view(ticket, notice.agent, config, zone, now) if ticket else None,
        similar=tuple(
            SimilarView(
                identity.token(each.number, config),
                plain(each.subject, 80),
                f"{each.ended} ({ENGLISH.moment(each.at, zone)})",
            )
            for each in notice.similar
        ),
        others=_others(notice, config, answer_to, key if answer_to == address.email else ""),
        history=tuple(earlier(entry, ENGLISH.moment(entry.at, zone)) for entry in notice.history),
        links=_links(notice, config, answer_to, key if answer_to == address.email else ""),
        listings=tuple(_listing(each) for each in notice.listings),
        ref=key if answer_to == address.email and (ticket or notice.agent) else "",
        code=notice.code,
        preview=preview(notice.text or next(iter(notice.facts), "")),
        report=report_view(notice.report, config, zone) if notice.report else None,
    )


def _moment(at: datetime | None, zone: ZoneInfo) -> str:
    return ENGLISH.moment(at, zone) if at else ""


def _listing(listing: Listing) -> ListingView:
    return ListingView(
        listing.title,
        listing.columns,
        tuple(tuple(plain(cell) or "-" for cell in row) for row in listing.rows),
    )


def _destination(notice: Notice) -> str:
    if notice.kind in (NoticeKind.CONFIRM, NoticeKind.HELD) or not notice.ticket:
        return ""
    if notice.kind not in REPLYABLE_KINDS:
        return "Your answer stays an internal note."
    requester = notice.ticket.requester
    others = sum(collaborator.active for collaborator in notice.ticket.collaborators)
    also = f" and {others} other{'s' if others > 1 else ''}" if others else ""
    return f"Your answer goes to {person(requester.name, requester.email)}{also} (public reply)."


def _unseen(notice: Notice, config: Config) -> str:
    """Why the mail holds none of a confidential ticket's words, and how to read them."""
    if not notice.ticket or notice.kind is NoticeKind.ANSWER or not confidential(notice.ticket.department, config):
        return ""
    return (
        f"{notice.ticket.department} is confidential: the words of the ticket are not in this mail; #show sends them."
    )


def _links(notice: Notice, config: Config, address: str, key: str) -> tuple[Link, ...]:
    """One-tap links to `address`; `key` stands at the foot of each mail where the address does not hold it."""
    ticket = notice.ticket
    offers = [*notice.links]
    if notice.code:
        label = "Send it all the same" if notice.kind is NoticeKind.HELD else "Confirm"
        offers.append((label, f"#confirm {notice.code}\n"))
    elif ticket and notice.kind not in (NoticeKind.CONFIRM, NoticeKind.HELD):
        offers += links.commands(ticket, notice.agent)
        if passing.of(notice, config.attachments).too_large:
            offers.append(("Files", "#show files\n"))
    return _mailto(notice, config, address, key, offers)


def _mailto(
    notice: Notice, config: Config, address: str, key: str, offers: Iterable[tuple[str, str]]
) -> tuple[Link, ...]:
    about = identity.token(notice.ticket.number, config) + " " if notice.ticket else ""
    subject = f"Re: {about}{identity.title(notice, config)}"
    foot = f"\nRef: {key}\n" if key else ""
    return links.mailto(address, subject, [(label, links.closed_off(body)) for label, body in offers], foot)


def _others(notice: Notice, config: Config, address: str, key: str) -> tuple[OtherView, ...]:
    """The requester's other open tickets, each with a link that merges this one into it, where the reader may."""
    agent, ticket, zone = config.agents.get(notice.agent), notice.ticket, config.zone(notice.agent)
    views = []
    for other in notice.others:
        told = identity.token(other.number, config)
        merge = ticket and agent and mergeable(ticket, other, agent, config)
        offer = ((f"Merge into {told}", f"#merge {other.number}\n"),) if merge else ()
        link = next(iter(_mailto(notice, config, address, key, offer)), None)
        who = config.called(other.assignee, notice.agent) or "nobody"
        about = f"{_status(other, zone)}, assigned to {who}, opened {ENGLISH.moment(other.created_at, zone)}"
        views.append(OtherView(told, plain(other.subject, 80) or NO_SUBJECT, about, link))
    return tuple(views)


def _ticket_view(ticket: Ticket, reader: str, config: Config, zone: ZoneInfo, now: datetime) -> TicketView:
    return TicketView(
        number=str(ticket.number),
        token=identity.token(ticket.number, config),
        subject=plain(ticket.subject, identity.SUBJECT_LIMIT) or NO_SUBJECT,
        requester=person(ticket.requester.name, ticket.requester.email),
        requester_email=plain(ticket.requester.email),
        customer=customer.name if (customer := config.customer_of(ticket.requester.email)) else "",
        department=ticket.department,
        topic=ticket.topic,
        priority=ticket.priority,
        status=_status(ticket, zone) + _whither(ticket, config),
        satisfaction=ticket.satisfaction,
        assignee=config.called(ticket.assignee, reader),
        sla=ticket.sla,
        due=_moment(ticket.due_at, zone),
        clock=_clock(ticket, zone, now),
        overdue=ticket.overdue,
        first_response_by="" if ticket.first_response_at else _moment(ticket.first_response_by, zone),
        opened=_moment(ticket.created_at, zone),
        collaborators=tuple(
            person(other.name, other.email) + ("" if other.active else " (inactive)") for other in ticket.collaborators
        ),
        tags=tuple(plain(tag) for tag in ticket.tags),
        links=tuple(identity.token(number, config) for number in ticket.links),
        form=tuple((plain(name, 40).capitalize(), plain(value, 200)) for name, value in (ticket.fields or {}).items()),
    )


def _clock(ticket: Ticket, zone: ZoneInfo, now: datetime) -> str:
    """The next time that the SLA plan has set, that of the first answer or the due time; else how the ticket stands."""
    if not ticket.status.active:
        return str(ticket.status)
    first = ticket.first_response_by
    if first and not ticket.first_response_at and first > now and (not ticket.due_at or first < ticket.due_at):
        return f"first answer due {clock(first, now, zone)}"
    if not ticket.due_at:
        return _status(ticket, zone) if ticket.status is Status.PENDING else ""
    return f"{'overdue since' if ticket.overdue else 'due'} {clock(ticket.due_at, now, zone)}"


def _whither(ticket: Ticket, config: Config) -> str:
    return f", merged into {identity.token(ticket.merged_into, config)}" if ticket.merged_into else ""


def _status(ticket: Ticket, zone: ZoneInfo) -> str:
    if ticket.status is Status.PENDING and ticket.wake_at:
        return f"pending until {ENGLISH.moment(ticket.wake_at, zone)}"
    return str(ticket.status)
