"""The event loop of the daemon: asyncio's own, or uvloop's where the environment asks for it.

uvloop raises RuntimeError where something is written to a connection that is lost already; asyncio drops it.
The worker keeps asyncio's: it waits for one socket.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from mailgate.errors import MailgateError

VARIABLE = "MAILGATE_EVENT_LOOP"  # "uvloop", or "asyncio", which is the default
LoopFactory = Callable[[], asyncio.AbstractEventLoop]


def run(main: Coroutine[Any, Any, None], environment: Mapping[str, str]) -> None:
    """Run a coroutine to its end, as `asyncio.run` does."""
    with asyncio.Runner(loop_factory=loop_factory(environment)) as runner:
        runner.run(main)


def loop_factory(environment: Mapping[str, str]) -> LoopFactory | None:
    """What makes the loop; None: asyncio's default. Raises MailgateError where uvloop is asked for and not there."""
    if environment.get(VARIABLE, "asyncio") == "asyncio":
        return None
    try:
        import uvloop  # an extra: it need not be there
    except ImportError as error:
        raise MailgateError(f"{VARIABLE} asks for uvloop: pip install 'mailgate[uvloop]'") from error
    return uvloop.new_event_loop
