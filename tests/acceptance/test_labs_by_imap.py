"""A desk that reads a real IMAP server: the labs, many messages, restarts of server and daemon."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from email.message import EmailMessage
from email.policy import SMTP
from functools import partial
from pathlib import Path

import pytest

from tests.acceptance import labs
from tests.acceptance.world import News, World, desk
from tests.dovecot import PASSWORD, Dovecot
from tests.waiting import wait_until

USER = "support@bank.example"
COMMAND_COUNT = 200  # messages that one command moves here, a fifth of the usual
MANY = COMMAND_COUNT + 100  # more than one command moves


@pytest.fixture
def server() -> Iterator[Dovecot]:
    with Dovecot() as server:
        yield server


def config(server: Dovecot, more: str = "") -> str:
    mailbox = f"""
[mailbox.support]
host = "127.0.0.1"
port = {server.port}
tls = "none"
user = "{USER}"
password = "{PASSWORD}"
existing = "take"
"""
    return desk(sev_a="4s", more=mailbox + more)


@pytest.fixture
def world(tmp_path: Path, server: Dovecot) -> Iterator[World]:
    with World(tmp_path, config(server)) as world:
        yield world


def test_a_lab_with_requesters_mail_by_imap(world: World, server: Dovecot) -> None:
    """Tickets, notices and reasons are the same as by SMTP. The others: test_labs_by_real_servers.py."""

    def put(mail: EmailMessage) -> News:
        before = taken(world)
        server.deliver([mail.as_bytes(policy=SMTP)])
        wait_until(lambda: taken(world) > before, world.log_text)
        return world.settle()

    world.start()
    labs.outage(world, put)
    assert server.uids() == []


def test_every_message_is_taken_once_despite_a_restart_of_the_server_and_a_kill_of_the_daemon(
    tmp_path: Path, server: Dovecot
) -> None:
    """Every message becomes exactly one ticket."""
    server.deliver([question(number) for number in range(1, MANY + 1)])
    few_alerts = '[alerts]\nnew_ticket = ["agent:tim"]\n[notices]\nlimit_unknown = "10000/1h"\n'
    with World(tmp_path, config(server, few_alerts)) as world:
        world.patch(f"from mailgate.inbound.imap import drain; drain.COMMAND_COUNT = {COMMAND_COUNT}")
        world.start()
        progress = partial(taken, world)
        wait_until(lambda: taken(world) >= MANY // 4, world.log_text, progress)
        server.restart()
        wait_until(lambda: taken(world) >= MANY // 2, world.log_text, progress)
        assert world.end(signal.SIGKILL) == -signal.SIGKILL
        world.start()
        wait_until(lambda: taken(world) >= MANY, world.log_text, progress)
        wait_until(lambda: not server.uids(), world.log_text, lambda: len(server.uids()))
        world.settle()
        subjects = [subject for (subject,) in world.sql("SELECT subject FROM ticket")]
        assert sorted(subjects) == sorted(f"Question {number}" for number in range(1, MANY + 1))
        assert taken(world) == MANY
        assert len(server.subjects("Processed")) == MANY
        assert len(server.uids("Processed")) <= MANY + COMMAND_COUNT, "copies of the one command that was cut off"
        # Not taken apart as whole mails: there are thousands.
        told = {mail.recipients for mail in world.relay.taken if mail.header("X-Mailgate-Notice") == "acknowledgement"}
        assert told == {(f"person{number}@client{number}.example",) for number in range(1, MANY + 1)}


@pytest.mark.alone
def test_a_new_message_is_a_ticket_within_a_second(world: World, server: Dovecot) -> None:
    """The fastest of five, by IDLE: the next poll is a minute away."""
    world.start()
    wait_until(lambda: world.sql("SELECT 1 FROM meta WHERE key LIKE 'imap:%'"), world.log_text)
    seconds = []
    for number in range(1, 6):
        server.deliver([question(number)])
        began = time.monotonic()
        wait_until(lambda number=number: tickets(world) == number, world.log_text)
        seconds.append(time.monotonic() - began)
    assert min(seconds) < 1.0


def question(number: int) -> bytes:
    """A mail with a unique sender and subject."""
    mail = EmailMessage()
    mail["From"] = f"Person {number} <person{number}@client{number}.example>"
    mail["To"] = USER
    mail["Subject"] = f"Question {number}"
    mail["Message-ID"] = f"<question-{number}@client.example>"
    mail.set_content(f"This is question {number}.\n")
    return mail.as_bytes(policy=SMTP)


def taken(world: World) -> int:
    ((count,),) = world.sql("SELECT count(*) FROM inbox WHERE source = 'imap'")
    return int(count)


def tickets(world: World) -> int:
    ((count,),) = world.sql("SELECT count(*) FROM ticket")
    return int(count)
