"""A mail of fifty megabytes that is one page: memory."""

from __future__ import annotations

import smtplib
from functools import partial
from pathlib import Path

import pytest

from tests.acceptance.people import ADDRESS
from tests.acceptance.test_large_mail import deliver, finished, peak
from tests.acceptance.world import World, desk
from tests.waiting import PATIENCE, wait_until

MOST_MEMORY = 2  # times the size of the mail


def large_page(size: int) -> bytes:
    """A mail of about `size` bytes that is one page of short paragraphs."""
    head = (
        b"From: Karen <karen@client.example>\r\nTo: support@bank.example\r\nSubject: The whole log\r\n"
        b"Message-ID: <%d@client.example>\r\nMIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\n\r\n" % size
    )
    line = b"<p>A line of the log</p>\r\n"
    return head + line * (size // len(line))


@pytest.mark.parametrize("size", [10_000_000, 50_000_000])
def test_a_large_page_needs_little_memory(size: int, tmp_path: Path):
    config = desk().replace("[smtp]\n", '[smtp]\nmax_size = "60 MB"\n')
    mail = large_page(size)
    with World(tmp_path, config) as world:
        world.measured = True
        world.start()
        with smtplib.SMTP("127.0.0.1", world.port, timeout=PATIENCE) as smtp:
            smtp.sendmail("x@client.example", [ADDRESS], large_page(900_000))  # as much as is read of any page
        world.settle()
        before = peak(world.pid)
        deliver(mail, world.port)
        wait_until(partial(finished, world, 1), world.log_text)
        assert (peak(world.pid) - before) / len(mail) < MOST_MEMORY
