"""The daemon's event loop: uvloop's where it is installed, unless asyncio's is asked for."""

from __future__ import annotations

import asyncio
import sys

import uvloop

from mailgate.system import event_loop


def kind_of_loop(environment: dict[str, str]) -> type:
    found = []

    async def look() -> None:
        found.append(type(asyncio.get_running_loop()))

    event_loop.run(look(), environment)
    return found[0]


def test_uvloop_is_used_where_it_is_installed():
    assert issubclass(kind_of_loop({}), uvloop.Loop)


def test_asyncio_can_be_asked_for():
    assert not issubclass(kind_of_loop({event_loop.VARIABLE: "asyncio"}), uvloop.Loop)


def test_without_uvloop_it_is_asyncio(monkeypatch):
    monkeypatch.setitem(sys.modules, "uvloop", None)
    assert issubclass(kind_of_loop({}), asyncio.SelectorEventLoop)
