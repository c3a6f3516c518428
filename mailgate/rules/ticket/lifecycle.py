"""The ticket's lifecycle: (ticket, acts, now) → `Change`. It follows osTicket's, by mail.

Every function returns one complete change, which `settle` closes by recomputing the SLA clock. The acts
are `acts/`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from mailgate.rules.routing.route import Chosen, Routed
from mailgate.rules.sla.clock import OVERDUE, clock, plan_of
from mailgate.rules.threading.keys import anchor_nonce
from mailgate.rules.ticket import reasons
from mailgate.rules.ticket.acts import Act, Stamp, escalate, receive_message, record, routing_acts, status, wake
from mailgate.rules.ticket.as_json import assignee_json, rfc3339, ticket_json
from mailgate.settings import Config, Step
from mailgate.ticket import CLOCK, Actor, Change, Entry, EntryKind, Event, EventKind, Json, Status, StatusSpan, Ticket


def act_on(
    ticket: Ticket, acts: Sequence[Act], stamp: Stamp, config: Config, entries: tuple[Entry, ...] = ()
) -> Change:
    """Apply acts to one ticket in order; together they are one `Change`."""
    after = ticket
    events: tuple[Event, ...] = ()
    for act in acts:
        after, more = act(after)
        events += more
    return settle(ticket, after, events, stamp, config, entries)


def also(change: Change, acts: Sequence[Act], stamp: Stamp, config: Config) -> Change:
    """The change with more acts on the same ticket."""
    more = act_on(change.after, acts, stamp, config)
    return replace(change, after=more.after, events=change.events + more.events)


def settle(
    before: Ticket, after: Ticket, events: tuple[Event, ...], stamp: Stamp, config: Config, entries: tuple[Entry, ...]
) -> Change:
    """Recompute the SLA clock and close the change.

    When a new plan, due time or status moves the due time into the future, the overdue flag is cleared
    and the escalation steps that are now ahead can fire again. So it is when the plan has other times
    since the last change, by a new configuration. A due time that stays is not announced twice.
    """
    after = replace(after, updated_at=stamp.at)
    times = clock(after, config)
    due = times.due_at
    # A change that came before the due time may be worked after it: where the due time stays, so does the flag.
    overdue = after.overdue and (due == before.due_at or (due is not None and due <= stamp.at))
    if due != before.due_at or any(event.kind in _MOVES_THE_CLOCK for event in events):
        fresh = clock(replace(after, escalated=()), config)
        ahead = {deadline.step for deadline in fresh.deadlines if deadline.at > stamp.at}
        ahead -= {OVERDUE} if overdue else set()
        after = replace(after, escalated=tuple(step for step in after.escalated if step not in ahead))
    after = replace(
        after,
        due_at=due,
        overdue=overdue,
        first_response_by=times.first_response_by,
        next_response_by=times.next_response_by,
    )
    if after.due_at != before.due_at and not any(event.kind is EventKind.DUE_CHANGED for event in events):
        recomputed = stamp.because("").event(EventKind.DUE_CHANGED, rfc3339(before.due_at), rfc3339(after.due_at))
        events = (*events, recomputed)
    if not events and not entries and replace(after, updated_at=before.updated_at) == before:
        after = before  # a command that changes nothing is not recorded
    return Change(before=before, after=after, events=events, entries=entries)


_MOVES_THE_CLOCK = frozenset({EventKind.SLA_CHANGED, EventKind.DUE_CHANGED, EventKind.STATUS_CHANGED})


def open_ticket(ticket: Ticket, stamp: Stamp, config: Config, routed: Json, entry: Entry | None) -> Change:
    """Open `ticket`; `routed` is the `routed` event's value: each field's value and origin."""
    start = ticket.sla_started_at
    waits = entry is not None and entry.kind is EntryKind.MESSAGE and ticket.status.active
    ticket = replace(
        ticket,
        anchor=_anchor(ticket),
        status_log=(StatusSpan(ticket.status, start),),
        waiting_since=start if waits else None,
        resolved_at=None if ticket.status.active else start,
        closed_at=start if ticket.status is Status.CLOSED else None,
    )
    times = clock(ticket, config)
    ticket = replace(
        ticket,
        due_at=times.due_at,
        first_response_by=times.first_response_by,
        next_response_by=times.next_response_by,
    )
    events = (
        stamp.event(EventKind.OPENED, after=ticket_json(ticket)),
        stamp.because("").event(EventKind.ROUTED, after=routed),
    )
    return Change(before=None, after=ticket, events=events, entries=(entry,) if entry else ())


def _anchor(ticket: Ticket) -> str:
    """The same when the work is redone, and another for another ticket that gets the number after a restore."""
    opened = rfc3339(ticket.created_at)
    return anchor_nonce(f"{ticket.number}\0{opened}\0{ticket.requester.email}\0{ticket.subject}")


def receive(
    ticket: Ticket, entry: Entry, stamp: Stamp, config: Config, *, participant: bool, first: Sequence[Act] = ()
) -> Change:
    """Add a message to its ticket.

    From a participant (requester or collaborator) it turns pending into open, reopens a resolved or closed
    ticket (the SLA restarts, as in osTicket) and starts the wait for an answer. From anybody else it is only
    added to the thread. `first` are acts that the same mail causes before.
    """
    acts: list[Act] = [*first, receive_message(entry.author.email, entry.at, stamp, waits=participant)]
    if participant and ticket.status is not Status.OPEN:
        reason = reasons.ANSWERED if ticket.status is Status.PENDING else reasons.REOPENED
        acts.append(status(Status.OPEN, stamp.because(reason)))
    return act_on(ticket, acts, stamp, config, (entry,))


def keep_auto_reply(ticket: Ticket, entry: Entry, stamp: Stamp, config: Config) -> Change:
    """Add an automatic reply (out of office, receipt) to the thread; it changes nothing else."""
    return act_on(
        ticket, [record(stamp.event(EventKind.AUTO_REPLY, after=entry.author.email))], stamp, config, (entry,)
    )


def note_event(ticket: Ticket, kind: EventKind, stamp: Stamp, config: Config, after: Json) -> Change:
    """Record an event that changes no field: a bounce, a failed notice, a held mail."""
    return act_on(ticket, [record(stamp.event(kind, after=after))], stamp, config)


def may_reopen(ticket: Ticket, now: datetime, config: Config) -> bool:
    """Whether an answer reopens the ticket; later it opens a new, linked one (`tickets.reopen_within`)."""
    ended = ticket.closed_at or ticket.resolved_at
    return ended is None or now - ended <= config.tickets.reopen_within


def fire(ticket: Ticket, step: str, config: Config, now: datetime) -> Change:
    """A deadline has passed; `step` is its `Deadline.step`."""
    stamp = Stamp(CLOCK, now)
    match step:
        case "close":
            return act_on(ticket, [status(Status.CLOSED, stamp.because(reasons.CLOSED))], stamp, config)
        case "wake":
            why = stamp.because(reasons.TIME_HAS_COME)
            return act_on(ticket, [wake(None, stamp), status(Status.OPEN, why)], stamp, config)
        case _:
            return act_on(ticket, _ladder(ticket, step, config, stamp), stamp, config)


def _ladder(ticket: Ticket, label: str, config: Config, stamp: Stamp) -> list[Act]:
    step = ladder_step(ticket, label, config)
    return [escalate(label, stamp), *(routing_acts(step.then, stamp, config) if step else ())]


def ladder_step(ticket: Ticket, label: str, config: Config) -> Step | None:
    """The escalation step of the ticket's SLA plan with this label; None for a missed response."""
    return next((step for step in plan_of(ticket, config).escalate if step.label == label), None)


