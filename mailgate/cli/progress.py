"""A progress bar on standard error, shown only on a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

MIN_TOTAL = 5_000  # items from which on the bar is shown

Progress = Callable[[int, int], None]  # (done, total)


@contextmanager
def progress_bar(label: str) -> Iterator[Progress]:
    """Show a bar for the duration of the block; yields the function that updates it."""
    if not sys.stderr.isatty():
        yield lambda _done, _total: None
        return
    from rich.console import Console  # late: needed only on a terminal
    from rich.progress import Progress as Bar

    with Bar(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(label, visible=False, total=None)

        def update(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total, visible=total >= MIN_TOTAL)

        yield update
