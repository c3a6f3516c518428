"""The event loop of the daemon: uvloop's where it is installed, else asyncio's own; the environment can choose.

What differs between them is known in `streams.py`. The worker keeps asyncio's: it waits for one socket.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from mailgate.errors import MailgateError

VARIABLE = "MAILGATE_EVENT_LOOP"
ASYNCIO, UVLOOP = "asyncio", "uvloop"  # what it may say
LoopFactory = Callable[[], asyncio.AbstractEventLoop]


def run(main: Coroutine[Any, Any, None], environment: Mapping[str, str]) -> None:
    """Run a coroutine to its end, as `asyncio.run` does."""
    with asyncio.Runner(loop_factory=loop_factory(environment)) as runner:
        runner.run(main)


def loop_factory(environment: Mapping[str, str]) -> LoopFactory | None:
    """What makes the loop; None: asyncio's default. Raises MailgateError for one that is not there."""
    chosen = environment.get(VARIABLE, "")
    if chosen not in ("", ASYNCIO, UVLOOP):
        raise MailgateError(f'{VARIABLE} is "{chosen}"; it may be {UVLOOP} or {ASYNCIO}')
    if chosen == ASYNCIO:
        return None
    try:
        import uvloop  # an extra: it need not be there
    except ImportError as error:
        if not chosen:
            return None
        raise MailgateError(f"{VARIABLE} asks for uvloop: pip install 'mailgate[uvloop]'") from error
    return uvloop.new_event_loop
