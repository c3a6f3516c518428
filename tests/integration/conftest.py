"""Async tests run on asyncio's own loop, with MAILGATE_TEST_LOOP=uvloop on that one; some always on both."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping

import pytest
import uvloop

_LOOPS: Mapping[str, Callable[[], asyncio.AbstractEventLoop]] = {
    "asyncio": asyncio.new_event_loop,
    "uvloop": uvloop.new_event_loop,
}
# Where transports differ: TLS, PROXY headers, connections that end, commands that do not read.
_ON_BOTH = ("test_smtp_doors", "test_relay", "test_http", "test_alarms")


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """The loops that a test runs on, each with what makes it."""
    chosen = os.environ.get("MAILGATE_TEST_LOOP", "asyncio")
    return _LOOPS if item.path.stem in _ON_BOTH else {chosen: _LOOPS[chosen]}
