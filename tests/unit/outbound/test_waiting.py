"""Mails that wait for a connection: the oldest first, and large ones apart."""

from __future__ import annotations

import asyncio

from mailgate.outbound.waiting import Waiting
from mailgate.store.queues.outbox import LARGE
from tests.jobs import job


async def test_the_oldest_goes_first_whatever_its_size():
    waiting = Waiting()
    for number, size in ((1, 10), (2, LARGE + 1), (3, 10), (4, LARGE + 1), (5, LARGE)):
        waiting.put(job(number, size=size))
    assert len(waiting) == 5
    assert [(await waiting.get(large=True)).id for _ in range(4)] == [1, 2, 3, 4]
    assert (await waiting.get(large=False)).id == 5
    assert len(waiting) == 0


async def test_a_connection_that_takes_no_large_mail_waits_for_a_small_one():
    waiting = Waiting()
    small = asyncio.create_task(waiting.get(large=False))
    await asyncio.sleep(0)
    waiting.put(job(1, size=LARGE + 1))
    for _ in range(3):
        await asyncio.sleep(0)
    assert not small.done()
    waiting.put(job(2))
    assert (await small).id == 2
    assert (await waiting.get(large=True)).id == 1


async def test_what_is_taken_out_waits_no_longer():
    waiting = Waiting()
    for number, size in ((1, 10), (2, LARGE + 1)):
        waiting.put(job(number, size=size))
    assert {each.id for each in waiting.clear()} == {1, 2}
    assert (waiting.clear(), len(waiting)) == ([], 0)
