"""The daemon under a service manager: what it is told and when, sockets that it opens, and the unit itself."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.acceptance.labs import KAREN
from tests.acceptance.world import ROOT, World, desk
from tests.programs import need
from tests.waiting import PATIENCE, wait_until


class Manager:
    """Reads what comes to $NOTIFY_SOCKET."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        self.seen: list[str] = []

    def look(self, seconds: float = 0.1) -> list[str]:
        """What came until now, waiting `seconds` for more; the first line of each message."""
        self._socket.settimeout(seconds)
        while True:
            try:
                self.seen.append(self._socket.recv(4096).decode().split("\n")[0])
            except TimeoutError:
                return self.seen

    def wait_for(self, what: str, times: int = 1) -> None:
        wait_until(lambda: self.look().count(what) >= times, lambda: str(self.seen))

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[Manager]:
    found = Manager(tmp_path / "notify")
    yield found
    found.close()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with World(tmp_path, desk()) as world:
        yield world


def test_the_order_of_a_life(world: World, manager: Manager) -> None:
    world.start({"NOTIFY_SOCKET": str(manager.path)})
    manager.wait_for("WATCHDOG=1")
    os.kill(world.pid, signal.SIGHUP)
    manager.wait_for("READY=1", 2)
    world.end()
    seen = [line for line in manager.look() if line != "WATCHDOG=1"]
    assert seen == ["READY=1", "STATUS=ready", "RELOADING=1", "READY=1", "STOPPING=1"]


def test_a_worker_that_hangs_feeds_nothing(world: World, manager: Manager) -> None:
    """The daemon asks it ten times a second, not every five seconds."""
    asks = "Daemon.__init__.__kwdefaults__['timeouts'] = Timeouts(ping=0.1)"
    world.patch(f"from mailgate.daemon.main import Daemon; from mailgate.system.watchdog import Timeouts; {asks}")
    world.start({"NOTIFY_SOCKET": str(manager.path)})
    manager.wait_for("WATCHDOG=1")
    worker = world.worker
    os.kill(worker, signal.SIGSTOP)
    try:
        manager.look(1.0)  # what was on its way
        fed = manager.seen.count("WATCHDOG=1")
        assert manager.look(2.0).count("WATCHDOG=1") == fed
    finally:
        os.kill(worker, signal.SIGCONT)
    manager.wait_for("WATCHDOG=1", fed + 1)


@pytest.mark.parametrize("named", [True, False])
def test_mail_comes_by_a_socket_that_the_manager_opened(world: World, named: bool) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        if not named:
            text = world.file.read_text("utf-8").replace('"127.0.0.1:0"', f'"127.0.0.1:{port}"', 1)
            world.file.write_text(text, "utf-8")
        world.start({"LISTEN_FDS": "1", "LISTEN_FDNAMES": "smtp" if named else "mailgate.socket"}, hand_over=server)
        assert world.port == port
        world.send(KAREN.writes("The printer is jammed", "Please help."))
        world.settle()
        assert world.sql("SELECT count(*) FROM ticket") == [(1,)]
        world.end()
        with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE):
            pass  # it still listens: a client waits until the next start
        world.start({"LISTEN_FDS": "1", "LISTEN_FDNAMES": "smtp"}, hand_over=server)
        world.send(KAREN.writes("It is jammed again", "Please help."))
        world.settle()


def run(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(word) for word in words], capture_output=True, text=True, check=False)


def test_the_unit_is_valid_and_confined() -> None:
    analyze = need("systemd-analyze", "systemd")
    for unit in ("mailgate.service", "mailgate.socket"):
        said = run(analyze, "verify", ROOT / "contrib" / unit).stderr.splitlines()
        about_us = [line for line in said if "mailgate" in line and "is not executable" not in line]
        assert about_us == []
    rating = run(analyze, "security", "--offline=true", ROOT / "contrib/mailgate.service").stdout
    found = re.search(r"exposure level.*: ([\d.]+)", rating)
    assert found is not None
    assert float(found[1]) <= 2.5


def test_a_log_that_nobody_reads_holds_up_no_mail(world: World) -> None:
    """As with a log collector that hangs: the pipe is full, and stays so."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    with suppress(BlockingIOError):
        while os.write(writing, b"x" * 512):
            pass
    os.set_blocking(writing, True)
    with os.fdopen(writing, "wb") as log:
        world.start(log_to=log)
    try:
        world.step(KAREN.writes("The printer", "It is on fire."))
        assert world.end(signal.SIGTERM) == 0
    finally:
        os.close(reading)
