"""One relay: its connections, how it does, and how fast it may be used.

It takes jobs while it is up and within its pace, and puts what became of them into the
results of the deliverer.

- When it is ill, nothing is given to it for growing pauses, then one mail tries it.
- Recipients, or mails after DATA, refused with one and the same answer are not given up
  while the next answers may show that it is the relay that refuses everything.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from mailgate.outbound.backoff import (
    Failed,
    RelayIll,
    Reply,
    RetryAt,
    SenderRefused,
    Sent,
    Stage,
    Streak,
    Throttled,
    Verdict,
    after,
    judge,
    relay_pause,
)
from mailgate.outbound.maildir import Transport
from mailgate.outbound.pacing import Pacer
from mailgate.outbound.payload import Payload
from mailgate.outbound.results import Results
from mailgate.outbound.sender import sender_of
from mailgate.outbound.waiting import Waiting
from mailgate.settings import Relay
from mailgate.store.attachments import AttachmentStore
from mailgate.store.queues.outbox import Job
from mailgate.system import maillog
from mailgate.system.crash_points import crossing

IN_HAND = 64  # jobs at a time
OVERFULL = 4 * IN_HAND
IDLE = 20.0  # seconds before an idle connection is closed
THROTTLE_PAUSE = 60.0  # seconds for which a connection is left closed that was one too many
PROVEN_FOR = 600.0  # seconds; so lately accepted mail shows that a refusal is about the mail refused
NOTIFY_AGAIN = 3600.0  # seconds; trouble that comes and goes is reported once in that time


@dataclass(frozen=True, slots=True)
class RelayState:
    """How a relay does. `refused_senders`: (address, answer) of those that it does not accept as senders now."""

    name: str = "relay"
    ill_since: datetime | None = None
    last_error: str = ""
    last_spoke_at: datetime | None = None
    lasting: bool = False  # it will refuse until somebody changes something
    refused_senders: tuple[tuple[str, str], ...] = ()
    accepted_senders: frozenset[str] = frozenset()  # addresses whose mail it has accepted

    @property
    def tried(self) -> bool:
        """Whether it has been spoken to, or tried in vain."""
        return self.ill_since is not None or self.last_spoke_at is not None


@dataclass(slots=True)
class Outside:
    """What a lane asks of its deliverer and of the machine."""

    results: Results
    attachments: AttachmentStore
    clock: Callable[[], datetime]
    jitter: Callable[[], float]  # from 0 to 1
    wake: Callable[[], None]  # results are there, or room for jobs
    elsewhere: Callable[[Job], bool]  # whether another relay takes a job now
    report_file: Callable[[Reply], None]  # mails the administrator that a file cannot be read
    may_send: Callable[[], bool]  # no other node may send what is in hand


@dataclass(slots=True)
class _Health:
    streak: Streak = field(default_factory=Streak)
    failures: int = 0
    paused_until: float = 0.0  # on the loop's clock, which never jumps
    accepted_at: float | None = None
    reported_at: float | None = None  # a file that cannot be read, last


class Lane:
    """One relay in use. `connect` makes a transport, called once for each connection."""

    def __init__(self, relay: Relay, connect: Callable[[], Transport], outside: Outside) -> None:
        self.relay = relay
        self.state = RelayState(relay.name)
        self.busy = 0  # jobs in the queue, on the wire, and suspects
        self._connect = connect
        self._outside = outside
        self._large = 0  # jobs of `busy` that are large mails
        self._queue = Waiting()
        self._suspects: list[tuple[Job, Reply, Failed]] = []
        self._pacer = Pacer(relay.max_per_minute)
        self._health = _Health()

    # -- giving it jobs

    @property
    def down(self) -> bool:
        """True while it rests, or one mail tries whether it is well again."""
        return self._health.failures > 0 and (self._resting() > 0 or self.busy > 0)

    def room(self) -> int:
        """How many jobs it takes now."""
        if self._resting() > 0:
            return 0
        most = 1 if self._health.failures else IN_HAND
        return self._pacer.room(_now(), max(most - self.busy, 0))

    def large_room(self) -> int:
        """How many large jobs it takes now: one a connection."""
        return 0 if self._resting() > 0 else max(self.relay.max_connections - self._large, 0)

    def wait(self) -> float:
        """Seconds until it may take a job again; 0 for now."""
        if self._health.failures and self.busy and not self._resting():
            return 1.0  # until the mail that tries it is answered
        full = 1.0 if self.busy >= OVERFULL else 0.0
        return max(self._resting(), self.wait_for_pace(), full)

    def wait_for_pace(self) -> float:
        """Seconds until `max_per_minute` leaves room for one more mail."""
        return self._pacer.wait(_now())

    def put(self, job: Job) -> None:
        """Send this one."""
        self._count(job, 1)
        self._pacer.give(_now())
        self._queue.put(job)

    def give_back(self) -> None:
        """What is not on the wire goes back to the outbox."""
        jobs = self._queue.clear()
        self._pacer.take_back(len(jobs))
        for job in jobs:
            self._outside.results.untried.append(job.id)
            self._count(job, -1)

    @property
    def idle(self) -> bool:
        """True when nothing waits for a connection."""
        return not self._queue

    def retry_now(self) -> None:
        """End the pause after a failure, for its cause may be gone."""
        self._health.paused_until = 0.0

    def _resting(self) -> float:
        """Seconds that an ill relay is still left alone."""
        return max(self._health.paused_until - _now(), 0.0)

    def _count(self, job: Job, change: int) -> None:
        self.busy += change
        self._large += change * job.large

    # -- a connection

    async def work(self, number: int) -> None:
        """Send jobs over one connection until cancelled. The first of several takes no large mail."""
        large = number > 0 or self.relay.max_connections == 1  # others would wait behind large mails
        transport = self._connect()
        try:
            while True:
                job = await self._next(transport, large=large)
                if not self._outside.may_send():
                    self._count(job, -1)
                    self._outside.results.untried.append(job.id)
                    continue
                mail = Payload(job.data, job.files, self._outside.attachments)
                crossing("hand-over to the relay")
                reply = await transport.send(job.mail_from, job.recipient, mail)
                crossing("relay answered")
                if isinstance(self._take(job, reply), Throttled):
                    await transport.close()
                    await asyncio.sleep(THROTTLE_PAUSE)
        finally:
            await transport.close()

    async def _next(self, transport: Transport, *, large: bool) -> Job:
        try:
            async with asyncio.timeout(IDLE):
                return await self._queue.get(large=large)
        except TimeoutError:
            await transport.close()
        return await self._queue.get(large=large)

    # -- what was said

    def _take(self, job: Job, reply: Reply) -> Verdict:
        """Judge a reply and put what becomes of the job into the results."""
        health, now = self._health, self._outside.clock()
        # All copies of one message are one mail: for a ticket's, whatever is said about it is the same text.
        mail = str(job.ticket) if job.ticket is not None else job.cause
        health.streak = health.streak.then(job.recipient, reply, mail)
        age, jitter = now - job.created_at, self._outside.jitter()
        verdict = judge(reply, job.attempts, age, jitter, health.streak, proven=self._proven())
        match verdict:
            case Sent():
                self._sent(job, reply, now)
            case RetryAt(after=pause) if reply.stage is Stage.FILE:
                self._put_off(job, reply, now, pause)
                self._report_file(reply)
            case RetryAt(after=pause):
                self._put_off(job, reply, now, pause)
                self._is_well(now)
            case Failed():
                self._suspects.append((job, reply, verdict))
                self._is_well(now)
            case SenderRefused(after=pause):
                self._put_off(job, reply, now, pause)
                self._is_well(now)
                self._refuse_sender(sender_of(job.data) or job.mail_from.lower(), reply)
            case Throttled():
                maillog.relay_throttled(relay=self.relay.name, answer=str(reply), pause=THROTTLE_PAUSE)
                self._outside.results.untried.append(job.id)
                self._count(job, -1)
            case RelayIll(lasting=lasting):
                self._pause(job, reply, now, lasting=lasting)
        if not health.streak.refused:
            self.release_suspects()
        self._outside.wake()
        return verdict

    def _proven(self) -> bool:
        accepted_at = self._health.accepted_at
        return accepted_at is not None and _now() - accepted_at < PROVEN_FOR

    def _sent(self, job: Job, reply: Reply, now: datetime) -> None:
        maillog.sent(
            outbox_id=job.id,
            ticket=job.ticket,
            kind=job.kind,
            recipient=job.recipient,
            message_id=job.message_id,
            answer=reply.text,
            seconds=(now - job.created_at).total_seconds(),
        )
        self._count(job, -1)
        self._outside.results.sent.append((job, reply))
        self._health.accepted_at = _now()
        self._is_well(now)
        self._accept_sender(sender_of(job.data) or job.mail_from.lower())

    def _put_off(self, job: Job, reply: Reply, now: datetime, pause: timedelta) -> None:
        maillog.deferred(
            outbox_id=job.id,
            ticket=job.ticket,
            recipient=job.recipient,
            message_id=job.message_id,
            answer=str(reply),
            attempts=job.attempts,
            pause=pause.total_seconds(),
        )
        self._count(job, -1)
        self._outside.results.later.append((job, reply, now + pause))

    def release_suspects(self) -> None:
        """Give suspects up once it is clear that the relay is not ill, or nothing is on the wire that could show it."""
        if self._health.streak.refused and self.busy > len(self._suspects):
            return
        for job, reply, _ in self._suspects:
            maillog.failed(
                outbox_id=job.id,
                ticket=job.ticket,
                recipient=job.recipient,
                message_id=job.message_id,
                answer=str(reply),
                attempts=job.attempts,
            )
            self._count(job, -1)
        self._outside.results.failed += self._suspects
        self._suspects = []

    def _pause(self, job: Job, reply: Reply, now: datetime, *, lasting: bool) -> None:
        health = self._health
        if reply.stage.about_relay:  # no mail was spoken of: none counts against max_per_minute
            self._pacer.take_back(1)
        if not self._resting():  # the other connections say the same: once counts
            health.failures += 1
            pause = relay_pause(health.failures, self._outside.jitter()).total_seconds()
            health.paused_until = _now() + pause
            maillog.relay_down(relay=self.relay.name, answer=str(reply), failures=health.failures, pause=pause)
        since = self.state.ill_since or now
        lasting = lasting or self.state.lasting
        self.state = replace(self.state, ill_since=since, last_error=reply.explained, lasting=lasting)
        rest = timedelta(seconds=self._resting())
        # A refused sender may be this one mail's fault: its own pauses grow, so that it stops the others ever less.
        own = after(job.attempts, now - job.created_at, self._outside.jitter()) if reply.stage is Stage.MAIL else rest
        self._put_off(job, reply, now, timedelta() if self._outside.elsewhere(job) else max(rest, own))
        suspects, self._suspects = self._suspects, []
        for suspect, said, _ in suspects:
            self._put_off(suspect, said, now, rest)
        self.give_back()

    def _refuse_sender(self, address: str, reply: Reply) -> None:
        refused = {**dict(self.state.refused_senders), address: str(reply)}
        accepted = self.state.accepted_senders - {address}
        self.state = replace(self.state, refused_senders=tuple(refused.items()), accepted_senders=accepted)

    def _accept_sender(self, address: str) -> None:
        refused = tuple(each for each in self.state.refused_senders if each[0] != address)
        accepted = self.state.accepted_senders | {address}
        self.state = replace(self.state, refused_senders=refused, accepted_senders=accepted)

    def _report_file(self, reply: Reply) -> None:
        """Mail the administrator, unless that was done lately."""
        now, last = _now(), self._health.reported_at
        if last is None or now - last >= NOTIFY_AGAIN:
            self._health.reported_at = now
            self._outside.report_file(reply)

    def _is_well(self, now: datetime) -> None:
        if self._health.failures:
            maillog.relay_up(relay=self.relay.name)
        self._health.failures = 0
        self._health.paused_until = 0.0
        self.state = replace(self.state, ill_since=None, last_error="", last_spoke_at=now, lasting=False)


def _now() -> float:
    return asyncio.get_running_loop().time()
