"""The IMAP ledger: what was taken stays known, and what is finished stays finished."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mailgate.store.db import Db, open_writer
from mailgate.store.queues import ledger

PLACE = "support:support@bank.example:INBOX"
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Db]:
    db = open_writer(tmp_path / "mailgate.db")
    with db.transaction():
        yield db
    db.close()


def test_states_of_many_messages(db: Db) -> None:
    """More than one query's worth, of which the ledger knows some; accepted ones are always told."""
    ledger.note(db, PLACE, 1, range(1, 1202, 2), ledger.FINISHED)
    ledger.note(db, PLACE, 1, [5000], ledger.ACCEPTED)
    ledger.note(db, PLACE, 2, [2], ledger.FINISHED)
    ledger.note(db, "other", 1, [4], ledger.FINISHED)
    found = ledger.states(db, PLACE, 1, range(1, 1201))
    assert found == {5000: "accepted"} | dict.fromkeys(range(1, 1201, 2), "finished")


def test_finished_stays_finished(db: Db) -> None:
    ledger.note(db, PLACE, 1, [1, 2], ledger.ACCEPTED)
    ledger.note(db, PLACE, 1, [1], ledger.FINISHED)
    ledger.note(db, PLACE, 1, [1, 2], ledger.ACCEPTED)
    assert ledger.accepted(db, PLACE, 1) == [2]


def test_a_folder_is_met_once(db: Db) -> None:
    assert ledger.sight(db, PLACE) is None
    ledger.note_sight(db, PLACE, ledger.Sight(7))
    assert ledger.sight(db, PLACE) == ledger.Sight(7)
    assert ledger.sight(db, "other") is None


def test_a_sight_leaves_known_messages_as_they_are(db: Db) -> None:
    ledger.note(db, PLACE, 7, [1], ledger.ACCEPTED)
    ledger.note_sight(db, PLACE, ledger.Sight(7, NOON), [1, 2])
    assert ledger.sight(db, PLACE) == ledger.Sight(7, NOON)
    assert ledger.states(db, PLACE, 7, [1, 2, 3]) == {1: "accepted", 2: "skipped"}
