"""The queue of incoming mail: its order, what is kept of a mail at its end, and another try."""

from __future__ import annotations

from datetime import timedelta

import pytest

from mailgate.errors import NotFound
from mailgate.store.queues import inbox
from tests.desk import KAREN, Bench


@pytest.fixture
def three(bench: Bench) -> tuple[Bench, list[int]]:
    """A desk and three mails that wait."""
    return bench, [bench.accept(bench.write(KAREN, f"Mail {number}.")) for number in range(3)]


def claimed(bench: Bench, limit: int) -> list[int]:
    with bench.db.transaction():
        return [each.id for each in inbox.claim(bench.db, limit)]


def test_mails_are_worked_in_the_order_in_which_they_came(three):
    bench, ids = three
    other = [bench.accept(bench.write(f"{name}@client.example", "x")) for name in ("ann", "bea", "cleo")]
    assert claimed(bench, 6) == sorted([*ids, *other])


@pytest.mark.parametrize(
    ("state", "reason", "kept"),
    [
        ("done", "", False),
        ("dropped", "loop", False),
        ("held", "unproven", True),
        ("quarantined", "poison", True),
        ("quarantined", "banned", False),
        ("quarantined", "bounce-unmatched", False),
    ],
)
def test_the_bytes_of_what_has_ended_are_forgotten_in_time(three, state, reason, kept):
    bench, (first, *others) = three
    with bench.db.transaction():
        inbox.end(bench.db, first, state, bench.now, reason)
        assert inbox.forget_raw(bench.db, bench.now, 9) == 0, "not yet"
        assert inbox.forget_raw(bench.db, bench.now + timedelta(days=1), 9) == int(not kept)
    for each in others:
        assert inbox.raw(bench.db, each), "it still has to be worked"
    if kept:
        assert inbox.raw(bench.db, first)
    else:
        with pytest.raises(NotFound):
            inbox.raw(bench.db, first)


def test_another_try_is_one_of_a_new_mail(three):
    bench, (first, second, _) = three
    with bench.db.transaction():
        inbox.end(bench.db, first, "quarantined", bench.now, "poison", error="it breaks")
        inbox.end(bench.db, second, "done", bench.now)
        inbox.retry(bench.db, first)
        with pytest.raises(NotFound):
            inbox.retry(bench.db, second)
    again = inbox.item(bench.db, first)
    assert (again.state, again.reason, again.attempts, again.last_error) == ("new", "", 0, "")
    assert bench.drain()
    assert inbox.item(bench.db, first).state == "done"


def test_what_was_put_off_is_due_from_its_moment_on(three):
    bench, (first, *_) = three
    with bench.db.transaction():
        at = inbox.put_off(bench.db, first, bench.now, "a file")
        for now, due in ((at - timedelta(seconds=1), False), (at, True)):
            assert inbox.any_retry_due(bench.db, now) is due
            inbox.take_up_again(bench.db, now)
            assert [each.id for each in inbox.put_off_mails(bench.db)] == ([] if due else [first])


def test_what_the_administrator_drops_says_so(three):
    bench, (first, *_) = three
    with bench.db.transaction():
        inbox.drop(bench.db, first, bench.now)
    assert (inbox.item(bench.db, first).state, inbox.item(bench.db, first).reason) == ("dropped", "admin")


def test_worked_mails_are_found_by_their_message_id_and_author(three):
    bench, ids = three
    bench.drain()

    def found(name: str, author: str = "karen@client.example", but: int = 0) -> list[int]:
        return [each.id for each in inbox.with_message_id(bench.db, name, author, but)]

    names = [bench.db.one("SELECT message_id FROM inbox WHERE id = ?", [each])[0] for each in ids]
    assert found(names[0]) == [ids[0]]
    assert (found(names[0], "ann@bank.example"), found(names[0], but=ids[0]), found("")) == ([], [], [])
