"""Who is on a ticket: addresses as agents type them, and the acts that add, remove and replace people.

Pure, like `lifecycle.py`. Who may ever become a collaborator is `collaborators.py`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from mailgate.rules.ticket.acts import Act, Draft, Stamp
from mailgate.rules.ticket.as_json import address_json, collaborators_json
from mailgate.ticket import Address, Change, Collaborator, EventKind, Ticket

AGREED = 3  # links in one alert; the others are named in it


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
