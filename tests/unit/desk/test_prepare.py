"""Reading a mail before its transaction: a small one, which another thread works meanwhile, waits for no large one."""

from __future__ import annotations

import os

from mailgate.desk import prepare
from mailgate.store.queues.inbox import OVERSIZE
from tests.desk import KAREN


def rests_for(bench, monkeypatch, size):
    rests = []
    with monkeypatch.context() as patched:
        patched.setattr(prepare.time, "sleep", rests.append)
        bench.send(KAREN, "The log is attached.", files=(("dump.bin", "application/x-dump", os.urandom(size)),))
    return rests


def test_a_large_mail_is_read_with_rests(bench, monkeypatch):
    rests = rests_for(bench, monkeypatch, 3 * OVERSIZE)
    assert rests
    assert min(rests) >= prepare.WORKED * prepare.REST


def test_a_small_one_without(bench, monkeypatch):
    assert not rests_for(bench, monkeypatch, OVERSIZE // 2)
