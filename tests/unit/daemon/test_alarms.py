"""Alarms: each begins once and ends once, whatever comes and goes, fails or restarts meanwhile."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mailgate.connect.access_tokens import SignIn
from mailgate.daemon.alarms import Alarm, Alarms, alarm_path, problems
from mailgate.daemon.status import DaemonStatus, RelayStatus, WayIn
from mailgate.errors import MailgateError
from mailgate.settings import Alarm as Settings
from mailgate.settings import Config, Credentials, Relay
from mailgate.system.storage import StorageProblem
from tests.lab import desk

START = datetime(2026, 11, 30, 8, 0, tzinfo=UTC)
MAILBOX = Alarm("mailbox", "support", "the mailbox support cannot be read: login refused")
WORKER = Alarm("worker", "", "the worker process hangs")


class Post:
    """A daemon's alarms with a clock that a test turns; `broken` channels fail."""

    def __init__(self, folder: Path, **settings: object) -> None:
        config = desk()
        self.config: Config = replace(
            config,
            storage=replace(config.storage, database=folder / "mailgate.db"),
            alarm=Settings(**(settings or {"command": ("page",)})),  # type: ignore[arg-type]
        )
        self.now = START
        self.sent: list[tuple[str, str, str]] = []
        self.objects: list[dict[str, Any]] = []
        self.mails: list[str] = []
        self.broken: set[str] = set()
        self.tries = 0
        self.restart()

    def restart(self) -> None:
        self.alarms = Alarms(
            lambda: self.config, lambda: self.now, self._send, lambda _, what, __: self.mails.append(what)
        )

    async def _send(self, channel: str, what: dict[str, Any]) -> None:
        self.tries += 1
        if channel in self.broken:
            raise MailgateError("it failed", cause="on purpose")
        self.sent.append((channel, what["state"], what["alarm"]))
        self.objects.append(what)

    async def look(self, *found: Alarm, **span: float) -> list[tuple[str, str, str]]:
        """Let time pass, a look at each minute; what was sent by then."""
        until = self.now + timedelta(**span)
        while True:
            self.alarms.look(found)
            await self.alarms.deliver()
            if self.now >= until:
                return self.sent
            self.now = min(until, self.now + timedelta(minutes=1))


async def test_an_alarm_begins_once_and_ends_once(tmp_path: Path) -> None:
    post = Post(tmp_path)
    assert await post.look(MAILBOX, minutes=4) == []
    assert await post.look(MAILBOX, hours=3) == [("command", "begin", "mailbox")]
    assert [record.name for record in post.alarms.active] == ["support"]
    assert await post.look(minutes=3) == [("command", "begin", "mailbox"), ("command", "end", "mailbox")]
    assert post.alarms.active == ()
    begun, ended = post.objects
    assert begun["since"] == ended["since"] == START.isoformat()
    assert (begun["ended"], begun["desk"], begun["text"]) == (None, post.config.desk.name, MAILBOX.text)
    assert ended["ended"] is not None
    assert post.mails == ["The mailbox support cannot be read", "Over: The mailbox support cannot be read"]
    assert not alarm_path(post.config).exists()


async def test_what_is_over_soon_is_no_alarm(tmp_path: Path) -> None:
    post = Post(tmp_path)
    for _ in range(5):
        await post.look(MAILBOX, minutes=3)
        assert await post.look(minutes=2) == []


async def test_what_comes_and_goes_is_one_alarm(tmp_path: Path) -> None:
    post = Post(tmp_path)
    await post.look(MAILBOX, minutes=6)
    for _ in range(10):
        await post.look(seconds=30)
        await post.look(MAILBOX, seconds=30)
    assert post.sent == [("command", "begin", "mailbox")]


async def test_a_hung_worker_is_an_alarm_at_once_and_no_mail(tmp_path: Path) -> None:
    post = Post(tmp_path)
    assert await post.look(WORKER) == [("command", "begin", "worker")]
    assert post.mails == []


async def test_a_failing_channel_is_tried_again_with_growing_pauses_and_in_order(tmp_path: Path) -> None:
    post = Post(tmp_path, command=("page",), webhook="https://hook.example")
    post.broken = {"webhook"}
    await post.look(WORKER, hours=1)
    assert post.sent == [("command", "begin", "worker")]
    assert post.tries < 15
    await post.look(minutes=5)
    assert post.sent[1:] == [("command", "end", "worker")]
    post.broken = set()
    await post.look(minutes=30)
    assert post.sent[2:] == [("webhook", "begin", "worker"), ("webhook", "end", "worker")]


async def test_a_restart_neither_repeats_nor_forgets(tmp_path: Path) -> None:
    post = Post(tmp_path)
    post.broken = {"command"}
    await post.look(WORKER)
    post.broken = set()
    post.restart()
    assert await post.look(WORKER, minutes=1) == [("command", "begin", "worker")]
    post.restart()
    assert await post.look(WORKER, minutes=9) == [("command", "begin", "worker")]
    post.restart()
    assert await post.look(minutes=3) == [("command", "begin", "worker"), ("command", "end", "worker")]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"a": {"kind": "relay"}}', '{"a": 1}', "\x00"])
async def test_a_damaged_file_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "mailgate.db.alarms").write_text(text)
    post = Post(tmp_path)
    assert await post.look(WORKER) == [("command", "begin", "worker")]


async def test_without_a_channel_the_administrator_is_mailed(tmp_path: Path) -> None:
    post = Post(tmp_path, command=())
    silence = Alarm("no-mail", "", "no mail has come")
    await post.look(silence)
    await post.look(minutes=2)
    assert post.mails == ["No mail for longer than usual", "Over: No mail for longer than usual"]
    assert not alarm_path(post.config).exists()


# ── which problems there are ────────────────────────────────────────────────────────────


def keys(status: DaemonStatus, config: Config | None = None, silent: datetime | None = None) -> list[str]:
    return [each.key for each in problems(status, config or desk(), silent, START)]


def test_a_daemon_that_works_has_none() -> None:
    assert keys(DaemonStatus(ways_in=(WayIn("imap a", connected=True, last_error=""),), relays=(RelayStatus(),))) == []


def test_each_kind() -> None:
    status = DaemonStatus(
        ways_in=(
            WayIn("smtp 127.0.0.1:25", connected=False, last_error="x"),
            WayIn("imap a", connected=False, last_error="login refused"),
            WayIn("imap b", connected=False, last_error=""),
        ),
        relays=(RelayStatus(ok=False, last_error="421"),),
        worker="it hangs",
        sign_ins=(
            SignIn("soon", expires_at=START + timedelta(days=14)),
            SignIn("later", expires_at=START + timedelta(days=15)),
            SignIn("passing", ok=False, error="down"),
        ),
        storage=(StorageProblem(START, "no space left"),),
    )
    expected = ["sign-in:soon", "mailbox:a", "relay:relay", "storage:no space left", "worker:", "no-mail:"]
    assert keys(status, silent=START) == expected


def test_a_refused_sign_in_is_one_problem_and_not_three() -> None:
    refused = SignIn("support", ok=False, error="invalid_grant", lasting=True)
    status = DaemonStatus(
        ways_in=(WayIn("imap support", connected=False, last_error="no token"),),
        relays=(RelayStatus(ok=False, last_error="no token"),),
        sign_ins=(refused,),
    )
    config = replace(desk(), relays=(Relay(credentials=Credentials(account="support", user="s@bank.example")),))
    assert keys(status, config) == ["sign-in:support"]
