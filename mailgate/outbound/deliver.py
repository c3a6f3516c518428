"""Takes the outbox to the relay: claims what is due, hands it over, writes down what was said.

What is retried and what is final is judged in `backoff`; how a mail is handed over is
the relay's affair.

- A row is claimed before it is sent and recorded after it; a crash between the relay's
  yes and our commit sends it once more, with the same Message-ID (guarantee 3).
- Results and new claims share one transaction, and results that come while one commit is
  on its way share the next.
- When the relay is ill, everything waits for growing pauses, then one mail tries it.
- Recipients refused with one and the same answer are not given up while the next answers
  may show that it is the relay that refuses everybody.
- When the database takes no results, nothing more is sent and the results are kept.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from mailgate.errors import StorageError
from mailgate.outbound.backoff import (
    Failed,
    Fault,
    RelayIll,
    Reply,
    RetryAt,
    Sent,
    Stage,
    Streak,
    after,
    judge,
    relay_pause,
)
from mailgate.outbound.maildir import Transport
from mailgate.store.db import Db, Store
from mailgate.store.queues import outbox, trace
from mailgate.store.queues.outbox import Job
from mailgate.system import maillog

log = logging.getLogger(__name__)

CONNECTIONS = 4
IN_HAND = 64  # rows claimed at a time
RECORD_AT = 32  # results that are worth a commit of their own while there is more to send
BREATH = 0.01  # seconds from turn to turn at least: each costs a flush, and what gathers goes in one
LINGER = 0.1  # seconds that a result waits for others at most
IDLE = 20.0  # seconds before an idle connection is closed
LONGEST_SLEEP = 60.0  # seconds; a wall clock that jumps must not make us sleep through
STORAGE_PAUSE = 1.0  # seconds
TELL_AGAIN = 3600.0  # seconds; an illness that comes and goes is told once in that time


@dataclass(frozen=True, slots=True)
class RelayState:
    """How the relay does, for `status`."""

    ill_since: datetime | None = None
    last_error: str = ""
    last_spoke_at: datetime | None = None


@dataclass(slots=True)
class _Results:
    """What became of rows in hand, until it is recorded."""

    sent: list[tuple[Job, Reply]] = field(default_factory=list)
    later: list[tuple[Job, Reply, datetime]] = field(default_factory=list)
    failed: list[tuple[Job, Reply, Failed]] = field(default_factory=list)
    untried: list[int] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.sent) + len(self.later) + len(self.failed) + len(self.untried)


class Deliverer:
    """Sends the outbox until it is stopped.

    `connect` makes a transport (called once a connection). `gave_up` says that refusals
    are there to be told of, `relay_ill` tells the admin, once an hour at most. `jitter`
    draws from 0 to 1.
    """

    def __init__(
        self,
        store: Store,
        connect: Callable[[], Transport],
        clock: Callable[[], datetime],
        *,
        gave_up: Callable[[], None],
        relay_ill: Callable[[Reply], None],
        jitter: Callable[[], float] = random.random,
        connections: int = CONNECTIONS,
    ) -> None:
        self.state = RelayState()
        self._store = store
        self._connect = connect
        self._clock = clock
        self._gave_up = gave_up
        self._relay_ill = relay_ill
        self._jitter = jitter
        self._connections = connections
        self._wake = asyncio.Event()
        self._due: datetime | None = None
        self._queue: asyncio.Queue[Job] = asyncio.Queue()
        self._results = _Results()
        self._suspects: list[tuple[Job, Reply, Failed]] = []
        self._in_hand = 0
        self._streak = Streak()
        self._failures = 0
        self._paused_until = 0.0  # on the loop's clock, which never jumps
        self._told_at: float | None = None
        self._linger: asyncio.TimerHandle | None = None
        self._stopping = False
        self._cut_off = False
        self._stopped = asyncio.Event()

    def notify(self) -> None:
        """New rows may be due."""
        self._wake.set()

    def retry_now(self) -> None:
        """End the pause after a failure of the relay, for its cause may be gone."""
        self._paused_until = 0.0
        self._wake.set()

    async def run(self) -> None:
        """Deliver until `stop`. What a dead process had in hand is taken up first."""
        workers: list[asyncio.Task[None]] = []
        try:
            await self._release()
            workers += [asyncio.create_task(self._work(), name=f"relay-{n}") for n in range(self._connections)]
            for task in workers:
                task.add_done_callback(lambda _: self._wake.set())
            while not self._stopping or (self._in_hand > 0 and not self._cut_off):
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
                await self._store.write(outbox.release)
            except StorageError as error:
                log.warning("what was in hand cannot be taken up now: %s", error.cause)
                await asyncio.sleep(STORAGE_PAUSE)
            else:
                return

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
        self._release_suspects()
        results, self._results = self._results, _Results()
        now = self._clock()
        room = self._room(len(results))
        if not results and not room:
            return
        try:
            jobs, self._due = await self._store.write(_record_and_claim, results, room, now)
        except StorageError as error:
            log.warning("deliveries cannot be recorded now: %s", error.cause)
            results.sent += self._results.sent
            results.later += self._results.later
            results.failed += self._results.failed
            results.untried += self._results.untried
            self._results = results
            await asyncio.sleep(STORAGE_PAUSE)
            self._wake.set()
            return
        if results.failed:
            self._gave_up()
        self._in_hand += len(jobs) - len(results)
        for job in jobs:
            self._queue.put_nowait(job)
        if self._stopping:
            self._give_back_unsent()

    def _room(self, recorded: int) -> int:
        """How many rows may be claimed: one to try an ill relay, none while it rests."""
        if self._stopping or self._resting() > 0:
            return 0
        most = 1 if self._failures else IN_HAND
        return max(most - (self._in_hand - recorded), 0)

    async def _sleep(self) -> None:
        """Until there is something to record or to claim."""
        if self._stopping and self._in_hand <= len(self._results):
            return
        seconds = LONGEST_SLEEP
        if self._failures and not self._in_hand:
            seconds = self._resting()
        elif self._due is not None and not self._failures and not self._stopping and self._in_hand < IN_HAND:
            seconds = min(max((self._due - self._clock()).total_seconds(), 0.0), LONGEST_SLEEP)
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            pass
        self._wake.clear()

    def _resting(self) -> float:
        """Seconds that an ill relay is still left alone."""
        return max(self._paused_until - asyncio.get_running_loop().time(), 0.0)

    # -- the workers

    async def _work(self) -> None:
        transport = self._connect()
        try:
            while True:
                job = await self._next(transport)
                reply = await transport.send(job.mail_from, job.recipient, job.data)
                self._take(job, reply)
        finally:
            await transport.close()

    async def _next(self, transport: Transport) -> Job:
        if self._queue.empty():
            try:
                async with asyncio.timeout(IDLE):
                    return await self._queue.get()
            except TimeoutError:
                await transport.close()
        return await self._queue.get()

    def _give_back_unsent(self) -> None:
        while not self._queue.empty():
            self._results.untried.append(self._queue.get_nowait().id)

    # -- what was said

    def _take(self, job: Job, reply: Reply) -> None:
        now = self._clock()
        self._streak = self._streak.then(job.recipient, reply)
        verdict = judge(reply, job.attempts, now - job.created_at, self._jitter(), self._streak)
        match verdict:
            case Sent():
                maillog.sent(
                    outbox_id=job.id,
                    ticket=job.ticket,
                    kind=job.kind,
                    recipient=job.recipient,
                    answer=reply.text,
                    seconds=(now - job.created_at).total_seconds(),
                )
                self._results.sent.append((job, reply))
                self._relay_is_well(now)
            case RetryAt(after=pause):
                self._put_off(job, reply, now, pause)
                self._relay_is_well(now)
            case Failed():
                self._suspects.append((job, reply, verdict))
                self._relay_is_well(now)
            case RelayIll(tell=tell):
                self._pause(job, reply, now, tell=tell)
        if not self._streak.recipients:
            self._release_suspects()
        self._wake_soon()

    def _put_off(self, job: Job, reply: Reply, now: datetime, pause: timedelta) -> None:
        maillog.deferred(
            outbox_id=job.id,
            ticket=job.ticket,
            recipient=job.recipient,
            answer=str(reply),
            attempts=job.attempts,
            pause=pause.total_seconds(),
        )
        self._results.later.append((job, reply, now + pause))

    def _release_suspects(self) -> None:
        """Give suspects up once it is clear that the relay is not ill, or nothing is on the wire that could show it."""
        if self._streak.recipients and self._in_hand > len(self._results) + len(self._suspects):
            return
        for job, reply, _ in self._suspects:
            maillog.failed(
                outbox_id=job.id,
                ticket=job.ticket,
                recipient=job.recipient,
                answer=str(reply),
                attempts=job.attempts,
            )
        self._results.failed += self._suspects
        self._suspects = []

    def _pause(self, job: Job, reply: Reply, now: datetime, *, tell: bool) -> None:
        if not self._resting():  # the other connections say the same: once counts
            self._failures += 1
            pause = relay_pause(self._failures, self._jitter()).total_seconds()
            self._paused_until = asyncio.get_running_loop().time() + pause
            maillog.relay_down(answer=str(reply), failures=self._failures, pause=pause)
        self.state = RelayState(self.state.ill_since or now, str(reply), self.state.last_spoke_at)
        rest = timedelta(seconds=self._resting())
        # A refused sender may be this one mail's fault: its own pauses grow, so that it stops the others ever less.
        own = after(job.attempts, now - job.created_at, self._jitter()) if reply.stage is Stage.MAIL else rest
        self._put_off(job, reply, now, max(rest, own))
        for suspect, said, _ in self._suspects:
            self._put_off(suspect, said, now, rest)
        self._suspects = []
        self._give_back_unsent()
        if tell:
            self._tell(reply)

    def _tell(self, reply: Reply) -> None:
        now = asyncio.get_running_loop().time()
        if self._told_at is not None and now - self._told_at < TELL_AGAIN:
            return
        self._told_at = now
        self._relay_ill(reply)

    def _relay_is_well(self, now: datetime) -> None:
        if self._failures:
            maillog.relay_up()
        self._failures = 0
        self._paused_until = 0.0
        self.state = RelayState(last_spoke_at=now)

    def _wake_soon(self) -> None:
        if len(self._results) >= RECORD_AT or self._queue.empty():
            self._wake.set()
        elif self._linger is None or self._linger.when() <= asyncio.get_running_loop().time():
            self._linger = asyncio.get_running_loop().call_later(LINGER, self._wake.set)


def _record_and_claim(db: Db, results: _Results, room: int, now: datetime) -> tuple[list[Job], datetime | None]:
    """One transaction: what became of rows in hand, then new rows and when the next is due."""
    outbox.sent(db, [(job.id, f"{reply.code} {reply.text}") for job, reply in results.sent], now)
    outbox.later(db, [(job.id, when, str(reply)) for job, reply, when in results.later])
    outbox.unclaim(db, results.untried)
    gave_up = [
        (job.id, str(reply), verdict.fault is Fault.MESSAGE, verdict.dead_address)
        for job, reply, verdict in results.failed
    ]
    outbox.failed(db, gave_up)
    trace.add(db, [_deferred(job, reply, when, now) for job, reply, when in results.later])
    jobs = outbox.claim(db, now, room) if room else []
    return jobs, outbox.next_due(db) if len(jobs) < room else now


def _deferred(job: Job, reply: Reply, when: datetime, now: datetime) -> trace.Line:
    return trace.Line(
        at=now,
        direction="out",
        step="deferred",
        text=f"{reply}; again at {when:%Y-%m-%d %H:%M:%S} UTC",
        address=job.recipient,
        message_id=job.message_id,
        ticket=job.ticket,
        outbox_id=job.id,
    )
