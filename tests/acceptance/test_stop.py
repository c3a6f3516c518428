"""The daemon is stopped at a bad moment: nothing of it is left, and the next one starts."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from tests.acceptance.labs import KAREN
from tests.acceptance.world import World, desk
from tests.waiting import wait_until

MAILBOX = """
[mailbox.support]
host = "127.0.0.1"
port = 1
tls = "none"
user = "support@bank.example"
password = "secret"
"""
# The lease of the mailbox comes when the sources of mail were stopped already.
LATE = """
import asyncio, logging
from mailgate.daemon.listeners import Listeners
watch, stop = Listeners.watch, Listeners.stop_receiving
stopped = asyncio.Event()
async def watches_late(self, mailboxes):
    await stopped.wait()
    await watch(self, mailboxes)
    logging.getLogger("mailgate").info("watches %s", [*self.watched])
def stops(self):
    stopped.set()
    return stop(self)
Listeners.watch, Listeners.stop_receiving = watches_late, stops
"""


def test_who_is_told_twice_to_stop_takes_its_worker_along(tmp_path: Path) -> None:
    with World(tmp_path, desk()) as world:
        world.start()
        world.stop_worker()
        os.kill(world.pid, signal.SIGTERM)
        wait_until(lambda: "stopping" in world.log_text())
        assert world.end() == 1
        world.start()
        assert world.step(KAREN.writes("The printer is jammed", "It ate my report.")).only(KAREN.email).ticket == 1001


def test_no_mailbox_is_watched_once_the_daemon_stops(tmp_path: Path) -> None:
    with World(tmp_path, desk(more=MAILBOX)) as world:
        world.patch(LATE)
        world.start()
        assert world.end() == 0
        assert "watches []" in world.log_text()
