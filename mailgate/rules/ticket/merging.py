"""Merged tickets: who may merge, and who reads what afterwards. The acts are `acts/merging.py`.

A merged ticket is closed and keeps its thread; later mail for it is added to the ticket it was merged
into. Its people become inactive collaborators of that ticket, so that they get nothing until an agent agrees.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from mailgate.rules.people.permissions import confidential, may
from mailgate.rules.ticket.as_json import moment
from mailgate.settings import Agent, Config
from mailgate.ticket import Entry, Event, EventKind, Status, Ticket


def readers(ticket: Ticket, config: Config) -> frozenset[str]:
    """All addresses of the people who get public replies on the ticket."""
    people = (ticket.requester.email, *(each.email for each in ticket.collaborators if each.active))
    return frozenset(email for each in people for email in config.addresses_of(each))


def shared(ticket: Ticket, other: Ticket, config: Config) -> bool:
    """Whether everybody who reads `ticket` also reads `other`."""
    return readers(ticket, config) <= readers(other, config)


def mergeable(ticket: Ticket, other: Ticket, agent: Agent, config: Config) -> bool:
    """Whether this agent may merge the two. Confidential tickets are only merged within their department."""
    departments = (ticket.department, other.department)
    apart = ticket.department != other.department and any(confidential(each, config) for each in departments)
    open_ = not ticket.merged_into and not other.merged_into
    return open_ and not apart and all(may(agent, "merge", each, config) for each in departments)


def wakes(ticket: Ticket, target: Ticket) -> bool:
    """Whether merging `ticket` into `target` reopens `target`."""
    return ticket.status.active and target.status is not Status.OPEN and target.status is not ticket.status


def waiting(events: Sequence[Event], thread: Sequence[Entry]) -> datetime | None:
    """When the oldest unanswered message of `thread` arrived, by the events of its ticket; None without one."""
    there = {(entry.author.email, entry.at) for entry in thread}
    since: datetime | None = None
    for event in events:
        match event.kind:
            case EventKind.OPENED:
                since = moment(event.after.get("created_at")) if isinstance(event.after, dict) else None
            case EventKind.MESSAGE if (event.after, event.at) in there:
                since = since or event.at
            case EventKind.REPLIED | EventKind.PUBLISHED:
                since = None
            case EventKind.STATUS_CHANGED if event.after in (Status.RESOLVED, Status.CLOSED):
                since = None
    return since
