"""The IMAP ledger: which messages of which folder were taken, and which are finished.

The only SQL for the `ledger` table. A `place` names one folder of one account; what its
first sight found is kept beside it in `meta`. Knows nothing of mail or servers.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from mailgate.store import meta
from mailgate.store.columns import marks
from mailgate.store.db import Db

SKIPPED = "skipped"  # there at the first sight and left alone
ACCEPTED = "accepted"  # durable here, not yet moved, flagged or deleted there
FINISHED = "finished"  # nothing left to do

_AT_ONCE = 500  # numbers in one query


@dataclass(frozen=True, slots=True)
class Sight:
    """A folder as it was last seen: its UIDVALIDITY, and how far its mail was left alone."""

    uidvalidity: int
    skipped_until: datetime | None = None  # newest arrival time among the messages left alone


def sight(db: Db, place: str) -> Sight | None:
    """How the folder was last seen; None when it never was."""
    known = meta.get(db, _key(place))
    if known is None:
        return None
    found = json.loads(known)
    until = found["skipped_until"]
    return Sight(found["uidvalidity"], datetime.fromisoformat(until) if until else None)


def note_sight(db: Db, place: str, seen: Sight, skipped: Iterable[int] = ()) -> None:
    """Remember a first sight, together with the messages that it leaves alone.

    A message that the ledger knows already keeps its state.
    """
    until = seen.skipped_until.isoformat() if seen.skipped_until else ""
    meta.put(db, _key(place), json.dumps({"uidvalidity": seen.uidvalidity, "skipped_until": until}))
    db.many(
        "INSERT INTO ledger (mailbox, uidvalidity, uid, state) VALUES (?, ?, ?, 'skipped') ON CONFLICT DO NOTHING",
        ((place, seen.uidvalidity, uid) for uid in skipped),
    )


def note(db: Db, place: str, uidvalidity: int, uids: Iterable[int], state: str) -> None:
    """Set the state of messages. What is finished stays finished."""
    db.many(
        "INSERT INTO ledger (mailbox, uidvalidity, uid, state) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (mailbox, uidvalidity, uid) DO UPDATE SET state = excluded.state"
        " WHERE ledger.state <> 'finished'",
        ((place, uidvalidity, uid, state) for uid in uids),
    )


def states(db: Db, place: str, uidvalidity: int, uids: Sequence[int]) -> dict[int, str]:
    """The state of those of `uids` that the ledger knows, and of every accepted one."""
    found = dict.fromkeys(accepted(db, place, uidvalidity), ACCEPTED)
    for start in range(0, len(uids), _AT_ONCE):
        some = uids[start : start + _AT_ONCE]
        rows = db.all(
            f"SELECT uid, state FROM ledger WHERE mailbox = ? AND uidvalidity = ? AND uid IN ({marks(some)})",  # noqa: S608
            (place, uidvalidity, *some),
        )
        found.update((row["uid"], row["state"]) for row in rows)
    return found


def accepted(db: Db, place: str, uidvalidity: int) -> list[int]:
    """Messages that are durable here and still wait to be moved, flagged or deleted there."""
    rows = db.all(
        "SELECT uid FROM ledger WHERE mailbox = ? AND uidvalidity = ? AND state = 'accepted' ORDER BY uid",
        (place, uidvalidity),
    )
    return [row["uid"] for row in rows]


def _key(place: str) -> str:
    return f"imap:{place}"
