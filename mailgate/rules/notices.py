"""Change → notices: who is told, in which kind of mail, with which facts.

One notice per person and occasion, the first of `PRECEDENCE`, with the other facts inside.
Nobody hears of their own occasion. What a requester may see and what only agents may is
kept apart here: facts for agents never enter a notice to a requester.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from mailgate.config.model import Config
from mailgate.model import (
    Address,
    Change,
    Entry,
    EntryKind,
    Event,
    EventKind,
    Notice,
    NoticeKind,
    Phrase,
    Status,
    Ticket,
)
from mailgate.rules.addressed import facts_for
from mailgate.rules.asking import asked_by, askers_of, outsiders
from mailgate.rules.audience import Audience, Person, hearers
from mailgate.rules.collaborators import machine
from mailgate.rules.lifecycle import ladder_step
from mailgate.rules.people import newly_copied
from mailgate.rules.rights import sees
from mailgate.rules.satisfaction import BAD
from mailgate.rules.told import for_others, status_told

# One notice per person: the first of these wins (the public interface, section 2).
PRECEDENCE = (
    NoticeKind.OVERDUE,
    NoticeKind.ASSIGNED,
    NoticeKind.TRANSFERRED,
    NoticeKind.NEW_TICKET,
    NoticeKind.NEW_MESSAGE,
    NoticeKind.COLLEAGUE_REPLY,
    NoticeKind.NOTE,
    NoticeKind.ESCALATED,
    NoticeKind.REMINDER,
    NoticeKind.TAKEN,
    NoticeKind.STATUS,
)
URGENT = (NoticeKind.OVERDUE, NoticeKind.ESCALATED)
URGENT_PRIORITIES = ("High", "Emergency")
HISTORY = 5  # earlier entries in an alert


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """Who did it and how: what `announce` needs besides the change itself."""

    by: str  # as in Event.by
    cause: str  # names the act; the same when the work is redone
    author: Address
    now: datetime
    answers: str = ""  # Message-ID of the mail that did it
    direct: frozenset[str] = frozenset()  # addresses that had the mail directly
    quiet: bool = False  # no requester is told
    automatic: bool = False  # an automatic answer may go out
    reveal: bool = True  # the acknowledgement may hold the requester's own text
    on_behalf: bool = False  # opened by somebody else for the requester
    canned: str = ""  # the canned response that a rule answers with instead of the acknowledgement
    extra_alert: tuple[str, ...] = ()  # a rule's `alert`
    told: tuple[Phrase, ...] = ()  # what the requester of a new ticket reads besides
    resolved_before: bool = False  # the requester was told so within the day: commands alone tell it no second time
    remarks: tuple[str, ...] = ()  # more facts for agents
    put_off: Event | None = None  # what set the time that has come
    links: tuple[tuple[str, str], ...] = ()  # one-tap links for agents: (label, mail body)

    @property
    def agent(self) -> str:
        """Key of the acting agent, or an empty string."""
        return self.by.removeprefix("agent:") if self.by.startswith("agent:") else ""


def announce(change: Change, occasion: Occasion, audience: Audience, config: Config) -> tuple[Notice, ...]:
    """Every notice that a change causes: to requesters and collaborators, then to agents."""
    if change.before is None and occasion.on_behalf:  # the mail that was forwarded was there before
        theirs = tuple(entry for entry in change.entries[:1] if entry.by.startswith("requester:"))
        audience = replace(audience, history=theirs)
    return (
        *_to_requesters(change, occasion, audience, config),
        *_to_asked(change, occasion, audience, config),
        *_to_agents(change, occasion, audience, config),
    )


# ── requesters and collaborators ────────────────────────────────────────────────────────


def _to_requesters(change: Change, occasion: Occasion, audience: Audience, config: Config) -> Iterator[Notice]:
    ticket, entry = change.after, _entry(change)
    if entry and entry.kind is EntryKind.REPLY:
        yield from _replies(change, entry, occasion, audience, config)
        return
    if occasion.quiet:
        return
    if change.before is None:
        yield from _on_opening(change, entry, occasion, audience, config)
    elif entry and occasion.automatic and ticket.autoresponse and config.notices.follow_up:
        told = _notice(NoticeKind.FOLLOW_UP_RECEIVED, Person(occasion.author), ticket, occasion, audience)
        yield replace(told, in_reply_to=occasion.answers)
    if occasion.agent or occasion.by == "admin":
        yield from _copied(change, occasion, audience, config)
    if change.before and not config.same_person(ticket.requester.email, occasion.author.email):
        yield from _status_changed(change, occasion, audience, config)


def _copied(change: Change, occasion: Occasion, audience: Audience, config: Config) -> Iterator[Notice]:
    """Whom an agent put on the ticket learns of it, once; who comes by a requester's Cc had that mail."""
    known = audience.history if change.before else tuple(reversed(change.entries))
    for reader in newly_copied(change):
        if change.before or reader.email not in occasion.direct:
            notice = _notice(NoticeKind.COLLABORATOR_ADDED, Person(reader), change.after, occasion, audience)
            yield replace(notice, history=_public(known, change.after, config))


