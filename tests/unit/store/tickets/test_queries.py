"""Listing tickets: in batches, whatever their size, the same tickets in the same order."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import product
from pathlib import Path

import pytest

from mailgate.store.tickets.queries import Query, find, find_in_batches
from mailgate.store.tickets.tickets import save
from mailgate.ticket import Assignee, Change, Status
from tests.desk import ANN, START, Bench

ANN_ADDRESS = "ann@bank.example"


@pytest.mark.parametrize("limit", [0, 1, 3, 4, 5, 9])
@pytest.mark.parametrize("size", [1, 2, 5, 100])
def test_batches_hold_what_one_query_finds(tmp_path: Path, limit: int, size: int) -> None:
    bench = Bench(tmp_path)
    for number in range(5):
        bench.send(f"k{number}@client.example", "Hello")
    query = Query(limit=limit)
    batches = list(find_in_batches(bench.db, query, size))
    assert len(find(bench.db, query)) == min(limit or 5, 5)
    assert [ticket for batch in batches for ticket in batch] == find(bench.db, query)
    assert all(0 < len(batch) <= size for batch in batches)


def test_a_batch_is_read_when_it_is_asked_for(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    _, second, _ = (bench.send(f"k{number}@client.example", "Hello") for number in range(3))
    batches = find_in_batches(bench.db, Query(statuses=("open",)), 1)
    assert [each.number for each in next(batches)] == [1003]
    bench.send(ANN, "#close", answers=next(mail for mail in second if mail.to == ANN_ADDRESS))
    assert [each.number for batch in batches for each in batch] == [1001]


@pytest.mark.sqlite
@pytest.mark.parametrize("statuses", [("open", "pending"), ("resolved",), ("open", "resolved")])
def test_a_list_without_closed_tickets_reads_none_of_them(tmp_path: Path, statuses: tuple[str, ...]) -> None:
    bench = Bench(tmp_path)
    bench.send("karen@client.example", "Hello")
    bench.send(ANN, "#resolve", answers=next(mail for mail in bench.sent() if mail.to == ANN_ADDRESS))
    add = (
        "INSERT INTO ticket SELECT number + ?, subject, 'closed', requester_email, requester_name, department, topic,"
        " priority, sla, address, assignee_kind, assignee, created_at, updated_at, due_at, overdue, resolved_at,"
        " closed_at, merged_into, rest, anchor FROM ticket WHERE number = 1001"
    )
    found, work = [], []
    for start in (1, 1000):
        with bench.db.transaction():
            for number in range(start, start + 100):
                bench.db.run(add, [number])
        steps: list[int] = []
        bench.db._connection.set_progress_handler(lambda steps=steps: steps.append(10) or 0, 10)
        found.append([ticket.number for ticket in find(bench.db, Query(statuses=statuses))])
        bench.db._connection.set_progress_handler(None, 10)
        work.append(sum(steps))
    assert found == [[1001] if "resolved" in statuses else []] * 2
    assert work[1] <= work[0] + 20


def test_what_a_query_finds_after_a_change_is_what_it_would_find_in_the_database(tmp_path: Path) -> None:
    """`Query.updated` says in Python what the SQL says."""
    bench = Bench(tmp_path)
    for number in range(4):
        bench.send(f"k{number}@client.example", "Hello")
    late = START + timedelta(days=1)
    wanted = (
        *({"statuses": each} for each in ((), ("open",), ("open", "pending"), ("resolved", "closed"))),
        *({"department": each} for each in ("Support", "Online Banking")),
        *({"agent": "ann"}, {"team": "ann"}, {"team": "Tier 2"}, {"unassigned": True}, {"overdue": True}),
        *({"due_before": late}, {"requesters": ("k1@client.example", "k2@client.example")}),
    )
    queries = [Query(**{**one, **other}) for one, other in product(wanted, repeat=2)]
    changes = (
        {"status": Status.PENDING},
        {"status": Status.CLOSED},
        {"department": "Online Banking"},
        {"assignee": Assignee("agent", "ann")},
        {"assignee": Assignee("team", "Tier 2")},
        {"assignee": None, "overdue": True},
        {"due_at": late},
        {"due_at": late - timedelta(seconds=1)},
        {"due_at": None, "requester": replace(bench.ticket().requester, email="k9@client.example")},
    )
    for at, values in enumerate(changes):
        before = bench.ticket(1001 + at % 4)
        found = {query: find(bench.db, query) for query in queries}
        with bench.db.transaction():
            save(bench.db, Change(before=before, after=replace(before, **values)), ())
        after = bench.ticket(before.number)
        for query in queries:
            assert query.updated(found[query], [after]) == tuple(find(bench.db, query)), (query, values)
