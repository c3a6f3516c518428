"""Gives free pages of the database back to the file system."""

from __future__ import annotations

from mailgate.store.db import Db

RESERVE = 20  # one page in so many stays free, to be used again: else a busy desk gives back what it takes next
LEAST = 256  # pages


def give_back(db: Db, pages: int) -> bool:
    """Give up to `pages` free pages back, in the transaction that runs; whether more are left.

    Does nothing in a database from before this was possible: `database migrate` rewrites it.
    """
    total, free = (int((db.one(f"PRAGMA {name}") or [0])[0]) for name in ("page_count", "freelist_count"))
    spare = free - max(total // RESERVE, LEAST)
    if spare <= 0 or (db.one("PRAGMA auto_vacuum") or [0])[0] == 0:
        return False
    db.all(f"PRAGMA incremental_vacuum({min(spare, pages)})")
    return spare > pages
