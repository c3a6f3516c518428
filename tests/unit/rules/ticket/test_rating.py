"""What counts as a rating, and when a ticket may be rated."""

from __future__ import annotations

import pytest

from mailgate.rules.ticket.rating import Rating, may_rate, read_rating
from mailgate.ticket import Status
from tests.lab import ticket


@pytest.mark.parametrize("line", ["#good", "#Good ", "#good.", "  #good  "])
def test_below_other_words_a_line_with_nothing_else_is_a_rating(line: str) -> None:
    assert read_rating(["It works again.", line]) == Rating("good", "It works again.")


def test_only_on_the_first_line_may_words_follow_it() -> None:
    assert read_rating(["", "#good  it works"]) == Rating("good", "it works")
    assert read_rating(["It works.", "#good job"]) is None


@pytest.mark.parametrize(
    ("status", "reopened", "may"),
    [(Status.OPEN, 0, False), (Status.OPEN, 1, True), (Status.RESOLVED, 0, True), (Status.CLOSED, 0, True)],
)
def test_a_ticket_may_be_rated_once_it_was_done(status: Status, reopened: int, may: bool) -> None:
    assert may_rate(ticket(status=status, reopened=reopened)) is may
