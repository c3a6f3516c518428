"""Tickets, entries and events as rows, and back: each pair of functions stands together.

What is written by one is read by the other; the statements are `tickets.py`.
"""

from __future__ import annotations

import json
from typing import Any

from mailgate.store.columns import maybe_json, maybe_moment, maybe_seconds, moment
from mailgate.store.db import Row
from mailgate.ticket import (
    Actor,
    Address,
    Asked,
    Assignee,
    Collaborator,
    Entry,
    EntryKind,
    Event,
    EventKind,
    OlderNote,
    Status,
    StatusSpan,
    StoredAttachment,
    Ticket,
)

Columns = dict[str, object]  # a row to be written, by the names of its columns

# Fields that nothing searches by; they live in the JSON column `rest`.
_REST_TIMES = (
    "sla_started_at",
    "due_manual",
    "first_response_by",
    "next_response_by",
    "first_response_at",
    "waiting_since",
    "wake_at",
)
_REST_PLAIN = (
    "sla_from",
    "language",
    "source",
    "autoresponse",
    "template",
    "reopened",
    "last_respondent",
    "satisfaction",
    "spam",
)


def ticket_row(ticket: Ticket) -> Columns:
    """A ticket as its row; its collaborators have a table of their own."""
    return {
        "number": ticket.number,
        "subject": ticket.subject,
        "status": ticket.status.value,
        "requester_email": ticket.requester.email,
        "requester_name": ticket.requester.name,
        "department": ticket.department,
        "topic": ticket.topic,
        "priority": ticket.priority,
        "sla": ticket.sla,
        "address": ticket.address,
        "assignee_kind": ticket.assignee.kind if ticket.assignee else None,
        "assignee": ticket.assignee.name if ticket.assignee else None,
        "created_at": ticket.created_at.timestamp(),
        "updated_at": ticket.updated_at.timestamp(),
        "due_at": maybe_seconds(ticket.due_at),
        "overdue": int(ticket.overdue),
        "resolved_at": maybe_seconds(ticket.resolved_at),
        "closed_at": maybe_seconds(ticket.closed_at),
        "merged_into": ticket.merged_into or None,
        "rest": _rest(ticket),
        "anchor": ticket.anchor,
    }


def _rest(ticket: Ticket) -> str:
    return json.dumps(
        {name: maybe_seconds(getattr(ticket, name)) for name in _REST_TIMES}
        | {name: getattr(ticket, name) for name in _REST_PLAIN}
        | {
            "tags": ticket.tags,
            "fields": dict(ticket.fields or {}),
            "status_log": [(span.status.value, span.since.timestamp()) for span in ticket.status_log],
            "escalated": ticket.escalated,
            "links": ticket.links,
            "asked": [(each.email, each.name, each.by) for each in ticket.asked],
            "merged": ticket.merged,
            "was_called": ticket.was_called,
        },
        ensure_ascii=False,
        separators=(",", ":"),
    )


def read_ticket(row: Row, collaborators: tuple[Collaborator, ...]) -> Ticket:
    """A ticket from its row, with the people of its own table."""
    rest = json.loads(row["rest"])
    times: dict[str, Any] = {name: maybe_moment(rest[name]) for name in _REST_TIMES}
    return Ticket(
        number=row["number"],
        subject=row["subject"],
        status=Status(row["status"]),
        requester=Address(row["requester_email"], row["requester_name"]),
        department=row["department"],
        topic=row["topic"],
        priority=row["priority"],
        sla=row["sla"],
        address=row["address"],
        assignee=Assignee(row["assignee_kind"], row["assignee"]) if row["assignee_kind"] else None,
        created_at=moment(row["created_at"]),
        updated_at=moment(row["updated_at"]),
        due_at=maybe_moment(row["due_at"]),
        overdue=bool(row["overdue"]),
        resolved_at=maybe_moment(row["resolved_at"]),
        closed_at=maybe_moment(row["closed_at"]),
        collaborators=collaborators,
        tags=tuple(rest["tags"]),
        fields=rest["fields"],
        status_log=tuple(StatusSpan(Status(status), moment(since)) for status, since in rest["status_log"]),
        escalated=tuple(rest["escalated"]),
        links=tuple(rest["links"]),
        asked=tuple(Asked(*each) for each in rest["asked"]),
        merged_into=row["merged_into"] or 0,
        merged=tuple(rest["merged"]),
        was_called=tuple(rest.get("was_called", ())),  # none before schema 16
        anchor=row["anchor"],
        **times,
        **{name: rest[name] for name in _REST_PLAIN},
    )


def entry_row(ticket: int, entry: Entry) -> Columns:
    """A thread entry of a ticket as its row."""
    attachments = [
        {"name": a.name, "type": a.type, "size": a.size, "sha256": a.sha256, "cid": a.cid} for a in entry.attachments
    ]
    return {
        "ticket": ticket,
        "kind": entry.kind.value,
        "by": str(entry.by),
        "author_email": entry.author.email,
        "author_name": entry.author.name,
        "at": entry.at.timestamp(),
        "text": entry.text,
        "subject": entry.subject,
        "html": entry.html,
        "cut": entry.cut,
        "message_id": entry.message_id,
        "attachments": json.dumps(attachments, ensure_ascii=False),
        "inbox_id": entry.inbox_id,
        "came_for": entry.came_for or None,
    }


def read_entry(row: Row) -> Entry:
    """A thread entry from its row."""
    return Entry(
        id=row["id"],
        kind=EntryKind(row["kind"]),
        by=Actor.parse(row["by"]),
        author=Address(row["author_email"], row["author_name"]),
        at=moment(row["at"]),
        text=row["text"],
        subject=row["subject"],
        html=row["html"],
        cut=row["cut"],
        message_id=row["message_id"],
        attachments=_attachments(row["attachments"]),
        inbox_id=row["inbox_id"],
        came_for=row["came_for"] or 0,
    )


def read_older_note(row: Row) -> OlderNote:
    """A note from its row, as far as replies are compared with it."""
    number, by, text, attachments = row
    return OlderNote(id=number, by=Actor.parse(by), text=text, attachments=_attachments(attachments))


def _attachments(text: str) -> tuple[StoredAttachment, ...]:
    if text == "[]":  # in nearly every one of a thousand entries: a tenth of what reading one takes
        return ()
    return tuple(StoredAttachment(**each) for each in json.loads(text))


def event_row(ticket: int, event: Event) -> Columns:
    """An event of a ticket as its row."""
    return {
        "ticket": ticket,
        "kind": event.kind.value,
        "by": str(event.by),
        "at": event.at.timestamp(),
        "reason": event.reason,
        "before": maybe_json(event.before),
        "after": maybe_json(event.after),
    }


def read_event(row: Row) -> Event:
    """An event from its row."""
    return Event(
        kind=EventKind(row["kind"]),
        by=Actor.parse(row["by"]),
        at=moment(row["at"]),
        reason=row["reason"],
        before=json.loads(row["before"]) if row["before"] else None,
        after=json.loads(row["after"]) if row["after"] else None,
    )
