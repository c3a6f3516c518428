"""The daemon is two processes: either may die, and nothing is lost or done twice."""

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


def worker_of(world: World) -> int:
    (worker,) = Path(f"/proc/{world.pid}/task/{world.pid}/children").read_text().split()
    return int(worker)


def is_there(pid: int) -> bool:
    with suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    return False


def test_a_dead_worker_ends_the_daemon_and_the_next_one_goes_on(world: World) -> None:
    """A supervisor sees an exit code and starts it again; what was taken is worked then, once."""
    os.kill(worker_of(world), signal.SIGSTOP)
    world.send(KAREN.writes("The portal is down", "Nobody can log in."))
    os.kill(worker_of(world), signal.SIGKILL)
    assert world.ended() == 75
    assert "worker ended by signal 9 (out of memory?)" in world.log_text()
    assert "worker exited unexpectedly" in world.log_text()
    world.start()
    news = world.wait_for(KAREN.email, "acknowledgement")
    assert len(news[KAREN.email]) == 1
    assert world.sql("SELECT count(*) FROM ticket") == [(1,)]


def test_a_dead_daemon_takes_its_worker_along_and_makes_room_for_the_next(world: World) -> None:
    worker = worker_of(world)
    assert world.end(signal.SIGKILL) == -signal.SIGKILL
    world.start()
    wait_until(lambda: not is_there(worker))
    assert len(world.step(KAREN.writes("The portal is down", "Nobody can log in."))[KAREN.email]) == 1


def test_a_stop_of_the_whole_group_is_an_ordinary_stop(world: World) -> None:
    """Ctrl-C in a terminal, and a service manager, signal both."""
    worker = worker_of(world)
    os.kill(worker, signal.SIGTERM)
    os.kill(worker, signal.SIGINT)
    assert len(world.step(KAREN.writes("The portal is down", "Nobody can log in."))[KAREN.email]) == 1
    assert is_there(worker), "the worker leaves it to its daemon to stop it"
    assert world.end() == 0
    assert not is_there(worker)
