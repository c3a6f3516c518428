"""Applies the renames of a configuration (`was`), and tells agents which tickets have become theirs.

Done at each start and reload, in one transaction. A renamed thing is the same under a new name: nobody is told. Where
another person, team or department takes over, those whose work a ticket has become get its alert, of several tickets
one mail; an absence, a signature or a mail that waits is a person's own, and does not go with the tickets.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime

from mailgate import __version__
from mailgate.desk.gather.records import gather_ticket
from mailgate.desk.outcome import Context
from mailgate.notice import Notice
from mailgate.rules.notices.combined import together
from mailgate.rules.notices.occasion import Occasion
from mailgate.rules.notices.to_agents import to_agents
from mailgate.rules.people import staff
from mailgate.rules.people.staff import Staff
from mailgate.rules.ticket.acts import Stamp
from mailgate.rules.ticket.renames import new_names, rename
from mailgate.store import meta
from mailgate.store.db import Db
from mailgate.store.people import absences
from mailgate.store.queues import outbox
from mailgate.store.tickets import names_in_use
from mailgate.ticket import ADMIN, Address, Change, Ticket
from mailgate.worker import apply, recheck, written
from mailgate.worker.runtime import Runtime

# In the table meta: of the configuration that was applied last the staff, and the digest.
_STAFF, _APPLIED = "staff", "applied"


def carry_over(db: Db, runtime: Runtime, now: datetime) -> None:
    """Apply the renames to tickets and to what waits for agents; judge what waits.

    Queued mail to those who are no agents any more is dropped. Nothing is done for the configuration that was applied
    last, by the same version of the program: `ingest` without a daemon asks with each mail.
    """
    applied = hashlib.sha256(f"{__version__}\0{runtime.config.text}".encode()).hexdigest()
    if meta.get(db, _APPLIED) == applied:
        return
    context = runtime.context(now)
    renamed, before, after = new_names(runtime.config).agents, _stored(db), staff.staff_of(runtime.config)
    same = staff.same_people(renamed, before, runtime.config.agents)
    names_in_use.rename_agents(db, same)
    for left in renamed.keys() - same.keys():
        absences.come_back(db, left)
    outbox.withdraw(db, runtime.config.agents, now)
    alerts: list[Notice] = []
    for ticket in _renamed_tickets(db, context):
        change = rename(ticket, Stamp(ADMIN, now), runtime.config)
        apply.save_change(db, change, context)
        if before and change.after.status.active:
            alerts += _alerts(db, change, staff.newly_responsible(ticket, change.after, before, after, same), context)
    for notice in together(alerts, absences.away(db, now), runtime.config):
        written.save_alerts(db, [notice], context)
    recheck.after_reload(db, context)
    meta.put(db, _STAFF, staff.to_json(after))
    meta.put(db, _APPLIED, applied)


def _stored(db: Db) -> Staff | None:
    text = meta.get(db, _STAFF)
    return staff.from_json(text) if text else None


def _alerts(db: Db, change: Change, readers: Iterable[str], context: Context) -> list[Notice]:
    """The alerts of a renaming to those whose work the ticket has become."""
    if not readers:
        return []
    number = change.after.number
    audience = gather_ticket(db, number, context).audience(number)
    occasion = Occasion(
        by=ADMIN,
        cause=f"renamed:{number}:{context.now.timestamp():.0f}",
        author=Address("", context.config.desk.name),
        now=context.now,
    )
    return [each for each in to_agents(change, occasion, audience, context.config) if each.agent in readers]


def _renamed_tickets(db: Db, context: Context) -> list[Ticket]:
    """Tickets with an old name that are open or may still be reopened."""
    names = new_names(context.config)
    since = context.now - context.config.tickets.reopen_within
    found: dict[int, Ticket] = {}
    for field, old in (("department", names.departments), ("topic", names.topics), ("sla", names.slas)):
        found |= {ticket.number: ticket for ticket in names_in_use.under(db, field, list(old), since)}
    for kind, old in (("team", names.teams), ("agent", names.agents)):
        found |= {ticket.number: ticket for ticket in names_in_use.assigned(db, kind, list(old), since)}
    return [found[number] for number in sorted(found)]
