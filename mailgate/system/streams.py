"""Writing to a connection: the one place where bytes are handed to a stream or a transport of the event loop.

What is written to a connection that is lost goes nowhere, on every loop: asyncio's own transports drop it and complain
in the log, uvloop's raise RuntimeError. That it is lost is told by the next read or drain.
"""

from __future__ import annotations

import asyncio


def write(connection: asyncio.StreamWriter | asyncio.WriteTransport, data: bytes) -> None:
    """Queue bytes; they are dropped where the connection is lost or is being closed."""
    if not connection.is_closing():
        connection.write(data)
