"""The requester in `#new` and `tickets new`: an address, or the name of a known requester.

An ambiguous name is refused with the candidates. Agents find only requesters of tickets that they see.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mailgate.config.sections.routing import address
from mailgate.errors import Refused
from mailgate.phrase import Choice, phrase
from mailgate.rules.people.desk_addresses import desk_address
from mailgate.rules.people.permissions import sees
from mailgate.rules.text.names import Ambiguous, Candidate, Matched, match, unquoted
from mailgate.settings import Agent, Config
from mailgate.ticket import Address, Ticket

LISTED = 6  # candidates in a refusal
_SELF = ("me", "myself")


def search_term(typed: str) -> str:
    """The term by which requesters are searched: an address or a name; "" for "me".

    Raises Refused for an invalid address.
    """
    typed = typed.strip()
    if typed.casefold() in _SELF:
        return ""
    return _email(typed) if "@" in typed else typed


def requester_named(typed: str, candidates: Iterable[Ticket], agent: Agent | None, config: Config) -> Address:
    """The person that `typed` means. `agent`: the author of the request, None for the administrator.

    `candidates`: tickets of the requesters found by `search_term`, the newest, whose name is used, last.
    Raises Refused.
    """
    typed = typed.strip()
    if agent and typed.casefold() in _SELF:
        return Address(agent.email, agent.name)
    seen = [ticket for ticket in candidates if agent is None or sees(agent, ticket, config)]
    return _by_address(typed, seen, config) if "@" in typed else _by_name(typed, seen, config)


def _email(typed: str) -> str:
    _, bracket, rest = typed.rpartition("<")
    try:
        return address((rest.strip().removesuffix(">") if bracket else typed).strip())
    except ValueError:
        raise Refused(phrase("refused.no_address", typed=typed)) from None


def _by_address(typed: str, seen: Sequence[Ticket], config: Config) -> Address:
    email, name = _email(typed), typed.rpartition("<")[0]
    if desk_address(email, config):
        raise Refused(phrase("refused.desk_address", email=email))
    known = {each.requester.email: each.requester.name for each in seen}
    person = config.agents_by_email.get(email)
    return Address(email, unquoted(name) or known.get(email, "") or (person.name if person else ""))


def _by_name(typed: str, seen: Sequence[Ticket], config: Config) -> Address:
    people = {each.requester.email: each.requester for each in seen}
    found = match(typed, [Candidate(str(who), (who.name, who.email), who.email) for who in people.values()])
    if isinstance(found, Matched):
        return people[found.id]
    if isinstance(found, Ambiguous):
        more = "_more" if len(found.candidates) > LISTED else ""
        candidates = Choice(found.candidates[:LISTED])
        raise Refused(phrase(f"refused.which_requester{more}", typed=typed, candidates=candidates))
    colleagues = [Candidate(one.name, (one.key,), one.key) for one in config.agents.values()]
    colleague = match(typed, colleagues)
    if isinstance(colleague, Matched):  # agents are customers too
        return Address(config.agents[colleague.id].email, colleague.name)
    raise Refused(phrase("refused.no_requester", typed=typed))
