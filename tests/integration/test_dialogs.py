"""Random dialogs with each kind of listener: each 250 after DATA is one row, and no row is without one."""

from __future__ import annotations

import pytest

from tests import dialogs

COUNT = 60  # with each kind of listener; by hand thousands: python -m tests.dialogs --count 5000


@pytest.mark.parametrize("door", dialogs.DOORS)
@pytest.mark.seeds(20261130)
async def test_each_250_is_one_row_and_the_listener_goes_on(door: str, seed: int) -> None:
    talks, faults = await dialogs.run(seed, range(COUNT), door)
    assert faults == []
    assert sum(bool(mail.ids) for talk in talks for mail in talk.mails) > COUNT / 4


async def test_a_250_without_a_row_and_a_row_without_a_250_are_found() -> None:
    """The test of the test."""
    talks, _ = await dialogs.run(20261130, range(COUNT), "lmtp")
    accepted = next(talk for talk in talks if len(talk.mails) > 1 and talk.mails[0].ids and not talk.cut)
    number = accepted.mails[0].ids[0]
    stored = {each.ids[0]: (each.stored or b"", ["support@bank.example"]) for each in accepted.mails if each.ids}
    for rows in (
        {},
        stored | {999: (b"", ["support@bank.example"])},
        stored | {number: (b"other words", ["support@bank.example"])},
        stored | {number: (stored[number][0], ["eve@evil.example"])},
    ):
        before = len(accepted.faults)
        accepted.compare(rows)
        assert len(accepted.faults) > before
