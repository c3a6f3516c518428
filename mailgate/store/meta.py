"""SQL of the few facts about the database itself."""

from __future__ import annotations

from mailgate.store.db import Db

FINGERPRINT = "secret"  # of the secret that signs the keys of this database; missing in one that never was a desk's


def get(db: Db, key: str) -> str | None:
    """A fact, or None."""
    row = db.one("SELECT value FROM meta WHERE key = ?", [key])
    return None if row is None else str(row["value"])


def put(db: Db, key: str, value: str) -> None:
    """Note a fact."""
    db.send(
        "INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        [key, value],
    )
