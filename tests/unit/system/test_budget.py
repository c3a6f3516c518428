"""A mail whose reading takes too much is set aside, and the administrator is told."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

import pytest

from mailgate.errors import TooExpensive
from mailgate.system.budget import Budget, try_in_own_process
from mailgate.worker import batch as processor
from tests.desk import KAREN, Bench, to

T = TypeVar("T")
WROTE = b"Subject: Fwd: x\r\n\r\n" + b"Ann wrote:\r\n" * 20

ENDLESS = "tests.endless_trial"


def endless() -> None:
    while True:
        pass


def endless_in_a_shell() -> None:
    """As the reader, which takes each exception for a defect of the mail."""
    while True:
        try:
            endless()
        except Exception:
            continue


def checked(budget: Budget, work: Callable[[], T]) -> T:
    """Do the work while another thread checks."""
    done = threading.Event()

    def check() -> None:
        while not done.wait(0.005):
            budget.check()

    checking = threading.Thread(target=check)
    checking.start()
    try:
        return budget.spend(work)
    finally:
        done.set()
        checking.join()


@pytest.mark.parametrize("work", [endless, endless_in_a_shell])
def test_work_that_never_ends_is_ended(work: Callable[[], None]) -> None:
    with pytest.raises(TooExpensive, match="more than 0 seconds of processor time"):
        checked(Budget(0.05), work)


def test_work_within_the_budget_is_left_alone() -> None:
    budget = Budget(60.0)
    assert checked(budget, lambda: sum(range(100_000))) == 4_999_950_000
    budget.check()  # nothing is in work now
    with pytest.raises(ZeroDivisionError):
        checked(budget, lambda: 1 // 0)


def test_an_exception_on_its_way_arrives_before_the_next_mail() -> None:
    """The work may end, well or badly, just as its time is over."""
    for work in (lambda: "read", lambda: 1 // 0):
        budget = Budget(-1.0)

        def over(work: Callable[[], object] = work, budget: Budget = budget) -> object:
            budget.check()
            return work()

        with pytest.raises(TooExpensive):
            budget.spend(over)
    assert Budget().spend(lambda: "the next") == "the next"


def test_a_mail_that_takes_too_long_is_quarantined_at_its_first_try(bench: Bench) -> None:
    bench.accept(bench.write(KAREN, "The portal is down."))
    batch = processor.read(processor.claim(bench.db), bench.desk, bench.now, ExpiredBudget())
    processor.work(bench.db, batch, bench.desk.context(bench.now))
    assert (bench.last()["state"], bench.last()["tries"]) == ("quarantined", 1)
    assert "took more than" in to(bench.new(), "root@ops.example").text
    with bench.db.transaction():
        processor.inbox.retry(bench.db, bench.last()["id"])
    bench.drain()
    assert bench.numbers() == [1001], "the administrator may have it worked all the same"


class ExpiredBudget(Budget):
    def spend(self, work: Callable[[], T]) -> T:
        raise TooExpensive("reading the mail took more than 60 seconds of processor time")


def test_a_trial_says_nothing_of_a_mail_that_can_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    try_in_own_process(processor.TRIAL, b"Subject: x\r\n\r\nHello")
    monkeypatch.setattr("sys.executable", "/nowhere/python")  # nor does a machine that starts no process
    try_in_own_process(processor.TRIAL, b"Subject: x\r\n\r\nHello")


def test_a_trial_ends_by_the_limit_of_its_time() -> None:
    with pytest.raises(TooExpensive, match="ended by signal"):
        try_in_own_process(ENDLESS, WROTE, 1)


def test_a_trial_ends_by_the_limit_of_its_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mailgate.system.budget.MEMORY", 20_000_000)
    with pytest.raises(TooExpensive, match=r"signal|MB of memory"):
        try_in_own_process(processor.TRIAL, b"Content-Type: text/html\r\n\r\n" + b"<p>x" * 200_000)


@pytest.mark.parametrize(("trial", "state"), [(processor.TRIAL, "done"), (ENDLESS, "quarantined")])
def test_a_mail_whose_try_ended_with_the_process_is_tried_in_another_first(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, trial: str, state: str
) -> None:
    monkeypatch.setattr(processor, "TRIAL", trial)
    bench.accept(b"From: Karen <karen@client.example>\r\nTo: support@bank.example\r\n" + WROTE)
    processor.claim(bench.db)  # by a process that died
    with bench.db.transaction():
        processor.recover(bench.db, bench.desk, bench.now)
    claimed = processor.claim(bench.db)
    assert claimed[0].tries == 2
    batch = processor.read(claimed, bench.desk, bench.now, Budget(1.0))
    processor.work(bench.db, batch, bench.desk.context(bench.now))
    assert bench.last()["state"] == state
