"""What can be done to a ticket: one act a function. osTicket's words, by mail.

Each gives an `Act`: a ticket before → the ticket after and its events. An act that finds
nothing to change leaves the ticket as it is and no event. `lifecycle.py` does acts and
closes the change; who may is `rights.py`, who hears of it `notices.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from mailgate.rules.sla.clock import NEXT_RESPONSE
from mailgate.rules.ticket.as_json import assignee_json, collaborators_json, rfc3339
from mailgate.settings import Config, Routing
from mailgate.ticket import Assignee, Collaborator, Event, EventKind, Json, Status, StatusSpan, Ticket

# Origins of a ticket's SLA plan that follow its topic and department (osTicket's transient SLA).
INHERITED = ("topic", "department", "address", "defaults")


@dataclass(frozen=True, slots=True)
class Stamp:
    """Who acts, when, and the reason they gave."""

    by: str  # "agent:KEY", "requester:ADDRESS", "rule:NAME", "clock", "admin"
    at: datetime
    reason: str = ""

    def because(self, reason: str) -> Stamp:
        """The same stamp with another reason."""
        return replace(self, reason=reason)

    def event(self, kind: EventKind, before: Json = None, after: Json = None) -> Event:
        """An event with this stamp."""
        return Event(kind=kind, by=self.by, at=self.at, reason=self.reason, before=before, after=after)


Draft = tuple[Ticket, tuple[Event, ...]]
Act = Callable[[Ticket], Draft]


def record(event: Event) -> Act:
    """An event that changes no field."""
    return lambda ticket: (ticket, (event,))


def copy_in(people: Sequence[Collaborator], stamp: Stamp) -> Act:
    """Add collaborators who are not on the ticket yet."""

    def act(ticket: Ticket) -> Draft:
        fresh = tuple(person for person in people if person.email not in ticket.participants)
        if not fresh:
            return ticket, ()
        after = replace(ticket, collaborators=ticket.collaborators + fresh)
        return after, (stamp.event(EventKind.CC_CHANGED, collaborators_json(ticket), collaborators_json(after)),)

    return act


def reply(agent: str, stamp: Stamp) -> Act:
    """An agent's public reply: the first one meets the first-response target."""

    def act(ticket: Ticket) -> Draft:
        after = replace(
            ticket,
            first_response_at=ticket.first_response_at or stamp.at,
            waiting_since=None,
            last_respondent=agent or ticket.last_respondent,
            escalated=tuple(step for step in ticket.escalated if step != NEXT_RESPONSE),  # the next wait counts anew
        )
        return after, (stamp.because("").event(EventKind.REPLIED),)

    return act


def note(stamp: Stamp) -> Act:
    """An internal note."""
    return record(stamp.because("").event(EventKind.NOTED))


def assign(assignee: Assignee | None, stamp: Stamp) -> Act:
    """Assign to an agent or a team; None releases the ticket."""

    def act(ticket: Ticket) -> Draft:
        if ticket.assignee == assignee:
            return ticket, ()
        kind = EventKind.ASSIGNED if assignee else EventKind.RELEASED
        event = stamp.event(kind, assignee_json(ticket.assignee), assignee_json(assignee))
        return replace(ticket, assignee=assignee), (event,)

    return act


def transfer(department: str, stamp: Stamp, config: Config) -> Act:
    """Move to another department.

    An agent who is not in it loses the ticket (it would lie with somebody whom the new
    department does not see); an SLA plan that came with the old place is chosen anew.
    """

    def act(ticket: Ticket) -> Draft:
        if ticket.department == department:
            return ticket, ()
        moved = replace(ticket, department=department)
        events: tuple[Event, ...] = (stamp.event(EventKind.TRANSFERRED, ticket.department, department),)
        holder = config.agents.get(moved.assignee.name) if moved.assignee and moved.assignee.kind == "agent" else None
        if holder and department not in holder.departments:
            moved, released = assign(None, stamp.because(f"not in {department}"))(moved)
            events += released
        moved, sla_events = _inherit_sla(moved, stamp, config)
        return moved, events + sla_events

    return act


def topic(name: str, stamp: Stamp, config: Config) -> Act:
    """Change the help topic; an SLA plan that came with the old one is chosen anew."""

    def act(ticket: Ticket) -> Draft:
        if ticket.topic == name:
            return ticket, ()
        moved = replace(ticket, topic=name)
        moved, sla_events = _inherit_sla(moved, stamp, config)
        return moved, (stamp.event(EventKind.TOPIC_CHANGED, ticket.topic, name), *sla_events)

    return act


def _inherit_sla(ticket: Ticket, stamp: Stamp, config: Config) -> Draft:
    if ticket.sla_from.partition(":")[0] not in INHERITED:
        return ticket, ()
    plan, origin = _inherited_sla(ticket, config)
    after = replace(ticket, sla=plan, sla_from=origin)
    if plan == ticket.sla:
        return after, ()
    return after, (stamp.because(f"from {origin}").event(EventKind.SLA_CHANGED, ticket.sla, plan),)


def _inherited_sla(ticket: Ticket, config: Config) -> tuple[str, str]:
    desk_address = config.addresses.get(ticket.address)
    department = config.departments.get(ticket.department)
    places = [
        ("address", desk_address.routing if desk_address else Routing()),
        *((f"topic:{found.name}", found.routing) for found in config.topic_chain(ticket.topic)),
        (f"department:{ticket.department}", department.routing if department else Routing()),
        ("defaults", config.defaults),
    ]
    return next(((routing.sla, origin) for origin, routing in places if routing.sla), (ticket.sla, ticket.sla_from))


