"""Mail that is not sent yet and may never be: what waits for a later time, and what was given up."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mailgate.notice import NoticeKind
from mailgate.store.columns import storable
from mailgate.store.db import Db


@dataclass(frozen=True, slots=True)
class Unsent:
    """A mail that waits for a later time, or was given up and may be retried."""

    id: int
    kind: NoticeKind
    agent: str
    recipient: str
    message_id: str
    ticket: int  # 0 for none
    names: tuple[int, ...]  # other tickets


_UNSENT = (
    "SELECT id, kind, agent, recipient, message_id, ticket, names FROM outbox"
    " WHERE ((state = 'queued' AND next_attempt_at > ?) OR state = 'failed')"
)


def every(db: Db, now: datetime) -> list[Unsent]:
    """Every mail that waits for a later time, or was given up."""
    return [_unsent(row) for row in db.all(_UNSENT, [now.timestamp()])]


def about(db: Db, number: int, now: datetime) -> list[Unsent]:
    """Those of them that are about a ticket, or name it."""
    own = db.all(f"{_UNSENT} AND ticket = ?", [now.timestamp(), number])
    # The state stands once more in the words of the partial index.
    naming = db.all(f"{_UNSENT} AND state IN ('queued', 'failed') AND names <> '[]'", [now.timestamp()])
    return [*map(_unsent, own), *(each for each in map(_unsent, naming) if number in each.names)]


def _unsent(row: Any) -> Unsent:
    names = tuple(json.loads(row["names"]))
    return Unsent(
        row["id"], NoticeKind(row["kind"]), row["agent"], row["recipient"], row["message_id"], row["ticket"] or 0, names
    )


def withdraw(db: Db, rows: Sequence[tuple[int, str]]) -> None:
    """Never send these: (id, why)."""
    db.many(
        "UPDATE outbox SET state = 'dropped', last_error = ? WHERE id = ? AND state IN ('queued', 'failed')",
        [(storable(why), id_) for id_, why in rows],
    )
