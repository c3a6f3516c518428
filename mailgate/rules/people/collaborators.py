"""Who may become a collaborator of a ticket: people, and nobody else.

Desk, agent, list and no-reply addresses never do. Whoever a mail names that is not proven to be its author's
waits for an agent's consent, unless they are of the requester's own organization.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from mailgate.phrase import Phrase
from mailgate.settings import Config
from mailgate.ticket import Address, Collaborator, Ticket

# As local parts begin and end once dots, dashes and underscores are gone.
_ROBOTS = ("noreply", "donotreply", "mailerdaemon", "postmaster", "bounce", "listserv", "majordomo", "mailman")
_PUBLIC_HOSTS = (
    "gmail googlemail outlook hotmail live msn yahoo ymail aol icloud me mac gmx web t-online freenet posteo mailbox"
    " mail yandex rambler qq 163 126 sina foxmail naver daum hanmail orange wanadoo free laposte sfr libero virgilio"
    " tiscali wp onet o2 interia seznam centrum uol bol terra proton protonmail pm tuta tutanota fastmail zoho hey"
)
# Hosts where anybody has an address: their names, before "com", "de" or "co.uk".
_PUBLIC = re.compile(rf"(?:{'|'.join(_PUBLIC_HOSTS.split())})\.(?:[a-z]{{2,3}}\.)?[a-z]+")
_LISTS = ("-request", "-bounces", "-owner", "-subscribe", "-unsubscribe")


def collaborators_of(
    people: Iterable[Address], ticket: Ticket, config: Config, *, active: Callable[[str], bool]
) -> tuple[Collaborator, ...]:
    """Those of `people` who are not on the ticket yet and may be, as far as there is room.

    `active` is asked by address. Those who wait take no room from those who do not.
    """
    known = frozenset(email for each in ticket.participants for email in config.addresses_of(each))
    fresh = {
        person.email: Collaborator(person.email, person.name, active(person.email))
        for person in people
        if person.email not in known and not unfit(person.email, config)
    }
    found: list[Collaborator] = []
    for state in (True, False):
        taken = sum(each.active or not state for each in (*ticket.collaborators, *found))
        room = max(config.tickets.max_collaborators - taken, 0)
        found += [each for each in fresh.values() if each.active is state][:room]
    return tuple(each for each in fresh.values() if each in found)


def of_own_organization(email: str, requester: str, config: Config) -> bool:
    """Whether an address is of the requester's domain, or of the same `[customer]`; strangers share public hosts."""
    customer = config.customer_of(requester)
    domain = requester.rpartition("@")[2]
    same_domain = email.rpartition("@")[2] == domain and not _PUBLIC.fullmatch(domain)
    return same_domain or (customer is not None and config.customer_of(email) is customer)


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
