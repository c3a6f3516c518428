"""What is remembered of worked mail, so that a copy of it is known."""

from __future__ import annotations

import pytest

from mailgate.store.queues import copies
from tests.desk import KAREN, Bench


@pytest.mark.parametrize(("standing", "keeps"), [("", True), ("proven", True), ("weak", False), ("failed", False)])
def test_the_first_of_two_alike_is_the_original_unless_it_counts_for_less(bench: Bench, standing: str, keeps: bool):
    first, second = (bench.accept(bench.write(KAREN, f"Mail {number}.")) for number in range(2))
    with bench.db.transaction():
        assert copies.standing(bench.db, 99) == ""
        bench.db.send("UPDATE inbox SET standing = ? WHERE id = ?", [standing, first])
        assert copies.standing(bench.db, first) == standing
        assert copies.seen(bench.db, "digest") is None
        for each in (first, second):
            copies.remember(bench.db, "digest", each, bench.now)
        assert copies.seen(bench.db, "digest") == (first if keeps else second)
