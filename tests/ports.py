"""Ports on loopback that belong to one test process: nobody else takes them while a server restarts.

A port that the kernel gives for 0 can be given to somebody else as soon as it is closed, to an outgoing connection,
too. These lie below the kernel's range, and a lock on a file keeps other test processes of this user away.
"""

from __future__ import annotations

import fcntl
import os
import socket
import tempfile
from functools import cache
from pathlib import Path
from random import Random
from typing import IO

_LOWEST = 10_000
_KERNEL = Path("/proc/sys/net/ipv4/ip_local_port_range")
_held: list[IO[str]] = []  # locked until this process ends


def reserved_port() -> int:
    """A port that nobody listens on, for this process alone until it ends."""
    return next(port for port in _candidates() if _lock(port) and _is_free(port))


@cache
def _highest() -> int:
    """The last port below the kernel's own; where its range leaves no room, any."""
    first = int(_KERNEL.read_text().split()[0]) if _KERNEL.exists() else 32_768
    return first if first > _LOWEST + 5_000 else 65_536


def _candidates() -> list[int]:
    ports = list(range(_LOWEST, _highest()))
    Random(os.getpid() * 1000 + len(_held)).shuffle(ports)  # test processes that start together look at different ones
    return ports


def _lock(port: int) -> bool:
    folder = Path(tempfile.gettempdir()) / f"mailgate-test-ports-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    file = (folder / str(port)).open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return False
    _held.append(file)
    return True


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
