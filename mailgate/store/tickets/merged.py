"""Which tickets were merged into which, and entries that change their ticket."""

from __future__ import annotations

from collections.abc import Iterable

from mailgate.store.db import Db
from mailgate.ticket import Entry


def below(db: Db, number: int) -> tuple[int, ...]:
    """Numbers of the tickets that were merged into one, and into those, and so on."""
    sql = (
        "WITH RECURSIVE below (number) AS (SELECT number FROM ticket WHERE merged_into = ?"
        " UNION SELECT t.number FROM ticket t JOIN below b ON t.merged_into = b.number)"
        " SELECT number FROM below ORDER BY number"
    )
    return tuple(row["number"] for row in db.all(sql, [number]))


def end_of(db: Db, number: int) -> int:
    """Where everything goes that comes for a ticket: the end of its chain, or the ticket itself."""
    while (row := db.one("SELECT merged_into FROM ticket WHERE number = ?", [number])) and row["merged_into"]:
        number = row["merged_into"]
    return number


def move(db: Db, number: int, entries: Iterable[Entry]) -> None:
    """Make stored entries a ticket's, of the kind that they have now, and their Message-IDs names of it."""
    for entry in entries:
        row = db.one("SELECT ticket FROM entry WHERE id = ?", [entry.id])
        db.send(
            "UPDATE entry SET ticket = ?, came_for = ?, kind = ? WHERE id = ?",
            [number, entry.came_for or None, entry.kind.value, entry.id],
        )
        if row and entry.message_id:
            db.send("DELETE FROM known_id WHERE message_id = ? AND ticket = ?", [entry.message_id, row["ticket"]])
            db.send(
                "INSERT INTO known_id (message_id, ticket) VALUES (?, ?) ON CONFLICT DO NOTHING",
                [entry.message_id, number],
            )
