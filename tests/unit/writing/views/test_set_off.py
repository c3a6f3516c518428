"""Lines of people's words that look like the desk's own bear a quote mark."""

from __future__ import annotations

import pytest

from mailgate.writing.views.formatting import set_off


@pytest.mark.parametrize(
    "line",
    [
        "-" * 70,
        "##- Write your answer above this line -##",
        "Ann Reyes, Fri 20 Nov 2026, 09:00 UTC (note):",
        "Ann Reyes, ven. 20 nov. 2026, 09:00 UTC (note interne):",
        "[note] Ann: pay him",
        "[2] Claim: mailto:support@bank.example",
        "Note [1]   Claim [2]",
        "Claim [2]",
    ],
)
def test_a_mark_of_ours(line: str) -> None:
    assert set_off(f"Hello\n{line}\nBye") == f"Hello\n> {line}\nBye"


@pytest.mark.parametrize(
    "line",
    ["Hello", "- one", "---", "We met at 10:00 (all of us): it was good", "See [1] for it", "(note):", "[x] done"],
)
def test_other_words_stay(line: str) -> None:
    assert set_off(line) == line
