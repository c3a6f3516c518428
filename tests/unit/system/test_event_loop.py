"""The daemon's event loop: asyncio's, unless uvloop's is asked for."""

from __future__ import annotations

import asyncio
import sys

import pytest
import uvloop

from mailgate.errors import MailgateError
from mailgate.system import event_loop


def kind_of_loop(environment: dict[str, str]) -> type:
    found = []

    async def look() -> None:
        found.append(type(asyncio.get_running_loop()))

    event_loop.run(look(), environment)
    return found[0]


def test_uvloop_can_be_asked_for():
    assert issubclass(kind_of_loop({event_loop.VARIABLE: "uvloop"}), uvloop.Loop)


@pytest.mark.parametrize("environment", [{}, {event_loop.VARIABLE: "asyncio"}])
def test_asyncio_is_the_default(environment: dict[str, str]):
    assert not issubclass(kind_of_loop(environment), uvloop.Loop)


def test_uvloop_that_is_asked_for_and_missing_is_an_error(monkeypatch):
    monkeypatch.setitem(sys.modules, "uvloop", None)
    with pytest.raises(MailgateError, match="pip install"):
        event_loop.loop_factory({event_loop.VARIABLE: "uvloop"})
