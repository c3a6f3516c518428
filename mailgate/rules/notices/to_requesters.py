"""Change → notices to requesters, collaborators and asked outsiders, followed by those to agents (`to_agents.py`).

The author of a change gets no notice of it. Facts for agents never enter a notice to a
requester: the two are separate fields of `Occasion`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from mailgate.notice import Notice, NoticeKind
from mailgate.phrase import Phrase
from mailgate.rules.notices.audience import Audience, Person
from mailgate.rules.notices.occasion import Occasion, written
from mailgate.rules.notices.sentences import merge_phrase, status_phrase
from mailgate.rules.notices.to_agents import to_agents
from mailgate.rules.people.collaborators import machine
from mailgate.rules.ticket.asked_people import asked_by, outsiders
from mailgate.rules.ticket.participants import newly_copied
from mailgate.settings import Config
from mailgate.ticket import Address, Change, Entry, EntryKind, Event, EventKind, Status, Ticket

_STRUCTURAL = (EventKind.MERGED, EventKind.SPLIT)


def announce(change: Change, occasion: Occasion, audience: Audience, config: Config) -> tuple[Notice, ...]:
    """Every notice that a change causes: to requesters and collaborators, then to agents."""
    if change.before is None and occasion.on_behalf:  # the mail that was forwarded was there before
        theirs = tuple(entry for entry in change.entries[:1] if entry.by.is_requester)
        audience = replace(audience, history=theirs)
    return (
        *_to_requesters(change, occasion, audience, config),
        *_to_asked(change, occasion, audience, config),
        *to_agents(change, occasion, audience, config),
    )


# ── requesters and collaborators ────────────────────────────────────────────────────────


def _to_requesters(change: Change, occasion: Occasion, audience: Audience, config: Config) -> Iterator[Notice]:
    ticket, entry = change.after, written(change)
    if entry and entry.kind is EntryKind.REPLY:
        yield from _replies(change, entry, occasion, audience, config)
        return
    if occasion.quiet:
        return
    if change.before is None:
        yield from _on_opening(change, entry, occasion, audience, config)
    elif occasion.automatic and ticket.autoresponse and config.notices.follow_up:
        notice = occasion.notice(NoticeKind.FOLLOW_UP_RECEIVED, Person(occasion.author), ticket, audience)
        yield replace(notice, in_reply_to=occasion.answers)
    if occasion.by.is_staff:
        yield from _copied(change, occasion, audience, config)
    if change.before and not config.same_person(ticket.requester.email, occasion.author.email):
        yield from _status_changed(change, occasion, audience, config)


def _copied(change: Change, occasion: Occasion, audience: Audience, config: Config) -> Iterator[Notice]:
    """To each collaborator that an agent added; those in Cc of a requester's mail have that mail."""
    known = audience.history if change.before else tuple(reversed(change.entries))
    for reader in newly_copied(change):
        if change.before or reader.email not in occasion.direct:
            notice = occasion.notice(NoticeKind.COLLABORATOR_ADDED, Person(reader), change.after, audience)
            yield replace(notice, history=_public(known, change.after, config))


def _status_changed(change: Change, occasion: Occasion, audience: Audience, config: Config) -> Iterator[Notice]:
    fact = _status_phrases(change, config)
    again = occasion.resolved_before and not change.entries and change.after.status is Status.RESOLVED
    if fact and change.after.autoresponse and not again:
        notice = occasion.notice(NoticeKind.STATUS_CHANGED, Person(change.after.requester), change.after, audience)
        yield replace(notice, facts=fact, by=None, by_agent="", asks=_asks(change, config))


def _on_opening(
    change: Change, entry: Entry | None, occasion: Occasion, audience: Audience, config: Config
) -> Iterator[Notice]:
    ticket = change.after
    text = entry.text if entry else ""
    if occasion.on_behalf:
        if not machine(ticket.requester.email):  # nobody reads mail to a machine
            notice = occasion.notice(NoticeKind.OPENED_FOR_YOU, Person(ticket.requester), ticket, audience)
            notice = _with_first_message(notice, change, occasion)
            yield replace(notice, facts=_status_phrases(change, config), is_first=True)
    elif occasion.automatic and config.notices.acknowledge and ticket.autoresponse:
        notice = occasion.notice(NoticeKind.ACKNOWLEDGEMENT, Person(ticket.requester), ticket, audience)
        yield replace(
            notice,
            text=text if occasion.reveal and not occasion.canned else "",
            canned=occasion.canned,
            reveal=occasion.reveal,
            facts=occasion.facts,
            in_reply_to=occasion.answers,
            is_first=True,
            by=None,
        )


