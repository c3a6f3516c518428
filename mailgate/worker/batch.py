"""Works mail of the inbox, batch by batch.

Mails are worked in the order in which they came. Where several nodes work, each claims batches; a mail that answers one
which is not known yet waits until every earlier mail has ended, for that may be what it answers.

Failures: a mail's attempts are counted when it is claimed. A mail that fails is rolled back and tried again
alone; after three attempts it is quarantined with its traceback, and the administrator is notified once. One whose
reading exceeds its budget (`system/budget.py`) is quarantined at once. Storage errors count as no attempt: the batch is
unclaimed and tried again after a pause (`lanes.py`).
"""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from mailgate.desk.notify.admin import to_admin
from mailgate.desk.outcome import Context, ReportOrder
from mailgate.desk.prepare import Prepared, prepare
from mailgate.errors import NotFound, StorageError, TooExpensive, UnreadableFile
from mailgate.inbound.imap.headers import read_summary
from mailgate.mail import header_of
from mailgate.phrase import Phrase, phrase
from mailgate.store.db import Db, Node
from mailgate.store.queues import claims, inbox, nodes, outbox
from mailgate.store.queues.inbox import Claimed
from mailgate.store.tickets import tickets
from mailgate.system import maillog
from mailgate.system.budget import Budget, try_in_own_process
from mailgate.worker import apply, written
from mailgate.worker.carry_over import carry_over
from mailgate.worker.explain import steps
from mailgate.worker.node import about_command
from mailgate.worker.pipeline import Verdict, count_reports, think
from mailgate.worker.runtime import Runtime

BATCH = 32  # mails claimed at a time
BUDGET = 0.05  # seconds that a batch may occupy the writer thread at a time
TRIAL = "mailgate.desk.prepare"  # run as a program it reads a mail, and does nothing
HOLD = 0.004  # seconds that it may hold the write lock of the database


def claim(db: Db, *, large: bool | None = None) -> list[Claimed]:
    """Take the next batch from the inbox: of large mails, of the others, or of all."""
    with db.transaction():
        return inbox.claim(db, BATCH, large=large)


@dataclass(frozen=True, slots=True)
class Unread:
    """A mail that could not be read."""

    inbox_id: int
    error: Exception


Batch = Sequence[Prepared | Unread]
Decided = tuple[Verdict, apply.PreparedOutcome]


def read(
    claimed: Sequence[Claimed], runtime: Runtime, now: datetime, budget: Budget | None = None
) -> list[Prepared | Unread]:
    """Read a batch of mails and store their attachments, outside of any transaction.

    `budget`: what each may cost. A mail that was tried before is then read by a process of its own first, since its
    try may have ended with this one.
    """
    context = runtime.context(now)
    return [_read(each, runtime, context, budget) for each in claimed]


def _read(claimed: Claimed, runtime: Runtime, context: Context, budget: Budget | None) -> Prepared | Unread:
    try:
        if budget is None:
            return prepare(claimed, context, runtime.files.keep)
        if claimed.tries > 1:
            try_in_own_process(TRIAL, claimed.load(), budget.seconds)
        return budget.spend(lambda: prepare(claimed, context, runtime.files.keep))
    except StorageError:
        raise
    except Exception as error:
        return Unread(claimed.id, error)


@dataclass(frozen=True, slots=True)
class Deferred:
    """A mail that needs reports which are not counted yet."""

    prepared: Prepared
    reports: tuple[ReportOrder, ...]


Defer = Callable[[Deferred], None]


def work(db: Db, batch: Batch, context: Context, defer: Defer | None = None) -> int:
    """Work a batch in one or more transactions. Returns the number of mails that were done, failed or deferred.

    0: the first one has to wait for mail that another node works.

    A mail that needs reports which are not counted yet is passed to `defer`; without it they are counted here.
    Returns after BUDGET even if mails are left, since other tasks need the thread.
    """
    began = time.monotonic()
    finished = 0
    while finished < len(batch) and (not finished or time.monotonic() - began < BUDGET):
        some = _work_some(db, batch[finished:], context, defer)
        if not some:
            break
        finished += some
    return finished


def work_and_claim(db: Db, batch: Batch, context: Context, defer: Defer, *, large: bool) -> tuple[int, list[Claimed]]:
    """`work`, and claim the next batch if this one is finished."""
    finished = work(db, batch, context, defer)
    return finished, claim(db, large=large) if finished == len(batch) else []


@dataclass(frozen=True, slots=True)
class _Result:
    """The result of one mail, to be logged after the commit."""

    inbox_id: int
    ticket: int | None = None
    message_id: str = ""
    trace: Sequence[str] = ()
    error: Exception | None = None
    deferred: Deferred | None = None


def _work_some(db: Db, batch: Batch, context: Context, defer: Defer | None) -> int:
    """Work the first mails of a batch in one transaction of at most HOLD, at least one. Returns how many.

    The first is decided on a snapshot, without the write lock, and decided again inside the transaction if another
    process has changed a ticket since. A mail that fails is rolled back alone. 0: the first one has to wait.
    """
    first = batch[0]
    if isinstance(first, Unread):
        record_failure(db, first.inbox_id, first.error, context)
        return 1
    try:
        with db.snapshot():
            seen = tickets.version(db)
            ahead = _decide(db, first, context, count=defer is None)
    except StorageError:
        raise
    except Exception as error:
        record_failure(db, first.received.id, error, context)
        return 1
    if defer and (missing := ahead[0].outcome.uncounted):
        defer(Deferred(first, missing))
        return 1
    results: list[_Result] = []
    with db.transaction():
        until = time.monotonic() + HOLD
        known = ahead if tickets.version(db) == seen else None
        for prepared in batch:
            if isinstance(prepared, Unread) or (results and time.monotonic() > until):
                break
            result = _work_one(db, prepared, None if results else known, context, count=defer is None)
            if result is None:
                break
            results.append(result)
    for result in results:
        if defer and result.deferred:
            defer(result.deferred)
        elif result.error:
            record_failure(db, result.inbox_id, result.error, context)
        else:
            maillog.processed(result.inbox_id, result.ticket, result.message_id, result.trace)
    return len(results)


