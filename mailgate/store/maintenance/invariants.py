"""What holds in every database of a desk, looked at from outside: the engine's own integrity, and what rows promise.

Reads alone and repairs nothing. Each finding is a sentence that names the row.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from mailgate.errors import StorageError
from mailgate.store.attachments import AttachmentStore
from mailgate.store.connection import storage_errors
from mailgate.store.db import Db

MOST = 20  # findings of each check that are listed


@dataclass(frozen=True, slots=True)
class Check:
    """One check: its name and what it found wrong, at most `MOST` sentences."""

    name: str
    problems: tuple[str, ...]


def _latest(kinds: str, value: str) -> str:
    """SQL: the value that the newest event of some kinds gives a ticket; of `opened` the named member."""
    return (
        f"(SELECT CASE kind WHEN 'opened' THEN json_extract(\"after\", '$.{value}')"  # noqa: S608 - names of our own
        " ELSE json_extract(\"after\", '$') END"
        f" FROM event WHERE ticket = number AND kind IN ('opened', {kinds}) ORDER BY id DESC LIMIT 1)"
    )


_STATUS = _latest("'status-changed'", "status")
_DEPARTMENT = _latest("'transferred'", "department")
_ASSIGNEE = _latest("'assigned', 'released'", "assignee")
_HOLDER = "CASE WHEN assignee IS NOT NULL THEN json_object(assignee_kind, assignee) END"

# Name, sentence, and a query for the rows that break the promise: its columns fill the sentence.
_RULES: tuple[tuple[str, str, str], ...] = (
    (
        "status of tickets",
        "ticket {0} is {1}, and its events end with {2}",
        f"SELECT number, status, {_STATUS} AS said FROM ticket WHERE said IS NOT status",  # noqa: S608
    ),
    (
        "department of tickets",
        "ticket {0} is in {1}, and its events end with {2}",
        f"SELECT number, department, {_DEPARTMENT} AS said FROM ticket WHERE said IS NOT department",  # noqa: S608
    ),
    (
        "assignee of tickets",
        "ticket {0} is assigned to {1}, and its events end with {2}",
        f"SELECT number, {_HOLDER} AS has, {_ASSIGNEE} AS said FROM ticket WHERE said IS NOT has",  # noqa: S608
    ),
    (
        "ends of tickets",
        "ticket {0} is {1} without the time of it",
        "SELECT number, status FROM ticket WHERE status IN ('resolved', 'closed') AND resolved_at IS NULL",
    ),
    (
        "merged tickets",
        "ticket {0} was merged into {1} and is {2}",
        "SELECT number, merged_into, status FROM ticket WHERE merged_into IS NOT NULL AND status <> 'closed'",
    ),
    (
        "deadlines",
        "closed ticket {0} has the deadline {1}",
        "SELECT ticket, step FROM deadline JOIN ticket ON number = ticket WHERE status = 'closed'",
    ),
    (
        "inbox",
        "mail {0} is {1} and its bytes are gone",
        "SELECT id, state FROM inbox WHERE state IN ('new', 'working', 'held') AND raw_id IS NULL",
    ),
    (
        "ends of mails",
        "mail {0} is {1} without the time of it",
        "SELECT id, state FROM inbox WHERE state NOT IN ('new', 'working') AND done_at IS NULL",
    ),
    (
        "held mail",
        "mail {0} waits for {1} to confirm it and is {2}",
        "SELECT inbox_id, agent, state FROM held JOIN inbox ON id = inbox_id WHERE state <> 'held'",
    ),
    (
        "outbox",
        "outgoing mail {0} is sent without the time of it",
        "SELECT id FROM outbox WHERE state = 'sent' AND sent_at IS NULL",
    ),
    (
        "bytes of the outbox",
        "outgoing mail {0} is {1} and its bytes are gone",
        "SELECT id, state FROM outbox WHERE state IN ('queued', 'sending') AND id NOT IN (SELECT id FROM outgoing)",
    ),
    (
        "refusals",
        "outgoing mail {0} was refused and is {1}",
        "SELECT outbox_id, state FROM refused JOIN outbox ON id = outbox_id WHERE state NOT IN ('failed', 'dropped')",
    ),
)


def check(db: Db, attachments: AttachmentStore) -> list[Check]:
    """Every check of a database and of the files that it names."""
    integrity = _checked("integrity", _integrity(db))
    if integrity.problems:
        return [integrity]  # nothing else can be relied on
    return [
        integrity,
        _checked("references", _references(db)),
        *(_checked(name, (text.format(*row) for row in db.all(sql))) for name, text, sql in _RULES),
        _checked("large mails", _raw_files(db)),
        _checked("attachments", _attachments(db, attachments)),
    ]


def _checked(name: str, problems: Iterator[str]) -> Check:
    first = tuple(islice(problems, MOST))
    return Check(name, (*first, "and more") if next(problems, None) else first)


def _integrity(db: Db) -> Iterator[str]:
    try:
        with storage_errors():
            yield from (row[0] for row in db.all(f"PRAGMA integrity_check({MOST})") if row[0] != "ok")
    except StorageError as error:  # damage that ends the check itself
        yield f"{error.public}: {error.cause}"


def _references(db: Db) -> Iterator[str]:
    yield from (f"row {row[1]} of {row[0]} refers to nothing in {row[2]}" for row in db.all("PRAGMA foreign_key_check"))


def _raw_files(db: Db) -> Iterator[str]:
    for row in db.all("SELECT i.id, r.file FROM raw r JOIN inbox i ON i.raw_id = r.id WHERE r.file IS NOT NULL"):
        path = db.files.path(row["file"])
        if not path.is_file():
            yield f"the bytes of mail {row['id']} are gone: {path}"


def _attachments(db: Db, attachments: AttachmentStore) -> Iterator[str]:
    """Files that entries name, and mails on their way out."""
    rows = db.all(
        "SELECT 'ticket ' || ticket AS owner, json_extract(value, '$.sha256') AS sha256,"
        " json_extract(value, '$.size') AS size FROM entry, json_each(attachments) WHERE attachments <> '[]'"
        " UNION ALL SELECT 'outgoing mail ' || outgoing.id, json_extract(value, '$[1]'), json_extract(value, '$[2]')"
        " FROM outgoing JOIN outbox USING (id), json_each(files) WHERE files <> '[]' AND state IN ('queued', 'sending')"
    )
    for owner, sha256, wanted in rows:
        path = attachments.path(sha256)
        size = path.stat().st_size if path.is_file() else None
        if size != wanted:
            state = "is gone" if size is None else f"has {size} bytes of {wanted}"
            yield f"an attachment of {owner} {state}: {path}"
