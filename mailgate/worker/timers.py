"""Timers: SLA deadlines, expiry of held mail, agents' daily mail, scheduled reports, full-text index, clean-up.

What is due is read from the database, so that deadlines which passed while the daemon was down fire at the
start. APScheduler, which only this file imports, only triggers the checks.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from types import TracebackType
from typing import Any

from apscheduler.executors.asyncio import AsyncIOExecutor
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from mailgate.desk.decide import dropped
from mailgate.desk.gather.mail import gather_held
from mailgate.desk.gather.records import gather_ticket
from mailgate.desk.hold.held_reply import expired
from mailgate.desk.notify.announce import complete
from mailgate.desk.outcome import Context, Outcome
from mailgate.errors import StorageError
from mailgate.notice import Notice
from mailgate.reasons import Reason
from mailgate.rules.notices.alert_facts import put_off_by
from mailgate.rules.notices.combined import TOGETHER, together
from mailgate.rules.notices.occasion import Occasion
from mailgate.rules.sla.clock import WAKE
from mailgate.rules.ticket import lifecycle
from mailgate.store.db import Db, Store
from mailgate.store.people import absences
from mailgate.store.queues import held, inbox
from mailgate.store.tickets import deadlines, search
from mailgate.ticket import CLOCK, Address
from mailgate.worker import apply, written
from mailgate.worker.daily import agents_day, report_mail, set_aside, spam_digest, upkeep
from mailgate.worker.runtime import Runtime

TICK = 0.5  # seconds
DAY_TICK = 2.0  # seconds between checks for digests and ended absences
INDEX_TICK = 2.0  # seconds between checks for tickets that the full-text index does not know yet
INDEX_PAUSE = 0.05  # seconds between two portions of them, for incoming mail
REPORT_TICK = 5.0  # seconds between checks for scheduled reports
AT_ONCE = 100  # deadlines in one transaction
PUT_OFF = timedelta(hours=1)  # until a failed deadline is tried again

log = logging.getLogger(__name__)


def fire_due(db: Db, runtime: Runtime, now: datetime) -> int:
    """Fire the due deadlines and drop expired held mail, each in a savepoint. Returns how many.

    Alerts about several overdue tickets are one mail to each reader.
    """
    due = deadlines.due(db, now, AT_ONCE)
    alerts: list[Notice] = []
    for number, step, at in due:
        if not deadlines.is_still_due(db, number, step, now):
            continue  # an earlier step of the same ticket moved it
        try:
            with db.savepoint():
                alerts += _fire(db, number, step, at, runtime, now)
        except StorageError:
            raise
        except Exception:
            log.exception("deadline %s of ticket %d failed", step, number)
            deadlines.put_off(db, number, step, now + PUT_OFF)
    for notice in together(alerts, absences.away(db, now), runtime.config) if alerts else ():
        try:
            with db.savepoint():
                written.save_alerts(db, [notice], runtime.context(now))
        except StorageError:
            raise
        except Exception:
            log.exception("%s alert to %s failed", notice.kind, notice.to.email)
    return len(due) + drop_expired(db, runtime, now)


def _fire(db: Db, number: int, step: str, at: datetime, runtime: Runtime, now: datetime) -> tuple[Notice, ...]:
    """Fire a deadline. Returns the alerts that are not written yet, since others may join them."""
    context = runtime.context(now)
    known = gather_ticket(db, number, context, events=step == WAKE)
    record = known.records[number]
    change = lifecycle.fire(record.ticket, step, context.config, now)
    occasion = Occasion(
        by=CLOCK,
        cause=f"clock:{number}:{step}:{at.timestamp():.0f}",
        author=Address("", runtime.config.desk.name),
        now=now,
        put_off=put_off_by(record.events) if step == WAKE else None,
    )
    outcome = complete(db, Outcome(ticket=number, announced=(known.announced(change, occasion),)), context)
    alerts = tuple(notice for notice in outcome.notices if notice.kind in TOGETHER)
    at_once = tuple(notice for notice in outcome.notices if notice.kind not in TOGETHER)
    apply.save_completed(db, replace(outcome, notices=at_once), context)
    return alerts


def any_due(db: Db, now: datetime) -> bool:
    """Whether a deadline or the expiry of a held mail is due."""
    return deadlines.any_due(db, now) or bool(held.expired(db, now, 1))


def drop_expired(db: Db, runtime: Runtime, now: datetime) -> int:
    """Drop held mails that were not confirmed in time, each in a savepoint. Returns how many."""
    waiting = held.expired(db, now, AT_ONCE)
    context = runtime.context(now)
    for each in waiting:
        try:
            with db.savepoint():
                apply.drop_held(db, each.inbox_id, _expired(db, each, context), context)
        except StorageError:
            raise
        except Exception:
            log.exception("expiry of held mail %d failed", each.inbox_id)
            held.release(db, each.inbox_id)  # it keeps its state, for the administrator to retry or drop
    return len(waiting)


def _expired(db: Db, waiting: held.Waiting, context: Context) -> Outcome:
    """The outcome of a held mail that was not confirmed in time; a held reply is returned to its agent."""
    why = Reason(waiting.why)
    if why is Reason.SPAM:
        return dropped(why, "it was held as spam, and nobody released it within 30 days")
    if why is Reason.UNPROVEN_AGENT:
        return dropped(why, "its agent did not confirm it in time")
    return expired(waiting.agent, why, gather_held(db, waiting.inbox_id, context), context)


class _Executor(AsyncIOExecutor):  # type: ignore[misc]
    """Runs jobs; one that a stop cancels before its first step is no error (one that runs: see `_guarded`)."""

    def _run_job_error(self, job_id: str, exc: BaseException, traceback: TracebackType | None = None) -> None:
        if not isinstance(exc, asyncio.CancelledError):
            super()._run_job_error(job_id, exc, traceback)


class Timers:
    """The timers of a running daemon."""

    def __init__(
        self, store: Store, runtime: Callable[[], Runtime], clock: Callable[[], datetime], wrote: Callable[[], None]
    ) -> None:
        self._store = store
        self._runtime = runtime
        self._clock = clock
        self._wrote = wrote
        self._reports_again = datetime.min.replace(tzinfo=UTC)
        self._scheduler: Any = AsyncIOScheduler(timezone=UTC, executors={"default": _Executor()})

    def start(self) -> None:
        """Start; what is overdue fires at once."""
        logging.getLogger("apscheduler").setLevel(logging.ERROR)
        every = partial(self._scheduler.add_job, trigger="interval", coalesce=True, max_instances=1)
        now = datetime.now(UTC)
        every(self._guarded(self._tick), seconds=TICK, misfire_grace_time=None, next_run_time=now)
        every(self._guarded(self._day), seconds=DAY_TICK, misfire_grace_time=None, next_run_time=now)
        every(self._guarded(self._index), seconds=INDEX_TICK, misfire_grace_time=None, next_run_time=now)
        every(self._guarded(self._tidy), hours=1, misfire_grace_time=None, next_run_time=now + timedelta(minutes=5))
        every(self._guarded(self._sweep), hours=24, misfire_grace_time=None, next_run_time=now + timedelta(minutes=10))
        every(self._guarded(self._reports), seconds=REPORT_TICK, misfire_grace_time=None, next_run_time=now)
        self._scheduler.start()

    async def _reports(self) -> None:
        """Mail the scheduled reports that are due; they are counted in a thread, on a connection of their own."""
        now = self._clock()
        if now < self._reports_again:
            return
        runtime = self._runtime()
        dues = await self._store.read(report_mail.due, runtime.config, now)
        if not dues:
            return
        self._reports_again = now + PUT_OFF  # if an error follows
        mails = await asyncio.to_thread(report_mail.write, dues, runtime, now)
        await self._store.write(report_mail.post, dues, mails, now)
        self._reports_again = now
        self._wrote()

    def stop(self) -> None:
        """Stop. The store finishes a transaction that runs."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)

    async def _tick(self) -> None:
        while await self._store.read(any_due, self._clock()):
            fired = await self._store.write(fire_due, self._runtime(), self._clock())
            self._wrote()
            if fired < AT_ONCE:
                return

    async def _day(self) -> None:
        if await self._store.read(agents_day.any_due, self._runtime().config, self._clock()):
            await self._store.write(agents_day.fire_due, self._runtime(), self._clock())
            self._wrote()
        if await self._store.read(spam_digest.due, self._runtime().config, self._clock()):
            await self._store.write(spam_digest.notify, self._runtime(), self._clock())
            self._wrote()
        if await self._store.read(set_aside.due, self._clock()):
            await self._store.write(set_aside.notify, self._runtime(), self._clock())
            self._wrote()

    async def _index(self) -> None:
        """Bring the full-text index up to date. It is derived from what is durable, so it is not flushed itself."""
        while await self._store.read(search.is_behind):
            await self._store.commit(search.follow)
            await asyncio.sleep(INDEX_PAUSE)

    async def _tidy(self) -> None:
        storage = self._runtime().config.storage
        for portion in upkeep.PORTIONS:
            more = True
            while more:
                more = await self._store.write(portion, storage, self._clock())
                await asyncio.sleep(TICK)  # incoming mail goes first

    async def _sweep(self) -> None:
        """Remove files that no row names. A file's time is the wall clock's."""
        now, raw, attachments = time.time(), self._store.files, self._runtime().files
        if old := await asyncio.to_thread(raw.old, now):
            await asyncio.to_thread(raw.sweep, await self._store.read(inbox.unnamed, old))
        old = await asyncio.to_thread(attachments.old, now)
        unnamed = await self._store.read(upkeep.unnamed, old)
        database = self._runtime().config.storage.beside
        await asyncio.to_thread(upkeep.sweep, attachments, unnamed, now, database)

    @staticmethod
    def _guarded(job: Callable[[], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
        async def run() -> None:
            try:
                await job()
            except StorageError as error:
                log.warning("timers: storage error: %s", error.cause)
            except asyncio.CancelledError:
                log.debug("timers: cancelled")  # not raised: the scheduler would log it as an error

        return run
