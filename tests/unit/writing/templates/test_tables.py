"""Text in columns as tables: what is one becomes one, and nothing is ever lost."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mailgate.desk.agent.queries import aligned
from mailgate.writing.templates.tables import Block, blocks

HEAD = ("Ticket", "Status", "Due", "Subject")
ROWS = [("#1001", "open", "-", "A  long   subject"), ("#2", "pending", "20 Nov 12:00!", "x")]


def test_rows_in_columns_are_a_table_and_what_follows_is_text():
    text = f"Before.\n\n{aligned([HEAD, *ROWS])}\n… and 7 more\n\nAfter.\nAgain."
    assert blocks(text) == (
        Block("Before."),
        Block(head=HEAD, rows=tuple(ROWS)),
        Block("… and 7 more"),
        Block("After.\nAgain."),
    )


def test_lines_that_are_aligned_otherwise_keep_their_blanks():
    assert blocks("#assign NAME   gives it\n#close         ends it") == (
        Block("#assign NAME   gives it\n#close         ends it", aligned=True),
    )
    assert blocks("A  B  C") == (Block("A  B  C", aligned=True),), "a head alone is no table"
    assert blocks("A  B  C\nlonger text that does not stand in columns") == (
        Block("A  B  C\nlonger text that does not stand in columns", aligned=True),
    )
    assert blocks("\n\n") == ()


@given(st.text(st.sampled_from("ab  \n"), max_size=200))
def test_nothing_is_lost(text: str):
    shown = "".join(block.text + "".join(map("".join, (block.head, *block.rows))) for block in blocks(text))
    assert "".join(shown.split()) == "".join(text.split())


CELL = st.text(st.sampled_from("abc"), min_size=1, max_size=12)


@given(st.lists(st.tuples(CELL, CELL, CELL), min_size=2, max_size=6))
def test_what_was_aligned_is_read_back(rows: list[tuple[str, str, str]]):
    (table,) = blocks(aligned(rows))
    assert (table.head, *table.rows) == tuple(rows)
