"""Tickets as tables in a mail to an agent: what happened while they were away, and what waits for them.

Which tickets stand in a table is decided by the caller.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from mailgate.notice import Listing
from mailgate.phrase import Phrase, Short, Value, phrase
from mailgate.rules.notices.confidential import shown_subject
from mailgate.rules.people.absence import Away
from mailgate.rules.people.actors import actor, holder, name_of
from mailgate.settings import Config
from mailgate.ticket import Event, EventKind, Ticket

MOST = 25  # rows of one table that nobody asked for
LISTED = 50  # rows of a table that an agent requested: with their links as much as mail programs show of one mail
_NEVER = datetime.max.replace(tzinfo=UTC)
_SUBJECT = 60  # characters


def urgency(ticket: Ticket) -> tuple[int, datetime, int]:
    """The key that sorts the most urgent tickets first: overdue ones, then by due time; ended ones last, by number."""
    if not ticket.status.active:
        return 2, _NEVER, -ticket.number
    return int(not ticket.overdue), ticket.due_at or _NEVER, ticket.number


def meanwhile(events: Sequence[Event], agent: str, config: Config) -> tuple[Phrase, ...]:
    """What others did to a ticket, in a few words: "2 new messages, answered by Bob Base, now resolved"."""
    seen = [event for event in events if event.by.agent_key != agent]
    messages = sum(event.kind is EventKind.MESSAGE for event in seen)
    done = [phrase(f"meanwhile.message{'s' if messages > 1 else ''}", count=messages)] if messages else []
    done += _counted(what for event in seen if (what := _what(event, config)))
    last = next((event.after for event in reversed(seen) if event.kind is EventKind.STATUS_CHANGED), None)
    return (*done, *([phrase("meanwhile.status", status=Phrase(f"state.{last}"))] if last else []))


def _what(event: Event, config: Config) -> Phrase | None:
    match event.kind:
        case EventKind.OPENED:
            return Phrase("meanwhile.opened")
        case EventKind.REPLIED | EventKind.PUBLISHED:
            return phrase("meanwhile.replied", who=actor(event.by, config))
        case EventKind.NOTED:
            return phrase("meanwhile.noted", who=actor(event.by, config))
        case EventKind.TRANSFERRED:
            return phrase("meanwhile.transferred", department=str(event.after))
        case EventKind.PRIORITY_CHANGED:
            return phrase("meanwhile.priority", priority=str(event.after))
        case EventKind.OVERDUE:
            return Phrase("meanwhile.overdue")
        case EventKind.ASSIGNED | EventKind.RELEASED:
            return Phrase("meanwhile.reassigned") if event.before else None
        case _:
            return None


def _counted(done: Iterable[Phrase]) -> list[Phrase]:
    """Each once, with how often."""
    return [what if n == 1 else phrase("meanwhile.times", what=what, count=n) for what, n in Counter(done).items()]


def meanwhile_listing(rows: Sequence[tuple[Ticket, Value]], reader: str, config: Config) -> Listing:
    """The table of what happened: a row a ticket."""
    return Listing(
        Phrase("table.meanwhile"),
        ("number", "subject", "meanwhile", "assignee", "status"),
        tuple(
            (
                *named(ticket, config),
                what,
                assigned(ticket, {}, reader, config),
                Phrase(f"state.{ticket.status}"),
            )
            for ticket, what in rows[:MOST]
        ),
        len(rows),
        tuple(ticket for ticket, _ in rows[:MOST]),
    )


def waiting_listing(title: Phrase, found: Sequence[Ticket], away: Away, reader: str, config: Config) -> Listing:
    """A table of tickets that wait, for the agent with the key `reader`."""
    return Listing(
        title,
        ("number", "subject", "from", "priority", "assignee", "due"),
        tuple(
            (
                *named(ticket, config),
                name_of(ticket.requester),
                ticket.priority,
                assigned(ticket, away, reader, config),
                _due(ticket),
            )
            for ticket in found[:MOST]
        ),
        len(found),
        tuple(found[:MOST]),
    )


def found_listing(title: Phrase, found: Sequence[Ticket], reader: str, config: Config) -> Listing:
    """The table of tickets that an agent asked for; of what is confidential they are a member."""
    return Listing(
        title,
        ("number", "subject", "status", "priority", "assignee", "due"),
        tuple(
            (
                f"#{ticket.number}",
                short(ticket.subject),
                Phrase(f"state.{ticket.status}"),
                ticket.priority,
                holder(ticket.assignee, reader, config),
                _due(ticket),
            )
            for ticket in found[:LISTED]
        ),
        len(found),
        tuple(found[:LISTED]),
    )


def _due(ticket: Ticket) -> Value:
    if not ticket.due_at:
        return ""
    return phrase("cell.overdue", at=Short(ticket.due_at)) if ticket.overdue else Short(ticket.due_at)


def named(ticket: Ticket, config: Config) -> tuple[str, str]:
    """The cells that name a ticket in mail that nobody asked for: its number and subject."""
    return f"#{ticket.number}", short(shown_subject(ticket, config))


def short(subject: str) -> str:
    """A subject that fits into a line beside the ticket's number."""
    return subject if len(subject) <= _SUBJECT else subject[: _SUBJECT - 1].rstrip() + "…"


def assigned(ticket: Ticket, away: Away, reader: str, config: Config) -> Value:
    """Whose the ticket is, and whether they are away; "you" for the reader."""
    assignee = ticket.assignee
    who = holder(assignee, reader, config)
    gone = assignee is not None and assignee.kind == "agent" and assignee.name in away
    return phrase("ticket.away", name=who) if gone else who
