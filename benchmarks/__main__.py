"""`python -m benchmarks`: what mailgate costs, beside bare aiosmtpd, Roundup and the least prototype, with its marks.

Compare the ratios: they come from alternating runs on one machine with the same client and the
same sink. Absolute figures vary with the other load on the machine; processor time varies least.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from benchmarks import harness
from benchmarks.agents import agents
from benchmarks.chart import chart
from benchmarks.engines import postgresql
from benchmarks.growth import SIZES, growth
from benchmarks.harness import Setting
from benchmarks.imap import NoServer, imap
from benchmarks.latency import latency
from benchmarks.loops import loops
from benchmarks.memory import large, start
from benchmarks.results import Line, as_json, table
from benchmarks.roundup import NotInstalled, beside_roundup
from benchmarks.thread import thread
from benchmarks.throughput import against, throughput

# Each part with the minutes that it takes with the standard numbers, on two cores that do nothing else.
PARTS: Mapping[str, tuple[Callable[[Setting], list[Line]], float]] = {
    "throughput": (throughput, 3),
    "loops": (loops, 1),
    "roundup": (beside_roundup, 2),
    "agents": (agents, 2),
    "imap": (imap, 2),
    "postgresql": (postgresql, 3),
    "latency": (latency, 1),
    "start": (start, 1),
    "large": (large, 2),
    "thread": (thread, 0.5),
    "growth": (growth, 4),
}


def main() -> int:
    """Run the benchmarks, print the table, write the JSON; 1 when a mark was missed."""
    options = _options()
    raw: dict[str, object] = {
        "date": time.strftime("%Y-%m-%d"),
        "python": platform.python_version(),
        "machine": platform.platform(),
        "load before": os.getloadavg(),
    }
    with tempfile.TemporaryDirectory(prefix="mailgate-benchmark-") as name, harness.server("benchmarks.sink") as sink:
        setting = Setting(Path(name), sink.port, options.count, options.runs, options.sizes, options.desks, raw)
        if options.against:
            lines = against(options.against, setting)
        else:
            lines = _measure({part: PARTS[part] for part in options.only or PARTS}, setting)
    print(table(lines))
    options.output.write_text(json.dumps({**raw, "figures": as_json(lines)}, indent=2) + "\n")
    if options.chart:
        options.chart.write_text(chart(lines, f"mailgate, {raw['date']}: what is reached of each mark"))
    return int(any(line.reached is not None and line.reached < 1 for line in lines))


def _measure(parts: Mapping[str, tuple[Callable[[Setting], list[Line]], float]], setting: Setting) -> list[Line]:
    lines: list[Line] = []
    minutes = sum(each for _, each in parts.values())
    _say(f"{len(parts)} parts, about {minutes:.0f} minutes, and half an hour where a desk of a million is filled anew")
    for place, (name, (part, _)) in enumerate(parts.items(), 1):
        _say(f"[{place}/{len(parts)}] {name}")
        began = time.monotonic()
        (setting.folder / name).mkdir()
        try:
            lines += part(replace(setting, folder=setting.folder / name))
        except (NotInstalled, NoServer) as error:
            lines.append(Line(name, f"left out: {error}"))
        except (OSError, RuntimeError, subprocess.CalledProcessError) as error:  # the other parts go on
            lines.append(Line(name, f"failed: {error}", reached=0.0))
        _say(f"    {name} took {time.monotonic() - began:.0f} s")
    return lines


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--count", type=int, default=600, help="mails per run (default: 600)")
    parser.add_argument("--runs", type=int, default=5, help="number of runs (default: 5)")
    parser.add_argument("--against", metavar="REVISION", help="compare with another revision of the program, in turn")
    parser.add_argument("--only", choices=PARTS, action="append", help="run only this part, or these")
    parser.add_argument(
        "--output",
        type=Path,
        default=Path("benchmarks.json"),
        help="file for the results as JSON (default: benchmarks.json)",
    )
    parser.add_argument("--chart", type=Path, metavar="FILE", help="draw what is reached of each mark, as SVG")
    parser.add_argument(
        "--sizes", default=SIZES, type=_sizes, help="tickets of the desks that grow (default: 1000,100000,1000000)"
    )
    parser.add_argument("--desks", type=Path, metavar="FOLDER", help="keep the large desks there, and use them again")
    return parser.parse_args()


def _sizes(text: str) -> tuple[int, ...]:
    return tuple(map(int, text.split(",")))


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