def sla(plan: str, stamp: Stamp) -> Act:
    """Change the SLA plan; a due time set by hand gives way to it."""

    def act(ticket: Ticket) -> Draft:
        after = replace(ticket, sla=plan, sla_from=stamp.by)
        if ticket.sla == plan:
            return after, ()
        return replace(after, due_manual=None), (stamp.event(EventKind.SLA_CHANGED, ticket.sla, plan),)

    return act


def priority(name: str, stamp: Stamp) -> Act:
    """Change the priority."""

    def act(ticket: Ticket) -> Draft:
        if ticket.priority == name:
            return ticket, ()
        return replace(ticket, priority=name), (stamp.event(EventKind.PRIORITY_CHANGED, ticket.priority, name),)

    return act


def due(at: datetime, stamp: Stamp) -> Act:
    """Set the due time by hand; it wins over the plan (osTicket)."""

    def act(ticket: Ticket) -> Draft:
        if ticket.due_manual == at:
            return ticket, ()
        event = stamp.event(EventKind.DUE_CHANGED, rfc3339(ticket.due_at), rfc3339(at))
        return replace(ticket, due_manual=at), (event,)

    return act


def status(new: Status, stamp: Stamp) -> Act:
    """Change the status. Reopening starts the SLA over; ending clears the overdue flag."""

    def act(ticket: Ticket) -> Draft:
        if ticket.status is new:
            return ticket, ()
        # Mail is worked in the order of its coming here, not of its arrival: no status is older than the one before.
        since = max(stamp.at, *(span.since for span in ticket.status_log[-1:]), ticket.sla_started_at)
        log = (*ticket.status_log, StatusSpan(new, since))
        after = replace(ticket, status=new, status_log=log, wake_at=None, spam=False)
        if new.active and not ticket.status.active:
            after = _restart(after, new, since)
        elif not new.active:
            after = replace(
                after,
                overdue=False,
                waiting_since=None,
                resolved_at=after.resolved_at or since,
                closed_at=since if new is Status.CLOSED else None,
            )
        return after, (stamp.event(EventKind.STATUS_CHANGED, ticket.status.value, new.value),)

    return act


def spam(stamp: Stamp) -> Act:
    """Close as spam. Its requester is told nothing; their later mail is a matter of `#ban`, as in osTicket."""

    def act(ticket: Ticket) -> Draft:
        if ticket.spam:
            return ticket, ()
        closed, events = status(Status.CLOSED, stamp.because(""))(ticket)
        return replace(closed, spam=True), (*events, stamp.event(EventKind.SPAM_MARKED))

    return act


def wake(at: datetime | None, stamp: Stamp) -> Act:
    """Set when a pending ticket is open again by itself; None: it is not, until somebody says so."""

    def act(ticket: Ticket) -> Draft:
        if ticket.wake_at == at:
            return ticket, ()
        event = stamp.event(EventKind.WAKE_CHANGED, rfc3339(ticket.wake_at), rfc3339(at))
        return replace(ticket, wake_at=at), (event,)

    return act


def _restart(ticket: Ticket, new: Status, at: datetime) -> Ticket:
    return replace(
        ticket,
        reopened=ticket.reopened + 1,
        sla_started_at=at,
        status_log=(StatusSpan(new, at),),
        due_manual=None,
        escalated=(),
        overdue=False,
        resolved_at=None,
        closed_at=None,
    )


def tag(tags: Sequence[str], stamp: Stamp) -> Act:
    """Add tags."""

    def act(ticket: Ticket) -> Draft:
        after = replace(ticket, tags=(*ticket.tags, *(name for name in tags if name not in ticket.tags)))
        if after.tags == ticket.tags:
            return ticket, ()
        return after, (stamp.event(EventKind.TAGGED, list(ticket.tags), list(after.tags)),)

    return act


def routing_acts(routing: Routing, stamp: Stamp, config: Config) -> list[Act]:
    """Routing keys as acts on a ticket that exists: a ladder's or a follow-up rule's `then`."""
    acts: list[Act] = []
    if routing.topic:
        acts.append(topic(routing.topic, stamp, config))
    if routing.department:
        acts.append(transfer(routing.department, stamp, config))
    if routing.sla:
        acts.append(sla(routing.sla, stamp))
    if routing.priority:
        acts.append(priority(routing.priority, stamp))
    if routing.assign:
        kind, _, name = routing.assign.partition(":")
        acts.append(assign(Assignee(kind, name), stamp))
    if routing.status:
        acts.append(status(Status(routing.status), stamp))
    if routing.tags:
        acts.append(tag(routing.tags, stamp))
    return acts


def untag(tags: Sequence[str], stamp: Stamp) -> Act:
    """Take tags away."""

    def act(ticket: Ticket) -> Draft:
        left = tuple(tag for tag in ticket.tags if tag not in tags)
        if left == ticket.tags:
            return ticket, ()
        return replace(ticket, tags=left), (stamp.event(EventKind.TAGGED, list(ticket.tags), list(left)),)

    return act


def subject(text: str, stamp: Stamp) -> Act:
    """Call the ticket something else. Its mails stay one conversation by their ids and the token."""

    def act(ticket: Ticket) -> Draft:
        if ticket.subject == text:
            return ticket, ()
        return replace(ticket, subject=text), (stamp.event(EventKind.SUBJECT_CHANGED, ticket.subject, text),)

    return act


def link(number: int, stamp: Stamp) -> Act:
    """Link to another ticket; the other one is linked back by an act of its own."""

    def act(ticket: Ticket) -> Draft:
        if number in ticket.links:
            return ticket, ()
        links = (*ticket.links, number)
        return replace(ticket, links=links), (stamp.event(EventKind.LINKED, list(ticket.links), list(links)),)

    return act
