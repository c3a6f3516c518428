"""The tables of an agent's digest: overdue, due today, unassigned, theirs. Pure.

Each ticket is in the first of the tables that it belongs to: tickets of the agent and their
teams, unassigned ones of their departments, and for a manager all of the department.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from mailgate.notice import Listing
from mailgate.phrase import Phrase, phrase
from mailgate.rules.notices.tables import urgency, waiting_listing
from mailgate.rules.people.absence import Away
from mailgate.rules.people.permissions import sees
from mailgate.rules.text.moments import to_utc, wall_time
from mailgate.settings import Agent, Config
from mailgate.ticket import Ticket

OVERDUE, TODAY, UNASSIGNED, MINE = "overdue", "today", "unassigned", "mine"
_PRESSING = (f"digest.{OVERDUE}", f"digest.{TODAY}")


def listings(agent: Agent, active: Iterable[Ticket], away: Away, now: datetime, config: Config) -> tuple[Listing, ...]:
    """The non-empty tables of open and pending tickets, each sorted by due time."""
    zone = config.zone(agent.key)
    found: dict[str, list[Ticket]] = {OVERDUE: [], TODAY: [], UNASSIGNED: [], MINE: []}
    midnight = end_of_day(now, zone)
    for ticket in active:
        if table := _table(ticket, agent, midnight, config):
            found[table].append(ticket)
    return tuple(
        waiting_listing(Phrase(f"digest.{table}"), sorted(tickets, key=urgency), away, agent.key, config)
        for table, tickets in found.items()
        if tickets
    )


def _table(ticket: Ticket, agent: Agent, midnight: datetime, config: Config) -> str:
    """The table that the ticket is in; "" for none."""
    if not sees(agent, ticket, config):
        return ""
    mine = _is_theirs(ticket, agent, config)
    department = config.departments.get(ticket.department)
    manages = department is not None and department.manager == agent.key
    free = ticket.assignee is None and (ticket.department in agent.departments or manages)
    if not (mine or free or manages):
        return ""
    if ticket.overdue:
        return OVERDUE
    if ticket.due_at and ticket.due_at < midnight:
        return TODAY
    return UNASSIGNED if free else MINE if mine else ""


def _is_theirs(ticket: Ticket, agent: Agent, config: Config) -> bool:
    assignee = ticket.assignee
    if assignee is None:
        return False
    return assignee.name == agent.key if assignee.kind == "agent" else assignee.name in config.teams_of(agent.key)


def end_of_day(now: datetime, zone: ZoneInfo) -> datetime:
    """The next midnight in `zone` (UTC)."""
    tomorrow = now.astimezone(zone).date() + timedelta(days=1)
    return to_utc(wall_time(tomorrow), zone)


def headline(tables: Sequence[Listing]) -> Phrase:
    """What waits, in a line: "8 tickets need you: 2 overdue, 1 due today."."""
    count = sum(each.count for each in tables)
    said = phrase("digest.headline", count=count)
    pressing = tuple(phrase(f"{e.title.name}_count", count=e.count) for e in tables if e.title.name in _PRESSING)
    what = phrase("digest.headline_counts", headline=said, counts=pressing) if pressing else said
    return phrase("fact.plain", what=what)


def subject(tables: Iterable[Listing]) -> Phrase:
    """The subject of the digest: "Your queue: 2 overdue, 1 due today, 5 yours"."""
    counts = tuple(phrase(f"{each.title.name}_count", count=each.count) for each in tables)
    return phrase("digest.subject", counts=counts)
