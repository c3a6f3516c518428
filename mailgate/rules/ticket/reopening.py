"""A ticket that its requester reopens is assigned to the agent who resolved or closed it.

Not when that agent is away, was removed, or no longer sees the department: then the assignee stays, or the
ticket is released if that agent was the assignee. Also: what is only thanks, and when a ticket was resolved within the
last day, so that the same notice is not sent twice.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from mailgate.rules.people.permissions import sees
from mailgate.rules.text.thanks import only_thanks
from mailgate.rules.ticket import acts, reasons
from mailgate.settings import Config
from mailgate.ticket import ENDED, Actor, Address, Assignee, Event, EventKind, Status, Ticket

BY = Actor.rule("reopened")
TOLD_FOR = timedelta(days=1)


def back(
    ticket: Ticket, events: Sequence[Event], away: Collection[str], at: datetime, config: Config
) -> list[acts.Act]:
    """The acts that assign or release a reopened ticket; `events` are those before it was reopened."""
    ended = _ended_by(events)
    if not ended:
        return []
    closer = ended.by.agent_key
    if _there(closer, ticket, away, config):
        reason = reasons.BACK_TO_RESOLVER if ended.after == Status.RESOLVED else reasons.BACK_TO_CLOSER
        return [acts.assign(Assignee.agent(closer), acts.Stamp(BY, at, reason))]
    holder = ticket.assignee
    if holder and holder.kind == "agent" and not _there(holder.name, ticket, away, config):
        return [acts.assign(None, acts.Stamp(BY, at, reasons.not_there(config.called(holder))))]
    return []


def _ended_by(events: Sequence[Event]) -> Event | None:
    """The latest event by which an agent resolved or closed the ticket; None without one."""
    ends = (event for event in reversed(events) if event.kind is EventKind.STATUS_CHANGED and event.after in ENDED)
    return next((event for event in ends if event.by.is_agent), None)


def _there(key: str, ticket: Ticket, away: Collection[str], config: Config) -> bool:
    """Whether the agent exists, is not away, and sees the ticket even if it is not assigned to them."""
    agent = config.agents.get(key)
    own = ticket.assignee == Assignee.agent(key)
    return (
        agent is not None and key not in away and sees(agent, replace(ticket, assignee=None) if own else ticket, config)
    )


def lately_resolved(events: Sequence[Event], now: datetime) -> tuple[datetime, ...]:
    """When the ticket was resolved within `TOLD_FOR` before `now`."""
    times = (event.at for event in events if event.kind is EventKind.STATUS_CHANGED and event.after == Status.RESOLVED)
    return tuple(at for at in times if now - at <= TOLD_FOR)


def thanks_for(ticket: Ticket, text: str, author: Address, config: Config) -> bool:
    """Whether a text only thanks for the ticket; its requester, the agents and the desk may be named."""
    names = (ticket.requester.name, config.desk.name, *(agent.name for agent in config.agents.values()))
    return only_thanks(text, author.name, names)
