"""Tens of thousands of mails to one daemon: its memory and the log of its database must not grow with them.

    python -m tests.volume [--mails 50000] [--reader export]

A real daemon takes mails by SMTP and sends notices to a relay here: new tickets, replies to what the desk wrote,
commands of agents, an attachment now and then. Beside it a reader never lets go: `mailgate tickets export` into a pipe
that nobody reads, or, with `--reader transaction`, another program's transaction, for which SQLite's log has to grow;
it must be told then, and shrink when the reader is gone.
"""

from __future__ import annotations

import argparse
import random
import smtplib
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path

from mailgate.store.sqlite.connection import LOG_MOST, log_path
from tests.acceptance.people import ADDRESS, Got, Person, apple, gmail, mutt, outlook
from tests.acceptance.world import ROOT, World, desk
from tests.sink import Taken
from tests.waiting import PATIENCE, wait_until

GROWTH_MOST = 10.0  # MB that a process may have grown since a fifth of the mails was worked
CONNECTIONS = 4
PER_CONNECTION = 100  # mails
NEW = 0.4  # share of mails that open a ticket
WITH_FILE = 0.04
CONFIG = """
[alerts]
new_ticket = ["agent:marcus"]
new_message = ["agent:marcus"]
[notices]
limit_unknown = "1000000/1h"
limit_per_sender = "1000000/1h"
"""
PROGRAMS = (gmail, outlook, apple, mutt)
ANSWERED = frozenset({"acknowledgement", "reply", "new-ticket", "new-message", "assigned"})
MARCUS = Person("Marcus Webb", "marcus@bank.example", gmail)
SAYS = (
    "Please try it again now.",
    "#resolve\n\nThis is done, please write again if it is not.",
    "#assign marcus\n#priority high\n#note I look into it.",
    "#note The customer called, too.",
    "#close",
)
WORDS = (
    *("printer", "account", "portal", "invoice", "password", "transfer", "branch", "screen", "error", "network"),
    *(
        "Überweisung",
        "größer",
        "carte",
        "été",
        "письмо",
        "メール",
        "cannot",
        "opens",
        "sends",
        "prints",
        "since",
        "again",
    ),
)
TRANSACTION = """
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("BEGIN")
db.execute("SELECT count(*) FROM ticket").fetchone()
print("reading", flush=True)
sys.stdin.read()
"""


class People:
    """People who write to the desk, and answer some of what it writes. May be used from several threads."""

    def __init__(self, seed: int) -> None:
        self._dice = random.Random(seed)
        self._lock = threading.Lock()
        self._received: deque[Got] = deque(maxlen=500)  # what somebody may answer
        self._count = 0

    def got(self, taken: Taken) -> None:
        """The relay took a mail."""
        if taken.header("X-Mailgate-Notice") in ANSWERED:
            self._received.append(Got.of(taken))

    def writes(self) -> EmailMessage:
        """The next mail."""
        with self._lock:
            self._count += 1
            if self._received and self._dice.random() > NEW:
                return self._answers(self._received.popleft())
            name = f"Person {self._count}"
            person = Person(name, f"person{self._count}@client{self._count % 997}.example", self._program())
            return self._with_file(person.writes(self._words(2, 8), self._words(10, 150)))

    def _answers(self, original: Got) -> EmailMessage:
        if original.to.endswith("@bank.example"):
            return Person(MARCUS.name, original.to, self._program()).answers(original, self._dice.choice(SAYS))
        return self._with_file(Person("", original.to, self._program()).answers(original, self._words(5, 60)))

    def _program(self) -> Callable[[str, Got | None], tuple[str, str]]:
        return self._dice.choice(PROGRAMS)

    def _words(self, least: int, most: int) -> str:
        return " ".join(self._dice.choices(WORDS, k=self._dice.randint(least, most)))

    def _with_file(self, mail: EmailMessage) -> EmailMessage:
        if self._dice.random() < WITH_FILE:
            content = self._dice.randbytes(self._dice.randint(1_000, 60_000))
            mail.add_attachment(content, maintype="application", subtype="octet-stream", filename="report.bin")
        return mail


class HandedOn(list[Taken]):
    """Mails of a relay that are not kept."""

    def __init__(self, to: Callable[[Taken], None]) -> None:
        self._to = to

    def append(self, mail: Taken) -> None:
        """Hand a mail on."""
        self._to(mail)


class Forgotten(list[str]):
    """Commands of a relay that are not kept."""

    def append(self, _: str) -> None:
        """Keep nothing."""


@dataclass(frozen=True)
class Process:
    """What one process has in memory, in MB."""

    now: float
    most: float  # since the last look

    @classmethod
    def of(cls, pid: int) -> Process:
        """Read it, and begin anew with the most."""
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        found = {name: value for name, _, value in (line.partition(":") for line in lines)}
        Path(f"/proc/{pid}/clear_refs").write_text("5")  # proc(5): the peak of resident memory
        return cls(*(int(found[name].split()[0]) * 1024 / 1e6 for name in ("VmRSS", "VmHWM")))


@dataclass(frozen=True)
class Look:
    """How things stand after some mails, all worked and their notices sent."""

    mails: int
    daemon: Process
    worker: Process
    log: float  # MB
    database: float


