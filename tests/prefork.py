"""Starts real mailgate processes without importing mailgate for each of them: a server has it imported, and forks.

The forked process has the descriptors, folder, environment, session and arguments that were asked for, and then runs
the program as Python would. What Python reads before the first line of a program (PYTHONHASHSEED, the locale) is that
of the tests. A program that measures its start or its memory, or changes numbers before other modules import them, is
started by `subprocess` instead.
"""

from __future__ import annotations

import atexit
import fcntl
import gc
import json
import os
import pkgutil
import runpy
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import IO, Any

from tests.waiting import PATIENCE

ROOT = Path(__file__).parents[1]
_LONGEST = 200_000  # bytes of a request: arguments and environment
_MOST_FILES = 16
_APART = 20  # descriptors from here on are not among those that a process starts with


class Process:
    """A process that the server forked; the methods are those of `subprocess.Popen`."""

    def __init__(self, report: IO[bytes], stdout: IO[bytes] | None) -> None:
        self.stdout = stdout
        self.returncode: int | None = None
        self._report = report
        self.pid = int(report.readline())

    def poll(self) -> int | None:
        """The exit code, negative for a signal; None while the process runs."""
        return self._code(0)

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end and return the exit code. Raises TimeoutExpired after `timeout` seconds."""
        code = self._code(timeout)
        if code is None:
            raise subprocess.TimeoutExpired(str(self.pid), timeout or 0)
        return code

    def _code(self, timeout: float | None) -> int | None:
        if self.returncode is None and select.select([self._report], [], [], timeout)[0]:
            status = self._report.readline()
            assert status, "the server of processes is gone"
            self.returncode = os.waitstatus_to_exitcode(int(status))
            self._report.close()
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send a signal unless the process has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """Kill the process unless it has ended."""
        self.send_signal(signal.SIGKILL)


def start(
    words: Sequence[object],
    *,
    stdin: int | IO[bytes] = subprocess.DEVNULL,
    stdout: int | IO[bytes] = subprocess.DEVNULL,
    stderr: int | IO[bytes] = subprocess.DEVNULL,
    cwd: Path = ROOT,
    env: Mapping[str, str] | None = None,
    hand_over: Sequence[int] = (),
    start_new_session: bool = False,
) -> Process:
    """Start `python WORDS`, where WORDS are "-m" and a module or the path of a script, and arguments.

    `stdin`, `stdout` and `stderr` are files or DEVNULL, `stdout` PIPE, too. The process has `hand_over` as its
    descriptors from 3 on, and then LISTEN_PID (sd_listen_fds(3)).
    """
    what = {
        "words": [os.fspath(word) if isinstance(word, Path) else str(word) for word in words],
        "cwd": os.fspath(cwd),
        "env": dict(os.environ if env is None else env),
        "session": start_new_session,
        "listen": bool(hand_over),
    }
    report, reported = os.pipe()
    output, written = os.pipe() if stdout == subprocess.PIPE else (None, None)
    nowhere = os.open(os.devnull, os.O_RDWR)
    standard = (stdin, stdout if written is None else written, stderr)
    files = [nowhere if each == subprocess.DEVNULL else each for each in standard]
    socket.send_fds(_server(), [json.dumps(what).encode()], [reported, *map(_descriptor, files), *hand_over])
    for each in (reported, nowhere, written):
        if each is not None:
            os.close(each)
    return Process(os.fdopen(report, "rb", buffering=0), None if output is None else os.fdopen(output, "rb"))


def _descriptor(file: int | IO[bytes]) -> int:
    return file if isinstance(file, int) else file.fileno()


def run(
    words: Sequence[object], *, stdin: bytes = b"", cwd: Path = ROOT, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[bytes]:
    """Run `python WORDS` to its end, as `subprocess.run` does."""
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        given.write(stdin)
        given.seek(0)
        process = start(words, stdin=given, stdout=out, stderr=err, cwd=cwd, env=env)
        try:
            code = process.wait(PATIENCE)
        finally:
            process.kill()
        for each in (out, err):
            each.seek(0)
        return subprocess.CompletedProcess(list(words), code, out.read(), err.read())


@cache
def _server() -> socket.socket:
    """The server of this process; it ends with this process, at the end of the socket."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.prefork", str(theirs.fileno())],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            env=os.environ | {"PYTHONUNBUFFERED": "1"},
            pass_fds=[theirs.fileno()],
        )

    def end() -> None:
        ours.close()
        process.wait()

    atexit.register(end)
    return ours


# ── the server ──────────────────────────────────────────────────────────────────────────


def _serve(control: socket.socket) -> tuple[dict[str, Any], list[int]] | None:
    """Fork a process for each request, and report its id and how it ended.

    Returns in each of these processes what was asked for, with its descriptors; in the server None at the end.
    """
    poll, running = select.poll(), dict[int, tuple[int, int]]()
    poll.register(control, select.POLLIN)
    while True:
        for ready, _ in poll.poll():
            if ready in running:
                pid, report = running.pop(ready)
                os.write(report, b"%d\n" % os.waitpid(pid, 0)[1])
                poll.unregister(ready)
                os.close(report)
                os.close(ready)
                continue
            text, files, _, _ = socket.recv_fds(control, _LONGEST, _MOST_FILES)
            if not text:
                return None
            pid = os.fork()
            if not pid:
                control.detach()
                return json.loads(text), files[1:]
            os.write(files[0], b"%d\n" % pid)
            for each in files[1:]:
                os.close(each)
            ended = os.pidfd_open(pid)
            running[ended] = pid, files[0]
            poll.register(ended, select.POLLIN)


def _become(what: dict[str, Any], files: list[int]) -> None:
    """Give this process what was asked for, and run its program."""
    if what["session"]:
        os.setsid()
    apart = [fcntl.fcntl(each, fcntl.F_DUPFD, _APART) for each in files]  # so that none is closed before its turn
    for number, each in enumerate(apart):
        os.dup2(each, number)
    os.closerange(len(files), max(apart) + 1)
    os.chdir(what["cwd"])
    os.environ.clear()
    os.environ.update(what["env"])
    if what["listen"]:
        os.environ["LISTEN_PID"] = str(os.getpid())
    time.tzset()
    program, *sys.argv = what["words"] if what["words"][0] == "-m" else ("", *what["words"])
    if program:  # "-m"
        runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
    else:
        runpy.run_path(sys.argv[0], run_name="__main__")


def main() -> None:
    """Import what the daemon, its worker and the commands import, and serve."""
    import mailgate.cli
    import mailgate.daemon
    import mailgate.inbound

    for package in (mailgate.cli, mailgate.daemon, mailgate.inbound):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            import_module(module.name)
    gc.collect()
    gc.freeze()  # nothing of it is ever looked at again, nor copied
    if asked := _serve(socket.socket(fileno=int(sys.argv[1]))):
        _become(*asked)


if __name__ == "__main__":
    main()
