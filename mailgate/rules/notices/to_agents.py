"""Change → alerts to agents: recipients and kinds.

One notice per person and change: the first kind of `PRECEDENCE`, with all facts in it. Notices
to requesters are in `to_requesters.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from mailgate.notice import Notice, NoticeKind
from mailgate.rules.notices.alert_facts import sentences_for
from mailgate.rules.notices.audience import Audience, Person, alert_recipients
from mailgate.rules.notices.occasion import Occasion, written
from mailgate.rules.people.permissions import sees
from mailgate.rules.ticket.asked_people import asked_by, askers_of
from mailgate.rules.ticket.lifecycle import ladder_step
from mailgate.rules.ticket.rating import BAD
from mailgate.settings import Config
from mailgate.ticket import CLOCK, Change, Entry, Event, EventKind, Ticket

# One notice per person: the first of these wins.
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
    history = audience.latest(HISTORY) if change.before else tuple(reversed(change.entries[1:]))
    # The author is here, whatever they said before: nobody stands in for them to hear of their own act.
    audience = replace(audience, away={key: each for key, each in audience.away.items() if key != occasion.agent})
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
        yield replace(
            notice,
            by=entry.author if entry and theirs else notice.by,  # their author, also where an agent forwarded them
            by_agent="" if theirs else notice.by_agent,
            facts=facts,
            lines_cut=entry.lines_cut if entry else 0,
            text=entry.text if entry else "",
            text_subject=entry.subject if entry else "",
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
    """The entry that an alert shows: of a ticket opened with several the message, not the note."""
    return change.entries[0] if change.entries and change.before is None else written(change)


def _alerts(
    change: Change, occasion: Occasion, audience: Audience, config: Config
) -> Iterator[tuple[NoticeKind, Person]]:
    ticket = change.after
    own = "" if occasion.agent else _agent_of(occasion, config)
    customer = _customer(change, occasion, config)
    wrote = any(event.kind is EventKind.MESSAGE for event in change.events)
    for event in change.events:
        if wrote and event.kind is EventKind.STATUS_CHANGED and event.by.is_requester:
            continue  # the message has an alert
        if event.kind is EventKind.ASSIGNED:
            yield from _assigned(event, ticket, audience, config, own)
        elif event.kind is EventKind.RATED and event.after != BAD and not change.entries:
            continue  # a good rating without a comment needs no alert
        elif found := _alert(event, occasion, ticket, config):
            kind, names = found
            but = customer if event.kind is EventKind.OPENED else ""
            for who in alert_recipients(
                names, ticket, audience, config, but=but or own, urgent=is_urgent(kind, ticket)
            ):
                yield kind, who


def is_urgent(kind: NoticeKind, ticket: Ticket) -> bool:
    """Whether an alert is sent in quiet hours, and to agents who limit their alerts."""
    return kind in URGENT or ticket.priority in URGENT_PRIORITIES


def _agent_of(occasion: Occasion, config: Config) -> str:
    """The key of the agent who wrote the mail as a customer, and so gets no alert about it; "" for other people."""
    agent = config.agents_by_email.get(occasion.author.email)
    return agent.key if agent else ""


def _customer(change: Change, occasion: Occasion, config: Config) -> str:
    """The key of the agent for whom a colleague opened the ticket, and who gets `opened-for-you`; "" for none."""
    agent = config.agents_by_email.get(change.after.requester.email)
    return agent.key if agent and change.before is None and occasion.on_behalf and not occasion.quiet else ""


# The kind of alert that an event causes, and the key of [alerts] that names the recipients.
_ALERT = {
    EventKind.OPENED: (NoticeKind.NEW_TICKET, "new_ticket"),
    EventKind.MESSAGE: (NoticeKind.NEW_MESSAGE, "new_message"),
    EventKind.RATED: (NoticeKind.NEW_MESSAGE, "new_message"),
    EventKind.REPLIED: (NoticeKind.COLLEAGUE_REPLY, "colleague_reply"),
    EventKind.PUBLISHED: (NoticeKind.COLLEAGUE_REPLY, "colleague_reply"),
    EventKind.TRANSFERRED: (NoticeKind.TRANSFERRED, "transferred"),
    EventKind.STATUS_CHANGED: (NoticeKind.STATUS, "status"),
    EventKind.MERGED: (NoticeKind.STATUS, "status"),
}


def _alert(
    event: Event, occasion: Occasion, ticket: Ticket, config: Config
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
            return NoticeKind.TAKEN, ("department", "alerted")
        case EventKind.STATUS_CHANGED if event.by == CLOCK:
            return None  # closing after the configured time needs no alert
        case EventKind.NOTED:
            return NoticeKind.NOTE, (*_names("note", ticket, config), *_parties(event, occasion, ticket, config))
    if event.kind not in _ALERT:
        return None
    kind, key = _ALERT[event.kind]
    extra = occasion.extra_alert if event.kind in (EventKind.OPENED, EventKind.MESSAGE) else ()
    return kind, (*_names(key, ticket, config), *extra)


def _parties(event: Event, occasion: Occasion, ticket: Ticket, config: Config) -> tuple[str, ...]:
    """Recipients of a note: the agents that it asks, and those who asked its author."""
    asked = (config.agents_by_email.get(person.email) for person in asked_by(event))
    keys = (*(agent.key for agent in asked if agent), *askers_of(ticket, occasion.author.email))
    known = (config.agents[key] for key in keys if key in config.agents)
    return tuple(f"agent:{agent.key}" for agent in known if sees(agent, ticket, config))


def _assigned(
    event: Event, ticket: Ticket, audience: Audience, config: Config, own: str
) -> Iterator[tuple[NoticeKind, Person]]:
    """`assigned` to the new assignee, `taken` to the other recipients and to the agent whose ticket it was."""
    holders = {who.address.email for who in alert_recipients(("assignee",), ticket, audience, config)}
    names = (*_names("assigned", ticket, config), *_was_assigned(event, ticket, config))
    for who in alert_recipients(names, ticket, audience, config, but=own):
        yield (NoticeKind.ASSIGNED if who.address.email in holders else NoticeKind.TAKEN), who


def _was_assigned(event: Event, ticket: Ticket, config: Config) -> tuple[str, ...]:
    """The agent whose ticket it was before the event, as a recipient, if they still see it."""
    key = str(event.before.get("agent") or "") if isinstance(event.before, dict) else ""
    agent = config.agents.get(key)
    return (f"agent:{key}",) if agent and sees(agent, ticket, config) else ()


def _names(alert: str, ticket: Ticket, config: Config) -> tuple[str, ...]:
    department = config.departments.get(ticket.department)
    own = department.alerts.get(alert) if department and department.alerts else None
    names: tuple[str, ...] = getattr(config.alerts, alert) if own is None else own
    return names


def _step_names(event: Event, ticket: Ticket, config: Config) -> tuple[str, ...]:
    """The recipients of a step. Beside `assignee` the department stands in for nobody: with one it hears nothing."""
    label = str(event.after.get("step")) if isinstance(event.after, dict) else ""
    # A plan without a step at 100% still alerts; a missed response goes to the assignee, else the department.
    default = ("assignee", "manager", "department") if event.kind is EventKind.OVERDUE else ("assignee",)
    step = ladder_step(ticket, label, config)
    names = step.alert if step else default
    return tuple(name for name in names if name != "department") if ticket.assignee and "assignee" in names else names
