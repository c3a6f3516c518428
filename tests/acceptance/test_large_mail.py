"""A mail of fifty megabytes: what it costs, and that nobody waits for it."""

from __future__ import annotations

import base64
import os
import smtplib
import threading
import time
from pathlib import Path

import pytest

from tests.acceptance.people import ADDRESS
from tests.acceptance.world import World, desk

pytestmark = pytest.mark.alone

MOST_MEMORY = 2.5  # times the size of the mail
MOST_WAIT = 0.05  # seconds that another mail may wait longer for it


def large(size: int) -> bytes:
    """A mail of about `size` bytes with one attachment that cannot be guessed."""
    content = os.urandom(size * 73 // 100)
    head = (
        b"From: Karen <karen@client.example>\r\nTo: support@bank.example\r\nSubject: The whole log\r\n"
        b"Message-ID: <large@client.example>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
        b"--b\r\nContent-Type: text/plain\r\n\r\nHere it is.\r\n"
        b"--b\r\nContent-Type: application/zip; name=log.zip\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    )
    return head + base64.encodebytes(content).replace(b"\n", b"\r\n") + b"--b--\r\n"


def small(number: int) -> bytes:
    return (
        f"From: Nr {number} <n{number}@client.example>\r\nTo: support@bank.example\r\nSubject: Help {number}\r\n"
        f"Message-ID: <{number}@client.example>\r\n\r\nIt is broken.\r\n"
    ).encode()


def peak(pid: int) -> int:
    """The most memory that a process ever had, in bytes."""
    status = Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM:"))


class Others:
    """Small mails, one after the other, each timed from MAIL to 250."""

    def __init__(self, world: World) -> None:
        self.times: list[float] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(world.port,))

    def _run(self, port: int) -> None:
        with smtplib.SMTP("127.0.0.1", port, timeout=30) as smtp:
            while not self._stop.is_set():
                began = time.perf_counter()
                smtp.sendmail("x@client.example", [ADDRESS], small(len(self.times)))
                self.times.append(time.perf_counter() - began)
                time.sleep(0.01)

    def __enter__(self) -> Others:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()


def test_a_mail_of_fifty_megabytes_costs_little_memory_and_holds_up_nobody(tmp_path: Path):
    config = desk().replace("[smtp]\n", '[smtp]\nmax_size = "60 MB"\n')
    with World(tmp_path, config) as world:
        world.start()
        with Others(world) as others:
            time.sleep(3)  # everything that is loaded late is loaded now
            usual, before = max(others.times), peak(world.pid)
            mark = len(others.times)
            mail = large(50_000_000)
            world.send(mail, sender="karen@client.example")
            sent = len(others.times)
            deadline = time.monotonic() + 30
            while world.sql("SELECT 1 FROM inbox WHERE size > 1000000 AND state <> 'done'"):
                assert time.monotonic() < deadline, world.log_text()
                time.sleep(0.05)
            done = len(others.times)
        cost = (peak(world.pid) - before) / len(mail)
        slowest = max(others.times[mark:done])
        print(
            f"\n{cost:.2f} times its size; usual {usual * 1000:.0f} ms, with it {slowest * 1000:.0f} ms,"
            f" while it came {max(others.times[mark:sent]) * 1000:.0f} ms, {done - mark} others; {sorted(others.times[mark:done])[-8:]}"
        )
        assert cost < MOST_MEMORY
        assert slowest < usual + MOST_WAIT
        world.settle(60)
        ((raw,),) = world.sql("SELECT file FROM raw WHERE file IS NOT NULL")
        assert (tmp_path / "var" / "mailgate.db-raw" / raw).read_bytes() == mail
        ((entry,),) = world.sql("SELECT attachments FROM entry WHERE attachments <> '[]'")
        assert '"log.zip"' in entry
