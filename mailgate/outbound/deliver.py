"""Takes the outbox to the relays: claims what is due, hands it over, writes down what was said.

What is retried and what is final is judged in `backoff`; how one relay does, in `lane`; how
a mail is handed over is the relay's affair.

- A row is claimed before it is sent and recorded after it; a crash between the relay's
  yes and our commit sends it once more, with the same Message-ID.
- Results and new claims share one transaction, and results that come while one commit is
  on its way share the next.
- A mail goes to the relays for its sender, else to those for everybody, in the order of the
  config: to the next one while the first is down.
- When the database takes no results, nothing more is sent and the results are kept.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta

from mailgate.errors import StorageError
from mailgate.outbound.backoff import Reply
from mailgate.outbound.lane import Lane, Outside, RelayState
from mailgate.outbound.maildir import Transport
from mailgate.outbound.results import Results, record_and_claim
from mailgate.outbound.sender import sender_of
from mailgate.settings import Relay
from mailgate.store.attachments import AttachmentStore
from mailgate.store.db import Store
from mailgate.store.queues import outbox
from mailgate.store.queues.outbox import Job
from mailgate.system.clock import pause

log = logging.getLogger(__name__)

RECORD_AT = 32  # results that are worth a commit of their own while there is more to send
BREATH = 0.01  # seconds from turn to turn at least: each costs a flush, and what gathers goes in one
LINGER = 0.1  # seconds that a result waits for others at most
LONGEST_SLEEP = 60.0  # seconds; a wall clock that jumps must not make us sleep through
STORAGE_PAUSE = 1.0  # seconds after a storage error; doubled up to STORAGE_PAUSE_MOST
STORAGE_PAUSE_MOST = 60.0
URGENT = 8  # rows that an administrator wants tried now, claimed at a time


class Deliverer:
    """Sends the outbox until it is stopped.

    `relays` are the relays in their order, each with what makes a transport to it (called once
    a connection). `take_failure` is called when refusals wait to be reported, `report_file` mails the administrator
    that a file cannot be read. `attachments` has the files of the mails. `jitter` draws from 0 to 1. While `may_send`
    says no, nothing is sent: another node may do it.
    """

    def __init__(
        self,
        store: Store,
        relays: Sequence[tuple[Relay, Callable[[], Transport]]],
        clock: Callable[[], datetime],
        *,
        take_failure: Callable[[], None],
        report_file: Callable[[Reply], None],
        attachments: AttachmentStore,
        jitter: Callable[[], float] = random.random,
        may_send: Callable[[], bool] = lambda: True,
    ) -> None:
        self._may_send = may_send
        self._store = store
        self._clock = clock
        self._gave_up = take_failure
        self._wake = asyncio.Event()
        self._due: datetime | None = None
        self._results = Results()
        outside = Outside(
            self._results, attachments, clock, jitter, self._wake_soon, self._goes_elsewhere, report_file, may_send
        )
        self.lanes = tuple(Lane(relay, connect, outside) for relay, connect in relays)
        self._in_hand: set[int] = set()  # outbox ids
        self._unknown = False  # whether mails may be claimed of which nothing is known here
        self._urgent = False
        self._linger: asyncio.TimerHandle | None = None
        self._storage_pause = STORAGE_PAUSE
        self._stopping = False
        self._cut_off = False
        self._stop_requested = asyncio.Event()
        self._stopped = asyncio.Event()

    @property
    def states(self) -> tuple[RelayState, ...]:
        """How each relay does."""
        return tuple(lane.state for lane in self.lanes)

    def notify(self) -> None:
        """New rows may be due, or an administrator wants one tried now."""
        self._urgent = True
        self._wake.set()

    async def retry_now(self) -> None:
        """End the pause after a failure of a relay, and of the mails that wait for it: its cause may be gone."""
        for lane in self.lanes:
            lane.retry_now()
        with suppress(StorageError):  # they are tried at their time
            await self._store.write(outbox.hurry, self._clock())
        self._wake.set()

    async def run(self) -> None:
        """Deliver until `stop`. What a dead process had in hand is taken up first."""
        workers: list[asyncio.Task[None]] = []
        try:
            await self._release()
            for lane in self.lanes:
                connections = range(lane.relay.max_connections)
                workers += [asyncio.create_task(lane.work(n), name=f"{lane.relay.name}-{n}") for n in connections]
            for task in workers:
                task.add_done_callback(lambda _: self._wake.set())
            while not self._stopping or (self._in_hand and not self._cut_off):
                began = asyncio.get_running_loop().time()
                await self._turn()
                await self._sleep()
                await asyncio.sleep(began + BREATH - asyncio.get_running_loop().time())
                self._raise_of(workers)
        finally:
            self._stopping = True
            try:
                await self._end(workers)
            finally:
                self._stopped.set()

    async def _release(self) -> None:
        while not self._stopping:
            try:
                await self._store.write(outbox.release_own)
            except StorageError as error:
                log.warning("mails of the last run cannot be queued again now: %s", error.cause)
                await self._wait_for_storage()
            else:
                return

    async def _wait_for_storage(self) -> None:
        """Pause after a storage error, longer after each one that follows."""
        seconds, self._storage_pause = self._storage_pause, min(self._storage_pause * 2, STORAGE_PAUSE_MOST)
        await pause(self._stop_requested, seconds)

    async def _end(self, workers: list[asyncio.Task[None]]) -> None:
        for task in workers:
            task.cancel()
        await asyncio.gather(*workers, return_exceptions=True)
        await self._turn()  # what was said until now

    async def stop(self, grace: float) -> None:
        """Start nothing more; let what is on the wire finish for `grace` seconds, then cut it off.

        What was cut off is sent again at the next start.
        """
        self._stopping = True
        self._stop_requested.set()
        self._give_back_unsent()
        self._wake.set()
        try:
            async with asyncio.timeout(grace):
                await self._stopped.wait()
        except TimeoutError:
            self._cut_off = True
            self._wake.set()
            await self._stopped.wait()

    @staticmethod
    def _raise_of(workers: list[asyncio.Task[None]]) -> None:
        for task in workers:
            if task.done():
                task.result()

    # -- the turn: record, claim

    async def _turn(self) -> None:
        for lane in self.lanes:
            lane.release_suspects()
        results = self._take_results()
        now, room = self._clock(), self._room()
        large = 0 if self._stopping else sum(lane.large_room() for lane in self.lanes)
        urgent = self._urgent and self._may_claim and any(lane.down for lane in self.lanes)
        self._urgent = False
        if not (results or room or urgent or self._unknown):
            return
        try:
            jobs, self._due = await self._store.commit(
                record_and_claim,
                results,
                URGENT if urgent else room,
                now,
                large=URGENT if urgent else large,
                urgent=urgent,
                held=self._in_hand if self._unknown else None,
            )
        except StorageError as error:
            log.warning("deliveries cannot be recorded now: %s", error.cause)
            self._results.extend(results)
            self._urgent = self._urgent or urgent
            self._unknown = True
            await self._wait_for_storage()
            self._wake.set()
            return
        self._unknown = False
        durable = await self._durable()
        if results.failed:
            self._gave_up()
        self._in_hand -= results.ids
        self._in_hand |= {job.id for job in jobs}
        for job in jobs if durable else ():
            self._dispatch(job, now)
        if not durable:
            self._results.untried += [job.id for job in jobs]
        if self._stopping:
            self._give_back_unsent()

    async def _durable(self) -> bool:
        """Wait until the claims are durable: one that a power cut undoes would be sent twice. False at a stop."""
        while True:
            try:
                await self._store.flush()
            except StorageError as error:
                log.warning("claimed mails wait for the disk: %s", error.cause or error.public)
            else:
                self._storage_pause = STORAGE_PAUSE
                return True
            if self._stopping:
                return False
            await self._wait_for_storage()

    def _take_results(self) -> Results:
        """What happened until now; the lanes go on to fill the same, now empty, object."""
        taken = Results()
        taken.extend(self._results)
        for kind in (self._results.sent, self._results.later, self._results.failed, self._results.untried):
            kind.clear()
        self._results.put_off.clear()
        return taken

    def _room(self) -> int:
        """How many rows may be claimed."""
        return sum(lane.room() for lane in self.lanes) if self._may_claim else 0

    @property
    def _may_claim(self) -> bool:
        return not self._stopping and self._may_send()

    # -- which relay

    def _lanes_for(self, job: Job) -> tuple[Lane, ...]:
        """The relays for a mail's sender, else those for everybody; all of them where there is neither."""
        sender = sender_of(job.data) or job.mail_from.lower()
        own = tuple(lane for lane in self.lanes if sender in lane.relay.for_)
        return own or tuple(lane for lane in self.lanes if not lane.relay.for_) or self.lanes  # as `Config.relays_for`

    def _goes_elsewhere(self, job: Job) -> bool:
        return any(not lane.down for lane in self._lanes_for(job)[1:])

    def _dispatch(self, job: Job, now: datetime) -> None:
        """Give a job to a relay of its own that is not down, an urgent one also to one that is; else put it off."""
        lanes = self._lanes_for(job)
        lane = next((each for each in lanes if not each.down), None)
        chosen = lane if lane is not None and not lane.wait() else None
        if chosen is None and job.urgent:
            chosen = next((each for each in lanes if each.down and not each.wait_for_pace()), None)
        if chosen is not None:
            chosen.put(job)
            return
        wait = lane.wait() if lane is not None else min(each.wait() for each in lanes)
        self._results.put_off.append((job.id, now + timedelta(seconds=max(wait, 1.0))))
        self._wake.set()

    async def _sleep(self) -> None:
        """Until there is something to record or to claim."""
        if self._stopping and len(self._in_hand) <= len(self._results):
            return
        seconds = LONGEST_SLEEP
        if not self._stopping and not self._room():
            seconds = min((lane.wait() for lane in self.lanes if lane.wait()), default=LONGEST_SLEEP)
        elif self._due is not None and not self._stopping:
            seconds = min(max((self._due - self._clock()).total_seconds(), 0.0), LONGEST_SLEEP)
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            pass
        self._wake.clear()

    def _give_back_unsent(self) -> None:
        for lane in self.lanes:
            lane.give_back()

    def _wake_soon(self) -> None:
        if len(self._results) >= RECORD_AT or all(lane.idle for lane in self.lanes):
            self._wake.set()
        elif self._linger is None or self._linger.when() <= asyncio.get_running_loop().time():
            self._linger = asyncio.get_running_loop().call_later(LINGER, self._wake.set)
