"""SQL of the trace: the way of each mail, a line a step.

What became of a mail stands in its row of the inbox or the outbox and is not written
twice: a query makes lines of those rows and puts those of the trace table between them.
Nothing here decides what is worth a line.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mailgate.mail import normalise
from mailgate.reasons import Reason
from mailgate.store.columns import moment, storable
from mailgate.store.db import Db

BEGINNING = moment(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One step of one mail. `address` is the other side, normalised."""

    at: datetime
    direction: str  # "in" or "out"
    step: str  # "arrived", "screened", "rule", "refused", "deferred", "sent", …
    text: str
    address: str = ""
    message_id: str = ""
    ticket: int | None = None
    inbox_id: int | None = None
    outbox_id: int | None = None


def add(db: Db, lines: Iterable[Line]) -> None:
    """Write lines."""
    db.many(
        "INSERT INTO trace (at, direction, inbox_id, outbox_id, ticket, address, message_id, step, text)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                line.at.timestamp(),
                line.direction,
                line.inbox_id,
                line.outbox_id,
                line.ticket,
                storable(line.address),
                storable(line.message_id),
                line.step,
                storable(line.text),
            )
            for line in lines
        ],
    )


def by_address(db: Db, address: str, since: datetime = BEGINNING) -> list[Line]:
    """Everything from and to an address, and what its mails caused, in order of time."""
    email = normalise(address)
    # Who was refused at RCPT has no row of their own: the refusal names them.
    refused = "step = 'refused' AND inbox_id IS NULL AND replace(lower(text), ' to ' || :it || ':', '') <> lower(text)"
    came = "(from_email = :it OR (from_email = '' AND lower(sender) = :it))"  # mail without From
    return _ways(db, f"(address = :it OR {refused})", came, "recipient = :it", email, since)


def by_message_id(db: Db, message_id: str, since: datetime = BEGINNING) -> list[Line]:
    """The way of one mail, in or out, and what it caused. Angle brackets may be left away."""
    wanted = f"<{message_id.strip().strip('<>')}>"
    same = "message_id = :it AND message_id <> ''"  # the second half lets the partial indexes serve
    return _ways(db, same, same, "message_id = :it", wanted, since)


def by_ticket(db: Db, number: int, since: datetime = BEGINNING) -> list[Line]:
    """Every mail about a ticket, both ways."""
    return _ways(db, "ticket = :it", "ticket = :it", "ticket = :it", number, since)


def recent(db: Db, since: datetime) -> list[Line]:
    """Everything since a time, both ways."""
    return _ways(db, "at >= :since", "received_at >= :since", "created_at >= :since", None, since)


def forget(db: Db, before: datetime, limit: int) -> int:
    """Delete up to `limit` lines older than a time; how many."""
    sql = "DELETE FROM trace WHERE id IN (SELECT id FROM trace WHERE at < ? ORDER BY at LIMIT ?)"
    return db.run(sql, [before.timestamp(), limit])


def _ways(db: Db, traced: str, came: str, went: str, it: object, since: datetime) -> list[Line]:
    # The three conditions are constants of this file; what people typed is bound.
    bound = {"it": it, "since": since.timestamp()}
    incoming = db.all(f"SELECT * FROM inbox WHERE {came} AND received_at >= :since", bound)  # noqa: S608
    caused = db.values(row["id"] for row in incoming)
    outgoing = db.all(
        f"SELECT * FROM outbox WHERE {went} AND created_at >= :since UNION"  # noqa: S608
        f" SELECT * FROM outbox WHERE inbox_id IS NOT NULL AND inbox_id {db.any_of.replace('?', ':caused')}",
        {**bound, "caused": caused},
    )
    steps = db.all(f"SELECT * FROM trace WHERE {traced} AND at >= :since ORDER BY id", bound)  # noqa: S608
    # Within one moment mail by mail; of each: arrived, what was found, how it ended, what it caused.
    lines = [line for row in incoming for line in _came(row)]
    lines += [_stored(row) for row in steps]
    lines += [line for row in incoming for line in _ended(row)]
    lines += [line for row in outgoing for line in _went(row)]
    return sorted(lines, key=lambda line: (line.at, line.inbox_id or 0))


def _stored(row: Any) -> Line:
    return Line(
        at=moment(row["at"]),
        direction=row["direction"],
        step=row["step"],
        text=row["text"],
        address=row["address"],
        message_id=row["message_id"],
        ticket=row["ticket"],
        inbox_id=row["inbox_id"],
        outbox_id=row["outbox_id"],
    )


def _came(row: Any) -> list[Line]:
    """Its arrival, and what was found on its way."""
    sender = "an unknown sender" if row["sender"] is None else f"<{row['sender']}>"
    recipients = ", ".join(json.loads(row["recipients"])) or "nobody named"
    arrived = f"{row['source']}, from {sender} to {recipients}, {row['size']} bytes"
    found = [_of(row, row["done_at"], step, text) for step, text in _way(row) if not _is_end(row, step, text)]
    return [_of(row, row["received_at"], "arrived", arrived), *found]


def _ended(row: Any) -> list[Line]:
    """How it ended: in the words of its way, which say why, where they are of this end."""
    if row["done_at"] is None:
        return []
    said = next((text for step, text in _way(row) if _is_end(row, step, text)), _end(row))
    return [_of(row, row["done_at"], row["state"], said)]


def _way(row: Any) -> Iterator[tuple[str, str]]:
    for each in json.loads(row["way"]) if row["done_at"] is not None else ():
        step, _, text = each.partition(": ")
        yield step, text


def _is_end(row: Any, step: str, text: str) -> bool:
    """Whether a step of its way is its end, not that of an earlier try."""
    return bool(step == row["state"] and text.partition(" ")[0] == row["reason"])


def _of(row: Any, at: float, step: str, text: str) -> Line:
    """A line about a mail in."""
    return Line(
        at=moment(at),
        direction="in",
        step=step,
        text=text,
        address=row["from_email"],
        message_id=row["message_id"],
        ticket=row["ticket"],
        inbox_id=row["id"],
    )


def _end(row: Any) -> str:
    """How a mail ended, and why."""
    reason = str(row["reason"])
    if row["state"] != "done":
        return reason
    if reason == Reason.NOTHING_NAMES_A_TICKET:
        return f"new ticket {row['ticket']}" if row["ticket"] else "about no ticket"
    return f"ticket {row['ticket']}, named by {reason}" if row["ticket"] and reason else reason


def _went(row: Any) -> list[Line]:
    def line(at: float, step: str, text: str) -> Line:
        return Line(
            at=moment(at),
            direction="out",
            step=step,
            text=text,
            address=row["recipient"],
            message_id=row["message_id"],
            ticket=row["ticket"],
            inbox_id=row["inbox_id"],
            outbox_id=row["id"],
        )

    lines = [line(row["created_at"], "written", f"{row['kind']} to {row['recipient']}")]
    if row["state"] == "sent":
        lines.append(line(row["sent_at"], "sent", row["answer"]))
    elif row["state"] in ("failed", "dropped"):
        lines.append(line(row["next_attempt_at"] or row["created_at"], row["state"], row["last_error"]))
    return lines
