"""The harness: starts servers, clients and desks as processes, and measures them (Linux: reads /proc)."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from mailgate.config.load import load
from mailgate.rules.ticket.acts import Stamp
from mailgate.rules.ticket.lifecycle import open_ticket
from mailgate.store.db import open_writer
from mailgate.ticket import Actor, Address, Entry, EntryKind, Status, Ticket
from mailgate.worker.apply import save_change
from mailgate.worker.runtime import make_runtime

CONFIG = """
[desk]
name = "First Bank Help Desk"
secret = {{ file = "secret" }}

[storage]
database = "sqlite:///mailgate.db"
attachments = "attachments"

[address."support@bank.example"]
name = "First Bank Support"

[smtp]
listen = "127.0.0.1:0"

[relay]
host = "127.0.0.1"
port = {sink}

[agent.ann]
name = "Ann Reyes"
email = ["ann@desk.example"]

[[rule]]
name = "Printers"
when = {{ subject = "printer" }}
then = {{ priority = "Low", tags = ["printer"] }}

[notices]
acknowledge_within = "3650d"
limit_per_sender = "1000000/1h"
limit_unknown = "1000000/1h"
"""


ROOT = Path(__file__).parents[1]


@contextmanager
def process(*command: str, tree: Path = ROOT, log: Path | None = None) -> Iterator[subprocess.Popen[str]]:
    """Run a process of the program in `tree` for the duration of the block."""
    given = {**os.environ, "PYTHONPATH": str(tree)}
    with (log or Path("/dev/null")).open("a") as errors:
        running = subprocess.Popen(
            [sys.executable, *command], stdout=subprocess.PIPE, stderr=errors, text=True, env=given
        )
        try:
            yield running
        finally:
            running.terminate()
            try:
                running.wait(15)
            except subprocess.TimeoutExpired:
                running.kill()
                running.wait()
            if running.stdout:
                running.stdout.close()


def first_line(running: subprocess.Popen[str]) -> str:
    """The first line of the process's output. Raises RuntimeError without one."""
    assert running.stdout
    line = running.stdout.readline().strip()
    if not line:
        raise RuntimeError(f"{running.args!r} did not start")
    return line


@contextmanager
def server(module: str) -> Iterator[int]:
    """Run one of the servers of this folder; yields its port."""
    with process("-m", module) as running:
        yield int(first_line(running))


@dataclass(frozen=True)
class Running:
    """A running mailgate."""

    port: int
    pid: int
    folder: Path


@contextmanager
def checkout(revision: str) -> Iterator[Path]:
    """The files of a revision of this repository, for the duration of the block. Raises CalledProcessError."""
    with tempfile.TemporaryDirectory(prefix="mailgate-revision-") as name:
        files = subprocess.run(["git", "archive", revision], cwd=ROOT, capture_output=True, check=True).stdout
        subprocess.run(["tar", "-x", "-C", name], input=files, check=True)
        yield Path(name)


@contextmanager
def mailgate(folder: Path, sink: int, tree: Path = ROOT, more: str = "") -> Iterator[Running]:
    """Run mailgate on a desk in `folder`, logging to a file as a service does. `more`: added to its configuration."""
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "config.toml"
    config.write_text(CONFIG.format(sink=sink) + more)
    with process("-m", "mailgate", "--json", "run", "-c", str(config), tree=tree, log=folder / "log") as running:
        yield Running(json.loads(first_line(running))["port"], running.pid, folder)


def client(port: int, run: str, count: int, *options: str) -> dict[str, Any]:
    """Send mail from a client process; returns its results. Raises RuntimeError unless all mail was accepted."""
    command = ("--port", str(port), "--run", run, "--count", str(count), *options)
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.client", *command], check=True, capture_output=True, text=True
    )
    found: dict[str, Any] = json.loads(done.stdout)
    if found["refused"] or len(found["accepted"]) != count:
        raise RuntimeError(f"{found['refused']} mails were refused, {len(found['accepted'])} of {count} accepted")
    return found


class SinkClient:
    """A connection to the sink, to query what it has received."""

    def __init__(self, port: int) -> None:
        self._file = socket.create_connection(("127.0.0.1", port)).makefile("rwb")
        self._file.readline()

    def ask(self, verb: str) -> str:
        """Send one command and return the reply."""
        self._file.write(f"{verb}\r\n".encode())
        self._file.flush()
        return self._file.readline().decode()

    def wait_for(self, count: int, seconds: float = 300.0) -> float:
        """Wait until the sink has `count` mails; returns the monotonic time. Raises TimeoutError."""
        deadline = time.monotonic() + seconds
        while int(self.ask("XCOUNT").split()[1]) < count:
            if time.monotonic() > deadline:
                raise TimeoutError(f"the sink has received {self.ask('XCOUNT')} of {count}")
            time.sleep(0.01)
        return time.monotonic()

    def times(self) -> dict[str, float]:
        """The time of the first mail to each recipient (seconds of the monotonic clock)."""
        found: dict[str, float] = json.loads(self.ask("XTIMES"))
        return found


def process_tree(pid: int) -> list[int]:
    """A process and its descendants."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(each for child in children for each in process_tree(int(child)))]


def resident(pid: int) -> int:
    """Memory of a process and its descendants in bytes; shared pages are counted once (PSS)."""
    lines = [line for each in process_tree(pid) for line in Path(f"/proc/{each}/smaps_rollup").read_text().splitlines()]
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


def processor_seconds(pid: int) -> float:
    """Processor time of a process and its descendants, in seconds."""
    return sum(_used(each) for each in process_tree(pid))


def _used(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100


def fill(folder: Path, count: int) -> None:
    """Add open tickets to the desk's database, each with a message, events and deadlines."""
    config, _ = load(folder / "config.toml")
    now = datetime.now(UTC)
    context = make_runtime(config, (b"fill",)).context(now)
    ticket = Ticket(
        number=0,
        subject="An old printer",
        status=Status.OPEN,
        requester=Address("old@client.example", "Old Client"),
        department="Support",
        topic="General Inquiry",
        priority="Normal",
        sla="Default SLA",
        address="support@bank.example",
        created_at=now,
        updated_at=now,
        sla_started_at=now,
    )
    db = open_writer(config.storage.database)
    with db.transaction():
        for number in range(1001, 1001 + count):
            at = now - timedelta(seconds=count - number % count)
            one = replace(
                ticket,
                number=number,
                requester=Address(f"old{number}@client.example"),
                created_at=at,
                updated_at=at,
                sla_started_at=at,
            )
            by = Actor.requester(one.requester.email)
            entry = Entry(kind=EntryKind.MESSAGE, by=by, author=one.requester, at=at, text="It is old. " * 50)
            save_change(db, open_ticket(one, Stamp(by, at), config, {}, entry), context)
    db.close()
