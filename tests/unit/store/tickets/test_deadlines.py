"""Deadlines: what is due, from the very moment on, and in which order."""

from __future__ import annotations

from datetime import timedelta

import pytest

from mailgate.store.tickets import deadlines
from tests.desk import KAREN, Bench

SECOND = timedelta(seconds=1)


@pytest.fixture
def bench(bench: Bench) -> Bench:
    """A desk with a ticket, of whose deadlines only those of the test are left."""
    bench.send(KAREN, "It does not open.")
    return bench


def test_a_deadline_is_due_from_its_moment_on(bench: Bench) -> None:
    with bench.db.transaction():
        deadlines.replace(bench.db, 1001, [("late", bench.now + SECOND), ("now", bench.now)])
        for now, due in ((-SECOND, []), (0 * SECOND, ["now"]), (SECOND, ["now", "late"])):
            at = bench.now + now
            assert deadlines.any_due(bench.db, at) is bool(due)
            assert [(number, step) for number, step, _ in deadlines.due(bench.db, at, 9)] == [(1001, s) for s in due]
            assert deadlines.is_still_due(bench.db, 1001, "now", at) is bool(due)
        assert len(deadlines.due(bench.db, bench.now + SECOND, 1)) == 1


def test_what_is_put_off_is_due_then_and_nothing_else_moves(bench: Bench) -> None:
    with bench.db.transaction():
        deadlines.replace(bench.db, 1001, [("one", bench.now), ("two", bench.now)])
        deadlines.put_off(bench.db, 1001, "one", bench.now + SECOND)
        assert deadlines.due(bench.db, bench.now, 9) == [(1001, "two", bench.now)]
        assert deadlines.due(bench.db, bench.now + SECOND, 9)[-1] == (1001, "one", bench.now + SECOND)
        deadlines.replace(bench.db, 1001, [("three", bench.now)])
        assert [step for _, step, _ in deadlines.due(bench.db, bench.now + SECOND, 9)] == ["three"]
