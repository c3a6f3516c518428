"""A ticket as JSON, for other programs."""

from __future__ import annotations

from datetime import UTC, datetime

from mailgate.ticket import Address, Assignee, Entry, Event, Json, Ticket


def rfc3339(at: datetime | None) -> str | None:
    """A moment as RFC 3339 in UTC with whole seconds; None for None."""
    return f"{at.astimezone(UTC).isoformat()[:19]}Z" if at else None


def moment(value: Json) -> datetime | None:
    """The inverse of `rfc3339`; None for anything but a text."""
    return datetime.fromisoformat(value) if isinstance(value, str) else None


def assignee_json(assignee: Assignee | None) -> Json:
    """`{"agent": KEY}`, `{"team": NAME}` or null."""
    return {assignee.kind: assignee.name} if assignee else None


def address_json(address: Address) -> Json:
    """`{"name": …, "email": …}`."""
    return {"name": address.name, "email": address.email}


def collaborators_json(ticket: Ticket) -> Json:
    """The ticket's collaborators, active or not."""
    return [{"name": each.name, "email": each.email, "active": each.active} for each in ticket.collaborators]


def ticket_json(ticket: Ticket) -> dict[str, Json]:
    """Everything but thread, events and `due_explained`."""
    return {
        "number": ticket.number,
        "subject": ticket.subject,
        "status": ticket.status.value,
        "requester": address_json(ticket.requester),
        "collaborators": collaborators_json(ticket),
        "department": ticket.department,
        "topic": ticket.topic,
        "priority": ticket.priority,
        "sla": ticket.sla,
        "assignee": assignee_json(ticket.assignee),
        "tags": list(ticket.tags),
        "fields": dict(ticket.fields or {}),
        "language": ticket.language,
        "source": ticket.source,
        "address": ticket.address,
        "created_at": rfc3339(ticket.created_at),
        "updated_at": rfc3339(ticket.updated_at),
        "due_at": rfc3339(ticket.due_at),
        "first_response_by": rfc3339(ticket.first_response_by),
        "overdue": ticket.overdue,
        "first_response_at": rfc3339(ticket.first_response_at),
        "resolved_at": rfc3339(ticket.resolved_at),
        "closed_at": rfc3339(ticket.closed_at),
        "wake_at": rfc3339(ticket.wake_at),
        "reopened": ticket.reopened,
        "links": list(ticket.links),
        "satisfaction": ticket.satisfaction or None,
        "asked": [{"name": each.name, "email": each.email, "by": each.by} for each in ticket.asked],
        "merged_into": ticket.merged_into or None,
        "merged": list(ticket.merged),
        "spam": ticket.spam,
    }


def entry_json(entry: Entry) -> dict[str, Json]:
    """One element of `thread`."""
    return {
        "id": entry.id,
        "kind": entry.kind.value,
        "from": {"name": entry.author.name, "email": entry.author.email},
        "at": rfc3339(entry.at),
        "subject": entry.subject or None,
        "text": entry.text,
        "html": entry.html,
        "message_id": entry.message_id,
        "came_for": entry.came_for or None,
        "attachments": [
            {"name": a.name, "type": a.type, "size": a.size, "sha256": a.sha256} for a in entry.attachments
        ],
    }


def event_json(event: Event) -> dict[str, Json]:
    """One element of `events`."""
    return {
        "kind": event.kind.value,
        "by": str(event.by),
        "at": rfc3339(event.at),
        "reason": event.reason,
        "before": event.before,
        "after": event.after,
    }
