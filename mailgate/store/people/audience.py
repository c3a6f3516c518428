"""SQL of the people outside the desk: how much automatic mail they got, whether they are proven, what they opened."""

from __future__ import annotations

from datetime import datetime

from mailgate.notice import AUTOMATIC_KINDS, NoticeKind
from mailgate.store.columns import marks
from mailgate.store.db import Db
from mailgate.store.tickets import tickets
from mailgate.ticket import Ticket

_AUTOMATIC = tuple(sorted(AUTOMATIC_KINDS))
# What nobody else's mail caused: a proven mail, an order, a timer.
_TRUSTED = "(inbox_id IS NULL OR inbox_id IN (SELECT id FROM inbox WHERE standing = 'proven'))"


def automatic_to(db: Db, email: str, since: datetime, *, trusted: bool) -> int:
    """How many automatic mails were written to one requester since a time.

    `trusted`: without those that a mail caused which nothing proved.
    """
    return _automatic(db, "recipient = ?", email, since, trusted=trusted)


def automatic_about(db: Db, number: int, since: datetime, *, trusted: bool) -> int:
    """How many automatic mails to requesters a ticket caused since a time; `trusted` as above."""
    return _automatic(db, "ticket = ?", number, since, trusted=trusted)


def _automatic(db: Db, which: str, value: str | int, since: datetime, *, trusted: bool) -> int:
    caused = _TRUSTED if trusted else "1 = 1"
    row = db.one(
        f"SELECT count(*) FROM outbox WHERE {which} AND created_at > ? AND kind IN ({marks(_AUTOMATIC)}) AND {caused}",  # noqa: S608
        [value, since.timestamp(), *_AUTOMATIC],
    )
    return int(row[0]) if row else 0


def first_contacts(db: Db, since: datetime) -> int:
    """How many first-time requesters were answered automatically since a time.

    Rows are written in order of time and forgotten from the oldest on, so their ids count
    them: no scan, however high the limit is.
    """
    row = db.one(
        "SELECT (SELECT max(id) FROM first_contact)"
        " - (SELECT id FROM first_contact WHERE at > ? ORDER BY at LIMIT 1) + 1",
        [since.timestamp()],
    )
    return int(row[0] or 0) if row else 0


def note_first_contact(db: Db, email: str, now: datetime) -> None:
    """A first-time requester is answered automatically."""
    number = "(SELECT coalesce(max(id), 0) + 1 FROM first_contact)"  # without gaps, since ids are counted
    db.send(f"INSERT INTO first_contact (id, at, email) VALUES ({number}, ?, ?)", [now.timestamp(), email])  # noqa: S608


def forget_first_contacts(db: Db, before: datetime) -> None:
    """Forget first contacts that no limit counts any more."""
    db.send("DELETE FROM first_contact WHERE at < ?", [before.timestamp()])


def note_proven(db: Db, email: str, now: datetime) -> None:
    """The owner of the address has shown themselves."""
    db.send("INSERT INTO proven (email, at) VALUES (?, ?) ON CONFLICT DO NOTHING", [email, now.timestamp()])


def is_proven(db: Db, email: str) -> bool:
    """True when the owner of the address has shown themselves before."""
    return db.one("SELECT 1 FROM proven WHERE email = ?", [email]) is not None


def told_since(db: Db, kind: NoticeKind, email: str, since: datetime) -> bool:
    """True when a notice of this kind went to the address since a time."""
    sql = "SELECT 1 FROM outbox WHERE recipient = ? AND kind = ? AND created_at > ? LIMIT 1"
    return db.one(sql, [email, kind.value, since.timestamp()]) is not None


def passed_since(db: Db, email: str, since: datetime) -> int:
    """How many incoming mails became a notice to the administrator since a time."""
    sql = "SELECT count(*) FROM outbox WHERE recipient = ? AND kind = ? AND created_at > ? AND inbox_id IS NOT NULL"
    row = db.one(sql, [email, NoticeKind.ADMIN.value, since.timestamp()])
    return int(row[0]) if row else 0


def of_requesters(db: Db, typed: str) -> list[Ticket]:
    """The newest ticket of each requester whose name or address holds the first word of `typed`, oldest first."""
    word = next(iter(typed.split()), "")
    like = "%" + "".join(f"\\{mark}" if mark in "%_\\" else mark for mark in word) + "%"
    # LIKE folds the case of ASCII letters alone; for others everybody may be meant.
    held = "requester_name LIKE ? ESCAPE '\\' OR requester_email LIKE ? ESCAPE '\\'" if word.isascii() else "1 = 1"
    sql = f"SELECT max(number) FROM ticket WHERE {held} GROUP BY requester_email, department"  # noqa: S608
    rows = db.all(sql, [like, like] if word.isascii() else [])
    return sorted(tickets.get_many(db, [row[0] for row in rows]).values(), key=lambda ticket: ticket.number)


def opened_since(db: Db, email: str, since: datetime) -> set[int]:
    """The newest tickets that an address has opened since a time, two hundred at most."""
    sql = "SELECT number FROM ticket WHERE requester_email = ? AND created_at >= ? ORDER BY number DESC LIMIT 200"
    return {row["number"] for row in db.all(sql, [email, since.timestamp()])}
