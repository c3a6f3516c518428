"""A worker process that hangs: reported in status, log and probes, and after a timeout the daemon exits."""

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
# As `mailgate run`, with timeouts shorter than five minutes.
RUN = """
import asyncio, logging, sys
from pathlib import Path
from mailgate.daemon.spawn import start_worker
from mailgate.cli.common import secrets_of
from mailgate.config.load import load
from mailgate.daemon.main import Daemon
from mailgate.system.lock import Lock
from mailgate.system.watchdog import Timeouts

logging.basicConfig(level=logging.INFO, stream=sys.stderr)
config, _ = load(Path("config.toml"))
warn, expire = map(float, sys.argv[1:])
with Lock(config.storage.database), start_worker(config, secrets_of(config)) as worker:
    async def run():
        ready = asyncio.Event()
        timeouts = Timeouts(0.05, warn, expire)
        daemon = Daemon(config, worker, timeouts=timeouts, ready=lambda _: ready.set())
        running = asyncio.create_task(daemon.run())
        while not (ready.is_set() and daemon.http_port) and not running.done():
            await asyncio.sleep(0.01)
        print(daemon.http_port, flush=True)
        await running

    asyncio.run(run())
"""


class Running:
    def __init__(self, folder: Path, warn: float, expire: float) -> None:
        (folder / "config.toml").write_text(CONFIG)
        self.folder = folder
        with (folder / "log").open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-c", RUN, str(warn), str(expire)],
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
def start(tmp_path: Path) -> Iterator[object]:
    """Starts a daemon with the given timeouts, in seconds; stops it at the end of the test."""
    started: list[Running] = []

    def with_timeouts(warn: float, expire: float) -> Running:
        started.append(Running(tmp_path, warn, expire))
        return started[-1]

    yield with_timeouts
    for running in started:
        if running.process.poll() is None:
            running.process.terminate()
        running.process.wait(20)
        assert running.process.stdout
        running.process.stdout.close()


def test_a_hung_worker_is_reported_until_it_recovers(start) -> None:
    desk = start(0.5, 3600)
    wait_until(lambda: desk.page("readyz") == (200, "ready\n"), 5)
    os.kill(desk.worker, signal.SIGSTOP)
    wait_until(lambda: desk.page("readyz")[0] == 503, 5)
    assert "the worker process has not responded" in desk.page("readyz")[1]
    assert desk.page("healthz")[0] == 200
    assert "mailgate_worker_ok 0" in desk.page("metrics")[1]
    wait_until(lambda: any("has not responded" in problem for problem in desk.status()[1]), 10)
    assert desk.status()[0] == 1
    assert desk.log().count("the worker process has not responded") == 1
    os.kill(desk.worker, signal.SIGCONT)
    wait_until(lambda: desk.page("readyz") == (200, "ready\n"), 5)
    wait_until(lambda: "the worker process has recovered" in desk.log(), 5)


def test_a_worker_that_hangs_for_too_long_ends_the_daemon(start) -> None:
    desk = start(0.3, 0.8)
    wait_until(lambda: desk.page("readyz") == (200, "ready\n"), 5)
    time.sleep(1)
    assert desk.process.poll() is None, "a worker that responds does not expire"
    os.kill(desk.worker, signal.SIGSTOP)
    assert desk.process.wait(20) != 0
    assert "exiting, so that the service manager restarts" in desk.log()
    assert not Path(f"/proc/{desk.worker}").exists(), "it would still hold the lock"


def test_a_database_locked_by_another_process_does_not_count_as_a_hang(start) -> None:
    desk = start(0.6, 1.2)
    with closing(open_writer(desk.folder / "var" / "mailgate.db")) as db, db.transaction():
        time.sleep(2.5)
        assert desk.process.poll() is None
    wait_until(lambda: desk.page("readyz") == (200, "ready\n"), 5)
