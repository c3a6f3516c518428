"""The words of ended tickets, to find those that a new one is like; and which ones were shown to agents.

A ticket's words are written when it ends, so that a new ticket pays for the asking alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mailgate.rules.notices.similar import KEPT, LATEST, words_of
from mailgate.rules.ticket import reasons
from mailgate.store.db import Db
from mailgate.store.tickets.rows import read_event
from mailgate.ticket import CLOCK, Event, EventKind, Ticket


def remember(db: Db, ticket: Ticket) -> None:
    """A ticket has ended: from now on it is found by its words."""
    row = db.one("SELECT text FROM entry WHERE ticket = ? ORDER BY id LIMIT 1", [ticket.number])
    words = words_of(ticket.subject, row["text"] if row else "", KEPT)
    db.many(
        "INSERT INTO ended_word (word, ticket) VALUES (?, ?) ON CONFLICT DO NOTHING",
        [(word, ticket.number) for word in words],
    )


def having(db: Db, words: Sequence[str]) -> list[tuple[int, int]]:
    """Pairs of the place of a word and an ended ticket that has it, the latest of each word."""
    if not words:
        return []
    latest = f"FROM ended_word WHERE word = ? ORDER BY ticket DESC LIMIT {LATEST}"
    one = f"SELECT * FROM (SELECT %d AS place, ticket {latest}) AS of_word"  # noqa: S608
    sql = " UNION ALL ".join(one % place for place in range(len(words)))
    return [(row[0], row[1]) for row in db.all(sql, words)]


def ending(db: Db, number: int) -> Event | None:
    """The latest change of a ticket's status; that a clock closed what was resolved says nothing of how it ended."""
    sql = """
        SELECT * FROM event
        WHERE ticket = ? AND kind = ? AND NOT ("by" = ? AND reason = ?) ORDER BY id DESC LIMIT 1
    """
    row = db.one(sql, [number, EventKind.STATUS_CHANGED.value, str(CLOCK), reasons.CLOSED])
    return read_event(row) if row else None


def note_shown(db: Db, number: int, similar: Iterable[int]) -> None:
    """Agents were shown these tickets in the alert about one."""
    rows = [(number, other) for other in similar]
    if rows:
        db.many('INSERT INTO similar_shown (ticket, "similar") VALUES (?, ?) ON CONFLICT DO NOTHING', rows)


def shown(db: Db, number: int) -> list[int]:
    """The tickets that agents were shown in the alert about one."""
    return [row[0] for row in db.all('SELECT "similar" FROM similar_shown WHERE ticket = ?', [number])]
