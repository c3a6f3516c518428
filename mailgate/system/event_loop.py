"""The event loop of the daemon: uvloop's where that is installed, else asyncio's own.

The worker keeps asyncio's: it waits for one socket.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

VARIABLE = "MAILGATE_EVENT_LOOP"  # "asyncio": its own loop in any case
LoopFactory = Callable[[], asyncio.AbstractEventLoop]


def run(main: Coroutine[Any, Any, None], environment: Mapping[str, str]) -> None:
    """Run a coroutine to its end, as `asyncio.run` does."""
    with asyncio.Runner(loop_factory=loop_factory(environment)) as runner:
        runner.run(main)


def loop_factory(environment: Mapping[str, str]) -> LoopFactory | None:
    """What makes the loop; None: asyncio's default."""
    if environment.get(VARIABLE) == "asyncio":
        return None
    try:
        import uvloop  # an extra: it need not be there
    except ImportError:
        return None
    return uvloop.new_event_loop
