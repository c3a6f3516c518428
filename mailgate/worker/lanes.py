"""The worker's tasks: mail, large mail, and mail that asks for reports. One batch is `batch.py`.

After a storage error the claimed mail is unclaimed, which counts as no attempt, and tried again after a pause.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from mailgate.desk.agent.report_mails import report_for
from mailgate.desk.outcome import ReportOrder
from mailgate.desk.prepare import Prepared
from mailgate.desk.report import Stopped, count_on_own_connection
from mailgate.errors import StorageError
from mailgate.figures import Report
from mailgate.settings import Config
from mailgate.store.db import Store
from mailgate.store.queues import claims, inbox
from mailgate.store.queues.inbox import Claimed
from mailgate.system import maillog
from mailgate.system.budget import CHECKED, Budget
from mailgate.system.clock import pause
from mailgate.system.watchdog import Progress
from mailgate.worker.batch import Deferred, Unread, claim, read, reclaim, record_failure, work, work_and_claim
from mailgate.worker.runtime import Runtime

PAUSE = 1.0  # seconds after a storage error; doubled up to PAUSE_MOST
PAUSE_MOST = 60.0
RETRY_INTERVAL = 5.0  # seconds between checks for mail that was put off, or that a dead node has claimed
WAIT = 0.2  # seconds until mail that waits for another node's is claimed again


class Worker:
    """Works the inbox of a running daemon whenever mail was accepted.

    Large mails have a task of their own, since reading one takes long; so have mails that ask for a report.
    """

    def __init__(
        self, store: Store, runtime: Callable[[], Runtime], clock: Callable[[], datetime], wrote: Callable[[], None]
    ) -> None:
        def wrote_and_wake() -> None:
            wrote()
            self._lanes[0].wake()  # mail of the same sender waits for a large one; failed mail is tried again

        self._store = store
        self._runtime = runtime
        self._clock = clock
        self._reports = _Reports(store, runtime, clock, wrote_and_wake)
        self._lanes = (
            _Lane(store, runtime, clock, wrote, self._reports),
            _Lane(store, runtime, clock, wrote_and_wake, self._reports, large=True),
        )

    def wake(self) -> None:
        """Check the inbox for mail."""
        for each in (*self._lanes, self._reports):
            each.wake()

    def progress(self) -> dict[str, int | None]:
        """The progress counter of each activity, for the watchdog."""
        small, large = self._lanes
        return {
            "mail processing": small.progress.value,
            "large mail processing": large.progress.value,
            "report counting": self._reports.progress.value,
        }

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop`; mail in progress is then finished or unclaimed."""
        running = (*(each.run(stop) for each in (*self._lanes, self._reports)), self._take_up_again(stop))
        tasks = [asyncio.create_task(each) for each in running]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _take_up_again(self, stop: asyncio.Event) -> None:
        """Retry mail whose file could not be read, when it is due, and take up what a dead node has claimed."""
        while not stop.is_set():
            try:
                if await self._store.read(inbox.any_retry_due, self._clock()):
                    await self._store.commit(inbox.take_up_again, self._clock())
                    self.wake()
                if not self._store.node.alone and await self._store.read(claims.any_abandoned):
                    await self._store.commit(reclaim, self._runtime(), self._clock())
                    self.wake()
            except StorageError as error:
                maillog.storage_error(error)
            await pause(stop, RETRY_INTERVAL)


