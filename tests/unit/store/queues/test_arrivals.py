"""No mail for longer than usual: compared with the same hours of the last four weeks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mailgate.mail import Delivery, Envelope
from mailgate.store.db import Db, open_writer
from mailgate.store.queues import inbox
from mailgate.store.queues.arrivals import FEWEST, unusual_silence

MONDAY = datetime(2026, 11, 2, tzinfo=UTC)


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Db]:
    db = open_writer(tmp_path / "mailgate.db")
    yield db
    db.close()


def receive(db: Db, at: datetime) -> None:
    with db.transaction():
        delivery = Delivery(
            source="smtp",
            source_key=str(at),
            envelope=Envelope("a@x.example", ("b@x.example",)),
            raw=b"x",
            arrived_at=at,
        )
        inbox.add(db, [delivery], at)


def office(db: Db, weeks: int, *, each: timedelta = timedelta(minutes=30)) -> datetime:
    """Mail from 8 to 18 on working days; the moment of the last, a Monday at 10."""
    at = MONDAY
    end = MONDAY + timedelta(weeks=weeks, hours=10)
    while at <= end:
        if at.weekday() < 5 and 8 <= at.hour < 18:
            receive(db, at)
        at += each
    return end


def test_a_few_hours_without_mail_in_the_week_are_unusual(db: Db) -> None:
    last = office(db, 4)
    assert unusual_silence(db, last + timedelta(minutes=59)) is None
    assert unusual_silence(db, last + timedelta(hours=2)) is None, "fewer than five came in these hours"
    assert unusual_silence(db, last + timedelta(minutes=30 * FEWEST)) == last


def test_nights_and_weekends_are_as_usual(db: Db) -> None:
    office(db, 4)
    evening = MONDAY + timedelta(weeks=4, hours=17, minutes=30)
    receive(db, evening)
    assert unusual_silence(db, evening + timedelta(hours=14)) is None
    friday = MONDAY + timedelta(weeks=4, days=4, hours=17, minutes=30)
    receive(db, friday)
    assert unusual_silence(db, friday + timedelta(days=2, hours=14)) is None
    assert unusual_silence(db, friday + timedelta(days=2, hours=18)) == friday


def test_a_new_desk_has_no_usual(db: Db) -> None:
    assert unusual_silence(db, MONDAY) is None
    last = office(db, 3)
    assert unusual_silence(db, last + timedelta(days=1)) is None


def test_a_quiet_desk_is_quiet(db: Db) -> None:
    last = office(db, 5, each=timedelta(hours=24))
    assert unusual_silence(db, last + timedelta(days=1)) is None
