"""The view of a notice for an agent or the administrator: destination of an answer, ticket, links."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import partial

from mailgate.notice import REPLYABLE_KINDS, Notice, NoticeKind
from mailgate.phrase import Phrase, phrase
from mailgate.rules.people.actors import holder
from mailgate.rules.people.permissions import confidential
from mailgate.rules.replies import attachments as passing
from mailgate.rules.text.subject import NO_SUBJECT
from mailgate.rules.threading.keys import key_text
from mailgate.rules.ticket.merging import mergeable
from mailgate.settings import Config
from mailgate.writing.mail import identity
from mailgate.writing.mail.headers import plain
from mailgate.writing.mail.inline import with_images
from mailgate.writing.mail.mime import readable
from mailgate.writing.views import links
from mailgate.writing.views.answers import answer_views, listing_view
from mailgate.writing.views.card import status, ticket_view
from mailgate.writing.views.for_report import report_view
from mailgate.writing.views.formatting import entry_view, files, left_out, person, preview, words
from mailgate.writing.views.links import Link
from mailgate.writing.views.views import AgentView, OtherView, SimilarView
from mailgate.writing.views.words import Words

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
    answers = tuple(answer_views(notice.answers, own, zone, card, number))
    text = "\n\n".join(each.text for each in answers) or words(notice.text, _TEXT_LIMIT)
    return AgentView(
        marker=own.marker if notice.to.email else "",
        desk=identity.desk_name(notice, config),
        address=address.email,
        address_name=address.name,
        name=plain(notice.to.name, 100),
        destination=" ".join(filter(None, (_destination(notice, own), _unseen(notice, config, own)))),
        public=notice.kind in REPLYABLE_KINDS,
        by=_by(notice, own),
        facts=facts,
        text=text,
        html=with_images(notice.html, going) if 0 < len(notice.text) <= _TEXT_LIMIT else "",
        files=files(going),
        left_out=left_out(notice, config.attachments, own),
        subject=identity.title(notice, config),
        ticket=card(notice.ticket) if notice.ticket else None,
        similar=tuple(
            SimilarView(
                identity.token(each.number, config),
                plain(each.subject, 80),
                own.text(phrase("similar.ended", ended=each.ended, at=each.at), zone),
            )
            for each in notice.similar
        ),
        others=_others(notice, config, answer_to, foot_key, own),
        history=tuple(entry_view(entry, own.dates.moment(entry.at, zone), own) for entry in notice.history),
        links=_links(notice, config, answer_to, foot_key, own),
        listings=tuple(listing_view(each, own, zone) for each in notice.listings),
        answers=answers,
        ref=foot_key if notice.ticket or notice.agent else "",
        code=notice.code,
        preview=preview(text or next(iter(facts), "")),
        report=report_view(notice.report, config, zone, own) if notice.report else None,
    )


def _by(notice: Notice, own: Words) -> str:
    """The name of the author; the administrator at the command line has no address."""
    if notice.by is None:
        return ""
    return person(notice.by.name, notice.by.email) if notice.by.email else own.phrases["actor.admin_name"]


def _destination(notice: Notice, own: Words) -> str:
    if notice.kind in (NoticeKind.CONFIRM, NoticeKind.HELD) or not notice.ticket:
        return ""
    if notice.kind not in REPLYABLE_KINDS:
        return own.phrases["destination.note"]
    requester = person(notice.ticket.requester.name, notice.ticket.requester.email)
    others = sum(collaborator.active for collaborator in notice.ticket.collaborators)
    name = f"destination.{('reply', 'reply_and_one')[others] if others < 2 else 'reply_and_others'}"
    return own.filled(name, requester=requester, count=str(others))


def _unseen(notice: Notice, config: Config, own: Words) -> str:
    """The sentence that the mail holds nothing of a confidential ticket, with the command that shows it."""
    if not notice.ticket or notice.kind is NoticeKind.ANSWER or not confidential(notice.ticket.department, config):
        return ""
    return own.filled("destination.confidential", department=notice.ticket.department)


def _links(notice: Notice, config: Config, address: str, key: str, own: Words) -> tuple[Link, ...]:
    """One-tap links to `address`; `key` stands at the foot of each mail where the address does not hold it."""
    ticket = notice.ticket
    offers = [*notice.links]
    if notice.code:
        label = "link.send_anyway" if notice.kind is NoticeKind.HELD else "link.confirm"
        offers.append((Phrase(label), f"#confirm {notice.code}\n"))
    elif ticket and notice.kind not in (NoticeKind.CONFIRM, NoticeKind.HELD):
        taken = notice.kind is NoticeKind.TAKEN and ticket.assignee
        offers += (links.SHOW,) if taken else links.commands(ticket, notice.agent)
        if passing.of(notice, config.attachments).too_large:
            offers.append((Phrase("link.files"), "#show files\n"))
    zone = config.zone(notice.agent)
    return _mailto(notice, config, address, key, [(own.sentence(label, zone), body) for label, body in offers])


def _mailto(
    notice: Notice, config: Config, address: str, key: str, offers: Iterable[tuple[str, str]]
) -> tuple[Link, ...]:
    about = identity.token(notice.ticket.number, config) + " " if notice.ticket else ""
    subject = f"Re: {about}{identity.title(notice, config)}"
    foot = f"\nRef: {key}\n" if key else ""
    return links.mailto(address, subject, [(label, links.closed_off(body)) for label, body in offers], foot)


def _others(notice: Notice, config: Config, address: str, key: str, own: Words) -> tuple[OtherView, ...]:
    """The requester's other open tickets, each with a link that merges this one into it, where the reader may."""
    agent, ticket, zone = config.agents.get(notice.agent), notice.ticket, config.zone(notice.agent)
    views = []
    for other in notice.others:
        token = identity.token(other.number, config)
        merge = ticket and agent and mergeable(ticket, other, agent, config)
        offer = ((own.filled("link.merge", token=token), f"#merge {other.number}\n"),) if merge else ()
        link = next(iter(_mailto(notice, config, address, key, offer)), None)
        about = phrase(
            "other.about",
            status=status(other, config),
            assignee=holder(other.assignee, notice.agent, config),
            opened=other.created_at,
        )
        views.append(OtherView(token, plain(other.subject, 80) or NO_SUBJECT, own.text(about, zone), link))
    return tuple(views)
