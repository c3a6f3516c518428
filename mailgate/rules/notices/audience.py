"""Recipient names of [alerts] ("assignee", "department") → people. An alert always has a recipient.

Agents who are away or who limit their alerts (`hear`) are skipped as long as there is anybody
else; those who may not see a confidential ticket are always skipped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from mailgate.rules.people.absence import Absence
from mailgate.rules.people.permissions import confidential, sees
from mailgate.settings import Agent, Config, Team
from mailgate.ticket import Address, Entry, Ticket

FALLBACK = ("team", "department", "manager", "admin")


@dataclass(frozen=True, slots=True)
class Person:
    """A recipient: an agent by key, or just an address."""

    address: Address
    agent: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Audience:
    """What is stored about a ticket's readers and thread."""

    last_sent: Mapping[str, str] = field(default_factory=dict)  # recipient → Message-ID of our latest mail to them
    involved: tuple[str, ...] = ()  # keys of agents who have written on the ticket
    history: tuple[Entry, ...] = ()  # earlier entries, newest first
    away: Mapping[str, Absence] = field(default_factory=dict)  # by agent's key
    merged: tuple[Entry, ...] = ()  # those of tickets that were merged into it; for agents alone

    def latest(self, most: int) -> tuple[Entry, ...]:
        """The latest entries for an alert, those of merged tickets among them, newest first."""
        both = (*self.history, *self.merged) if self.merged else self.history
        return tuple(sorted(both, key=lambda entry: entry.id or 0, reverse=True)[:most])


def person(agent: Agent) -> Person:
    """An agent at the address that is written to."""
    return Person(Address(agent.email, agent.name), agent.key)


def agents(keys: Iterable[str], config: Config) -> Iterator[Person]:
    """The agents with these keys; unknown and empty keys are skipped."""
    return (person(config.agents[key]) for key in keys if key in config.agents)


def person_at(email: str, config: Config) -> Person:
    """The person with an address: an agent if it is one of an agent's."""
    known = config.agents_by_email.get(email)
    return person(known) if known else Person(Address(email))


def alert_recipients(
    names: Sequence[str], ticket: Ticket, audience: Audience, config: Config, *, but: str = "", urgent: bool = False
) -> tuple[Person, ...]:
    """The people that recipient names stand for, each once; with none, those of `FALLBACK` in turn.

    `but` is the key of an agent to leave out. If that finds nobody, agents who limit their
    alerts are taken, and failing those, agents who are away.
    """

    def wants_it(who: Person, name: str) -> bool:
        return is_here(who, name) and _wants(who, name, ticket, config, urgent=urgent)

    def is_here(who: Person, _: str) -> bool:
        return who.agent not in audience.away

    passes: tuple[Callable[[Person, str], bool], ...] = (wants_it, is_here, lambda _who, _name: True)
    for accepts in passes:
        for tries in (names, *((name,) for name in FALLBACK)):
            people = ((who, name) for name in tries for who in _people(name, ticket, audience, config))
            found = {
                who.address.email: who
                for who, name in people
                if not (but and who.agent == but) and _may_see(who, name, ticket, config) and accepts(who, name)
            }
            if found:
                return tuple(found.values())
    return ()


def _wants(who: Person, name: str, ticket: Ticket, config: Config, *, urgent: bool) -> bool:
    """Whether the agent's `hear` admits an alert to the recipients of this name; always for a ticket of their own."""
    agent = config.agents.get(who.agent)
    if agent is None or agent.hear == "department" or agent.key == ticket.last_respondent:
        return True
    assignee = ticket.assignee
    if assignee and assignee.kind == "agent" and assignee.name == agent.key:
        return True
    if agent.hear == "mine":
        return name != "department"
    to_many = name in ("department", "team") or (name == "assignee" and assignee is not None)
    return urgent or not to_many


def _may_see(who: Person, name: str, ticket: Ticket, config: Config) -> bool:
    """Whether the person may get an alert about the ticket: of a confidential department its members and "admin"."""
    if not confidential(ticket.department, config) or name == "admin":
        return True
    agent = config.agents.get(who.agent)
    return agent is not None and sees(agent, ticket, config)


def _people(name: str, ticket: Ticket, audience: Audience, config: Config) -> Iterator[Person]:
    match name:
        case "assignee":
            yield from agents(_assignee(ticket, config), config)
        case "team":
            yield from agents(_members(ticket, config), config)
        case "team-lead":
            team = _team(ticket, config)
            yield from agents([team.lead] if team else [], config)
        case "department":
            yield from map(person, config.members.get(ticket.department, ()))
        case "manager":
            department = config.departments.get(ticket.department)
            yield from agents([department.manager] if department else [], config)
        case "last-respondent":
            last = config.agents.get(ticket.last_respondent)
            if last and sees(last, ticket, config):  # a transfer may have taken it out of their sight
                yield person(last)
        case "alerted":
            involved = agents(dict.fromkeys((*audience.involved, *asked(ticket, config))), config)
            yield from (who for who in involved if sees(config.agents[who.agent], ticket, config))
        case "admin":
            if config.desk.admin:
                yield person_at(config.desk.admin, config)
        case _ if name.startswith("agent:"):
            yield from agents([name.removeprefix("agent:")], config)
        case _:
            yield person_at(name, config)


def asked(ticket: Ticket, config: Config) -> tuple[str, ...]:
    """Keys of the agents who were asked about the ticket (`#note NAME`)."""
    found = (config.agents_by_email.get(each.email) for each in ticket.asked)
    return tuple(agent.key for agent in found if agent)


def _assignee(ticket: Ticket, config: Config) -> Sequence[str]:
    if ticket.assignee is None:
        return ()
    return _members(ticket, config) if ticket.assignee.kind == "team" else (ticket.assignee.name,)


def _team(ticket: Ticket, config: Config) -> Team | None:
    assignee = ticket.assignee
    return config.teams.get(assignee.name) if assignee and assignee.kind == "team" else None


def _members(ticket: Ticket, config: Config) -> Sequence[str]:
    team = _team(ticket, config)
    return (team.members or (team.lead,)) if team else ()
