"""The watchdog: what counts as a hung worker, and when it warns and gives up."""

from __future__ import annotations

import asyncio
from itertools import count

import pytest

from mailgate.errors import MailgateError
from mailgate.system.watchdog import Progress, Timeouts, Watchdog
from tests.waiting import patience, until

TIMEOUTS = Timeouts()


class Worker:
    """A watchdog and the worker it watches, on a simulated clock."""

    def __init__(self):
        self.now = 1000.0
        self.watchdog = Watchdog(TIMEOUTS, lambda: self.now)
        self.progress = {"database writer": 0, "mail processing": None}

    def run(self, seconds, *, replies=True, writes=True, **progress):
        """Advance the clock ping by ping; return the watchdog's problem."""
        for _ in range(int(seconds / TIMEOUTS.ping)):
            self.progress |= {name.replace("_", " "): counter for name, counter in progress.items()}
            self.progress["database writer"] += writes
            if replies:
                self.watchdog.record(self.progress)
            self.now += TIMEOUTS.ping
            self.watchdog.tick()
        return self.watchdog.problem


@pytest.fixture
def worker():
    made = Worker()
    assert made.run(60) == ""
    return made


def test_a_worker_that_replies_and_writes_is_never_reported(worker):
    assert worker.run(100_000) == ""
    assert not worker.watchdog.expired


def test_a_silent_worker_is_reported_after_two_minutes_and_expires_after_five(worker):
    assert worker.run(110, replies=False) == ""
    assert worker.run(10, replies=False) == "the worker process has not responded for 125 seconds"
    assert not worker.watchdog.expired
    worker.run(175, replies=False)
    assert worker.watchdog.expired


def test_a_worker_that_replies_again_has_no_problem(worker):
    assert worker.run(200, replies=False)
    assert worker.run(10) == ""


def test_a_hung_database_writer_is_reported_by_name(worker):
    expected = "the worker process hangs: no progress in database writer for 135 seconds"
    assert worker.run(130, writes=False) == expected
    worker.run(180, writes=False)
    assert worker.watchdog.expired


def test_an_activity_without_progress_is_reported_and_a_slow_one_is_not(worker):
    for step in range(100):
        assert worker.run(60, mail_processing=step) == ""
    assert "no progress in mail processing" in worker.run(130, mail_processing=99)
    assert worker.run(10, mail_processing=None) == "", "idle"


def test_an_idle_activity_is_not_timed(worker):
    assert worker.run(10_000, mail_processing=None) == ""


def test_a_suspended_machine_causes_no_alarm(worker):
    for _ in range(100):
        worker.now += 36_000
        worker.watchdog.tick()
        assert worker.run(10) == ""
    assert not worker.watchdog.expired


def test_a_worker_that_never_started_is_reported_but_does_not_expire():
    worker = Worker()
    assert "has not responded" in worker.run(10_000, replies=False)
    assert not worker.watchdog.expired


def test_a_silent_worker_is_reported_as_silent_whatever_its_counters_were(worker):
    worker.run(100, writes=False)
    assert "has not responded" in worker.run(150, replies=False)


def test_a_progress_counter_grows_with_every_step_and_is_none_while_idle():
    progress, seen = Progress(), []
    for act in (progress.step, progress.step, progress.idle, progress.step):
        act()
        seen.append(progress.value)
    assert seen == [1, 2, None, 3]


async def test_a_problem_and_its_end_are_logged_once(caplog):
    caplog.set_level("INFO", logger="mailgate")
    watchdog = Watchdog(Timeouts(0.001, 0.02, 60), count(0, 0.002).__next__)
    replies, pings, stop = False, 0, asyncio.Event()

    def ping() -> None:
        nonlocal pings
        pings += 1
        if replies:
            watchdog.record({})

    running = asyncio.create_task(watchdog.run(ping, stop))
    await until(lambda: pings > 50)
    replies, pings = True, 0
    await until(lambda: pings > 50)
    stop.set()
    await running
    assert "has not responded" in caplog.messages[0]
    assert caplog.messages[1:] == ["the worker process has recovered"]


async def test_an_expired_worker_ends_the_daemon():
    watchdog = Watchdog(Timeouts(0.001, 0.01, 0.02), count(0, 0.002).__next__)
    watchdog.record({})
    async with patience():
        with pytest.raises(MailgateError, match=r"has not responded.*exiting"):
            await watchdog.run(lambda: None, asyncio.Event())
