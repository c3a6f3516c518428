"""Who is on a ticket: addresses as agents type them, and the acts that add, remove and replace people.

Pure, like `lifecycle.py`. Who may ever become a collaborator is `collaborators.py`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import replace

from mailgate.config.model import Config
from mailgate.errors import Refused
from mailgate.mail import normalise
from mailgate.model import Address, Change, Collaborator, EventKind, Ticket
from mailgate.rules.acts import Act, Draft, Stamp
from mailgate.rules.cleaning import quoted
from mailgate.rules.collaborators import unfit
from mailgate.rules.recipients import desk_address
from mailgate.rules.snapshot import address_json, collaborators_json

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
    """The people whom `#uncc` names; somebody else's address is refused, for a slip would leave the right one on."""
    known = [person.email for person in ticket.collaborators]
    people = read_addresses(typed)
    for person in people:
        if person.email not in known:
            raise Refused(f"{person.email} is no collaborator; there {_are(known)}")
    return people


def _are(known: Sequence[str]) -> str:
    return f"{'is' if len(known) == 1 else 'are'} {', '.join(known)}" if known else "are none"


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
