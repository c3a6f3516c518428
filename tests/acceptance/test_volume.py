"""A thousand tickets on twenty connections, with the daemon stopped or killed in between.

The clients behave like mail servers: they send a mail again until it is answered with 250.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.flood import Senders, check_everything_once, new_world
from tests.acceptance.world import World
from tests.waiting import wait_until

TICKETS = 1000


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with new_world(tmp_path) as world:
        world.start()
        yield world


def half_way(world: World, senders: Senders) -> None:
    """Wait until some mail is accepted, some processed and some delivered."""
    done = lambda: senders.count > TICKETS / 3 and world.count > TICKETS / 10  # noqa: E731
    wait_until(done, world.log_text, lambda: senders.count)


def test_a_thousand_tickets_with_a_stop_in_between_lose_and_duplicate_nothing(world: World) -> None:
    """SIGTERM drains, or gives up in time, with exit code 0; the next start continues."""
    senders = Senders(world, TICKETS)
    senders.start()
    half_way(world, senders)
    assert world.end() == 0
    drained = "shutdown timed out" not in world.log_text()
    ((working,),) = world.sql("SELECT count(*) FROM inbox WHERE state = 'working'")
    assert working == 0 or not drained, "what was in hand was finished or given back"
    senders.find_nobody()
    world.start()
    senders.join()
    world.settle()
    check_everything_once(world, senders.turns, copies=not drained)


def test_a_thousand_tickets_with_kills_in_between_lose_nothing(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every mail answered with 250 is processed; a duplicate notice is the identical mail."""
    senders = Senders(world, TICKETS)
    senders.start()
    for share in (4, 2):
        wait_until(lambda share=share: senders.count > TICKETS / share, world.log_text, lambda: senders.count)  # type: ignore[misc]
        assert world.end(signal.SIGKILL) == -signal.SIGKILL
        if share == 2:
            senders.find_nobody()
        world.start()
    senders.join()
    world.settle()
    copies = check_everything_once(world, senders.turns, copies=True)
    with capsys.disabled():
        print(f"\nkilled twice: {senders.again} mails sent again to us, {copies} copies at the relay")
