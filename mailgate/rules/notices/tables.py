"""Tickets as tables in a mail to an agent: what happened while they were away, and what waits for them.

Finished text in the reader's zone; which tickets stand in a table is the caller's question.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from mailgate.notice import Listing
from mailgate.rules.notices.confidential import shown_subject
from mailgate.rules.people.absence import Away
from mailgate.rules.people.actors import actor
from mailgate.rules.text.moments import ENGLISH
from mailgate.settings import Config
from mailgate.ticket import Event, EventKind, Ticket

MOST = 50  # rows of one table
_SUBJECT = 60  # characters


def meanwhile(events: Sequence[Event], agent: str, config: Config) -> str:
    """What others did to a ticket, in a few words: "2 new messages; answered by Bob Base; now resolved"."""
    seen = [event for event in events if event.by.agent_key != agent]
    messages = sum(event.kind is EventKind.MESSAGE for event in seen)
    said = [f"{messages} new message{'s' if messages > 1 else ''}"] if messages else []
    said += [what for event in seen if (what := _what(event, config))]
    last = next((event.after for event in reversed(seen) if event.kind is EventKind.STATUS_CHANGED), None)
    return "; ".join([*_counted(said), *([f"now {last}"] if last else [])])


def _what(event: Event, config: Config) -> str:
    match event.kind:
        case EventKind.OPENED:
            return "opened"
        case EventKind.REPLIED:
            return f"answered by {actor(event.by, config)}"
        case EventKind.NOTED:
            return f"note by {actor(event.by, config)}"
        case EventKind.TRANSFERRED:
            return f"moved to {event.after}"
        case EventKind.PRIORITY_CHANGED:
            return f"priority {event.after}"
        case EventKind.OVERDUE:
            return "overdue"
        case EventKind.ASSIGNED | EventKind.RELEASED:
            return "reassigned" if event.before else ""
        case _:
            return ""


def _counted(said: Iterable[str]) -> list[str]:
    """Each once, with how often."""
    return [what if times == 1 else f"{what} ({times} times)" for what, times in Counter(said).items()]


def meanwhile_listing(rows: Sequence[tuple[Ticket, str]], reader: str, config: Config) -> Listing:
    """The table of what happened: a row a ticket."""
    return Listing(
        "What happened meanwhile",
        ("Ticket", "Subject", "Meanwhile", "Assigned to", "Status"),
        tuple(
            (
                f"#{ticket.number}",
                short(shown_subject(ticket, config)),
                what,
                called(ticket, {}, reader, config),
                ticket.status.value,
            )
            for ticket, what in rows[:MOST]
        ),
        len(rows),
    )


def waiting_listing(name: str, found: Sequence[Ticket], away: Away, reader: str, config: Config) -> Listing:
    """A table of tickets that wait, for the agent with the key `reader`."""
    zone = config.zone(reader)
    return Listing(
        name,
        ("Ticket", "Subject", "From", "Priority", "Assigned to", "Due"),
        tuple(
            (
                f"#{ticket.number}",
                short(shown_subject(ticket, config)),
                ticket.requester.name or ticket.requester.email,
                ticket.priority,
                called(ticket, away, reader, config),
                ENGLISH.short(ticket.due_at, zone) if ticket.due_at else "-",
            )
            for ticket in found[:MOST]
        ),
        len(found),
    )


def short(subject: str) -> str:
    """A subject that fits into a line beside the ticket's number."""
    return subject if len(subject) <= _SUBJECT else subject[: _SUBJECT - 1].rstrip() + "…"


def called(ticket: Ticket, away: Away, reader: str, config: Config) -> str:
    """Whose the ticket is, and whether they are away; "you" for the reader."""
    assignee = ticket.assignee
    gone = assignee is not None and assignee.kind == "agent" and assignee.name in away
    return (config.called(assignee, reader) or "nobody") + (" (away)" if gone else "")
