"""What holds in every database of a desk, looked at from outside: the engine's own integrity, and what rows promise.

Reads alone and repairs nothing. Each finding is a sentence that names the row.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from mailgate.store.attachments import AttachmentStore
from mailgate.store.columns import marks
from mailgate.store.db import Db

MOST = 20  # findings of each check that are listed


@dataclass(frozen=True, slots=True)
class Check:
    """One check: its name and what it found wrong, at most `MOST` sentences."""

    name: str
    problems: tuple[str, ...]


# Column of a ticket, kinds of the events that set it, the member of an opening that holds it.
_SAID = (
    ("status", ("status-changed",), "ticket {0} is {1}, and its events end with {2}"),
    ("department", ("transferred",), "ticket {0} is in {1}, and its events end with {2}"),
    ("assignee", ("assigned", "released"), "ticket {0} is assigned to {1}, and its events end with {2}"),
)


def _events(db: Db, column: str, kinds: tuple[str, ...], text: str) -> Iterator[str]:
    """Tickets of which a column differs from what the newest event of some kinds says."""
    rows = db.all(
        f'SELECT t.number, t.{column} AS has, t.assignee_kind, e.kind, e."after" AS said FROM ticket t'  # noqa: S608
        " LEFT JOIN event e ON e.id = (SELECT max(id) FROM event"
        f" WHERE ticket = t.number AND kind IN ('opened', {marks(kinds)})) ORDER BY t.number",
        kinds,
    )
    for row in rows:
        said = json.loads(row["said"]) if row["said"] else None
        if row["kind"] == "opened" and said is not None:
            said = said.get(column)
        has = {row["assignee_kind"]: row["has"]} if column == "assignee" and row["has"] is not None else row["has"]
        if said != has:
            yield text.format(row["number"], _compact(has), _compact(said))


def _compact(value: object) -> object:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")) if isinstance(value, dict) else value


# Name, sentence, and a query for the rows that break the promise: its columns fill the sentence.
_RULES: tuple[tuple[str, str, str], ...] = (
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
    integrity = _checked("integrity", db.damage(MOST))
    if integrity.problems:
        return [integrity]  # nothing else can be relied on
    return [
        integrity,
        _checked("references", db.dangling()),
        *(_checked(f"{column} of tickets", _events(db, column, kinds, text)) for column, kinds, text in _SAID),
        *(_checked(name, (text.format(*row) for row in db.all(sql))) for name, text, sql in _RULES),
        _checked("large mails", _raw_files(db)),
        _checked("attachments", _attachments(db, attachments)),
    ]


def _checked(name: str, problems: Iterator[str]) -> Check:
    first = tuple(islice(problems, MOST))
    return Check(name, (*first, "and more") if next(problems, None) else first)


def _raw_files(db: Db) -> Iterator[str]:
    for row in db.all("SELECT i.id, r.file FROM raw r JOIN inbox i ON i.raw_id = r.id WHERE r.file IS NOT NULL"):
        path = db.files.path(row["file"])
        if not path.is_file():
            yield f"the bytes of mail {row['id']} are gone: {path}"


def _attachments(db: Db, attachments: AttachmentStore) -> Iterator[str]:
    """Files that entries name, and mails on their way out."""
    rows = db.all(
        f"SELECT 'ticket ' || ticket AS owner, {db.member('value', 'sha256')} AS sha256,"  # noqa: S608
        f" {db.member('value', 'size')} AS size FROM entry, {db.elements('attachments')} WHERE attachments <> '[]'"
        f" UNION ALL SELECT 'outgoing mail ' || outgoing.id, {db.member('value', 1)}, {db.member('value', 2)}"
        f" FROM outgoing JOIN outbox USING (id), {db.elements('files')}"
        " WHERE files <> '[]' AND state IN ('queued', 'sending')"
    )
    for owner, sha256, wanted in rows:
        path = attachments.path(sha256)
        size = path.stat().st_size if path.is_file() else None
        if size != int(wanted):
            state = "is gone" if size is None else f"has {size} bytes of {wanted}"
            yield f"an attachment of {owner} {state}: {path}"
