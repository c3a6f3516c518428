"""Tickets, their thread, events and known Message-IDs: what is asked of them, and how a change is written."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from mailgate.store import meta
from mailgate.store.columns import insert_sql, marks
from mailgate.store.db import Db, Row
from mailgate.store.tickets import deadlines, merged
from mailgate.store.tickets.rows import (
    Columns,
    entry_row,
    event_row,
    read_entry,
    read_event,
    read_older_note,
    read_ticket,
    ticket_row,
)
from mailgate.ticket import Actor, Change, Collaborator, Entry, EntryKind, Event, OlderNote, Ticket


def get_many(db: Db, numbers: Iterable[int]) -> dict[int, Ticket]:
    """Tickets by number; those that do not exist are absent."""
    wanted = sorted(set(numbers))
    if not wanted:
        return {}
    rows = db.all(f"SELECT * FROM ticket WHERE number IN ({marks(wanted)})", wanted)  # noqa: S608
    return {ticket.number: ticket for ticket in read_tickets(db, rows)}


def get(db: Db, number: int) -> Ticket | None:
    """One ticket, or None."""
    return get_many(db, [number]).get(number)


def read_tickets(db: Db, rows: Sequence[Row]) -> list[Ticket]:
    """Tickets from their rows, in their order."""
    people: dict[int, list[Collaborator]] = {}
    numbers = [row["number"] for row in rows]
    for start in range(0, len(numbers), 500):
        some = numbers[start : start + 500]
        sql = f"SELECT * FROM collaborator WHERE ticket IN ({marks(some)}) ORDER BY ticket, position"  # noqa: S608
        for row in db.all(sql, some):
            person = Collaborator(row["email"], row["name"], bool(row["active"]))
            people.setdefault(row["ticket"], []).append(person)
    return [read_ticket(row, tuple(people.get(row["number"], ()))) for row in rows]


def by_message_id(db: Db, ids: Sequence[str]) -> dict[str, tuple[int, ...]]:
    """Numbers of the tickets that foreign Message-IDs stand for."""
    if not ids:
        return {}
    sql = f"SELECT message_id, ticket FROM known_id WHERE message_id IN ({marks(ids)}) ORDER BY ticket DESC"  # noqa: S608
    found: dict[str, tuple[int, ...]] = {}
    for row in db.all(sql, ids):
        found[row["message_id"]] = (*found.get(row["message_id"], ()), row["ticket"])
    return found


ERASURES = "erasures"  # row of `meta`: how often tickets were erased, which leaves no event


def version(db: Db) -> tuple[int, str]:
    """The newest event and the number of erasures of all tickets: while both are the same, no ticket has changed."""
    row = db.one("SELECT (SELECT max(id) FROM event), (SELECT value FROM meta WHERE key = ?)", [ERASURES])
    return (int(row[0] or 0), row[1] or "") if row else (0, "")


def next_number(db: Db, first: int) -> int:
    """The number that the next ticket gets: behind every number that was given or seen, `first` at least."""
    row = db.one("SELECT (SELECT max(number) FROM ticket), (SELECT value FROM meta WHERE key = ?)", [_HIGHEST])
    given, noted = (row[0] or 0, int(row[1] or 0)) if row else (0, 0)
    return max(first, given + 1, noted + 1)


_HIGHEST = "highest_number"  # row of `meta`


def note_number(db: Db, number: int) -> None:
    """Remember that this number was given, though perhaps no ticket has it (any more)."""
    if number >= next_number(db, 1):
        meta.put(db, _HIGHEST, str(number))


def numbers(db: Db) -> list[int]:
    """The number of every ticket, oldest first."""
    return [row[0] for row in db.all("SELECT number FROM ticket ORDER BY number")]


def open_count(db: Db, *requester: str, proven: bool = False) -> int:
    """How many open and pending tickets a requester has, by all of their addresses; `proven`: with proven mail."""
    sql = f"SELECT count(*) FROM ticket WHERE requester_email IN ({marks(requester)}) AND status IN ('open', 'pending')"  # noqa: S608
    if proven:
        sql += (
            " AND EXISTS (SELECT 1 FROM entry JOIN inbox ON inbox.id = entry.inbox_id"
            " WHERE entry.ticket = number AND inbox.standing = 'proven' AND inbox.from_email = author_email)"
        )
    row = db.one(sql, requester)
    return int(row[0]) if row else 0


def of_requester(db: Db, emails: Iterable[str], statuses: Sequence[str], most: int) -> list[Ticket]:
    """The newest tickets, in some statuses, of the requester with these addresses."""
    wanted = sorted(emails)
    sql = (
        f"SELECT * FROM ticket WHERE requester_email IN ({marks(wanted)}) AND status IN ({marks(statuses)})"  # noqa: S608
        " ORDER BY number DESC LIMIT ?"
    )
    return read_tickets(db, db.all(sql, [*wanted, *statuses, most]))


def is_known(db: Db, *emails: str) -> bool:
    """True when one of a person's addresses has been a requester before."""
    sql = f"SELECT 1 FROM ticket WHERE requester_email IN ({marks(emails)}) LIMIT 1"  # noqa: S608
    return db.one(sql, emails) is not None


