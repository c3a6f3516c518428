"""`#status` and its short forms, `#pending WHEN`; the end of a pending time, and escalation."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from mailgate.rules.ticket.acts.stamp import Act, Draft, Stamp
from mailgate.rules.ticket.as_json import rfc3339
from mailgate.ticket import EventKind, Status, StatusSpan, Ticket


@dataclass(frozen=True, slots=True)
class NewStatus:
    """A status to set; for a pending ticket also when it reopens automatically (None: it does not)."""

    status: Status
    until: datetime | None = None


def set_status(new: NewStatus, stamp: Stamp) -> Act:
    """Change the status as `#status` does; `#pending` also sets or clears the time of reopening."""

    def act(ticket: Ticket) -> Draft:
        after, events = status(new.status, stamp)(ticket)
        if new.status is Status.PENDING:
            after, more = wake(new.until, stamp)(after)
            events += more
        return after, events

    return act


def status(new: Status, stamp: Stamp) -> Act:
    """Change the status. Reopening restarts the SLA clock; resolving and closing clear the overdue flag."""

    def act(ticket: Ticket) -> Draft:
        if ticket.status is new:
            return ticket, ()
        # Mail is processed in the order of reception here, not by its dates: spans never start before the previous one.
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


def wake(at: datetime | None, stamp: Stamp) -> Act:
    """Set when a pending ticket reopens automatically; None: it does not."""

    def act(ticket: Ticket) -> Draft:
        if ticket.wake_at == at:
            return ticket, ()
        event = stamp.event(EventKind.WAKE_CHANGED, rfc3339(ticket.wake_at), rfc3339(at))
        return replace(ticket, wake_at=at), (event,)

    return act


def escalate(step: str, stamp: Stamp) -> Act:
    """Record that an escalation step has fired (`step`: its label). At "100%" the ticket is overdue."""

    def act(ticket: Ticket) -> Draft:
        overdue = step == "100%"
        after = replace(ticket, escalated=(*ticket.escalated, step), overdue=ticket.overdue or overdue)
        kind = EventKind.OVERDUE if overdue else EventKind.ESCALATED
        return after, (stamp.event(kind, after={"step": step, "due_at": rfc3339(ticket.due_at)}),)

    return act
