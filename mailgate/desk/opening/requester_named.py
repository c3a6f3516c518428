"""Whom a ticket is opened for: an address, or the name of somebody who wrote before.

It guesses nothing: several people come back as candidates, nobody with the nearest names.
An agent finds requesters only of tickets that they see.
"""

from __future__ import annotations

from mailgate.config.sections.routing import address
from mailgate.errors import Refused
from mailgate.rules.people.desk_addresses import desk_address
from mailgate.rules.people.permissions import sees
from mailgate.rules.text.names import Ambiguous, Candidate, Matched, match
from mailgate.settings import Agent, Config
from mailgate.store.db import Db
from mailgate.store.people import audience
from mailgate.ticket import Address, Ticket

LISTED = 6  # candidates in a refusal


def whom(db: Db, typed: str, agent: Agent | None, config: Config) -> Address:
    """The person that `typed` means; raises Refused. `agent`: who asks, None the administrator."""
    typed = typed.strip()
    if agent and typed.casefold() in ("me", "myself"):
        return Address(agent.email, agent.name)
    return _by_address(db, typed, agent, config) if "@" in typed else _by_name(db, typed, agent, config)


def _by_address(db: Db, typed: str, agent: Agent | None, config: Config) -> Address:
    name, bracket, rest = typed.rpartition("<")
    try:
        email = address((rest.strip().removesuffix(">") if bracket else typed).strip())
    except ValueError as error:
        raise Refused(str(error)) from None
    if desk_address(email, config):
        raise Refused(f"{email} is an address of the desk")
    known = {each.requester.email: each.requester.name for each in _seen(db, email, agent, config)}
    person = config.agents_by_email.get(email)
    return Address(email, name.strip(" \"'") or known.get(email, "") or (person.name if person else ""))


def _by_name(db: Db, typed: str, agent: Agent | None, config: Config) -> Address:
    people = {each.requester.email: each.requester for each in _seen(db, typed, agent, config)}
    found = match(typed, [Candidate(str(who), (who.name, who.email), who.email) for who in people.values()])
    if isinstance(found, Matched):
        return people[found.id]
    if isinstance(found, Ambiguous):
        more = " and more" if len(found.candidates) > LISTED else ""
        shown = " or ".join(found.candidates[:LISTED]) + more
        raise Refused(f"“{typed}” could be {shown}; write the address")
    colleagues = [Candidate(one.name, (one.key,), one.key) for one in config.agents.values()]
    colleague = match(typed, colleagues)
    if isinstance(colleague, Matched):  # agents are customers too
        return Address(config.agents[colleague.id].email, colleague.name)
    raise Refused(f"no requester is called “{typed}”; write an address")


def _seen(db: Db, typed: str, agent: Agent | None, config: Config) -> list[Ticket]:
    """Tickets of requesters who may be meant, the newest last: its name is the one that holds."""
    found = audience.of_requesters(db, typed)
    return [ticket for ticket in found if agent is None or sees(agent, ticket, config)]
