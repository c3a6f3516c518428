"""The environment of a real mailgate: the daemon process, its relay, mail to it and from it.

Nothing is simulated: `mailgate run` as a process (forked, see `tests.prefork`), mail by SMTP, and an SMTP server as its
relay. The sink runs on a thread of its own and outlives restarts of the daemon.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import os
import select
import signal
import smtplib
import socket
import sqlite3
import subprocess
import sys
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing, nullcontext
from email.message import EmailMessage
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from mailgate.cli.main import main
from mailgate.settings import Server
from mailgate.store.db import engine_of
from tests import prefork
from tests.acceptance.people import ADDRESS, Got
from tests.engines import ON_POSTGRESQL, with_database
from tests.postgresql import cluster
from tests.sink import Sink
from tests.waiting import PATIENCE, wait_until

ROOT = Path(__file__).parents[2]


class SinkThread:
    """The SMTP server that is mailgate's relay, in a thread."""

    def __init__(self, port: int = 0) -> None:
        self.sink = Sink(port)
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)
        self._serving = threading.Event()

    async def _serve(self) -> None:
        """Serve until `__exit__`. `asyncio.run` then ends whatever the loop still holds, so nothing stays open."""
        self._loop, self._end = asyncio.get_running_loop(), asyncio.Event()
        async with self.sink:
            self._serving.set()
            await self._end.wait()

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._serving.wait(PATIENCE)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join()


TIMED = frozenset({"overdue"})  # notices that a clock causes, whatever is on its way just then


class News(Mapping[str, list[Got]]):
    """The mails delivered during one step: address → mails, in order."""

    def __init__(self, mails: Iterable[Got]) -> None:
        self._mails: dict[str, list[Got]] = defaultdict(list)
        for mail in mails:
            self._mails[mail.to].append(mail)

    def __getitem__(self, address: str) -> list[Got]:
        return self._mails.get(address, [])

    def __iter__(self) -> Any:
        return iter(self._mails)

    def __len__(self) -> int:
        return len(self._mails)

    @property
    def kinds(self) -> dict[str, list[str]]:
        """Address → kinds of the notices."""
        return {address: sorted(mail.kind for mail in mails) for address, mails in self._mails.items()}

    def only(self, address: str, kind: str = "") -> Got:
        """The only mail (of this kind) to an address."""
        (mail,) = (mail for mail in self[address] if not kind or mail.kind == kind)
        return mail


