"""When a worker counts as one that stands still, and what is no such thing."""

from __future__ import annotations

import asyncio

import pytest

from mailgate.errors import MailgateError
from mailgate.system.watchdog import Patience, Progress, Watchdog

PATIENCE = Patience()


class Worker:
    """A watchdog over a worker, on a clock that the test turns."""

    def __init__(self):
        self.now = 1000.0
        self.watchdog = Watchdog(PATIENCE, lambda: self.now)
        self.signs = {"writer": 0, "reading of mail": None}

    def lives(self, seconds, *, answers=True, writes=True, **signs):
        """So much time passes, with a look at every question."""
        for _ in range(int(seconds / PATIENCE.ask)):
            self.signs |= {name.replace("_", " "): sign for name, sign in signs.items()}
            self.signs["writer"] += writes
            if answers:
                self.watchdog.heard(self.signs)
            self.now += PATIENCE.ask
            self.watchdog.look()
        return self.watchdog.trouble


@pytest.fixture
def worker():
    made = Worker()
    assert made.lives(60) == ""
    return made


def test_who_answers_and_writes_is_well_for_as_long_as_it_likes(worker):
    assert worker.lives(100_000) == ""
    assert not worker.watchdog.lost


def test_who_does_not_answer_is_told_after_two_minutes_and_given_up_after_five(worker):
    assert worker.lives(110, answers=False) == ""
    assert worker.lives(10, answers=False) == "the worker process has not answered for 125 seconds"
    assert not worker.watchdog.lost
    worker.lives(175, answers=False)
    assert worker.watchdog.lost


def test_who_answers_again_is_well(worker):
    assert worker.lives(200, answers=False)
    assert worker.lives(10) == ""


def test_a_writer_that_stands_still_is_told_of_by_name(worker):
    stands = "the worker process answers, but its writer has stood still for 135 seconds"
    assert worker.lives(130, writes=False) == stands
    worker.lives(180, writes=False)
    assert worker.watchdog.lost


def test_a_mail_that_is_read_for_ever_is_noticed_and_one_step_after_the_other_is_not(worker):
    for step in range(100):
        assert worker.lives(60, reading_of_mail=step) == ""
    assert "reading of mail has stood still" in worker.lives(130, reading_of_mail=99)
    assert worker.lives(10, reading_of_mail=None) == "", "there is none"


def test_what_rests_for_a_full_disk_is_no_trouble(worker):
    assert worker.lives(10_000, reading_of_mail=None) == ""


def test_a_machine_that_slept_has_missed_nothing(worker):
    for _ in range(100):
        worker.now += 36_000
        worker.watchdog.look()
        assert worker.lives(10) == ""
    assert not worker.watchdog.lost


def test_a_worker_that_has_yet_to_begin_is_told_of_and_not_given_up():
    worker = Worker()
    assert "has not answered" in worker.lives(10_000, answers=False)
    assert not worker.watchdog.lost


def test_of_who_does_not_answer_nothing_else_is_said(worker):
    worker.lives(100, writes=False)
    assert "has not answered" in worker.lives(150, answers=False)


def test_a_sign_grows_with_every_step_and_rests():
    sign, seen = Progress(), []
    for act in (sign.step, sign.step, sign.rest, sign.step):
        act()
        seen.append(sign.now)
    assert seen == [1, 2, None, 3]


async def test_the_log_tells_of_trouble_once_and_of_its_end(caplog):
    caplog.set_level("INFO", logger="mailgate")
    watchdog = Watchdog(Patience(0.001, 0.02, 60), asyncio.get_running_loop().time)
    answers, stop = [False], asyncio.Event()
    keeping = asyncio.create_task(watchdog.keep(lambda: watchdog.heard({}) if answers[0] else None, stop))
    await asyncio.sleep(0.06)
    answers[0] = True
    await asyncio.sleep(0.04)
    stop.set()
    await keeping
    assert "has not answered" in caplog.messages[0]
    assert caplog.messages[1:] == ["the worker process works again"]


async def test_who_is_given_up_is_told_as_one_that_died():
    watchdog = Watchdog(Patience(0.001, 0.01, 0.02), asyncio.get_running_loop().time)
    watchdog.heard({})
    with pytest.raises(MailgateError, match=r"has not answered.*to be started again"):
        await asyncio.wait_for(watchdog.keep(lambda: None, asyncio.Event()), 5)
