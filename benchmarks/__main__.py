"""`python -m benchmarks`: throughput of bare aiosmtpd and mailgate, then mailgate's latency, start,
memory, and what grows with a desk.

Compare the ratios: they come from alternating runs on one machine with the same client and the
same sink. Absolute figures vary with the other load on the machine.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import tempfile
import time
from pathlib import Path

from benchmarks import harness
from benchmarks.growth import SIZES, growth
from benchmarks.results import Line, Spread, as_json, percentile, table

MODES = {"one mail per connection": ("--once",), "many mails per connection": ()}
MIN_RATIO = 0.25
MAX_LATENCY = 0.250  # seconds, 99th percentile
MAX_START = 1.0  # seconds
MAX_MEMORY = 90e6  # bytes
TICKETS = 10_000  # in the database when the start is measured
MAILS_PER_TICKET = 2  # the acknowledgement and one alert


def main() -> int:
    """Run the benchmarks, print the table, write the JSON; 1 when a target was missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--count", type=int, default=600, help="mails per run (default: 600)")
    parser.add_argument("--runs", type=int, default=5, help="number of runs (default: 5)")
    parser.add_argument("--against", metavar="REVISION", help="compare with another revision of the program, in turn")
    parser.add_argument("--only", choices=("throughput", "latency", "start", "growth"), help="run only this part")
    parser.add_argument(
        "--output",
        type=Path,
        default=Path("benchmarks.json"),
        help="file for the results as JSON (default: benchmarks.json)",
    )
    parser.add_argument(
        "--sizes", default=SIZES, type=_sizes, help="tickets of the desks that grow (default: 1000,100000,1000000)"
    )
    parser.add_argument("--desks", type=Path, metavar="FOLDER", help="keep the large desks there, and use them again")
    options = parser.parse_args()
    lines: list[Line] = []
    raw: dict[str, object] = {"python": platform.python_version(), "machine": platform.platform()}
    with tempfile.TemporaryDirectory(prefix="mailgate-benchmark-") as name, harness.server("benchmarks.sink") as sink:
        folder = Path(name)
        if options.against:
            lines += against(options.against, folder, sink, options.count, options.runs, raw)
        elif options.only in (None, "throughput"):
            lines += throughput(folder / "throughput", sink, options.count, options.runs, raw)
        if not options.against and options.only in (None, "latency"):
            lines += latency(folder / "latency", sink, options.count, raw)
        if not options.against and options.only in (None, "start"):
            lines += start(folder / "start", sink, options.runs, raw)
        if not options.against and options.only in (None, "growth"):
            lines += growth(options.desks or folder / "growth", sink, options.count, options.sizes, raw, _log)
    print(table(lines))
    options.output.write_text(json.dumps({**raw, "figures": as_json(lines)}, indent=2) + "\n")
    return int(any(line.good is False for line in lines))


def _sizes(text: str) -> tuple[int, ...]:
    return tuple(map(int, text.split(",")))


def throughput(folder: Path, sink: int, count: int, runs: int, raw: dict[str, object]) -> list[Line]:
    """Mails per second: from the first connect to the last 250 (bare), or to the last outgoing mail (mailgate)."""
    lines = []
    received = harness.SinkClient(sink)
    with harness.server("benchmarks.baseline") as bare, harness.mailgate(folder, sink) as desk:
        for mode, flags in MODES.items():
            rates: dict[str, list[float]] = {"bare": [], "mailgate": [], "accepted": [], "seconds": []}
            for run in range(-1, runs):  # the first run is a warm-up
                name = f"{'one' if flags else 'many'}{run + 1}"
                sent = harness.client(bare, name, count, *flags)
                bare_rate = count / (sent["ended"] - sent["began"])
                received.ask("XRESET")
                used = harness.processor_seconds(desk.pid)
                sent = harness.client(desk.port, name, count, *flags)
                ended = received.wait_for(count * MAILS_PER_TICKET)
                used = harness.processor_seconds(desk.pid) - used
                if run >= 0:
                    rates["bare"].append(bare_rate)
                    rates["mailgate"].append(count / (ended - sent["began"]))
                    rates["accepted"].append(count / (sent["ended"] - sent["began"]))
                    rates["seconds"].append(used / count * 1000)
                    _log(f"{mode}: bare {bare_rate:.0f}/s, mailgate {rates['mailgate'][-1]:.0f}/s")
            ratio = Spread.of([ours / theirs for ours, theirs in zip(rates["mailgate"], rates["bare"], strict=True)])
            lines += [
                Line(f"{mode}: bare aiosmtpd, mail discarded", Spread.of(rates["bare"]).text(" /s")),
                Line(f"{mode}: mailgate, accepted", Spread.of(rates["accepted"]).text(" /s")),
                Line(f"{mode}: mailgate, processed and delivered", Spread.of(rates["mailgate"]).text(" /s")),
                Line(f"{mode}: processor time per ticket", Spread.of(rates["seconds"]).text(" ms", 2)),
                _ratio_line(mode, ratio),
            ]
            raw[mode] = rates
    return lines


