"""A minimal SMTP server that receives outgoing mail: records the time of each mail and discards it.

A separate process: `python -m benchmarks.sink` prints its port. `XCOUNT` returns the number of
mails, `XTIMES` a JSON object of recipient → time of the first mail (seconds of the monotonic
clock of the machine), `XRESET` resets both.
"""

from __future__ import annotations

import asyncio
import json
import re
import time

_ADDRESS = re.compile(rb"<([^>]*)>")


class Sink(asyncio.Protocol):
    """One connection."""

    def __init__(self, times: dict[str, float], counts: list[int]) -> None:
        self._times = times
        self._counts = counts
        self._buffer = bytearray()
        self._in_data = False
        self._recipients: list[str] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the greeting."""
        self._transport = transport
        self._send(b"220 sink.example ESMTP\r\n")

    def _send(self, line: bytes) -> None:
        self._transport.write(line)  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        """Handle commands and mail, pipelined or not."""
        self._buffer += data
        while self._in_data or b"\n" in self._buffer:
            if self._in_data:
                end = self._buffer.find(b"\r\n.\r\n")
                if end < 0:
                    del self._buffer[:-4]  # all but what may be the beginning of the end
                    return
                del self._buffer[: end + 5]
                self._in_data = False
                self._received()
            else:
                line, _, rest = self._buffer.partition(b"\n")
                self._buffer = rest
                self._command(bytes(line).strip())

    def _received(self) -> None:
        now = time.monotonic()
        for recipient in self._recipients:
            self._times.setdefault(recipient, now)
        self._counts[0] += 1
        self._send(b"250 2.0.0 ok\r\n")

    def _command(self, line: bytes) -> None:
        verb = line[:4].upper()
        if verb == b"EHLO":
            self._send(b"250-sink.example\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250-PIPELINING\r\n250 SIZE 100000000\r\n")
        elif verb == b"MAIL":
            self._recipients = []
            self._send(b"250 2.1.0 ok\r\n")
        elif verb == b"RCPT":
            found = _ADDRESS.search(line)
            self._recipients.append(found[1].decode() if found else "")
            self._send(b"250 2.1.5 ok\r\n")
        elif verb == b"DATA":
            self._in_data = True
            self._send(b"354 end with .\r\n")
        elif verb == b"XCOU":
            self._send(b"250 %d\r\n" % self._counts[0])
        elif verb == b"XTIM":
            self._send(json.dumps(self._times).encode() + b"\r\n")
        elif verb == b"XRES":
            self._times.clear()
            self._counts[0] = 0
            self._send(b"250 ok\r\n")
        elif verb == b"QUIT":
            self._send(b"221 bye\r\n")
            self._transport.close()
        else:
            self._send(b"250 ok\r\n")


async def main() -> None:
    """Serve until killed."""
    times: dict[str, float] = {}
    counts = [0]
    server = await asyncio.get_running_loop().create_server(lambda: Sink(times, counts), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