def _status_changed(change: Change, occasion: Occasion, audience: Audience, config: Config) -> Iterator[Notice]:
    fact = status_told(change, config)
    again = occasion.resolved_before and not change.entries and change.after.status is Status.RESOLVED
    if fact and change.after.autoresponse and not again:
        notice = _notice(NoticeKind.STATUS_CHANGED, Person(change.after.requester), change.after, occasion, audience)
        yield replace(notice, phrases=fact, by=None, by_agent="", asks=_asks(change, config))


def _on_opening(
    change: Change, entry: Entry | None, occasion: Occasion, audience: Audience, config: Config
) -> Iterator[Notice]:
    ticket = change.after
    text = entry.text if entry else ""
    if occasion.on_behalf:
        if not machine(ticket.requester.email):  # nobody reads what a machine is told
            notice = _notice(NoticeKind.OPENED_FOR_YOU, Person(ticket.requester), ticket, occasion, audience)
            told = _told_of(change, occasion)
            yield replace(notice, **told, phrases=status_told(change, config), is_first=True)
    elif occasion.automatic and config.notices.acknowledge and ticket.autoresponse:
        notice = _notice(NoticeKind.ACKNOWLEDGEMENT, Person(ticket.requester), ticket, occasion, audience)
        yield replace(
            notice,
            text=text if occasion.reveal and not occasion.canned else "",
            canned=occasion.canned,
            reveal=occasion.reveal,
            phrases=occasion.told,
            in_reply_to=occasion.answers,
            is_first=True,
            by=None,
        )


def _told_of(change: Change, occasion: Occasion) -> dict[str, Any]:
    """What a requester reads of a ticket that was opened for them: the first message, if it is theirs to know."""
    message = next((entry for entry in change.entries if entry.kind is EntryKind.MESSAGE), None)
    requester = change.after.requester.email
    if message is None or message.author.email != requester or requester in occasion.direct:
        return {"text": ""}  # a mail of somebody else that was forwarded, or what they have already
    theirs = message.by.startswith("requester:")  # their own files are not sent back to them
    return {"text": message.text, "attachments": () if theirs else message.attachments}


def _replies(change: Change, entry: Entry, occasion: Occasion, audience: Audience, config: Config) -> Iterator[Notice]:
    ticket = change.after
    fact = () if occasion.quiet else status_told(change, config)
    active = tuple(Address(person.email, person.name) for person in ticket.collaborators if person.active)
    direct = {email for each in occasion.direct for email in config.addresses_of(each)}
    if fact and ticket.requester.email in direct:  # who has the words already has not heard of the status
        yield from _status_changed(change, occasion, audience, config)
    for reader in (ticket.requester, *active):
        if reader.email in direct or config.same_person(reader.email, occasion.author.email):
            continue
        notice = _notice(NoticeKind.REPLY, Person(reader), ticket, occasion, audience)
        yield replace(
            notice,
            text=entry.text,
            html=entry.html,
            attachments=entry.attachments,
            phrases=fact if reader is ticket.requester else for_others(fact),
            asks=bool(fact) and reader is ticket.requester and _asks(change, config),
            also_to=() if reader is ticket.requester else (ticket.requester,),
            cc=active,
            history=_public(audience.history, ticket, config),
        )


def _asks(change: Change, config: Config) -> bool:
    """Whether the requester who is told of the change is asked how they were helped."""
    ticket = change.after
    return config.notices.satisfaction and ticket.autoresponse and ticket.status is Status.RESOLVED


def _public(history: Sequence[Entry], ticket: Ticket, config: Config) -> tuple[Entry, ...]:
    """The newest entry that requesters may read: no note, and no words of somebody whom no agent has let in."""
    people = (ticket.requester.email, *(person.email for person in ticket.collaborators if person.active))
    let_in = {email for person in people for email in config.addresses_of(person)}
    return tuple(
        entry
        for entry in history
        if entry.kind is EntryKind.REPLY or (entry.kind is EntryKind.MESSAGE and entry.author.email in let_in)
    )[:1]


