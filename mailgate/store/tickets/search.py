"""The full-text index: a document for each ticket, with the words by which it is found.

A document holds the number, the subject, the requester and the texts of a ticket. The index is not written with the
ticket but some seconds later, many tickets at once: each change of a ticket leaves an event, so the documents follow
the events, and a row of `meta` holds how far they are. A search looks through the latest tickets that are not indexed
yet itself. A new database and one from before the index was kept differ only in how many events there are to follow.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from mailgate.rules.text.search_words import READ, Term, limited, match, words_of
from mailgate.store import meta
from mailgate.store.columns import moment
from mailgate.store.db import Db
from mailgate.ticket import EventKind

EVENTS = 100  # that are followed in one transaction
LATEST = 200  # tickets without a current document that a search looks through
_LOOKED = 10 * LATEST  # events by which they are found
PAGES = 100  # of the index that are merged in one transaction
PURGE_EVERY = timedelta(days=1)
_FOLLOWED = "indexed_event"  # row of `meta`: the newest event that the documents follow
_ERASED = "index_erased"  # row of `meta`: "1" when the index may hold words of erased tickets
_PURGED = "index_purged"  # row of `meta`: when they were last taken out, in seconds since 1970 UTC
# Kinds of events that may take words out of a ticket; after any other there are only more.
_REWRITTEN = frozenset({EventKind.SUBJECT_CHANGED, EventKind.REQUESTER_CHANGED, EventKind.MERGED, EventKind.SPLIT})
_SOURCES = """
SELECT t.number, t.subject, t.requester_email, t.requester_name, d.words, coalesce(e.id, d.entry, 0) AS newest,
    coalesce(e.subject, '') AS topic, substr(coalesce(e.text, ''), 1, CAST(:read AS integer)) AS text
FROM ticket t LEFT JOIN document d ON d.ticket = t.number
    LEFT JOIN entry e ON e.ticket = t.number AND e.id > coalesce(d.entry, 0)
WHERE t.number {any} ORDER BY t.number, e.id
"""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the index is, in events."""

    done: int
    last: int

    @property
    def percent(self) -> int:
        """Whole percents, rounded down; 100 for an index that is up to date."""
        return 100 * self.done // self.last if self.last else 100


def progress(db: Db) -> Progress:
    """How far the index is."""
    row = db.one("SELECT max(id) FROM event")
    return Progress(_followed(db), int(row[0] or 0) if row else 0)


def unfinished(db: Db) -> int | None:
    """How many percent of the index are there, where more tickets are missing than a search looks through itself."""
    return None if _latest(db)[1] else progress(db).percent


def is_behind(db: Db) -> bool:
    """Whether there are events that the documents do not follow yet."""
    found = progress(db)
    return found.done < found.last


def is_far_behind(db: Db) -> bool:
    """Whether more tickets may be missing than a search looks through itself."""
    found = progress(db)
    return found.last - found.done > LATEST


def _followed(db: Db) -> int:
    return int(meta.get(db, _FOLLOWED) or 0)


def follow(db: Db, most: int = EVENTS) -> bool:
    """Bring the documents of the tickets of the next events up to date; whether more events are left."""
    rows = db.all("SELECT id, ticket, kind FROM event WHERE id > ? ORDER BY id LIMIT ?", [_followed(db), most])
    if rows:
        rewrite(db, {row["ticket"] for row in rows if row["kind"] in _REWRITTEN})
        _write(db, {row["ticket"] for row in rows})
        meta.put(db, _FOLLOWED, str(rows[-1]["id"]))
    return len(rows) == most


def rewrite(db: Db, numbers: Collection[int]) -> None:
    """Make the documents of tickets anew, where they have one."""
    if numbers:
        rows = db.all(f"SELECT ticket FROM document WHERE ticket {db.any_of}", [db.values(numbers)])  # noqa: S608
        db.send(f"DELETE FROM document WHERE ticket {db.any_of}", [db.values(numbers)])  # noqa: S608
        _write(db, {row["ticket"] for row in rows})


def erased(db: Db) -> None:
    """Tickets were erased, with their events and documents: the next event may get the id of one of theirs."""
    found = progress(db)
    if found.done > found.last:
        meta.put(db, _FOLLOWED, str(found.last))
    meta.put(db, _ERASED, "1")


def purge(db: Db, now: datetime) -> bool:
    """Take words of erased tickets out of the index, a portion in this transaction; whether more is left.

    It rewrites the index, so it is done once a day at most.
    """
    last = meta.get(db, _PURGED)
    if meta.get(db, _ERASED) != "1" or (last and now - moment(float(last)) < PURGE_EVERY):
        return False
    if db.merge_index(PAGES):
        return True
    meta.put(db, _ERASED, "0")
    meta.put(db, _PURGED, str(now.timestamp()))
    return False


def _write(db: Db, numbers: Collection[int]) -> None:
    """Write the documents of tickets: what they have, and the words of entries that are new to it."""
    documents = _documents(db, numbers)
    db.many(
        "INSERT INTO document (ticket, entry, words) VALUES (?, ?, ?)"
        " ON CONFLICT (ticket) DO UPDATE SET entry = excluded.entry, words = excluded.words",
        [(number, entry, " ".join(words)) for number, (entry, words) in documents.items()],
    )


def _documents(db: Db, numbers: Collection[int]) -> dict[int, tuple[int, list[str]]]:
    """The documents of tickets as they should be: the newest entry and the words."""
    texts: dict[int, list[str]] = {}
    words: dict[int, list[str]] = {}
    newest: dict[int, int] = {}
    sql = _SOURCES.format(any=db.any_of.replace("?", ":them"))
    rows = db.all(sql, {"them": db.values(numbers), "read": READ})
    for row in rows:
        number = row["number"]
        if number not in texts:
            texts[number] = [f"{number} {row['subject']} {row['requester_email']} {row['requester_name']}"]
            words[number] = (row["words"] or "").split()
        texts[number] += [row["topic"], row["text"]]
        newest[number] = row["newest"]
    return {
        number: (newest[number], limited(dict.fromkeys([*words[number], *words_of(texts[number])]))) for number in texts
    }


# ── searching ───────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Unindexed:
    """The latest tickets without a current document, and those of them that a search finds."""

    numbers: tuple[int, ...]
    found: tuple[int, ...]


def unindexed(db: Db, terms: Sequence[Term]) -> Unindexed:
    """Look through the latest tickets that are not indexed yet."""
    latest, _ = _latest(db)
    documents = _documents(db, latest) if latest else {}
    return Unindexed(latest, tuple(number for number, (_, words) in documents.items() if match(terms, words)))


def _latest(db: Db) -> tuple[tuple[int, ...], bool]:
    """The latest tickets that are not indexed yet, and whether these are all."""
    rows = db.all("SELECT ticket FROM event WHERE id > ? ORDER BY id DESC LIMIT ?", [_followed(db), _LOOKED])
    behind = tuple(dict.fromkeys(row["ticket"] for row in rows))
    return behind[:LATEST], len(rows) < _LOOKED and len(behind) <= LATEST
