"""The start of the daemon with many tickets in its database: time to the first mail, memory."""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.acceptance.labs import CARLA, KAREN
from tests.acceptance.world import World, desk
from tests.waiting import wait_until

TICKETS = 10_000
FIRST_MAIL = 8.0  # times the work of starting Python with what every daemon imports
BARE = "import asyncio, email.message, html, json, logging, sqlite3, ssl"
MEMORY = 90.0  # 10^6 bytes
HOLIDAYS = {'"08:00-17:00" }': '"08:00-17:00" }\nholidays = ["US", "DE-BY"]'}  # what costs memory


def fill(world: World, count: int) -> None:
    """Copy the newest ticket, with thread, events and deadlines, until there are `count`."""
    from mailgate.store.db import open_writer

    db = open_writer(world.folder / "var/mailgate.db")
    ((first,),) = world.sql("SELECT max(number) FROM ticket")
    with db.transaction():
        for table, key in (("ticket", "number"), ("entry", "ticket"), ("event", "ticket"), ("deadline", "ticket")):
            names = [row["name"] for row in db.all(f"SELECT name FROM pragma_table_info('{table}')")]
            taken = [name for name in names if name != "id"]
            chosen = ", ".join(f"{key} + n" if name == key else name for name in taken)
            db.run(
                f"WITH RECURSIVE more (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM more WHERE n < {count - 1})"
                f" INSERT INTO {table} ({', '.join(taken)}) SELECT {chosen} FROM {table}, more WHERE {key} = {first}"
            )
    db.close()


@pytest.mark.alone
def test_the_first_mail_is_accepted_soon_after_the_start(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """From the start of the process to the 250 of the first mail, with 10,000 open tickets that have a deadline.

    That is half a second on a machine of 2026. Measured is the daemon's own work, against a bare Python's.
    """
    with World(tmp_path, desk(instead=HOLIDAYS)) as world:
        world.measured = True
        world.start()
        world.step(KAREN.writes("The first of many", "Hello."))
        assert world.end() == 0
        fill(world, TICKETS)
        taken, worked, bare = [], [], []
        for turn in range(3):
            bare.append(work_of_bare_python())
            began = time.monotonic()
            world.start()
            world.send(CARLA.writes(f"After start {turn}", "Hello."))
            taken.append(time.monotonic() - began)
            worked.append(world.cpu())
            world.settle()
            if turn < 2:
                assert world.end() == 0
        time.sleep(1.5)  # until the calendars are warm, and idle
        memory = world.rss()
        ((count,),) = world.sql("SELECT count(*) FROM ticket WHERE status = 'open'")
        assert count == TICKETS + 3
        with capsys.disabled():
            print(f"\nfirst mail after {numbers(taken)} s, of which it worked {numbers(worked)} s; {memory:.0f} MB;")
            print(f"a bare Python {numbers(bare)} s")
        assert min(worked) < FIRST_MAIL * min(bare)
        assert memory < MEMORY


def work_of_bare_python() -> float:
    """The processor time of an empty Python program, in seconds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", BARE], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def numbers(values: list[float]) -> str:
    return ", ".join(f"{value:.2f}" for value in values)


def test_run_prints_one_json_document_when_ready(tmp_path: Path) -> None:
    """With the port; the log goes to standard error."""
    with World(tmp_path, desk()) as world:
        world.start()
        assert world.port > 0
        wait_until(lambda: f"ready: smtp 127.0.0.1:{world.port}" in world.log_text())
        assert not [line for line in world.log_text().splitlines() if line.startswith("{")]
