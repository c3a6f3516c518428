"""SQL of the outbox: finished mail that waits for the relay.

It keeps order and state; when to try again and when to give up is judged elsewhere.

Mail about one ticket to one recipient goes out in the order in which it was written: the oldest unsent row of such a
lane blocks the later ones. Mail about no ticket has no lane. Rows are `queued`, `sending` while a node has them in
hand, and end as `sent`, `failed` or `dropped`. Attempts are counted at the claim.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from mailgate.errors import NotFound
from mailgate.notice import FilePart, NoticeKind, Outgoing
from mailgate.store.columns import moment, storable
from mailgate.store.db import Db
from mailgate.ticket import Queued

WAITING = ("queued", "sending", "failed")  # states in which an administrator may look for a mail
LARGE = 1_000_000  # bytes; the number stands in the schema too
_AT_ONCE = 0.0  # the due time of an urgent mail
# Queued, and nothing earlier of its lane unsent. A NULL ticket equals nothing, so it makes no lane.
_FREE = (
    "one.state = 'queued' AND NOT EXISTS ("
    "SELECT 1 FROM outbox AS earlier WHERE earlier.recipient = one.recipient AND earlier.ticket = one.ticket"
    " AND earlier.id < one.id AND earlier.state IN ('queued', 'sending'))"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One row in hand of a relay connection."""

    id: int
    kind: NoticeKind
    ticket: int | None
    cause: str
    mail_from: str  # "" is the null sender
    recipient: str
    agent: str
    message_id: str
    subject: str
    data: bytes = field(repr=False)  # without the content of the files
    files: tuple[FilePart, ...]
    size: int  # bytes of the whole
    attempts: int  # this one included
    created_at: datetime
    urgent: bool = False  # an administrator wants it tried now, whatever state its relay is in

    @property
    def large(self) -> bool:
        """Whether it takes so long to send that others must not wait for it."""
        return self.size > LARGE


def add(db: Db, outgoing: Iterable[Outgoing], now: datetime, *, inbox_id: int | None = None) -> None:
    """Put mails into the outbox, due at once, or when quiet hours end.

    What waits for that goes out at once with the next mail of its lane that does not wait: an urgent one would stand
    behind it until the morning, and order holds. A mail with the same cause, kind and recipient as one that is there
    already is the same notice composed again by a redo: it is not written twice. `inbox_id`: the mail that caused them.
    """
    at, mails = now.timestamp(), list(outgoing)
    for mail in mails:
        db.send(
            "INSERT INTO outbox (ticket, inbox_id, kind, cause, mail_from, recipient, agent, message_id, subject,"
            " size, created_at, next_attempt_at, readers, names) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (cause, kind, recipient) DO NOTHING",
            [
                mail.ticket,
                inbox_id,
                mail.kind.value,
                mail.cause,
                mail.mail_from,
                mail.recipient,
                mail.agent,
                mail.message_id,
                storable(mail.subject),
                mail.size,
                at,
                mail.not_before.timestamp() if mail.not_before else at,
                None if mail.readers is None else json.dumps([*mail.readers]),
                json.dumps([*mail.names]),
            ],
        )
        files = json.dumps([[file.at, file.sha256, file.size] for file in mail.files])
        db.send(
            "INSERT INTO outgoing (id, at, data, files) SELECT id, ?, ?, ? FROM outbox"
            " WHERE cause = ? AND kind = ? AND recipient = ? AND message_id = ? AND state = 'queued'"
            " ON CONFLICT DO NOTHING",
            [at, mail.data, files, mail.cause, mail.kind.value, mail.recipient, mail.message_id],
        )
    db.many(
        # "IN (…)" as in the index of lanes: else SQLite reads every notice that the ticket ever had.
        "UPDATE outbox SET next_attempt_at = ? WHERE recipient = ? AND ticket = ? AND state IN ('queued', 'sending')"
        " AND state = 'queued' AND attempts = 0 AND next_attempt_at > ?",
        [(at, mail.recipient, mail.ticket, at) for mail in mails if mail.agent and mail.not_before is None],
    )


@dataclass(frozen=True, slots=True)
class Waiting:
    """An alert about a ticket that was written for a later time and not tried yet."""

    id: int
    ticket: int
    kind: NoticeKind
    written: datetime
    due: datetime


