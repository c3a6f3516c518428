"""What became of mails: kept while the database takes nothing, then recorded; and what is claimed beside it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mailgate.outbound.backoff import Failed, Fault, Reply, Stage
from mailgate.outbound.results import Results, record_and_claim
from mailgate.store.queues import outbox, trace
from mailgate.store.queues.outbox import LARGE, Job
from tests.desk import KAREN, Bench

NOW = datetime(2026, 11, 20, tzinfo=UTC)
TAKEN = Reply(Stage.DATA_END, 250, "taken")


@pytest.mark.parametrize("kind", ["sent", "later", "failed", "untried", "put_off"])
def test_what_could_not_be_recorded_is_recorded_with_what_comes_next(kind: str) -> None:
    first: Any
    first, next_ = Results(**{kind: [(1, NOW)]}), Results(**{kind: [(2, NOW)]})
    first.extend(next_)
    assert getattr(first, kind) == [(1, NOW), (2, NOW)]
    assert len(first) == 2


def turn(bench: Bench, results: Results | None = None, room: int = 9, **how: Any) -> tuple[list[Job], datetime | None]:
    how = {"large": 9, "urgent": False} | how
    with bench.db.transaction():
        return record_and_claim(bench.db, results or Results(), room, bench.now, **how)


def states(bench: Bench) -> list[str]:
    return [row["state"] for row in bench.db.all("SELECT state FROM outbox ORDER BY id")]


@pytest.fixture
def desk(bench: Bench) -> Bench:
    """Three mails wait."""
    bench.send(KAREN, "It is broken.")
    assert states(bench) == ["queued"] * 3
    return bench


def test_what_was_said_of_each_mail_is_kept_with_it_and_what_was_not_tried_counts_no_attempt(desk):
    (sent, later, failed), due = turn(desk)
    assert (states(desk), due) == (["sending"] * 3, None)
    again = desk.now + timedelta(minutes=5)
    yes, busy, no = Reply(Stage.DATA_END, 250, "taken"), Reply(Stage.RCPT, 450, "busy"), Reply(Stage.RCPT, 550, "no")
    results = Results(
        sent=[(sent, yes)], later=[(later, busy, again)], failed=[(failed, no, Failed(Fault.RECIPIENT, True))]
    )
    jobs, due = turn(desk, results)
    assert (jobs, due) == ([], again)
    assert states(desk) == ["sent", "queued", "failed"]
    (refusal,) = outbox.refused(desk.db, 9)
    assert (refusal.id, refusal.answer, refusal.of_message, refusal.dead) == (failed.id, str(no), False, True)
    desk.now = again
    for given_back in (lambda id_: Results(untried=[id_]), lambda id_: Results(put_off=[(id_, again)])):
        (job,), _ = turn(desk)
        assert (job.id, job.attempts) == (later.id, 2)
        turn(desk, given_back(job.id), 0)
        assert states(desk) == ["sent", "queued", "failed"]


def test_a_refused_message_is_no_refused_recipient(desk):
    (job, *_), _ = turn(desk)
    turn(desk, Results(failed=[(job, Reply(Stage.DATA_END, 554, "spam"), Failed(Fault.MESSAGE))]))
    (refusal,) = outbox.refused(desk.db, 9)
    assert (refusal.of_message, refusal.dead) == (True, False)


def test_what_was_put_off_is_found_by_its_recipient_its_message_id_and_its_ticket(desk):
    (job, *_), _ = turn(desk)
    turn(desk, Results(later=[(job, Reply(Stage.RCPT, 450, "busy"), desk.now + timedelta(minutes=5))]))
    for found in (
        trace.by_address(desk.db, job.recipient),
        trace.by_message_id(desk.db, job.message_id),
        trace.by_ticket(desk.db, 1001),
    ):
        (line,) = [each for each in found if each.step == "deferred"]
        assert line.text == "450 busy (at rcpt); again at 2026-11-20 09:05:01 UTC"
        assert (line.at, line.direction, line.outbox_id) == (desk.now, "out", job.id)


def test_no_more_is_claimed_than_there_is_room_for_and_then_it_is_looked_again_at_once(desk):
    jobs, due = turn(desk, room=0)
    assert (jobs, states(desk)) == ([], ["queued"] * 3)
    jobs, due = turn(desk, room=2)
    assert (len(jobs), due) == (2, desk.now)


def test_where_a_relay_rests_only_what_an_administrator_wants_tried_is_claimed(desk):
    with desk.db.transaction():
        outbox.retry(desk.db, 2)
    jobs, _ = turn(desk, urgent=True)
    assert [(job.id, job.urgent) for job in jobs] == [(2, True)]
    assert states(desk) == ["queued", "sending", "queued"]


def test_a_large_mail_that_waits_for_its_time_is_looked_for_then(desk):
    with desk.db.transaction():
        desk.db.send("UPDATE outbox SET size = ?", [LARGE + 1])
    (job, *rest), _ = turn(desk)
    again = desk.now + timedelta(minutes=5)
    results = Results(later=[(job, Reply(Stage.RCPT, 450, "busy"), again)], sent=[(each, TAKEN) for each in rest])
    assert turn(desk, results) == ([], again)


def test_a_large_mail_for_which_there_is_no_room_is_not_looked_for_again_and_again(desk):
    with desk.db.transaction():
        desk.db.send("UPDATE outbox SET size = ? WHERE id < 3", [LARGE + 1])
    jobs, due = turn(desk, large=1)
    assert ([job.id for job in jobs], due) == ([1, 3], None)
    turn(desk, Results(untried=[job.id for job in jobs]), 0)
    jobs, due = turn(desk, large=0)
    assert ([job.id for job in jobs], due) == ([3], None)
    jobs, due = turn(desk, large=2, room=1)
    assert (len(jobs), due) == (1, desk.now)
    jobs, due = turn(desk, large=2)
    assert (len(jobs), due) == (1, None)
