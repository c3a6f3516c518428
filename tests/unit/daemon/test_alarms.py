"""Alarms: each begins once and ends once, whatever comes and goes, fails or restarts meanwhile."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mailgate.daemon import alarms
from mailgate.daemon.alarms import Alarms, alarm_path
from mailgate.daemon.problems import LASTED, Alarm
from mailgate.errors import MailgateError
from mailgate.settings import Alarm as Settings
from mailgate.settings import Config
from tests.lab import desk

START = datetime(2026, 11, 30, 8, 0, tzinfo=UTC)
SUBJECT = "The mailbox support cannot be read"
MAILBOX = Alarm(
    "mailbox", "support", "the mailbox support cannot be read: login refused", lasted=LASTED, subject=SUBJECT
)
REFUSED = Alarm("sign-in", "a", "refused", "refused", subject="It is refused", over="It works", over_facts=("All.",))
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
        self.facts: list[tuple[str, ...]] = []
        self.known = True  # the daemon has tried everything since its start
        self.broken: set[str] = set()
        self.tries = 0
        self.restart()

    def restart(self) -> None:
        self.alarms = Alarms(lambda: self.config, lambda: self.now, self._send, self._mail)

    def _mail(self, _: str, subject: str, facts: tuple[str, ...]) -> None:
        self.mails.append(subject)
        self.facts.append(facts)

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
            self.alarms.look(found, lambda _: self.known)
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
    assert begun["since"] == ended["since"] == "2026-11-30T08:00:00Z"
    assert (begun["ended"], begun["desk"], begun["text"]) == (None, post.config.desk.name, MAILBOX.text)
    assert ended["ended"].endswith("Z"), "as all times in JSON"
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


async def test_a_channel_that_fails_keeps_no_later_alarm_from_the_others(tmp_path: Path) -> None:
    """The same trouble again is an alarm again, and the channel that failed has all of them in order."""
    post = Post(tmp_path, command=("page",), webhook="https://hook.example")
    post.broken = {"webhook"}
    both = [("command", "begin", "mailbox"), ("command", "end", "mailbox")]
    for _ in range(3):
        await post.look(MAILBOX, minutes=40)
        await post.look(minutes=40)
    assert post.sent == both * 3
    assert len(post.mails) == 6
    post.restart()
    post.broken = set()
    post.sent = []
    await post.look(minutes=1)
    assert [state for _, state, _ in post.sent] == ["begin", "end"] * 3
    times = [each["since"] for each in post.objects if each["state"] == "begin"]
    assert times[3:] == sorted(times[3:]) == times[:3]
    assert not alarm_path(post.config).exists()


async def test_of_alarms_that_cannot_be_sent_the_latest_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alarms, "MOST_OVER", 2)
    post = Post(tmp_path)
    post.broken = {"command"}
    for _ in range(5):
        await post.look(MAILBOX, minutes=6)
        await post.look(minutes=3)
    await post.look(MAILBOX, minutes=6)
    post.broken = set()
    await post.look(MAILBOX, minutes=30)
    assert [state for _, state, _ in post.sent] == ["begin", "end", "begin", "end", "begin"]


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


async def test_what_stood_before_a_restart_is_not_over_until_it_was_tried(tmp_path: Path) -> None:
    """A mailbox that still connects, a relay that had no mail to send: nothing is wrong, and nothing is known."""
    post = Post(tmp_path)
    await post.look(MAILBOX, minutes=6)
    post.restart()
    post.known = False
    assert await post.look(hours=2) == [("command", "begin", "mailbox")]
    await post.look(MAILBOX, minutes=9)
    post.known = True
    assert await post.look(minutes=2) == [("command", "begin", "mailbox"), ("command", "end", "mailbox")]
    assert post.mails == [SUBJECT, f"Over: {SUBJECT}"]


async def test_the_mails_say_when_and_what(tmp_path: Path) -> None:
    post = Post(tmp_path)
    await post.look(REFUSED, minutes=10)
    await post.look(minutes=1)
    assert post.mails == ["It is refused", "It works"]
    assert post.facts == [
        ("Since 2026-11-30 08:00 UTC: refused.",),
        ("From 2026-11-30 08:00 to 2026-11-30 08:11 UTC.", "All."),
    ]


async def test_what_comes_and_goes_for_long_is_mailed_once_an_hour(tmp_path: Path) -> None:
    """The command gets each beginning and end; a mail about the end follows one about the beginning."""
    post = Post(tmp_path)
    for _ in range(10):
        await post.look(REFUSED, minutes=2)
        await post.look(minutes=5)
    assert len(post.sent) == 20
    assert post.mails == ["It is refused", "It works"] * 2


async def test_the_file_is_its_owner_s_alone(tmp_path: Path) -> None:
    post = Post(tmp_path)
    await post.look(WORKER)
    assert alarm_path(post.config).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"a": {"kind": "relay"}}', '{"a": 1}', "\x00"])
async def test_a_damaged_file_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "mailgate.db.alarms").write_text(text)
    post = Post(tmp_path)
    assert await post.look(WORKER) == [("command", "begin", "worker")]


async def test_without_a_channel_the_administrator_is_mailed(tmp_path: Path) -> None:
    post = Post(tmp_path, command=())
    silence = Alarm("no-mail", "", "no mail has come", subject="No mail for longer than usual")
    await post.look(silence)
    await post.look(minutes=2)
    assert post.mails == ["No mail for longer than usual", "Over: No mail for longer than usual"]
    assert not alarm_path(post.config).exists()
