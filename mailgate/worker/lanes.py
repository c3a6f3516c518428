"""The worker's lanes: who claims which mail, and when; what is done with it is `worker/batch.py`.

Trouble of the disk or database is nobody's fault: what was claimed goes back uncounted
and is taken up after a pause.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from mailgate.desk.agent.reports import as_seen
from mailgate.desk.outcome import ReportOrder
from mailgate.desk.report import Stopped, count_aside
from mailgate.errors import StorageError
from mailgate.figures import Report
from mailgate.settings import Config
from mailgate.store.db import Store
from mailgate.store.queues import inbox
from mailgate.store.queues.inbox import Claimed
from mailgate.system import maillog
from mailgate.system.clock import pause
from mailgate.system.watchdog import Progress
from mailgate.worker.batch import Aside, Waiting, claim, read, record_failure, work, work_and_claim
from mailgate.worker.setup import Runtime

PAUSE = 1.0  # seconds before storage trouble is tried again; grows to PAUSE_MOST
PAUSE_MOST = 60.0
RETRY_INTERVAL = 5.0  # seconds between looks for mail that was put off


class Worker:
    """The daemon's task: wakes when mail was accepted and works until none is left.

    Large mails have a lane of their own: reading one takes its time, and the others need not wait.
    So have mails that ask for a report: it is counted before they are worked.
    """

    def __init__(
        self, store: Store, desk: Callable[[], Runtime], clock: Callable[[], datetime], wrote: Callable[[], None]
    ) -> None:
        def carried() -> None:
            wrote()
            self._lanes[0].wake()  # the later mails of its sender waited for a large one; what failed is tried again

        self._store = store
        self._clock = clock
        self._reports = _Reports(store, desk, clock, carried)
        aside = self._reports.put
        self._lanes = (_Lane(store, desk, clock, wrote, aside), _Lane(store, desk, clock, carried, aside, large=True))

    def wake(self) -> None:
        """There may be mail in the inbox."""
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
        """Work until `stop`; what is in hand then is finished or given back."""
        running = (*(each.run(stop) for each in (*self._lanes, self._reports)), self._take_up_again(stop))
        tasks = [asyncio.create_task(each) for each in running]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _take_up_again(self, stop: asyncio.Event) -> None:
        """Have mail that waits for a file tried again when its time has come."""
        while not stop.is_set():
            try:
                if await self._store.read(inbox.any_retry_due, self._clock()):
                    await self._store.commit(inbox.take_up_again, self._clock())
                    self.wake()
            except StorageError as error:
                maillog.storage_error(error)
            await pause(stop, RETRY_INTERVAL)


class _Lane:
    """Claims, reads and works one kind of mail."""

    def __init__(
        self,
        store: Store,
        desk: Callable[[], Runtime],
        clock: Callable[[], datetime],
        wrote: Callable[[], None],
        aside: Aside,
        *,
        large: bool = False,
    ) -> None:
        self.progress = Progress()
        self._large = large
        self._part = "large mail processing" if large else "mail processing"  # of `StorageHealth`
        self._aside = aside
        self._store = store
        self._desk = desk
        self._clock = clock
        self._wrote = wrote  # tells the way out that the outbox may hold something new
        self._wake = asyncio.Event()
        self._stranded: list[int] = []  # claimed, not worked, and the database would not take them back

    def wake(self) -> None:
        self._wake.set()

    async def run(self, stop: asyncio.Event) -> None:
        self.wake()
        rest = PAUSE
        while not stop.is_set():
            await self._wake.wait()
            self._wake.clear()
            try:
                await self._give_back()
                claimed = await self._store.through(claim, large=self._large)
                while claimed:
                    claimed = await self._batch(claimed, stop)
                    rest = PAUSE
                self._store.health.worked(self._part)
            except StorageError as error:
                self._store.health.failed(self._part, error)
                maillog.storage_error(error)
                await pause(stop, rest)
                rest = min(rest * 2, PAUSE_MOST)
                self.wake()

    async def _batch(self, claimed: list[Claimed], stop: asyncio.Event) -> list[Claimed]:
        """Work what was claimed; the next batch, claimed meanwhile. What is not worked at `stop` is given back."""
        desk = self._desk()
        later: list[Waiting] = []
        waiting = [each.id for each in claimed]
        self.progress.step()
        try:
            batch = await asyncio.to_thread(read, claimed, desk, self._clock())
            while batch and not stop.is_set():
                now = self._clock()
                finished, claimed = await self._store.through(
                    work_and_claim, batch, desk, desk.context(now), later.append, large=self._large
                )
                del batch[:finished], waiting[:finished]
                self.progress.step()
                self._wrote()
        finally:
            self.progress.idle()
            for each in later:
                self._aside(each)
            put_aside = {each.prepared.received.id for each in later}  # trouble may come before `waiting` knows
            self._stranded += [each for each in waiting if each not in put_aside]
            await self._give_back()
        return [] if waiting else claimed

    async def _give_back(self) -> None:
        if self._stranded:
            await self._store.commit(inbox.unclaim, self._stranded)
            self._stranded.clear()


class _Reports:
    """Works the mails that ask for a report, one after the other: first each is counted, in a thread of its own."""

    def __init__(
        self, store: Store, desk: Callable[[], Runtime], clock: Callable[[], datetime], wrote: Callable[[], None]
    ) -> None:
        self.progress = Progress()
        self._store = store
        self._desk = desk
        self._clock = clock
        self._wrote = wrote
        self._waiting: list[Waiting] = []
        self._wake = asyncio.Event()

    def put(self, waiting: Waiting) -> None:
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
            if self._waiting:  # else a stop would wait for the database, and fail where that is not to be had
                await self._store.commit(inbox.unclaim, [each.prepared.received.id for each in self._waiting])

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

    async def _work(self, waiting: Waiting, stop: asyncio.Event) -> None:
        """Count what the mail asks for, then work it. A mail whose counting fails stumbles like any other."""
        desk = self._desk()
        reports: dict[timedelta, Report] = {}
        more: list[Waiting] = [waiting]

        def stopped() -> bool:
            self.progress.step()
            return stop.is_set()

        while more:
            for asked in more.pop().reports:
                if stop.is_set():
                    raise Stopped
                now = self._clock()
                try:
                    reports[asked.span] = await asyncio.to_thread(_count, asked, desk.config, now, stopped)
                except (Stopped, StorageError):
                    raise
                except Exception as error:
                    inbox_id = waiting.prepared.received.id
                    await self._store.through(record_failure, inbox_id, error, desk, desk.context(now))
                    return
            context = replace(desk.context(self._clock()), reports=reports)
            await self._store.through(work, [waiting.prepared], desk, context, more.append)


def _count(asked: ReportOrder, config: Config, now: datetime, stopped: Callable[[], bool]) -> Report:
    return as_seen(count_aside(config, now - asked.span, now, stopped), asked.agent, config)
