"""Tables in mails to agents, as text: aligned, never wider than a mail program leaves them, and nothing lost."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from hypothesis import example, given
from hypothesis import strategies as st

from mailgate.notice import Listing
from mailgate.phrase import Phrase, Short
from mailgate.rules.notices.tables import meanwhile, short
from mailgate.ticket import CLOCK, Actor, Event, EventKind
from mailgate.writing.views.answers import listing_view
from mailgate.writing.views.views import ListingView
from tests.notices import CONFIG, ENGLISH, GERMAN, NOW

UTC = ZoneInfo("UTC")
CELLS = st.text("abc def", max_size=60).map(lambda text: " ".join(text.split()))


COLUMNS = ("Ticket", "Subject", "From", "Priority", "Assigned to", "Due")
LABELS = ("", "", "", "", "assigned to {value}", "due {value}")


def test_columns_stand_below_each_other_where_a_line_holds_them():
    rows = (("#1001", "Hello", "Sun 22 Nov 20:04"), ("#12", "Hi", "-"))
    assert ListingView("x", ("Ticket", "Subject", "Due"), rows, ("",) * 3).lines == (
        "Ticket  Subject  Due",
        "#1001   Hello    Sun 22 Nov 20:04",
        "#12     Hi       -",
    )


def test_longer_rows_have_their_subject_on_a_line_of_its_own_and_the_rest_below():
    long = "The portal has been down since nine and nobody can log in"
    rows = (
        ("#1001", long, "Karen Client", "Normal", "nobody", "Sun 22 Nov 20:04"),
        ("#1002", "Hi", "Sam Porter", "High", "you", "-"),
    )
    assert ListingView("x", COLUMNS, rows, LABELS).lines == (
        "#1001  The portal has been down since nine and nobody can log in",
        "       Karen Client, Normal, assigned to nobody, due Sun 22 Nov 20:04",
        "#1002  Hi",
        "       Sam Porter, High, assigned to you",
    )


def test_a_subject_that_was_cut_says_so():
    assert short("x" * 60) == "x" * 60
    assert short("x" * 58 + " yz") == "x" * 58 + "…"


WHEN_CROWDED = [("#1", "", "a" * 40, ""), ("#10000", "", "", "a" * 18)]  # no line holds both: two lines a row
ROWS = st.lists(st.tuples(CELLS, CELLS, CELLS, CELLS), min_size=1, max_size=5)


@example(WHEN_CROWDED)
@example([("", "a" * 40, "", "b" * 30)])
@example([("a" * 40, "", "", "b" * 30), ("", "", "", "")])
@example([("a" * 80, "b" * 80, "c", "d")])
@given(ROWS)
def test_no_line_is_too_wide_and_no_cell_is_lost(rows):
    """Whichever cells are empty: a row's own lines hold each of its words."""
    lines = ListingView("x", ("One", "Two", "Three", "Four"), tuple(rows), ("",) * 4).lines
    assert all(len(line) <= 72 and line == line.rstrip() for line in lines)
    letters, wanted = ("".join("".join(text).split()) for text in (lines, map("".join, rows)))
    assert set(wanted) <= set(letters)
    assert all(letters.count(each) >= wanted.count(each) for each in "abcdef")


def test_a_row_without_a_subject_keeps_its_number():
    assert ListingView("x", ("One", "Two", "Three", "Four"), tuple(WHEN_CROWDED), ("",) * 4).lines == (
        "#1",
        f"        {'a' * 40}",
        "#10000",
        f"        {'a' * 18}",
    )


def test_a_long_name_has_lines_of_its_own():
    rows = (("@" + "long" * 12, "Ann Reyes", "Fri 20 Nov 2026", "writes each day"),)
    assert ListingView("Banned", ("Address", "By", "Since", "Reason"), rows, ("",) * 4).lines == (
        "@" + "long" * 12,
        "                          Ann Reyes",
        "                          Fri 20 Nov 2026, writes each day",
    )


def test_a_table_says_how_many_it_leaves_out():
    def title(count: int) -> str:
        return listing_view(Listing(Phrase("digest.mine"), ("number",), (("x",),), count), ENGLISH, UTC).title

    assert title(1) == "Yours (1)"
    assert title(70) == "Yours (showing 1 of 70)"


def test_cells_are_written_in_the_readers_language_and_zone_and_stay_cells():
    rows = (("#1001", "two  blanks", Phrase("ticket.nobody"), Short(NOW)), ("#1002", "", "Ann", ""))
    listing = Listing(Phrase("table.open"), ("number", "subject", "assignee", "due"), rows, 2)
    german = listing_view(listing, GERMAN, ZoneInfo("Europe/Berlin"))
    assert german.title == "Offene Tickets (2)"
    assert german.columns == ("Ticket", "Betreff", "Zuständig", "Fällig")
    assert german.rows == (("#1001", "two blanks", "niemand", "Fr., 20. November, 15:30"), ("#1002", "-", "Ann", "-"))
    assert german.labels == ("", "", "zuständig: {value}", "fällig {value}")


def test_what_happened_is_told_shortly_and_without_ones_own_acts():
    kinds = EventKind
    events = [
        Event(kind=kinds.MESSAGE, by=Actor.requester("k@x"), at=NOW),
        Event(kind=kinds.MESSAGE, by=Actor.requester("k@x"), at=NOW),
        Event(kind=kinds.NOTED, by=Actor.agent("ann"), at=NOW),
        Event(kind=kinds.REPLIED, by=Actor.agent("elliot"), at=NOW),
        Event(kind=kinds.REPLIED, by=Actor.agent("ann"), at=NOW),
        Event(kind=kinds.OVERDUE, by=CLOCK, at=NOW),
        Event(kind=kinds.ASSIGNED, by=Actor.agent("ann"), at=NOW, before={"agent": "elliot"}, after={"agent": "ann"}),
        Event(kind=kinds.TRANSFERRED, by=Actor.agent("ann"), at=NOW, before="A", after="B"),
        Event(kind=kinds.PRIORITY_CHANGED, by=Actor.agent("ann"), at=NOW, before="Low", after="High"),
        Event(kind=kinds.STATUS_CHANGED, by=CLOCK, at=NOW, before="open", after="resolved"),
        Event(kind=kinds.DUE_CHANGED, by=CLOCK, at=NOW),
    ]
    ann = CONFIG.agents["ann"].name
    assert ENGLISH.text(meanwhile(events, "elliot", CONFIG), UTC) == (
        f"2 new messages, note by {ann}, answered by {ann},"
        " overdue, reassigned, moved to B, priority High, now resolved"
    )
    opened = meanwhile([Event(kind=kinds.OPENED, by=CLOCK, at=NOW)] * 2, "elliot", CONFIG)
    assert ENGLISH.text(opened, UTC) == "opened (2 times)"
    one = meanwhile([Event(kind=kinds.MESSAGE, by=Actor.requester("k@x"), at=NOW)], "elliot", CONFIG)
    assert ENGLISH.text(one, UTC) == "1 new message"
    assert meanwhile([], "elliot", CONFIG) == ()
