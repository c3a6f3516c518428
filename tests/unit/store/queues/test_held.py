"""Mail that waits for an agent's code: whose it is, how long, how much of it; and keys that prove nothing any more."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from mailgate.reasons import Reason
from mailgate.store.queues import held
from tests.desk import KAREN, Bench

UNPROVEN, SPAM = Reason.UNPROVEN_AGENT.value, Reason.SPAM.value
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)


@pytest.fixture
def ids(bench: Bench) -> list[int]:
    """Four mails: two in Ann's name, of which the second failed DMARC, one in Elliot's, one that is spam."""
    found = [bench.accept(bench.write(KAREN, f"Mail {number}.")) for number in range(4)]
    with bench.db.transaction():
        for id_, agent, code, why in zip(
            found, ("ann", "ann", "elliot", ""), "abcd", (UNPROVEN, UNPROVEN, UNPROVEN, SPAM), strict=True
        ):
            held.hold(bench.db, id_, agent, code, why, bench.now)
        bench.db.send("UPDATE inbox SET standing = 'failed' WHERE id = ?", [found[1]])
        bench.db.send("UPDATE inbox SET state = 'held'")
    return found


def test_a_code_releases_what_waits_for_its_agent_and_spam_for_any(bench: Bench, ids: list[int]) -> None:
    released = {
        (agent, code): found.inbox_id
        for agent in ("ann", "elliot")
        for code in "abcde"
        if (found := held.by_code(bench.db, agent, code, bench.now))
    }
    one, two, three, spam = ids
    assert released == {
        ("ann", "a"): one,
        ("ann", "b"): two,
        ("ann", "d"): spam,
        ("elliot", "c"): three,
        ("elliot", "d"): spam,
    }


def test_forged_mail_counts_beside_other_forged_mail_alone(bench: Bench, ids: list[int]) -> None:
    def waiting(agent: str, after: timedelta, *, failed: bool) -> int:
        return held.unproven_of(bench.db, agent, bench.now + after, failed=failed)

    assert (waiting("ann", SECOND, failed=False), waiting("ann", SECOND, failed=True)) == (1, 2)
    assert (waiting("elliot", SECOND, failed=False), waiting("", SECOND, failed=True)) == (1, 0)
    assert (waiting("ann", 3 * DAY - SECOND, failed=True), waiting("ann", 3 * DAY, failed=True)) == (2, 0)


def test_what_waits_is_over_after_three_days_and_spam_after_thirty(bench: Bench, ids: list[int]) -> None:
    one, two, three, spam = ids
    for after, over in (
        (3 * DAY - SECOND, set()),
        (3 * DAY, {one, two, three}),
        (30 * DAY - SECOND, {one, two, three}),
        (30 * DAY, {*ids}),
    ):
        now = bench.now + after
        assert {each.inbox_id for each in held.expired(bench.db, now, 9)} == over
        assert {id_ for id_, code in zip(ids, "abcd", strict=True) if _good(bench, code, now)} == {*ids} - over
    assert len(held.expired(bench.db, bench.now + 30 * DAY, 2)) == 2
    with bench.db.transaction():
        held.release(bench.db, one)
    assert [held.waits(bench.db, each) for each in ids] == [False, True, True, True]
    assert [held.spam_since(bench.db, each) for each in (two, spam)] == [None, bench.now]
    assert [code for code, _ in held.spam(bench.db, bench.now - SECOND)] == ["d"]
    assert held.spam(bench.db, bench.now) == []


def _good(bench: Bench, code: str, now: datetime) -> bool:
    return any(held.by_code(bench.db, agent, code, now) for agent in ("ann", "elliot"))


def test_a_burnt_key_is_known_as_such_and_no_other(bench: Bench) -> None:
    with bench.db.transaction():
        for _ in range(2):
            held.burn(bench.db, ["one", "two"], bench.now)
    assert held.burnt(bench.db, ["one", "three"]) == {"one"}
    assert held.burnt(bench.db, []) == frozenset()
