"""`#assign`, `#transfer`, `#topic`, `#sla`, `#priority`, `#due`; and the routing keys of a rule or escalation step."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from mailgate.rules.ticket import reasons
from mailgate.rules.ticket.acts.labels import tag
from mailgate.rules.ticket.acts.stamp import Act, Draft, Stamp
from mailgate.rules.ticket.acts.statuses import status
from mailgate.rules.ticket.as_json import assignee_json, rfc3339
from mailgate.settings import Config, Routing
from mailgate.ticket import Assignee, Event, EventKind, Status, Ticket

# Origins of a ticket's SLA plan that follow its topic and department (osTicket's transient SLA).
INHERITED = ("topic", "department", "address", "defaults")


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

    The ticket is released when its agent is not a member of the new department. An SLA plan
    that came from the old department or topic is chosen again.
    """

    def act(ticket: Ticket) -> Draft:
        if ticket.department == department:
            return ticket, ()
        moved = replace(ticket, department=department)
        events: tuple[Event, ...] = (stamp.event(EventKind.TRANSFERRED, ticket.department, department),)
        holder = config.agents.get(moved.assignee.name) if moved.assignee and moved.assignee.kind == "agent" else None
        if holder and department not in holder.departments:
            moved, released = assign(None, stamp.because(reasons.not_in(department)))(moved)
            events += released
        moved, sla_events = _inherit_sla(moved, stamp, config)
        return moved, events + sla_events

    return act


def topic(name: str, stamp: Stamp, config: Config) -> Act:
    """Change the help topic. An SLA plan that came from the old one is chosen again."""

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
    return after, (stamp.because(reasons.inherited(origin)).event(EventKind.SLA_CHANGED, ticket.sla, plan),)


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
    """Change the SLA plan. This removes a due time that was set by hand."""

    def act(ticket: Ticket) -> Draft:
        after = replace(ticket, sla=plan, sla_from=str(stamp.by))
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
    """Set the due time by hand. It takes precedence over the SLA plan, as in osTicket."""

    def act(ticket: Ticket) -> Draft:
        if ticket.due_manual == at:
            return ticket, ()
        event = stamp.event(EventKind.DUE_CHANGED, rfc3339(ticket.due_at), rfc3339(at))
        return replace(ticket, due_manual=at), (event,)

    return act


def routing_acts(routing: Routing, stamp: Stamp, config: Config) -> list[Act]:
    """The routing keys that are set, as acts on an existing ticket: `then` of an escalation step or a message rule."""
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
        acts.append(assign(Assignee.parse(routing.assign), stamp))
    if routing.status:
        acts.append(status(Status(routing.status), stamp))
    if routing.tags:
        acts.append(tag(routing.tags, stamp))
    return acts
