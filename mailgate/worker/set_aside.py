"""Tells the administrator what was set aside: of the first mail at once, of those that follow in one mail an hour.

Mail that failed three times, and that of a sender with too many tickets, has a mail of its own; automatic
replies without a ticket and banned senders' mail are usual there, and are only counted. What was told is
noted in the same transaction, so a restart neither forgets nor repeats it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from mailgate.desk.notify.admin import tell_admin
from mailgate.phrase import Phrase, Sentence, phrase
from mailgate.reasons import Reason
from mailgate.store import meta
from mailgate.store.db import Db
from mailgate.store.queues import outbox, quarantine
from mailgate.ticket import Queued
from mailgate.worker import apply
from mailgate.worker.setup import Runtime

EVERY = timedelta(hours=1)
SHOWN = 20  # mails that are named in one
_KEY = "set-aside"
_TOLD = frozenset({Reason.LIMIT, Reason.POISON})  # in a mail of their own


def due(db: Db, now: datetime) -> bool:
    """True when there is something to tell."""
    told_at, last_id = _mark(db)
    return now - told_at >= EVERY and any(_asks(each) for each in quarantine.since(db, told_at, last_id))


def tell(db: Db, desk: Runtime, now: datetime) -> None:
    """Write the mail, and note what it tells of. Call inside a transaction."""
    told_at, last_id = _mark(db)
    found = quarantine.since(db, told_at, last_id)
    named = [each for each in found if _asks(each)]
    context = desk.context(now)
    subject = phrase("admin.aside_subject", count=len(named))
    notices = tell_admin(f"aside:{named[-1].id}", subject, tuple(_facts(named, found)), context)
    outbox.add(db, apply.write_mail(notices, context, desk.writer), now)
    meta.put(db, _KEY, f"{now.isoformat()} {max(each.id for each in found)}")


def _asks(mail: Queued) -> bool:
    """Whether it asks for a look, and nobody was told of it."""
    return mail.reason not in quarantine.USUAL and mail.reason not in _TOLD


def _facts(named: list[Queued], found: list[Queued]) -> Iterator[Sentence]:
    for each in named[:SHOWN]:
        who = each.from_ or Phrase("admin.unknown_sender")
        yield phrase("admin.aside", number=each.id, who=who, subject=each.subject or "-", why=each.last_error)
    if more := len(named) - SHOWN:
        yield from [phrase("admin.aside_more", count=more)] if more > 0 else []
    if usual := sum(each.reason in quarantine.USUAL for each in found):
        yield phrase("admin.aside_usual", count=usual)
    yield Phrase("admin.aside_list")


def _mark(db: Db) -> tuple[datetime, int]:
    """When the administrator was told last, and the newest mail then."""
    told_at, _, last_id = (meta.get(db, _KEY) or "").partition(" ")
    return (datetime.fromisoformat(told_at), int(last_id)) if last_id else (datetime.fromtimestamp(0, UTC), 0)
