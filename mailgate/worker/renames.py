"""Which tickets stand under a name that the configuration has given up with `was = ["Old name"]`."""

from __future__ import annotations

from mailgate.desk.outcome import Context
from mailgate.rules.ticket.renames import new_names
from mailgate.store.db import Db
from mailgate.store.tickets import names_in_use
from mailgate.ticket import Ticket


def renamed_tickets(db: Db, context: Context) -> list[Ticket]:
    """Tickets to carry over: those that are open, or may still be reopened."""
    names = new_names(context.config)
    since = context.now - context.config.tickets.reopen_within
    found: dict[int, Ticket] = {}
    for field, old in (("department", names.departments), ("topic", names.topics), ("sla", names.slas)):
        found |= {ticket.number: ticket for ticket in names_in_use.under(db, field, list(old), since)}
    for kind, old in (("team", names.teams), ("agent", names.agents)):
        found |= {ticket.number: ticket for ticket in names_in_use.assigned(db, kind, list(old), since)}
    return [found[number] for number in sorted(found)]
