"""Who may become a collaborator of a ticket: people, and nobody else (the public interface, section 4).

Desk, agent, list and no-reply addresses never do. Whether those who may are active is
decided by the caller, who knows what proves the mail that names them.
"""

from __future__ import annotations

from collections.abc import Iterable

from mailgate.phrase import Phrase
from mailgate.settings import Config
from mailgate.ticket import Address, Collaborator, Ticket

# As local parts begin and end once dots, dashes and underscores are gone.
_ROBOTS = ("noreply", "donotreply", "mailerdaemon", "postmaster", "bounce", "listserv", "majordomo", "mailman")
_LISTS = ("-request", "-bounces", "-owner", "-subscribe", "-unsubscribe")


def collaborators_of(
    people: Iterable[Address], ticket: Ticket, config: Config, *, active: bool
) -> tuple[Collaborator, ...]:
    """Those of `people` who are not on the ticket yet and may be, as far as there is room."""
    known = frozenset(email for each in ticket.participants for email in config.addresses_of(each))
    room = config.tickets.max_collaborators - len(ticket.collaborators)
    fresh = {
        person.email: Collaborator(person.email, person.name, active)
        for person in people
        if person.email not in known and not unfit(person.email, config)
    }
    return tuple(fresh.values())[: max(room, 0)]


def unfit(email: str, config: Config) -> Phrase | None:
    """What an address is that is never a collaborator's ("an agent's address"); None when it may be one."""
    local, at, domain = email.rpartition("@")
    if not at:
        return Phrase("owner.none")
    if email in config.agents_by_email:
        return Phrase("owner.agent")
    if machine(email):
        return Phrase("owner.machine")
    ours = {email, f"{local.partition('+')[0]}@{domain}"} & config.addresses.keys()
    return Phrase("owner.desk") if ours else None


def machine(email: str) -> bool:
    """Whether an address is by its name a list's or a machine's."""
    local = email.rpartition("@")[0]
    return local.endswith(_LISTS) or local.translate({ord(mark): None for mark in "-_."}).startswith(_ROBOTS)
