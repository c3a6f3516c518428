"""A requester opens a ticket again: it goes back to the agent who ended it.

An agent who is away, has left, or does not see the department any more gets nothing: then
the ticket stays where it is, and is nobody's where it was theirs. Also the other way
round: who says again what the requester was told a day ago says nothing new.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from mailgate.rules.people.permissions import sees
from mailgate.rules.ticket import acts
from mailgate.settings import Config
from mailgate.ticket import Assignee, Event, EventKind, Status, Ticket

BY = "rule:reopened"  # as in Event.by
TOLD_FOR = timedelta(days=1)
_ENDED = (Status.RESOLVED, Status.CLOSED)


def back(
    ticket: Ticket, events: Sequence[Event], away: Collection[str], at: datetime, config: Config
) -> list[acts.Act]:
    """What happens to the assignment of a ticket that is opened again; `events` are those before that."""
    ended = _ended_by(events)
    if not ended:
        return []
    closer = ended.by.removeprefix("agent:")
    if _there(closer, ticket, away, config):
        reason = f"back to who {'resolved' if ended.after == Status.RESOLVED else 'closed'} it"
        return [acts.assign(Assignee("agent", closer), acts.Stamp(BY, at, reason))]
    holder = ticket.assignee
    if holder and holder.kind == "agent" and not _there(holder.name, ticket, away, config):
        return [acts.assign(None, acts.Stamp(BY, at, f"{config.called(holder)} is not there"))]
    return []


def _ended_by(events: Sequence[Event]) -> Event | None:
    """The latest event by which an agent resolved or closed the ticket."""
    ends = (event for event in reversed(events) if event.kind is EventKind.STATUS_CHANGED and event.after in _ENDED)
    return next((event for event in ends if event.by.startswith("agent:")), None)


def _there(key: str, ticket: Ticket, away: Collection[str], config: Config) -> bool:
    """Whether the agent is here and sees the ticket, and not only because it is theirs."""
    agent = config.agents.get(key)
    own = ticket.assignee == Assignee("agent", key)
    return (
        agent is not None and key not in away and sees(agent, replace(ticket, assignee=None) if own else ticket, config)
    )


def resolved_since(events: Sequence[Event], now: datetime) -> datetime | None:
    """When the ticket was resolved within the last day, before what happens now; None when it was not."""
    times = (event.at for event in events if event.kind is EventKind.STATUS_CHANGED and event.after == Status.RESOLVED)
    return next((at for at in times if now - at <= TOLD_FOR), None)
