"""Storage trouble: in words with a cure, seen before a mail meets it, and a state that begins and ends."""

from __future__ import annotations

import errno
import os
import re
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mailgate.errors import DatabaseDamaged, StorageError
from mailgate.system.storage import (
    StorageHealth,
    StorageProblem,
    identity,
    os_trouble,
    probe,
    storage_problem,
    unreadable,
    user_name,
)

START = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("code", "words", "cure"),
    [
        (errno.ENOSPC, "no space left on device", "free space on the disk of {}"),
        (errno.EROFS, "read-only file system", "mount the file system of {} read-write"),
        (errno.EIO, "input/output error", "check the disk of {}; the kernel's log says more"),
        (errno.EACCES, "permission denied", "make {} accessible for "),
        (errno.ENOENT, "no such file or directory", "put {} back, from a backup if need be"),
        (errno.EISDIR, "is a directory", ""),
    ],
)
def test_an_error_of_the_system_in_words_with_its_cure(tmp_path, code, words, cure):
    found = os_trouble(OSError(code, ""), tmp_path)
    assert found.public == f"cannot write {tmp_path}: {words}"
    assert found.cure.startswith(cure.format(tmp_path))
    assert bool(found.cause) == (code == errno.EACCES)
    assert found.cure.endswith("(chmod)") == (code == errno.EACCES), "ours already: its owner is not the trouble"


def test_an_error_without_a_number_keeps_its_words(tmp_path):
    assert (
        os_trouble(OSError("the tape is torn"), tmp_path, "open").public == f"cannot open {tmp_path}: the tape is torn"
    )


def test_permission_names_owner_and_user_also_of_what_cannot_be_seen(tmp_path):
    me = user_name(os.geteuid())
    found = unreadable(PermissionError(errno.EACCES, ""), tmp_path / "hidden" / "file")
    assert found.public == f"cannot read {tmp_path}/hidden/file: permission denied"
    assert found.cause == f"owner {user_name(tmp_path.stat().st_uid)}, running as {me}"
    assert re.fullmatch(r"user \d+", user_name(3_999_999))


# ── looking ─────────────────────────────────────────────────────────────────────────────


def test_a_file_is_another_one_after_it_was_replaced(tmp_path):
    path = tmp_path / "file"
    assert identity(path) is None
    path.touch()
    first = identity(path)
    (tmp_path / "new").touch()
    (tmp_path / "new").replace(path)
    assert None is not identity(path) != first


def test_a_sound_place_gives_no_word(tmp_path):
    (tmp_path / "mailgate.db").touch()
    assert list(probe(tmp_path / "mailgate.db", [tmp_path, tmp_path / "not made yet"])) == []


def test_a_database_that_is_gone_is_seen(tmp_path):
    (found,) = probe(tmp_path / "mailgate.db", [])
    assert found.public == f"cannot open {tmp_path}/mailgate.db: no such file or directory"


def test_a_file_in_the_place_of_a_folder_is_seen(tmp_path):
    (tmp_path / "mailgate.db").touch()
    (tmp_path / "attachments").touch()
    (found,) = probe(tmp_path / "mailgate.db", [tmp_path / "attachments"])
    assert found.public == f"cannot write {tmp_path}/attachments: not a directory"


def test_a_folder_of_another_owner_is_seen():
    user = os.geteuid()
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        place.chmod(0o777)
        (place / "mailgate.db").touch()
        (place / "mailgate.db").chmod(0o666)
        (place / "attachments").mkdir(mode=0o700 if user == 0 else 0)
        if user == 0:  # root may do everything: looked at as another user
            os.seteuid(65534)
        try:
            (found,) = probe(place / "mailgate.db", [place / "attachments"])
        finally:
            os.seteuid(user)
        assert found.public == f"cannot write {place}/attachments: permission denied"
        assert "running as" in found.cause


# ── the state ───────────────────────────────────────────────────────────────────────────


class Clock:
    def __init__(self):
        self.now = START

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def health(clock):
    return StorageHealth(clock)


FULL = StorageError("cannot write /var: no space left on device", cure="free space")
DAMAGED = DatabaseDamaged("the database is damaged", cause="malformed", cure="restore it")


def test_trouble_begins_once_and_ends(health, clock):
    health.failed("log", FULL)
    clock.now += timedelta(minutes=5)
    health.failed("log", FULL)
    (problem,) = health.problems()
    assert (problem.since, problem.what) == (START, FULL.public)
    assert str(problem) == (
        "storage: cannot write /var: no space left on device, since 2026-11-20 09:00 UTC; free space"
    )
    assert health.fails("log", "other")
    health.worked("log")
    assert health.problems() == ()
    assert not health.fails("log")
    health.failed("log", FULL)
    assert health.problems()[0].since == clock.now


def test_the_same_trouble_in_two_places_is_one(health, clock):
    health.failed("log", FULL)
    clock.now += timedelta(minutes=5)
    health.failed("mail processing", FULL)
    health.adopt([StorageProblem(START - timedelta(hours=1), FULL.public)])
    assert [problem.since for problem in health.problems()] == [START - timedelta(hours=1)]


def test_damage_lasts_and_refuses_what_would_be_lost(health, clock):
    health.require_sound()
    health.failed("reader", DAMAGED)
    health.worked("reader")
    health.failed("reader", FULL)
    (problem,) = health.problems()
    assert (problem.what, problem.damaged) == ("the database is damaged (malformed)", True)
    with pytest.raises(DatabaseDamaged, match="malformed"):
        health.require_sound()


def test_damage_that_the_other_process_found_counts_as_well(health):
    health.failed("reader", StorageError("the database is damaged (malformed)"))
    health.adopt([StorageProblem(START, "the database is damaged (malformed)", "restore it", damaged=True)])
    with pytest.raises(DatabaseDamaged):
        health.require_sound()
    health.adopt([])
    health.require_sound()


def test_what_is_seen_replaces_what_was_seen(health):
    other = StorageError("cannot open /db: no such file or directory")
    health.look([FULL, other])
    assert {problem.what for problem in health.problems()} == {FULL.public, other.public}
    health.failed("log", FULL)
    health.look([])
    assert [problem.what for problem in health.problems()] == [FULL.public]


def test_a_problem_goes_between_processes(health):
    health.failed("reader", DAMAGED)
    (problem,) = health.problems()
    fields = {"since": problem.since.isoformat(), "what": problem.what, "cure": problem.cure, "damaged": True}
    assert storage_problem(fields) == problem
