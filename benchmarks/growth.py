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
MAX_SEARCH = 0.3  # seconds
MAX_LIST = 1.0
MIN_RATIO = 0.95  # of tickets a second, by processor time
_RUNS = 3
_TURNS = 5


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
    agents = "\n".join(_AGENT.format(number=number) for number in range(1, 50))
    return (
        tuple(Desk(f"{size:,} tickets", tickets=size) for size in sizes),
        (Desk("1 rule"), Desk("1,000 rules", rules)),
        (Desk("1 agent"), Desk("50 agents", agents, mails=51)),
    )


_RULE = """
[[rule]]
name = "Rule {number}"
when = {{ subject = "matter {number}x", body = "word{number}" }}
then = {{ tags = ["t{number}"] }}
"""
_AGENT = """
[agent.a{number}]
name = "Agent {number}"
email = ["a{number}@desk.example"]
"""


def growth(
    folder: Path, sink: int, count: int, sizes: Sequence[int], raw: dict[str, object], log: Callable[[str], None]
) -> list[Line]:
    """Measure every desk; one whose database is in `folder` already is used again."""
    lines: list[Line] = []
    for group in desks(sizes):
        places = {desk: folder / desk.label.replace(",", "").replace(" ", "-") for desk in group}
        aged_ones = {desk: _aged(places[desk], sink, desk, log) if desk.tickets else {} for desk in group}
        costs = _tickets(places, sink, count)
        found = {desk: {**aged_ones[desk], "processor time per ticket": costs[desk]} for desk in group}
        for desk in group:
            log(f"{desk.label}: {costs[desk] * 1000:.2f} ms a ticket")
            raw[f"growth, {desk.label}"] = found[desk]
            lines += [_line(desk, name, value, found[group[0]][name]) for name, value in found[desk].items()]
    return lines


def _line(desk: Desk, name: str, value: float, first: float) -> Line:
    result = f"{value * 1000:.1f} ms" + (f", {value / first:.2f} times" if value is not first else "")
    label = f"{desk.label}: {name}"
    if name == "processor time per ticket" and value is not first and desk.mails == Desk("").mails:
        return Line(label, result, f"<= {1 / MIN_RATIO:.2f} times", value / first <= 1 / MIN_RATIO)
    if name.startswith("search"):
        return Line(label, result, f"< {MAX_SEARCH} s", value < MAX_SEARCH)
    if name.startswith("tickets list"):
        return Line(label, result, f"< {MAX_LIST} s", value < MAX_LIST)
    return Line(label, result)


def _tickets(desks: Mapping[Desk, Path], sink: int, count: int) -> dict[Desk, float]:
    """Processor time per ticket of both processes, until all mails are delivered: the median of runs in turn."""
    received = harness.SinkClient(sink)
    costs: dict[Desk, list[float]] = {desk: [] for desk in desks}
    with ExitStack() as running:
        started = {
            desk: running.enter_context(harness.mailgate(folder, sink, more=desk.config))
            for desk, folder in desks.items()
        }
        for _ in range(_TURNS + 1):
            for desk, one in started.items():
                received.ask("XRESET")
                used = harness.processor_seconds(one.pid)
                harness.client(one.port, f"growth{time.time_ns()}", count)
                received.wait_for(count * desk.mails)
                costs[desk].append((harness.processor_seconds(one.pid) - used) / count)
    return {desk: median(spent[1:]) for desk, spent in costs.items()}  # the first one is a warm-up


def _aged(folder: Path, sink: int, desk: Desk, log: Callable[[str], None]) -> dict[str, float]:
    """Lists, searches and a report of a desk with many tickets, which is made where it is missing."""
    if not (folder / "mailgate.db").exists():
        with harness.mailgate(folder, sink):
            pass
        log(f"{desk.label}: filling the database")
        active = min(OPEN, desk.tickets // 10)
        aged.fill(folder, desk.tickets - active, active)
    config, _ = load(folder / "config.toml")
    with closing(open_writer(config.storage.database)) as db:
        _index(db)
    with closing(open_reader(config.storage.database)) as db:
        now = datetime.now(UTC)
        return {
            "tickets list, first page": _listed(folder),
            **{f"search, all tickets, {typed}": _timed(_searching(db, typed, ())) for typed in SEARCHES},
            **{f"search, open tickets, {typed}": _timed(_searching(db, typed, _OPEN)) for typed in SEARCHES},
            "report of 30 days": _timed(lambda: read_figures(db, config, now - timedelta(days=30), now), 1),
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


def _listed(folder: Path) -> float:
    """Seconds of processor time until `tickets list` has written its first lines, with the start of Python."""
    spent = []
    for _ in range(_RUNS):
        command = [sys.executable, "-m", "mailgate", "tickets", "list", "-c", str(folder / "config.toml")]
        with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=harness.ROOT) as running:
            assert running.stdout
            running.stdout.readline()
            running.stdout.readline()
            spent.append(harness.processor_seconds(running.pid))
            running.terminate()
    return median(spent)
