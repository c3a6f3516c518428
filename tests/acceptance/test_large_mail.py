"""A mail with a file of fifty megabytes: memory, and the delay of other mail."""

from __future__ import annotations

import base64
import random
import smtplib
import threading
import time
from functools import partial
from pathlib import Path
from typing import Self

import pytest

from tests.acceptance.people import ADDRESS
from tests.acceptance.world import World, desk
from tests.waiting import PATIENCE, wait_until

pytestmark = pytest.mark.alone

MOST_MEMORY = 2.5  # times the size of the mail
MOST_WAIT = 0.1  # of the time that it takes, which another mail may wait longer for it


def large(size: int, number: int) -> bytes:
    """A mail of about `size` bytes with one attachment of random data."""
    content = random.Random(number).randbytes(size * 73 // 100)
    head = (
        b"From: Karen <karen@client.example>\r\nTo: support@bank.example\r\nSubject: The whole log\r\n"
        b"Message-ID: <large-%d@client.example>\r\nMIME-Version: 1.0\r\n"
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
        b"--b\r\nContent-Type: text/plain\r\n\r\nHere it is.\r\n"
        b"--b\r\nContent-Type: application/zip; name=log.zip\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    ) % number
    return head + base64.encodebytes(content).replace(b"\n", b"\r\n") + b"--b--\r\n"


def small(number: int) -> bytes:
    return (
        f"From: Nr {number} <n{number}@client.example>\r\nTo: support@bank.example\r\nSubject: Help {number}\r\n"
        f"Message-ID: <{number}@client.example>\r\n\r\nIt is broken.\r\n"
    ).encode()


def peak(pid: int) -> int:
    """The peak memory of a process and its descendants, in bytes."""
    status = Path(f"/proc/{pid}/status").read_text()
    own = next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM:"))
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return own + sum(peak(int(child)) for child in children)


class Others:
    """Sends small mails in a loop, and times each from MAIL to 250."""

    def __init__(self, world: World) -> None:
        self.times: list[float] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(world.port,))

    def _run(self, port: int) -> None:
        with smtplib.SMTP("127.0.0.1", port, timeout=PATIENCE) as smtp:
            while not self._stop.is_set():
                began = time.perf_counter()
                smtp.sendmail("x@client.example", [ADDRESS], small(len(self.times)))
                self.times.append(time.perf_counter() - began)
                time.sleep(0.01)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()


def test_a_mail_of_fifty_megabytes_needs_little_memory_and_does_not_delay_others(tmp_path: Path):
    """Small mails are sent all the while; the slowest one shows the delay."""
    config = desk().replace("[smtp]\n", '[smtp]\nmax_size = "60 MB"\n')
    with World(tmp_path, config) as world:
        world.measured = True
        world.start()
        longer = []
        for turn in (1, 2, 3):  # another process may have its moment; ours would be there each time
            mail = large(50_000_000, turn)
            with Others(world) as others:
                time.sleep(3)  # everything that is loaded late is loaded now
                usual, before = max(others.times), peak(world.pid)
                mark, began = len(others.times), time.perf_counter()
                deliver(mail, world.port)
                wait_until(partial(finished, world, turn), world.log_text)
                took = time.perf_counter() - began
            assert (peak(world.pid) - before) / len(mail) < MOST_MEMORY
            longer.append((max(others.times[mark:]) - usual) / took)
            if longer[-1] < MOST_WAIT:
                break
        assert min(longer) < MOST_WAIT
        world.settle()
        *_, (raw,) = world.sql("SELECT file FROM raw WHERE file IS NOT NULL ORDER BY id")
        assert (tmp_path / "var" / "mailgate.db-raw" / raw).read_bytes() == mail
        (entry,), *_ = world.sql("SELECT attachments FROM entry WHERE attachments <> '[]'")
        assert '"log.zip"' in entry


def deliver(mail: bytes, port: int) -> None:
    """Send by a plain socket: a mail library would process every byte, and cause delays itself."""
    with smtplib.SMTP("127.0.0.1", port, timeout=PATIENCE) as smtp:
        smtp.ehlo("client.example")
        for command in ("MAIL FROM:<karen@client.example>", f"RCPT TO:<{ADDRESS}>", "DATA"):
            assert smtp.docmd(command)[0] in (250, 354)
        assert smtp.sock is not None
        smtp.sock.sendall(mail)
        assert smtp.docmd(".")[0] == 250


def finished(world: World, count: int) -> bool:
    return world.sql("SELECT count(*) FROM inbox WHERE size > 1000000 AND state = 'done'") == [(count,)]
