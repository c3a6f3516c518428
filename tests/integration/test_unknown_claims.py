"""A claim that was committed though its answer never came: what it took is worked and sent, without a new start.

A server of PostgreSQL that fails over does so; here the answer is lost between the database and the worker.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from mailgate.errors import DatabaseBusy
from mailgate.worker import lanes
from tests.desk import KAREN, Bench, to
from tests.integration.test_reports_aside import BOB, counting, states, working
from tests.waiting import until


@pytest.fixture
def bench(tmp_path):
    made = Bench(tmp_path)
    made.alert = to(made.send(KAREN, "It does not open.", to="outages@bank.example"), BOB)
    yield made
    made.db.close()


@pytest.fixture
def unanswered(monkeypatch) -> Callable[[str], list[str]]:
    """The first call of a function of `lanes` that claims mail is done, and raises. Returns what was lost."""
    monkeypatch.setattr(lanes, "PAUSE", 0.0)

    def lose(name: str) -> list[str]:
        real, lost = getattr(lanes, name), []

        def without_answer(*args: Any, **more: Any) -> Any:
            found = real(*args, **more)
            claimed = found[1] if isinstance(found, tuple) else found
            if claimed and not lost:
                lost.append(name)
                raise DatabaseBusy("no answer came")
            return found

        monkeypatch.setattr(lanes, name, without_answer)
        return lost

    return lose


@pytest.mark.parametrize("size", [100, 1_100_000])
async def test_mail_that_was_claimed_without_an_answer_is_worked(bench, unanswered, size):
    lost = unanswered("claim")
    bench.accept(bench.write(KAREN, "x " * (size // 2), subject="Another matter"))
    async with working(bench):
        await until(lambda: states(bench) == ["done", "done"])
    assert lost == ["claim"]
    assert bench.last()["tries"] == 1, "the lost try is not counted"


async def test_so_is_the_next_batch_that_was_claimed_with_the_end_of_one(bench, unanswered, monkeypatch):
    monkeypatch.setattr("mailgate.worker.batch.BATCH", 1)
    lost = unanswered("work_and_claim")
    for number in range(3):
        bench.accept(bench.write(KAREN, "It is broken.", subject=f"Matter {number}"))
    async with working(bench):
        await until(lambda: states(bench) == ["done"] * 4)
    assert lost == ["work_and_claim"]
    assert bench.numbers() == [1001, 1002, 1003, 1004]


async def test_mail_whose_report_is_counted_is_not_given_back(bench, unanswered, monkeypatch):
    done = threading.Event()
    begun = counting(monkeypatch, until_set=done)
    bench.accept(bench.write(BOB, "#report 7d", answers=bench.alert))
    async with working(bench) as worker:
        await until(begun.is_set)
        lost = unanswered("claim")
        bench.accept(bench.write(KAREN, "It is broken.", subject="Another matter"))
        worker.wake()
        await until(lambda: states(bench) == ["done", "working", "done"])
        assert lost == ["claim"]
        done.set()
        await until(lambda: states(bench) == ["done"] * 3)
    assert bench.db.one("SELECT max(tries) FROM inbox")[0] == 1
