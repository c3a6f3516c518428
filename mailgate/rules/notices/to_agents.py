"""Change → alerts: which agents hear of it, and in which kind of mail.

One notice per person and occasion, the first of `PRECEDENCE`, with the other facts inside.
What requesters are told is `notices.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from mailgate.notice import Notice, NoticeKind
from mailgate.rules.notices.alert_facts import not_shown, sentences_for
from mailgate.rules.notices.audience import Audience, Person, hearers
from mailgate.rules.notices.occasion import Occasion, written
from mailgate.rules.people.permissions import sees
from mailgate.rules.ticket.lifecycle import ladder_step
from mailgate.rules.ticket.questions import asked_by, askers_of
from mailgate.rules.ticket.rating import BAD
from mailgate.settings import Config
from mailgate.ticket import CLOCK, Change, Entry, Event, EventKind, Ticket

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


def to_agents(change: Change, occasion: Occasion, audience: Audience, config: Config) -> Iterator[Notice]:
    """The alerts that a change causes: to each agent the first of `PRECEDENCE`, to the author of the change none."""
    history = audience.told(HISTORY) if change.before else tuple(reversed(change.entries[1:]))
    entry = _shown(change)
    theirs = entry is not None and change.before is None and entry.by.is_requester
    for kind, who in _one_each(_alerts(change, occasion, audience, config)):
        if occasion.agent and who.agent == occasion.agent:
            continue
        notice = occasion.notice(kind, who, change.after, audience)
        facts = sentences_for(who.agent, kind, change, occasion, audience, config)
        if kind is NoticeKind.TAKEN:
            yield replace(notice, facts=facts)
            continue
        cut = entry.lines_cut if entry else 0
        yield replace(
            notice,
            by=entry.author if entry and theirs else notice.by,  # whose words they are, whoever forwarded them
            by_agent="" if theirs else notice.by_agent,
            facts=(*facts, *([not_shown(cut)] if cut else [])),
            text=entry.text if entry else "",
            html=entry.html if entry else "",
            attachments=entry.attachments if entry else (),
            history=history[:HISTORY],
            links=occasion.links,
        )


def _one_each(alerts: Iterable[tuple[NoticeKind, Person]]) -> Iterable[tuple[NoticeKind, Person]]:
    """For each person the kind that comes first in `PRECEDENCE`."""
    chosen: dict[str, tuple[NoticeKind, Person]] = {}
    for kind, who in sorted(alerts, key=lambda alert: PRECEDENCE.index(alert[0])):
        chosen.setdefault(who.address.email, (kind, who))
    return chosen.values()


def _shown(change: Change) -> Entry | None:
    """What an alert is about: of a ticket that was opened with several entries the message, not the note."""
    return change.entries[0] if change.entries and change.before is None else written(change)


def _alerts(
    change: Change, occasion: Occasion, audience: Audience, config: Config
) -> Iterator[tuple[NoticeKind, Person]]:
    ticket = change.after
    own = "" if occasion.agent else _agent_of(occasion, config)
    told_already = _customer(change, occasion, config)
    wrote = any(event.kind is EventKind.MESSAGE for event in change.events)
    for event in change.events:
        if wrote and event.kind is EventKind.STATUS_CHANGED and event.by.is_requester:
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
        case EventKind.WAKE_CHANGED if event.by == CLOCK:
            return NoticeKind.REMINDER, ("assignee",)
        case EventKind.RELEASED:
            return NoticeKind.TAKEN, ("alerted",) if audience.alerted else ("department",)
        case EventKind.STATUS_CHANGED if event.by == CLOCK:
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
