"""SQL of how agents sign: signatures that were learned, and the endings of their newest mails."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime

from mailgate.store.columns import marks, storable
from mailgate.store.db import Db

ENDINGS = 20  # mails of an agent that are compared with a new one
KEPT = 10  # signatures of an agent, the ones last seen


def of_agents(db: Db, agents: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """The learned signatures of agents, by key."""
    wanted = sorted(set(agents))
    found: dict[str, tuple[str, ...]] = {}
    sql = f"SELECT agent, text FROM signature WHERE agent IN ({marks(wanted)}) ORDER BY at DESC"  # noqa: S608
    for agent, text in db.all(sql, wanted) if wanted else ():
        found[agent] = (*found.get(agent, ()), text)
    return found


def endings(db: Db, agent: str) -> tuple[tuple[str, ...], ...]:
    """The endings of an agent's newest mails, see `rules/text/signature.py`."""
    rows = db.all("SELECT lines FROM mail_ending WHERE agent = ? ORDER BY id DESC LIMIT ?", [agent, ENDINGS])
    return tuple(tuple(json.loads(row["lines"])) for row in rows)


def note_ending(db: Db, agent: str, lines: Sequence[str]) -> None:
    """Remember how a mail ended; the oldest of the agent is forgotten."""
    db.send("INSERT INTO mail_ending (agent, lines) VALUES (?, ?)", [agent, json.dumps([*lines])])
    db.send(
        "DELETE FROM mail_ending WHERE agent = ? AND id NOT IN"
        " (SELECT id FROM mail_ending WHERE agent = ? ORDER BY id DESC LIMIT ?)",
        [agent, agent, ENDINGS],
    )


def learn(db: Db, agent: str, text: str, at: datetime) -> None:
    """Remember a signature; those that were not seen for longest are forgotten."""
    db.send(
        "INSERT INTO signature (agent, text, at) VALUES (?, ?, ?)"
        " ON CONFLICT (agent, text) DO UPDATE SET at = excluded.at",
        [agent, storable(text), at.timestamp()],
    )
    db.send(
        "DELETE FROM signature WHERE agent = ? AND text NOT IN"
        " (SELECT text FROM signature WHERE agent = ? ORDER BY at DESC, text LIMIT ?)",
        [agent, agent, KEPT],
    )