def waiting_for(db: Db, agent: str, until: datetime) -> list[Waiting]:
    """Alerts to an agent that were put off to a time up to `until`, oldest first."""
    rows = db.all(
        "SELECT id, ticket, kind, created_at, next_attempt_at FROM outbox WHERE state = 'queued' AND agent = ?"
        " AND attempts = 0 AND ticket IS NOT NULL AND next_attempt_at > created_at AND next_attempt_at <= ?"
        " ORDER BY id",
        [agent, until.timestamp()],
    )
    return [Waiting(id_, ticket, NoticeKind(kind), moment(at), moment(due)) for id_, ticket, kind, at, due in rows]


def send_now(db: Db, ids: Sequence[int], now: datetime) -> None:
    """Make queued mails due."""
    db.many(
        "UPDATE outbox SET next_attempt_at = ? WHERE id = ? AND state = 'queued'", [(now.timestamp(), i) for i in ids]
    )


def replaced(db: Db, ids: Sequence[int], now: datetime) -> None:
    """Never send these queued mails: another one stands for them."""
    db.many(
        "UPDATE outbox SET state = 'dropped', next_attempt_at = ?, last_error = ? WHERE id = ? AND state = 'queued'",
        [(now.timestamp(), "one mail stands for all that waited", id_) for id_ in ids],
    )


def claim(db: Db, now: datetime, limit: int, *, large: int | None = None, urgent: bool = False) -> list[Job]:
    """Take up to `limit` due rows, at most one of each lane, and count the attempt.

    `large`: how many of them may be over LARGE; None for all. `urgent`: only those of `retry`.
    """
    at, most = _AT_ONCE if urgent else now.timestamp(), limit if large is None else min(large, limit)
    due = f"SELECT id, next_attempt_at AS at FROM outbox AS one WHERE {_FREE} AND next_attempt_at <= ?"  # noqa: S608
    order = "ORDER BY next_attempt_at, id LIMIT ?"
    both = (f"SELECT * FROM ({due} AND size {of} {LARGE} {order}) AS due" for of in ("<=", ">"))  # noqa: S608
    rows = db.all(" UNION ALL ".join(both), [at, limit, at, most])
    if not rows:
        return []
    ids = db.values(row["id"] for row in sorted(rows, key=lambda row: (row["at"], row["id"]))[:limit])
    claimed = f"UPDATE outbox SET state = 'sending', attempts = attempts + 1, node = ? WHERE id {db.any_of}"  # noqa: S608
    db.send(claimed, [db.node.number, ids])
    rows = db.all(f"SELECT * FROM outbox JOIN outgoing USING (id) WHERE id {db.any_of} ORDER BY id", [ids])  # noqa: S608
    return [_job(row) for row in rows]


def _job(row: Any) -> Job:
    return Job(
        id=row["id"],
        kind=NoticeKind(row["kind"]),
        ticket=row["ticket"],
        cause=row["cause"],
        mail_from=row["mail_from"],
        recipient=row["recipient"],
        agent=row["agent"],
        message_id=row["message_id"],
        subject=row["subject"],
        data=row["data"],
        files=_files(row["files"]),
        size=row["size"],
        attempts=row["attempts"],
        created_at=moment(row["created_at"]),
        urgent=row["next_attempt_at"] == _AT_ONCE,
    )


def _files(text: str) -> tuple[FilePart, ...]:
    return tuple(FilePart(*each) for each in json.loads(text))


def sent(db: Db, answers: Sequence[tuple[int, str]], now: datetime) -> None:
    """The relay has them: (id, its own words)."""
    db.many(
        "UPDATE outbox SET state = 'sent', sent_at = ?, answer = ? WHERE id = ?",
        [(now.timestamp(), storable(answer), id_) for id_, answer in answers],
    )


def later(db: Db, rows: Sequence[tuple[int, datetime, str]]) -> None:
    """Try these again: (id, when, what was said)."""
    db.many(
        "UPDATE outbox SET state = 'queued', next_attempt_at = ?, last_error = ? WHERE id = ? AND state = 'sending'",
        [(when.timestamp(), storable(error), id_) for id_, when, error in rows],
    )


