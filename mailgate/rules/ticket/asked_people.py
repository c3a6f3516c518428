"""Questions to third parties (`#note NAME|ADDRESS…`): who was asked, and by whom.

An agent who was asked can see the ticket from then on. An outsider gets the text of the note only,
and their answer becomes a note. Participants of the ticket cannot be asked: a note is internal.
"""

from __future__ import annotations

from collections.abc import Sequence

from mailgate.settings import Config
from mailgate.ticket import Address, Event, EventKind, Ticket


def outsiders(people: Sequence[Address], config: Config) -> tuple[Address, ...]:
    """The people who are not agents."""
    return tuple(person for person in people if person.email not in config.agents_by_email)


def asked_by(event: Event) -> tuple[Address, ...]:
    """The people that a note was mailed to, from its event; none for other events."""
    people = event.after.get("asked") if event.kind is EventKind.NOTED and isinstance(event.after, dict) else None
    return tuple(
        Address(str(each["email"]), str(each["name"]))
        for each in (people if isinstance(people, list) else ())
        if isinstance(each, dict)
    )


def askers_of(ticket: Ticket, email: str) -> tuple[str, ...]:
    """Keys of the agents who asked `email` about the ticket, the latest first."""
    return tuple(dict.fromkeys(each.by for each in reversed(ticket.asked) if each.email == email and each.by))
