"""The SLA clock: asks the deadline index what is due, and has it done like any mail.

APScheduler only ticks; what it ticks for are rows, so a restart forgets nothing and what
came due meanwhile fires at the first tick. This is the one file that names apscheduler.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from mailgate.desk.decide import dropped
from mailgate.desk.gather.mail import gather_held
from mailgate.desk.gather.records import gather_ticket
from mailgate.desk.hold.held_reply import forgotten
from mailgate.desk.outcome import Context, Outcome
from mailgate.errors import StorageError
from mailgate.reasons import Reason
from mailgate.rules.notices.alert_facts import put_off_by
from mailgate.rules.notices.occasion import Occasion
from mailgate.rules.sla.clock import WAKE
from mailgate.rules.ticket import lifecycle
from mailgate.store.db import Db, Store
from mailgate.store.people import audience
from mailgate.store.queues import held, inbox, trace
from mailgate.store.tickets import deadlines
from mailgate.ticket import CLOCK, Address
from mailgate.worker import agents_day, apply, report_mail
from mailgate.worker.setup import Runtime

TICK = 0.5  # seconds
DAY_TICK = 2.0  # seconds between looks for digests and absences that ran out
LOOK_FOR_REPORTS = 5.0  # seconds
AT_ONCE = 50  # deadlines in one transaction
FORGET_AT_ONCE = 200  # mails whose bytes are forgotten in one transaction
PUT_OFF = timedelta(hours=1)  # a deadline that cannot be worked is tried again then
KEEP_TRACE = timedelta(days=90)
KEEP_CONTACTS = timedelta(days=7)

log = logging.getLogger(__name__)


def fire_due(db: Db, desk: Runtime, now: datetime) -> int:
    """Fire what is due, a savepoint a deadline, and forget held mail; how many were taken up."""
    due = deadlines.due(db, now, AT_ONCE)
    for number, step, at in due:
        if not deadlines.is_still_due(db, number, step, now):
            continue  # an earlier step of the same ticket moved it
        try:
            with db.savepoint():
                _fire(db, number, step, at, desk, now)
        except StorageError:
            raise
        except Exception:
            log.exception("deadline %s of ticket %d cannot be worked", step, number)
            deadlines.put_off(db, number, step, now + PUT_OFF)
    return len(due) + forget_held(db, desk, now)


def _fire(db: Db, number: int, step: str, at: datetime, desk: Runtime, now: datetime) -> None:
    context = desk.context(now)
    known = gather_ticket(db, number, context, events=step == WAKE)
    record = known.records[number]
    change = lifecycle.fire(record.ticket, step, context.config, now)
    occasion = Occasion(
        by=CLOCK,
        cause=f"clock:{number}:{step}:{at.timestamp():.0f}",
        author=Address("", desk.config.desk.name),
        now=now,
        put_off=put_off_by(record.events) if step == WAKE else None,
    )
    outcome = Outcome(ticket=number, announced=(known.announced(change, occasion),))
    apply.save(db, outcome, context, desk.writer)


def any_due(db: Db, now: datetime) -> bool:
    """True when there is something to fire or to forget."""
    return deadlines.any_due(db, now) or bool(held.expired(db, now, 1))


def forget_held(db: Db, desk: Runtime, now: datetime) -> int:
    """End the mails whose agent did not confirm in time, a savepoint a mail; how many."""
    waiting = held.expired(db, now, AT_ONCE)
    context = desk.context(now)
    for each in waiting:
        try:
            with db.savepoint():
                apply.forget(db, each.inbox_id, _forgotten(db, each, context), context, desk.writer)
        except StorageError:
            raise
        except Exception:
            log.exception("held mail %d cannot be forgotten", each.inbox_id)
            held.release(db, each.inbox_id)  # it stays held, for the administrator to retry or drop
    return len(waiting)


def _forgotten(db: Db, waiting: held.Waiting, context: Context) -> Outcome:
    """The end of a held mail that its agent did not confirm in time; an answer is returned to them."""
    why = Reason(waiting.why)
    if why is Reason.UNPROVEN_AGENT:
        return dropped(why, "its agent did not confirm it in time")
    return forgotten(waiting.agent, why, gather_held(db, waiting.inbox_id, context), context)


def tidy(db: Db, desk: Runtime, now: datetime) -> bool:
    """Forget what nobody needs any more.

    True while there is more to forget: it takes little at a time, for mail waits meanwhile.
    """
    forgotten = inbox.forget_raw(db, now - desk.config.storage.keep_raw, FORGET_AT_ONCE)
    trace.forget(db, now - KEEP_TRACE)
    audience.forget_first_contacts(db, now - KEEP_CONTACTS)
    return forgotten == FORGET_AT_ONCE


class Timers:
    """Ticks while the daemon runs."""

    def __init__(
        self, store: Store, desk: Callable[[], Runtime], clock: Callable[[], datetime], wrote: Callable[[], None]
    ) -> None:
        self._store = store
        self._desk = desk
        self._clock = clock
        self._wrote = wrote
        self._reports_again = datetime.min.replace(tzinfo=UTC)
        self._scheduler: Any = AsyncIOScheduler(timezone=UTC)

    def start(self) -> None:
        """Start ticking; what is overdue already fires at once."""
        logging.getLogger("apscheduler").setLevel(logging.ERROR)
        every = partial(self._scheduler.add_job, trigger="interval", coalesce=True, max_instances=1)
        now = datetime.now(UTC)
        every(self._guarded(self._tick), seconds=TICK, misfire_grace_time=None, next_run_time=now)
        every(self._guarded(self._day), seconds=DAY_TICK, misfire_grace_time=None, next_run_time=now)
        every(self._guarded(self._tidy), hours=1, misfire_grace_time=None, next_run_time=now + timedelta(minutes=5))
        every(self._guarded(self._reports), seconds=LOOK_FOR_REPORTS, misfire_grace_time=None, next_run_time=now)
        self._scheduler.start()

    async def _reports(self) -> None:
        """The reports that are due, by mail. The counting is done beside the way of mail."""
        now = self._clock()
        if now < self._reports_again:
            return
        desk = self._desk()
        dues = await self._store.read(report_mail.due, desk.config, now)
        if not dues:
            return
        self._reports_again = now + PUT_OFF  # where the writing fails
        mails = await asyncio.to_thread(report_mail.write, dues, desk, now)
        await self._store.write(report_mail.post, dues, mails, now)
        self._reports_again = now
        self._wrote()

    def stop(self) -> None:
        """Tick no more. A transaction that runs is finished by the store."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)

    async def _tick(self) -> None:
        while await self._store.read(any_due, self._clock()):
            fired = await self._store.write(fire_due, self._desk(), self._clock())
            self._wrote()
            if fired < AT_ONCE:
                return

    async def _day(self) -> None:
        if await self._store.read(agents_day.any_due, self._desk().config, self._clock()):
            await self._store.write(agents_day.fire_day, self._desk(), self._clock())
            self._wrote()

    async def _tidy(self) -> None:
        more = True
        while more:
            more = await self._store.write(tidy, self._desk(), self._clock())
            await asyncio.sleep(TICK)  # a flood of accepts comes between
        files = self._store.files
        old = await asyncio.to_thread(files.old, time.time())  # a file's time is the wall clock's
        if old:
            await asyncio.to_thread(files.sweep, await self._store.read(inbox.unnamed, old))

    @staticmethod
    def _guarded(job: Callable[[], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
        async def run() -> None:
            try:
                await job()
            except StorageError as error:
                log.warning("the clock waits for the database: %s", error.cause)
            except asyncio.CancelledError:
                log.debug(
                    "stopped in the middle: the store finishes its transaction"
                )  # and the scheduler logs no error

        return run
