"""A pager for long output: on a terminal it shows the first screen at once, and the rest on demand."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO

# less: quit if one screen is enough, keep colours, leave the text on the screen; as git starts it
_LESS = {"LESS": "FRX"}


@contextmanager
def paged() -> Iterator[IO[str]]:
    """Where to write: standard output, or on a terminal the program that $PAGER names (`less` without it).

    Whoever ends the pager early has seen enough: the block is left without an error. `PAGER=cat` turns it off.
    """
    command = _command() if sys.stdout.isatty() and sys.stdin.isatty() else []
    if not command:
        yield sys.stdout
        return
    pager = subprocess.Popen(command, stdin=subprocess.PIPE, text=True, env={**_LESS, **os.environ})  # noqa: S603
    assert pager.stdin is not None
    try:
        with suppress(BrokenPipeError):
            yield pager.stdin
    finally:
        with suppress(BrokenPipeError):
            pager.stdin.close()
        while pager.returncode is None:
            with suppress(KeyboardInterrupt):  # for the pager, which goes on
                pager.wait()


def _command() -> list[str]:
    """The pager with its arguments; empty where there is none."""
    wanted = shlex.split(os.environ.get("PAGER", "less"))
    return wanted if wanted and wanted[0] != "cat" and shutil.which(wanted[0]) else []