class _Lane:
    """Claims, reads and works one kind of mail."""

    def __init__(
        self,
        store: Store,
        runtime: Callable[[], Runtime],
        clock: Callable[[], datetime],
        wrote: Callable[[], None],
        reports: _Reports,
        *,
        large: bool = False,
    ) -> None:
        self.progress = Progress()
        self._large = large
        self._part = "large mail processing" if large else "mail processing"  # of `StorageHealth`
        self._reports = reports
        self._store = store
        self._runtime = runtime
        self._clock = clock
        self._wrote = wrote  # called when the outbox may hold new mail
        self._wake = asyncio.Event()
        self._unfinished: list[int] = []  # claimed, neither worked nor unclaimed yet
        self._unknown = False  # whether mail may be claimed of which nothing is known here

    def wake(self) -> None:
        self._wake.set()

    async def run(self, stop: asyncio.Event) -> None:
        self.wake()
        rest = PAUSE
        while not stop.is_set():
            await self._wake.wait()
            self._wake.clear()
            try:
                await self._unclaim()
                if self._unknown:
                    await self._store.commit(claims.return_unknown_mail, self._reports.held, large=self._large)
                    self._unknown = False
                claimed = await self._store.through(claim, large=self._large)
                while claimed:
                    claimed = await self._batch(claimed, stop)
                    rest = PAUSE
                self._store.health.worked(self._part)
            except StorageError as error:
                self._unknown = True
                self._store.health.failed(self._part, error)
                maillog.storage_error(error)
                await pause(stop, rest)
                rest = min(rest * 2, PAUSE_MOST)
                self.wake()

    async def _batch(self, claimed: list[Claimed], stop: asyncio.Event) -> list[Claimed]:
        """Work a batch. Returns the next one, claimed meanwhile; mail that is not worked at `stop` is unclaimed."""
        runtime = self._runtime()
        later: list[Deferred] = []
        waiting = [each.id for each in claimed]
        self.progress.step()
        try:
            batch = await self._read(claimed, runtime)
            while batch and not stop.is_set():
                now = self._clock()
                finished, claimed = await self._store.through(
                    work_and_claim, batch, runtime.context(now), later.append, large=self._large
                )
                if not finished:
                    asyncio.get_running_loop().call_later(WAIT, self.wake)
                    break
                del batch[:finished], waiting[:finished]
                self.progress.step()
                self._wrote()
        finally:
            self.progress.idle()
            for each in later:
                self._reports.put(each)
            deferred = {each.prepared.received.id for each in later}  # an error may come before `waiting` is updated
            self._unfinished += [each for each in waiting if each not in deferred]
            await self._unclaim()
        return [] if waiting else claimed

    async def _read(self, claimed: list[Claimed], runtime: Runtime) -> list[Prepared | Unread]:
        """Read a batch in a thread; what exceeds the budget of a mail is ended."""
        budget = Budget()
        reading = asyncio.create_task(asyncio.to_thread(read, claimed, runtime, self._clock(), budget))
        while not (await asyncio.wait({reading}, timeout=CHECKED))[0]:
            budget.check()
        return await reading

    async def _unclaim(self) -> None:
        if self._unfinished:
            await self._store.commit(inbox.unclaim, self._unfinished)
            self._unfinished.clear()


class _Reports:
    """Works mails that ask for reports, one after the other; the reports are counted in a thread before."""

    def __init__(
        self, store: Store, runtime: Callable[[], Runtime], clock: Callable[[], datetime], wrote: Callable[[], None]
    ) -> None:
        self.progress = Progress()
        self._store = store
        self._runtime = runtime
        self._clock = clock
        self._wrote = wrote
        self._waiting: list[Deferred] = []
        self._wake = asyncio.Event()

    @property
    def held(self) -> frozenset[int]:
        """The inbox ids of these mails."""
        return frozenset(each.prepared.received.id for each in self._waiting)

    def put(self, waiting: Deferred) -> None:
        self._waiting.append(waiting)
        self.wake()

    def wake(self) -> None:
        self._wake.set()

    async def run(self, stop: asyncio.Event) -> None:
        try:
            while not stop.is_set():
                await self._wake.wait()
                self._wake.clear()
                while self._waiting and not stop.is_set():
                    await self._next(stop)
        finally:
            if self._waiting:  # else a stop would fail where the database is not available
                await self._store.commit(inbox.unclaim, [*self.held])

    async def _next(self, stop: asyncio.Event) -> None:
        try:
            await self._work(self._waiting[0], stop)
        except Stopped:
            return
        except StorageError as error:
            maillog.storage_error(error)
            self.progress.idle()
            await pause(stop, PAUSE)
            return
        finally:
            self.progress.idle()
        self._waiting.pop(0)
        self._wrote()

    async def _work(self, waiting: Deferred, stop: asyncio.Event) -> None:
        """Count the reports that the mail asks for, then work it. An error in counting is an error of the mail."""
        runtime = self._runtime()
        reports: dict[timedelta, Report] = {}
        more: list[Deferred] = [waiting]

        def stopped() -> bool:
            self.progress.step()
            return stop.is_set()

        while more:
            for asked in more.pop().reports:
                if stop.is_set():
                    raise Stopped
                now = self._clock()
                try:
                    reports[asked.span] = await asyncio.to_thread(_count, asked, runtime.config, now, stopped)
                except (Stopped, StorageError):
                    raise
                except Exception as error:
                    inbox_id = waiting.prepared.received.id
                    await self._store.through(record_failure, inbox_id, error, runtime.context(now))
                    return
            context = replace(runtime.context(self._clock()), reports=reports)
            await self._store.through(work, [waiting.prepared], context, more.append)


def _count(asked: ReportOrder, config: Config, now: datetime, stopped: Callable[[], bool]) -> Report:
    return report_for(count_on_own_connection(config, now - asked.span, now, stopped), asked.agent, config)
