"""How far a long reading is, for a person who waits: a bar on standard error, and nothing where nobody looks."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

LONG = 5_000  # things to read from which on a bar is shown

Progress = Callable[[int, int], None]  # how many were read, and of how many


@contextmanager
def progress_bar(what: str) -> Iterator[Progress]:
    """A bar for as long as the block takes."""
    if not sys.stderr.isatty():
        yield lambda _done, _all: None
        return
    from rich.console import Console  # late: only people's terminals need it
    from rich.progress import Progress as Bar

    with Bar(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, visible=False, total=None)

        def told(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total, visible=total >= LONG)

        yield told
