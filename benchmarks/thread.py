"""An agent's reply in a thread of ten entries and of a thousand: processor time of the worker's part of the work."""

from __future__ import annotations

import time
from datetime import timedelta

from benchmarks.harness import Setting
from benchmarks.results import Line, Spread, at_most
from mailgate.store.columns import insert_sql
from mailgate.store.tickets.rows import entry_row
from mailgate.ticket import Actor, Address, Entry, EntryKind
from tests.desk import ANN, Bench, to, with_ticket

_SIZES = (10, 1000)  # entries
_ANN = ANN.rsplit("<", maxsplit=1)[-1].strip(">")
_TEXT = "The portal shows an error of its own again. " * 15


def thread(setting: Setting) -> list[Line]:
    """Each in turn; the first rounds are a warm-up."""
    desks = {}
    for size in _SIZES:
        (setting.folder / str(size)).mkdir()
        desks[size] = _desk(setting, size)
    spent: dict[int, list[float]] = {size: [] for size in _SIZES}
    for turn in range(setting.runs * 3 + 3):
        for size, desk in desks.items():
            spent[size].append(_reply(desk, turn) * 1000)
    short, long = (spent[size][3:] for size in _SIZES)
    setting.raw["thread"] = {"10": short, "1000": long}
    return [
        Line("an agent's reply in a thread of 10 entries", Spread.of(short).text(" ms", 1)),
        Line("an agent's reply in a thread of 1,000 entries", Spread.of(long).text(" ms", 1)),
        at_most("a thread of 1,000 entries / of 10", Spread.ratio(long, short), 1.5, "times", 2),
    ]


def _desk(setting: Setting, size: int) -> Bench:
    """A ticket with so many entries: messages and replies in turn, a tenth of them notes."""
    bench = with_ticket(setting.folder / str(size))
    requester, ann = bench.ticket().requester, Address(_ANN, "Ann Archer")
    with bench.db.transaction():
        for number in range(size - 1):
            from_agent = number % 2 == 0
            kind = EntryKind.MESSAGE if not from_agent else EntryKind.REPLY if number % 10 else EntryKind.NOTE
            entry = Entry(
                kind=kind,
                by=Actor.agent("ann") if from_agent else Actor.requester(requester.email),
                author=ann if from_agent else requester,
                at=bench.now + timedelta(seconds=number),
                text=f"Number {number}: {_TEXT}",
            )
            row = entry_row(1001, entry)
            bench.db.run(insert_sql("entry", (*row,)), [*row.values()])
    bench.now += timedelta(seconds=size)
    return bench


def _reply(bench: Bench, turn: int) -> float:
    """Seconds for the agent's answer to the alert of a new message."""
    bench.now += timedelta(minutes=1)
    alerts = bench.send(bench.ticket().requester.email, f"And now, {turn}?", answers=bench.ack)
    bench.now += timedelta(minutes=1)
    bench.take(ANN, f"Please try the portal again, number {turn}.\n", answers=to(alerts, _ANN))
    began = time.process_time()
    bench.drain()
    return time.process_time() - began
