"""`check --connect` and `--roundtrip` beside a running daemon."""

from __future__ import annotations

import smtplib
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.world import World, desk
from tests.ports import reserved_port
from tests.waiting import PATIENCE, wait_until

ADDRESSES = ("support@bank.example", "outages@bank.example")
LISTEN = 'listen = "127.0.0.1:0"'


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    text = desk().replace(LISTEN, f'listen = "127.0.0.1:{reserved_port()}"', 1)
    with World(tmp_path, text) as world:
        world.start()
        yield world


def of(found: Any, target: str) -> dict[str, tuple[str, str]]:
    return {each["stage"]: (each["state"], each["text"]) for each in found["stages"] if each["target"] == target}


def test_everything_is_tried(world: World) -> None:
    found = world.cli("check", "--connect")
    assert found["ok"] is True
    assert {each["text"] for each in found["stages"] if each["stage"] == "sender"} == set(ADDRESSES)
    assert of(found, "listener smtp")["greeting"][1].startswith(f"127.0.0.1:{world.port}: 220 ")
    assert {state for state, _ in of(found, "database").values()} == {"ok"}
    assert of(found, "templates")["render"][0] == "ok"
    assert any(each["target"] == "domain bank.example" for each in found["stages"])
    assert world.relay.taken == []


def test_a_listener_that_takes_this_machine_for_a_load_balancer_is_tried(tmp_path: Path) -> None:
    port = reserved_port()
    text = desk().replace(LISTEN, f'listen = "127.0.0.1:{port}"\nproxy = ["127.0.0.0/8"]', 1)
    with World(tmp_path, text) as world:
        world.start()
        state, said = of(world.cli("check", "--connect"), "listener smtp")["greeting"]
    assert (state, said.partition(": ")[2][:4]) == ("ok", "220 ")


def test_a_relay_that_is_down_is_exit_code_1(world: World) -> None:
    world.relay.script["mail"] = ["550 5.7.1 not you"] * 9
    found = world.cli("check", "--connect", code=1)
    assert "relay: sender: support@bank.example: 550 5.7.1 not you" in found["error"]


def test_mails_go_round_without_a_ticket(world: World) -> None:
    """The relay hands them back to the listener; the desk drops them as its own."""

    def hand_back() -> None:
        for done in range(len(ADDRESSES)):
            wait_until(lambda done=done: len(world.relay.taken) > done, world.log_text)
            mail = world.relay.taken[done]
            with smtplib.SMTP("127.0.0.1", world.port, timeout=PATIENCE) as client:
                client.sendmail(mail.mail_from, mail.recipients, mail.data)

    thread = threading.Thread(target=hand_back)
    thread.start()
    found = world.cli("check", "--roundtrip", "--timeout", f"{PATIENCE:.0f}s")
    thread.join(PATIENCE)
    for address in ADDRESSES:
        assert of(found, f"round trip {address}")["arrival"][0] == "ok"
    world.await_stillness()
    assert world.sql("SELECT count(*) FROM ticket") == [(0,)]
    assert len(world.relay.taken) == len(ADDRESSES), "and nobody gets a mail about it"


def test_a_broken_config_is_not_tried(world: World) -> None:
    world.file.write_text("[desk]\n", "utf-8")
    assert "stages" in world.cli("check", "--connect", code=2)
    assert world.relay.commands == []
