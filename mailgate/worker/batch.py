"""The worker between the two tables: claims mail from the inbox, batch by batch.

Failure semantics: tries are counted at the claim; what fails undoes itself alone and is
tried again alone; after three tries it is quarantined with its traceback and the
administrator is told once. Trouble of the disk or database is nobody's fault: the batch
goes back uncounted and is taken up after a pause.
"""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from mailgate.desk.notify.admin import tell_admin
from mailgate.desk.outcome import Context, ReportOrder
from mailgate.desk.prepare import Prepared, prepare
from mailgate.errors import StorageError, UnreadableFile
from mailgate.phrase import Phrase, phrase
from mailgate.rules.ticket.acts import Stamp
from mailgate.rules.ticket.renames import new_names, rename
from mailgate.store.connection import storage_errors
from mailgate.store.db import Db
from mailgate.store.queues import inbox, outbox
from mailgate.store.queues.inbox import Claimed
from mailgate.store.tickets import names_in_use, tickets
from mailgate.system import maillog
from mailgate.ticket import ADMIN, Ticket
from mailgate.worker import apply
from mailgate.worker.explain import steps
from mailgate.worker.pipeline import Verdict, count_reports, think
from mailgate.worker.setup import Runtime

BATCH = 32  # mails claimed at a time
BUDGET = 0.05  # seconds of the writer's thread that a batch may take at a time
HOLD = 0.004  # seconds that it may keep the database from others


def claim(db: Db, *, large: bool | None = None) -> list[Claimed]:
    """Take the next batch from the inbox: of large mails, of the others, or of all."""
    with db.transaction():
        return inbox.claim(db, BATCH, large=large)


@dataclass(frozen=True, slots=True)
class Unread:
    """A mail that could not be read: it fails alone, like one whose work fails."""

    inbox_id: int
    error: Exception


Batch = Sequence[Prepared | Unread]
Decided = tuple[Verdict, apply.PreparedOutcome]


def read(claimed: Sequence[Claimed], desk: Runtime, now: datetime) -> list[Prepared | Unread]:
    """Read a batch of mails and keep their attachments: no transaction is open meanwhile."""
    context = desk.context(now)
    return [_read(each, desk, context) for each in claimed]


