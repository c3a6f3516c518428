"""The cheapest SMTP server that speaks well: notes when which mail came, keeps none of it.

A process of its own: `python -m benchmarks.sink` prints its port. `XCOUNT` answers how
many mails came, `XTIMES` with a JSON object of recipient → seconds of the monotonic
clock (of the whole machine), `XRESET` forgets them.
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
        """Greet."""
        self._transport = transport
        self._say(b"220 sink.example ESMTP\r\n")

    def _say(self, line: bytes) -> None:
        self._transport.write(line)  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        """Take commands and mail, also when they come all at once."""
        self._buffer += data
        while self._in_data or b"\n" in self._buffer:
            if self._in_data:
                end = self._buffer.find(b"\r\n.\r\n")
                if end < 0:
                    return
                del self._buffer[: end + 5]
                self._in_data = False
                self._took()
            else:
                line, _, rest = self._buffer.partition(b"\n")
                self._buffer = rest
                self._command(bytes(line).strip())

    def _took(self) -> None:
        now = time.monotonic()
        for recipient in self._recipients:
            self._times.setdefault(recipient, now)
        self._counts[0] += 1
        self._say(b"250 2.0.0 taken\r\n")

    def _command(self, line: bytes) -> None:
        verb = line[:4].upper()
        if verb == b"EHLO":
            self._say(b"250-sink.example\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250-PIPELINING\r\n250 SIZE 100000000\r\n")
        elif verb == b"MAIL":
            self._recipients = []
            self._say(b"250 2.1.0 ok\r\n")
        elif verb == b"RCPT":
            found = _ADDRESS.search(line)
            self._recipients.append(found[1].decode() if found else "")
            self._say(b"250 2.1.5 ok\r\n")
        elif verb == b"DATA":
            self._in_data = True
            self._say(b"354 go on\r\n")
        elif verb == b"XCOU":
            self._say(b"250 %d\r\n" % self._counts[0])
        elif verb == b"XTIM":
            self._say(json.dumps(self._times).encode() + b"\r\n")
        elif verb == b"XRES":
            self._times.clear()
            self._counts[0] = 0
            self._say(b"250 ok\r\n")
        elif verb == b"QUIT":
            self._say(b"221 bye\r\n")
            self._transport.close()
        else:
            self._say(b"250 ok\r\n")


async def main() -> None:
    """Serve until killed."""
    times: dict[str, float] = {}
    counts = [0]
    server = await asyncio.get_running_loop().create_server(lambda: Sink(times, counts), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
