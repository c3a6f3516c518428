"""The marks on the public corpus of real mails; skipped where the corpus is not beside the checkout."""

import pytest

from tests.corpus import CORPUS, MARKS, Mark, measure


@pytest.fixture(scope="module")
def marks() -> dict[str, Mark]:
    if not (CORPUS / "INDEX.tsv").is_file():
        pytest.skip("the corpus is not beside the checkout")
    return measure()


@pytest.mark.parametrize("name", MARKS)
def test_mark(marks: dict[str, Mark], name: str) -> None:
    assert marks[name].right >= MARKS[name], "\n".join(marks[name].missed)
