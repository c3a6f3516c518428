"""Upkeep of a desk's data: deletes what is past its retention ([storage] keep_…) and gives space back.

It goes in small portions, each a transaction of its own, because mail waits while one runs.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from mailgate.settings import Storage
from mailgate.store.attachments import AttachmentStore, named
from mailgate.store.db import Db
from mailgate.store.people import audience
from mailgate.store.queues import inbox, outbox, trace
from mailgate.store.tickets import erase, search
from mailgate.system.lock import remove_files

MAILS = 200  # whose bytes are deleted in one transaction
TICKETS = 20  # erased in one transaction
LINES = 5000  # of the trace
PAGES = 256  # of the database, given back in one transaction
KEEP_CONTACTS = timedelta(days=7)

Portion = Callable[[Db, Storage, datetime], bool]


def _raw(db: Db, storage: Storage, now: datetime) -> bool:
    return inbox.forget_raw(db, now - storage.keep_raw, MAILS) == MAILS


def _sent(db: Db, storage: Storage, now: datetime) -> bool:
    return outbox.forget_content(db, now - storage.keep_sent, MAILS) == MAILS


def _closed(db: Db, storage: Storage, now: datetime) -> bool:
    if storage.keep_closed is None:
        return False
    numbers = erase.closed_before(db, now - storage.keep_closed, TICKETS)
    erase.erase(db, numbers)
    return len(numbers) == TICKETS


def _trace(db: Db, storage: Storage, now: datetime) -> bool:
    return trace.forget(db, now - storage.keep_trace, LINES) == LINES


def _contacts(db: Db, _: Storage, now: datetime) -> bool:
    audience.forget_first_contacts(db, now - KEEP_CONTACTS)
    return False


def _words(db: Db, _: Storage, now: datetime) -> bool:
    return search.purge(db, now)


def _space(db: Db, _: Storage, __: datetime) -> bool:
    return db.give_back(PAGES)


# Each does a portion in the transaction that it is called in, and returns whether more is left.
PORTIONS: tuple[Portion, ...] = (_raw, _sent, _closed, _trace, _contacts, _words, _space)


def unnamed(db: Db, digests: set[str]) -> set[str]:
    """Those of the attachments that no row names."""
    return digests - {*named(db)}


def sweep(attachments: AttachmentStore, unnamed: set[str], now: float, database: Path) -> None:
    """Remove old attachments that no row names; none while a backup copies files. `now`: seconds since 1970 UTC."""
    with remove_files(database) as free:
        if free:
            attachments.sweep(unnamed, now)
