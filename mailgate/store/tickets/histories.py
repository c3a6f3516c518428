"""Histories across tickets: what was merged into which is read as one, each entry where it stands.

Reads alone; an entry belongs to one ticket at any time.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from mailgate.store.columns import marks
from mailgate.store.db import Db
from mailgate.store.tickets import merged, tickets
from mailgate.store.tickets.rows import read_entry
from mailgate.ticket import Entry, Ticket


def with_ends(db: Db, numbers: Iterable[int]) -> dict[int, Ticket]:
    """Tickets by number, with all those that merged ones went into."""
    found = tickets.get_many(db, numbers)
    while missing := {each.merged_into for each in found.values() if each.merged_into} - found.keys():
        found |= tickets.get_many(db, missing)
    return found


def whole_thread(db: Db, number: int, *, newest: int = 0) -> list[Entry]:
    """The thread of a ticket and of all that were merged into it, oldest first; each entry with where it stands."""
    found = tickets.thread(db, number, newest=newest)
    for other in merged.below(db, number):
        found += [
            replace(entry, came_for=entry.came_for or other) for entry in tickets.thread(db, other, newest=newest)
        ]
    return sorted(found, key=lambda entry: entry.id or 0)


def elsewhere(db: Db, numbers: Sequence[int]) -> dict[int, tuple[Entry, ...]]:
    """Entries that came for one of the tickets and stand in others, by the ticket where they stand."""
    found: dict[int, tuple[Entry, ...]] = {}
    sql = f"SELECT * FROM entry WHERE came_for IN ({marks(numbers)}) AND ticket NOT IN ({marks(numbers)}) ORDER BY id"  # noqa: S608
    for row in db.all(sql, [*numbers, *numbers]):
        found[row["ticket"]] = (*found.get(row["ticket"], ()), read_entry(row))
    return found
