"""Where a configuration has the daemon listen, and how much it takes there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from mailgate.errors import Refused
from mailgate.settings import MAX_MAIL, Config, Listener


def place(smtp: Listener | None) -> tuple[str, int] | None:
    """Where a listener listens."""
    return (smtp.host, smtp.port) if smtp else None


def largest(config: Config) -> int:
    """Bytes of the largest mail that is taken."""
    return config.smtp.max_size if config.smtp else MAX_MAIL


@contextmanager
def listening_at(wanted: str) -> Iterator[None]:
    """Turn an address that cannot be had into Refused, with `wanted` as its words."""
    try:
        yield
    except OSError as error:
        raise Refused(f"cannot listen: {wanted}", cause=os.strerror(error.errno) if error.errno else "") from error