def _with_first_message(notice: Notice, change: Change, occasion: Occasion) -> Notice:
    """The notice of a ticket opened for its requester, with the first message if that is the requester's own."""
    message = next((entry for entry in change.entries if entry.kind is EntryKind.MESSAGE), None)
    requester = change.after.requester.email
    if message is None or message.author.email != requester or requester in occasion.direct:
        return notice  # a mail of somebody else that was forwarded, or what they have already
    theirs = message.by.is_requester  # their own files are not sent back to them
    return replace(notice, text=message.text, attachments=() if theirs else message.attachments)


def _replies(change: Change, entry: Entry, occasion: Occasion, audience: Audience, config: Config) -> Iterator[Notice]:
    ticket = change.after
    fact = () if occasion.quiet else _status_phrases(change, config)
    active = tuple(Address(person.email, person.name) for person in ticket.collaborators if person.active)
    direct = {email for each in occasion.direct for email in config.addresses_of(each)}
    if fact and ticket.requester.email in direct:  # the reply that went to them directly does not say the status
        yield from _status_changed(change, occasion, audience, config)
    for reader in (ticket.requester, *active):
        if reader.email in direct or config.same_person(reader.email, occasion.author.email):
            continue
        notice = occasion.notice(NoticeKind.REPLY, Person(reader), ticket, audience)
        yield replace(
            notice,
            text=entry.text,
            signature=occasion.signature,
            html=entry.html,
            attachments=entry.attachments,
            facts=fact if reader is ticket.requester else _for_collaborators(fact),
            asks=bool(fact) and reader is ticket.requester and _asks(change, config),
            also_to=() if reader is ticket.requester else (ticket.requester,),
            cc=active,
            history=_public(audience.history, ticket, config),
        )


def _asks(change: Change, config: Config) -> bool:
    """Whether the notice of the change asks the requester for a rating."""
    ticket = change.after
    return config.notices.satisfaction and ticket.autoresponse and ticket.status is Status.RESOLVED


def _public(history: Sequence[Entry], ticket: Ticket, config: Config) -> tuple[Entry, ...]:
    """The newest entry that requesters may read: a reply, or a message of the requester or an active collaborator."""
    people = (ticket.requester.email, *(person.email for person in ticket.collaborators if person.active))
    let_in = {email for person in people for email in config.addresses_of(person)}
    return tuple(
        entry
        for entry in history
        if entry.kind is EntryKind.REPLY or (entry.kind is EntryKind.MESSAGE and entry.author.email in let_in)
    )[:1]


# ── what requesters are told of a change: nothing internal ──────────────────────────────


def _status_phrases(change: Change, config: Config) -> tuple[Phrase, ...]:
    """The phrase for a change of status or a merge that requesters get a notice of; () for any other change."""
    announced = config.notices.status_changes
    if any(event.kind is EventKind.SPAM_MARKED for event in change.events):
        return ()
    structural = next((event for event in change.events if event.kind in _STRUCTURAL), None)
    if structural and change.before:
        return _merge_phrases(structural, change, config)
    for event in change.events:
        if event.kind is not EventKind.STATUS_CHANGED:
            continue
        reopened = event.after == Status.OPEN and event.before in (Status.RESOLVED, Status.CLOSED)
        if event.after in announced or (reopened and "reopened" in announced):
            return (status_phrase(event),)
    return ()


def _merge_phrases(event: Event, change: Change, config: Config) -> tuple[Phrase, ...]:
    """For the requester of an open or pending ticket: where it went, or that it is separate again."""
    goes = change.after.merged_into and change.before and change.before.status.active
    comes = change.before and change.before.merged_into and not change.after.merged_into and change.after.status.active
    return (merge_phrase(event, config.desk.token),) if goes or comes else ()


def _for_collaborators(phrases: tuple[Phrase, ...]) -> tuple[Phrase, ...]:
    """The same without the number of the other ticket, which collaborators may not see."""
    return tuple(Phrase("told.merged") if phrase.name == "told.merged_with" else phrase for phrase in phrases)


# ── outsiders ───────────────────────────────────────────────────────────────────────────


def _to_asked(change: Change, occasion: Occasion, audience: Audience, config: Config) -> Iterator[Notice]:
    """To an outsider the note that asks them, and nothing else of the ticket; agents get an alert as for any note."""
    entry = written(change)
    if entry is None:
        return
    for event in change.events:
        for person in outsiders(asked_by(event), config):
            notice = occasion.notice(NoticeKind.ASKED, Person(person), change.after, audience)
            yield replace(
                notice,
                text=entry.text,
                signature=occasion.signature,
                html=entry.html,
                attachments=entry.attachments,
            )
