"""Counting a report beside the way of mail: on a connection of its own, in whatever thread asks for it.

A large desk takes seconds to count. Mail that is worked meanwhile takes a fifth longer.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from datetime import datetime

from mailgate.desk.report import read_figures
from mailgate.rules.report.counting import Counted
from mailgate.settings import Config
from mailgate.store.db import open_reader, storage_errors


class Stopped(Exception):
    """The daemon stops; nothing was counted."""


def count_aside(
    config: Config, since: datetime, until: datetime, stopped: Callable[[], bool] = lambda: False
) -> Counted:
    """The figures of a period. Raises Stopped soon after `stopped` says so, and StorageError."""

    def look(_done: int, _all: int) -> None:
        if stopped():
            raise Stopped

    with storage_errors(), closing(open_reader(config.storage.database)) as db:
        return read_figures(db, config, since, until, look)
