"""The SMTP client of every run: raw sockets, one command at a time, as fast as possible in Python.

A separate process, so that it does not share an interpreter with what is measured. Prints
JSON: `began` and `ended` (seconds of the monotonic clock), `accepted` (sender → time of its
250), `refused` (number of mails).
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import time
from collections.abc import Callable, Iterator
from functools import cache, partial
from random import Random

RECIPIENT = "support@bank.example"
_HTML_LINE = (
    '<p style="margin: 0 0 8px"><span lang="en">The printer on floor <b>two</b> is out of order.</span></p>\r\n'
)
_LINE = "The quick brown fox jumps over the lazy dog, and the printer on floor two is out of order again.\r\n"


def sender(run: str, number: int) -> str:
    """The address of a requester who is new to the desk."""
    return f"user{number}@{run}.example"


def message(run: str, number: int, shape: str) -> bytes:
    """A mail of one of the SHAPES, ready for DATA."""
    address = sender(run, number)
    head = (
        f"From: User {number} <{address}>\r\nTo: First Bank Support <{RECIPIENT}>\r\n"
        f"Subject: Printer {number} in room {number % 97} does not print\r\n"
        f"Date: Mon, 16 Nov 2026 10:00:00 +0000\r\nMessage-ID: <{run}.{number}@client.example>\r\n"
        "MIME-Version: 1.0\r\n"
    )
    return head.encode() + SHAPES[shape](f"Ticket {number} of run {run}.\r\n") + b".\r\n"


def _plain(size: int, first: str, kind: str = "plain", line: str = _LINE) -> bytes:
    return f"Content-Type: text/{kind}; charset=utf-8\r\n\r\n{first}{line * (size // len(line))}".encode()


def _parts(kind: str, *parts: bytes) -> bytes:
    inside = b"".join(b"--limit\r\n" + part + b"\r\n" for part in parts)
    return f"Content-Type: multipart/{kind}; boundary=limit\r\n\r\n".encode() + inside + b"--limit--\r\n"


def _alternative(size: int, first: str) -> bytes:
    return _parts("alternative", _plain(size // 3, first), _plain(size * 2 // 3, first, "html", _HTML_LINE))


@cache
def _file(size: int) -> bytes:
    return base64.encodebytes(Random(1).randbytes(size * 57 // 78)).replace(b"\n", b"\r\n")


def _attached(size: int, first: str) -> bytes:
    head = b'Content-Type: application/pdf; name="report.pdf"\r\nContent-Transfer-Encoding: base64\r\n\r\n'
    own = base64.encodebytes(first.encode().ljust(57)[:57])  # no two files are the same
    return _parts("mixed", _plain(1000, first), head + own.replace(b"\n", b"\r\n") + _file(size))


# What a mail looks like below its header; sizes in bytes, on the wire.
SHAPES: dict[str, Callable[[str], bytes]] = {
    "plain": partial(_plain, 1800),
    "alt": partial(_alternative, 15_000),
    "attach": partial(_attached, 280_000),
    "attach-4.7MB": partial(_attached, 4_700_000),
    "attach-50MB": partial(_attached, 49_900_000),
    "text-50MB": partial(_plain, 49_900_000),
    "html-10MB": partial(_plain, 10_000_000, kind="html", line=_HTML_LINE),
}


class Client(asyncio.Protocol):
    """One connection: sends the mails of `work` until there are no more, or with `once` a single one."""

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
        """Report the end of the connection."""
        if not self.closed.done():
            self.closed.set_result(None)

    def data_received(self, data: bytes) -> None:
        """Send the next command after each complete reply."""
        self._buffer += data
        while b"\n" in self._buffer:
            line, self._buffer = self._buffer.split(b"\n", 1)
            if line[3:4] != b"-":
                self._handle_reply(line)

    def _send(self, stage: str, data: bytes) -> None:
        self._stage = stage
        self._transport.write(data)  # type: ignore[attr-defined]

    def _handle_reply(self, line: bytes) -> None:
        if line[:1] not in b"23":
            self.refused += 1
            self._send("quit", b"QUIT\r\n")
        elif self._stage == "greeting":
            self._send("ehlo", b"EHLO client.example\r\n")
        elif self._stage == "ehlo":
            self._next()
        elif self._stage == "mail":
            self._send("rcpt", f"RCPT TO:<{RECIPIENT}>\r\n".encode())
        elif self._stage == "rcpt":
            self._send("data", b"DATA\r\n")
        elif self._stage == "data":
            self._send("sent", self._data)
        elif self._stage == "sent":
            self._results[self._sender] = time.monotonic()
            self._next()
        else:
            self._transport.close()

    def _next(self) -> None:
        job = None if self._once and self._stage == "sent" else next(self._work, None)
        if job is None:
            self._send("quit", b"QUIT\r\n")
            return
        self._sender, self._data = job
        self._send("mail", f"MAIL FROM:<{self._sender}>\r\n".encode())


async def _connect(port: int, work: Iterator[tuple[str, bytes]], results: dict[str, float], *, once: bool) -> int:
    loop = asyncio.get_running_loop()
    _, client = await loop.create_connection(lambda: Client(work, results, once=once), "127.0.0.1", port)
    await client.closed
    return client.refused


async def flood(options: argparse.Namespace, work: Iterator[tuple[str, bytes]], results: dict[str, float]) -> int:
    """Send as fast as replies arrive, on `connections` connections; returns the number of refused mails."""
    refused = 0
    left = options.count

    async def reconnecting() -> None:
        nonlocal refused, left
        while left > 0:
            left -= 1 if options.once else options.count
            refused += await _connect(options.port, work, results, once=options.once)

    async def persistent() -> None:
        nonlocal refused
        refused += await _connect(options.port, work, results, once=False)

    await asyncio.gather(*((reconnecting if options.once else persistent)() for _ in range(options.connections)))
    return refused


async def steady(options: argparse.Namespace, work: Iterator[tuple[str, bytes]], results: dict[str, float]) -> int:
    """Send `rate` mails per second, each on its own connection, without waiting for the previous ones."""
    began = time.monotonic()
    tasks = []
    for number in range(options.count):
        await asyncio.sleep(max(began + number / options.rate - time.monotonic(), 0))
        tasks.append(asyncio.create_task(_connect(options.port, work, results, once=True)))
    return sum(await asyncio.gather(*tasks))


async def main() -> None:
    """Send the mails and print the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--run", required=True, help="the name of the run, which makes its senders distinct")
    parser.add_argument("--connections", type=int, default=10)
    parser.add_argument("--once", action="store_true", help="one mail per connection")
    parser.add_argument("--rate", type=float, default=0.0)
    parser.add_argument("--shape", choices=SHAPES, default="plain")
    options = parser.parse_args()
    mails = [(sender(options.run, n), message(options.run, n, options.shape)) for n in range(options.count)]
    results: dict[str, float] = {}
    began = time.monotonic()
    refused = await (steady if options.rate else flood)(options, iter(mails), results)
    print(json.dumps({"began": began, "ended": time.monotonic(), "refused": refused, "accepted": results}))


if __name__ == "__main__":
    asyncio.run(main())
