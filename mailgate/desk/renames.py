"""Which tickets stand under a name that the configuration has given up with `was = ["Old name"]`."""

from __future__ import annotations

from mailgate.desk.outcome import Context
from mailgate.model import Ticket
from mailgate.rules.renames import new_names
from mailgate.store import naming
from mailgate.store.db import Db


def renamed_tickets(db: Db, context: Context) -> list[Ticket]:
    """Tickets to carry over: those that are open, or may still be reopened."""
    names = new_names(context.config)
    since = context.now - context.config.tickets.reopen_within
    found: dict[int, Ticket] = {}
    for field, old in (("department", names.departments), ("topic", names.topics), ("sla", names.slas)):
        found |= {ticket.number: ticket for ticket in naming.under(db, field, list(old), since)}
    for kind, old in (("team", names.teams), ("agent", names.agents)):
        found |= {ticket.number: ticket for ticket in naming.assigned(db, kind, list(old), since)}
    return [found[number] for number in sorted(found)]
