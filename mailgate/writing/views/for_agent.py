"""The view of a notice for an agent or the administrator: destination of an answer, ticket, links."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from functools import partial
from zoneinfo import ZoneInfo

from mailgate.notice import Listing, Notice, NoticeKind, Similar
from mailgate.phrase import Phrase, Sentence, phrase
from mailgate.reading.page.sanitise import without_links
from mailgate.rules.commands.permitted import permitted
from mailgate.rules.notices.destination import Destination, destination
from mailgate.rules.people.actors import holder
from mailgate.rules.people.desk_addresses import desk_address
from mailgate.rules.people.permissions import confidential, may
from mailgate.rules.replies import attachments as passing
from mailgate.rules.text.subject import NO_SUBJECT
from mailgate.rules.threading.keys import key_text, saying
from mailgate.rules.ticket.merging import mergeable
from mailgate.settings import Agent, Config
from mailgate.ticket import Entry, EntryKind, Ticket
from mailgate.writing.mail import identity
from mailgate.writing.mail.headers import plain
from mailgate.writing.mail.inline import with_images
from mailgate.writing.mail.mime import readable
from mailgate.writing.views import links
from mailgate.writing.views.answers import answer_views, listing_view
from mailgate.writing.views.card import status, ticket_view
from mailgate.writing.views.for_report import report_view
from mailgate.writing.views.formatting import entry_view, files, left_out, person, preview, set_off, words
from mailgate.writing.views.links import Link
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
_ROWS_WITH_LINKS = 10  # rows of tables in a mail, at most, for their links to stand in the text part, too
_TEXT_LIMIT = 100_000  # characters in an alert; `#show` answers with the rest


def agent_view(notice: Notice, config: Config, message_id: str, now: datetime, own: Words) -> AgentView:
    """Return the view; `message_id` is the mail's own, whose key the links carry. `now` is aware UTC."""
    address = identity.desk_address(notice, config)
    key = key_text(message_id)
    answer_to = identity.reply_to(address, message_id)
    foot_key = key if answer_to == address.email else ""
    zone = config.zone(notice.agent)
    going = passing.of(notice, config.attachments).attached
    facts = tuple(readable(own.sentence(fact, zone)) for fact in notice.facts)

    card = partial(ticket_view, reader=notice.agent, config=config, now=now, own=own)
    number = notice.ticket.number if notice.ticket else 0
    rows = RowLinks(notice, config.agents.get(notice.agent), config, message_id, own)
    answers = tuple(answer_views(notice.answers, own, zone, card, number, rows.of))
    listings = tuple(listing_view(each, own, zone, rows.of) for each in notice.listings)
    to_tap = links.numbered(_links(notice, config, message_id, own), len(rows.numbered))
    others = _others(notice, config, message_id, own, len(rows.numbered) + len(to_tap))
    merges = tuple(each.merge for each in others if each.merge)
    latest = _latest(notice)

    def shown(entry: Entry) -> EntryView:
        return entry_view(entry, own.dates.moment(entry.at, zone), own)

    mails = _mails(notice, config, message_id, own, len(rows.numbered) + len(to_tap) + len(merges))
    said = words(notice.text, _TEXT_LIMIT)
    text = "\n\n".join(each.text for each in answers) or (said if notice.by_agent else set_off(said))
    return AgentView(
        marker=own.marker if notice.to.email and config.desk.marker else "",
        desk=identity.desk_name(notice, config),
        address=address.email,
        address_name=address.name,
        name=plain(notice.to.name, 100),
        destination=" ".join(filter(None, (_destination(notice, config, own), _unseen(notice, config, own)))),
        public=destination(notice, config) is Destination.REQUESTER,
        by=_by(notice, own),
        facts=facts,
        text=text,
        html=with_images(_page(notice, config), going) if 0 < len(notice.text) <= _TEXT_LIMIT else "",
        not_shown=_not_shown(notice.lines_cut, own),
        files=files(going),
        left_out=left_out(notice, config.attachments, own),
        subject=identity.title(notice, config),
        ticket=card(notice.ticket, brief=True) if notice.ticket else None,
        similar=tuple(_similar(each, config, own, zone) for each in notice.similar),
        others=others,
        mails=mails,
        latest=shown(latest) if latest else None,
        history=tuple(shown(entry) for entry in notice.history if entry is not latest),
        links=to_tap,
        numbered=(*rows.numbered, *to_tap, *merges, *(link for each in mails for link in each.links)),
        listings=listings,
        answers=answers,
        ref=foot_key if notice.agent else "",
        code=notice.code,
        preview=preview(text or next(iter(facts), "")),
        report=report_view(notice.report, config, zone, own) if notice.report else None,
    )


