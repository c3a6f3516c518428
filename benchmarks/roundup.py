"""Roundup in its fastest mode: one process takes a whole mbox, every sender is known, one mail goes out for each issue.

It is installed from the package index into a folder of the user's cache, which is kept; mailgate does not depend on
it. Where it cannot be installed, this part is left out. Each run has a fresh tracker: SQLite, the settings that
Roundup comes with, its own index of words, users that exist already.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
import venv
from pathlib import Path

from benchmarks import harness
from benchmarks.client import message, sender
from benchmarks.harness import Run, Setting
from benchmarks.results import Line, Spread, at_least

_VERSION = "2.6.0"
_COUNT = 300  # mails in a run, at most
_SETTINGS = {
    "tracker": {"web": "http://tracker.example/", "email": "support"},
    "mail": {"domain": "bank.example", "host": "127.0.0.1", "port": "{sink}"},
    "nosy": {"messages_to_author": "new"},
    "main": {"indexer": "native"},
}
# Runs in Roundup's own environment. Hashing a password takes half a second: these users have none.
_ADD_USERS = """
import sys
from roundup import instance
tracker = instance.open(sys.argv[1])
database = tracker.open("admin")
for line in sys.stdin:
    address = line.strip()
    database.user.create(username=address, address=address, realname=address, roles="User")
database.commit()
database.close()
"""


class NotInstalled(Exception):
    """Roundup is not there, and cannot be installed."""


def _installed() -> Path:
    """The folder of an environment with Roundup in it, made if there is none. Raises NotInstalled."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "mailgate-benchmarks" / f"roundup-{_VERSION}"
    if (folder / "bin" / "roundup-mailgw").exists():
        return folder
    venv.create(folder, with_pip=True, clear=True)
    command = [str(folder / "bin" / "pip"), "install", "--quiet", f"roundup=={_VERSION}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NotInstalled((done.stderr.strip() or "pip failed").splitlines()[-1])
    return folder


def beside_roundup(setting: Setting) -> list[Line]:
    """Tickets a second (two mails each) beside issues a second (one mail each). Raises NotInstalled."""
    home = _installed()
    count = min(setting.count, _COUNT)
    ours, theirs = [], []
    with harness.mailgate(setting.folder / "desk", setting.sink) as desk:
        harness.drive(desk, setting.sink, "warm", count)
        for number in range(setting.runs):
            theirs.append(_run(home, setting.folder, setting.sink, f"tracker{number}", count))
            ours.append(harness.drive(desk, setting.sink, f"r{number}", count))
            setting.log(f"Roundup {theirs[-1].rate:.0f}/s, mailgate {ours[-1].rate:.0f}/s")
    setting.raw["roundup"] = {"Roundup": [vars(run) for run in theirs], "mailgate": [vars(run) for run in ours]}
    rates = [[run.rate for run in runs] for runs in (ours, theirs)]
    costs = [Spread.of([run.cost * 1000 for run in runs]).median for runs in (ours, theirs)]
    return [
        Line(
            f"Roundup {_VERSION}, mbox, one mail out",
            f"{Spread.of(rates[1]).text(' /s')}, {costs[1]:.2f} ms of processor each",
        ),
        Line(
            "mailgate, the same mails, two mails out",
            f"{Spread.of(rates[0]).text(' /s')}, {costs[0]:.2f} ms of processor each",
        ),
        at_least("mailgate / Roundup", Spread.ratio(*rates), 8),
    ]


def _run(home: Path, folder: Path, sink: int, name: str, count: int) -> Run:
    """Run the mails through a fresh tracker in `folder`."""
    tracker = folder / name
    admin = str(home / "bin" / "roundup-admin")
    _quiet(admin, "-i", str(tracker), "install", "classic", "sqlite")
    _configure(tracker / "config.ini", sink)
    _quiet(admin, "-i", str(tracker), "initialise", "secret")
    people = "".join(f"{sender(name, number)}\n" for number in range(count))
    _quiet(str(home / "bin" / "python"), "-c", _ADD_USERS, str(tracker), given=people)
    mbox = folder / f"{name}.mbox"
    mbox.write_bytes(b"".join(b"From x Mon Nov 16 10:00:00 2026\n" + _lines(name, n) for n in range(count)))
    received = harness.SinkClient(sink)
    received.ask("XRESET")
    began, used = time.monotonic(), _children()
    _quiet(str(home / "bin" / "roundup-mailgw"), str(tracker), "mailbox", str(mbox))
    ended, used = received.wait_for(count), _children() - used
    return Run(count / (ended - began), 0.0, used / count)


def _lines(name: str, number: int) -> bytes:
    """A mail as it stands in an mbox: without the dot that ends it in SMTP."""
    return message(name, number, "plain").replace(b"\r\n", b"\n").removesuffix(b".\n") + b"\n"


def _configure(path: Path, sink: int) -> None:
    """Change the settings in place; the file is Roundup's own, with comments."""
    section, lines = "", []
    for line in path.read_text().splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        name = line.split(" = ")[0].lstrip("#").strip()
        given = _SETTINGS.get(section, {}).get(name) if " = " in line else None
        lines.append(line if given is None else f"{name} = {given.format(sink=sink)}")
    path.write_text("\n".join(lines) + "\n")


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _quiet(*command: str, given: str = "") -> None:
    done = subprocess.run(command, input=given, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.stderr.write(done.stdout + done.stderr)
        done.check_returncode()
