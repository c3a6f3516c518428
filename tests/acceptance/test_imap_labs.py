"""The desk behind a folder of a real IMAP server: the labs, a full folder, and trouble on the way."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest

from tests.acceptance import labs
from tests.acceptance.labs import KAREN
from tests.acceptance.world import News, World, desk, wait_until
from tests.dovecot import PASSWORD, Dovecot

MANY = int(os.environ.get("MAILGATE_IMAP_MAILS", "2000"))


def mailbox(server: Dovecot, existing: str = "skip") -> str:
    return f"""
[mailbox.support]
host = "127.0.0.1"
port = {server.port}
tls = "none"
user = "support@bank.example"
password = "{PASSWORD}"
existing = "{existing}"
"""


@pytest.fixture
def server() -> Iterator[Dovecot]:
    with Dovecot() as server:
        yield server


@pytest.fixture
def world(tmp_path: Path, server: Dovecot) -> Iterator[World]:
    """The labs' desk; requesters' mail comes through the folder, agents' over SMTP."""
    with World(tmp_path, desk(sev_a="4s", more=mailbox(server))) as world:
        world.start()
        wait_until(lambda: world.look("status", codes=(0, 1))["ok"], 15, world.log_text)
        yield world


def through(world: World, server: Dovecot) -> Callable[[EmailMessage], News]:
    """Put a mail into the folder and see what comes of it."""

    def put(mail: EmailMessage) -> News:
        ((before,),) = world.sql("SELECT count(*) FROM inbox")
        server.deliver([mail.as_bytes()])
        wait_until(lambda: world.sql("SELECT count(*) FROM inbox") == [(before + 1,)], 10, world.log_text)
        return world.settle()

    return put


def test_the_outage(world: World, server: Dovecot) -> None:
    labs.outage(world, through(world, server))
    assert world.ticket(1001)["source"] == "imap"


def test_the_upgrade(world: World, server: Dovecot) -> None:
    labs.upgrade(world, through(world, server))
    wait_until(lambda: server.uids() == [], 10, world.log_text)
    assert len(server.uids("Processed")) == 2, "what was taken was moved"


def test_a_new_message_is_a_ticket_within_a_second(
    world: World, server: Dovecot, capsys: pytest.CaptureFixture[str]
) -> None:
    seconds = []
    for turn in range(3):
        server.deliver([KAREN.writes(f"Question {turn}", "Where is it?").as_bytes()])
        began = time.monotonic()
        wait_until(lambda turn=turn: world.sql("SELECT count(*) FROM ticket") == [(turn + 1,)], 10)  # type: ignore[misc]
        seconds.append(time.monotonic() - began)
    with capsys.disabled():
        print(f"\na ticket after {', '.join(f'{each:.2f}' for each in seconds)} s")
    assert min(seconds) < 1


def test_what_lies_there_is_left_alone_by_default(tmp_path: Path, server: Dovecot) -> None:
    server.deliver([KAREN.writes(f"Old {turn}", "Long ago.").as_bytes() for turn in range(3)])
    with World(tmp_path, desk(more=mailbox(server))) as world:
        world.start()
        wait_until(lambda: world.sql("SELECT count(*) FROM ledger WHERE state = 'skipped'") == [(3,)], 10)
        news = through(world, server)(KAREN.writes("New", "Now."))
        assert news.only(KAREN.email).subject == "[#1001] New"
        assert len(server.uids()) == 3


MORE = """
[alerts]
new_ticket = ["agent:marcus"]
[notices]
acknowledge = false
"""


def message(turn: int) -> bytes:
    return (
        f"From: Person {turn} <person{turn}@client{turn % 50}.example>\r\nTo: support@bank.example\r\n"
        f"Subject: Request number {turn}\r\nMessage-ID: <first.{turn}@client.example>\r\n\r\n"
        f"This is what I want, the {turn}. time.\r\n{'Some more words of mine. ' * 20}\r\n"
    ).encode()


@pytest.mark.timeout(240)
def test_a_full_folder_is_taken_once_whatever_happens(
    tmp_path: Path, server: Dovecot, capsys: pytest.CaptureFixture[str]
) -> None:
    """The IMAP server restarts and the daemon is killed on the way: each message is one ticket."""
    server.deliver([message(turn) for turn in range(MANY)])
    with World(tmp_path, desk(more=mailbox(server, "take") + MORE)) as world:
        began = time.monotonic()

        def taken() -> int:
            ((count,),) = world.sql("SELECT count(*) FROM inbox")
            return int(count)

        def tickets() -> int:
            ((count,),) = world.sql("SELECT count(*) FROM ticket")
            return int(count)

        world.start()
        wait_until(lambda: taken() > MANY / 10, 60, world.log_text)
        server.restart()
        wait_until(lambda: tickets() > MANY / 4, 60, world.log_text)
        assert world.end(signal.SIGKILL).code == -signal.SIGKILL
        world.start()
        wait_until(lambda: tickets() >= MANY, 120, world.log_text)
        world.settle(120)
        wait_until(lambda: server.uids() == [], 30, world.log_text)
        with capsys.disabled():
            print(f"\n{MANY} messages of a folder in {time.monotonic() - began:.1f} s")
        assert tickets() == MANY
        assert world.sql("SELECT count(DISTINCT requester_email), count(DISTINCT subject) FROM ticket") == [
            (MANY, MANY)
        ]
        assert world.sql("SELECT state, count(*) FROM ledger GROUP BY state") == [("finished", MANY)]
        assert len(server.uids("Processed")) == MANY
        alerts = {mail.header("Message-ID") for mail in world.relay.taken}
        assert len(alerts) == MANY, "one alert a ticket"
