"""The report by mail: what [report] says is due, written once for each time, whatever restarts.

Which time was written last stands in the database, and goes there with the mails in one
transaction. What came due while nobody ran is written at the start, once and not for each
time missed. A time that was never in force before, and one that was changed, begins to
count when it is first seen: nothing is sent for what was not yet asked for.

The counting of a large desk takes seconds, so it is done beside the way of mail: on a
connection of its own, and in no transaction that others would wait for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from mailgate.desk.agent.reports import mailed_reports
from mailgate.desk.report import count_aside
from mailgate.notice import Outgoing
from mailgate.rules.report.due import last_due, period
from mailgate.settings import Config, Recurring
from mailgate.store import meta
from mailgate.store.db import Db
from mailgate.store.queues import outbox
from mailgate.worker import apply
from mailgate.worker.setup import Runtime


@dataclass(frozen=True, slots=True)
class Due:
    """A time of [report] that has come, or that is in force for the first time and begins to count."""

    name: str  # "weekly", "daily"
    mark: str  # what stands in the database once it is done
    since: datetime
    until: datetime
    begins: bool


def due(db: Db, config: Config, now: datetime) -> tuple[Due, ...]:
    """What has to be done now."""
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


def write(dues: Sequence[Due], desk: Runtime, now: datetime) -> list[Outgoing]:
    """The finished mails. Reads the database on a connection of its own; changes nothing."""
    mails: list[Outgoing] = []
    context = desk.context(now)
    for each in dues:
        if each.begins:
            continue
        counted = count_aside(desk.config, each.since, each.until)
        notices = tuple(mailed_reports(counted, each.name, desk.config))
        mails += apply.write_mail(notices, context, desk.writer)
    return mails


def post(db: Db, dues: Sequence[Due], mails: Sequence[Outgoing], now: datetime) -> None:
    """Into the outbox, and noted as done. Call inside a transaction."""
    outbox.add(db, mails, now)
    for each in dues:
        meta.put(db, f"report.{each.name}", each.mark)
