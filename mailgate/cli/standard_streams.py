"""Standard input, output and error of a command: there even where its caller closed them, or their disk is full.

Knows no verb and prints nothing.
"""

from __future__ import annotations

import errno
import os
import sys
from typing import TextIO

from mailgate.errors import MailgateError

_OF_OUTPUT = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF)  # EBADF: it was opened to be read


def open_closed() -> None:
    """Open what the caller closed: else the next file or connection gets its number, and what is printed goes there.

    What is written is dropped. Standard input cannot be read: a pipe that is not there is no empty mail.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_WRONLY)  # the lowest number that is free: this one
            os.set_inheritable(number, True)  # noqa: FBT003 - the os module's own argument
    sys.stdin = sys.stdin or os.fdopen(0, closefd=False, encoding="utf-8")
    sys.stdout = sys.stdout or os.fdopen(1, "w", closefd=False, encoding="utf-8")
    sys.stderr = sys.stderr or os.fdopen(2, "w", closefd=False, encoding="utf-8")


def is_of_output(error: OSError) -> bool:
    """True for an error of standard output: one of a file has its name, or is a MailgateError."""
    return error.filename is None and error.errno in _OF_OUTPUT


def read_input(*, one_line: bool = False) -> bytes:
    """All of standard input, or its next line. Raises MailgateError where it cannot be read."""
    try:
        return sys.stdin.buffer.readline() if one_line else sys.stdin.buffer.read()
    except OSError as error:
        raise MailgateError(f"cannot read standard input: {os.strerror(error.errno or 0).lower()}") from error


def say_aside(text: str) -> None:
    """Print a line on standard error. What it does not take is dropped: that is no reason to do less, or to fail."""
    try:
        print(text, file=sys.stderr)
    except OSError:
        drop(sys.stderr)


def drop(stream: TextIO) -> None:
    """Drop what a stream did not take, and what is printed later: else the end of the process tries it again."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, stream.fileno())
    os.close(nothing)
