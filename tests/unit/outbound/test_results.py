"""What became of mails, kept while the database takes nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from mailgate.outbound.results import Results

NOW = datetime(2026, 11, 20, tzinfo=UTC)


@pytest.mark.parametrize("kind", ["sent", "later", "failed", "untried", "put_off"])
def test_what_could_not_be_recorded_is_recorded_with_what_comes_next(kind: str) -> None:
    first: Any
    first, next_ = Results(**{kind: [(1, NOW)]}), Results(**{kind: [(2, NOW)]})
    first.extend(next_)
    assert getattr(first, kind) == [(1, NOW), (2, NOW)]
    assert len(first) == 2
