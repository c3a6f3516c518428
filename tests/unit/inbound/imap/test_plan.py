"""The thinking of the IMAP intake: what to take, in which portions, when to try again."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.inbound.imap.drain import Memory
from mailgate.inbound.imap.plan import Plan, batches, left_alone, pause, plan, uid_sets

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
UIDS = st.sets(st.integers(1, 2**32 - 1), max_size=60) | st.sets(st.integers(1, 90), max_size=60)
STATES = st.sampled_from(["skipped", "accepted", "finished"])


def test_takes_what_the_ledger_does_not_know() -> None:
    known = {1: "skipped", 2: "accepted", 3: "finished", 9: "accepted"}
    assert plan([5, 1, 2, 3, 4, 6], known, aside=[6]) == Plan(take=(4, 5), finish=(2,), gone=(9,))


@given(present=UIDS, ledger=st.dictionaries(st.integers(1, 90), STATES), aside=UIDS)
def test_every_message_has_exactly_one_fate(present: set[int], ledger: dict[int, str], aside: set[int]) -> None:
    """Taken, known or set aside; what is accepted is finished or gone."""
    todo = plan(present, ledger, aside)
    assert set(todo.take) == present - set(ledger) - aside
    accepted = {uid for uid, state in ledger.items() if state == "accepted"}
    assert sorted(todo.finish + todo.gone) == sorted(accepted)
    assert set(todo.finish) == accepted & present


@pytest.mark.parametrize(
    ("existing", "alone"), [("skip", (1, 2, 3)), ("take", ()), (timedelta(days=3), (1,)), (timedelta(0), (1, 2))]
)
def test_what_existing_leaves_alone(existing: str | timedelta, alone: tuple[int, ...]) -> None:
    dates = {3: NOW + timedelta(hours=1), 1: NOW - timedelta(days=4), 2: NOW - timedelta(days=3)}
    assert left_alone(dates, existing, NOW) == alone


def test_a_large_message_goes_alone() -> None:
    sizes = {1: 10, 2: 10, 3: 5000, 4: 10, 5: 10}
    assert list(batches([1, 2, 3, 4, 5, 6], sizes, count=3, total=100)) == [(1, 2), (3,), (4, 5, 6)]


@given(
    sizes=st.dictionaries(st.integers(1, 999), st.integers(0, 100)), count=st.integers(1, 9), total=st.integers(1, 99)
)
def test_batches_are_bounded_and_complete(sizes: dict[int, int], count: int, total: int) -> None:
    groups = list(batches(sizes, sizes, count, total))
    assert [uid for group in groups for uid in group] == list(sizes)
    for group in groups:
        assert 1 <= len(group) <= count
        assert len(group) == 1 or sum(sizes[uid] for uid in group) <= total


def test_sequence_sets_are_short() -> None:
    assert list(uid_sets([9, 1, 2, 3, 3, 7, 8])) == [("1:3,7:9", (1, 2, 3, 7, 8, 9))]
    assert list(uid_sets([])) == []
    assert [text for text, _ in uid_sets(range(1, 2501))] == ["1:1000", "1001:2000", "2001:2500"]


@given(uids=UIDS, count=st.integers(1, 50), length=st.integers(21, 60))
def test_sequence_sets_name_these_messages_and_no_others(uids: set[int], count: int, length: int) -> None:
    """The text of a set, read as the server reads it, is exactly the messages that it claims to be."""
    seen: list[int] = []
    for text, named in uid_sets(uids, count, length):
        read = [
            uid
            for first, last in re.findall(r"(\d+)(?::(\d+))?", text)
            for uid in range(int(first), int(last or first) + 1)
        ]
        assert tuple(read) == named
        assert 1 <= len(named) <= count
        assert len(text) <= length
        seen.extend(named)
    assert seen == sorted(uids)


def test_pauses_grow_and_stay_bounded() -> None:
    assert [pause(n, 1.0) for n in (0, 1, 2, 3, 9, 99, 10_000)] == [1, 1, 2, 4, 256, 300, 300]
    assert pause(3, 0.0) == 2
    assert pause(1, 1.0, first=60, longest=30) == 30


def test_a_message_alone_in_hand_when_the_connection_died_is_set_aside() -> None:
    memory = Memory()
    memory.in_hand = (7,)
    memory.lost(NOW)
    assert memory.due(NOW) == ()
    assert memory.due(NOW + timedelta(minutes=2)) == (7,)
    memory.set_aside([7], NOW)
    assert memory.due(NOW + timedelta(seconds=90)) == ()


def test_several_in_hand_are_fetched_in_ever_smaller_groups() -> None:
    """A culprit among 200 is alone after four lost connections; the others are not held up by it."""
    memory = Memory()
    sizes = []
    group = list(range(200))
    while not memory.aside:
        limit, some = memory.by_limit(group, 200)[0]
        group = some[:limit]
        sizes.append(len(group))
        memory.in_hand = tuple(group)
        memory.lost(NOW)
    assert sizes == [200, 25, 3, 1]
    assert list(memory.aside) == [0]
    assert memory.by_limit([0, 1, 5, 30, 500], 200) == [(200, [500]), (25, [30]), (3, [5]), (1, [0, 1])]


def test_memory_of_other_uids_is_forgotten() -> None:
    memory = Memory()
    memory.belongs_to(1)
    memory.set_aside([7], NOW)
    memory.belongs_to(1)
    assert memory.aside
    memory.belongs_to(2)
    assert not memory.aside
