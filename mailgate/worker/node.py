"""A process becomes a node of its database, and leaves again (`mailgate.store.queues.nodes`)."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import socket
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from mailgate import __version__
from mailgate.config.dump import effective
from mailgate.errors import LockHeld, StorageError
from mailgate.settings import Config
from mailgate.store.db import Node, engine_of
from mailgate.store.engine import MARGIN
from mailgate.store.queues import nodes, outbox
from mailgate.store.queues.nodes import About
from mailgate.writing.templates.folders import Folder

PATIENCE = nodes.LEASE + MARGIN + nodes.RENEW  # seconds for a node of the same name to be seen dead
PAUSE = 1.0  # seconds between two looks
# What differs between machines: it is left out of the digest of a configuration.
_OWN = ("file", "storage", "smtp", "submission", "http", "hostname", "templates")
_OWN_OF_DESK = ("secret", "hostname")
_BOOT = Path("/proc/sys/kernel/random/boot_id")

log = logging.getLogger("mailgate")


def name_of(config: Config) -> str:
    """The name of this machine's node: the configured one, else that of the host."""
    return config.storage.node or socket.gethostname()


def about(config: Config) -> About:
    """What the database holds of a daemon as a node."""
    return About(name=name_of(config), place=_place(config), version=__version__, config=config_digest(config))


def about_command(config: Config) -> About:
    """What the database holds of a command as a node, which it is where no daemon runs."""
    return About(name=f"{name_of(config)} (command)", place=_place(config), version=__version__, config="")


def _place(config: Config) -> str:
    boot = ""
    with suppress(OSError):  # another system than Linux
        boot = _BOOT.read_text()
    place = f"{boot}\0{socket.gethostname()}\0{config.storage.beside.absolute()}"
    return hashlib.sha256(os.fsencode(place)).hexdigest()  # a path need not be UTF-8


def config_digest(config: Config) -> str:
    """A digest of the configuration and its templates, without what differs between machines.

    Paths count from the folder of the configuration.
    """
    values = effective(config)
    desk = values["desk"]
    assert isinstance(desk, dict)
    rest = {key: value for key, value in values.items() if key not in _OWN}
    rest["desk"] = {key: value for key, value in desk.items() if key not in _OWN_OF_DESK}
    text = json.dumps(rest, sort_keys=True).replace(f"{config.file.absolute().parent}/", "")
    sha256 = hashlib.sha256(text.encode())
    files = Folder.read(config.templates).files if config.templates else {}
    for name, content in sorted(files.items()):
        sha256.update(f"{name}\0{len(content)}\0".encode() + content)
    return sha256.hexdigest()[:16]


@contextmanager
def joined(config: Config) -> Iterator[Node]:
    """Be a node for the duration of the block, which holds the lock file.

    Waits for one of the same name that was on another machine, or on this one before it started anew, to be seen dead.
    Raises LockHeld where it lives, StorageError.
    """
    engine = engine_of(config.storage.database)
    until = time.monotonic() + PATIENCE
    reloads: int | None = None  # at the first look, just after the configuration was read
    while True:
        try:
            with closing(engine.open_writer()) as db, db.transaction():
                reloads = nodes.reloads(db) if reloads is None else reloads
                node = replace(nodes.join(db, about(config), alone=engine.alone), reloads=reloads)
            break
        except LockHeld as error:
            if time.monotonic() > until:
                raise
            log.warning("%s; waiting for the end of its lease", error.public)
            time.sleep(PAUSE)
    try:
        yield node
    finally:
        with suppress(StorageError), closing(engine.open_writer()) as db, db.transaction():
            nodes.end(db, node.number)
            outbox.release(db)  # what it could not record: others take no notice of one that left in order
