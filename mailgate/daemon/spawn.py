"""The worker's process: begun beside the daemon's before that has threads or a loop, gone with it."""

from __future__ import annotations

import asyncio
import multiprocessing
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from mailgate.settings import Config

GRACE = 4.0  # seconds that what the worker has in hand may take to finish


@contextmanager
def start_worker(config: Config, secrets: tuple[bytes, ...]) -> Iterator[socket.socket]:
    """A worker for as long as the block runs; gives the daemon's end of the wire to it.

    Forks, so the worker holds the daemon's lock as well: no other begins before it has ended.
    """
    ours, theirs = socket.socketpair()
    process = multiprocessing.get_context("fork").Process(target=_run, args=(config, secrets, theirs, ours))
    process.start()
    theirs.close()
    try:
        yield ours
    finally:
        ours.close()  # it ends when it reads the end
        process.join(GRACE)
        process.kill()
        process.join()


def _run(config: Config, secrets: tuple[bytes, ...], end: socket.socket, other: socket.socket) -> None:
    other.close()  # else the end would never be read
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # the daemon hears them, and says what to do
        signal.signal(number, signal.SIG_IGN)
    # late: what deciding needs takes time to load, and memory, in the worker process alone
    from mailgate.daemon.worker import WorkerProcess

    asyncio.run(WorkerProcess(config, secrets).run(end))
