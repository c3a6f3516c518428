"""Counts the figures of a report from the database, ticket by ticket."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime, timedelta
from functools import cache

from mailgate.rules.report.counting import Counted, Worked, figures
from mailgate.rules.report.history import History, history
from mailgate.rules.sla.calendar import Calendar, calendar_of
from mailgate.rules.sla.clock import plan_called
from mailgate.settings import Config
from mailgate.store.db import Db, open_reader
from mailgate.store.tickets import report_rows

Progress = Callable[[int, int], None]  # number of tickets read, and of all


def read_figures(
    db: Db, config: Config, since: datetime, until: datetime, progress: Progress = lambda _done, _all: None
) -> Counted:
    """The figures of a period, from a snapshot of the database."""
    with db.snapshot():
        histories = _histories(db, config, since, progress)
        return figures(histories, since, until, config.desk.timezone, working_time(config))


def _histories(db: Db, config: Config, since: datetime, progress: Progress) -> Iterator[History]:
    teams = {team.name: team.members for team in config.teams.values()}
    numbers = report_rows.concerned(db, since)
    for done, (case, events) in enumerate(report_rows.pasts(db, numbers)):
        if done % report_rows.AT_ONCE == 0:
            progress(done, len(numbers))
        yield history(case, events, teams)
    progress(len(numbers), len(numbers))


def working_time(config: Config) -> Worked:
    """Working time by the schedule of an SLA plan."""

    @cache
    def calendar(plan: str) -> Calendar:
        return calendar_of(config.schedules[plan_called(plan, config).schedule])

    def worked(start: datetime, end: datetime, plan: str) -> timedelta:
        found = calendar(plan)
        return end - start if found.always and start <= end else found.worked(start, end)

    return worked


class Stopped(Exception):
    """Counting was cancelled."""


def count_on_own_connection(
    config: Config, since: datetime, until: datetime, stopped: Callable[[], bool] = lambda: False
) -> Counted:
    """The figures of a period, read on a connection of its own. Raises Stopped soon after `stopped()`, StorageError."""

    def look(_done: int, _all: int) -> None:
        if stopped():
            raise Stopped

    with closing(open_reader(config.storage.database)) as db:
        return read_figures(db, config, since, until, look)
