"""The daemon on asyncio's own loop and on uvloop, in turn: its processor time a mail, without that of the worker."""

from __future__ import annotations

from importlib.util import find_spec

from benchmarks import harness
from benchmarks.harness import Setting
from benchmarks.results import Line, Spread
from mailgate.system.event_loop import VARIABLE


def loops(setting: Setting) -> list[Line]:
    """Both loops, where uvloop is installed."""
    if not find_spec("uvloop"):
        return [Line("event loops", "left out: uvloop is not installed")]
    lines = []
    with (
        harness.mailgate(setting.folder / "a", setting.sink, environment={VARIABLE: "asyncio"}) as plain,
        harness.mailgate(setting.folder / "u", setting.sink, environment={VARIABLE: "uvloop"}) as other,
    ):
        for label, flags in (("one mail a connection", ("--once",)), ("many mails a connection", ())):
            found = harness.in_turn({"asyncio": plain, "uvloop": other}, setting, setting.count, *flags)
            costs = {name: [run.daemon * 1000 for run in runs] for name, runs in found.items()}
            lines += [
                Line(f"{label}: the daemon on {name}, processor time", Spread.of(cost).text(" ms", 2))
                for name, cost in costs.items()
            ]
            ratio = Spread.ratio(costs["uvloop"], costs["asyncio"])
            lines.append(Line(f"{label}: uvloop / asyncio", ratio.text(digits=2)))
            setting.raw[f"loops, {label}"] = costs
    return lines
