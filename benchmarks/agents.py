"""Fifty agents: the rate at which their mails go out, beside smtplib, and a file of 4.7 MB for all of them."""

from __future__ import annotations

import smtplib
import sys
import time
from pathlib import Path

from benchmarks import harness
from benchmarks.client import message, sender
from benchmarks.harness import Server, Setting
from benchmarks.results import Line, Spread, at_least, at_most

AGENTS = 50
MAILS = AGENTS + 1  # that a new ticket causes: an alert each, and the acknowledgement
MORE_AGENTS = "\n".join(
    f'[agent.a{number}]\nname = "Agent {number}"\nemail = ["a{number}@desk.example"]' for number in range(1, AGENTS)
)


def agents(setting: Setting) -> list[Line]:
    """Mails a second of a desk with fifty agents, and what one large mail to all of them takes."""
    count = max(setting.count // 10, 10)
    ours, theirs = [], []
    with harness.mailgate(setting.folder, setting.sink, more=MORE_AGENTS, mails=MAILS) as desk:
        for run in range(setting.runs + 1):
            rate = harness.drive(desk, setting.sink, f"agents{run}", count).rate * MAILS
            plain = _smtplib(setting.sink, count * MAILS)
            if run:
                setting.log(f"{rate:.0f} mails/s, smtplib {plain:.0f}/s")
                ours.append(rate)
                theirs.append(plain)
        large = _large(setting, desk)
    setting.raw["51 mails a ticket"] = {"mailgate": ours, "smtplib": theirs}
    return [
        Line(f"{MAILS} mails a ticket: mailgate, from its mail to the last one", Spread.of(ours).text(" mails/s")),
        Line(f"{MAILS} mails a ticket: smtplib, the same number of mails", Spread.of(theirs).text(" mails/s")),
        at_least(f"{MAILS} mails a ticket: mailgate / smtplib", Spread.ratio(ours, theirs), 1.5),
        *large,
    ]


def _smtplib(sink: int, count: int) -> float:
    """Mails a second of smtplib in a process of its own, over one connection."""
    command = [str(sink), str(count)]
    with harness.process("-m", "benchmarks.agents", *command) as running:
        return float(harness.first_line(running))


def _large(setting: Setting, desk: Server) -> list[Line]:
    """Memory and database for a mail of 4.7 MB to fifty agents, and how long the mail behind it waits."""
    received = harness.SinkClient(setting.sink)
    received.ask("XRESET")
    before, stored = harness.follow_peak(desk.pid), _database(setting.folder)
    harness.client(desk.port, "large", 1, "--shape", "attach-4.7MB")
    sent = harness.client(desk.port, "behind", 1)
    behind = sender("behind", 0)
    waited = received.wait_for_all([behind])[behind] - sent["accepted"][behind]
    received.wait_for(2 * MAILS)
    memory, database = harness.peak(desk.pid) - before, _database(setting.folder) - stored
    setting.raw["4.7 MB to 50 agents"] = {"memory": memory, "database": database, "behind": waited}
    label = f"4.7 MB to {AGENTS} agents"
    return [
        at_most(f"{label}: memory, both processes", Spread.of([memory / 1e6]), 60, "MB"),
        at_most(f"{label}: database and its log", Spread.of([database / 1e6]), 10, "MB", 1),
        at_most(f"{label}: the mail behind waits", Spread.of([waited]), 1, "s", 2),
    ]


def _database(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.glob("mailgate.db*"))


def _send(sink: int, count: int) -> float:
    data = message("smtplib", 1, "plain").removesuffix(b".\r\n") * 2  # about as large as an alert
    began = time.monotonic()
    with smtplib.SMTP("127.0.0.1", sink) as relay:
        for number in range(count):
            relay.sendmail("support@bank.example", [f"a{number}@desk.example"], data)
    return count / (time.monotonic() - began)


if __name__ == "__main__":
    print(_send(int(sys.argv[1]), int(sys.argv[2])), flush=True)
