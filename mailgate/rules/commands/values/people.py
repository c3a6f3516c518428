"""Values of `#note NAME|ADDRESS`, `#cc`, `#uncc` and `#requester`."""

from __future__ import annotations

import re
from collections.abc import Sequence

from mailgate.errors import Refused
from mailgate.rules.commands.scope import Command, CommandScope, assignee, require
from mailgate.rules.commands.values.addresses import emails, misspelt, read_addresses
from mailgate.rules.people.collaborators import unfit
from mailgate.rules.people.desk_addresses import desk_address
from mailgate.rules.people.permissions import confidential, member
from mailgate.rules.ticket.questions import outsiders
from mailgate.settings import Config
from mailgate.ticket import Address, Ticket

MOST = 10  # people asked by one mail


def cc(command: Command, scope: CommandScope) -> tuple[tuple[Address, ...], str]:
    """People who may be collaborators, as many as `tickets.max_collaborators` leaves room for."""
    people, ticket, config = read_addresses(command.value), scope.ticket, scope.config
    new = [person for person in people if person.email not in ticket.participants]
    for person in new:
        if why := unfit(person.email, config):
            raise Refused(f"{person.email} cannot be a collaborator: it is {why}")
    most = config.tickets.max_collaborators
    if new and len(ticket.collaborators) + len(new) > most:
        raise Refused(f"a ticket has at most {most} collaborators: remove one with #uncc first")
    return people, f"{emails(people)} on the ticket"


def uncc(command: Command, scope: CommandScope) -> tuple[tuple[Address, ...], str]:
    """Collaborators, or people who are not on the ticket; a likely misspelling of a collaborator is refused."""
    people, ticket = read_addresses(command.value), scope.ticket
    known = [person.email for person in ticket.collaborators]
    for person in people:
        if person.email == ticket.requester.email:
            raise Refused(f"{person.email} is the requester: #requester ADDRESS changes that")
        if near := misspelt(person.email, known):
            raise Refused(f"{person.email} is not a collaborator; did you mean {near}?")
    return people, _removed(people, ticket)


def _removed(people: Sequence[Address], ticket: Ticket) -> str:
    here = [person for person in people if person.email in ticket.participants]
    missing = [person for person in people if person not in here]
    removed = [f"{emails(here)} off the ticket"] if here else []
    was = "was" if len(missing) == 1 else "were"
    return "; ".join([*removed, *([f"{emails(missing)} {was} not on the ticket"] if missing else [])])


def requester(command: Command, scope: CommandScope) -> tuple[Address, str]:
    """One person, who is not the desk itself."""
    people = read_addresses(command.value)
    if len(people) > 1:
        raise Refused("a ticket has one requester; add others with #cc")
    if desk_address(people[0].email, scope.config):
        raise Refused(f"{people[0].email} is an address of the desk")
    return people[0], f"requester {people[0]}"


def note(command: Command, scope: CommandScope) -> tuple[tuple[Address, ...], str]:
    """Agents, teams and addresses that the note is mailed to; () for a plain note."""
    if not command.value:
        return (), ""
    people = _asked(command.value, scope)
    if outsiders(people, scope.config):
        require("reply", scope.ticket, scope)  # it leaves the desk
    return people, f"asked {', '.join(each.name or each.email for each in people)}"


def _asked(typed: str, scope: CommandScope) -> tuple[Address, ...]:
    found: dict[str, Address] = {}
    for part in filter(None, map(str.strip, re.split("[,;]", typed))):
        for person in _people(part, scope.config):
            found.setdefault(person.email, person)
    own = found.pop(scope.agent.email, None) if scope.agent else None
    if not found:
        raise Refused(f"{own.email} is you: name somebody else" if own else "name an agent, a team or an address")
    if len(found) > MOST:
        raise Refused(f"one mail asks at most {MOST} people")
    for person in found.values():
        _check(person, scope.ticket, scope.config)
    return tuple(found.values())


def _check(person: Address, ticket: Ticket, config: Config) -> None:
    if any(config.same_person(person.email, each) for each in ticket.participants):
        raise Refused(f"{person.email} is on the ticket, and a note is internal; write to them with #reply")
    agent = config.agents_by_email.get(person.email)
    if agent and confidential(ticket.department, config) and not member(agent, ticket.department, config):
        raise Refused(f"{person.name} is not in {ticket.department}, which is confidential: ask a member of it")
    if not agent and (why := unfit(person.email, config)):
        raise Refused(f"{person.email} cannot be asked: it is {why}")


def _people(part: str, config: Config) -> list[Address]:
    """The people of one part: a name or address, or several without commas between them."""
    try:
        return _named(part, config)
    except Refused as error:
        words = [] if "<" in part else part.split()
        try:
            found = [person for word in words[1:] and words for person in _named(word, config)]
        except Refused:
            found = []
        if not found:
            raise error from None
        return found


def _named(part: str, config: Config) -> list[Address]:
    name = part.removeprefix("@")
    if "@" in name:
        known = ((person, config.agents_by_email.get(person.email)) for person in read_addresses(name))
        return [Address(agent.email, agent.name) if agent else person for person, agent in known]
    found = assignee(name, config)
    team = None if found.agent_key else config.teams[found.name]
    keys = (team.members or (team.lead,)) if team else (found.agent_key,)
    return [Address(agent.email, agent.name) for each in keys if (agent := config.agents.get(each))]
