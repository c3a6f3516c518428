"""`#cc`, `#uncc`, `#requester`; and the people that a mail brings."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from mailgate.rules.ticket.acts.stamp import Act, Draft, Stamp
from mailgate.rules.ticket.as_json import address_json, collaborators_json
from mailgate.ticket import Address, Collaborator, EventKind, Ticket


def cc(people: Sequence[Address], stamp: Stamp) -> Act:
    """Make people active collaborators, new ones and inactive ones."""

    def act(ticket: Ticket) -> Draft:
        named = {person.email for person in people}
        known = tuple(replace(each, active=each.active or each.email in named) for each in ticket.collaborators)
        fresh = tuple(Collaborator(who.email, who.name) for who in people if who.email not in ticket.participants)
        return _copied(ticket, (*known, *fresh), stamp)

    return act


def uncc(emails: Collection[str], stamp: Stamp) -> Act:
    """Remove collaborators, given by address."""

    def act(ticket: Ticket) -> Draft:
        return _copied(ticket, tuple(each for each in ticket.collaborators if each.email not in emails), stamp)

    return act


def requester(person: Address, stamp: Stamp) -> Act:
    """Change the requester. The previous one leaves the ticket; the new one is no longer a collaborator."""

    def act(ticket: Ticket) -> Draft:
        if ticket.requester.email == person.email:
            return ticket, ()
        known = next((each for each in ticket.collaborators if each.email == person.email), None)
        new = Address(person.email, person.name or (known.name if known else ""))
        event = stamp.event(EventKind.REQUESTER_CHANGED, address_json(ticket.requester), address_json(new))
        after, events = uncc([new.email], stamp.because(""))(replace(ticket, requester=new))
        return after, (event, *events)

    return act


def _copied(ticket: Ticket, people: tuple[Collaborator, ...], stamp: Stamp) -> Draft:
    after = replace(ticket, collaborators=people)
    if people == ticket.collaborators:
        return ticket, ()
    return after, (stamp.event(EventKind.CC_CHANGED, collaborators_json(ticket), collaborators_json(after)),)


def copy_in(people: Sequence[Collaborator], stamp: Stamp) -> Act:
    """Add those who are not on the ticket yet, active or inactive as given."""

    def act(ticket: Ticket) -> Draft:
        fresh = tuple(person for person in people if person.email not in ticket.participants)
        return _copied(ticket, ticket.collaborators + fresh, stamp)

    return act
