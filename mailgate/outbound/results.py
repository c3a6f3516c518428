"""Delivery results, until one transaction records them and claims new mails."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from mailgate.outbound.backoff import Failed, Fault, Reply
from mailgate.store.db import Db
from mailgate.store.queues import claims, outbox, trace
from mailgate.store.queues.outbox import Job


@dataclass(slots=True)
class Results:
    """Outcomes by kind. What was `untried` or `put_off` does not count as an attempt."""

    sent: list[tuple[Job, Reply]] = field(default_factory=list)
    later: list[tuple[Job, Reply, datetime]] = field(default_factory=list)
    failed: list[tuple[Job, Reply, Failed]] = field(default_factory=list)
    untried: list[int] = field(default_factory=list)
    put_off: list[tuple[int, datetime]] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.sent) + len(self.later) + len(self.failed) + len(self.untried) + len(self.put_off)

    @property
    def ids(self) -> set[int]:
        """The rows of the outbox that they are about."""
        jobs = (job for kind in (self.sent, self.later, self.failed) for job, *_ in kind)
        return {*(job.id for job in jobs), *self.untried, *(id_ for id_, _ in self.put_off)}

    def extend(self, other: Results) -> None:
        """Add what another one holds."""
        self.sent += other.sent
        self.later += other.later
        self.failed += other.failed
        self.untried += other.untried
        self.put_off += other.put_off


def record_and_claim(
    db: Db, results: Results, room: int, now: datetime, *, large: int, urgent: bool, held: Container[int] | None = None
) -> tuple[list[Job], datetime | None]:
    """One transaction: what became of mails in hand, then up to `room` new ones and when the next is due.

    `large`: how many of the new ones may be large. `urgent`: only those that an administrator wants tried now,
    whatever state the relay is in. `held`: what is in hand, after a transaction whose outcome is not known.
    """
    if held is not None:
        claims.return_unknown_notices(db, held)
    outbox.sent(db, [(job.id, reply.line) for job, reply in results.sent], now)
    outbox.later(db, [(job.id, when, str(reply)) for job, reply, when in results.later])
    outbox.unclaim(db, results.untried)
    outbox.put_off(db, results.put_off)
    outbox.failed(db, [_failed(*each) for each in results.failed])
    trace.add(db, [_deferred(job, reply, when, now) for job, reply, when in results.later])
    jobs: Sequence[Job] = outbox.claim(db, now, room, large=large, urgent=urgent) if room else ()
    more_large = sum(job.large for job in jobs) < large
    return [*jobs], outbox.next_due(db, large=more_large) if len(jobs) < room else now


def _failed(job: Job, reply: Reply, verdict: Failed) -> tuple[int, str, bool, bool]:
    return job.id, str(reply), verdict.fault is Fault.MESSAGE, verdict.dead_address


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
