"""A file of five megabytes to fifty agents: memory, disk, and the delay of the mail behind it."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path

import pytest

from tests.acceptance.test_large_mail import deliver, large, peak, small
from tests.acceptance.world import World
from tests.waiting import wait_until

pytestmark = pytest.mark.alone

AGENTS = 50
MOST_MEMORY = 60_000_000  # bytes over the memory before
MOST_DISK = 10_000_000  # bytes beside the mail as it came
MOST_WAIT = 10.0  # seconds; under one on a machine that does nothing else

CONFIG = """
[desk]
name = "Help Desk"
domain = "bank.example"
timezone = "UTC"
[storage]
database = "sqlite:///var/mailgate.db"
attachments = "var/attachments"
[address."support@bank.example"]
name = "Support"
[smtp]
listen = "127.0.0.1:0"
[relay]
host = "127.0.0.1"
port = RELAY_PORT
[attachments]
alert_max = "10 MB"
[department.Support]
""" + "".join(
    f'[agent.a{n}]\nname = "Agent {n}"\nemail = "a{n}@bank.example"\ndepartments = ["Support"]\n' for n in range(AGENTS)
)


def test_a_file_goes_to_fifty_agents_without_copies_of_it(tmp_path: Path):
    with World(tmp_path, CONFIG) as world:
        world.measured = True
        world.start()
        for number in range(5):  # everything that is loaded late is loaded now
            world.step(small(number))
        memory, disk, arrived = peak(world.pid), size(tmp_path / "var"), world.count
        mail = large(7_000_000, 1)
        deliver(mail, world.port)
        began = time.perf_counter()
        world.send(small(99), sender="n99@client.example")
        wait_until(partial(acknowledged, world, "n99@client.example"), world.log_text)
        waited = time.perf_counter() - began
        world.await_stillness()
        grown = peak(world.pid) - memory, size(tmp_path / "var") - disk - len(mail)
        alerts = [taken for taken in world.relay.taken[arrived:] if b"log.zip" in taken.data]
        assert len({taken.recipients for taken in alerts}) == AGENTS
        assert all(len(taken.data) > 6_500_000 for taken in alerts)
        assert grown[0] < MOST_MEMORY
        assert grown[1] < MOST_DISK
        assert waited < MOST_WAIT


def acknowledged(world: World, address: str) -> bool:
    return any(address in taken.recipients for taken in world.relay.taken)


def size(folder: Path) -> int:
    """Bytes of all files of a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
