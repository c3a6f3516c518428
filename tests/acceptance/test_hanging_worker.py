"""A worker process that hangs and does not die: it is noticed, told of, and in the end as good as dead."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from mailgate.store.db import open_writer
from tests.acceptance.world import wait_until

CONFIG = """
[desk]
name = "Help Desk"
secret = "a secret of more than sixteen characters"
[address."support@bank.example"]
[smtp]
listen = "127.0.0.1:0"
[relay]
transport = "maildir"
path = "out"
[http]
listen = "127.0.0.1:0"
[agent.ann]
email = ["ann@bank.example"]
name = "Ann Lee"
"""
# As `mailgate run`, with a shorter patience than five minutes.
RUN = """
import asyncio, logging, sys
from pathlib import Path
from mailgate.daemon.spawn import start_worker
from mailgate.cli.common import secrets_of
from mailgate.config.load import load
from mailgate.daemon.main import Daemon
from mailgate.system.lock import Lock
from mailgate.system.watchdog import Patience

logging.basicConfig(level=logging.INFO, stream=sys.stderr)
config, _ = load(Path("config.toml"))
tell, give_up = map(float, sys.argv[1:])
with Lock(config.storage.database), start_worker(config, secrets_of(config)) as worker:
    async def run():
        ready = asyncio.Event()
        patience = Patience(0.05, tell, give_up)
        daemon = Daemon(config, worker, patience=patience, ready=lambda _: ready.set())
        running = asyncio.create_task(daemon.run())
        while not (ready.is_set() and daemon.http_port) and not running.done():
            await asyncio.sleep(0.01)
        print(daemon.http_port, flush=True)
        await running

    asyncio.run(run())
"""


class Running:
    def __init__(self, folder: Path, tell: float, give_up: float) -> None:
        (folder / "config.toml").write_text(CONFIG)
        self.folder = folder
        with (folder / "log").open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-c", RUN, str(tell), str(give_up)],
                cwd=folder,
                env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        assert self.process.stdout
        self.port = int(self.process.stdout.readline())
        pid = self.process.pid
        (worker,) = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        self.worker = int(worker)

    def page(self, name: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/{name}", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def status(self) -> tuple[int, list[str]]:
        command = [sys.executable, "-m", "mailgate", "status", "--json", "-c", "config.toml"]
        env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
        done = subprocess.run(command, cwd=self.folder, env=env, capture_output=True, check=False)
        return done.returncode, json.loads(done.stdout)["problems"]

    def log(self) -> str:
        return (self.folder / "log").read_text()


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[object]:
    begun: list[Running] = []

    def with_patience(tell: float, give_up: float) -> Running:
        begun.append(Running(tmp_path, tell, give_up))
        return begun[-1]

    yield with_patience
    for running in begun:
        if running.process.poll() is None:
            running.process.terminate()
        running.process.wait(20)
        assert running.process.stdout
        running.process.stdout.close()


def test_a_worker_that_hangs_is_told_of_and_is_well_again_when_it_goes_on(begin) -> None:
    desk = begin(0.5, 3600)
    wait_until(lambda: desk.page("readyz") == (200, "ready\n"), 5)
    os.kill(desk.worker, signal.SIGSTOP)
    wait_until(lambda: desk.page("readyz")[0] == 503, 5)
    assert "the worker process has not answered" in desk.page("readyz")[1]
    assert desk.page("healthz")[0] == 200
    assert "mailgate_worker_ok 0" in desk.page("metrics")[1]
    wait_until(lambda: any("has not answered" in problem for problem in desk.status()[1]), 10)
    assert desk.status()[0] == 1
    assert desk.log().count("the worker process has not answered") == 1
    os.kill(desk.worker, signal.SIGCONT)
    wait_until(lambda: desk.page("readyz") == (200, "ready\n"), 5)
    wait_until(lambda: "the worker process works again" in desk.log(), 5)


def test_a_worker_that_hangs_for_long_ends_like_one_that_died(begin) -> None:
    desk = begin(0.3, 0.8)
    wait_until(lambda: desk.page("readyz") == (200, "ready\n"), 5)
    time.sleep(1)
    assert desk.process.poll() is None, "it answers, and may go on for ever"
    os.kill(desk.worker, signal.SIGSTOP)
    assert desk.process.wait(20) != 0
    assert "to be started again" in desk.log()
    assert not Path(f"/proc/{desk.worker}").exists(), "nothing of it holds the lock"


def test_a_database_that_somebody_else_holds_is_no_hanging_worker(begin) -> None:
    desk = begin(0.6, 1.2)
    with closing(open_writer(desk.folder / "var" / "mailgate.db")) as db, db.transaction():
        time.sleep(2.5)
        assert desk.process.poll() is None
    wait_until(lambda: desk.page("readyz") == (200, "ready\n"), 5)
