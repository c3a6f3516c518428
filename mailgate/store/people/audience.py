"""What the store knows about who reads a ticket, and how much automatic mail went out."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from mailgate.notice import NoticeKind
from mailgate.rules.notices.audience import Audience
from mailgate.store.columns import marks
from mailgate.store.db import Db
from mailgate.store.people import absences
from mailgate.store.tickets import merged, tickets
from mailgate.ticket import Entry, Ticket

# Kinds that answer a requester by themselves; a person's reply never counts against a limit.
AUTOMATIC = (
    NoticeKind.ACKNOWLEDGEMENT,
    NoticeKind.FOLLOW_UP_RECEIVED,
    NoticeKind.STATUS_CHANGED,
    NoticeKind.LIMIT_REACHED,
    NoticeKind.REJECTED,
)
# Alerts that show the thread.
ALERTS = (
    NoticeKind.NEW_TICKET,
    NoticeKind.NEW_MESSAGE,
    NoticeKind.COLLEAGUE_REPLY,
    NoticeKind.NOTE,
    NoticeKind.ASSIGNED,
    NoticeKind.TRANSFERRED,
    NoticeKind.OVERDUE,
    NoticeKind.ESCALATED,
    NoticeKind.REMINDER,
)


def audience(db: Db, number: int, now: datetime, *, newest: int = 6) -> Audience:
    """Who has had which mail about a ticket, its latest entries, newest first, and who is away at `now`."""
    last_sent: dict[str, str] = {}
    alerted: dict[str, None] = {}
    sql = "SELECT recipient, agent, kind, message_id FROM outbox WHERE ticket = ? ORDER BY id"
    for row in db.all(sql, [number]):
        last_sent[row["recipient"]] = row["message_id"]
        if row["agent"] and row["kind"] in ALERTS:
            alerted[row["agent"]] = None
    history = tuple(reversed(tickets.thread(db, number, newest=newest)))
    return Audience(
        last_sent=last_sent,
        alerted=tuple(alerted),
        history=history,
        merged=_merged(db, number, newest=newest),
        away=absences.away(db, now),
    )


def _merged(db: Db, number: int, *, newest: int) -> tuple[Entry, ...]:
    """The latest entries of the tickets that were merged into one."""
    below = merged.below(db, number)
    return tuple(
        replace(entry, came_for=other) for other in below for entry in tickets.thread(db, other, newest=newest)
    )


def automatic_to(db: Db, email: str, since: datetime) -> int:
    """How many automatic mails were written to one requester since a time."""
    row = db.one(
        f"SELECT count(*) FROM outbox WHERE recipient = ? AND created_at > ? AND kind IN ({marks(AUTOMATIC)})",  # noqa: S608
        [email, since.timestamp(), *AUTOMATIC],
    )
    return int(row[0]) if row else 0


def automatic_about(db: Db, number: int, since: datetime) -> int:
    """How many automatic mails to requesters a ticket caused since a time."""
    row = db.one(
        f"SELECT count(*) FROM outbox WHERE ticket = ? AND created_at > ? AND kind IN ({marks(AUTOMATIC)})",  # noqa: S608
        [number, since.timestamp(), *AUTOMATIC],
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
    db.run("INSERT INTO first_contact (at, email) VALUES (?, ?)", [now.timestamp(), email])


def forget_first_contacts(db: Db, before: datetime) -> None:
    """Forget first contacts that no limit counts any more."""
    db.run("DELETE FROM first_contact WHERE at < ?", [before.timestamp()])


def note_proven(db: Db, email: str, now: datetime) -> None:
    """The owner of the address has shown themselves."""
    db.run("INSERT INTO proven (email, at) VALUES (?, ?) ON CONFLICT DO NOTHING", [email, now.timestamp()])


def is_proven(db: Db, email: str) -> bool:
    """True when the owner of the address has shown themselves before."""
    return db.one("SELECT 1 FROM proven WHERE email = ?", [email]) is not None


def told_since(db: Db, kind: NoticeKind, email: str, since: datetime) -> bool:
    """True when a notice of this kind went to the address since a time."""
    sql = "SELECT 1 FROM outbox WHERE recipient = ? AND kind = ? AND created_at > ? LIMIT 1"
    return db.one(sql, [email, kind.value, since.timestamp()]) is not None


def of_requesters(db: Db, typed: str) -> list[Ticket]:
    """The newest ticket of each requester whose name or address holds the first word of `typed`, oldest first."""
    word = next(iter(typed.split()), "")
    like = "%" + "".join(f"\\{mark}" if mark in "%_\\" else mark for mark in word) + "%"
    # LIKE folds the case of ASCII letters alone; for others everybody may be meant.
    held = "requester_name LIKE ? ESCAPE '\\' OR requester_email LIKE ? ESCAPE '\\'" if word.isascii() else "1"
    sql = f"SELECT max(number) FROM ticket WHERE {held} GROUP BY requester_email, department"  # noqa: S608
    rows = db.all(sql, [like, like] if word.isascii() else [])
    return sorted(tickets.get_many(db, [row[0] for row in rows]).values(), key=lambda ticket: ticket.number)


def told_about(db: Db, number: int, email: str, since: datetime) -> bool:
    """True when a reply or a word on its status went to the address about a ticket since a time."""
    kinds = (NoticeKind.REPLY, NoticeKind.STATUS_CHANGED)
    sql = f"SELECT 1 FROM outbox WHERE ticket = ? AND recipient = ? AND created_at >= ? AND kind IN ({marks(kinds)})"  # noqa: S608
    return db.one(f"{sql} LIMIT 1", [number, email, since.timestamp(), *kinds]) is not None


def opened_since(db: Db, email: str, since: datetime) -> set[int]:
    """The newest tickets that an address has opened since a time, two hundred at most."""
    sql = "SELECT number FROM ticket WHERE requester_email = ? AND created_at >= ? ORDER BY number DESC LIMIT 200"
    return {row["number"] for row in db.all(sql, [email, since.timestamp()])}