def _read(claimed: Claimed, desk: Runtime, context: Context) -> Prepared | Unread:
    try:
        return prepare(claimed, context, desk.files.keep)
    except StorageError:
        raise
    except Exception as error:
        return Unread(claimed.id, error)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A mail that asks for reports which are not counted yet."""

    prepared: Prepared
    reports: tuple[ReportOrder, ...]


Aside = Callable[[Waiting], None]


def work(db: Db, batch: Batch, desk: Runtime, context: Context, aside: Aside | None = None) -> int:
    """Work a batch, as many mails in a transaction as are quick; how many were finished, good or bad, or put `aside`.

    A mail is put `aside` where it asks for reports that are not counted yet; without `aside` they are counted here.
    Stops early when it has taken its time: the thread is needed for others meanwhile.
    """
    began = time.monotonic()
    finished = 0
    while finished < len(batch) and (not finished or time.monotonic() - began < BUDGET):
        finished += _some(db, batch[finished:], desk, context, aside)
    return finished


def work_and_claim(
    db: Db, batch: Batch, desk: Runtime, context: Context, aside: Aside, *, large: bool
) -> tuple[int, list[Claimed]]:
    """`work`; and when it finished the batch, the next batch."""
    finished = work(db, batch, desk, context, aside)
    return finished, claim(db, large=large) if finished == len(batch) else []


@dataclass(frozen=True, slots=True)
class _End:
    """What became of a mail, to be told when it is written; `error` is the traceback of one that failed."""

    inbox_id: int
    ticket: int | None = None
    way: Sequence[str] = ()
    error: Exception | None = None
    waits: Waiting | None = None


def _some(db: Db, batch: Batch, desk: Runtime, context: Context, aside: Aside | None) -> int:
    """Work the first mail of a batch, and those after it that are done before others have waited for long; how many.

    The first is decided over a snapshot, which holds nobody up, and again with the
    database held where another process changed a ticket in between: what is written was
    always decided on what is there. One that fails is undone alone.
    """
    first = batch[0]
    if isinstance(first, Unread):
        record_failure(db, first.inbox_id, first.error, desk, context)
        return 1
    try:
        with storage_errors(), db.snapshot():
            seen = tickets.latest_event(db)
            ahead = _decided(db, first, desk, context, count=aside is None)
    except StorageError:
        raise
    except Exception as error:
        record_failure(db, first.received.id, error, desk, context)
        return 1
    if aside and (missing := ahead[0].outcome.uncounted):
        aside(Waiting(first, missing))
        return 1
    ends: list[_End] = []
    with db.transaction():
        until = time.monotonic() + HOLD
        known = ahead if tickets.latest_event(db) == seen else None
        for prepared in batch:
            if isinstance(prepared, Unread) or (ends and time.monotonic() > until):
                break
            ends.append(_one(db, prepared, None if ends else known, desk, context, count=aside is None))
    for end in ends:
        if aside and end.waits:
            aside(end.waits)
        elif end.error:
            record_failure(db, end.inbox_id, end.error, desk, context)
        else:
            maillog.processed(end.inbox_id, end.ticket, end.way)
    return len(ends)


def _one(db: Db, prepared: Prepared, known: Decided | None, desk: Runtime, context: Context, *, count: bool) -> _End:
    """Write what becomes of a mail, which is decided here where it is not known."""
    received = prepared.received
    try:
        with storage_errors(), db.savepoint():
            verdict, effect = known or _decided(db, prepared, desk, context, count=count)
            if missing := verdict.outcome.uncounted:
                return _End(received.id, waits=Waiting(prepared, missing))
            way = steps(verdict, context.in_english)
            apply.finish(db, received.id, received.mail, prepared.digest, way, effect, context)
    except StorageError:
        raise
    except Exception as error:
        return _End(received.id, error=error)
    return _End(received.id, verdict.outcome.ticket, way)


def _decided(db: Db, prepared: Prepared, desk: Runtime, context: Context, *, count: bool) -> Decided:
    verdict = think(db, prepared, context)
    if count and (missing := verdict.outcome.uncounted):
        verdict = think(db, prepared, count_reports(db, missing, context))
    return verdict, apply.prepare_outcome(verdict.outcome, context, desk.writer)


def record_failure(db: Db, inbox_id: int, error: Exception, desk: Runtime, context: Context) -> None:
    """Note a mail's failed try; after the last it lies in quarantine, and the administrator is told.

    A file that cannot be read counts as no try: the mail alone is put off.
    """
    if isinstance(error, UnreadableFile):
        _put_off(db, inbox_id, error, desk, context)
        return
    text = "".join(traceback.format_exception(error))
    maillog.processing_failed(inbox_id, text)
    with db.transaction():
        if inbox.failed(db, inbox_id, context.now, text):
            _set_aside(db, inbox_id, text, desk, context)


def _put_off(db: Db, inbox_id: int, error: UnreadableFile, desk: Runtime, context: Context) -> None:
    """A mail waits for a file that cannot be read: it alone, and the administrator is told once."""
    what = f"{error.public} ({error.cause})" if error.cause else error.public
    facts = (
        phrase("admin.unreadable", number=inbox_id, error=what),
        Phrase("admin.unreadable_again"),
        phrase("admin.unreadable_retry", number=inbox_id),
        phrase("admin.unreadable_drop", number=inbox_id),
    )
    told = tell_admin(f"unreadable:{inbox_id}", phrase("admin.unreadable_subject", number=inbox_id), facts, context)
    with db.transaction():
        at = inbox.put_off(db, inbox_id, context.now, what)
        outbox.add(db, apply.write_mail(told, context, desk.writer), context.now)
    maillog.put_off(inbox_id, what, (at - context.now).total_seconds())


def _set_aside(db: Db, inbox_id: int, error: str, desk: Runtime, context: Context) -> None:
    """A mail failed three times: the administrator is told once, and its way ends in quarantine."""
    last = error.strip().splitlines()[-1]
    facts = (
        phrase("admin.quarantined", number=inbox_id, error=last),
        phrase("admin.quarantined_show", number=inbox_id),
        phrase("admin.quarantined_retry", number=inbox_id),
    )
    told = tell_admin(f"poison:{inbox_id}", phrase("admin.quarantined_subject", number=inbox_id), facts, context)
    outbox.add(db, apply.write_mail(told, context, desk.writer), context.now)


def recover(db: Db, desk: Runtime, now: datetime) -> None:
    """At start: take up what a dead process had in work, and what the configuration renamed."""
    context = desk.context(now)
    for inbox_id in inbox.reclaim(db, now):
        _set_aside(db, inbox_id, "the process died three times while it worked on this mail", desk, context)
    carry_over(db, desk, now)


def carry_over(db: Db, desk: Runtime, now: datetime) -> None:
    """Give tickets, and what waits for agents, the new names of what the configuration renamed with `was`."""
    context = desk.context(now)
    names_in_use.rename_agents(db, new_names(desk.config).agents)
    for ticket in renamed_tickets(db, context):
        apply.save_change(db, rename(ticket, Stamp(ADMIN, now), desk.config), context)


def drain(db: Db, desk: Runtime, clock: Callable[[], datetime]) -> int:
    """Work everything that waits, in this process and thread; how many mails. For `ingest` without a daemon."""
    total = 0
    with db.transaction():
        recover(db, desk, clock())
    while claimed := claim(db):
        batch = read(claimed, desk, clock())
        while batch:
            finished = work(db, batch, desk, desk.context(clock()))
            total += finished
            batch = batch[finished:]
    return total


def renamed_tickets(db: Db, context: Context) -> list[Ticket]:
    """Tickets to carry over: those that are open, or may still be reopened."""
    names = new_names(context.config)
    since = context.now - context.config.tickets.reopen_within
    found: dict[int, Ticket] = {}
    for field, old in (("department", names.departments), ("topic", names.topics), ("sla", names.slas)):
        found |= {ticket.number: ticket for ticket in names_in_use.under(db, field, list(old), since)}
    for kind, old in (("team", names.teams), ("agent", names.agents)):
        found |= {ticket.number: ticket for ticket in names_in_use.assigned(db, kind, list(old), since)}
    return [found[number] for number in sorted(found)]