# ── who was asked ───────────────────────────────────────────────────────────────────────


def _to_asked(change: Change, occasion: Occasion, audience: Audience, config: Config) -> Iterator[Notice]:
    """An outsider gets the note that asks them, and nothing else of the ticket; agents hear of it as of any note."""
    entry = _entry(change)
    if entry is None:
        return
    for event in change.events:
        for person in outsiders(asked_by(event), config):
            notice = _notice(NoticeKind.ASKED, Person(person), change.after, occasion, audience)
            yield replace(notice, text=entry.text, html=entry.html, attachments=entry.attachments)


# ── agents ──────────────────────────────────────────────────────────────────────────────


def _to_agents(change: Change, occasion: Occasion, audience: Audience, config: Config) -> Iterator[Notice]:
    chosen: dict[str, tuple[NoticeKind, Person]] = {}
    for kind, who in sorted(_alerts(change, occasion, audience, config), key=lambda pair: PRECEDENCE.index(pair[0])):
        if not occasion.agent or who.agent != occasion.agent:
            chosen.setdefault(who.address.email, (kind, who))
    entry = _first(change)
    history = audience.told(HISTORY) if change.before else tuple(reversed(change.entries[1:]))
    words: dict[str, Any] = {"text": entry.text, "html": entry.html, "attachments": entry.attachments} if entry else {}
    if entry and change.before is None and entry.by.startswith("requester:"):
        words |= {"by": entry.author, "by_agent": ""}  # whose words they are, whoever forwarded them
    for kind, who in chosen.values():
        notice = _notice(kind, who, change.after, occasion, audience)
        more = (occasion.remarks, occasion.put_off, audience.away)
        notice = replace(notice, facts=facts_for(who.agent, kind, change, *more, config))
        if kind is not NoticeKind.TAKEN:
            notice = replace(notice, **words, history=history[:HISTORY], links=occasion.links)
        yield notice


def _alerts(
    change: Change, occasion: Occasion, audience: Audience, config: Config
) -> Iterator[tuple[NoticeKind, Person]]:
    ticket = change.after
    own = "" if occasion.agent else _agent_of(occasion, config)
    told_already = _customer(change, occasion, config)
    wrote = any(event.kind is EventKind.MESSAGE for event in change.events)
    for event in change.events:
        if wrote and event.kind is EventKind.STATUS_CHANGED and event.by.startswith("requester:"):
            continue  # told as their message
        if event.kind is EventKind.ASSIGNED:
            yield from _assigned(ticket, audience, config, own)
        elif event.kind is EventKind.RATED and event.after != BAD and not change.entries:
            continue  # praise without a word asks for nothing
        elif found := _alert(event, occasion, audience, ticket, config):
            kind, names = found
            but = told_already if event.kind is EventKind.OPENED else ""
            for who in hearers(names, ticket, audience, config, but=but or own, urgent=is_urgent(kind, ticket)):
                yield kind, who


def is_urgent(kind: NoticeKind, ticket: Ticket) -> bool:
    """Whether an alert comes through quiet hours, and to who hears little."""
    return kind in URGENT or ticket.priority in URGENT_PRIORITIES


def _agent_of(occasion: Occasion, config: Config) -> str:
    """The agent who acts as a customer: they wrote the mail, so somebody else is told."""
    agent = config.agents_by_email.get(occasion.author.email)
    return agent.key if agent else ""


def _customer(change: Change, occasion: Occasion, config: Config) -> str:
    """The agent for whom a colleague opened the ticket: they read `opened-for-you`."""
    agent = config.agents_by_email.get(change.after.requester.email)
    return agent.key if agent and change.before is None and occasion.on_behalf and not occasion.quiet else ""


# Which kind of alert an event causes, and the key of [alerts] that says to whom.
_ALERT = {
    EventKind.OPENED: (NoticeKind.NEW_TICKET, "new_ticket"),
    EventKind.MESSAGE: (NoticeKind.NEW_MESSAGE, "new_message"),
    EventKind.RATED: (NoticeKind.NEW_MESSAGE, "new_message"),
    EventKind.REPLIED: (NoticeKind.COLLEAGUE_REPLY, "colleague_reply"),
    EventKind.TRANSFERRED: (NoticeKind.TRANSFERRED, "transferred"),
    EventKind.STATUS_CHANGED: (NoticeKind.STATUS, "status"),
    EventKind.MERGED: (NoticeKind.STATUS, "status"),
}


