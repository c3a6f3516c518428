"""A desk over years: each ticket has its conversation, mails are delivered, and upkeep runs, all at a virtual time.

    python -m tests.years [--years 10] [--tickets 365] [--keep-closed 365d]

prints what lies on the disk after each year. `--tickets` is the number a year.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from mailgate.store.db import engine_of
from mailgate.store.maintenance.size import stored
from mailgate.store.queues import inbox, outbox
from mailgate.worker.daily import upkeep
from tests.desk import ANN, CONFIG, OUTBOX, START, Bench, Sent

YEAR = timedelta(days=365)
WORDS = (
    *("printer", "account", "portal", "invoice", "password", "transfer", "branch", "screen", "error", "network"),
    *("letter", "card", "limit", "office", "shows", "cannot", "opens", "sends", "prints", "blocks", "since", "again"),
)


@dataclass(frozen=True)
class Used:
    """Bytes on the disk after a year."""

    database: int  # without the pages that are free
    free: int
    attachments: int
    large_mails: int

    @property
    def total(self) -> int:
        return self.database + self.free + self.attachments + self.large_mails


class Years:
    """A desk with a virtual clock and a seeded stream of tickets."""

    def __init__(self, folder: Path, tickets: int, keep_closed: str = "") -> None:
        storage = f'[storage]\nkeep_closed = "{keep_closed}"\n'
        self.bench = Bench(folder, storage + CONFIG)
        self._random = random.Random(7)
        self._tickets = tickets
        self._number = 0

    def run(self, years: int) -> Iterator[Used]:
        """Let years go by; what lies on the disk after each."""
        for year in range(1, years + 1):
            for place in range(self._tickets):
                self.bench.now = START + (year - 1 + place / self._tickets) * YEAR
                self._ticket()
                if place % max(self._tickets // 50, 1) == 0:
                    self.upkeep()
            self.bench.now = START + year * YEAR
            self.upkeep()
            yield self.used()

    def _ticket(self) -> None:
        """A requester writes, an agent answers, the requester thanks with another question, the agent closes."""
        bench, self._number = self.bench, self._number + 1
        requester = f"Customer {self._number} <c{self._number}@client.example>"
        files = (("scan.bin", "application/x-scan", self._random.randbytes(60_000)),) if self._number % 5 == 0 else ()
        subject = self._text(5)
        mails = bench.send(requester, self._text(120), subject=subject, files=files, html=self._page())
        number = next(mail.ticket for mail in mails if mail.ticket)
        self._deliver()
        bench.send(ANN, self._text(60), answers=self._last(number, "ann@bank.example"))
        self._deliver()
        bench.send(requester, self._text(30), answers=self._last(number, f"c{self._number}@client.example"))
        self._deliver()
        bench.send(ANN, f"{self._text(40)}\n#close", answers=self._last(number, "ann@bank.example"))
        bench.send(ANN, "#close", answers=self._last(number, "ann@bank.example"))
        self._deliver()

    def _last(self, number: int, address: str) -> Sent:
        sql = f"{OUTBOX} WHERE ticket = ? AND recipient = ? ORDER BY id DESC LIMIT 1"
        return self.bench.read_sent(self.bench.db.one(sql, [number, address]))

    def _deliver(self) -> None:
        bench = self.bench
        with bench.db.transaction():
            while jobs := outbox.claim(bench.db, bench.now, 100):
                outbox.sent(bench.db, [(job.id, "250 2.0.0 queued") for job in jobs], bench.now)

    def _text(self, words: int) -> str:
        return " ".join(self._random.choices(WORDS, k=words))

    def _page(self) -> str:
        return f"<html><body><p>{self._text(120)}</p></body></html>"

    def upkeep(self) -> None:
        """What the daemon does each hour, and the daily sweep, without the pauses."""
        bench, storage = self.bench, self.bench.config.storage
        for portion in upkeep.PORTIONS:
            more = True
            while more:
                with bench.db.transaction():
                    more = portion(bench.db, storage, bench.now)
        files, raw, now = bench.desk.files, bench.db.files, bench.now.timestamp() + 1e9
        upkeep.sweep(files, upkeep.unnamed(bench.db, files.old(now)), now, storage.database)
        raw.sweep(inbox.unnamed(bench.db, raw.old(now)))

    def used(self) -> Used:
        """What lies on the disk now, the log checkpointed."""
        self.bench.db.run("PRAGMA wal_checkpoint(TRUNCATE)")
        found = stored(engine_of(self.bench.config.storage.database), self.bench.config.storage.attachments)
        size = found.database
        return Used(size.size - size.free, size.free, found.attachments.size, found.large_mails.size)


def main() -> None:
    """Print a line a year."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--years", type=int, default=10)
    parser.add_argument("--tickets", type=int, default=365)
    parser.add_argument("--keep-closed", default="")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        years = Years(Path(folder), given.tickets, given.keep_closed)
        for year, used in enumerate(years.run(given.years), start=1):
            parts = (used.database, used.free, used.attachments, used.large_mails, used.total)
            sizes = "  ".join(f"{size / 1e6:8.2f}" for size in parts)
            sys.stdout.write(f"{year:3}  {sizes}\n")
            sys.stdout.flush()
        db = years.bench.db
        for row in db.all("SELECT name, sum(pgsize) AS size FROM dbstat GROUP BY name ORDER BY size DESC LIMIT 25"):
            sys.stdout.write(f"{row['name']:28} {row['size'] / 1e6:8.2f}\n")


if __name__ == "__main__":
    main()
