"""Failures and their reports: refused and delayed deliveries, bounces, invalid configurations, a second daemon."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.labs import KAREN, MARCUS
from tests.acceptance.people import Got
from tests.acceptance.world import World, desk
from tests.waiting import wait_until


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with World(tmp_path, desk()) as world:
        world.start()
        yield world


def opened(world: World) -> tuple[Got, Got]:
    """Open a ticket of Karen; returns her acknowledgement and the alert to Marcus."""
    news = world.step(KAREN.writes("A question", "Where is the form?"))
    return news.only(KAREN.email), news.only(MARCUS.email)


def test_a_reply_that_the_relay_refuses_is_reported_to_the_agent(world: World) -> None:
    told, alert = opened(world)
    world.relay.script[KAREN.email] = ["550 5.1.1 no such user"]
    news = world.step(MARCUS.answers(alert, "On the first page."))
    failed = news.only(MARCUS.email, "delivery-failed")
    assert KAREN.email in failed.text
    assert "no such user" in failed.text
    events = world.ticket(told.ticket)["events"]
    assert [event["after"]["recipient"] for event in events if event["kind"] == "notice-failed"] == [KAREN.email]


def test_a_bounce_is_an_event_and_not_a_ticket(world: World) -> None:
    """A bounce with our signed Message-ID is reported to the agent, and gets no reply."""
    told, alert = opened(world)
    reply = world.step(MARCUS.answers(alert, "On the first page.")).only(KAREN.email)
    report = (
        "From: MAILER-DAEMON@mx.client.example\r\nTo: support@bank.example\r\nSubject: Undelivered Mail\r\n"
        "Message-ID: <report@mx.client.example>\r\nAuto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nIt was not delivered.\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.client.example\r\n\r\n"
        f"Final-Recipient: rfc822; {KAREN.email}\r\nAction: failed\r\nStatus: 5.2.2\r\n"
        "Diagnostic-Code: smtp; 552 5.2.2 mailbox full\r\n\r\n"
        f"--b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: {reply.id}\r\n\r\n--b--\r\n"
    )
    news = world.step(report.encode(), sender="")
    assert news.kinds == {MARCUS.email: ["delivery-failed"]}
    assert "mailbox full" in news.only(MARCUS.email).text
    assert world.sql("SELECT count(*) FROM ticket") == [(1,)]
    (bounced,) = (event for event in world.ticket(told.ticket)["events"] if event["kind"] == "bounced")
    assert bounced["after"]["recipient"] == KAREN.email

    unsigned = report.replace(reply.id, "<n.7j.aaaaahcoutz2dq.aaaaaaaaaaaaaaaaaaaaaaaaaa@bank.example>")
    news = world.step(unsigned.replace("<report@", "<other@").encode(), sender="")
    assert set(news.kinds) <= {"postmaster@ops.example"}, "an unknown Message-ID notifies no agent"


def test_temporary_failures_of_the_relay_are_retried(world: World) -> None:
    """After greylisting and a lost connection every mail is delivered once, in order."""
    world.relay.script["rcpt"] = ["451 4.7.1 greylisted, come back later"]
    world.relay.script["end"] = ["close"]
    world.send(KAREN.writes("A question", "Where is the form?"))
    wait_until(lambda: world.sql("SELECT count(*) FROM ticket") == [(1,)])
    wait_until(lambda: world.sql("SELECT count(*) FROM outbox WHERE attempts = 0 OR state = 'sending'") == [(0,)])
    waiting = world.look("queue", "outbox", "list")
    assert {each["attempts"] for each in waiting} == {1}
    assert all(each["next_attempt_at"] and each["last_error"] for each in waiting)
    for each in waiting:
        world.look("queue", "outbox", "retry", str(each["id"]))
    news = world.settle()
    assert news.kinds[KAREN.email] == ["acknowledgement"]
    assert news.kinds[MARCUS.email] == ["new-ticket"]


def test_reload_is_atomic(world: World) -> None:
    """An invalid configuration has no effect, and the administrator is notified."""
    whole = world.file.read_text("utf-8")
    world.file.write_text(whole.replace('manager = "sofia"', 'manager = "nobody-knows"'), "utf-8")
    os.kill(world.pid, signal.SIGHUP)
    news = world.wait_for("postmaster@ops.example", "admin")
    assert "nobody-knows" in news.only("postmaster@ops.example").text
    world.file.write_text(whole, "utf-8")
    told, _ = opened(world)
    assert told.subject == "[#1001] A question"

    world.file.write_text(whole.replace("[desk]", '[desk]\ntoken = "[Case {number}]"', 1), "utf-8")
    assert "token" in str(world.cli("reload"))
    wait_until(lambda: "reloaded" in world.log_text())
    news = world.step(KAREN.writes("Another question", "And where is this?"))
    assert news.only(KAREN.email).subject == "[Case 1002] Another question"


@pytest.mark.parametrize(
    ("broken", "word"),
    [
        ("", "desk"),
        ("[desk", "config.toml:1"),
        ("\0\1\2", "config.toml"),
        ("\udcff\udcfe", "config.toml"),
        ("[desk]\nname = 7\n", "name"),
        ("[nonsense]\nx = 1\n", "nonsense"),
        ("desk = 1\naddress = []\nsmtp = false\nagent = 'x'\n", "desk"),
    ],
)
def test_an_invalid_config_is_reported_without_a_traceback(tmp_path: Path, broken: str, word: str) -> None:
    with World(tmp_path, "") as world:
        world.file.write_bytes(broken.encode("utf-8", "surrogateescape"))
        for problems in (world.complaint("run"), world.objection("check"), world.objection("tickets", "list")):
            assert word in problems
            assert "Traceback" not in problems


def test_an_invalid_config_is_reported_by_every_verb(tmp_path: Path) -> None:
    """As above, but each as a separate process."""
    with World(tmp_path, "[desk]\nname = 7\n") as world:
        for verb in (["check"], ["reload"], ["tickets", "list"], ["status"]):
            problems = world.complaint(*verb)
            assert "name" in problems
            assert "Traceback" not in problems


def test_a_second_daemon_refuses(world: World) -> None:
    assert "another" in world.complaint("run", code=1).lower()
    assert world.alive
