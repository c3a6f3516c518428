"""The queue of outgoing mail: what may still be dropped, tried again, replaced or withdrawn, and what may not."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from datetime import timedelta

import pytest

from mailgate.errors import NotFound
from mailgate.store.db import Db
from mailgate.store.queues import outbox
from tests.desk import KAREN, Bench

STATES = ("queued", "sending", "sent", "failed", "dropped")


@pytest.fixture
def mails(bench: Bench) -> tuple[Bench, dict[str, int]]:
    """A desk, and an alert to an agent in each state."""
    for _ in STATES:
        bench.take(KAREN, "It does not open.", subject="Something else")
    bench.drain()
    with bench.db.transaction():
        rows = bench.db.all("SELECT id FROM outbox WHERE agent = 'elliot' ORDER BY id")
        ids = dict(zip(STATES, (row[0] for row in rows), strict=True))
        for state, id_ in ids.items():
            bench.db.send("UPDATE outbox SET state = ? WHERE id = ?", [state, id_])
    return bench, ids


def _changed(mails: tuple[Bench, dict[str, int]], act: Callable[[Db, int], None]) -> set[str]:
    """The states in which a mail has another one after an act; in the others nothing is found, or nothing is done."""
    bench, ids = mails
    changed = set()
    for state, id_ in ids.items():
        with bench.db.transaction():
            before = tuple(bench.db.one("SELECT state, attempts, next_attempt_at FROM outbox WHERE id = ?", [id_]))
            with contextlib.suppress(NotFound):
                act(bench.db, id_)
            if tuple(bench.db.one("SELECT state, attempts, next_attempt_at FROM outbox WHERE id = ?", [id_])) != before:
                changed.add(state)
    return changed


def test_what_waits_or_has_failed_can_be_dropped(mails):
    bench, ids = mails
    assert _changed(mails, lambda db, id_: outbox.drop(db, id_, bench.now)) == {"queued", "failed"}
    assert {outbox.item(bench.db, ids[state]).state for state in ("queued", "failed")} == {"dropped"}


def test_what_waits_or_has_failed_can_be_tried_again_at_once(mails):
    assert _changed(mails, outbox.retry) == {"queued", "failed"}
    bench, ids = mails
    with bench.db.transaction():
        first = [job.id for job in outbox.claim(bench.db, bench.now, 9, urgent=True)]
    assert set(first) <= {ids["queued"], ids["failed"]}
    assert first


def test_only_what_waits_can_be_replaced_by_another_mail(mails):
    bench, _ = mails
    assert _changed(mails, lambda db, id_: outbox.replaced(db, [id_], bench.now + timedelta(days=1))) == {"queued"}


def test_only_what_waits_for_an_agent_is_withdrawn_when_they_have_left(mails):
    bench, ids = mails
    requesters = bench.db.one("SELECT count(*) FROM outbox WHERE agent = '' AND state = 'queued'")[0]
    with bench.db.transaction():
        outbox.withdraw(bench.db, ["ann", "bob", "vera"], bench.now)
    found = {state: outbox.item(bench.db, id_).state for state, id_ in ids.items()}
    assert found == {state: "dropped" if state == "queued" else state for state in STATES}
    assert bench.db.one("SELECT count(*) FROM outbox WHERE agent = '' AND state = 'queued'")[0] == requesters > 0
    assert bench.db.one("SELECT count(*) FROM outbox WHERE agent = 'ann' AND state = 'queued'")[0] > 0
