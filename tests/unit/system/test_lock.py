"""The lock file: one daemon a data directory, and looking at it keeps none from starting."""

from __future__ import annotations

import fcntl
import os

import pytest

from mailgate.errors import LockHeld
from mailgate.system import lock
from mailgate.system.lock import Lock, pid_of, running


def test_a_second_mailgate_refuses_and_the_first_is_seen(tmp_path):
    database = tmp_path / "var" / "mailgate.db"
    assert running(database) is None
    with Lock(database):
        assert running(database) == pid_of(lock.lock_path(database))
        with pytest.raises(LockHeld, match="process"), Lock(database):
            pass
    assert running(database) is None
    with Lock(database):
        pass


def test_a_look_at_the_lock_keeps_no_daemon_from_starting(tmp_path, monkeypatch):
    """The look ends while the daemon waits for its next try."""
    database = tmp_path / "mailgate.db"
    with lock.lock_path(database).open("w") as looker:
        fcntl.flock(looker, fcntl.LOCK_SH)
        monkeypatch.setattr(lock.time, "sleep", lambda _: fcntl.flock(looker, fcntl.LOCK_UN))
        with Lock(database):
            assert running(database) == os.getpid()


def test_a_lock_file_of_nonsense_names_nobody(tmp_path):
    (tmp_path / "x").write_text("nonsense")
    assert pid_of(tmp_path / "x") is None
    assert pid_of(tmp_path / "gone") is None
