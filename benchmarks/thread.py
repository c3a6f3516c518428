"""A message and a reply in a thread of ten entries and of a thousand: processor time of the worker's part."""

from __future__ import annotations

import gc
import time
from datetime import timedelta

from benchmarks.harness import Setting
from benchmarks.results import Line, Spread, at_most
from mailgate.daemon.worker import GC_THRESHOLD
from mailgate.store.columns import insert_sql
from mailgate.store.tickets.rows import entry_row, event_row
from mailgate.ticket import Actor, Address, Entry, EntryKind, Event, EventKind
from mailgate.worker import batch
from tests.desk import ANN, Bench, to, with_ticket

_SIZES = (10, 1000)  # entries
_WHAT = ("a requester's message", "an agent's reply")
_EVENTS = {EntryKind.MESSAGE: EventKind.MESSAGE, EntryKind.REPLY: EventKind.REPLIED, EntryKind.NOTE: EventKind.NOTED}
_AGAIN = """
    INSERT INTO outbox (cause, message_id, ticket, kind, mail_from, recipient, agent, subject, state, created_at,
        next_attempt_at) SELECT cause || '/' || ?, message_id || ?, ticket, kind, mail_from, recipient, agent, subject,
        'sent', created_at, next_attempt_at FROM outbox WHERE id <= 3
"""
_ANN = ANN.rsplit("<", maxsplit=1)[-1].strip(">")
_TEXT = "The portal shows an error of its own again. " * 15


def thread(setting: Setting) -> list[Line]:
    """Each in turn; the first rounds are a warm-up. Python collects garbage as rarely as in the daemon."""
    desks = {}
    for size in _SIZES:
        (setting.folder / str(size)).mkdir()
        desks[size] = _desk(setting, size)
    gc.freeze()
    gc.set_threshold(GC_THRESHOLD)
    spent: dict[tuple[str, int], list[float]] = {(what, size): [] for what in _WHAT for size in _SIZES}
    for turn in range(setting.runs * 3 + 3):
        for size, desk in desks.items():
            for what, seconds in zip(_WHAT, _exchange(desk, turn), strict=True):
                spent[what, size].append(seconds * 1000)
    spent = {which: values[3:] for which, values in spent.items()}
    setting.raw["thread"] = {f"{what}, {size}": values for (what, size), values in spent.items()}
    lines = []
    for what in _WHAT:
        short, long = (spent[what, size] for size in _SIZES)
        lines += [
            Line(f"{what} in a thread of 10 entries", Spread.of(short).text(" ms", 1)),
            Line(f"{what} in a thread of 1,000 entries", Spread.of(long).text(" ms", 1)),
            at_most(f"{what}: a thread of 1,000 entries / of 10", Spread.ratio(long, short), 1.5, "times", 2),
        ]
    return lines


def _desk(setting: Setting, size: int) -> Bench:
    """A ticket with so many entries: messages and replies in turn, a tenth of them notes, and as many notices."""
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
            event = Event(kind=_EVENTS[kind], by=entry.by, at=entry.at)
            for table, row in (("entry", entry_row(1001, entry)), ("event", event_row(1001, event))):
                bench.db.run(insert_sql(table, (*row,)), [*row.values()])
            if number % 2:
                bench.db.run(_AGAIN, [str(number), str(number)])
    bench.now += timedelta(seconds=size)
    return bench


def _exchange(bench: Bench, turn: int) -> tuple[float, float]:
    """Seconds for a new message, and for the agent's answer to its alert."""
    bench.now += timedelta(minutes=1)
    bench.take(bench.ticket().requester.email, f"And now, {turn}?", answers=bench.ack)
    asked = _drained(bench)
    alert = to([mail for mail in bench.new() if mail.ticket], _ANN)
    bench.now += timedelta(minutes=1)
    bench.take(ANN, f"Please try the portal again, number {turn}.\n", answers=alert)
    answered = _drained(bench)
    bench.new()
    return asked, answered


def _drained(bench: Bench) -> float:
    """Seconds for the work on the mails that wait."""
    began = time.process_time()
    batch.drain(bench.db, bench.desk, lambda: bench.now)
    return time.process_time() - began
