"""The readers of a report and the places that they may see; figures name no other place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mailgate.figures import WHOLE_DESK
from mailgate.phrase import Phrase, phrase
from mailgate.rules.notices.audience import Person, agents, person_at
from mailgate.rules.people.permissions import confidential, member
from mailgate.rules.report.counting import Seen
from mailgate.rules.report.history import Place
from mailgate.settings import Agent, Config


@dataclass(frozen=True, slots=True)
class Scope:
    """The places that a reader sees, and a phrase that names them."""

    seen: Seen
    label: Phrase


def scope_of(agent: Agent | None, config: Config) -> Scope:
    """The places that an agent sees: their departments and teams, and their own; None is the administrator.

    Confidential departments are for their members, whatever else is the agent's.
    """
    if agent is None:
        return Scope(lambda _: True, WHOLE_DESK)
    departments = [name for name in config.departments if member(agent, name, config)]
    teams = config.teams_of(agent.key)

    def seen(place: Place) -> bool:
        if place.department in departments or confidential(place.department, config):
            return place.department in departments
        return place.team in teams or place.agent == agent.key

    places = (*departments, *teams) or (Phrase("report.own_tickets"),)
    return Scope(seen, phrase("report.scope", places=places))


def scope_of_reader(who: Person, config: Config) -> Scope:
    """The places in the mailed report for one reader; a plain address sees all but confidential departments."""
    if who.address.email == config.desk.admin:
        return scope_of(None, config)
    if who.agent:
        return scope_of(config.agents[who.agent], config)
    if not any(department.confidential for department in config.departments.values()):
        return scope_of(None, config)
    return Scope(lambda place: not confidential(place.department, config), Phrase("report.not_confidential"))


def readers(config: Config) -> tuple[Person, ...]:
    """The recipients of the report of [report], each once."""
    found = {who.address.email: who for name in config.report.to for who in _who(name, config)}
    return tuple(found.values())


def _who(name: str, config: Config) -> Iterator[Person]:
    match name:
        case "admin":
            yield from [person_at(config.desk.admin, config)] if config.desk.admin else []
        case "manager":
            yield from agents([department.manager for department in config.departments.values()], config)
        case "team-lead":
            yield from agents([team.lead for team in config.teams.values()], config)
        case _ if name.startswith("agent:"):
            yield from agents([name.removeprefix("agent:")], config)
        case _:
            yield person_at(name, config)