class World:
    """One mailgate with one configuration in `folder`; may be started and ended repeatedly."""

    def __init__(self, folder: Path, config: str) -> None:
        self.folder = folder
        self.in_front: list[Callable[[], int]] = []  # of each server between the people and the daemon: mails it holds
        self.behind: list[Callable[[], int]] = []  # and of each between the daemon and the relay
        self.file = folder / "config.toml"
        self.program: Sequence[str] = ("-m", "mailgate")  # what Python runs as the daemon
        self.measured = False  # the daemon's start or memory is measured, so a Python of its own runs it
        self._relay = SinkThread()
        self._config = config
        self._process: prefork.Process | subprocess.Popen[bytes] | None = None
        self._told = 0  # mails of the sink that a step has told already
        self._timed: list[Got] = []  # came with a step that did not cause them; `wait_for` tells them
        self.port = 0
        self.log = folder / "log"
        self.database: Server | None = None  # where it is on PostgreSQL
        self._borrowed = ""  # the name of one that is given back

    def patch(self, statements: str) -> None:
        """Let the daemon run with some of its numbers changed."""
        self.program = (str(Path(__file__).parent / "patched.py"), statements)

    # ── the process ─────────────────────────────────────────────────────────────────────

    def start(
        self,
        environ: Mapping[str, str] | None = None,
        *,
        hand_over: socket.socket | None = None,
        log_to: IO[bytes] | None = None,
    ) -> None:
        """Start the daemon and wait until it accepts mail. `hand_over` is its first descriptor (sd_listen_fds(3))."""
        words, env = [*self.program, "run", "-c", str(self.file), "--json"], os.environ | dict(environ or {})
        given = [hand_over.fileno()] if hand_over else []
        with nullcontext(log_to) if log_to else self.log.open("ab") as log:
            if self.measured:
                command = [sys.executable, *words]
                self._process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=log, env=env)
            else:
                self._process = prefork.start(words, stdout=subprocess.PIPE, stderr=log, env=env, hand_over=given)
        stdout = self._process.stdout
        assert stdout is not None
        if not select.select([stdout], [], [], PATIENCE)[0]:
            raise AssertionError(f"the daemon does not start:\n{self.log_text()}")
        line = stdout.readline()
        assert line.startswith(b'{"ready"'), f"the daemon ended at once: {line.decode()}\n{self.log_text()}"
        self.port = json.loads(line)["port"]

    def end(self, number: int = signal.SIGTERM) -> int:
        """End the daemon with a signal; returns its exit code."""
        assert self._process is not None
        self._process.send_signal(number)
        return self.ended()

    def ended(self) -> int:
        """Wait until the daemon exits by itself; returns its exit code."""
        process = self._process
        assert process is not None
        try:
            return process.wait(PATIENCE)
        except subprocess.TimeoutExpired as error:
            process.kill()
            process.wait()
            raise AssertionError(f"the daemon does not end:\n{self.log_text()}") from error
        finally:
            if process.stdout:
                process.stdout.close()
            self._process = None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def log_text(self) -> str:
        return self.log.read_text("utf-8", "replace") if self.log.exists() else ""

    def __enter__(self) -> Self:
        self._relay.__enter__()
        config = self._config.replace("RELAY_PORT", str(self._relay.sink.port))
        if ON_POSTGRESQL.get() and "postgresql://" not in config:
            self._borrowed = cluster().desk_database()
            self.database = Server(cluster().url(self._borrowed), self.folder / "var/mailgate.db")
            config = with_database(config, self.database.url)
        self.file.write_text(config, "utf-8")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        code = 0
        try:
            if self._process is not None:
                code = self.end()
        finally:
            self._relay.__exit__()
            if self._borrowed:
                cluster().give_back(self._borrowed)
        if error is None:
            assert not self._timed
            assert code == 0, self.log_text()
            assert "Traceback" not in self.log_text(), self.log_text()

    # ── in, and out ─────────────────────────────────────────────────────────────────────

    def send(self, mail: EmailMessage | bytes, *, sender: str | None = None, to: Sequence[str] = ()) -> None:
        """Send a mail to the desk by SMTP. Raises SMTPException unless it is accepted."""
        raw = mail if isinstance(mail, bytes) else mail.as_bytes()
        if sender is None:
            sender = "" if isinstance(mail, bytes) else str(mail["From"].addresses[0].addr_spec)
        if not to:
            to = [ADDRESS] if isinstance(mail, bytes) else [each.addr_spec for each in mail["To"].addresses]
        with smtplib.SMTP("127.0.0.1", self.port, timeout=PATIENCE) as smtp:
            smtp.sendmail(sender, [*to], raw)

    def stop_worker(self) -> int:
        """Stop the worker process (SIGSTOP) where it holds no lock on the database; its process id."""
        wait_until(self._stopped_without_lock, self.log_text)
        return self.worker

    def _stopped_without_lock(self) -> bool:
        os.kill(self.worker, signal.SIGSTOP)
        wait_until(lambda: Path(f"/proc/{self.worker}/stat").read_text().rpartition(") ")[2][0] == "T")
        if self._is_locked():
            os.kill(self.worker, signal.SIGCONT)
            return False
        return True

    def _is_locked(self) -> bool:
        """Whether a transaction writes to the database."""
        if self.database:
            here = "(SELECT oid FROM pg_database WHERE datname = current_database())"
            return bool(self.sql(f"SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND database = {here}"))
        with closing(sqlite3.connect(self.folder / "var" / "mailgate.db")) as db:
            db.execute("PRAGMA busy_timeout = 0")
            try:
                db.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                return True
            return False

    def settle(self) -> News:
        """Wait until inbox and outbox are empty; returns the mails delivered since the last step."""
        self.await_stillness()
        return self.news()

    def await_stillness(self) -> None:
        """Wait until inbox and outbox are empty."""
        wait_until(lambda: self._on_its_way() == 0, self.log_text, self._on_its_way)

    def step(self, mail: EmailMessage | bytes, *, sender: str | None = None, to: Sequence[str] = ()) -> News:
        """Send a mail, and return the mails that it causes."""
        self.send(mail, sender=sender, to=to)
        return self.settle()

    def wait_for(self, address: str, kind: str) -> News:
        """Wait for a notice caused by a timer; returns it with all mails since the last step."""
        arrived = self._timed
        self._timed = []
        while not any(got.to == address and got.kind == kind for got in arrived):
            wait_until(lambda: self.count > self._told, self.log_text)
            arrived += self._new()
        self.await_stillness()
        return News([*arrived, *self._new()])

    def news(self) -> News:
        """The mails delivered since the last step, except those caused by a timer (see `wait_for`)."""
        arrived = self._new()
        self._timed += [got for got in arrived if got.kind in TIMED]
        return News(got for got in arrived if got.kind not in TIMED)

    def _new(self) -> list[Got]:
        taken = self._relay.sink.taken[self._told :]
        self._told += len(taken)
        return [Got.of(each) for each in taken]

    @property
    def taken(self) -> list[Got]:
        """Every mail delivered so far."""
        return [Got.of(each) for each in self._relay.sink.taken]

    @property
    def relay(self) -> Sink:
        """The relay."""
        return self._relay.sink

    @property
    def count(self) -> int:
        """The number of mails delivered so far."""
        return len(self._relay.sink.taken)

    # ── looking into it ─────────────────────────────────────────────────────────────────

    @property
    def where(self) -> Path | Server:
        """Where the database is."""
        return self.database or self.folder / "var/mailgate.db"

    def sql(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Run a query on the database, read-only."""
        if self.database:
            with closing(engine_of(self.database).open_reader()) as reader:
                return [tuple(row) for row in reader.all(query, values)]
        db = sqlite3.connect(f"file:{self.folder}/var/mailgate.db?mode=ro", uri=True, timeout=PATIENCE)
        try:
            return db.execute(query, values).fetchall()
        finally:
            db.close()

    def _on_its_way(self) -> int:
        """Mails that are not where they go, asked in the order in which mail travels, so that none slips past."""
        ahead = sum(held() for held in self.in_front)
        return ahead + self._within() + sum(held() for held in self.behind)

    def _within(self) -> int:
        ((busy,),) = self.sql(
            "SELECT (SELECT count(*) FROM inbox WHERE state IN ('new', 'working') AND retry_at IS NULL)"
            " + (SELECT count(*) FROM outbox WHERE state IN ('queued', 'sending'))"
            " + (SELECT count(*) FROM refused)"
        )
        return int(busy)

    def cli(self, *words: str, code: int = 0, stdin: bytes = b"") -> Any:
        """Run `mailgate WORDS --json` as a process; returns the document that it prints."""
        done = prefork.run(["-m", "mailgate", *words, "-c", self.file, "--json"], stdin=stdin)
        assert done.returncode == code, f"{words} ended with {done.returncode}\n{done.stderr.decode()}"
        return json.loads(done.stdout) if done.stdout.strip() else None

    def complaint(self, *words: str, code: int = 2) -> str:
        """Run a command as a process that exits with `code`; returns its standard error."""
        done = prefork.run(["-m", "mailgate", *words, "-c", self.file])
        assert done.returncode == code, done.stderr.decode()
        return done.stderr.decode()

    def objection(self, *words: str, code: int = 2) -> str:
        """Like `complaint`, within this process, which is faster."""
        said = io.StringIO()
        with contextlib.redirect_stderr(said):
            ended = main([*words, "-c", str(self.file)])
        assert ended == code, said.getvalue()
        return said.getvalue()

    def ticket(self, number: int) -> dict[str, Any]:
        """One ticket with thread and events, as `tickets show` prints it."""
        found = self.look("tickets", "show", str(number))
        assert isinstance(found, dict)
        return found

    def look(self, *words: str, codes: tuple[int, ...] = (0,)) -> Any:
        """Like `cli`, within this process, which is faster."""
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            code = main([*words, "-c", str(self.file), "--json"])
        assert code in codes, printed.getvalue()
        return json.loads(printed.getvalue())

    def cpu(self, *, worker: bool = False) -> float:
        """The processor time of the daemon since its start, in seconds; with that of its worker process."""
        processes = [self.pid, *([self.worker] if worker else [])]
        fields = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in processes]
        return sum(int(each[11]) + int(each[12]) for each in fields) / os.sysconf("SC_CLK_TCK")

    @property
    def worker(self) -> int:
        """The process id of the worker, the daemon's only child that lasts."""
        return self.workers[0]

    @property
    def workers(self) -> list[int]:
        """The process id of the worker; none while the daemon starts another one."""
        return [int(pid) for pid in Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()]

    def rss(self) -> float:
        """Resident memory of the daemon in 10^6 bytes."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        kilobytes = next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS:"))
        return int(kilobytes) * 1024 / 1e6


# ── the labs' desk ──────────────────────────────────────────────────────────────────────

DESK = r"""
[desk]
name = "First Bank Help Desk"
domain = "bank.example"
timezone = "America/New_York"
admin = "postmaster@ops.example"

[storage]
database = "sqlite:///var/mailgate.db"
attachments = "var/attachments"

[address."support@bank.example"]
name = "First Bank Support"
[address."outages@bank.example"]
name = "First Bank Outages"
topic = "Business Critical Outage"

[smtp]
listen = "127.0.0.1:0"
authserv_ids = ["mx.bank.example"]

[relay]
host = "127.0.0.1"
port = RELAY_PORT

[department.Support]
manager = "ann"
[department.Maintenance]
manager = "ann"
public = false
[department."Systems Administrators"]
manager = "sofia"

[agent.ann]
name = "Ann Reyes"
email = ["ann@bank.example"]
departments = ["Support", "Maintenance"]
[agent.elliot]
name = "Elliot Alderson"
email = ["elliot@bank.example"]
departments = ["Support", "Systems Administrators"]
[agent.sofia]
name = "Sofia Marin"
email = ["sofia@bank.example"]
departments = ["Systems Administrators"]
[agent.marcus]
name = "Marcus Webb"
email = ["marcus@bank.example"]
departments = ["Support", "Maintenance"]
[agent.tim]
name = "Tim Nakata"
email = ["tim@bank.example"]
role = "View only"
departments = ["Support"]

[team."Level I Support"]
lead = "ann"
members = ["ann", "marcus"]
[team."Online Banking"]
lead = "sofia"
members = ["sofia", "elliot"]

[schedule."Business hours"]
timezone = "America/New_York"
hours = { mon-fri = "08:00-17:00" }

[sla."Sev-A"]
resolve = "SEV_A"
escalate = [
  { at = "100%", alert = ["assignee", "manager", "department"] },
]
[sla."Sev-B"]
resolve = "4h"
[sla."Sev-C"]
resolve = "8h"
schedule = "Business hours"

[topic."Business Critical Outage"]
department = "Systems Administrators"
sla = "Sev-A"
priority = "Emergency"
[topic."Report a Problem"]
department = "Maintenance"
sla = "Default SLA"
[topic."Report a Problem / Personal Computer Issues"]
department = "Support"
"""


def desk(*, sev_a: str = "1h", more: str = "", instead: Mapping[str, str] | None = None) -> str:
    """The configuration of the labs' desk; `more` is appended, `instead` replaces parts of it."""
    text = DESK.replace("SEV_A", sev_a)
    for old, new in (instead or {}).items():
        assert old in text, old
        text = text.replace(old, new)
    return text + more
