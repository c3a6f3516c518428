"""Mail that is not sent yet and may never be: what waits for its time or the relay, and what was given up."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mailgate.notice import NoticeKind
from mailgate.store.columns import storable
from mailgate.store.db import Db


@dataclass(frozen=True, slots=True)
class Unsent:
    """A mail that waits, or was given up and may be retried."""

    id: int
    kind: NoticeKind
    agent: str
    recipient: str
    message_id: str
    ticket: int  # 0 for none
    names: tuple[int, ...]  # other tickets


_UNSENT = "SELECT id, kind, agent, recipient, message_id, ticket, names FROM outbox WHERE state IN ('queued', 'failed')"


def every(db: Db) -> list[Unsent]:
    """Every mail that waits for its time or the relay, or was given up."""
    return [_unsent(row) for row in db.all(_UNSENT)]


def about(db: Db, number: int) -> list[Unsent]:
    """Those of them that are about a ticket, or name it."""
    own = db.all(f"{_UNSENT} AND ticket = ?", [number])
    naming = db.all(f"{_UNSENT} AND names <> '[]'")
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
