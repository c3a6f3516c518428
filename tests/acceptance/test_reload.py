"""A reload of the running daemon applies the whole configuration or nothing, without an interruption."""

from __future__ import annotations

import os
import signal
import smtplib
import socket
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from mailgate.daemon.main import SHUTDOWN_TIMEOUT
from tests import prefork
from tests.acceptance.labs import KAREN
from tests.acceptance.people import ADDRESS
from tests.acceptance.world import World, desk
from tests.waiting import PATIENCE, wait_until

RELAY = 'host = "127.0.0.1"\nport'
LISTEN = 'listen = "127.0.0.1:0"'


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with World(tmp_path, desk(more='[http]\nlisten = "127.0.0.1:0"\n')) as world:
        world.start()
        world.step(KAREN.writes("Before", "Hello."))
        yield world


@pytest.fixture
def taken() -> Iterator[int]:
    """A port on which another process listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def reload(world: World, text: str, heard: str) -> None:
    """Write a configuration, send SIGHUP, and wait for `heard` in the log."""
    before = world.log_text().count(heard)
    world.file.write_text(text, "utf-8")
    os.kill(world.pid, signal.SIGHUP)
    wait_until(lambda: world.log_text().count(heard) > before, world.log_text)


def check_works(world: World) -> None:
    """Check that the daemon accepts mail and replies."""
    news = world.step(KAREN.writes("After", "Hello again."))
    assert "acknowledgement" in news.kinds[KAREN.email]


def test_the_relay_can_be_changed(world: World) -> None:
    """The deliverer is replaced; the end of the old one does not stop the daemon."""
    text = world.file.read_text("utf-8")
    reload(world, text.replace(RELAY, RELAY.replace("127.0.0.1", "localhost")), "reloaded: [relay] changed: host")
    check_works(world)
    reload(world, text, "reloaded: [relay] changed: host")
    check_works(world)


def test_what_waits_goes_out_when_the_relay_is_changed(world: World) -> None:
    """Not at the time for which it was put off."""
    world.relay.script["end"] = ["451 4.3.0 later"]
    world.send(KAREN.writes("During", "Hello."))
    wait_until(lambda: " deferred " in world.log_text(), world.log_text)
    query = "SELECT id, next_attempt_at FROM outbox WHERE state = 'queued' AND attempts = 1"
    wait_until(lambda: world.sql(query), world.log_text)
    [(outbox_id, put_off_to)] = world.sql(query)
    text = world.file.read_text("utf-8")
    reload(world, text.replace(RELAY, RELAY.replace("127.0.0.1", "localhost")), "reloaded: [relay] changed: host")
    world.await_stillness()
    [(sent_at,)] = world.sql("SELECT sent_at FROM outbox WHERE id = ?", outbox_id)
    assert sent_at < put_off_to


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda text, port: text.replace(LISTEN, f'listen = "127.0.0.1:{port}"', 1), "cannot listen: [smtp]"),
        (lambda text, port: text.replace(f"[http]\n{LISTEN}", f'[http]\nlisten = "127.0.0.1:{port}"'), "[http]"),
        (lambda text, _: text.replace("[desk]", '[desk]\nsecret = "quite another secret of some length"'), "secret"),
        pytest.param(
            lambda text, _: text.replace("mailgate.db", "other.db"),
            "another database needs a restart",
            marks=pytest.mark.sqlite,
        ),
        (lambda text, _: text[: len(text) // 2], "reload refused"),
        (lambda _, __: "\0\ufffd[", "reload refused"),
    ],
    ids=["smtp port taken", "http port taken", "another secret", "another database", "half a file", "no TOML"],
)
def test_a_refused_reload_changes_nothing(
    world: World, taken: int, change: Callable[[str, int], str], why: str
) -> None:
    """The old configuration and its listener stay, and the administrator is notified."""
    text = world.file.read_text("utf-8")
    reload(world, change(text, taken), why)
    news = world.wait_for("postmaster@ops.example", "admin")
    assert "The old configuration stays in force" in news.only("postmaster@ops.example").text
    check_works(world)
    world.file.write_text(text, "utf-8")


def test_the_command_waits_and_says_what_became_of_it(world: World, taken: int) -> None:
    """Also where only the daemon finds out: a port in use."""
    text = world.file.read_text("utf-8")
    world.file.write_text(text.replace(LISTEN, f'listen = "127.0.0.1:{taken}"', 1), "utf-8")
    found = world.cli("reload", code=1)
    assert (found["ok"], found["running"]) == (False, True)
    assert found["error"].startswith("the daemon refuses it: cannot listen: [smtp]")
    assert "mailgate: the daemon refuses it: cannot listen" in world.complaint("reload", code=1)
    (world.folder / "garbage.pem").write_text("garbage")
    tls = 'tls = { cert = "garbage.pem", key = "garbage.pem" }'
    world.file.write_text(text.replace(LISTEN, f"{LISTEN}\n{tls}", 1), "utf-8")
    assert world.complaint("reload", code=2).splitlines()[-1].startswith(f"{world.file}:")
    world.file.write_text(text.replace(RELAY, RELAY.replace("127.0.0.1", "localhost")), "utf-8")
    assert world.cli("reload")["ok"] is True
    assert "reloaded: [relay] changed: host" in world.log_text(), "before the command ends"


def test_an_invalid_template_refuses_the_reload(world: World) -> None:
    (world.folder / "templates").mkdir()
    (world.folder / "templates/reply.txt").write_text("{% if %}")
    reload(world, world.file.read_text("utf-8"), "reload refused")
    assert "reply.txt" in world.log_text()
    check_works(world)


def test_many_reloads_at_once_lose_no_mail(world: World) -> None:
    """Thirty SIGHUPs while mail arrives."""
    text = world.file.read_text("utf-8")
    for turn in range(30):
        host = ("localhost", "127.0.0.1")[turn % 2]
        world.file.write_text(text.replace(RELAY, RELAY.replace("127.0.0.1", host)) if turn % 5 else text[:300])
        os.kill(world.pid, signal.SIGHUP)
        if turn % 3 == 0:
            world.send(KAREN.writes(f"In the storm {turn}", f"Hello {turn}."))
    reload(world, text, "reloaded")
    world.settle()
    ((tickets,),) = world.sql("SELECT count(*) FROM ticket")
    assert tickets == 11
    ids = [(mail.to, mail.header("Message-ID")) for mail in world.taken]
    assert len(ids) == len(set(ids))


@pytest.mark.sqlite
def test_a_locked_database_does_not_prevent_a_stop(world: World) -> None:
    """SIGTERM while another process locks the database and a mail waits: exit in time, with code 0."""
    assert SHUTDOWN_TIMEOUT < 10, "less than service managers wait"
    with closing(sqlite3.connect(world.folder / "var/mailgate.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with smtplib.SMTP("127.0.0.1", world.port, timeout=PATIENCE) as smtp:
            smtp.helo("client.example")
            smtp.mail(KAREN.email)
            smtp.rcpt(ADDRESS)
            assert smtp.docmd("DATA")[0] == 354
            smtp.send(b"Subject: Nobody took this\r\n\r\nHello.\r\n.\r\n")  # the answer cannot come
            assert world.end() == 0
    assert "shutdown timed out" in world.log_text()
    world.start()
    check_works(world)
    assert world.sql("SELECT count(*) FROM ticket") == [(2,)]


def test_a_port_in_use_is_reported_without_a_traceback(tmp_path: Path, taken: int) -> None:
    """Exit code 1."""
    file = tmp_path / "config.toml"
    file.write_text(desk(instead={LISTEN: f'listen = "127.0.0.1:{taken}"', "RELAY_PORT": "25"}))
    done = prefork.run(["-m", "mailgate", "run", "-c", file])
    assert done.returncode == 1
    assert f"cannot listen: [smtp] listen = 127.0.0.1:{taken} (Address already in use)" in done.stderr.decode()
    assert "Traceback" not in done.stderr.decode()


def test_a_file_that_is_not_a_database_is_reported_without_a_traceback(tmp_path: Path) -> None:
    """By the daemon and by commands that read it."""
    file = tmp_path / "config.toml"
    file.write_text(desk(instead={"RELAY_PORT": "25"}))
    (tmp_path / "var").mkdir()
    (tmp_path / "var/mailgate.db").write_bytes(b"This is no database. " * 100)
    for verb in (["run"], ["status"], ["tickets", "list"]):
        done = prefork.run(["-m", "mailgate", *verb, "-c", file])
        assert done.returncode in (1, 75), verb
        assert "not a database" in done.stderr.decode(), verb
        assert "Traceback" not in done.stderr.decode(), verb


@pytest.mark.parametrize("broken", ["[desk\n", "[desk]\nname = 7\n"])
def test_a_half_edited_file_stops_neither_status_nor_a_pipe(world: World, broken: str) -> None:
    mail = world.folder / "a.eml"
    mail.write_bytes(b"From: k@client.example\nTo: support@bank.example\nSubject: hi\n\nhello\n")
    whole = world.file.read_text("utf-8")
    world.file.write_text(broken, "utf-8")
    assert world.cli("status")["pid"] == world.pid
    assert world.cli("ingest", str(mail))["taken"] == 1
    world.settle()
    assert [each["number"] for each in world.look("tickets", "list")] == [1002, 1001]
    world.cli("check", code=2)
    world.end()
    world.cli("status", code=2)
    world.file.write_text(whole, "utf-8")
    world.start()


def test_a_new_secret_signs_after_the_reload(world: World) -> None:
    """The old one may be removed once no key of it is in circulation."""
    text = world.file.read_text("utf-8")
    (world.folder / "new").write_text("a new secret of thirty characters")
    rotated = text.replace("[desk]\n", '[desk]\nsecret = [{ file = "new" }, { file = "var/secret" }]\n', 1)
    world.file.write_text(rotated, "utf-8")
    assert world.cli("reload")["ok"] is True
    check_works(world)
    assert world.end() == 0
    world.file.write_text(text.replace("[desk]\n", '[desk]\nsecret = { file = "new" }\n', 1), "utf-8")
    world.start()
    check_works(world)


def test_attachments_that_stay_in_the_old_folder_are_told(world: World) -> None:
    text = world.file.read_text("utf-8")
    for place, warnings in (("elsewhere", 0), ("var/attachments", 0), ("elsewhere", 1)):
        if warnings:
            (world.folder / "var/attachments/ab").mkdir(parents=True, exist_ok=True)
        world.file.write_text(text.replace('"var/attachments"', f'"{place}"'), "utf-8")
        found = world.cli("reload")
        assert (found["ok"], len(found["warnings"])) == (True, warnings)
    assert f"lie in {world.folder / 'var/attachments'}: move them" in found["warnings"][0]
