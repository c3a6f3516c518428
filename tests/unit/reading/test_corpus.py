"""The marks on the public corpus of real mails; skipped where the corpus is not beside the checkout."""

from pathlib import Path

import pytest

from tests.corpus import MARKS, TABLES, Mark, measure, without


@pytest.fixture(scope="module")
def marks(corpus: Path) -> dict[str, Mark]:
    return measure(corpus)


@pytest.mark.parametrize("name", MARKS)
def test_mark(marks: dict[str, Mark], name: str) -> None:
    assert marks[name].right >= MARKS[name], "\n".join(marks[name].missed)


# What the shape of a mail carries without any word of a table: it may rise, and then it rises here.
BY_SHAPE = {
    "quotes, forwards": {"reply": 47, "lost": 56, "forwards": 69, "no-forwards": 52},
    "device lines": {"reply": 51, "lost": 56},
    "devices": {"reply": 51, "lost": 56},
    "failures": {"bounces": 54, "recipients": 75, "strangers": 67, "ordinary": 214},
}


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table[0])
def test_shape_carries_most_without_the_words(corpus: Path, marks: dict[str, Mark], table) -> None:
    title, tables, _, served = table
    found = without(table, {name for rows in tables for name in rows}, corpus)
    assert {name: found[name].right for name in served} == BY_SHAPE[title]
    assert {name: mark.right for name, mark in measure(corpus).items()} == {n: m.right for n, m in marks.items()}
