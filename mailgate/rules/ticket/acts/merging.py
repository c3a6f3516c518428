"""`#merge`, `#split`: the acts on either side of a merge, of its undoing, and of splitting a message off.

Each side's `merged` and `split` events hold the changed fields, before and after, and what undoing needs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from mailgate.rules.people.collaborators import collaborators_of
from mailgate.rules.sla.clock import OVERDUE
from mailgate.rules.ticket import reasons
from mailgate.rules.ticket.acts.stamp import Act, Draft, Stamp
from mailgate.rules.ticket.acts.statuses import status, wake
from mailgate.rules.ticket.as_json import collaborators_json, moment, rfc3339
from mailgate.rules.ticket.merging import readers, waiting, wakes
from mailgate.settings import Config
from mailgate.ticket import Address, Entry, Event, EventKind, Json, Status, StatusSpan, Ticket


def merge(target: Ticket, stamp: Stamp, config: Config) -> Act:
    """The merged ticket's side: it is closed, and later mail for it is added to `target`."""

    def act(ticket: Ticket) -> Draft:
        closed, events = status(Status.CLOSED, stamp.because(""))(ticket)
        after = replace(closed, merged_into=target.number, links=_with(ticket.links, target.number))
        before = {**_place(ticket), "status": ticket.status.value, **_waits(ticket)}
        moved = {**_place(after), "known": ticket.requester.email in readers(target, config)}
        return after, (*events, stamp.event(EventKind.MERGED, before, moved))

    return act


def absorb(other: Ticket, stamp: Stamp, config: Config) -> Act:
    """The target's side: it takes the people of `other` and the longer wait. An open ticket reopens its target."""

    def act(ticket: Ticket) -> Draft:
        after, events = ticket, tuple[Event, ...]()
        if wakes(other, ticket):
            why = reasons.merged_open(other.number, other.status)
            after, events = status(Status.OPEN, stamp.because(why))(ticket)
        people = (other.requester, *(Address(each.email, each.name) for each in other.collaborators))
        after = replace(
            _earliest(after, other) if other.status.active else after,
            merged=(*ticket.merged, other.number),
            links=_with(ticket.links, other.number),
            collaborators=(*ticket.collaborators, *collaborators_of(people, ticket, config, active=lambda _: False)),
        )
        event = stamp.event(EventKind.MERGED, _holding(ticket), _holding(after))
        return after, (*events, event)

    return act


def _earliest(ticket: Ticket, other: Ticket) -> Ticket:
    """`ticket` with the earlier start of the SLA clock and the earlier start of waiting of the two."""
    waits = [each for each in (ticket.waiting_since, other.waiting_since) if each]
    ticket = replace(ticket, waiting_since=min(waits, default=None))
    start = ticket.sla_started_at
    if other.sla_started_at >= start:
        return ticket
    own = ticket.status_log or (StatusSpan(ticket.status, start),)
    earlier = other.status_log or (StatusSpan(other.status, other.sla_started_at),)
    log = (*(span for span in earlier if span.since < start), *own)
    return replace(ticket, sla_started_at=other.sla_started_at, status_log=log)


def unmerge(merged: Event, came: Sequence[Entry], messages: Sequence[Entry], stamp: Stamp) -> Act:
    """Undo `merge`: the ticket as it was, with its clock as if it had never stopped.

    `came` are the entries that arrived for it since, `messages` those of them from participants; with such
    a message the ticket reopens.
    """
    was = merged.before if isinstance(merged.before, dict) else {}
    status_was = Status(str(was.get("status", Status.OPEN)))
    since = moment(was.get("waiting_since")) or min((entry.at for entry in messages), default=None)

    def act(ticket: Ticket) -> Draft:
        now = Status.OPEN if messages else status_was
        back, events = status(now, stamp.because(""))(ticket)
        if now.active and events:
            back = replace(
                back,
                sla_started_at=ticket.sla_started_at,
                status_log=(*ticket.status_log, *back.status_log[-1:]),
                due_manual=ticket.due_manual,
                escalated=tuple(step for step in ticket.escalated if step != OVERDUE),  # announced again if it still is
                waiting_since=since,
            )
        if now is Status.PENDING and (at := moment(was.get("wake_at"))):
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
    """What leaves a ticket that had absorbed another one.

    `merged` is the event that merged it into this ticket; None where it arrived by way of another merge.
    """

    number: int
    merged: Event | None
    entries: tuple[Entry, ...]


def give_back(gone: Gone, thread: Sequence[Entry], events: Sequence[Event], stamp: Stamp) -> Act:
    """Undo `absorb`; `thread` are the entries before this."""
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
        lent = moment(after.get("waiting_since"))
        left = [entry for entry in thread if entry not in gone.entries]
        if ticket.waiting_since and (rfc3339(ticket.waiting_since) == rfc3339(lent) or len(left) < len(thread)):
            back = replace(back, waiting_since=waiting(events, left))
        ids: list[Json] = [entry.id for entry in gone.entries]
        return back, (stamp.event(EventKind.SPLIT, _holding(ticket), {**_holding(back), "entries": ids}),)

    return act


def _own_clock(ticket: Ticket, before: dict[str, Json], after: dict[str, Json]) -> Ticket:
    """The SLA clock without the start taken from the merged ticket, unless it was restarted since."""
    own, lent = before.get("sla_started_at"), after.get("sla_started_at")
    start = moment(own)
    if start is None or own == lent or rfc3339(ticket.sla_started_at) != lent:
        return ticket
    log = tuple(span for span in ticket.status_log if rfc3339(span.since) >= rfc3339(start))  # type: ignore[operator]
    return replace(ticket, sla_started_at=log[0].since if log else start, status_log=log)


def split(number: int, entry: Entry, thread: Sequence[Entry], events: Sequence[Event], stamp: Stamp) -> Act:
    """The side of the ticket that `entry` leaves: a link, and the wait without that message."""

    def act(ticket: Ticket) -> Draft:
        after = replace(ticket, links=(*ticket.links, number))
        if ticket.waiting_since == entry.at:
            after = replace(after, waiting_since=waiting(events, [other for other in thread if other != entry]))
        moved: dict[str, Json] = {"ticket": number, "entries": [entry.id], "links": list(after.links)}
        return after, (stamp.event(EventKind.SPLIT, {"ticket": ticket.number, "links": list(ticket.links)}, moved),)

    return act


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
