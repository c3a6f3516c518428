"""How fast a desk starts, and the memory that it takes: idle, and for the largest mails."""

from __future__ import annotations

import time

from benchmarks import aged, harness
from benchmarks.harness import Setting
from benchmarks.results import Line, Spread, at_most

TICKETS = 10_000  # in the database when the start is measured
_LARGE = (
    ("file of 50 MB", "attach-50MB", 50e6, 1.3),
    ("text of 50 MB", "text-50MB", 50e6, 2),
    ("page of 10 MB", "html-10MB", 10e6, 3),
)


def start(setting: Setting) -> list[Line]:
    """The time from the start of the process to its first 250, with many tickets in the database; memory when idle."""
    with harness.mailgate(setting.folder, setting.sink):
        pass
    aged.fill(setting.folder, TICKETS // 2, TICKETS // 2)
    waits, used, memory = [], [], []
    for run in range(setting.runs):
        began = time.monotonic()
        with harness.mailgate(setting.folder, setting.sink) as desk:
            ready = time.monotonic() - began
            spent = harness.processor_seconds(desk.pid)
            sent = harness.client(desk.port, f"start{run}", 1)
            waits.append(ready + sent["ended"] - sent["began"])  # starting the client process does not count
            used.append(spent)
            time.sleep(1.0)
            memory.append(harness.resident(desk.pid) / 1e6)
    setting.raw["start"] = {"seconds": waits, "processor seconds": used, "resident, MB": memory}
    return [
        at_most(f"start to the first 250, {TICKETS:,} tickets", Spread.of(waits), 0.25, "s", 2),
        Line("start until it listens, processor time", Spread.of(used).text(" s", 2)),
        at_most("idle memory, both processes", Spread.of(memory), 60, "MB"),
    ]


def large(setting: Setting) -> list[Line]:
    """Peak of the memory above that of the idle desk, both processes, in sizes of one large mail."""
    lines = []
    for label, shape, size, mark in _LARGE:
        found = []
        for run in range(min(setting.runs, 3)):
            folder = setting.folder / f"{shape}-{run}"
            with harness.mailgate(folder, setting.sink) as desk:
                harness.drive(desk, setting.sink, f"warm{run}", 5)
                before = harness.follow_peak(desk.pid)
                harness.drive(desk, setting.sink, f"large{run}", 1, "--shape", shape)
                found.append((harness.peak(desk.pid) - before) / size)
        setting.log(f"{label}: {found[-1]:.2f} times its size")
        setting.raw[f"memory, {label}"] = found
        lines.append(at_most(f"{label}: memory in sizes of the mail", Spread.of(found), mark, "times", 2))
    return lines
