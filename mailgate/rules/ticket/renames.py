"""Renaming in the configuration (`was = ["Old name"]`): tickets with an old name get the new one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from mailgate.rules.ticket.acts import Stamp
from mailgate.rules.ticket.as_json import assignee_json
from mailgate.rules.ticket.lifecycle import settle
from mailgate.settings import Agent, Config, Department, SlaPlan, Team, Topic
from mailgate.ticket import Change, EventKind, Json, Ticket

_Renamed = Department | Topic | SlaPlan | Team | Agent


@dataclass(frozen=True, slots=True)
class NewNames:
    """Old name → new name, by kind."""

    departments: Mapping[str, str]
    topics: Mapping[str, str]
    slas: Mapping[str, str]
    teams: Mapping[str, str]
    agents: Mapping[str, str]  # keys


def new_names(config: Config) -> NewNames:
    """The renames that `was` declares, without old names that are in use again."""

    def of(things: Mapping[str, _Renamed]) -> dict[str, str]:
        return {old: name for name, thing in things.items() for old in thing.was if old not in things}

    return NewNames(of(config.departments), of(config.topics), of(config.slas), of(config.teams), of(config.agents))


def rename(ticket: Ticket, stamp: Stamp, config: Config) -> Change:
    """Replace old names in the ticket; nothing else changes."""
    names, stamp = new_names(config), stamp.because("renamed in the configuration")
    department = names.departments.get(ticket.department, ticket.department)
    topic = names.topics.get(ticket.topic, ticket.topic)
    plan = names.slas.get(ticket.sla, ticket.sla)
    holder = ticket.assignee
    if holder:
        people = names.teams if holder.kind == "team" else names.agents
        holder = replace(holder, name=people.get(holder.name, holder.name))
    pairs: tuple[tuple[EventKind, Json, Json], ...] = (
        (EventKind.TRANSFERRED, ticket.department, department),
        (EventKind.TOPIC_CHANGED, ticket.topic, topic),
        (EventKind.SLA_CHANGED, ticket.sla, plan),
        (EventKind.ASSIGNED, assignee_json(ticket.assignee), assignee_json(holder)),
    )
    events = tuple(stamp.event(kind, old, new) for kind, old, new in pairs if old != new)
    last = names.agents.get(ticket.last_respondent, ticket.last_respondent)
    after = replace(ticket, department=department, topic=topic, sla=plan, assignee=holder, last_respondent=last)
    return settle(ticket, after, events, stamp, config, ())
