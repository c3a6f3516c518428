"""The daemon's event loop: uvloop's where it is installed, unless asyncio's is asked for."""

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


@pytest.mark.parametrize("environment", [{}, {event_loop.VARIABLE: ""}, {event_loop.VARIABLE: "uvloop"}])
def test_uvloop_is_taken_where_it_is_installed(environment: dict[str, str]):
    assert issubclass(kind_of_loop(environment), uvloop.Loop)


def test_asyncio_can_be_asked_for():
    assert not issubclass(kind_of_loop({event_loop.VARIABLE: "asyncio"}), uvloop.Loop)


def test_asyncio_is_taken_where_uvloop_is_not_installed(monkeypatch):
    monkeypatch.setitem(sys.modules, "uvloop", None)
    assert event_loop.loop_factory({}) is None


def test_another_loop_is_an_error_that_says_which_there_are():
    with pytest.raises(MailgateError, match='"trio"; it may be uvloop or asyncio'):
        event_loop.loop_factory({event_loop.VARIABLE: "trio"})


def test_uvloop_that_is_asked_for_and_missing_is_an_error(monkeypatch):
    monkeypatch.setitem(sys.modules, "uvloop", None)
    with pytest.raises(MailgateError, match="pip install"):
        event_loop.loop_factory({event_loop.VARIABLE: "uvloop"})
