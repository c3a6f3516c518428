"""How long after its 250 a mail is acknowledged: at half load, and beside mails of 50 MB."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

from benchmarks import harness
from benchmarks.harness import Server, Setting
from benchmarks.results import Line, Spread, at_most, percentile

_LEAST = 400  # mails, so that their 99th percentile says something


def latency(setting: Setting) -> list[Line]:
    """The time from the 250 to the acknowledgement at the sink, mails arriving at half the highest rate."""
    count = max(setting.count, _LEAST)
    with harness.mailgate(setting.folder, setting.sink) as desk:
        harness.drive(desk, setting.sink, "warm", count // 2, "--once")
        rate = harness.drive(desk, setting.sink, "full", count, "--once").rate / 2
        alone = _waits(setting, desk, "half", count, rate)
        with ThreadPoolExecutor(1) as beside:
            small = beside.submit(_waits, setting, desk, "beside", count * 2, rate)
            large = 0
            while not small.done():
                harness.client(desk.port, f"large{large}", 1, "--shape", "attach-50MB")
                large += 1
                time.sleep(2)
            busy = small.result()
    setting.log(f"at {rate:.0f} mails/s; {large} mails of 50 MB beside {count * 2} small ones")
    setting.raw["latency"] = {"rate": rate, "alone": alone, "beside 50 MB": busy}
    return [
        Line("250 to acknowledgement, half load, median", f"{percentile(alone, 0.5):.0f} ms"),
        _p99("250 to acknowledgement, half load, p99", alone, 40),
        _p99("the same beside mails of 50 MB, p99", busy, 100),
    ]


def _p99(label: str, waits: list[float], mark: float) -> Line:
    p99 = percentile(waits, 0.99)
    return at_most(label, Spread(p99, p99, p99), mark, "ms")


def _waits(setting: Setting, desk: Server, name: str, count: int, rate: float) -> list[float]:
    """Milliseconds that each mail waited for its acknowledgement."""
    received = harness.SinkClient(setting.sink)
    received.ask("XRESET")
    sent = harness.client(desk.port, name, count, "--rate", f"{rate:.2f}")
    times = received.wait_for_all(sent["accepted"])
    return [(times[sender] - at) * 1000 for sender, at in sent["accepted"].items()]
