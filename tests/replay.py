"""A ticket's fields as its events alone say them: every state can be derived."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from mailgate.rules.ticket.as_json import ticket_json
from mailgate.ticket import Event, EventKind, Ticket

FIELDS = {
    EventKind.STATUS_CHANGED: "status",
    EventKind.PRIORITY_CHANGED: "priority",
    EventKind.SLA_CHANGED: "sla",
    EventKind.TRANSFERRED: "department",
    EventKind.TOPIC_CHANGED: "topic",
    EventKind.ASSIGNED: "assignee",
    EventKind.RELEASED: "assignee",
    EventKind.DUE_CHANGED: "due_at",
    EventKind.WAKE_CHANGED: "wake_at",
    EventKind.TAGGED: "tags",
    EventKind.SUBJECT_CHANGED: "subject",
    EventKind.LINKED: "links",
    EventKind.CC_CHANGED: "collaborators",
    EventKind.REQUESTER_CHANGED: "requester",
    EventKind.RATED: "satisfaction",
}
_ENDED = ("resolved", "closed")


def untold(ticket: Ticket, events: Sequence[Event]) -> dict[str, object]:
    """The fields in which a ticket is otherwise than its events say; empty when every state can be derived."""
    shown = ticket_json(ticket)
    return {name: shown[name] for name, value in derived(events).items() if shown[name] != value}


def derived(events: Sequence[Event]) -> dict[str, object]:
    """What the ticket is called, its status, places, people and times after the last event."""
    opened = events[0]
    assert opened.kind is EventKind.OPENED
    state = {
        name: opened.after[name] for name in {*FIELDS.values(), "overdue", "reopened", "spam", "merged", "merged_into"}
    }
    for event in events[1:]:
        if name := FIELDS.get(event.kind):
            if event.kind in (EventKind.ASSIGNED, EventKind.LINKED) and event.after == state[name]:
                continue  # what the ticket was opened with
            assert state[name] == event.before, f"{event.kind} says that {event.before} was before, not {state[name]}"
            state[name] = event.after
        if event.kind in (EventKind.MERGED, EventKind.SPLIT):
            _restructured(state, event)
        _flag(state, event)
    return state


def _restructured(state: dict[str, object], event: Event) -> None:
    """A merge or split tells every field that it changes, before and after."""
    for name in state.keys() & event.after.keys():
        assert state[name] == event.before[name], f"{event.kind}: {name} was {state[name]}, not {event.before[name]}"
        state[name] = event.after[name]


def _flag(state: dict[str, object], event: Event) -> None:
    match event.kind:
        case EventKind.OVERDUE:
            state["overdue"] = True
        case EventKind.DUE_CHANGED:
            due = datetime.fromisoformat(event.after) if event.after else None
            state["overdue"] = bool(state["overdue"] and due and due <= event.at)
        case EventKind.SPAM_MARKED:
            state["spam"] = True
        case EventKind.STATUS_CHANGED:
            state["wake_at"] = None
            state["spam"] = False
            reopened = event.before in _ENDED and event.after not in _ENDED
            state["reopened"] += reopened
            if reopened or event.after in _ENDED:
                state["overdue"] = False
