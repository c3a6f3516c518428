"""An agent's day: digests at the hour that each has chosen, and a welcome when an absence has run out.

Asks the store what is due and has it done like any mail: decide, write, out. What was done
is written in the same transaction, so a restart neither forgets nor repeats it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime

from mailgate.desk.agent.away import run_out
from mailgate.desk.gather.records import gather_absence
from mailgate.desk.outcome import Context, Outcome
from mailgate.errors import StorageError
from mailgate.notice import Notice, NoticeKind
from mailgate.phrase import Phrase
from mailgate.rules.notices import digest
from mailgate.rules.sla import wall_clock
from mailgate.settings import Agent, Config
from mailgate.store.db import Db
from mailgate.store.people import absences, digests
from mailgate.store.tickets.queries import Query, find
from mailgate.ticket import Address, Ticket
from mailgate.worker import apply
from mailgate.worker.setup import Runtime

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Due:
    """The digest of an agent for a day in their zone. `first`: the first that is known of, which is not sent."""

    agent: Agent
    day: date
    first: bool


def any_due(db: Db, config: Config, now: datetime) -> bool:
    """True when there is something to do."""
    return bool(absences.run_out(db, now)) or any(_digests(db, config, now))


def fire_day(db: Db, desk: Runtime, now: datetime) -> int:
    """Do what is due; how much that was."""
    context = desk.context(now)
    back = absences.run_out(db, now)
    for absence in back:
        with _alone(db, f"the return of {absence.agent}"):
            apply.save(db, run_out(absence, gather_absence(db, absence, context.config), context), context, desk.writer)
        absences.come_back(db, absence.agent)
    due = list(_digests(db, context.config, now))
    active = find(db, Query()) if any(not each.first for each in due) else []
    for each in due:
        with _alone(db, f"the digest of {each.agent.key}"):
            if not each.first and (notice := _digest(db, each, active, context)):
                apply.save(db, Outcome(notices=(notice,)), context, desk.writer)
        digests.done(db, each.agent.key, each.day)
    return len(back) + len(due)


@contextmanager
def _alone(db: Db, what: str) -> Iterator[None]:
    """What fails on a mistake of ours undoes itself, is logged, and is not tried again and again."""
    try:
        with db.savepoint():
            yield
    except StorageError:
        raise
    except Exception:
        log.exception("%s could not be told", what)


def _digests(db: Db, config: Config, now: datetime) -> Iterator[_Due]:
    """Digests whose hour has come. Of several that were missed it is the last alone."""
    wanted = [(agent, agent.digest) for agent in config.agents.values() if agent.digest is not None]
    done = digests.days(db) if wanted else {}
    for agent, minute in wanted:
        day, _ = wall_clock.latest(minute, now, config.zone(agent.key))
        if agent.key not in done or day > done[agent.key]:
            yield _Due(agent, day, first=agent.key not in done)


def _digest(db: Db, due: _Due, active: list[Ticket], context: Context) -> Notice | None:
    """The digest; none for who is away, nor where nothing waits: a mail that says so would be noise."""
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
        facts=(Phrase("digest.intro"),),
        listings=listings,
    )
