"""What is written to a connection that is lost goes nowhere, on both event loops."""

from __future__ import annotations

import asyncio
import socket

import pytest
import uvloop

from mailgate.system.streams import write


@pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_a_lost_connection_takes_bytes_and_drops_them(loop):
    async def run():
        ours, theirs = socket.socketpair()
        _, writer = await asyncio.open_connection(sock=ours)
        write(writer, b"heard")
        assert theirs.recv(10) == b"heard"
        writer.close()
        await writer.wait_closed()
        write(writer, b"lost")
        write(writer.transport, b"lost")
        assert theirs.recv(10) == b""
        theirs.close()

    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(run())
