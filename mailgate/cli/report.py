"""`mailgate report`: SLA attainment and team performance."""

from __future__ import annotations

import argparse
import csv
import sys
from datetime import datetime, timedelta

from mailgate.cli.common import config_of, now, print_json, reading, since_of
from mailgate.config.model import Config
from mailgate.report.figures import Report, Worked, figures, report_json
from mailgate.report.history import history
from mailgate.rules.schedule import calendar_of
from mailgate.store import tickets


def configure(parser: argparse.ArgumentParser) -> None:
    """Options of the verb."""
    parser.add_argument("--since", default="30d", help="how far back (30d)")
    parser.add_argument("--csv", action="store_true", help="a row a department, team, agent, topic and priority")


def run(args: argparse.Namespace) -> int:
    """Print the figures."""
    config = config_of(args, thorough=False)
    until = now()
    since = since_of(args.since, until)
    with reading(config) as db:
        past = tickets.all_events(db)
        known = {ticket.number: ticket for ticket in tickets.find(db, tickets.Query(statuses=()))}
    teams = {team.name: team.members for team in config.teams.values()}
    found = figures(
        (history(known[number], events, teams) for number, events in past.items()),
        since,
        until,
        config.desk.timezone,
        _worked(config),
    )
    if args.json:
        print_json(report_json(found))
    elif args.csv:
        _csv(found)
    else:
        from rich.console import Console  # late: only people's tables need it

        from mailgate.report.terminal import show

        agents = {key: agent.name for key, agent in config.agents.items()}
        show(found, config.desk.timezone, Console(width=None if sys.stdout.isatty() else 140), agents)
    return 0


def _worked(config: Config) -> Worked:
    def worked(start: datetime, end: datetime, plan: str) -> timedelta:
        found = config.slas.get(plan)
        hours = config.schedules[found.schedule if found else "24/7"]
        return calendar_of(hours).worked(start, end)

    return worked


_COLUMNS = (
    "opened",
    "resolved",
    "closed",
    "reopened",
    "open_now",
    "overdue_now",
    "resolved_in_time",
    "first_answered_in_time",
)


def _csv(found: Report) -> None:
    """A row a name; durations in seconds, shares between 0 and 1."""
    times = ("first_response", "resolution")
    kinds = [(time, clock, part) for time in times for clock in ("elapsed", "business") for part in ("median", "p90")]
    writer = csv.writer(sys.stdout)
    writer.writerow(["by", "name", *_COLUMNS, *(f"{time}_{clock}_{part}" for time, clock, part in kinds)])
    rows = [("total", "", found.totals)]
    rows += [(dimension, name, each) for dimension, names in found.by.items() for name, each in names.items()]
    for dimension, name, each in rows:
        spreads = [getattr(getattr(getattr(each, time), clock), part) for time, clock, part in kinds]
        writer.writerow([dimension, name, *(getattr(each, column) for column in _COLUMNS), *spreads])