def _alert(
    event: Event, occasion: Occasion, audience: Audience, ticket: Ticket, config: Config
) -> tuple[NoticeKind, tuple[str, ...]] | None:
    """The kind of alert that an event causes and its recipients by name, or None."""
    match event.kind:
        case EventKind.OVERDUE:
            return NoticeKind.OVERDUE, _step_names(event, ticket, config)
        case EventKind.ESCALATED:
            return NoticeKind.ESCALATED, _step_names(event, ticket, config)
        case EventKind.WAKE_CHANGED if event.by == "clock":
            return NoticeKind.REMINDER, ("assignee",)
        case EventKind.RELEASED:
            return NoticeKind.TAKEN, ("alerted",) if audience.alerted else ("department",)
        case EventKind.STATUS_CHANGED if event.by == "clock":
            return None  # the clock closes in silence
        case EventKind.NOTED:
            return NoticeKind.NOTE, (*_names("note", ticket, config), *_parties(event, occasion, ticket, config))
    if event.kind not in _ALERT:
        return None
    kind, key = _ALERT[event.kind]
    extra = occasion.extra_alert if event.kind in (EventKind.OPENED, EventKind.MESSAGE) else ()
    return kind, (*_names(key, ticket, config), *extra)


def _parties(event: Event, occasion: Occasion, ticket: Ticket, config: Config) -> tuple[str, ...]:
    """The agents whom a note asks, and those whose question it may answer."""
    asked = (config.agents_by_email.get(person.email) for person in asked_by(event))
    keys = (*(agent.key for agent in asked if agent), *askers_of(ticket, occasion.author.email))
    known = (config.agents[key] for key in keys if key in config.agents)
    return tuple(f"agent:{agent.key}" for agent in known if sees(agent, ticket, config))


def _assigned(ticket: Ticket, audience: Audience, config: Config, own: str) -> Iterator[tuple[NoticeKind, Person]]:
    """Whose ticket it is now hears `assigned`; the others who were alerted, that it is taken."""
    holders = {who.address.email for who in hearers(("assignee",), ticket, audience, config)}
    for who in hearers(_names("assigned", ticket, config), ticket, audience, config, but=own):
        yield (NoticeKind.ASSIGNED if who.address.email in holders else NoticeKind.TAKEN), who


def _names(alert: str, ticket: Ticket, config: Config) -> tuple[str, ...]:
    department = config.departments.get(ticket.department)
    own = department.alerts.get(alert) if department and department.alerts else None
    names: tuple[str, ...] = getattr(config.alerts, alert) if own is None else own
    return names


def _step_names(event: Event, ticket: Ticket, config: Config) -> tuple[str, ...]:
    label = str(event.after.get("step")) if isinstance(event.after, dict) else ""
    if step := ladder_step(ticket, label, config):
        return step.alert
    # The flag is told even when the ladder forgets it; a missed response to assignee, else department.
    return ("assignee", "manager", "department") if event.kind is EventKind.OVERDUE else ("assignee",)


# ── common ──────────────────────────────────────────────────────────────────────────────


def _entry(change: Change) -> Entry | None:
    return change.entries[-1] if change.entries else None


def _first(change: Change) -> Entry | None:
    """What an alert is about: of a ticket that was opened with several entries the message, not the note."""
    return change.entries[0] if change.entries and change.before is None else _entry(change)


def _notice(kind: NoticeKind, who: Person, ticket: Ticket, occasion: Occasion, audience: Audience) -> Notice:
    """A notice with what all have in common; threaded by what its reader already has.

    Requesters' mails refer to the requester's own ids alone: an agent's Message-ID is a
    key and never leaves the desk.
    """
    ours = audience.last_sent.get(who.address.email, "")
    theirs = tuple(
        entry.message_id
        for entry in audience.history
        if entry.message_id and entry.author.email == who.address.email and not entry.by.startswith("agent:")
    )
    previous = ours or (theirs[0] if theirs else "")
    return Notice(
        kind=kind,
        to=who.address,
        agent=who.agent,
        cause=occasion.cause,
        ticket=ticket,
        by=occasion.author,
        by_agent=occasion.agent,
        in_reply_to=previous,
        references=tuple(dict.fromkeys((*reversed(theirs[:3]), *((ours,) if ours else ())))),
        is_first=not ours,
    )
