"""The ticket's life: (ticket, acts, now) → `Change`. osTicket's lifecycle, by mail.

Every function here is pure and makes one whole change; `settle` closes each of them by
working out the clock anew. The acts are `acts.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from mailgate.rules.routing.route import Chosen, Routed
from mailgate.rules.sla.clock import clock, plan_of
from mailgate.rules.ticket.acts import Act, Draft, Stamp, record, routing_acts, status, wake
from mailgate.rules.ticket.as_json import assignee_json, rfc3339, ticket_json
from mailgate.settings import Config, Step
from mailgate.ticket import Change, Entry, EntryKind, Event, EventKind, Json, Status, StatusSpan, Ticket


def act_on(
    ticket: Ticket, acts: Sequence[Act], stamp: Stamp, config: Config, entries: tuple[Entry, ...] = ()
) -> Change:
    """Do acts one after the other on one ticket: the whole is one `Change`."""
    after = ticket
    events: tuple[Event, ...] = ()
    for act in acts:
        after, more = act(after)
        events += more
    return settle(ticket, after, events, stamp, config, entries)


def also(change: Change, acts: Sequence[Act], stamp: Stamp, config: Config) -> Change:
    """More acts on the same ticket within one change."""
    more = act_on(change.after, acts, stamp, config)
    return replace(change, after=more.after, events=change.events + more.events)


def settle(
    before: Ticket, after: Ticket, events: tuple[Event, ...], stamp: Stamp, config: Config, entries: tuple[Entry, ...]
) -> Change:
    """Work out the clock anew and close the change.

    When a plan, due time or status change moves the due time into the future again, the
    overdue flag goes, and the ladder starts over for the steps that are still to come.
    """
    after = replace(after, updated_at=stamp.at)
    moved = any(event.kind in _MOVES_THE_CLOCK for event in events)
    if moved:
        fresh = clock(replace(after, escalated=()), config)
        ahead = {deadline.step for deadline in fresh.deadlines if deadline.at > stamp.at}
        after = replace(after, escalated=tuple(step for step in after.escalated if step not in ahead))
    times = clock(after, config)
    after = replace(
        after,
        due_at=times.due_at,
        first_response_by=times.first_response_by,
        next_response_by=times.next_response_by,
    )
    if moved and after.overdue and (after.due_at is None or after.due_at > stamp.at):
        after = replace(after, overdue=False)
    if after.due_at != before.due_at and not any(event.kind is EventKind.DUE_CHANGED for event in events):
        recomputed = stamp.because("").event(EventKind.DUE_CHANGED, rfc3339(before.due_at), rfc3339(after.due_at))
        events = (*events, recomputed)
    if not events and not entries and replace(after, updated_at=before.updated_at) == before:
        after = before  # what is so already leaves no trace
    return Change(before=before, after=after, events=events, entries=entries)


_MOVES_THE_CLOCK = frozenset(
    {
        EventKind.SLA_CHANGED,
        EventKind.DUE_CHANGED,
        EventKind.STATUS_CHANGED,
        EventKind.TOPIC_CHANGED,
        EventKind.TRANSFERRED,
    }
)


def open_ticket(ticket: Ticket, stamp: Stamp, config: Config, routed: Json, entry: Entry | None) -> Change:
    """Open `ticket` as it was routed; `routed` holds each field's value and origin."""
    start = ticket.sla_started_at
    waits = entry is not None and entry.kind is EntryKind.MESSAGE and ticket.status.active
    ticket = replace(
        ticket,
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


def receive(
    ticket: Ticket, entry: Entry, stamp: Stamp, config: Config, *, participant: bool, first: Sequence[Act] = ()
) -> Change:
    """A message of the requester or a collaborator comes in.

    From a participant it turns pending into open, reopens what was resolved or closed
    (osTicket: the SLA starts over) and starts the wait for an answer. From anybody else
    it is kept, and changes nothing but the thread. `first` is what the mail does besides.
    """

    def message(ticket: Ticket) -> Draft:
        waiting = (ticket.waiting_since or entry.at) if participant else ticket.waiting_since
        return replace(ticket, waiting_since=waiting), (stamp.event(EventKind.MESSAGE, after=entry.author.email),)

    acts: list[Act] = [*first, message]
    if participant and ticket.status is not Status.OPEN:
        reason = "answered" if ticket.status is Status.PENDING else "reopened by an answer"
        acts.append(status(Status.OPEN, stamp.because(reason)))
    return act_on(ticket, acts, stamp, config, (entry,))


def keep_auto_reply(ticket: Ticket, entry: Entry, stamp: Stamp, config: Config) -> Change:
    """An out-of-office note or receipt: stored on its ticket, and powerless."""
    return act_on(
        ticket, [record(stamp.event(EventKind.AUTO_REPLY, after=entry.author.email))], stamp, config, (entry,)
    )


def note_event(ticket: Ticket, kind: EventKind, stamp: Stamp, config: Config, after: Json) -> Change:
    """Record a fact that changes no field: a bounce, a notice that failed, a held mail."""
    return act_on(ticket, [record(stamp.event(kind, after=after))], stamp, config)


def may_reopen(ticket: Ticket, now: datetime, config: Config) -> bool:
    """True while an answer still reopens the ticket rather than opening a linked one."""
    ended = ticket.closed_at or ticket.resolved_at
    return ticket.status.active or ended is None or now - ended <= config.tickets.reopen_within


def fire(ticket: Ticket, step: str, config: Config, now: datetime) -> Change:
    """A deadline of the ticket has come: `step` as in `Deadline.step`."""
    stamp = Stamp("clock", now)
    match step:
        case "close":
            return act_on(ticket, [status(Status.CLOSED, stamp.because("resolved long enough"))], stamp, config)
        case "wake":
            why = stamp.because("the time set has come")
            return act_on(ticket, [wake(None, stamp), status(Status.OPEN, why)], stamp, config)
        case _:
            return act_on(ticket, _ladder(ticket, step, config, stamp), stamp, config)


def _ladder(ticket: Ticket, label: str, config: Config, stamp: Stamp) -> list[Act]:
    def mark(ticket: Ticket) -> Draft:
        overdue = label == "100%"
        after = replace(ticket, escalated=(*ticket.escalated, label), overdue=ticket.overdue or overdue)
        kind = EventKind.OVERDUE if overdue else EventKind.ESCALATED
        return after, (stamp.event(kind, after={"step": label, "due_at": rfc3339(ticket.due_at)}),)

    step = ladder_step(ticket, label, config)
    return [mark, *(routing_acts(step.then, stamp, config) if step else ())]


def ladder_step(ticket: Ticket, label: str, config: Config) -> Step | None:
    """The step of the ticket's plan that `label` stands for; None for a missed response."""
    return next((step for step in plan_of(ticket, config).escalate if step.label == label), None)


def open_routed(ticket: Ticket, routed: Routed, stamp: Stamp, config: Config, entry: Entry | None) -> Change:
    """Open `ticket`, with where each of its values came from."""
    change = open_ticket(ticket, stamp, config, _values(routed), entry)
    return replace(change, events=(*change.events, *_more(ticket, routed, stamp)))


def _values(routed: Routed) -> Json:
    return {key: {"value": _json(chosen), "from": chosen.origin} for key, chosen in routed.values.items()}


def _json(chosen: Chosen) -> Json:
    return list(chosen.value) if isinstance(chosen.value, tuple) else chosen.value


def _more(ticket: Ticket, routed: Routed, stamp: Stamp) -> Iterator[Event]:
    if ticket.assignee:
        origin = routed.values["assign"].origin
        who = replace(stamp, by=origin) if origin.startswith("rule:") else stamp
        yield who.event(EventKind.ASSIGNED, None, assignee_json(ticket.assignee))
    if ticket.links:
        yield stamp.event(EventKind.LINKED, [], list(ticket.links))
