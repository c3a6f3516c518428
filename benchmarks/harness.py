"""The harness: starts servers, clients and desks as processes, and measures them (Linux: reads /proc)."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

CONFIG = """
[desk]
name = "First Bank Help Desk"
secret = {{ file = "secret" }}

[storage]
{storage}

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
STORAGE = """
database = "sqlite:///mailgate.db"
attachments = "attachments"
"""

ROOT = Path(__file__).parents[1]


@contextmanager
def process(
    *command: str, tree: Path = ROOT, log: Path | None = None, environment: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[str]]:
    """Run a process of the program in `tree` for the duration of the block."""
    given = {**os.environ, **(environment or {}), "PYTHONPATH": str(tree)}
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


@dataclass(frozen=True)
class Server:
    """A running server that takes mail."""

    port: int
    pid: int
    mails: int = 0  # that a mail to it causes; 0: it has done its work with its 250


@dataclass(frozen=True)
class Run:
    """A run of mails through a server."""

    rate: float  # mails a second until the last one is worked and all that it caused is at the sink
    accepted: float  # mails a second until the last 250
    cost: float  # seconds of processor time a mail
    daemon: float = 0.0  # the part of it that the first process took


@dataclass(frozen=True)
class Setting:
    """What every part of the benchmark works with."""

    folder: Path  # of this part alone
    sink: int  # port
    count: int  # mails in a run
    runs: int
    sizes: Sequence[int] = ()  # tickets of the desks that grow
    desks: Path | None = None  # where those are kept
    raw: dict[str, object] = field(default_factory=dict)  # for the JSON

    def log(self, text: str) -> None:
        """Show progress."""
        print(f"    {text}", file=sys.stderr, flush=True)


@contextmanager
def server(module: str, *given: str, mails: int = 0) -> Iterator[Server]:
    """Run one of the servers of this folder."""
    with process("-m", module, *given) as running:
        yield Server(int(first_line(running)), running.pid, mails)


@contextmanager
def checkout(revision: str) -> Iterator[Path]:
    """The files of a revision of this repository, for the duration of the block. Raises CalledProcessError."""
    with tempfile.TemporaryDirectory(prefix="mailgate-revision-") as name:
        files = subprocess.run(["git", "archive", revision], cwd=ROOT, capture_output=True, check=True).stdout
        subprocess.run(["tar", "-x", "-C", name], input=files, check=True)
        yield Path(name)


@contextmanager
def mailgate(
    folder: Path,
    sink: int,
    tree: Path = ROOT,
    more: str = "",
    mails: int = 2,
    storage: str = STORAGE,
    environment: Mapping[str, str] | None = None,
) -> Iterator[Server]:
    """Run mailgate on a desk in `folder`, logging to a file as a service does. `more`: added to its configuration.

    `storage`: the keys of its [storage].
    A new ticket causes two mails: its acknowledgement and the alert of the one agent.
    """
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "config.toml"
    config.write_text(CONFIG.format(sink=sink, storage=storage) + more)
    command = ("-m", "mailgate", "--json", "run", "-c", str(config))
    with process(*command, tree=tree, log=folder / "log", environment=environment) as running:
        yield Server(json.loads(first_line(running))["port"], running.pid, mails)


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


def drive(server: Server, sink: int, name: str, count: int, *flags: str) -> Run:
    """Send mails to a server, and wait for all that they cause."""
    received = SinkClient(sink)
    received.ask("XRESET")
    used, own = processor_seconds(server.pid), _used(server.pid)
    sent = client(server.port, name, count, *flags)
    ended = received.wait_for(count * server.mails) if server.mails else sent["ended"]
    used, own = processor_seconds(server.pid) - used, _used(server.pid) - own
    began = sent["began"]
    return Run(count / (ended - began), count / (sent["ended"] - began), used / count, own / count)


def in_turn(servers: Mapping[str, Server], setting: Setting, count: int, *flags: str) -> dict[str, list[Run]]:
    """The runs of several servers, one after the other in each round; the first round is a warm-up."""
    runs: dict[str, list[Run]] = {name: [] for name in servers}
    for number in range(setting.runs + 1):
        for name, one in servers.items():
            runs[name].append(drive(one, setting.sink, f"r{time.time_ns()}", count, *flags))
        if number:
            setting.log("; ".join(f"{name} {found[-1].rate:.0f}/s" for name, found in runs.items()))
    return {name: found[1:] for name, found in runs.items()}


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

    def wait_for_all(self, recipients: Iterable[str], seconds: float = 300.0) -> dict[str, float]:
        """Wait until each has a mail; returns the times of the first ones. Raises TimeoutError."""
        wanted, deadline = set(recipients), time.monotonic() + seconds
        while not wanted <= (times := self.times()).keys():
            if time.monotonic() > deadline:
                raise TimeoutError(f"{len(wanted - times.keys())} of {len(wanted)} recipients have no mail")
            time.sleep(0.2)
        return times

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


def follow_peak(pid: int) -> int:
    """Begin anew to follow the peak of the memory; returns what is in use now, in bytes."""
    for each in process_tree(pid):
        Path(f"/proc/{each}/clear_refs").write_text("5")
    return peak(pid)


def peak(pid: int) -> int:
    """The peak of the memory of a process and its descendants, each on its own, in bytes."""
    return sum(_status(each, "VmHWM") for each in process_tree(pid)) * 1024


def _status(pid: int, name: str) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))


def _used(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100
