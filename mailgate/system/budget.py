"""What reading one mail may cost: processor time in this process, and time and memory in a trial before a retry.

Two measures, because neither reaches everything. Reading runs in a thread, which an exception from another thread
ends between two steps of Python; a single call of a C library that holds the interpreter is ended by nothing but
the end of its process, which the watchdog sees to. So a mail whose try ended with the process is read by a process of
its own first, under limits of the kernel.
"""

from __future__ import annotations

import ctypes
import math
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import TypeVar

from mailgate.errors import TooExpensive

SECONDS = 60.0  # of processor time; the largest mails take a tenth of it
MEMORY = 2_000_000_000  # bytes of address space in a trial, and
MEMORY_SHARE = 20  # for each byte of the mail
CHECKED = 1.0  # seconds between checks of a reading in progress
OUT_OF_MEMORY = 3  # exit code of a trial that says so itself
_PAUSE = 0.001  # seconds

T = TypeVar("T")


class _Over(BaseException):
    """Thrown into the thread that reads. No `Exception`: the reader turns those into defects of a mail."""


class Budget:
    """The processor time that each mail may take which a thread reads; `check` is called from another thread."""

    def __init__(self, seconds: float = SECONDS) -> None:
        self.seconds = seconds
        self._lock = threading.Lock()
        self._thread = 0  # that is reading; 0: none
        self._clock = 0
        self._until = 0.0

    def spend(self, work: Callable[[], T]) -> T:
        """Do the work of one mail. Raises TooExpensive when it takes more than the budget."""
        thread = threading.get_ident()
        with self._lock:
            self._clock = time.pthread_getcpuclockid(thread)
            self._until = time.clock_gettime(self._clock) + self.seconds
            self._thread = thread
        try:
            try:
                return work()
            finally:
                self._end()
        except _Over:
            what = f"reading the mail took more than {self.seconds:.0f} seconds of processor time"
            raise TooExpensive(what) from None

    def _end(self) -> None:
        """Stop the timing; an exception that is on its way arrives here at the latest."""
        with self._lock:
            thrown, self._thread = not self._thread, 0
        if thrown and sys.exc_info()[0] is not _Over:
            while True:
                time.sleep(_PAUSE)

    def check(self) -> None:
        """End the work of a mail that is over the budget."""
        with self._lock:
            if self._thread and time.clock_gettime(self._clock) > self._until:
                ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(self._thread), ctypes.py_object(_Over))
                self._thread = 0


def try_in_own_process(module: str, raw: bytes, seconds: float = SECONDS) -> None:
    """Run `python -m MODULE SECONDS BYTES` on a mail. Raises TooExpensive when that exceeds its time or its memory.

    The module reads the mail from standard input and calls `limit_this_process` with its two arguments.
    Whatever else goes wrong there says nothing of the mail, or shows again when it is read here.
    """
    command = [sys.executable, "-m", module, str(int(seconds)), str(MEMORY + MEMORY_SHARE * len(raw))]
    try:
        done = subprocess.run(command, input=raw, capture_output=True, check=False)  # noqa: S603
    except OSError:
        return
    if done.returncode < 0:
        raise TooExpensive(f"a process that read the mail ended by signal {-done.returncode}: too much time or memory")
    if done.returncode == OUT_OF_MEMORY:
        raise TooExpensive(f"reading the mail took more than {MEMORY // 1_000_000} MB of memory")


def limit_this_process(seconds: int, memory: int) -> None:
    """Have the kernel end this process when it uses more processor time from now on (seconds) or memory (bytes)."""
    most = math.ceil(time.process_time()) + seconds  # starting Python counts for no mail
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (most, most))
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