def against(revision: str, folder: Path, sink: int, count: int, runs: int, raw: dict[str, object]) -> list[Line]:
    """Tickets a second and processor time a ticket of this tree and of another revision, run by run in turn."""
    lines = []
    received = harness.SinkClient(sink)
    with (
        harness.checkout(revision) as tree,
        harness.mailgate(folder / "here", sink) as here,
        harness.mailgate(folder / "there", sink, tree) as there,
    ):
        for mode, flags in MODES.items():
            rates: dict[str, list[float]] = {"here": [], "there": []}
            costs: dict[str, list[float]] = {"here": [], "there": []}
            for run in range(-1, runs):  # the first run is a warm-up
                for side, desk in (("here", here), ("there", there)):
                    received.ask("XRESET")
                    used = harness.processor_seconds(desk.pid)
                    sent = harness.client(desk.port, f"{'one' if flags else 'many'}{run + 1}", count, *flags)
                    ended = received.wait_for(count * MAILS_PER_TICKET)
                    used = harness.processor_seconds(desk.pid) - used
                    if run >= 0:
                        rates[side].append(count / (ended - sent["began"]))
                        costs[side].append(used / count * 1000)
                if run >= 0:
                    _log(f"{mode}: {costs['here'][-1]:.2f} ms a ticket here, {costs['there'][-1]:.2f} at {revision}")
            for side, name in (("here", "this tree"), ("there", revision)):
                lines.append(Line(f"{mode}: {name}, tickets", Spread.of(rates[side]).text(" /s")))
                lines.append(Line(f"{mode}: {name}, processor time per ticket", Spread.of(costs[side]).text(" ms", 2)))
            ratio = Spread.of([ours / theirs for ours, theirs in zip(costs["here"], costs["there"], strict=True)])
            lines.append(Line(f"{mode}: ratio of processor time", ratio.text(digits=2)))
            raw[f"{mode}, against {revision}"] = {"tickets per second": rates, "milliseconds": costs}
    return lines


def _ratio_line(mode: str, ratio: Spread) -> Line:
    """The target applies to one mail per connection, as most mail arrives; the other mode has no target."""
    text = ratio.text(digits=2)
    if MODES[mode]:
        return Line(f"{mode}: ratio", text, f">= {MIN_RATIO}", ratio.median >= MIN_RATIO)
    return Line(f"{mode}: ratio", text)


def latency(folder: Path, sink: int, count: int, raw: dict[str, object]) -> list[Line]:
    """The time from 250 to the acknowledgement at the sink, at half the maximum rate."""
    received = harness.SinkClient(sink)
    with harness.mailgate(folder, sink) as desk:
        received.ask("XRESET")
        harness.client(desk.port, "warm", count // 2, "--once")
        received.wait_for(count // 2 * MAILS_PER_TICKET)
        received.ask("XRESET")
        sent = harness.client(desk.port, "full", count, "--once")
        rate = count / (received.wait_for(count * MAILS_PER_TICKET) - sent["began"])
        received.ask("XRESET")
        sent = harness.client(desk.port, "half", count, "--rate", f"{rate / 2:.2f}")
        received.wait_for(count * MAILS_PER_TICKET)
        times = received.times()
    waits = [times[sender] - at for sender, at in sent["accepted"].items()]
    p50, p99 = percentile(waits, 0.5), percentile(waits, 0.99)
    _log(f"latency at {rate / 2:.0f} mails/s: p50 {p50 * 1000:.0f} ms, p99 {p99 * 1000:.0f} ms")
    raw["latency"] = {"rate": rate / 2, "p50": p50, "p99": p99, "max": max(waits)}
    return [
        Line("250 to acknowledgement, half load, p50", f"{p50 * 1000:.0f} ms"),
        Line("250 to acknowledgement, half load, p99", f"{p99 * 1000:.0f} ms", "< 250 ms", p99 < MAX_LATENCY),
    ]


def start(folder: Path, sink: int, runs: int, raw: dict[str, object]) -> list[Line]:
    """The time from the start of the process to the first 250, with many tickets in the database; memory when idle."""
    with harness.mailgate(folder, sink):
        pass
    harness.fill(folder, TICKETS)
    waits, memory = [], []
    for run in range(runs):
        began = time.monotonic()
        with harness.mailgate(folder, sink) as desk:
            ready = time.monotonic() - began
            sent = harness.client(desk.port, f"start{run}", 1)  # starting the client process does not count
            waits.append(ready + sent["ended"] - sent["began"])
            time.sleep(1.0)
            memory.append(harness.resident(desk.pid))
    raw["start"] = {"seconds": waits, "resident": memory}
    waited, resident = Spread.of(waits), Spread.of([each / 1e6 for each in memory])
    _log(f"start {waited.text(' s', 2)}, idle {resident.text(' MB')}")
    good_start, good_memory = waited.median < MAX_START, max(memory) < MAX_MEMORY
    return [
        Line(f"start to first 250, {TICKETS} tickets", waited.text(" s", 2), "< 1 s", good_start),
        Line("idle, both processes", resident.text(" MB"), "< 90 MB", good_memory),
    ]


def _log(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
