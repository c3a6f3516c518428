"""A worker process that hangs: reported in status, log and probes, and after a timeout the daemon exits."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path
from typing import Self

import pytest

from mailgate.config.load import load
from mailgate.daemon import status
from mailgate.daemon.channel import Channel, Ping, Pong, Stop
from mailgate.daemon.main import Daemon
from mailgate.settings import Config
from mailgate.store.db import open_writer
from tests.waiting import PATIENCE, patience, until, wait_until

CONFIG = """
[desk]
name = "Help Desk"
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
# As `mailgate run`, with a watchdog in a hurry, whose clock stands still until the test lets time pass: a slow start
# is no hang. Ten milliseconds between pings; each adds at most twice as much.
RUN = """
import asyncio, logging, sys
from pathlib import Path
from typing import Self
from mailgate.daemon.spawn import start_worker
from mailgate.cli.common import secrets_of
from mailgate.config.load import load
from mailgate.daemon.main import Daemon
from mailgate.system.lock import Lock
from mailgate.system.watchdog import Timeouts

class Clock:
    now = 0.0

    def __call__(self):
        if Path("time-passes").exists():
            self.now += 0.02
            Path("now").write_text(str(self.now))
        return self.now

logging.basicConfig(level=logging.INFO, stream=sys.stderr)
config, _ = load(Path("config.toml"))
warn, expire = map(float, sys.argv[1:])
with Lock(config.storage.database), start_worker(config, secrets_of(config)) as worker:
    async def run():
        ready = asyncio.Event()
        timeouts = Timeouts(0.01, warn, expire)
        daemon = Daemon(config, worker, timeouts=timeouts, monotonic=Clock(), ready=lambda _: ready.set())
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

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with self.process:  # waits, and closes its output
            self.process.terminate()

    def await_start(self) -> None:
        """Wait until it listens."""
        assert self.process.stdout
        self.port = int(self.process.stdout.readline())
        pid = self.process.pid
        (worker,) = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        self.worker = int(worker)

    def page(self, name: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/{name}", timeout=PATIENCE) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def status(self) -> tuple[int, list[str]]:
        command = [sys.executable, "-m", "mailgate", "status", "--json", "-c", "config.toml"]
        env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
        done = subprocess.run(command, cwd=self.folder, env=env, capture_output=True, check=False)
        return done.returncode, json.loads(done.stdout)["problems"]

    def let_time_pass(self) -> None:
        """From now on the watchdog's clock goes."""
        (self.folder / "time-passes").touch()

    def passed(self, seconds: float) -> bool:
        """Whether so much time has passed on the watchdog's clock."""
        now = self.folder / "now"
        return now.exists() and float(now.read_text() or 0) >= seconds

    def log(self) -> str:
        return (self.folder / "log").read_text()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[float, float], Running]]:
    """Starts a daemon with so many seconds without progress until the warning, and until it exits."""
    with ExitStack() as started:

        def begin(warn: float, expire: float) -> Running:
            desk = started.enter_context(Running(tmp_path, warn, expire))
            desk.await_start()
            return desk

        yield begin


def test_a_worker_that_has_not_started_is_not_ready(tmp_path: Path) -> None:
    """Mail is accepted already, and worked when it has. Whoever is told so finds the daemon's status."""
    theirs, end = socket.socketpair()
    config = complete(tmp_path)
    told: list[status.DaemonStatus] = []

    async def ask(port: int) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /readyz HTTP/1.1\r\n\r\n")
        async with patience():
            said = await reader.read()
        writer.close()
        return said

    async def life() -> None:
        daemon = Daemon(config, theirs, ready=lambda _: told.append(status.read(config)))
        running = asyncio.create_task(daemon.run())
        await until(lambda: running.done() or (told and daemon.http_port))
        assert [way.connected for way in told[0].ways_in] == [True]
        worker = await Channel.open(end)
        said = await ask(daemon.http_port or 0)
        assert said.startswith(b"HTTP/1.1 503")
        assert said.endswith(b"the worker process is starting\n")
        assert await worker.receive() == Ping()
        worker.send(Pong({}, ()))
        await until(partial(ready, daemon))
        daemon.stop()
        while not isinstance(await worker.receive(), Stop):
            pass
        worker.close()
        await running

    async def ready(daemon: Daemon) -> bool:
        return (await ask(daemon.http_port or 0)).startswith(b"HTTP/1.1 200")

    asyncio.run(life())


def complete(folder: Path) -> Config:
    (folder / "config.toml").write_text(CONFIG)
    return load(folder / "config.toml")[0]


def test_a_hung_worker_is_reported_until_it_recovers(start) -> None:
    desk = start(0.5, 3600)
    wait_until(lambda: desk.page("readyz") == (200, "ready\n"), desk.log)
    os.kill(desk.worker, signal.SIGSTOP)
    desk.let_time_pass()
    wait_until(lambda: desk.page("readyz")[0] == 503, desk.log)
    assert "the worker process has not responded" in desk.page("readyz")[1]
    assert desk.page("healthz")[0] == 200
    assert "mailgate_worker_ok 0" in desk.page("metrics")[1]
    wait_until(lambda: any("has not responded" in problem for problem in desk.status()[1]), desk.log)
    assert desk.status()[0] == 1
    assert desk.log().count("ERROR:mailgate:the worker process has not responded") == 1
    (desk.folder / "time-passes").unlink()
    os.kill(desk.worker, signal.SIGCONT)
    wait_until(lambda: desk.page("readyz") == (200, "ready\n"), desk.log)
    wait_until(lambda: "the worker process has recovered" in desk.log(), desk.log)


def test_a_worker_that_hangs_for_too_long_ends_the_daemon(start) -> None:
    desk = start(1.0, 2.0)
    wait_until(lambda: desk.page("readyz") == (200, "ready\n"), desk.log)
    desk.let_time_pass()
    wait_until(lambda: desk.passed(3.0), desk.log)
    assert desk.process.poll() is None, "a worker that responds does not expire"
    os.kill(desk.worker, signal.SIGSTOP)
    assert desk.process.wait(PATIENCE) != 0
    assert "exiting, so that the service manager restarts" in desk.log()
    assert not Path(f"/proc/{desk.worker}").exists(), "it would still hold the lock"


def test_a_database_locked_by_another_process_does_not_count_as_a_hang(start) -> None:
    desk = start(1.0, 2.0)
    with closing(open_writer(desk.folder / "var" / "mailgate.db")) as db, db.transaction():
        desk.let_time_pass()
        wait_until(lambda: desk.passed(3.0), desk.log)
        assert desk.process.poll() is None
    wait_until(lambda: desk.page("readyz") == (200, "ready\n"), desk.log)
