"""A desk for years on one disk, scaled down: ten tickets a year instead of two hundred a day."""

from __future__ import annotations

from tests.years import Years

TICKETS = 10  # a year, two of them with a file


def test_ten_years_take_no_more_space_than_two_where_closed_tickets_end(tmp_path):
    """The second year is the first whose end finds a full year of closed tickets."""
    totals = [used.total for used in Years(tmp_path, TICKETS, "365d").run(10)]
    assert max(totals[2:]) < 1.15 * totals[1], totals


def test_with_the_defaults_nothing_but_tickets_and_their_files_grows(tmp_path):
    years = Years(tmp_path, TICKETS)
    used, bytes_kept = [], []
    for each in years.run(4):
        used.append(each)
        sums = "SELECT (SELECT sum(length(data)) FROM raw) + coalesce((SELECT sum(length(data)) FROM outgoing), 0)"
        bytes_kept.append(years.bench.db.one(sums)[0])
    assert max(bytes_kept[1:]) < 1.15 * bytes_kept[0], bytes_kept
    files = [each.attachments for each in used]
    assert files == sorted(files)
    a_ticket = (used[3].database - used[1].database) / (2 * TICKETS)
    assert 1_000 < a_ticket < 25_000, "its rows, without a byte of a mail"
    assert len(years.bench.numbers()) == 4 * TICKETS