class RowLinks:
    """The links of the tickets in the tables of one mail, numbered where the text part has room for them.

    Each names its ticket, since the mail is about several or about none.
    """

    def __init__(self, notice: Notice, agent: Agent | None, config: Config, message_id: str, own: Words) -> None:
        tables = [*notice.listings, *(each for each in notice.answers if isinstance(each, Listing))]
        self._in_text = sum(len(each.tickets) for each in tables) <= _ROWS_WITH_LINKS
        self._notice, self._agent, self._config, self._own = notice, agent, config, own
        self._message_id = message_id
        self.numbered: tuple[Link, ...] = ()  # those made until now that have a number

    def of(self, ticket: Ticket) -> tuple[Link, ...]:
        """The links of one row that the reader's role can use."""
        if self._agent is None:
            return ()
        zone = self._config.zone(self._agent.key)
        offers = [
            (self._own.sentence(label, zone), f"#ticket {ticket.number}\n{body}")
            for label, body in links.of_row(ticket, self._agent.key)
            if permitted(body, self._agent, ticket.department, self._config)
        ]
        about = f"Re: {identity.token(ticket.number, self._config)}"  # no more: a table has many links
        made = _mailto(self._notice, self._config, self._message_id, offers, about)
        if self._in_text:
            made = links.numbered(made, len(self.numbered))
            self.numbered += made
        return made


def _page(notice: Notice, config: Config) -> str:
    """The page of somebody's words, in which a link to the desk would look like a button of ours."""
    if notice.by_agent:
        return notice.html
    return without_links(notice.html, lambda email: bool(desk_address(email, config)))


def _not_shown(count: int, own: Words) -> str:
    """The sentence that counts lines of the mail left out; "" for none."""
    name = "remark.line_not_shown" if count == 1 else "remark.lines_not_shown"
    return own.filled(name, count=str(count)) if count else ""


def _similar(found: Similar, config: Config, own: Words, zone: ZoneInfo) -> SimilarView:
    """An ended ticket that a new one is like."""
    ended = own.text(phrase("similar.ended", ended=found.ended, at=found.at), zone)
    return SimilarView(identity.token(found.number, config), plain(found.subject, 80), ended)


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


def _destination(notice: Notice, config: Config, own: Words) -> str:
    """Where an answer goes, and who gets a copy of it; "" where the mail promises nothing."""
    ticket = notice.ticket
    match destination(notice, config):
        case Destination.REQUESTER if ticket:
            requester = person(ticket.requester.name, ticket.requester.email)
            copies = ", ".join(person(each.name, each.email) for each in ticket.collaborators if each.active)
            name = "destination.reply_and_copies" if copies else "destination.reply"
            return own.filled(name, requester=requester, copies=copies)
        case Destination.NOTE:
            return own.phrases["destination.note"]
        case Destination.REFUSED if ticket:
            return own.filled("destination.refused", department=ticket.department)
        case _:
            return ""


def _unseen(notice: Notice, config: Config, own: Words) -> str:
    """The sentence that the mail holds nothing of a confidential ticket, with the command that shows it."""
    if not notice.ticket or notice.kind is NoticeKind.ANSWER or not confidential(notice.ticket.department, config):
        return ""
    return own.filled("destination.confidential", department=notice.ticket.department)


def _to_write(notice: Notice, config: Config, message_id: str, own: Words) -> Iterator[Link]:
    """The links that open an empty mail: an answer where the notice is a note, and a note."""
    agent, ticket = config.agents.get(notice.agent), notice.ticket
    where = destination(notice, config)
    if agent is None or ticket is None or ticket.merged_into or where is Destination.UNSAID:
        return
    if where is not Destination.REQUESTER and may(agent, "reply", ticket.department, config):
        name = person(ticket.requester.name, ticket.requester.email)
        yield replace(_empty(notice, config, message_id, "reply", own.filled("link.answer", name=name)), main=True)
    if may(agent, "note", ticket.department, config) and not _is_brief(notice):
        yield _empty(notice, config, message_id, "note", own.phrases["link.note"])


