"""Merging one ticket into another, and taking it back: acts for either side.

The merged ticket is closed and keeps its thread; what comes for it later stands in the
ticket that it went into. Each side's `merged` and `split` events hold the fields that
change, before and after, and what the way back needs. Nobody hears of anything by an act:
people of the merged ticket become inactive collaborators at most.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from mailgate.rules.people.collaborators import collaborators_of
from mailgate.rules.people.permissions import confidential, may
from mailgate.rules.sla.clock import OVERDUE
from mailgate.rules.ticket.acts import Act, Draft, Stamp, status, wake
from mailgate.rules.ticket.as_json import collaborators_json, rfc3339
from mailgate.settings import Agent, Config
from mailgate.ticket import Address, Entry, Event, EventKind, Json, Status, StatusSpan, Ticket


def readers(ticket: Ticket, config: Config) -> frozenset[str]:
    """Every address of those who get a public reply on the ticket."""
    people = (ticket.requester.email, *(each.email for each in ticket.collaborators if each.active))
    return frozenset(email for each in people for email in config.addresses_of(each))


def shared(ticket: Ticket, other: Ticket, config: Config) -> bool:
    """Whether what was said on `other` is known to all who read `ticket`."""
    return readers(ticket, config) <= readers(other, config)


def mergeable(ticket: Ticket, other: Ticket, agent: Agent, config: Config) -> bool:
    """Whether this agent may merge the two; what is confidential is merged within its department alone."""
    departments = (ticket.department, other.department)
    apart = ticket.department != other.department and any(confidential(each, config) for each in departments)
    open_ = not ticket.merged_into and not other.merged_into
    return open_ and not apart and all(may(agent, "merge", each, config) for each in departments)


# ── merging ─────────────────────────────────────────────────────────────────────────────


def into(target: Ticket, stamp: Stamp, config: Config) -> Act:
    """Close the ticket: everything that comes for it goes to `target` from now on."""

    def act(ticket: Ticket) -> Draft:
        closed, events = status(Status.CLOSED, stamp.because(""))(ticket)
        after = replace(closed, merged_into=target.number, links=_with(ticket.links, target.number))
        before = {**_place(ticket), "status": ticket.status.value, **_waits(ticket)}
        told = {**_place(after), "known": ticket.requester.email in readers(target, config)}
        return after, (*events, stamp.event(EventKind.MERGED, before, told))

    return act


def wakes(ticket: Ticket, target: Ticket) -> bool:
    """Whether `target` is open again when the ticket goes into it: whose status is not that of both."""
    return ticket.status.active and target.status is not Status.OPEN and target.status is not ticket.status


def told(ticket: Ticket, target: Ticket, named: int) -> str:
    """What a merge does, for who ordered it; `named` is the number that they wrote."""
    on = f", into which {named} was merged" if target.number != named else ""
    again = f"; it was {target.status} and is open again" if wakes(ticket, target) else ""
    return f"ticket {ticket.number} merged into {target.number}{on}{again}"


def take_in(other: Ticket, stamp: Stamp, config: Config) -> Act:
    """The other side: its people, and the longest wait of the two. An open ticket opens the one it goes into."""

    def act(ticket: Ticket) -> Draft:
        after, events = ticket, tuple[Event, ...]()
        if wakes(other, ticket):
            why = f"ticket {other.number}, which was {other.status}, was merged into it"
            after, events = status(Status.OPEN, stamp.because(why))(ticket)
        people = (other.requester, *(Address(each.email, each.name) for each in other.collaborators))
        after = replace(
            _earliest(after, other) if other.status.active else after,
            merged=(*ticket.merged, other.number),
            links=_with(ticket.links, other.number),
            collaborators=(*ticket.collaborators, *collaborators_of(people, ticket, config, active=False)),
        )
        event = stamp.event(EventKind.MERGED, _holding(ticket), _holding(after))
        return after, (*events, event)

    return act


def _earliest(ticket: Ticket, other: Ticket) -> Ticket:
    """The ticket with the clock of whichever has run longer and the wait of whoever has waited longer."""
    waits = [each for each in (ticket.waiting_since, other.waiting_since) if each]
    ticket = replace(ticket, waiting_since=min(waits, default=None))
    start = ticket.sla_started_at
    if other.sla_started_at >= start:
        return ticket
    own = ticket.status_log or (StatusSpan(ticket.status, start),)
    earlier = other.status_log or (StatusSpan(other.status, other.sla_started_at),)
    log = (*(span for span in earlier if span.since < start), *own)
    return replace(ticket, sla_started_at=other.sla_started_at, status_log=log)


# ── taking it back ──────────────────────────────────────────────────────────────────────


def put_back(merged: Event, came: Sequence[Entry], messages: Sequence[Entry], stamp: Stamp) -> Act:
    """Undo `into`: the ticket as it was, its clock as if it had run on, and what came for it since.

    `messages` are those of them that wait for an answer; a ticket that had ended is open for them.
    """
    was = merged.before if isinstance(merged.before, dict) else {}
    status_was = Status(str(was.get("status", Status.OPEN)))
    since = _time(was.get("waiting_since")) or min((entry.at for entry in messages), default=None)

    def act(ticket: Ticket) -> Draft:
        now = Status.OPEN if messages else status_was
        back, events = status(now, stamp.because(""))(ticket)
        if now.active and events:
            back = replace(
                back,
                sla_started_at=ticket.sla_started_at,
                status_log=(*ticket.status_log, *back.status_log[-1:]),
                due_manual=ticket.due_manual,
                escalated=tuple(step for step in ticket.escalated if step != OVERDUE),  # told anew where it still is
                waiting_since=since,
            )
        if now is Status.PENDING and (at := _time(was.get("wake_at"))):
            back, more = wake(at, stamp.because(""))(back)
            events += more
        links = ticket.links if ticket.merged_into in _numbers(was.get("links")) else _less(ticket.links, ticket)
        after = replace(back, merged_into=0, links=links)
        ids: list[Json] = [entry.id for entry in came]
        return after, (*events, stamp.event(EventKind.SPLIT, _place(ticket), {**_place(after), "entries": ids}))

    return act


def _less(links: tuple[int, ...], ticket: Ticket) -> tuple[int, ...]:
    return tuple(number for number in links if number != ticket.merged_into)


@dataclass(frozen=True, slots=True)
class Gone:
    """What leaves a ticket: `merged` is the event that brought it there, None where it only passed through."""

    number: int
    merged: Event | None
    entries: tuple[Entry, ...]


def let_go(gone: Gone, thread: Sequence[Entry], events: Sequence[Event], stamp: Stamp) -> Act:
    """Undo `take_in` on the ticket that took another in; `thread` is what stood there so far."""
    merged = gone.merged
    before, after = (
        side if isinstance(side, dict) else {} for side in (merged and merged.before, merged and merged.after)
    )

    def act(ticket: Ticket) -> Draft:
        added = _emails(after.get("collaborators")) - _emails(before.get("collaborators"))
        linked = merged is None or gone.number in _numbers(before.get("links"))
        back = replace(
            _own_clock(ticket, before, after),
            merged=tuple(number for number in ticket.merged if number != gone.number),
            links=ticket.links if linked else tuple(each for each in ticket.links if each != gone.number),
            collaborators=tuple(each for each in ticket.collaborators if each.active or each.email not in added),
        )
        lent = _time(after.get("waiting_since"))
        left = [entry for entry in thread if entry not in gone.entries]
        if ticket.waiting_since and (rfc3339(ticket.waiting_since) == rfc3339(lent) or len(left) < len(thread)):
            back = replace(back, waiting_since=waiting(events, left))
        ids: list[Json] = [entry.id for entry in gone.entries]
        return back, (stamp.event(EventKind.SPLIT, _holding(ticket), {**_holding(back), "entries": ids}),)

    return act


def _own_clock(ticket: Ticket, before: dict[str, Json], after: dict[str, Json]) -> Ticket:
    """The clock without the start that the merged ticket brought, unless it has been started over since."""
    own, lent = before.get("sla_started_at"), after.get("sla_started_at")
    start = _time(own)
    if start is None or own == lent or rfc3339(ticket.sla_started_at) != lent:
        return ticket
    log = tuple(span for span in ticket.status_log if rfc3339(span.since) >= rfc3339(start))  # type: ignore[operator]
    return replace(ticket, sla_started_at=log[0].since if log else start, status_log=log)


def waiting(events: Sequence[Event], thread: Sequence[Entry]) -> datetime | None:
    """The oldest message of `thread` that nobody has answered, by the events of its ticket."""
    there = {(entry.author.email, entry.at) for entry in thread}
    since: datetime | None = None
    for event in events:
        match event.kind:
            case EventKind.OPENED:
                since = _time(event.after.get("created_at")) if isinstance(event.after, dict) else None
            case EventKind.MESSAGE if (event.after, event.at) in there:
                since = since or event.at
            case EventKind.REPLIED:
                since = None
            case EventKind.STATUS_CHANGED if event.after in (Status.RESOLVED, Status.CLOSED):
                since = None
    return since


# ── what events hold ────────────────────────────────────────────────────────────────────


def _place(ticket: Ticket) -> dict[str, Json]:
    return {"merged_into": ticket.merged_into or None, "links": list(ticket.links)}


def _waits(ticket: Ticket) -> dict[str, Json]:
    return {"waiting_since": rfc3339(ticket.waiting_since), "wake_at": rfc3339(ticket.wake_at)}


def _holding(ticket: Ticket) -> dict[str, Json]:
    return {
        "merged": list(ticket.merged),
        "links": list(ticket.links),
        "collaborators": collaborators_json(ticket),
        "sla_started_at": rfc3339(ticket.sla_started_at),
        "waiting_since": rfc3339(ticket.waiting_since),
    }


def _with(links: tuple[int, ...], number: int) -> tuple[int, ...]:
    return links if number in links else (*links, number)


def _numbers(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []


def _emails(value: Json) -> set[str]:
    return {str(each["email"]) for each in value if isinstance(each, dict)} if isinstance(value, list) else set()


def _time(value: Json) -> datetime | None:
    return datetime.fromisoformat(value) if isinstance(value, str) else None
