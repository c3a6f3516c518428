"""Durability boundaries: each announces itself, so that tests can kill the process at every one of them.

A boundary is where a crash before leaves something else behind than a crash after: a commit, a flush, a new name of a
file, the answer that takes a mail over, the hand-over to the relay, a command to a mailbox, a request to a token
server, which may accept the old refresh token no longer. Nothing observes them in production.
"""

from __future__ import annotations

from collections.abc import Callable

observers: list[Callable[[str], None]] = []  # called at every crossing, on whatever thread crosses


def crossing(boundary: str) -> None:
    """Announce one side of a boundary, such as "commit" before it and "committed" behind it."""
    for observe in observers:
        observe(boundary)