def _empty(notice: Notice, config: Config, message_id: str, word: str, label: str) -> Link:
    """A link that opens an empty mail, a "reply" or a "note" whatever the notice is."""
    address = identity.desk_address(notice, config)
    answer_to = identity.reply_to(address, message_id, word)
    foot = f"\n\nRef: {saying(key_text(message_id), word)}\n" if answer_to == address.email else ""
    (link,) = links.mailto(answer_to, _subject(notice, config), [(label, "")], foot)
    return link


def _links(notice: Notice, config: Config, message_id: str, own: Words) -> tuple[Link, ...]:
    """The one-tap links that the reader's role can use: the notice's own, those that open an empty mail, commands."""
    agent, ticket = config.agents.get(notice.agent), notice.ticket
    if agent is None:
        return ()
    zone, department = config.zone(agent.key), ticket.department if ticket else ""

    def usable(offers: Iterable[tuple[Sentence, str]]) -> tuple[Link, ...]:
        allowed = ((label, body) for label, body in offers if permitted(body, agent, department, config))
        return _mailto(notice, config, message_id, [(own.sentence(label, zone), body) for label, body in allowed])

    first, written = usable(notice.links), tuple(_to_write(notice, config, message_id, own))
    return (*first, *written, *usable(_commands(notice, config)))


def _commands(notice: Notice, config: Config) -> Iterator[tuple[Sentence, str]]:
    """The commands that a notice of its kind offers: (label, mail body)."""
    if notice.code:
        label = "link.send_anyway" if notice.kind is NoticeKind.HELD else "link.confirm"
        yield Phrase(label), f"#confirm {notice.code}\n"
    elif _is_brief(notice):
        yield links.SHOW
    elif notice.ticket and notice.kind not in (NoticeKind.CONFIRM, NoticeKind.HELD):
        yield from links.commands(notice.ticket, notice.agent)
        if passing.of(notice, config.attachments).too_large:
            yield Phrase("link.files"), "#show files\n"


def _is_brief(notice: Notice) -> bool:
    """Whether a notice is the one line that somebody has the ticket now."""
    return notice.kind is NoticeKind.TAKEN and notice.ticket is not None and notice.ticket.assignee is not None


def _mailto(
    notice: Notice, config: Config, message_id: str, offers: Iterable[tuple[str, str]], subject: str = ""
) -> tuple[Link, ...]:
    """Links that open filled-in mails; the key stands at the foot of each where the address does not hold it."""
    address = identity.desk_address(notice, config)
    answer_to = identity.reply_to(address, message_id)
    foot = f"\nRef: {key_text(message_id)}\n" if answer_to == address.email else ""
    filled = [(label, links.closed_off(body)) for label, body in offers]
    return links.mailto(answer_to, subject or _subject(notice, config), filled, foot)


def _subject(notice: Notice, config: Config) -> str:
    about = identity.token(notice.ticket.number, config) + " " if notice.ticket else ""
    return f"Re: {about}{identity.title(notice, config)}"


def _others(notice: Notice, config: Config, message_id: str, own: Words, before: int) -> tuple[OtherView, ...]:
    """The requester's other open tickets, each with a link that merges this one into it, where the reader may.

    `before`: how many links have a number already.
    """
    agent, ticket, zone = config.agents.get(notice.agent), notice.ticket, config.zone(notice.agent)
    views = []
    for other in notice.others:
        token = identity.token(other.number, config)
        merge = ticket and agent and mergeable(ticket, other, agent, config)
        offer = ((own.filled("link.merge", token=token), f"#merge {other.number}\n"),) if merge else ()
        link = next(iter(links.numbered(_mailto(notice, config, message_id, offer), before)), None)
        before += link is not None
        about = phrase(
            "other.about",
            status=status(other, config),
            assignee=holder(other.assignee, notice.agent, config),
            opened=other.created_at,
        )
        views.append(OtherView(token, plain(other.subject, 80) or NO_SUBJECT, own.text(about, zone), link))
    return tuple(views)


def _mails(notice: Notice, config: Config, message_id: str, own: Words, before: int) -> tuple[MailView, ...]:
    """Stored mails, each with the links of what the reader can do with it. `before`: how many links have a number."""
    zone = config.zone(notice.agent)
    views = []
    for each in notice.mails:
        offers = [(own.sentence(label, zone), body) for label, body in each.links]
        made = links.numbered(_mailto(notice, config, message_id, offers), before)
        before += len(made)
        about = plain(own.text(each.about, zone))
        views.append(MailView(plain(each.sender, 100), plain(each.subject, 80) or NO_SUBJECT, about, made))
    return tuple(views)
