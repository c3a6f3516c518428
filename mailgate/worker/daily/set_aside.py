"""Notifies the administrator of quarantined mail: of the first at once, then with one summary an hour.

Mail that failed three times, and that of a sender over the limit of open tickets, has a notice of its own;
automatic replies without a ticket and mail of banned senders are only counted. What was reported is recorded in
the same transaction, so a restart neither omits nor repeats it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from mailgate.desk.notify.admin import to_admin
from mailgate.phrase import Phrase, Sentence, phrase
from mailgate.reasons import Reason
from mailgate.store import meta
from mailgate.store.db import Db
from mailgate.store.queues import inbox, outbox, quarantine
from mailgate.ticket import Queued
from mailgate.worker import written
from mailgate.worker.runtime import Runtime

EVERY = timedelta(hours=1)
SHOWN = 20  # mails that are named in one
_KEY = "set-aside"
_NOTIFIED = frozenset({Reason.LIMIT, Reason.POISON})  # in a notice of their own


def due(db: Db, now: datetime) -> bool:
    """Whether a summary is due."""
    since, last_id = _mark(db)
    return now - since >= EVERY and any(_reported(each) for each in quarantine.since(db, since, last_id))


def notify(db: Db, runtime: Runtime, now: datetime) -> None:
    """Queue the summary, and record what it reports. Call inside a transaction."""
    since, last_id = _mark(db)
    found = quarantine.since(db, since, last_id)
    named = [each for each in found if _reported(each)]
    context = runtime.context(now)
    subject = phrase("admin.aside_subject", count=len(named))
    notices = to_admin(f"aside:{named[-1].id}", subject, tuple(_facts(named, found)), context)
    outbox.add(db, written.write_mail(notices, context), now)
    meta.put(db, _KEY, f"{now.isoformat()} {max(each.id for each in found)}")


def _reported(mail: Queued) -> bool:
    """Whether the summary names the mail."""
    return mail.reason not in inbox.USUAL and mail.reason not in _NOTIFIED


def _facts(named: list[Queued], found: list[Queued]) -> Iterator[Sentence]:
    for each in named[:SHOWN]:
        who = each.from_ or Phrase("admin.unknown_sender")
        yield phrase("admin.aside", number=each.id, who=who, subject=each.subject or "-", why=each.last_error)
    if more := len(named) - SHOWN:
        yield from [phrase("admin.aside_more", count=more)] if more > 0 else []
    if usual := sum(each.reason in inbox.USUAL for each in found):
        yield phrase("admin.aside_usual", count=usual)
    yield Phrase("admin.aside_list")


def _mark(db: Db) -> tuple[datetime, int]:
    """The time of the last summary, and the newest inbox id in it."""
    since, _, last_id = (meta.get(db, _KEY) or "").partition(" ")
    return (datetime.fromisoformat(since), int(last_id)) if last_id else (datetime.fromtimestamp(0, UTC), 0)
