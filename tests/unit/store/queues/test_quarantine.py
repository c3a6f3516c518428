"""What lies in quarantine: what asks for a look, and what is new."""

from __future__ import annotations

from datetime import timedelta

import pytest

from mailgate.reasons import Reason
from mailgate.store.queues import quarantine
from mailgate.store.queues.inbox import SETTLED
from tests.desk import KAREN, Bench

SECOND = timedelta(seconds=1)


def put(bench: Bench, state: str, reason: str, done: timedelta = -2 * SECOND, id_: int = 0) -> int:
    """A mail that has ended."""
    one = bench.accept(bench.write(KAREN, "Hello."))
    with bench.db.transaction():
        bench.db.send(
            "UPDATE inbox SET state = ?, reason = ?, done_at = ? WHERE id = ?",
            [state, reason, (bench.now + done).timestamp(), one],
        )
        if id_:
            bench.db.send("UPDATE inbox SET id = ? WHERE id = ?", [id_, one])
    return id_ or one


@pytest.mark.parametrize("settled", SETTLED)
def test_what_is_settled_asks_for_no_look(bench: Bench, settled: str) -> None:
    for state, reason in (
        ("quarantined", Reason.POISON.value),
        ("quarantined", Reason.POISON.value),
        ("quarantined", settled),
        ("held", Reason.UNPROVEN_AGENT.value),
        ("done", ""),
    ):
        put(bench, state, reason)
    assert quarantine.troubles(bench.db) == 2


def test_what_is_new_is_what_came_since_or_was_put_there_since(bench: Bench) -> None:
    poison = Reason.POISON.value
    far = put(bench, "quarantined", poison, SECOND, id_=1000)  # too many mails before the newest
    near = put(bench, "quarantined", poison, SECOND, id_=1500)
    put(bench, "quarantined", poison, 0 * SECOND, id_=1501)  # known
    put(bench, "held", Reason.UNPROVEN_AGENT.value, SECOND, id_=1502)
    put(bench, "done", "", SECOND, id_=1503)
    put(bench, "quarantined", poison, id_=2000)  # the newest that was known
    later = put(bench, "quarantined", poison, id_=2001)
    assert [each.id for each in quarantine.since(bench.db, bench.now, 2000)] == [near, later]
    assert [each.id for each in quarantine.since(bench.db, bench.now, 1999)] == [far, near, 2000, later]
