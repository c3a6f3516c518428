"""Values of `#note NAME|ADDRESS`, `#cc`, `#uncc` and `#requester`."""

from __future__ import annotations

from collections.abc import Sequence

from mailgate.errors import Refused
from mailgate.phrase import Phrase, phrase
from mailgate.rules.commands.scope import Command, CommandScope, assignee, require
from mailgate.rules.commands.values.addresses import each_of, emails, misspelt, read_addresses
from mailgate.rules.people.collaborators import unfit
from mailgate.rules.people.desk_addresses import desk_address
from mailgate.rules.people.permissions import confidential, member
from mailgate.rules.ticket.asked_people import outsiders
from mailgate.settings import Config
from mailgate.ticket import Address, Ticket

MOST = 10  # people asked by one mail


def cc(command: Command, scope: CommandScope) -> tuple[tuple[Address, ...], Phrase | None]:
    """People who may be collaborators, as many as `tickets.max_collaborators` leaves room for."""
    people, ticket, config = read_addresses(command.value), scope.ticket, scope.config
    new = [person for person in people if person.email not in ticket.participants]
    for person in new:
        if why := unfit(person.email, config):
            raise Refused(phrase("refused.unfit_collaborator", email=person.email, why=why))
    most = config.tickets.max_collaborators
    active = {each.email for each in ticket.collaborators if each.active}
    if new and len(active | {person.email for person in people if person.email != ticket.requester.email}) > most:
        raise Refused(phrase("refused.too_many_collaborators", most=most))
    return people, phrase("done.cc", people=emails(people))


def uncc(command: Command, scope: CommandScope) -> tuple[tuple[Address, ...], Phrase | None]:
    """Collaborators, or people who are not on the ticket; a likely misspelling of a collaborator is refused."""
    people, ticket = read_addresses(command.value), scope.ticket
    known = [person.email for person in ticket.collaborators]
    for person in people:
        if person.email == ticket.requester.email:
            raise Refused(phrase("refused.uncc_requester", email=person.email))
        if near := misspelt(person.email, known):
            raise Refused(phrase("refused.uncc_near", email=person.email, near=near))
    return people, _removed(people, ticket)


def _removed(people: Sequence[Address], ticket: Ticket) -> Phrase:
    here = [person for person in people if person.email in ticket.participants]
    missing = emails([person for person in people if person not in here])
    if not here:
        return phrase("done.not_on_ticket", people=missing)
    removed = phrase("done.uncc", people=emails(here))
    return phrase("done.uncc_some", removed=removed, people=missing) if missing else removed


def requester(command: Command, scope: CommandScope) -> tuple[Address, Phrase]:
    """One person, who is not the desk itself."""
    people = read_addresses(command.value)
    if len(people) > 1:
        raise Refused(Phrase("refused.one_requester"))
    if desk_address(people[0].email, scope.config):
        raise Refused(phrase("refused.desk_address", email=people[0].email))
    return people[0], phrase("done.requester", who=str(people[0]))


def note(command: Command, scope: CommandScope) -> tuple[tuple[Address, ...], Phrase | None]:
    """Agents, teams and addresses that the note is mailed to; () for a plain note."""
    if not command.value:
        return (), None
    try:
        people = _asked(command.value, scope)
    except Refused as refusal:
        unknown = any(isinstance(each, Phrase) and each.name == "refused.unknown_name" for each in refusal.reasons)
        if not (unknown and " " in command.value):
            raise
        raise Refused(*refusal.reasons, Phrase("refused.note_below")) from None  # "#note please call Karen back"
    if outsiders(people, scope.config):
        require("reply", scope.ticket, scope)  # it leaves the desk
    return people, phrase("done.asked", people=tuple(each.name or each.email for each in people))


def _asked(typed: str, scope: CommandScope) -> tuple[Address, ...]:
    found: dict[str, Address] = {}
    for part in each_of(typed):
        for person in _people(part, scope.config):
            found.setdefault(person.email, person)
    own = found.pop(scope.agent.email, None) if scope.agent else None
    if not found:
        raise Refused(phrase("refused.ask_yourself", email=own.email) if own else Phrase("refused.ask_nobody"))
    if len(found) > MOST:
        raise Refused(phrase("refused.ask_too_many", most=MOST))
    for person in found.values():
        _check(person, scope.ticket, scope.config)
    return tuple(found.values())


def _check(person: Address, ticket: Ticket, config: Config) -> None:
    if any(config.same_person(person.email, each) for each in ticket.participants):
        raise Refused(phrase("refused.ask_participant", email=person.email))
    agent = config.agents_by_email.get(person.email)
    if agent and confidential(ticket.department, config) and not member(agent, ticket.department, config):
        raise Refused(phrase("refused.ask_confidential", name=person.name, department=ticket.department))
    if not agent and (why := unfit(person.email, config)):
        raise Refused(phrase("refused.unfit_asked", email=person.email, why=why))


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
