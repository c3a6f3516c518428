"""Starts the worker process. Called before the daemon has threads or an event loop, since it forks."""

from __future__ import annotations

import asyncio
import gc
import logging
import multiprocessing
import os
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from mailgate.errors import StorageError
from mailgate.settings import Config
from mailgate.store.db import Node
from mailgate.system.memory import return_freed_memory

STOP_TIMEOUT = 4.0  # seconds for the worker to finish its current batch before it is killed

log = logging.getLogger("mailgate")


@contextmanager
def start_worker(
    config: Config,
    secrets: tuple[bytes, ...],
    node: Node = Node(),  # noqa: B008 - an immutable value
) -> Iterator[socket.socket]:
    """Run a worker process for the duration of the block; yields the daemon's end of the socket pair.

    The fork inherits the daemon's file lock, so no other daemon can start on the database
    before the worker has exited.
    """
    ours, theirs = socket.socketpair()
    gc.freeze()  # a garbage collection writes to each object, and so takes a copy of what both processes share
    process = multiprocessing.get_context("fork").Process(target=_run, args=(config, secrets, node, theirs, ours))
    process.start()
    theirs.close()
    try:
        yield ours
    finally:
        ours.close()  # the worker exits at end of file
        process.join(STOP_TIMEOUT)
        if process.exitcode is not None and process.exitcode < 0:
            log.error("worker ended by signal %d%s", -process.exitcode, _hint(-process.exitcode))
        process.kill()
        process.join()


def exit_now(code: int) -> None:
    """Exit without waiting for what blocks (mostly a locked database). Accepted mail is in the database.

    The worker goes first: it would hold the lock file until it notices, and the next daemon could not start.
    """
    for process in multiprocessing.active_children():
        process.kill()
        process.join(STOP_TIMEOUT)
    logging.shutdown()
    os._exit(code)


def _hint(number: int) -> str:
    return " (out of memory?)" if number == signal.SIGKILL else ""


def _run(config: Config, secrets: tuple[bytes, ...], node: Node, end: socket.socket, other: socket.socket) -> None:
    other.close()  # an open copy in this process would prevent end of file
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # handled by the daemon, which sends messages
        signal.signal(number, signal.SIG_IGN)
    return_freed_memory()
    # late: these modules take time and memory to load, which only the worker process should pay
    from mailgate.daemon.worker import WorkerProcess

    try:
        asyncio.run(WorkerProcess(config, secrets, node).run(end))
    except StorageError as error:  # no fault of the program
        log.error("worker: %s%s", error.public, f" ({error.cause})" if error.cause else "")  # noqa: TRY400
        sys.exit(1)
