"""SQL of what stays in mailboxes: messages that cannot be taken, and mails of spam tickets that are to be moved there.

A `place` names one folder of one account, as in the ledger.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mailgate.store import meta
from mailgate.store.columns import moment, storable
from mailgate.store.db import Db
from mailgate.store.queues import ledger, trace

TOO_LARGE = "too-large"
CANNOT_BE_FETCHED = "cannot-be-fetched"


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """One message that stays in its mailbox. `size` in bytes, 0 unknown."""

    place: str
    uidvalidity: int
    uid: int
    reason: str
    size: int
    since: datetime
    from_email: str = ""
    subject: str = ""
    message_id: str = ""

    def why(self, max_size: int) -> str:
        """The reason in words; `max_size` is the limit in bytes."""
        if self.reason == TOO_LARGE:
            return f"{self.size / 1e6:.1f} MB, larger than {max_size / 1e6:g} MB"
        return "cannot be fetched"


@dataclass(frozen=True, slots=True)
class SpamMail:
    """A mail of a spam ticket, by where it was in its mailbox and by its Message-ID ("" for none)."""

    uidvalidity: int
    uid: int
    message_id: str


def leave(db: Db, messages: Sequence[Left], mailbox: str, max_size: int) -> None:
    """Record messages that stay in their mailbox, a line each in the trace; large ones are not tried again.

    `max_size` is the limit in bytes. A message that is recorded already stays as it is.
    """
    known = {(each.uidvalidity, each.uid) for place in {each.place for each in messages} for each in _at(db, place)}
    new = [each for each in messages if (each.uidvalidity, each.uid) not in known]
    _add(db, new)
    for each in new:
        if each.reason == TOO_LARGE:
            ledger.note(db, each.place, each.uidvalidity, [each.uid], ledger.SKIPPED)
    trace.add(db, [_line(each, mailbox, max_size) for each in new])


def _line(left: Left, mailbox: str, max_size: int) -> trace.Line:
    return trace.Line(
        at=left.since,
        direction="in",
        step="left-in-mailbox",
        text=f"mailbox {mailbox}, UID {left.uid}: {left.why(max_size)}",
        address=left.from_email,
        message_id=left.message_id,
    )


def _add(db: Db, messages: Iterable[Left]) -> None:
    db.many(
        "INSERT INTO left_in_mailbox (mailbox, uidvalidity, uid, reason, size, since, from_email, subject, message_id)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        [
            (
                each.place,
                each.uidvalidity,
                each.uid,
                each.reason,
                each.size,
                each.since.timestamp(),
                storable(each.from_email),
                storable(each.subject),
                storable(each.message_id),
            )
            for each in messages
        ],
    )


def keep_only(db: Db, place: str, uidvalidity: int, uids: Sequence[int]) -> None:
    """Forget the messages of a folder that are not among `uids`: they are no longer in it."""
    there = set(uids)
    gone = [each.uid for each in _at(db, place) if each.uidvalidity != uidvalidity or each.uid not in there]
    remove(db, place, gone)


def remove(db: Db, place: str, uids: Iterable[int]) -> None:
    """Forget messages that were taken after all, or are gone."""
    db.many("DELETE FROM left_in_mailbox WHERE mailbox = ? AND uid = ?", [(place, uid) for uid in uids])


def retake(db: Db, place: str, uidvalidity: int, max_size: int) -> list[int]:
    """Messages that were too large and are not any more, since the limit was raised: new to the ledger again."""
    fitting = [
        each.uid
        for each in _at(db, place)
        if each.uidvalidity == uidvalidity and each.reason == TOO_LARGE and each.size <= max_size
    ]
    db.many(
        "DELETE FROM ledger WHERE mailbox = ? AND uidvalidity = ? AND uid = ? AND state = 'skipped'",
        [(place, uidvalidity, uid) for uid in fitting],
    )
    remove(db, place, fitting)
    return fitting


def listed(db: Db, places: Iterable[str]) -> list[Left]:
    """What is left in these folders, the oldest first."""
    return sorted((each for place in places for each in _at(db, place)), key=lambda each: (each.since, each.uid))


def newest_untold(db: Db) -> datetime | None:
    """When the newest message was left that the administrator does not know; None for none."""
    row = db.one("SELECT max(since) AS at FROM left_in_mailbox WHERE told = 0")
    return moment(row["at"]) if row is not None and row["at"] is not None else None


def take_untold(db: Db) -> list[Left]:
    """What the administrator does not know yet; they count as known from now on."""
    rows = db.all("SELECT * FROM left_in_mailbox WHERE told = 0 ORDER BY since, mailbox, uid")
    if rows:
        db.send("UPDATE left_in_mailbox SET told = 1 WHERE told = 0")
    return [_left(row) for row in rows]


def _at(db: Db, place: str) -> list[Left]:
    return [_left(row) for row in db.all("SELECT * FROM left_in_mailbox WHERE mailbox = ?", [place])]


def _left(row: Any) -> Left:
    return Left(
        place=row["mailbox"],
        uidvalidity=row["uidvalidity"],
        uid=row["uid"],
        reason=row["reason"],
        size=row["size"],
        since=moment(row["since"]),
        from_email=row["from_email"],
        subject=row["subject"],
        message_id=row["message_id"],
    )


# ── spam ────────────────────────────────────────────────────────────────────────────────


def newest_spam(db: Db) -> int:
    """The id of the newest event by which a ticket became spam; 0 for none."""
    row = db.one("SELECT id FROM event WHERE kind = 'spam-marked' ORDER BY id DESC LIMIT 1")
    return 0 if row is None else int(row["id"])


def begin_spam(db: Db, place: str) -> None:
    """At the first sight of a folder: what is spam already is left where it is."""
    if meta.get(db, _seen(place)) is None:
        note_spam(db, place, newest_spam(db))


def spam(db: Db, place: str) -> tuple[int, list[SpamMail]]:
    """Mails from a folder whose ticket became spam since `note_spam`, and the event up to which that is."""
    newest = newest_spam(db)
    seen = meta.get(db, _seen(place))
    if newest <= int(seen or 0):
        return newest, []
    prefix = f"imap:{place}:"
    rows = db.all(
        "SELECT DISTINCT inbox.source_key, inbox.message_id FROM event JOIN inbox ON inbox.ticket = event.ticket"
        " WHERE event.kind = 'spam-marked' AND event.id > ? AND substr(inbox.source_key, 1, CAST(? AS integer)) = ?",
        [int(seen or 0), len(prefix), prefix],
    )
    found = []
    for row in rows:
        validity, _, uid = row["source_key"][len(prefix) :].partition(":")
        found.append(SpamMail(int(validity), int(uid), row["message_id"]))
    return newest, found


def note_spam(db: Db, place: str, event: int) -> None:
    """The mails of spam tickets up to this event were moved."""
    meta.put(db, _seen(place), str(event))


def _seen(place: str) -> str:
    return f"imap-spam:{place}"