ROUTING = Actor.rule("routing")  # what no rule of the configuration chose, and no person


def open_routed(ticket: Ticket, routed: Routed, stamp: Stamp, config: Config, entry: Entry | None) -> Change:
    """Open `ticket` as it was routed, with the origin of each value."""
    change = open_ticket(ticket, stamp, config, _values(routed), entry)
    opened, *rest = change.events
    routed_by = [replace(event, by=_router(routed, stamp)) for event in rest]
    return replace(change, events=(opened, *routed_by, *_more(ticket, routed, stamp)))


def _router(routed: Routed, stamp: Stamp) -> Actor:
    """The last rule that chose something; without one the author of the mail."""
    rules = {chosen.rule for chosen in routed.values.values()} - {""}
    last = next((each.name for each in reversed(routed.matched) if each.name in rules), "")
    return Actor.rule(last) if last else stamp.by


def _values(routed: Routed) -> Json:
    return {key: {"value": _json(chosen), "from": chosen.origin} for key, chosen in routed.values.items()}


def _json(chosen: Chosen) -> Json:
    return list(chosen.value) if isinstance(chosen.value, tuple) else chosen.value


def _more(ticket: Ticket, routed: Routed, stamp: Stamp) -> Iterator[Event]:
    if ticket.assignee:
        rule = routed.values["assign"].rule
        by = Actor.rule(rule) if rule else ROUTING if stamp.by.is_requester else stamp.by
        yield replace(stamp, by=by).event(EventKind.ASSIGNED, None, assignee_json(ticket.assignee))
    if ticket.links:
        yield stamp.event(EventKind.LINKED, [], list(ticket.links))
