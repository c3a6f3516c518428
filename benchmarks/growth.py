"""What grows with a desk: the cost of a ticket, lists, search and reports beside a million tickets, rules and agents.

Every figure stands beside that of the smallest desk of the same run: compare the ratios.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

from benchmarks import aged, harness
from benchmarks.agents import MAILS, MORE_AGENTS
from benchmarks.harness import Setting
from benchmarks.results import Line
from mailgate.config.load import load
from mailgate.desk.report import read_figures
from mailgate.store.db import Db, open_reader, open_writer
from mailgate.store.tickets import search
from mailgate.store.tickets.queries import Query, find

SIZES = (1000, 100_000, 1_000_000)  # tickets, most of them closed
OPEN = 13_000  # at most; a tenth of the tickets of a small desk
SEARCHES = (
    "printer",
    "portal printer",
    "karen5@client.example",
    "no-such-word",
)  # in most tickets, in many, in few, none
# Seconds that a figure may take, by the beginning of its name.
MOST = {"search": 0.3, "tickets list": 1.0, "report of 30 days": 3.0, "report of all years": 10.0}
MIN_RATIO = 0.95  # of the tickets of the smallest desk, by processor time
_COST = "processor time per ticket"
_RUNS = 3


@dataclass(frozen=True)
class Desk:
    """A desk to be measured."""

    label: str
    config: str = ""  # added to that of every desk
    tickets: int = 0
    mails: int = 2  # that a ticket causes


def desks(sizes: Sequence[int]) -> tuple[tuple[Desk, ...], ...]:
    """The desks to measure, in groups of which the first is what the others are compared with."""
    rules = "\n".join(_RULE.format(number=number) for number in range(1000))
    return (
        tuple(Desk(f"{size:,} tickets", tickets=size) for size in sizes),
        (Desk("1 rule"), Desk("1,000 rules", rules)),
        (Desk("1 agent"), Desk("50 agents", MORE_AGENTS, mails=MAILS)),
    )


_RULE = """
[[rule]]
name = "Rule {number}"
when = {{ subject = "matter {number}x", body = "word{number}" }}
then = {{ tags = ["t{number}"] }}
"""


def growth(setting: Setting) -> list[Line]:
    """Measure every desk; one whose database is in the folder of large desks already is used again."""
    lines: list[Line] = []
    for group in desks(setting.sizes):
        places = {
            desk: (setting.desks or setting.folder) / desk.label.replace(",", "").replace(" ", "-") for desk in group
        }
        aged_ones = {desk: _aged(places[desk], setting, desk) if desk.tickets else {} for desk in group}
        costs = _tickets(places, setting)
        found = {desk: {**aged_ones[desk], _COST: costs[desk]} for desk in group}
        for desk in group:
            setting.raw[f"growth, {desk.label}"] = found[desk]
            lines += [_line(desk, group, name, found) for name in found[desk]]
    return lines


def _line(desk: Desk, group: Sequence[Desk], name: str, found: Mapping[Desk, Mapping[str, float]]) -> Line:
    """A figure beside that of the first desk of the group; the last one, which is the largest, has marks."""
    value, first = found[desk][name], found[group[0]][name]
    label = f"{desk.label}: {name}"
    result = f"{value * 1000:.1f} ms" + (f", {value / first:.2f} times" if desk is not group[0] else "")
    marks = [most for beginning, most in MOST.items() if name.startswith(beginning)]
    if desk is not group[-1]:
        return Line(label, result)
    if name == _COST and desk.mails == group[0].mails:
        return Line(label, result, f">= {MIN_RATIO:g} as many", first / value / MIN_RATIO)
    return Line(label, result, f"<= {marks[0]:g} s", marks[0] / value) if marks else Line(label, result)


def _tickets(desks: Mapping[Desk, Path], setting: Setting) -> dict[Desk, float]:
    """Processor time per ticket of both processes, until all mails are delivered: the median of runs in turn."""
    with ExitStack() as running:
        servers = {
            desk.label: running.enter_context(
                harness.mailgate(folder, setting.sink, more=desk.config, mails=desk.mails)
            )
            for desk, folder in desks.items()
        }
        runs = harness.in_turn(servers, setting, max(setting.count // 2, 10))
    return {desk: median(run.cost for run in runs[desk.label]) for desk in desks}


def _aged(folder: Path, setting: Setting, desk: Desk) -> dict[str, float]:
    """Lists, searches and a report of a desk with many tickets, which is made where it is missing."""
    kept = (folder / "mailgate.db").exists()
    with harness.mailgate(folder, setting.sink):
        pass  # it makes the database, or brings one that was kept up to date
    if not kept:
        setting.log(f"{desk.label}: filling the database ({desk.tickets / 600:.0f} seconds or more)")
        active = min(OPEN, desk.tickets // 10)
        aged.fill(folder, desk.tickets - active, active)
    config, _ = load(folder / "config.toml")
    with closing(open_writer(config.storage.database)) as db:
        _index(db)
    with closing(open_reader(config.storage.database)) as db:
        now = datetime.now(UTC)
        return {
            "tickets list, first page": _listed(folder),
            "tickets list --status resolved, first page": _listed(folder, "--status", "resolved"),
            **{f"search, all tickets, {typed}": _timed(_searching(db, typed, ())) for typed in SEARCHES},
            **{f"search, open tickets, {typed}": _timed(_searching(db, typed, _OPEN)) for typed in SEARCHES},
            "report of 30 days": _timed(lambda: read_figures(db, config, now - timedelta(days=30), now), 1),
            "report of a year": _timed(lambda: read_figures(db, config, now - timedelta(days=365), now), 1),
            "report of all years": _timed(lambda: read_figures(db, config, now - aged.YEARS, now), 1),
        }


_OPEN = Query().statuses


def _searching(db: Db, typed: str, statuses: tuple[str, ...]) -> Callable[[], object]:
    return lambda: find(db, Query(statuses=statuses, words=tuple(typed.split()), limit=200))


def _index(db: Db) -> None:
    more = True
    while more:
        with db.transaction():
            more = search.follow(db, 3000)


def _timed(work: Callable[[], object], runs: int = _RUNS) -> float:
    """Seconds of processor time, the median."""
    spent = []
    for _ in range(runs):
        began = time.process_time()
        work()
        spent.append(time.process_time() - began)
    return median(spent)


def _listed(folder: Path, *more: str) -> float:
    """Seconds of processor time until `tickets list` has written its first lines, with the start of Python."""
    spent = []
    for _ in range(_RUNS):
        command = [sys.executable, "-m", "mailgate", "tickets", "list", *more, "-c", str(folder / "config.toml")]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=harness.ROOT) as running:
            assert running.stdout
            running.stdout.readline()
            running.stdout.readline()
            spent.append(harness.processor_seconds(running.pid))
            running.terminate()
    return median(spent)
