"""The values that commands take: people, addresses, tags, subjects, bans."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from difflib import get_close_matches

from mailgate.errors import Refused
from mailgate.mail import normalise
from mailgate.rules.people.collaborators import unfit
from mailgate.rules.people.desk_addresses import desk_address
from mailgate.rules.people.permissions import confidential, member
from mailgate.rules.text.cleanup import quoted
from mailgate.rules.text.subject import NO_SUBJECT, strip_subject
from mailgate.rules.ticket.bans import covering
from mailgate.settings import Agent, Config, Desk
from mailgate.ticket import Address, Assignee, Ticket

MOST = 10  # people in one mail


def read_asked(
    typed: str, ticket: Ticket, config: Config, asker: Agent | None, find: Callable[[str], Assignee]
) -> tuple[Address, ...]:
    """The people whom `#note` names; `find` gives the agent or team of a name. Raises Refused."""
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


def _people(part: str, config: Config, find: Callable[[str], Assignee]) -> list[Address]:
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


def _meant(part: str, config: Config, find: Callable[[str], Assignee]) -> list[Address]:
    name = part.removeprefix("@")
    if "@" in name:
        known = ((person, config.agents_by_email.get(person.email)) for person in read_addresses(name))
        return [Address(agent.email, agent.name) if agent else person for person, agent in known]
    found = find(name)
    team = config.teams[found.name] if found.kind == "team" else None
    keys = (team.members or (team.lead,)) if team else (found.name,)
    return [Address(agent.email, agent.name) for each in keys if (agent := config.agents.get(each))]


_LABEL = r"[^\s@<>()\[\],;:\"\\*?.]+"


_DOMAIN = re.compile(rf"@(?:{_LABEL}\.)+{_LABEL}")  # no pattern: one that covers nobody would look like a ban


def read_ban(typed: str, config: Config) -> str:
    """The pattern that `#ban` names, where it covers nobody of the desk. Raises Refused."""
    pattern = _pattern(typed)
    if desk_address(pattern, config):
        raise Refused(f"{pattern} is an address of the desk")
    for email, whose in _ours(config).items():
        if pattern in covering(email):
            raise Refused(f"{pattern} is {whose}" if pattern == email else f"{pattern} covers {email}, {whose}")
    return pattern


def ban_told(typed: str, banned: Collection[str], config: Config) -> tuple[str | None, str]:
    """What `#ban` bans, None where it is so already, and that in words. Raises Refused."""
    pattern = read_ban(typed, config)
    if pattern in banned:
        return None, f"{pattern} was banned already"
    return pattern, f"{pattern} is banned: mail from there goes to quarantine"


def unban_told(typed: str, banned: Collection[str]) -> tuple[str | None, str]:
    """Whose ban `#unban` ends, None where there is none, and that in words. Raises Refused."""
    pattern = read_unban(typed, banned)
    if pattern not in banned:
        return None, f"{pattern} was not banned"
    return pattern, f"{pattern} is banned no longer"


def read_unban(typed: str, banned: Collection[str]) -> str:
    """The pattern that `#unban` names, banned or not; refused where another ban is meant, or holds all the same."""
    pattern = _pattern(typed)
    if pattern not in banned:
        near = [each for each in banned if each in covering(pattern) or pattern in covering(each)]
        if near := near or list(filter(None, [slip(pattern, list(banned))])):
            raise Refused(f"{pattern} is not banned; {near[0]} is")
    return pattern


def _pattern(typed: str) -> str:
    text = typed.strip()
    if not text.startswith("@"):
        found = read_addresses(text)
        if len(found) > 1:
            raise Refused("one address or @domain a line")
        return found[0].email
    domain = normalise(f"x{text}")[1:]
    if not _DOMAIN.fullmatch(domain):
        raise Refused(f"{quoted(text)} is no domain: write it as @example.org")
    return domain


def _ours(config: Config) -> dict[str, str]:
    """Addresses that must never be shut out, and whose they are."""
    return {
        **({normalise(config.desk.admin): "the administrator's address"} if config.desk.admin else {}),
        **dict.fromkeys(config.agents_by_email, "an agent's address"),
        **dict.fromkeys(config.addresses, "an address of the desk"),
    }


def read_tags(typed: str, ticket: Ticket) -> tuple[str, ...]:
    """The tags in "#portal, vip"; one that the ticket has already is spelt as it stands there."""
    known = {tag.casefold(): tag for tag in ticket.tags}
    for word in typed.replace(",", " ").replace("#", " ").split():
        known.setdefault(word.casefold(), word)
    words = dict.fromkeys(typed.casefold().replace(",", " ").replace("#", " ").split())
    if not words:
        raise Refused(f"“{typed}” is no tag: a tag is a word")
    return tuple(known[word] for word in words)


def read_subject(typed: str, desk: Desk) -> str:
    """The subject without tokens and reply prefixes, which every mail adds by itself."""
    subject = strip_subject(typed, desk)
    if subject == NO_SUBJECT:
        raise Refused("a subject needs words")
    return subject


_SLIP = 0.9  # of two addresses with different domains: one letter or two


_ATOM = r"[^\s@<>()\[\],;:\"\\]"


_ADDRESS = re.compile(rf"{_ATOM}+@{_ATOM}+\.{_ATOM}+")


_NAMED = re.compile(r"([^<>@]*)<\s*([^<>\s]+)\s*>")


def read_addresses(typed: str) -> tuple[Address, ...]:
    """The people in "jane@x.example, Joe Doe <joe@x.example>", each once."""
    found: dict[str, Address] = {}
    for part in filter(str.strip, re.split("[,;]", typed)):
        named = _NAMED.fullmatch(part.strip())
        for text in [named[2]] if named else part.split():
            email = normalise(text.strip("<>"))
            if not _ADDRESS.fullmatch(email):
                raise Refused(f"{quoted(text)} is no address: write it as name@domain")
            found.setdefault(email, Address(email, named[1].strip("\"' ") if named else ""))
    if not found:
        raise Refused("name an address, such as jane@example.org")
    return tuple(found.values())


def read_copied(typed: str, ticket: Ticket, config: Config) -> tuple[Address, ...]:
    """The people whom `#cc` names, where all of them may be collaborators and there is room."""
    people = read_addresses(typed)
    fresh = [person for person in people if person.email not in ticket.participants]
    for person in fresh:
        if why := unfit(person.email, config):
            raise Refused(f"{person.email} cannot be a collaborator: it is {why}")
    most = config.tickets.max_collaborators
    if fresh and len(ticket.collaborators) + len(fresh) > most:
        raise Refused(f"a ticket has at most {most} collaborators")
    return people


def read_uncopied(typed: str, ticket: Ticket) -> tuple[Address, ...]:
    """The people whom `#uncc` names, on the ticket or not; a slip is refused, for it would leave the right one on."""
    known = [person.email for person in ticket.collaborators]
    people = read_addresses(typed)
    for person in people:
        if person.email == ticket.requester.email:
            raise Refused(f"{person.email} is the requester; #requester ADDRESS makes it somebody else's ticket")
        if near := slip(person.email, known):
            raise Refused(f"{person.email} is no collaborator; did you mean {near}?")
    return people


def uncopied(found: Sequence[Address], ticket: Ticket) -> str:
    """What `#uncc` does, in words."""
    here = [person for person in found if person.email in ticket.participants]
    gone = [person for person in found if person not in here]
    told = [f"{emails(here)} off the ticket"] if here else []
    told += [f"{emails(gone)} {'was' if len(gone) == 1 else 'were'} not on the ticket"] if gone else []
    return "; ".join(told)


def emails(found: Sequence[Address]) -> str:
    """The addresses, with commas between them."""
    return ", ".join(person.email for person in found)


def slip(email: str, known: Sequence[str]) -> str:
    """Which of the `known` addresses `email` may be a misspelling of; "" when it is one of them, or like none."""
    if email in known:
        return ""
    local, _, domain = email.rpartition("@")
    there = {each.removesuffix(f"@{domain}"): each for each in known if each.endswith(f"@{domain}")}
    elsewhere = [each for each in known if each not in there.values()]
    alike = [there[each] for each in get_close_matches(local, list(there), n=1)]
    return "".join(alike or get_close_matches(email, elsewhere, n=1, cutoff=_SLIP))


def read_requester(typed: str, config: Config) -> Address:
    """The one person whom `#requester` names."""
    people = read_addresses(typed)
    if len(people) > 1:
        raise Refused("a ticket has one requester; add others with #cc")
    if desk_address(people[0].email, config):
        raise Refused(f"{people[0].email} is an address of the desk")
    return people[0]
