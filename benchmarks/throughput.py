"""Tickets a second, in turn with bare aiosmtpd, which discards mail, and with the least prototype."""

from __future__ import annotations

from benchmarks import harness
from benchmarks.harness import Run, Setting
from benchmarks.results import Line, Spread, at_least

# What is sent, on connections of one mail or of many, how many mails of it (a part of the whole), and the mark.
WORKLOADS = (
    ("plain, one mail a connection", ("--once",), 1.0, 0.5),
    ("plain, many mails a connection", (), 1.0, 0.25),
    ("text and HTML of 15 kB", ("--shape", "alt"), 0.5, 0.4),
    ("file of 282 kB", ("--shape", "attach"), 0.2, 1.5),
)


def throughput(setting: Setting) -> list[Line]:
    """Mails a second from the first connect to the last 250 (bare), or to the last outgoing mail (the others)."""
    lines = []
    (setting.folder / "least").mkdir(parents=True)
    least = (str(setting.folder / "least" / "database"), str(setting.sink))
    with (
        harness.server("benchmarks.baseline") as bare,
        harness.server("benchmarks.prototype", *least, mails=2) as prototype,
        harness.mailgate(setting.folder / "desk", setting.sink) as desk,
    ):
        for label, flags, part, mark in WORKLOADS:
            setting.log(label)
            sides = {"bare aiosmtpd": bare, "mailgate": desk}
            if label.startswith("plain"):  # it makes no alerts with files
                sides["least prototype"] = prototype
            found = harness.in_turn(sides, setting, max(int(setting.count * part), 10), *flags)
            lines += [_line(f"{label}: {name}", runs) for name, runs in found.items()]
            ratio = Spread.ratio(_rates(found["mailgate"]), _rates(found["bare aiosmtpd"]))
            lines.append(at_least(f"{label}: mailgate / bare", ratio, mark))
            # Beside other work the rates say little: this is what two idle cores would give.
            busier = [max(run.daemon, run.cost - run.daemon) for run in found["mailgate"]]
            by_time = Spread.ratio([run.cost for run in found["bare aiosmtpd"]], busier)
            lines.append(Line(f"{label}: the same by processor time, of the busier process", by_time.text(digits=2)))
            setting.raw[label] = {name: [vars(run) for run in runs] for name, runs in found.items()}
    return lines


def against(revision: str, setting: Setting) -> list[Line]:
    """This tree and another revision of the program in turn: tickets a second, and processor time a ticket."""
    lines = []
    with (
        harness.checkout(revision) as tree,
        harness.mailgate(setting.folder / "here", setting.sink) as here,
        harness.mailgate(setting.folder / "there", setting.sink, tree) as there,
    ):
        for label, flags, part, _ in WORKLOADS:
            setting.log(label)
            found = harness.in_turn(
                {"this tree": here, revision: there}, setting, max(int(setting.count * part), 10), *flags
            )
            lines += [_line(f"{label}: {name}", runs) for name, runs in found.items()]
            ratio = Spread.ratio(*([run.cost for run in found[name]] for name in ("this tree", revision)))
            lines.append(Line(f"{label}: processor time, this tree / {revision}", ratio.text(digits=2)))
            setting.raw[f"{label}, against {revision}"] = {
                name: [vars(run) for run in runs] for name, runs in found.items()
            }
    return lines


def _rates(runs: list[Run]) -> list[float]:
    return [run.rate for run in runs]


def _line(label: str, runs: list[Run]) -> Line:
    rate, cost = Spread.of(_rates(runs)), Spread.of([run.cost * 1000 for run in runs])
    return Line(label, f"{rate.text(' /s')}, {cost.median:.2f} ms of processor each")