class Volume:
    """One run."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.world = World(folder, desk(more=CONFIG))
        self.world.measured = True
        self.people = People(seed)
        self._database = folder / "var" / "mailgate.db"

    def send(self, count: int, sent: Callable[[], object]) -> None:
        """Send mails on a few connections, and wait until they are worked. Raises what a connection fails with."""
        failures: list[BaseException] = []
        share = [count // CONNECTIONS + (place < count % CONNECTIONS) for place in range(CONNECTIONS)]

        def work(left: int) -> None:
            try:
                while left and not failures:
                    with smtplib.SMTP("127.0.0.1", self.world.port, timeout=PATIENCE) as smtp:
                        for _ in range(min(left, PER_CONNECTION)):
                            mail = self.people.writes()
                            smtp.sendmail(mail["From"].addresses[0].addr_spec, [ADDRESS], mail.as_bytes())
                            left -= 1
                            sent()
            except BaseException as error:
                failures.append(error)

        threads = [threading.Thread(target=work, args=(each,), daemon=True) for each in share]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if failures:
            raise failures[0]
        self.world.await_stillness()

    def look(self, mails: int) -> Look:
        """How things stand."""
        sizes = [path.stat().st_size / 1e6 for path in (log_path(self._database), self._database)]
        return Look(mails, Process.of(self.world.pid), Process.of(self.world.worker), *sizes)

    @contextmanager
    def reader(self, which: str) -> Iterator[None]:
        """Something that reads, and never ends by itself."""
        if which == "none":
            yield
            return
        export = ["-m", "mailgate", "tickets", "export", "-c", str(self.world.file)]
        words = export if which == "export" else ["-c", TRANSACTION, str(self._database)]
        with subprocess.Popen([sys.executable, *words], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as run:
            assert run.stdout
            run.stdout.read(1)  # it has begun
            try:
                yield
                assert run.poll() is None, "the reader ended"
            finally:
                run.kill()

    def told(self) -> bool:
        """Whether the administrator can see that somebody holds the log."""
        return any("log of the database grows" in each for each in self.world.look("status", codes=(0, 1))["problems"])


def play(
    folder: Path,
    mails: int,
    every: int,
    reader: str,
    seed: int,
    seen: Callable[[Look], object],
    sent: Callable[[], object],
) -> list[str]:
    """Send `mails`, look after each `every`, first without the reader; what is wrong at the end."""
    volume, looks = Volume(folder, seed), list[Look]()
    wrong: list[str] = []
    with volume.world as world:
        world.relay.taken, world.relay.commands = HandedOn(volume.people.got), Forgotten()
        world.start()

        def on(count: int) -> None:
            volume.send(count, sent)
            looks.append(volume.look(looks[-1].mails + count if looks else count))
            seen(looks[-1])

        on(every)
        with volume.reader(reader):
            while looks[-1].mails < mails:
                on(min(every, mails - looks[-1].mails))
            if looks[-1].log * 1e6 > LOG_MOST:
                wait_until(volume.told, world.log_text)
        if reader == "transaction":
            volume.send(CONNECTIONS, int)
            wait_until(lambda: log_path(folder / "var/mailgate.db").stat().st_size < LOG_MOST, world.log_text)
        elif (most := max(each.log for each in looks)) * 1e6 > LOG_MOST:
            wrong.append(f"the log of the database had {most:.0f} MB")
    return [*wrong, *growth(looks, mails)]


def growth(looks: Sequence[Look], mails: int) -> Iterator[str]:
    """What grew more than it may."""
    first, last = next(each for each in looks if each.mails >= mails / 5), looks[-1]
    for name, before, after in (("daemon", first.daemon, last.daemon), ("worker", first.worker, last.worker)):
        if (grown := after.now - before.now) > GROWTH_MOST:
            yield f"the {name} grew by {grown:.1f} MB between mail {first.mails} and mail {last.mails}"


def main() -> int:
    """Print a line after each few thousand mails; 1 when something grew."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.volume", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--mails", type=int, default=50_000, metavar="N", help="mails in all (50000)")
    parser.add_argument("--every", type=int, default=5_000, metavar="N", help="a look after so many (5000)")
    parser.add_argument("--reader", choices=("export", "transaction", "none"), default="export", help="(export)")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    began, count = time.monotonic(), 0

    def sent() -> None:
        nonlocal count
        count += 1
        if sys.stderr.isatty():
            bar = f"[{'#' * (40 * count // args.mails):<40}] {count}/{args.mails}"
            print(f"\r{bar} mails\x1b[K", end="", file=sys.stderr, flush=True)

    def seen(look: Look) -> None:
        mark = "\r\x1b[K" if sys.stderr.isatty() else ""
        print(
            f"{mark}{look.mails:>7} {time.monotonic() - began:>7.0f}  {look.daemon.now:>7.1f} {look.daemon.most:>7.1f}"
            f"  {look.worker.now:>7.1f} {look.worker.most:>7.1f}  {look.log:>7.1f} {look.database:>8.1f}",
            flush=True,
        )

    print("  mails seconds   daemon    peak   worker    peak      log database   (MB)")
    with tempfile.TemporaryDirectory(prefix="mailgate-volume-") as folder:
        wrong = play(Path(folder), args.mails, args.every, args.reader, args.seed, seen, sent)
    print(*(wrong or ["nothing grows"]), sep="\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
