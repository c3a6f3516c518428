"""Tables in mails to agents, as text: aligned, never wider than a mail program leaves them, and nothing lost."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mailgate.notice import Listing
from mailgate.rules.notices.tables import meanwhile, short
from mailgate.ticket import CLOCK, Actor, Event, EventKind
from mailgate.writing.views.views import ListingView
from tests.notices import CONFIG, NOW

CELLS = st.text("abc def", max_size=60).map(lambda text: " ".join(text.split()))


COLUMNS = ("Ticket", "Subject", "From", "Priority", "Assigned to", "Due")


def test_columns_stand_below_each_other_where_a_line_holds_them():
    table = ListingView("x", ("Ticket", "Subject", "Due"), (("#1001", "Hello", "Sun 22 Nov 20:04"), ("#12", "Hi", "-")))
    assert table.lines == (
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
    assert ListingView("x", COLUMNS, rows).lines == (
        "#1001  The portal has been down since nine and nobody can log in",
        "       Karen Client, Normal, assigned to nobody, due Sun 22 Nov 20:04",
        "#1002  Hi",
        "       Sam Porter, High, assigned to you",
    )


def test_a_row_without_a_subject_keeps_its_number():
    rows = (("#1", "", "a" * 40, ""), ("#10000", "", "", "a" * 18))
    assert ListingView("x", ("One", "Two", "Three", "Four"), rows).lines == (
        "#1",
        "        " + "a" * 40,
        "#10000",
        "        " + "a" * 18,
    )


def test_a_subject_that_was_cut_says_so():
    assert short("x" * 60) == "x" * 60
    assert short("x" * 58 + " yz") == "x" * 58 + "…"


@given(st.lists(st.tuples(st.integers(1, 10**9).map("#{}".format), CELLS, CELLS, CELLS), min_size=1, max_size=5))
def test_no_line_is_too_wide_and_no_word_is_lost(rows):
    lines = ListingView("x", ("One", "Two", "Three", "Four"), tuple(rows)).lines
    assert all(len(line) <= 72 and line == line.rstrip() for line in lines)
    letters, wanted = ("".join("".join(text).split()) for text in (lines, map("".join, rows)))
    assert [line.split()[0] for line in lines if line.startswith("#")] == [row[0] for row in rows]
    assert all(letters.count(each) >= wanted.count(each) for each in "abcdef")


def test_a_table_says_how_many_it_leaves_out():
    assert Listing("Yours", ("A",), (("x",),), 1).title == "Yours (1)"
    assert Listing("Yours", ("A",), (("x",),), 70).title == "Yours (the first 1 of 70)"


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
    assert meanwhile(events, "elliot", CONFIG) == (
        f"2 new messages; note by {ann}; answered by {ann};"
        " overdue; reassigned; moved to B; priority High; now resolved"
    )
    assert meanwhile([Event(kind=kinds.OPENED, by=CLOCK, at=NOW)] * 2, "elliot", CONFIG) == "opened (2 times)"
    assert meanwhile([], "elliot", CONFIG) == ""
