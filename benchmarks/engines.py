"""SQLite and PostgreSQL in turn: tickets a second, and what a ticket costs the nodes and the server.

The server is private, on a socket of this machine, and flushes to the disk as in real use. Nodes and server share the
processors of this machine: where they are fewer than nodes, compare processor time and the time under the lock.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks import harness
from benchmarks.harness import Setting
from benchmarks.imap import NoServer
from benchmarks.results import Line, Spread, at_least, at_most
from tests.postgresql import Cluster

NODES = (1, 2, 4)
MIN_RATIO = 0.6  # of one node on PostgreSQL, by tickets a second on SQLite in the same run
MAX_SHARE = 0.5  # of a node's time under the lock: two nodes then work 1.6 times as much as one
WARM = 50  # mails
SAMPLING = 0.02  # seconds between two looks at the lock
_SETTINGS = {
    "fsync": "on",
    "full_page_writes": "on",
    "autovacuum": "on",
    "shared_buffers": "128MB",
    "shared_preload_libraries": "pg_stat_statements",
}
_LOCK = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted AND mode = 'ExclusiveLock'"


@dataclass(frozen=True)
class Desk:
    """The nodes of a desk; `database`: its name on the server, "" on SQLite."""

    nodes: Sequence[harness.Server]
    database: str = ""


@dataclass
class Costs:
    """What runs on one database cost: a value a run."""

    rates: list[float] = field(default_factory=list)  # tickets a second
    node: list[float] = field(default_factory=list)  # milliseconds of processor time a ticket
    server: list[float] = field(default_factory=list)
    held: list[float] = field(default_factory=list)  # milliseconds under the lock a ticket
    share: list[float] = field(default_factory=list)  # of the time during which the lock was held
    statements: list[float] = field(default_factory=list)  # a ticket
    commits: list[float] = field(default_factory=list)


def postgresql(setting: Setting) -> list[Line]:
    """Measure one daemon on SQLite, and one, two and four nodes on PostgreSQL, run by run in turn. Raises NoServer."""
    if not (shutil.which("initdb") or Path("/usr/lib/postgresql").exists()):
        raise NoServer("PostgreSQL is missing: apt-get install postgresql")
    costs = {0: Costs(), **{nodes: Costs() for nodes in NODES}}
    with ExitStack() as stack:
        server = stack.enter_context(Cluster(settings=_SETTINGS))
        desks = {0: Desk([stack.enter_context(harness.mailgate(setting.folder / "sqlite", setting.sink))])}
        for nodes in NODES:
            desks[nodes] = stack.enter_context(_nodes(setting.folder / str(nodes), nodes, server, setting.sink))
        for run in range(setting.runs):
            for nodes, desk in desks.items():
                _measure(f"r{run}", desk, server, setting, costs[nodes])
                name = f"PostgreSQL, nodes: {nodes}" if nodes else "SQLite"
                setting.log(
                    f"{name}: {_told({key: values[-1] for key, values in vars(costs[nodes]).items() if values})}"
                )
    setting.raw["postgresql"] = {str(nodes): vars(each) for nodes, each in costs.items()}
    return [*_lines("SQLite", costs[0]), *(line for nodes in NODES for line in _of_nodes(nodes, costs))]


def _told(values: dict[str, float]) -> str:
    return ", ".join(f"{key} {value:.2f}" for key, value in values.items())


@contextmanager
def _nodes(folder: Path, count: int, server: Cluster, sink: int) -> Iterator[Desk]:
    """Nodes of one desk, each in a folder of its own, with one secret and one folder of attachments."""
    folder.mkdir(parents=True)
    (folder / "attachments").mkdir()
    database = server.desk_database()
    with server.connect(database) as connection:
        connection.execute("CREATE SCHEMA statistics; CREATE EXTENSION pg_stat_statements SCHEMA statistics")
    with ExitStack() as stack:
        running: list[harness.Server] = []
        for number in range(count):
            place = folder / f"node{number}"
            place.mkdir()
            if running:
                shutil.copy2(folder / "node0" / "secret", place)
            storage = (
                f'database = "{server.url(database)}"\nattachments = "{folder / "attachments"}"\nnode = "node{number}"'
            )
            running.append(stack.enter_context(harness.mailgate(place, sink, storage=storage)))
        yield Desk(running, database)


def _measure(run: str, desk: Desk, server: Cluster, setting: Setting, costs: Costs) -> None:
    """Send mail to the nodes at once, and wait until all that it causes is delivered."""
    received, nodes = harness.SinkClient(setting.sink), desk.nodes

    def send(name: str, mails: int) -> float:
        received.ask("XRESET")
        share = mails // len(nodes)
        with ThreadPoolExecutor(len(nodes)) as threads:
            sending = [
                threads.submit(harness.client, node.port, f"{name}n{number}", share, "--once")
                for number, node in enumerate(nodes)
            ]
            ended = received.wait_for(share * sum(node.mails for node in nodes))
            return ended - min(each.result()["began"] for each in sending)

    send(f"warm{run}", WARM)
    mails = setting.count // len(nodes) * len(nodes)
    used = sum(harness.processor_seconds(node.pid) for node in nodes)
    if not desk.database:
        taken = send(run, mails)
    else:
        with server.connect(desk.database) as connection:
            before = _counts(connection, server)
            with _watched(connection) as watched:
                taken = send(run, mails)
            after = _counts(connection, server)
        statements, commits, seconds = (new - old for new, old in zip(after, before, strict=True))
        costs.share.append(watched.share)
        costs.held.append(watched.share * taken / mails * 1000)
        costs.statements.append((statements - watched.looks) / mails)
        costs.commits.append((commits - watched.looks) / mails)
        costs.server.append((seconds - watched.seconds) / mails * 1000)
    used = sum(harness.processor_seconds(node.pid) for node in nodes) - used
    costs.rates.append(mails / taken)
    costs.node.append(used / mails * 1000)


def _counts(connection: Any, server: Cluster) -> tuple[float, ...]:
    """Statements, commits and seconds of processor time of the server until now."""
    row = connection.execute(
        "SELECT (SELECT sum(calls) FROM statistics.pg_stat_statements JOIN pg_database ON oid = dbid"
        " WHERE datname = current_database()), xact_commit FROM pg_stat_database WHERE datname = current_database()"
    ).fetchone()
    return float(row[0]), float(row[1]), harness.processor_seconds(server.pid)


class _Watched:
    """What was seen of the lock."""

    def __init__(self) -> None:
        self.looks = self.held = 0
        self.seconds = 0.0  # processor time that looking took the server

    @property
    def share(self) -> float:
        """Of the looks that found the lock held."""
        return self.held / max(self.looks, 1)


@contextmanager
def _watched(connection: Any) -> Iterator[_Watched]:
    """Look at the lock again and again for the duration of the block."""
    found, ended = _Watched(), threading.Event()

    def look() -> None:
        began = harness.processor_seconds(connection.info.backend_pid)
        while not ended.wait(SAMPLING):
            found.held += connection.execute(_LOCK).fetchone()[0] > 0
            found.looks += 1
        found.seconds = harness.processor_seconds(connection.info.backend_pid) - began

    with ThreadPoolExecutor(1) as thread:
        looking = thread.submit(look)
        try:
            yield found
        finally:
            ended.set()
            looking.result()


def _lines(name: str, costs: Costs) -> list[Line]:
    lines = [
        Line(f"{name}: tickets", Spread.of(costs.rates).text(" /s")),
        Line(f"{name}: processor time of the nodes per ticket", Spread.of(costs.node).text(" ms", 2)),
    ]
    if costs.server:
        lines += [
            Line(f"{name}: processor time of the server per ticket", Spread.of(costs.server).text(" ms", 2)),
            Line(f"{name}: under the lock per ticket", Spread.of(costs.held).text(" ms", 2)),
            Line(f"{name}: statements per ticket", Spread.of(costs.statements).text("", 1)),
            Line(f"{name}: transactions per ticket", Spread.of(costs.commits).text("", 1)),
        ]
    return lines


def _of_nodes(nodes: int, costs: Mapping[int, Costs]) -> list[Line]:
    name = f"PostgreSQL, {nodes} node{'s' if nodes > 1 else ''}"
    lines, share = _lines(name, costs[nodes]), Spread.of(costs[nodes].share)
    if nodes > 1:
        return [*lines, Line(f"{name}: share of the time under the lock", share.text(digits=2))]
    ratio = Spread.ratio(costs[1].rates, costs[0].rates)
    return [
        *lines,
        at_most(f"{name}: share of the time under the lock", share, MAX_SHARE, "", 2),
        at_least(f"{name}: tickets, ratio to SQLite", ratio, MIN_RATIO),
    ]
