"""Scheduled reports by mail ([report] in the configuration).

The time of the last report is stored in one transaction with its mails, so a restart neither omits nor repeats
one. Of several that were missed while the daemon was down, one is sent. A schedule that is new or was changed
starts when it is first read: nothing is sent for the time before.

Counting takes seconds on a large desk, so it is done on a connection of its own, without the write lock.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from mailgate.desk.agent.report_mails import mailed_reports
from mailgate.desk.report import count_on_own_connection
from mailgate.notice import Outgoing
from mailgate.rules.report.due import last_due, period
from mailgate.settings import Config, Recurring
from mailgate.store import meta
from mailgate.store.db import Db
from mailgate.store.queues import outbox
from mailgate.worker import written
from mailgate.worker.runtime import Runtime


@dataclass(frozen=True, slots=True)
class Due:
    """A scheduled report that is due; a new schedule starts now."""

    name: str  # "weekly", "daily"
    mark: str  # the row of `meta` once it is done
    since: datetime
    until: datetime
    begins: bool  # the schedule is new: nothing is sent


def due(db: Db, config: Config, now: datetime) -> tuple[Due, ...]:
    """The reports that are due."""
    return tuple(_due(db, config, now))


def _due(db: Db, config: Config, now: datetime) -> Iterator[Due]:
    zone = config.desk.timezone
    for name, at in (("weekly", config.report.weekly), ("daily", config.report.daily)):
        known = meta.get(db, f"report.{name}")
        if at is None:
            continue
        last = last_due(at, now, zone)
        rhythm, _, done = (known or "").partition(" ")
        begins = rhythm != _rhythm(at, zone.key)
        if begins or datetime.fromisoformat(done) < last:
            since, until = period(at, last, zone)
            yield Due(name, f"{_rhythm(at, zone.key)} {last.isoformat()}", since, until, begins)


def _rhythm(at: Recurring, zone: str) -> str:
    return f"{'*' if at.weekday is None else at.weekday}/{at.minute}/{zone}"


def write(dues: Sequence[Due], runtime: Runtime, now: datetime) -> list[Outgoing]:
    """Compose the mails. Opens a connection of its own and writes nothing."""
    mails: list[Outgoing] = []
    context = runtime.context(now)
    for each in dues:
        if each.begins:
            continue
        counted = count_on_own_connection(runtime.config, each.since, each.until)
        notices = tuple(mailed_reports(counted, each.name, runtime.config))
        mails += written.write_mail(notices, context)
    return mails


def post(db: Db, dues: Sequence[Due], mails: Sequence[Outgoing], now: datetime) -> None:
    """Queue the mails and record the reports as done. Call inside a transaction."""
    outbox.add(db, mails, now)
    for each in dues:
        meta.put(db, f"report.{each.name}", each.mark)