def put_off(db: Db, rows: Sequence[tuple[int, datetime]]) -> None:
    """Give rows back that no relay takes before a time: (id, when). The attempt is uncounted."""
    db.many(
        "UPDATE outbox SET state = 'queued', attempts = attempts - 1, next_attempt_at = ?"
        " WHERE id = ? AND state = 'sending'",
        [(when.timestamp(), id_) for id_, when in rows],
    )


def hurry(db: Db, now: datetime) -> None:
    """What was tried and waits for its next try is due now: the cause of its failure may be gone."""
    at = now.timestamp()
    db.send(
        "UPDATE outbox SET next_attempt_at = ? WHERE state = 'queued' AND attempts > 0 AND next_attempt_at > ?",
        [at, at],
    )


def unclaim(db: Db, ids: Sequence[int]) -> None:
    """Give rows back that were not tried after all, the attempt uncounted."""
    db.many(
        "UPDATE outbox SET state = 'queued', attempts = attempts - 1 WHERE id = ? AND state = 'sending'",
        [(id_,) for id_ in ids],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A mail that the relay refused for good, of which nobody was told yet."""

    id: int
    kind: NoticeKind
    ticket: int | None
    cause: str
    recipient: str
    agent: str
    answer: str
    of_message: bool  # it was the message that was refused, not its recipient
    dead: bool  # the address is no mailbox any more
    names: tuple[int, ...] = ()  # tickets that it names beside its own


def failed(db: Db, rows: Sequence[tuple[int, str, bool, bool]]) -> None:
    """Given up: (id, what was said, was it the message, is the address dead). Somebody is to be told.

    A mail that was erased while it was sent is nothing to tell of.
    """
    db.many(
        "UPDATE outbox SET state = 'failed', last_error = ? WHERE id = ?",
        [(storable(answer), id_) for id_, answer, *_ in rows],
    )
    db.many(
        "INSERT INTO refused (outbox_id, answer, of_message, dead) SELECT id, ?, ?, ? FROM outbox WHERE id = ?"
        " ON CONFLICT DO NOTHING",
        [(storable(answer), int(of_message), int(dead), id_) for id_, answer, of_message, dead in rows],
    )


def refused(db: Db, limit: int) -> list[Refused]:
    """Mails that were given up and of which nobody was told yet, oldest first."""
    rows = db.all(
        "SELECT o.id, o.kind, o.ticket, o.cause, o.recipient, o.agent, o.names, r.answer, r.of_message, r.dead"
        " FROM refused r JOIN outbox o ON o.id = r.outbox_id ORDER BY r.outbox_id LIMIT ?",
        [limit],
    )
    return [
        Refused(
            id=row["id"],
            kind=NoticeKind(row["kind"]),
            ticket=row["ticket"],
            cause=row["cause"],
            recipient=row["recipient"],
            agent=row["agent"],
            answer=row["answer"],
            of_message=bool(row["of_message"]),
            dead=bool(row["dead"]),
            names=tuple(json.loads(row["names"])),
        )
        for row in rows
    ]


def told(db: Db, outbox_id: int) -> None:
    """Whoever has to know of a refusal knows."""
    db.send("DELETE FROM refused WHERE outbox_id = ?", [outbox_id])


def release(db: Db) -> int:
    """What a node had in hand that is no more is queued again; how many."""
    return db.run(
        "UPDATE outbox SET state = 'queued' WHERE state = 'sending' AND node NOT IN (SELECT number FROM node)"
    )


def release_own(db: Db) -> None:
    """At start: `release`, and so is what `db.node` had in hand before."""
    release(db)
    db.send("UPDATE outbox SET state = 'queued' WHERE state = 'sending' AND node = ?", [db.node.number])


def next_due(db: Db, *, large: bool = True) -> datetime | None:
    """When the next row is due that nothing earlier of its lane keeps back; None when none waits.

    Without `large`, rows over LARGE do not count.
    """
    which = _FREE if large else f"{_FREE} AND size <= {LARGE}"
    row = db.one(f"SELECT next_attempt_at AS at FROM outbox AS one WHERE {which} ORDER BY next_attempt_at, id LIMIT 1")  # noqa: S608
    return None if row is None else moment(row["at"])


def waiting(db: Db) -> list[Queued]:
    """Mail on its way out, and what was given up, oldest first."""
    return [
        _queued(row)
        for row in db.all(
            "SELECT * FROM outbox WHERE state IN ('queued', 'sending')"
            " UNION ALL SELECT * FROM outbox WHERE state = 'failed' ORDER BY id"
        )
    ]


def item(db: Db, outbox_id: int) -> Queued:
    """One row, in whatever state. Raises NotFound."""
    row = db.one("SELECT * FROM outbox WHERE id = ?", [outbox_id])
    if row is None:
        raise NotFound(f"no outgoing mail {outbox_id}")
    return _queued(row)


def content(db: Db, outbox_id: int) -> tuple[bytes, tuple[FilePart, ...]]:
    """An outgoing mail without the content of its files, and where these belong. Raises NotFound."""
    item(db, outbox_id)
    row = db.one("SELECT data, files FROM outgoing WHERE id = ?", [outbox_id])
    if row is None:
        raise NotFound(f"the content of outgoing mail {outbox_id} is not kept any more (keep_sent)")
    return bytes(row["data"]), _files(row["files"])


def forget_content(db: Db, before: datetime, limit: int) -> int:
    """Delete the bytes of up to `limit` mails that were written before a time and have ended; how many.

    Their rows stay: what was sent to whom, when, and the relay's answer.
    """
    return db.run(
        "DELETE FROM outgoing WHERE id IN (SELECT outgoing.id FROM outgoing JOIN outbox USING (id)"
        " WHERE state IN ('sent', 'failed', 'dropped') AND at < ? ORDER BY at LIMIT ?)",
        [before.timestamp(), limit],
    )


def _queued(row: Any) -> Queued:
    return Queued(
        id=row["id"],
        state=row["state"],
        reason=row["kind"],
        attempts=row["attempts"],
        next_attempt_at=moment(row["next_attempt_at"] or row["created_at"]) if row["state"] == "queued" else None,
        last_error=row["last_error"],
        from_=row["mail_from"],
        to=(row["recipient"],),
        subject=row["subject"],
        size=row["size"],
        received_at=moment(row["created_at"]),
    )


def withdraw(db: Db, agents: Collection[str], now: datetime) -> None:
    """Never send what is queued for any other agent than these: who has left hears nothing more."""
    db.send(
        "UPDATE outbox SET state = 'dropped', next_attempt_at = ?, last_error = 'its reader is no agent any more'"  # noqa: S608
        f" WHERE state = 'queued' AND agent <> '' AND agent {db.none_of}",
        [now.timestamp(), db.values(sorted(agents))],
    )


def retry(db: Db, outbox_id: int) -> None:
    """Try a queued or failed mail at once, as if for the first time, also while its relay rests. Raises NotFound."""
    changed = db.run(
        "UPDATE outbox SET state = 'queued', attempts = 0, next_attempt_at = ?"
        " WHERE id = ? AND state IN ('queued', 'failed') AND id IN (SELECT id FROM outgoing)",
        [_AT_ONCE, outbox_id],
    )
    if not changed:
        content(db, outbox_id)  # says why, where its bytes are not kept any more
        raise NotFound(f"no mail {outbox_id} waits in the outbox or has failed")


def drop(db: Db, outbox_id: int, now: datetime) -> None:
    """Never send a queued or failed mail. Raises NotFound."""
    sql = "UPDATE outbox SET state = 'dropped', next_attempt_at = ?, last_error = 'by the administrator' WHERE id = ?"
    if not db.run(f"{sql} AND state IN ('queued', 'failed')", [now.timestamp(), outbox_id]):
        raise NotFound(f"no mail {outbox_id} waits in the outbox or has failed")


def counts(db: Db) -> dict[str, int]:
    """How many rows are `queued`, `sending` and `failed`; and `untold`: failed, and nobody knows yet."""
    places = {state: f"outbox WHERE state = '{state}'" for state in WAITING} | {"untold": "refused"}
    rows = {name: db.one(f"SELECT count(*) AS n FROM {place}") for name, place in places.items()}  # noqa: S608
    return {name: row["n"] if row else 0 for name, row in rows.items()}