def _work_one(db: Db, prepared: Prepared, known: Decided | None, context: Context, *, count: bool) -> _Result | None:
    """Write the outcome of a mail; it is decided here unless `known`. None where it has to wait for earlier mail."""
    received = prepared.received
    try:
        with db.savepoint():
            verdict, prepared_outcome = known or _decide(db, prepared, context, count=count)
            if missing := verdict.outcome.uncounted:
                return _Result(received.id, deferred=Deferred(prepared, missing))
            if _answers_unknown(verdict) and not claims.is_first(db, received.id):
                return None
            trace = steps(verdict, context.in_english)
            apply.finish(db, received.id, received.mail, prepared.digest, trace, prepared_outcome, context)
    except StorageError:
        raise
    except Exception as error:
        return _Result(received.id, error=error)
    return _Result(received.id, verdict.outcome.ticket, received.mail.message_id, trace)


def _answers_unknown(verdict: Verdict) -> bool:
    """Whether a mail belongs to no ticket although it answers something."""
    mail = verdict.prepared.received.mail
    situation = verdict.situation
    return bool(mail.in_reply_to or mail.references) and (situation is None or situation.match.number is None)


def _decide(db: Db, prepared: Prepared, context: Context, *, count: bool) -> Decided:
    verdict = think(db, prepared, context)
    if count and (missing := verdict.outcome.uncounted):
        verdict = think(db, prepared, count_reports(db, missing, context))
    return verdict, apply.prepare_outcome(verdict.outcome, context)


def record_failure(db: Db, inbox_id: int, error: Exception, context: Context) -> None:
    """Record a failed attempt; after the last one the mail is quarantined, and the administrator is notified.

    An attempt that exceeded the budget is the last.

    A file that cannot be read does not count as an attempt: the mail is tried again later.
    """
    if isinstance(error, UnreadableFile):
        _put_off(db, inbox_id, error, context)
        return
    text = "".join(traceback.format_exception(error))
    maillog.processing_failed(inbox_id, text)
    with db.transaction():
        if inbox.failed(db, inbox_id, context.now, text, last=isinstance(error, TooExpensive)):
            _quarantined(db, inbox_id, text, context)


def _put_off(db: Db, inbox_id: int, error: UnreadableFile, context: Context) -> None:
    """Try a mail whose file cannot be read again later; the administrator is notified once."""
    what = f"{error.public} ({error.cause})" if error.cause else error.public
    facts = (
        phrase("admin.unreadable", number=inbox_id, error=what),
        Phrase("admin.unreadable_again"),
        phrase("admin.unreadable_retry", number=inbox_id),
        phrase("admin.unreadable_drop", number=inbox_id),
    )
    notices = to_admin(f"unreadable:{inbox_id}", phrase("admin.unreadable_subject", number=inbox_id), facts, context)
    with db.transaction():
        at = inbox.put_off(db, inbox_id, context.now, what)
        outbox.add(db, written.write_mail(notices, context), context.now)
    maillog.put_off(inbox_id, what, (at - context.now).total_seconds())


def _quarantined(db: Db, inbox_id: int, error: str, context: Context) -> None:
    """Describe a mail that failed three times, for `trace` and `queue list`, and notify the administrator of it."""
    with suppress(NotFound, UnreadableFile):
        inbox.describe(db, inbox_id, **read_summary(header_of(inbox.raw(db, inbox_id))))
    last = error.strip().splitlines()[-1]
    facts = (
        phrase("admin.quarantined", number=inbox_id, error=last),
        phrase("admin.quarantined_show", number=inbox_id),
        phrase("admin.quarantined_retry", number=inbox_id),
    )
    notices = to_admin(f"poison:{inbox_id}", phrase("admin.quarantined_subject", number=inbox_id), facts, context)
    outbox.add(db, written.write_mail(notices, context), context.now)


def recover(db: Db, runtime: Runtime, now: datetime) -> None:
    """At start: unclaim the mail of a process that died, and apply renames of the configuration."""
    reclaim(db, runtime, now)
    carry_over(db, runtime, now)


def reclaim(db: Db, runtime: Runtime, now: datetime) -> None:
    """Unclaim the mail of a node that is no more; what was tried three times is quarantined."""
    context = runtime.context(now)
    for inbox_id in claims.reclaim(db, now):
        _quarantined(db, inbox_id, "the process died three times while it worked on this mail", context)


def drain(db: Db, runtime: Runtime, clock: Callable[[], datetime], *, alone: bool = True) -> int:
    """Work all mail of the inbox in this thread, for `ingest` without a daemon. Returns the number of mails.

    `alone`: no other process can, see `Node`. Otherwise it ends where a mail has to wait for what another node does.
    """
    total = 0
    with db.transaction():
        db.node = nodes.join(db, about_command(runtime.config), alone=alone)
        recover(db, runtime, clock())
    while claimed := claim(db):
        batch = read(claimed, runtime, clock())
        while batch and (finished := work(db, batch, runtime.context(clock()))):
            total += finished
            batch = batch[finished:]
        if batch:
            break
        if not alone:
            with db.transaction():
                nodes.renew(db, "")
    with db.transaction():
        nodes.end(db, db.node.number)
    db.node = Node()
    return total
