"""Who is on a ticket: addresses as agents type them, and the acts that add, remove and replace people.

Pure, like `lifecycle.py`. Who may ever become a collaborator is `collaborators.py`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import replace
from difflib import get_close_matches

from mailgate.errors import Refused
from mailgate.mail import normalise
from mailgate.rules.people.collaborators import unfit
from mailgate.rules.people.desk_addresses import desk_address
from mailgate.rules.text.cleanup import quoted
from mailgate.rules.ticket.acts import Act, Draft, Stamp
from mailgate.rules.ticket.as_json import address_json, collaborators_json
from mailgate.settings import Config
from mailgate.ticket import Address, Change, Collaborator, EventKind, Ticket

_SLIP = 0.9  # of two addresses with different domains: one letter or two
AGREED = 3  # links in one alert; the others are named in it
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


def copy(people: Sequence[Address], stamp: Stamp) -> Act:
    """Make people active collaborators, whether they are new or wait for an agent's word."""

    def act(ticket: Ticket) -> Draft:
        named = {person.email for person in people}
        known = tuple(replace(each, active=each.active or each.email in named) for each in ticket.collaborators)
        fresh = tuple(Collaborator(who.email, who.name) for who in people if who.email not in ticket.participants)
        return _copied(ticket, (*known, *fresh), stamp)

    return act


def uncopy(emails: Collection[str], stamp: Stamp) -> Act:
    """Take collaborators off the ticket."""

    def act(ticket: Ticket) -> Draft:
        return _copied(ticket, tuple(each for each in ticket.collaborators if each.email not in emails), stamp)

    return act


def requester(person: Address, stamp: Stamp) -> Act:
    """Make somebody else the requester. The one before is no longer on the ticket; a collaborator is that no more."""

    def act(ticket: Ticket) -> Draft:
        if ticket.requester.email == person.email:
            return ticket, ()
        known = next((each for each in ticket.collaborators if each.email == person.email), None)
        new = Address(person.email, person.name or (known.name if known else ""))
        event = stamp.event(EventKind.REQUESTER_CHANGED, address_json(ticket.requester), address_json(new))
        after, events = uncopy([new.email], stamp.because(""))(replace(ticket, requester=new))
        return after, (event, *events)

    return act


def _copied(ticket: Ticket, people: tuple[Collaborator, ...], stamp: Stamp) -> Draft:
    after = replace(ticket, collaborators=people)
    if people == ticket.collaborators:
        return ticket, ()
    return after, (stamp.event(EventKind.CC_CHANGED, collaborators_json(ticket), collaborators_json(after)),)


def agree(change: Change, author: str) -> tuple[tuple[str, str], ...]:
    """One-tap links that make active whom this mail brought or whose words it holds, and who waits: (label, mail)."""
    known = change.before.participants if change.before else frozenset[str]()
    waiting = [each.email for each in change.after.collaborators if not each.active]
    asked = [email for email in waiting if email == author or email not in known][:AGREED]
    return tuple(("Agree" if len(asked) == 1 else f"Agree to {email}", f"#cc {email}\n") for email in asked)


def newly_copied(change: Change) -> tuple[Address, ...]:
    """Who became an active collaborator by a change to a ticket that there was."""
    before = {each.email for each in change.before.collaborators if each.active} if change.before else set()
    return tuple(
        Address(each.email, each.name)
        for each in change.after.collaborators
        if each.active and each.email not in before
    )