# ── thread and events ───────────────────────────────────────────────────────────────────


def thread(db: Db, number: int, *, newest: int = 0) -> list[Entry]:
    """The thread of a ticket, oldest first; with `newest`, only so many of the latest."""
    if newest:
        rows = db.all("SELECT * FROM entry WHERE ticket = ? ORDER BY id DESC LIMIT ?", [number, newest])[::-1]
    else:
        rows = db.all("SELECT * FROM entry WHERE ticket = ? ORDER BY id", [number])
    return [read_entry(row) for row in rows]


def notes_before(db: Db, number: int, before: int) -> list[OlderNote]:
    """The notes of a ticket with an id below `before`, oldest first."""
    sql = """SELECT id, "by", text, attachments FROM entry WHERE ticket = ? AND kind = 'note' AND id < ? ORDER BY id"""
    return [read_older_note(row) for row in db.all(sql, [number, before])]


def agents_wrote(db: Db, number: int) -> list[tuple[EntryKind, str]]:
    """What agents (by key) have written on a ticket, each kind once, in the order in which they first did."""
    sql = (
        """SELECT kind, "by" FROM entry WHERE ticket = ? AND "by" LIKE 'agent:%' GROUP BY kind, "by" ORDER BY min(id)"""
    )
    return [(EntryKind(kind), Actor.parse(by).agent_key) for kind, by in db.all(sql, [number])]


def events(db: Db, number: int) -> list[Event]:
    """The history of a ticket, oldest first."""
    return [read_event(row) for row in db.all("SELECT * FROM event WHERE ticket = ? ORDER BY id", [number])]


def events_beside_entries(db: Db, number: int) -> list[Event]:
    """The history of a ticket without the events that say no more than that there is an entry, oldest first."""
    sql = (
        "SELECT * FROM event WHERE ticket = ? AND NOT (reason = '' AND"
        " (kind IN ('message', 'replied') OR (kind = 'noted' AND after IS NULL))) ORDER BY id"
    )
    return [read_event(row) for row in db.all(sql, [number])]


# ── writing ─────────────────────────────────────────────────────────────────────────────


def save(db: Db, change: Change, due: Iterable[tuple[str, datetime]], known_ids: Iterable[str] = ()) -> None:
    """Write what a change did: ticket, collaborators, entries, events, deadlines, known ids."""
    ticket = change.after
    _put(db, "ticket", ticket_row(ticket), key="number")
    if ticket.collaborators != (change.before.collaborators if change.before else ()):
        _save_collaborators(db, ticket)
    for event in change.events:
        _put(db, "event", event_row(ticket.number, event))
    for entry in change.entries:
        _put(db, "entry", entry_row(ticket.number, entry))
    merged.move(db, ticket.number, change.moved)
    deadlines.replace(db, ticket.number, due)
    ids = {entry.message_id for entry in change.entries if entry.message_id} | set(known_ids)
    db.many(
        "INSERT INTO known_id (message_id, ticket) VALUES (?, ?) ON CONFLICT DO NOTHING",
        [(each, ticket.number) for each in ids],
    )


def _put(db: Db, table: str, row: Columns, *, key: str = "") -> None:
    db.send(insert_sql(table, (*row,), key=key), [*row.values()])


def _save_collaborators(db: Db, ticket: Ticket) -> None:
    db.send("DELETE FROM collaborator WHERE ticket = ?", [ticket.number])
    db.many(
        "INSERT INTO collaborator (ticket, email, name, active, position) VALUES (?, ?, ?, ?, ?)",
        [
            (ticket.number, person.email, person.name, int(person.active), position)
            for position, person in enumerate(ticket.collaborators)
        ],
    )
