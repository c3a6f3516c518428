"""Mail to agents by the clock: digests, at the time that each agent chose, the end of absences and of quiet hours.

That a mail was sent is written in its transaction, so a restart neither omits nor repeats one.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime

from mailgate.desk.agent.away import absence_ended
from mailgate.desk.gather.records import gather_absence
from mailgate.desk.outcome import Context, Outcome
from mailgate.errors import StorageError
from mailgate.notice import Notice, NoticeKind
from mailgate.phrase import Phrase
from mailgate.rules.notices import digest
from mailgate.rules.notices.combined import catch_up
from mailgate.rules.notices.waiting import SPARE, end_of_quiet
from mailgate.rules.people.permissions import sees
from mailgate.rules.sla import wall_clock
from mailgate.settings import Agent, Config
from mailgate.store.db import Db
from mailgate.store.people import absences, digests
from mailgate.store.queues import outbox
from mailgate.store.queues.outbox import Waiting
from mailgate.store.tickets import tickets
from mailgate.store.tickets.queries import Query, find
from mailgate.ticket import Address, Ticket
from mailgate.worker import apply, written
from mailgate.worker.runtime import Runtime

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Due:
    """An agent's digest for a day in their time zone. `first`: no earlier one is recorded; it is not sent."""

    agent: Agent
    day: date
    first: bool


def any_due(db: Db, config: Config, now: datetime) -> bool:
    """Whether a digest, or the end of an absence or of quiet hours, is due."""
    return bool(absences.run_out(db, now)) or any(_digests(db, config, now)) or any(_after_quiet(db, config, now))


def fire_due(db: Db, runtime: Runtime, now: datetime) -> int:
    """Send what is due. Returns the number of digests and ended absences."""
    context = runtime.context(now)
    for agent, waiting in list(_after_quiet(db, context.config, now)):
        with _savepoint(db, f"what waited for {agent.key}"):
            _gather(db, agent, waiting, context)
    back = absences.run_out(db, now)
    for absence in back:
        with _savepoint(db, f"the return of {absence.agent}"):
            apply.save(
                db,
                absence_ended(absence, gather_absence(db, absence, context.config), context),
                context,
            )
        absences.come_back(db, absence.agent)
    due = list(_digests(db, context.config, now))
    active = find(db, Query()) if any(not each.first for each in due) else []
    for each in due:
        with _savepoint(db, f"the digest of {each.agent.key}"):
            if not each.first and (notice := _digest(db, each, active, context)):
                apply.save(db, Outcome(notices=(notice,)), context)
        digests.done(db, each.agent.key, each.day)
    return len(back) + len(due)


def _after_quiet(db: Db, config: Config, now: datetime) -> Iterator[tuple[Agent, list[Waiting]]]:
    """The agents whose quiet hours have ended, with the alerts that waited for that."""
    for agent in config.agents.values():
        zone = config.zone(agent.key)
        found = outbox.waiting_for(db, agent.key, now + SPARE) if agent.quiet else []
        ended = ((each, end_of_quiet(agent, each.kind, each.written, zone)) for each in found)
        if waited := [each for each, end in ended if end and end <= now and each.due == end + SPARE]:
            yield agent, waited


def _gather(db: Db, agent: Agent, waiting: list[Waiting], context: Context) -> None:
    """Send one alert as it is; of several, one mail in their place, about the tickets that the agent still sees."""
    if len(waiting) == 1:
        outbox.send_now(db, [waiting[0].id], context.now)
        return
    config, since = context.config, waiting[0].written
    known = tickets.get_many(db, {each.ticket for each in waiting})
    seen = [ticket for ticket in known.values() if sees(agent, ticket, config)]
    outbox.replaced(db, [each.id for each in waiting], context.now)
    if not seen:
        return
    events = {each.number: [e for e in tickets.events(db, each.number) if e.at >= since] for each in seen}
    threads = {each.number: [e for e in tickets.thread(db, each.number) if e.at >= since] for each in seen}
    notice = catch_up(agent, seen, events, threads, f"quiet:{agent.key}:{waiting[-1].id}", config)
    written.save_alerts(db, [notice], context)


@contextmanager
def _savepoint(db: Db, what: str) -> Iterator[None]:
    """A savepoint; an error of our own code is logged and rolled back, and the work is not tried again."""
    try:
        with db.savepoint():
            yield
    except StorageError:
        raise
    except Exception:
        log.exception("%s failed", what)


def _digests(db: Db, config: Config, now: datetime) -> Iterator[_Due]:
    """The digests that are due; of several missed ones only the last."""
    wanted = [(agent, agent.digest) for agent in config.agents.values() if agent.digest is not None]
    done = digests.days(db) if wanted else {}
    for agent, minute in wanted:
        day, _ = wall_clock.latest(minute, now, config.zone(agent.key))
        if agent.key not in done or day > done[agent.key]:
            yield _Due(agent, day, first=agent.key not in done)


def _digest(db: Db, due: _Due, active: list[Ticket], context: Context) -> Notice | None:
    """The digest; None for an agent who is away or has an empty queue."""
    away = absences.away(db, context.now)
    listings = digest.listings(due.agent, active, away, context.now, context.config)
    if not listings or due.agent.key in away:
        return None
    return Notice(
        kind=NoticeKind.DIGEST,
        to=Address(due.agent.email, due.agent.name),
        agent=due.agent.key,
        cause=f"digest:{due.agent.key}:{due.day.isoformat()}",
        subject=digest.subject(listings),
        facts=(digest.headline(listings), Phrase("digest.intro")),
        listings=listings,
    )
