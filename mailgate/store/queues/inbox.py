"""SQL of the inbox: mail that was taken and waits for its one transaction. What it means is decided elsewhere.

A row is `new` until a node claims it, `working` while that node works it, and ends as `done`,
`dropped`, `held` (an agent has to confirm it) or `quarantined` (a person has to look).
Tries are counted at the claim, before the work, so that a mail that kills the process
is known by its count. A mail that was tried before is worked alone. The bytes of a large
mail lie in a file (`mailgate.store.raw_files`); the row is what makes them a mail.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from mailgate.errors import NotFound
from mailgate.mail import Delivery, Envelope, Kept, Mail, normalise
from mailgate.reasons import Reason
from mailgate.store.columns import maybe_moment, moment, storable
from mailgate.store.db import Db, Row
from mailgate.store.raw_files import RawFiles
from mailgate.ticket import Queued

# In quarantine: of no concern; and what nobody has to look at, since anybody can send it and it is to be refused.
USUAL = (Reason.AUTO_REPLY_WITHOUT_TICKET, Reason.BANNED, Reason.BOUNCE_UNMATCHED, Reason.POSTMASTER_LIMIT)
SETTLED = (*USUAL, Reason.TRUST_REFUSED)
MAX_TRIES = 3
RETRY_FIRST, RETRY_MOST = timedelta(minutes=1), timedelta(hours=1)  # for a mail that waits for a file
CLAIM_BYTES = 16_000_000  # raw bytes that one batch may hold in memory
OVERSIZE = 1_000_000  # bytes; the number stands in the schema too. A larger mail has a lane of its own.
ASIDE = ("held", "quarantined")
WAITING = ("new", "working")
# The engine uses a partial index only where its own words are met, so the state stands twice where one of two is meant.
CLAIMED = "state IN ('new', 'working') AND state = 'working'"
_WAITING_LARGE = (
    f"SELECT id, from_email FROM inbox WHERE retry_at IS NULL AND state IN ('new', 'working') AND size > {OVERSIZE}"  # noqa: S608
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """A row of the inbox in work, and how its bytes are had."""

    id: int
    source: str
    source_key: str
    envelope: Envelope
    arrived_at: datetime
    authserv_ids: tuple[str, ...]
    quiet: bool
    login: str = ""  # key of the agent who logged in to hand it over
    mark: str = ""  # by which its mailbox marks it as spam
    tries: int  # this one included
    load: Callable[[], bytes] = field(repr=False)  # the bytes as they came; a large mail's are read from their file


def add(db: Db, deliveries: Sequence[Delivery], now: datetime) -> list[int]:
    """Store deliveries; the id of each. A source key seen before gives its old id and no second row."""
    keys = db.values(delivery.source_key for delivery in deliveries)
    known = {
        row["source_key"]: row["id"]
        for row in db.all(f"SELECT id, source_key FROM inbox WHERE source_key {db.any_of}", [keys])  # noqa: S608
    }
    for delivery in deliveries:
        if delivery.source_key not in known:
            known[delivery.source_key] = _insert(db, delivery, now)
    return [known[delivery.source_key] for delivery in deliveries]


def _insert(db: Db, delivery: Delivery, now: datetime) -> int:
    raw = delivery.raw
    stored = (None, raw.name) if isinstance(raw, Kept) else (raw, None)
    db.send("INSERT INTO raw (data, file) VALUES (?, ?)", stored)
    sender = delivery.envelope.sender
    return db.insert(
        "INSERT INTO inbox (source, source_key, raw_id, size, sender, recipients, authserv_ids, quiet,"
        " login, mark, arrived_at, received_at, from_email)"
        " VALUES (?, ?, (SELECT max(id) FROM raw), ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            delivery.source,
            delivery.source_key,
            len(delivery.raw),
            None if sender is None else storable(sender),
            json.dumps(delivery.envelope.recipients),
            json.dumps(delivery.authserv_ids),
            int(delivery.quiet),
            delivery.login,
            delivery.mark,
            delivery.arrived_at.timestamp(),
            now.timestamp(),
            storable(normalise(sender or "")),  # until the mail is read, so that `trace` finds it at once
        ],
    )


def claim(db: Db, limit: int, *, large: bool | None = None) -> list[Claimed]:
    """Take up to `limit` waiting rows, oldest arrival here first, and count the try.

    A batch holds about CLAIM_BYTES at most (one mail always fits), and a row that was
    tried before comes alone. `large`: only those over OVERSIZE, which come alone too, or
    only the others, of which nobody's overtakes a large one of the same sender. Nor does any
    overtake one of the same sender that another node has claimed.
    """
    if large:
        rows = db.all(f"{_WAITING_LARGE} AND state = 'new' ORDER BY id LIMIT ?", [1 if db.node.alone else limit])
        elsewhere = _elsewhere(db, rows)
        return _take(db, [row["id"] for row in rows if row["from_email"] not in elsewhere][:1])
    behind = {row["from_email"]: row["id"] for row in reversed(db.all(_WAITING_LARGE))} if large is False else {}
    batch: list[int] = []
    size = 0
    rows = db.all(
        "SELECT id, size, tries, from_email FROM inbox WHERE state IN ('new', 'working') AND state = 'new'"
        " AND retry_at IS NULL AND (? OR size <= ?) ORDER BY id LIMIT ?",
        [large is None, OVERSIZE, limit],
    )
    elsewhere = _elsewhere(db, rows)
    for row in rows:
        if row["from_email"] and row["id"] > behind.get(row["from_email"], row["id"]):
            continue
        if row["from_email"] in elsewhere:
            continue
        size += row["size"]
        if batch and (row["tries"] or size > CLAIM_BYTES):
            break
        batch.append(row["id"])
        if row["tries"]:
            break
    return _take(db, batch)


def _elsewhere(db: Db, rows: Sequence[Row]) -> set[str]:
    """The senders of mails before the last of `rows` that another node has claimed; "" where none is known."""
    if db.node.alone or not rows:
        return set()
    claimed = f"SELECT from_email FROM inbox WHERE {CLAIMED} AND id < ? AND node <> ?"  # noqa: S608
    return {row["from_email"] for row in db.all(claimed, [rows[-1]["id"], db.node.number])}


def _take(db: Db, batch: Sequence[int]) -> list[Claimed]:
    if not batch:
        return []
    ids = db.values(batch)
    claimed = f"UPDATE inbox SET state = 'working', tries = tries + 1, node = ? WHERE id {db.any_of}"  # noqa: S608
    db.send(claimed, [db.node.number, ids])
    rows = db.all(
        "SELECT i.*, r.data, r.file FROM inbox i LEFT JOIN raw r ON r.id = i.raw_id"  # noqa: S608
        f" WHERE i.id {db.any_of} ORDER BY i.id",
        [ids],
    )
    return [_claimed(row, db.files) for row in rows]


def again(db: Db, inbox_id: int) -> Claimed:
    """A mail that was set aside, with its bytes. Raises NotFound."""
    row = db.one("SELECT i.*, r.data, r.file FROM inbox i JOIN raw r ON r.id = i.raw_id WHERE i.id = ?", [inbox_id])
    if row is None:
        raise NotFound(f"no stored mail {inbox_id}")
    return _claimed(row, db.files)


def with_message_id(db: Db, message_id: str, author: str, but: int) -> list[Claimed]:
    """The newest worked mails of an author under a Message-ID, as far as their bytes are still kept.

    One that failed three times was not worked.
    """
    if not message_id:
        return []
    rows = db.all(
        "SELECT i.*, r.data, r.file FROM inbox i JOIN raw r ON r.id = i.raw_id"
        " WHERE i.message_id = ? AND i.message_id <> '' AND i.from_email || '' = ? AND i.id <> ?"
        " AND i.reason <> ?"
        " ORDER BY i.id DESC LIMIT 3",  # || '': by the index of Message-IDs
        [storable(message_id), storable(author), but, Reason.POISON],
    )
    return [_claimed(row, db.files) for row in rows]


def _claimed(row: Any, files: RawFiles) -> Claimed:
    return Claimed(
        id=row["id"],
        source=row["source"],
        source_key=row["source_key"],
        envelope=Envelope(row["sender"], tuple(json.loads(row["recipients"]))),
        load=partial(files.read, row["file"]) if row["file"] else partial(bytes, row["data"] or b""),
        arrived_at=moment(row["arrived_at"]),
        authserv_ids=tuple(json.loads(row["authserv_ids"])),
        quiet=bool(row["quiet"]),
        login=row["login"],
        mark=row["mark"],
        tries=row["tries"],
    )


def unclaim(db: Db, inbox_ids: Sequence[int]) -> None:
    """Give rows back unworked, the try uncounted (a stop, or trouble that is not the mail's fault)."""
    db.many(
        "UPDATE inbox SET state = 'new', tries = tries - 1 WHERE id = ? AND state = 'working'",
        [(inbox_id,) for inbox_id in inbox_ids],
    )


def put_off(db: Db, inbox_id: int, now: datetime, error: str) -> datetime:
    """A mail cannot be worked because a file cannot be read, which is not its fault: when it is tried again.

    After a minute first, then after a quarter of its age, an hour at most.
    """
    row = db.one("SELECT received_at FROM inbox WHERE id = ?", [inbox_id])
    age = now - moment(row["received_at"]) if row else timedelta()
    at = now + min(max(age / 4, RETRY_FIRST), RETRY_MOST)
    db.send(
        "UPDATE inbox SET state = 'new', tries = CASE WHEN tries > 0 THEN tries - 1 ELSE 0 END, retry_at = ?,"
        " error = ? WHERE id = ?",
        [at.timestamp(), storable(error), inbox_id],
    )
    return at


def any_retry_due(db: Db, now: datetime) -> bool:
    """True when a mail that was put off may be tried again."""
    return db.one("SELECT 1 FROM inbox WHERE retry_at IS NOT NULL AND retry_at <= ?", [now.timestamp()]) is not None


def take_up_again(db: Db, now: datetime) -> None:
    """Mails that were put off until now wait like any other."""
    db.send("UPDATE inbox SET retry_at = NULL WHERE retry_at IS NOT NULL AND retry_at <= ?", [now.timestamp()])


def put_off_mails(db: Db) -> list[Queued]:
    """Mails that wait for a file that can be read again."""
    return [queued(row) for row in db.all("SELECT * FROM inbox WHERE retry_at IS NOT NULL ORDER BY id")]


def failed(db: Db, inbox_id: int, now: datetime, error: str, *, last: bool = False) -> bool:
    """Note a failed try; True when it was the last, by `last` or by its number, and the mail is quarantined now."""
    row = db.one("SELECT tries FROM inbox WHERE id = ?", [inbox_id])
    if row is None or last or row["tries"] >= MAX_TRIES:
        end(db, inbox_id, "quarantined", now, Reason.POISON, error=error)
        return True
    db.send("UPDATE inbox SET state = 'new', error = ? WHERE id = ?", [storable(error), inbox_id])
    return False


def end(
    db: Db,
    inbox_id: int,
    state: str,
    now: datetime,
    reason: str = "",
    *,
    mail: Mail | None = None,
    ticket: int | None = None,
    error: str = "",
    way: Sequence[str] = (),
    standing: str = "",
) -> None:
    """The mail was worked, and ends in one of four states; what was read of it is noted with it.

    `way`: what was found on the way there, each "step: text", for `trace`.

    `done`: it had its effect. `dropped`: it has none, and that is right so (a loop, a
    duplicate, a rule's `drop`). `held`: it waits for its agent's `#confirm`.
    `quarantined`: it is set aside whole for a person to look at; `error` says why.
    """
    db.send(
        "UPDATE inbox SET state = :state, reason = :reason, done_at = :now, retry_at = NULL,"
        " ticket = coalesce(:ticket, ticket), error = CASE WHEN :error = '' THEN error ELSE :error END,"
        " message_id = coalesce(:message_id, message_id), from_email = coalesce(:from_email, from_email),"
        " subject = coalesce(:subject, subject), way = coalesce(:way, way),"
        " standing = CASE WHEN :standing = '' THEN standing ELSE :standing END WHERE id = :id",
        {
            "id": inbox_id,
            "state": state,
            "reason": str(reason),
            "now": now.timestamp(),
            "ticket": ticket,
            "error": storable(error),
            "standing": standing,
            "message_id": storable(mail.message_id) if mail else None,
            "from_email": storable(mail.author.email) if mail else None,
            "subject": storable(mail.subject) if mail else None,
            "way": storable(json.dumps(way, ensure_ascii=False)) if way else None,
        },
    )


def describe(db: Db, inbox_id: int, *, from_email: str, subject: str, message_id: str) -> None:
    """Note what the header of a mail that could not be worked says, where nothing better is known."""
    db.send(
        "UPDATE inbox SET message_id = CASE WHEN message_id = '' THEN ? ELSE message_id END,"
        " subject = CASE WHEN subject = '' THEN ? ELSE subject END,"
        " from_email = CASE WHEN ? = '' THEN from_email ELSE ? END WHERE id = ?",
        [storable(message_id), storable(subject), storable(from_email), storable(from_email), inbox_id],
    )


def raw(db: Db, inbox_id: int) -> bytes:
    """The bytes of a mail as it came. Raises NotFound when they are not kept any more, and UnreadableFile."""
    row = db.one("SELECT r.data, r.file FROM inbox i JOIN raw r ON r.id = i.raw_id WHERE i.id = ?", [inbox_id])
    if row is None:
        raise NotFound(f"no stored mail {inbox_id}")
    return db.files.read(row["file"]) if row["file"] else bytes(row["data"])


def forget_raw(db: Db, before: datetime, limit: int) -> int:
    """Delete the bytes of up to `limit` mails that came before a time and ask for no look any more; how many.

    The file of a large one is named by no row then: it is swept away later.
    """
    return db.run(
        "DELETE FROM raw WHERE id IN (SELECT raw_id FROM inbox WHERE raw_id IS NOT NULL"  # noqa: S608
        f" AND (state IN ('done', 'dropped') OR (state = 'quarantined' AND reason {db.any_of}))"
        " AND received_at < ? ORDER BY received_at LIMIT ?)",
        [db.values(SETTLED), before.timestamp(), limit],
    )


def raw_files(db: Db) -> list[str]:
    """The files of large mails that rows name."""
    return [row["file"] for row in db.all("SELECT file FROM raw WHERE file IS NOT NULL ORDER BY file")]


def unnamed(db: Db, names: Iterable[str]) -> set[str]:
    """Those of these files of large mails that no row names."""
    wanted = f"SELECT value FROM {db.listed} WHERE value NOT IN (SELECT file FROM raw WHERE file IS NOT NULL)"  # noqa: S608
    return {row["value"] for row in db.all(wanted, [db.values(names)])}


def waiting(db: Db) -> list[Queued]:
    """Mail on its way in, oldest first."""
    return [queued(row) for row in db.all("SELECT * FROM inbox WHERE state IN ('new', 'working') ORDER BY id")]


def aside(db: Db) -> list[Queued]:
    """Mail that is held or quarantined, oldest first."""
    return [queued(row) for row in db.all("SELECT * FROM inbox WHERE state IN ('held', 'quarantined') ORDER BY id")]


def item(db: Db, inbox_id: int) -> Queued:
    """One row, in whatever state. Raises NotFound."""
    row = db.one("SELECT * FROM inbox WHERE id = ?", [inbox_id])
    if row is None:
        raise NotFound(f"no stored mail {inbox_id}")
    return queued(row)


def queued(row: Any) -> Queued:
    """A row as a mail of the queue."""
    return Queued(
        id=row["id"],
        state=row["state"],
        reason=row["reason"],
        attempts=row["tries"],
        next_attempt_at=maybe_moment(row["retry_at"]),
        last_error=row["error"],
        from_=row["from_email"] or row["sender"] or "",
        to=tuple(json.loads(row["recipients"])),
        subject=row["subject"],
        size=row["size"],
        received_at=moment(row["received_at"]),
    )


def retry(db: Db, inbox_id: int) -> None:
    """Work a mail that was set aside or put off once more, as if it had just come. Raises NotFound.

    That it was held as spam is known until then: it was released.
    """
    changed = db.run(
        "UPDATE inbox SET state = 'new', tries = 0, reason = '', error = '', done_at = NULL, retry_at = NULL"
        " WHERE id = ? AND raw_id IS NOT NULL AND (state IN ('held', 'quarantined') OR retry_at IS NOT NULL)",
        [inbox_id],
    )
    if not changed:
        raise NotFound(f"no mail {inbox_id} is held or quarantined")
    db.send("DELETE FROM held WHERE inbox_id = ? AND why <> ?", [inbox_id, Reason.SPAM])


def drop(db: Db, inbox_id: int, now: datetime) -> None:
    """End a mail that waits or was set aside, without effect. Raises NotFound."""
    changed = db.run(
        "UPDATE inbox SET state = 'dropped', reason = 'admin', done_at = ?, retry_at = NULL"
        " WHERE id = ? AND state IN ('new', 'held', 'quarantined')",
        [now.timestamp(), inbox_id],
    )
    if not changed:
        raise NotFound(f"no mail {inbox_id} waits, is held or quarantined")
    db.send("DELETE FROM held WHERE inbox_id = ?", [inbox_id])


def counts(db: Db) -> dict[str, int]:
    """How many rows wait (`new`, `working`) or lie aside (`held`, `quarantined`)."""
    found = dict.fromkeys((*WAITING, *ASIDE), 0)
    for states in ("('new', 'working')", "('held', 'quarantined')"):
        for row in db.all(f"SELECT state, count(*) AS n FROM inbox WHERE state IN {states} GROUP BY state"):  # noqa: S608
            found[row["state"]] = row["n"]
    return found
