"""`#note NAME|ADDRESS…`: whom an agent asks, and what the ticket remembers of it.

Pure. Agents who are asked see the ticket from then on; an outsider gets the text alone, and
their answer becomes a note. Nobody of the requester's side can be asked: it is internal.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from mailgate.rules.ticket.acts import Act, Draft, Stamp
from mailgate.settings import Config
from mailgate.ticket import Address, Asked, Event, EventKind, Json, Ticket


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
