"""The view of a notice for an agent or the administrator: destination of an answer, ticket, links."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from html import escape
from zoneinfo import ZoneInfo

from mailgate.notice import ListedMail, Notice, NoticeKind, Similar
from mailgate.phrase import phrase
from mailgate.reading.page.sanitise import without_links
from mailgate.rules.notices.destination import Destination, destination, is_assignee, reaches_nobody
from mailgate.rules.people.actors import holder
from mailgate.rules.people.desk_addresses import desk_address
from mailgate.rules.people.permissions import all_of, confidential, sees
from mailgate.rules.replies import attachments as passing
from mailgate.rules.text.subject import titled
from mailgate.settings import Config
from mailgate.ticket import Entry, EntryKind, Ticket
from mailgate.writing.mail import identity
from mailgate.writing.mail.headers import plain
from mailgate.writing.mail.inline import with_images
from mailgate.writing.mail.mime import readable
from mailgate.writing.views.answers import answer_views, listing_view
from mailgate.writing.views.card import status, ticket_view
from mailgate.writing.views.for_report import report_view
from mailgate.writing.views.formatting import entry_view, files, left_out, person, preview, set_off, with_subject, words
from mailgate.writing.views.mail_links import MailLinks
from mailgate.writing.views.views import AgentView, EntryView, MailView, OtherView, SimilarView
from mailgate.writing.views.words import Words

# Alerts about a ticket and not about somebody's words: they show its requester's newest message first.
_ABOUT_TICKET = frozenset(
    {
        NoticeKind.ASSIGNED,
        NoticeKind.TRANSFERRED,
        NoticeKind.STATUS,
        NoticeKind.OVERDUE,
        NoticeKind.ESCALATED,
        NoticeKind.REMINDER,
    }
)
_TEXT_LIMIT = 100_000  # characters in an alert; `#show` answers with the rest


def agent_view(notice: Notice, config: Config, message_id: str, now: datetime, own: Words) -> AgentView:
    """Return the view; `message_id` is the mail's own, whose key the links carry. `now` is aware UTC."""
    address, zone = identity.desk_address(notice, config), config.zone(notice.agent)
    goes_to = destination(notice, config)
    going = passing.of(notice, config.attachments).attached
    facts = tuple(readable(own.sentence(fact, zone)) for fact in notice.facts)

    card = partial(ticket_view, reader=notice.agent, config=config, now=now, own=own)
    number = notice.ticket.number if notice.ticket else 0
    links = MailLinks(notice, goes_to, config, message_id, own)  # numbered as they stand in the mail
    answers = tuple(answer_views(notice.answers, own, zone, card, number, links.of_row))
    listings = tuple(listing_view(each, own, zone, links.of_row) for each in notice.listings)
    to_tap = links.of_mail()
    others = tuple(_other(each, notice, links, config, own) for each in notice.others)
    mails = tuple(_mail(each, links, own, zone) for each in notice.mails)
    latest = _latest(notice)

    def shown(entry: Entry) -> EntryView:
        return entry_view(entry, own.dates.moment(entry.at, zone), own, on=notice.ticket)

    said = words(notice.text, _TEXT_LIMIT)
    said = said if notice.by_agent else set_off(said)
    text = "\n\n".join(each.text for each in answers) or with_subject(said, notice.text_subject, notice.ticket, own)
    return AgentView(
        marker=own.marker if notice.to.email and config.desk.marker else "",
        desk=identity.desk_name(notice, config),
        address=address.email,
        address_name=address.name,
        name=plain(notice.to.name, 100),
        destination=" ".join(filter(None, (_destination(notice, goes_to, config, own), _unseen(notice, config, own)))),
        public=goes_to is Destination.REQUESTER,
        by=_by(notice, own),
        facts=facts,
        text=text,
        html=with_images(_page(notice, config, own), going) if 0 < len(notice.text) <= _TEXT_LIMIT else "",
        not_shown=_not_shown(notice.lines_cut, own),
        files=files(going, own),
        left_out=left_out(notice, config.attachments, own),
        subject=identity.title(notice, config),
        ticket=card(notice.ticket, brief=True) if notice.ticket else None,
        similar=tuple(_similar(each, config, own, zone) for each in notice.similar),
        others=others,
        mails=mails,
        latest=shown(latest) if latest else None,
        history=tuple(shown(entry) for entry in notice.history if entry is not latest),
        links=to_tap,
        numbered=links.numbered,
        listings=listings,
        answers=answers,
        ref=links.ref if notice.agent else "",
        code=notice.code,
        preview=preview(text or next(iter(facts), "")),
        report=report_view(notice.report, config, zone, own) if notice.report else None,
    )


