"""The two processes of the daemon: when either dies, no mail is lost or processed twice."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.acceptance.labs import KAREN
from tests.acceptance.world import World, desk
from tests.waiting import wait_until


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with World(tmp_path, desk()) as world:
        world.start()
        yield world


def exists(pid: int) -> bool:
    with suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    return False


def test_a_dead_worker_ends_the_daemon_and_the_next_one_continues(world: World) -> None:
    """The service manager restarts the daemon, which processes the accepted mail once."""
    worker = world.stop_worker()
    world.send(KAREN.writes("The portal is down", "Nobody can log in."))
    os.kill(worker, signal.SIGKILL)
    assert world.ended() == 75
    assert "worker ended by signal 9 (out of memory?)" in world.log_text()
    assert "worker exited unexpectedly" in world.log_text()
    world.start()
    news = world.wait_for(KAREN.email, "acknowledgement")
    assert len(news[KAREN.email]) == 1
    assert world.sql("SELECT count(*) FROM ticket") == [(1,)]


def test_a_dead_daemon_ends_its_worker_and_a_new_one_can_start(world: World) -> None:
    worker = world.worker
    assert world.end(signal.SIGKILL) == -signal.SIGKILL
    world.start()
    wait_until(lambda: not exists(worker))
    assert len(world.step(KAREN.writes("The portal is down", "Nobody can log in."))[KAREN.email]) == 1


def test_signals_to_the_whole_process_group_stop_the_daemon_normally(world: World) -> None:
    """As sent by Ctrl-C in a terminal and by service managers."""
    worker = world.worker
    os.kill(worker, signal.SIGTERM)
    os.kill(worker, signal.SIGINT)
    assert len(world.step(KAREN.writes("The portal is down", "Nobody can log in."))[KAREN.email]) == 1
    assert exists(worker), "the worker ignores signals"
    assert world.end() == 0
    assert not exists(worker)
