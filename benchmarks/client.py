"""The client of every run: plain SMTP over raw sockets, one command at a time, as cheap as Python lets it.

A process of its own, so that it never shares an interpreter with what is measured. Prints
JSON: `began`, `ended` (seconds of the monotonic clock), `accepted` (sender → when its 250
came), `refused`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from collections.abc import Iterator

RECIPIENT = "support@bank.example"
_LINE = "The quick brown fox jumps over the lazy dog, and the printer on floor two is out of order again.\r\n"


def sender(run: str, number: int) -> str:
    """A requester whom the desk has not seen before."""
    return f"user{number}@{run}.example"


def message(run: str, number: int, size: int) -> bytes:
    """A plain text mail of about `size` bytes, ready for DATA."""
    address = sender(run, number)
    head = (
        f"From: User {number} <{address}>\r\nTo: First Bank Support <{RECIPIENT}>\r\n"
        f"Subject: Printer {number} in room {number % 97} does not print\r\n"
        f"Date: Mon, 16 Nov 2026 10:00:00 +0000\r\nMessage-ID: <{run}.{number}@client.example>\r\n"
        "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
        f"Ticket {number} of run {run}.\r\n"
    )
    lines = max((size - len(head)) // len(_LINE), 1)
    return (head + _LINE * lines + ".\r\n").encode()


class Client(asyncio.Protocol):
    """One connection: sends what `work` gives it until there is no more, or one mail and QUIT."""

    def __init__(self, work: Iterator[tuple[str, bytes]], results: dict[str, float], *, once: bool) -> None:
        self._work = work
        self._results = results
        self._once = once
        self._stage = "greeting"
        self._buffer = b""
        self.refused = 0
        self.closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for the greeting."""
        self._transport = transport

    def connection_lost(self, _: Exception | None) -> None:
        """Over."""
        if not self.closed.done():
            self.closed.set_result(None)

    def data_received(self, data: bytes) -> None:
        """Go on when an answer is whole."""
        self._buffer += data
        while b"\n" in self._buffer:
            line, self._buffer = self._buffer.split(b"\n", 1)
            if line[3:4] != b"-":
                self._answered(line)

    def _say(self, stage: str, data: bytes) -> None:
        self._stage = stage
        self._transport.write(data)  # type: ignore[attr-defined]

    def _answered(self, line: bytes) -> None:
        if line[:1] not in b"23":
            self.refused += 1
            self._say("quit", b"QUIT\r\n")
        elif self._stage == "greeting":
            self._say("ehlo", b"EHLO client.example\r\n")
        elif self._stage == "ehlo":
            self._next()
        elif self._stage == "mail":
            self._say("rcpt", f"RCPT TO:<{RECIPIENT}>\r\n".encode())
        elif self._stage == "rcpt":
            self._say("data", b"DATA\r\n")
        elif self._stage == "data":
            self._say("sent", self._data)
        elif self._stage == "sent":
            self._results[self._sender] = time.monotonic()
            self._next()
        else:
            self._transport.close()

    def _next(self) -> None:
        job = None if self._once and self._stage == "sent" else next(self._work, None)
        if job is None:
            self._say("quit", b"QUIT\r\n")
            return
        self._sender, self._data = job
        self._say("mail", f"MAIL FROM:<{self._sender}>\r\n".encode())


async def _connect(port: int, work: Iterator[tuple[str, bytes]], results: dict[str, float], *, once: bool) -> int:
    loop = asyncio.get_running_loop()
    _, client = await loop.create_connection(lambda: Client(work, results, once=once), "127.0.0.1", port)
    await client.closed
    return client.refused


async def flood(options: argparse.Namespace, work: Iterator[tuple[str, bytes]], results: dict[str, float]) -> int:
    """As fast as answers come, `connections` at a time; how many mails were refused."""
    refused = 0
    left = options.count

    async def lane() -> None:
        nonlocal refused, left
        while left > 0:
            left -= 1 if options.once else options.count
            refused += await _connect(options.port, work, results, once=options.once)

    async def kept() -> None:
        nonlocal refused
        refused += await _connect(options.port, work, results, once=False)

    await asyncio.gather(*((lane if options.once else kept)() for _ in range(options.connections)))
    return refused


async def steady(options: argparse.Namespace, work: Iterator[tuple[str, bytes]], results: dict[str, float]) -> int:
    """`rate` mails a second, each on its own connection, whether or not those before are done."""
    began = time.monotonic()
    tasks = []
    for number in range(options.count):
        await asyncio.sleep(max(began + number / options.rate - time.monotonic(), 0))
        tasks.append(asyncio.create_task(_connect(options.port, work, results, once=True)))
    return sum(await asyncio.gather(*tasks))


async def main() -> None:
    """Send and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--run", required=True, help="a word that makes its senders distinct")
    parser.add_argument("--connections", type=int, default=10)
    parser.add_argument("--once", action="store_true", help="one mail a connection")
    parser.add_argument("--rate", type=float, default=0.0)
    parser.add_argument("--size", type=int, default=2048)
    options = parser.parse_args()
    mails = [(sender(options.run, n), message(options.run, n, options.size)) for n in range(options.count)]
    results: dict[str, float] = {}
    began = time.monotonic()
    refused = await (steady if options.rate else flood)(options, iter(mails), results)
    print(json.dumps({"began": began, "ended": time.monotonic(), "refused": refused, "accepted": results}))


if __name__ == "__main__":
    asyncio.run(main())