def agent_traits(notice: Notice, config: Config) -> tuple[object, ...]:
    """Return what the view of a notice depends on of the agent it goes to, apart from the name and the mail's key.

    Two agents with the same traits are shown the same view of the same change. The tables of a notice depend on more,
    which is not in here.
    """
    agent, key = config.agents.get(notice.agent), notice.agent
    tickets = (notice.ticket, *notice.others) if notice.ticket else notice.others
    places = [each.department for each in tickets] if notice.ticket else [""]
    may = tuple(all_of(agent, place, config) for place in places) if agent else ()
    seen = tuple(sees(agent, each, config) for each in tickets) if agent else ()
    holds = tuple(is_assignee(key, each, config) for each in tickets)
    return bool(notice.to.email), config.zone(key), agent and agent.language, may, seen, holds


def _page(notice: Notice, config: Config, own: Words) -> str:
    """The page of somebody's words, in which a link to the desk would look like a button of ours."""
    if notice.by_agent or not notice.html:
        return notice.html
    page = without_links(notice.html, lambda email: bool(desk_address(email, config)))
    subject = with_subject("", notice.text_subject, notice.ticket, own)
    return f"<p><b>{escape(subject)}</b></p>{page}" if subject else page


def _not_shown(count: int, own: Words) -> str:
    """The sentence that counts lines of the mail left out; "" for none."""
    name = "remark.line_not_shown" if count == 1 else "remark.lines_not_shown"
    return own.filled(name, count=str(count)) if count else ""


def _similar(found: Similar, config: Config, own: Words, zone: ZoneInfo) -> SimilarView:
    """An ended ticket that a new one is like."""
    ended = own.text(phrase("similar.ended", ended=found.ended, at=found.at), zone)
    return SimilarView(identity.token(found.number, config), titled(plain(found.subject, 80), own.language), ended)


def _latest(notice: Notice) -> Entry | None:
    """The newest message of an alert that is about its ticket alone."""
    if notice.text or notice.kind not in _ABOUT_TICKET:
        return None
    return next((entry for entry in notice.history if entry.kind is EntryKind.MESSAGE), None)


def _by(notice: Notice, own: Words) -> str:
    """The name of the author; the administrator at the command line has no address."""
    if notice.by is None:
        return ""
    return person(notice.by.name, notice.by.email) if notice.by.email else own.phrases["actor.admin_name"]


def _destination(notice: Notice, goes_to: Destination, config: Config, own: Words) -> str:
    """Where an answer goes, and who gets a copy of it; "" where the mail promises nothing."""
    ticket = notice.ticket
    match goes_to:
        case Destination.REQUESTER if ticket and reaches_nobody(ticket, config):
            return own.filled("destination.nobody", email=ticket.requester.email)
        case Destination.REQUESTER if ticket:
            requester = person(ticket.requester.name, ticket.requester.email)
            copies = ", ".join(person(each.name, each.email) for each in ticket.collaborators if each.active)
            name = "destination.reply_and_copies" if copies else "destination.reply"
            others = ", ".join(person(each.name, each.email) for each in ticket.collaborators if not each.active)
            not_to = own.filled("destination.left_out", people=others) if others and ticket.merged else ""
            return f"{own.filled(name, requester=requester, copies=copies)} {not_to}".strip()
        case Destination.NOTE:
            return own.phrases["destination.note"]
        case Destination.REFUSED if ticket:
            may_reply = "reply" in all_of(config.agents[notice.agent], ticket.department, config)
            name = "refused_note" if may_reply else "refused"
            return own.filled(f"destination.{name}", department=ticket.department)
        case Destination.UNSEEN if ticket:
            return own.filled("destination.unseen", department=ticket.department)
        case _:
            return ""


def _unseen(notice: Notice, config: Config, own: Words) -> str:
    """The sentence that the mail holds nothing of a confidential ticket, with the command that shows it."""
    if not notice.ticket or notice.kind is NoticeKind.ANSWER or not confidential(notice.ticket.department, config):
        return ""
    return own.filled("destination.confidential", department=notice.ticket.department)


def _other(other: Ticket, notice: Notice, links: MailLinks, config: Config, own: Words) -> OtherView:
    """Another open ticket of the requester's, with a link that merges this one into it, where the reader may."""
    about = phrase(
        "other.about",
        status=status(other, config),
        assignee=holder(other.assignee, notice.agent, config),
        opened=other.created_at,
    )
    return OtherView(
        identity.token(other.number, config),
        titled(plain(other.subject, 80), own.language),
        own.text(about, config.zone(notice.agent)),
        links.to_merge_into(other),
    )


def _mail(listed: ListedMail, links: MailLinks, own: Words, zone: ZoneInfo) -> MailView:
    """A stored mail with the links of what the reader can do with it."""
    subject = titled(plain(listed.subject, 80), own.language)
    about = plain(own.text(listed.about, zone))
    return MailView(plain(listed.sender, 100), subject, about, links.offered(listed.links))
