"""`python -m benchmarks`: bare aiosmtpd and mailgate whole, in turn, then latency, start and memory.

Judge by the ratios: they come from alternating runs on one machine with the same client
and the same sink. Absolute figures move with whatever else the machine does.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import tempfile
import time
from pathlib import Path

from benchmarks import world
from benchmarks.figures import Line, Spread, as_json, percentile, table

MODES = {"one mail a connection": ("--once",), "many a connection": ()}
MARK_RATIO, MARK_LATENCY, MARK_START, MARK_MEMORY = 0.25, 0.250, 1.0, 90e6
FILLED = 10_000  # tickets in the database at the measured start
MAILS = 2  # that each ticket causes: acknowledgement and one alert


def main() -> int:
    """Measure, print, write; 1 when a mark was missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--count", type=int, default=600, help="mails a run (600)")
    parser.add_argument("--runs", type=int, default=5, help="runs of each, in turn (5)")
    parser.add_argument("--only", choices=("throughput", "latency", "start"), help="a part of it")
    parser.add_argument("--output", type=Path, default=Path("benchmarks.json"), help="where the JSON goes")
    options = parser.parse_args()
    lines: list[Line] = []
    raw: dict[str, object] = {"python": platform.python_version(), "machine": platform.platform()}
    with tempfile.TemporaryDirectory(prefix="mailgate-benchmark-") as name, world.server("benchmarks.sink") as sink:
        folder = Path(name)
        if options.only in (None, "throughput"):
            lines += throughput(folder / "throughput", sink, options.count, options.runs, raw)
        if options.only in (None, "latency"):
            lines += latency(folder / "latency", sink, options.count, raw)
        if options.only in (None, "start"):
            lines += start(folder / "start", sink, options.runs, raw)
    print(table(lines))
    options.output.write_text(json.dumps({**raw, "figures": as_json(lines)}, indent=2) + "\n")
    return int(any(line.good is False for line in lines))


def throughput(folder: Path, sink: int, count: int, runs: int, raw: dict[str, object]) -> list[Line]:
    """Mails a second: from the first connect to the last 250 (bare), to the last notice at the sink (mailgate)."""
    lines = []
    talk = world.SinkTalk(sink)
    with world.server("benchmarks.bare") as bare, world.mailgate(folder, sink) as desk:
        for mode, flags in MODES.items():
            rates: dict[str, list[float]] = {"bare": [], "mailgate": [], "accepted": [], "seconds": []}
            for run in range(-1, runs):  # the first one warms both up
                word = f"{'one' if flags else 'many'}{run + 1}"
                told = world.client(bare, word, count, *flags)
                bare_rate = count / (told["ended"] - told["began"])
                talk.ask("XRESET")
                used = world.processor_seconds(desk.pid)
                told = world.client(desk.port, word, count, *flags)
                ended = talk.wait_for(count * MAILS)
                used = world.processor_seconds(desk.pid) - used
                if run >= 0:
                    rates["bare"].append(bare_rate)
                    rates["mailgate"].append(count / (ended - told["began"]))
                    rates["accepted"].append(count / (told["ended"] - told["began"]))
                    rates["seconds"].append(used / count * 1000)
                    _tell(f"{mode}: bare {bare_rate:.0f}/s, mailgate whole {rates['mailgate'][-1]:.0f}/s")
            ratio = Spread.of([ours / theirs for ours, theirs in zip(rates["mailgate"], rates["bare"], strict=True)])
            lines += [
                Line(f"{mode}: bare aiosmtpd, thrown away", Spread.of(rates["bare"]).text(" /s")),
                Line(f"{mode}: mailgate, accepted", Spread.of(rates["accepted"]).text(" /s")),
                Line(f"{mode}: mailgate, whole", Spread.of(rates["mailgate"]).text(" /s")),
                Line(f"{mode}: processor a ticket", Spread.of(rates["seconds"]).text(" ms", 2)),
                _held_against(mode, ratio),
            ]
            raw[mode] = rates
    return lines


def _held_against(mode: str, ratio: Spread) -> Line:
    """The mark is for one mail a connection, as most mail arrives; the other shows what connections cost."""
    text = ratio.text(digits=2)
    if MODES[mode]:
        return Line(f"{mode}: ratio", text, f">= {MARK_RATIO}", ratio.median >= MARK_RATIO)
    return Line(f"{mode}: ratio", text)


def latency(folder: Path, sink: int, count: int, raw: dict[str, object]) -> list[Line]:
    """From 250 to the acknowledgement at the sink, at half the rate that the desk can keep up."""
    talk = world.SinkTalk(sink)
    with world.mailgate(folder, sink) as desk:
        talk.ask("XRESET")
        world.client(desk.port, "warm", count // 2, "--once")
        talk.wait_for(count // 2 * MAILS)
        talk.ask("XRESET")
        told = world.client(desk.port, "full", count, "--once")
        rate = count / (talk.wait_for(count * MAILS) - told["began"])
        talk.ask("XRESET")
        told = world.client(desk.port, "half", count, "--rate", f"{rate / 2:.2f}")
        talk.wait_for(count * MAILS)
        times = talk.times()
    waits = [times[sender] - at for sender, at in told["accepted"].items()]
    p50, p99 = percentile(waits, 0.5), percentile(waits, 0.99)
    _tell(f"latency at {rate / 2:.0f} mails/s: p50 {p50 * 1000:.0f} ms, p99 {p99 * 1000:.0f} ms")
    raw["latency"] = {"rate": rate / 2, "p50": p50, "p99": p99, "max": max(waits)}
    return [
        Line("250 to acknowledgement, half load, p50", f"{p50 * 1000:.0f} ms"),
        Line("250 to acknowledgement, half load, p99", f"{p99 * 1000:.0f} ms", "< 250 ms", p99 < MARK_LATENCY),
    ]


def start(folder: Path, sink: int, runs: int, raw: dict[str, object]) -> list[Line]:
    """From the start of the process to the first 250, with many tickets in the database; memory when idle."""
    with world.mailgate(folder, sink):
        pass
    world.fill(folder, FILLED)
    waits, memory = [], []
    for run in range(runs):
        began = time.monotonic()
        with world.mailgate(folder, sink) as desk:
            ready = time.monotonic() - began
            told = world.client(desk.port, f"start{run}", 1)  # a process: its own start is not the desk's
            waits.append(ready + told["ended"] - told["began"])
            time.sleep(1.0)
            memory.append(world.resident(desk.pid))
    raw["start"] = {"seconds": waits, "resident": memory}
    waited, held = Spread.of(waits), Spread.of([each / 1e6 for each in memory])
    _tell(f"start {waited.text(' s', 2)}, idle {held.text(' MB')}")
    good_start, good_memory = waited.median < MARK_START, max(memory) < MARK_MEMORY
    return [
        Line(f"start to first 250, {FILLED} tickets", waited.text(" s", 2), "< 1 s", good_start),
        Line("idle, both processes", held.text(" MB"), "< 90 MB", good_memory),
    ]


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
