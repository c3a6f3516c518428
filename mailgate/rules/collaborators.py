"""Who may become a collaborator of a ticket: people, and nobody else (the public interface, section 4).

Desk, agent, list and no-reply addresses never do. Whether those who may are active is
decided by the caller, who knows what proves the mail that names them.
"""

from __future__ import annotations

from collections.abc import Iterable

from mailgate.config.model import Config
from mailgate.model import Address, Collaborator, Ticket

# As local parts begin and end once dots, dashes and underscores are gone.
_ROBOTS = ("noreply", "donotreply", "mailerdaemon", "postmaster", "bounce", "listserv", "majordomo", "mailman")
_LISTS = ("-request", "-bounces", "-owner", "-subscribe", "-unsubscribe")


def collaborators_of(
    people: Iterable[Address], ticket: Ticket, config: Config, *, active: bool
) -> tuple[Collaborator, ...]:
    """Those of `people` who are not on the ticket yet and may be, as far as there is room."""
    room = config.tickets.max_collaborators - len(ticket.collaborators)
    fresh = {
        person.email: Collaborator(person.email, person.name, active)
        for person in people
        if person.email not in ticket.participants and _may_collaborate(person.email, config)
    }
    return tuple(fresh.values())[: max(room, 0)]


def _may_collaborate(email: str, config: Config) -> bool:
    local, at, domain = email.rpartition("@")
    if not at or local.endswith(_LISTS) or email in config.agents_by_email:
        return False
    if local.translate({ord(mark): None for mark in "-_."}).startswith(_ROBOTS):
        return False
    return f"{local.partition('+')[0]}@{domain}" not in config.addresses and email not in config.addresses
