"""Who hears of it: alert recipients by name → people. An alert never goes to nobody.

Skipped are who is away and who wants to hear less (`hear`), as long as there is anybody else;
who may not know of a confidential ticket never hears of it at all.
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
    """Somebody who gets mail: an agent by key, or just an address."""

    address: Address
    agent: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Audience:
    """What the store knows about a ticket's readers."""

    last_sent: Mapping[str, str] = field(default_factory=dict)  # recipient → Message-ID of our latest mail to them
    alerted: tuple[str, ...] = ()  # keys of agents who got an alert about the ticket
    history: tuple[Entry, ...] = ()  # earlier entries, newest first
    away: Mapping[str, Absence] = field(default_factory=dict)  # who is away, by agent's key
    merged: tuple[Entry, ...] = ()  # those of tickets that were merged into it; for agents alone

    def told(self, most: int) -> tuple[Entry, ...]:
        """The latest entries that an agent is shown, newest first."""
        both = (*self.history, *self.merged) if self.merged else self.history
        return tuple(sorted(both, key=lambda entry: entry.id or 0, reverse=True)[:most])


def person(agent: Agent) -> Person:
    """An agent at the address that is written to."""
    return Person(Address(agent.email, agent.name), agent.key)


def agents(keys: Iterable[str], config: Config) -> Iterator[Person]:
    """The agents with these keys; a key of nobody's, as an empty one is, stands for nobody."""
    return (person(config.agents[key]) for key in keys if key in config.agents)


def anybody(email: str, config: Config) -> Person:
    """Whoever reads at an address: an agent where it is one's."""
    known = config.agents_by_email.get(email)
    return person(known) if known else Person(Address(email))


def hearers(
    names: Sequence[str], ticket: Ticket, audience: Audience, config: Config, *, but: str = "", urgent: bool = False
) -> tuple[Person, ...]:
    """The people behind alert recipient names, each once; falls back until there is somebody.

    `but` is the key of an agent who needs no telling and does not count as somebody. Where
    the whole way down nobody would hear, who hears little is told, and last who is away.
    """

    def listens(who: Person, name: str) -> bool:
        return is_here(who, name) and _wants(who, name, ticket, config, urgent=urgent)

    def is_here(who: Person, _: str) -> bool:
        return who.agent not in audience.away

    passes: tuple[Callable[[Person, str], bool], ...] = (listens, is_here, lambda _who, _name: True)
    for heard in passes:
        for tries in (names, *((name,) for name in FALLBACK)):
            people = ((who, name) for name in tries for who in _who(name, ticket, audience, config))
            found = {
                who.address.email: who
                for who, name in people
                if not (but and who.agent == but) and _may_know(who, name, ticket, config) and heard(who, name)
            }
            if found:
                return tuple(found.values())
    return ()


def _wants(who: Person, name: str, ticket: Ticket, config: Config, *, urgent: bool) -> bool:
    """Whether the agent hears of what reaches many at once: `hear`, where the ticket is not their own."""
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


def _may_know(who: Person, name: str, ticket: Ticket, config: Config) -> bool:
    """Nobody but its members hears of a confidential department's ticket, save the administrator as the last."""
    if not confidential(ticket.department, config) or name == "admin":
        return True
    agent = config.agents.get(who.agent)
    return agent is not None and sees(agent, ticket, config)


def _who(name: str, ticket: Ticket, audience: Audience, config: Config) -> Iterator[Person]:
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
            if last and sees(last, ticket, config):  # who lost sight of it by a transfer reads it no longer
                yield person(last)
        case "alerted":
            known = [config.agents[key] for key in audience.alerted if key in config.agents]
            yield from map(person, (agent for agent in known if sees(agent, ticket, config)))
        case "admin":
            if config.desk.admin:
                yield anybody(config.desk.admin, config)
        case _ if name.startswith("agent:"):
            yield from agents([name.removeprefix("agent:")], config)
        case _:
            yield anybody(name, config)


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
