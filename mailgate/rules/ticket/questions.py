"""`#note NAME|ADDRESS…`: whom an agent asks, and what the ticket remembers of it.

Pure. Agents who are asked see the ticket from then on; an outsider gets the text alone, and
their answer becomes a note. Nobody of the requester's side can be asked: it is internal.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from mailgate.errors import Refused
from mailgate.rules.people.collaborators import unfit
from mailgate.rules.people.permissions import confidential, member
from mailgate.rules.ticket.acts import Act, Draft, Stamp
from mailgate.rules.ticket.participants import read_addresses
from mailgate.settings import Agent, Config
from mailgate.ticket import Address, Asked, Event, EventKind, Json, Ticket

MOST = 10  # people in one mail


def read_asked(
    typed: str, ticket: Ticket, config: Config, asker: Agent | None, find: Callable[[str], str]
) -> tuple[Address, ...]:
    """The people whom `#note` names; `find` gives "agent:KEY" or "team:NAME" for a name. Raises Refused."""
    found: dict[str, Address] = {}
    for part in filter(None, map(str.strip, re.split("[,;]", typed))):
        for person in _people(part, config, find):
            found.setdefault(person.email, person)
    own = found.pop(asker.email, None) if asker else None
    if not found:
        raise Refused("you would ask yourself alone" if own else "name an agent, a team or an address")
    if len(found) > MOST:
        raise Refused(f"one mail asks at most {MOST} people")
    for person in found.values():
        _check(person, ticket, config)
    return tuple(found.values())


def _check(person: Address, ticket: Ticket, config: Config) -> None:
    if any(config.same_person(person.email, each) for each in ticket.participants):
        raise Refused(f"{person.email} is on the ticket, and a note is internal; write to them with #reply")
    agent = config.agents_by_email.get(person.email)
    if agent and confidential(ticket.department, config) and not member(agent, ticket.department, config):
        raise Refused(f"{person.name} is not in {ticket.department}, whose tickets are for its members alone")
    if not agent and (why := unfit(person.email, config)):
        raise Refused(f"{person.email} cannot be asked: it is {why}")


def _people(part: str, config: Config, find: Callable[[str], str]) -> list[Address]:
    """The people that one part means: one name or address, or several without commas between them."""
    try:
        return _meant(part, config, find)
    except Refused as trouble:
        words = [] if "<" in part else part.split()
        try:
            found = [person for word in words[1:] and words for person in _meant(word, config, find)]
        except Refused:
            found = []
        if not found:
            raise trouble from None
        return found


def _meant(part: str, config: Config, find: Callable[[str], str]) -> list[Address]:
    name = part.removeprefix("@")
    if "@" in name:
        known = ((person, config.agents_by_email.get(person.email)) for person in read_addresses(name))
        return [Address(agent.email, agent.name) if agent else person for person, agent in known]
    kind, _, key = find(name).partition(":")
    team = config.teams[key] if kind == "team" else None
    keys = (team.members or (team.lead,)) if team else (key,)
    return [Address(agent.email, agent.name) for each in keys if (agent := config.agents.get(each))]


def outsiders(people: Sequence[Address], config: Config) -> tuple[Address, ...]:
    """Those of the people who are no agents."""
    return tuple(person for person in people if person.email not in config.agents_by_email)


def ask(people: Sequence[Address], stamp: Stamp) -> Act:
    """A note that is also mailed to people: the ticket remembers who asked whom."""
    by = stamp.by.removeprefix("agent:") if stamp.by.startswith("agent:") else ""

    def act(ticket: Ticket) -> Draft:
        fresh = tuple(new for who in people if (new := Asked(who.email, who.name, by)) not in ticket.asked)
        told: list[Json] = [{"name": who.name, "email": who.email} for who in people]
        event = stamp.because("").event(EventKind.NOTED, after={"asked": told})
        return replace(ticket, asked=ticket.asked + fresh), (event,)

    return act


def asked_by(event: Event) -> tuple[Address, ...]:
    """Whom a note was mailed to, from its event."""
    people = event.after.get("asked") if event.kind is EventKind.NOTED and isinstance(event.after, dict) else None
    return tuple(
        Address(str(each["email"]), str(each["name"]))
        for each in (people if isinstance(people, list) else ())
        if isinstance(each, dict)
    )


def askers_of(ticket: Ticket, email: str) -> tuple[str, ...]:
    """Keys of the agents who asked somebody about the ticket, the latest first."""
    return tuple(dict.fromkeys(each.by for each in reversed(ticket.asked) if each.email == email and each.by))
