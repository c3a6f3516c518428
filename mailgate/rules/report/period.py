"""The period that somebody asks for: "30d", "2 weeks", "12h", and thirty days without a word."""

from __future__ import annotations

import re
from datetime import timedelta

from mailgate.errors import Refused
from mailgate.rules.text.cleanup import quoted

_SPAN = re.compile(r"(\d{1,4}) ?(h|hours?|d|days?|w|weeks?)?", re.ASCII)
_HOURS = {"h": 1, "d": 24, "w": 24 * 7}
LONGEST = timedelta(days=3660)


def read_period(typed: str) -> timedelta:
    """How far back a report goes. Raises Refused for text that is not a period, for none, and for over ten years."""
    text = " ".join(typed.lower().split())
    found = _SPAN.fullmatch(text or "30d")
    if not found:
        raise Refused(f"{quoted(typed)} is not a period: write it as 7d, 30d or 12h")
    span = timedelta(hours=int(found[1]) * _HOURS[(found[2] or "d")[0]])
    if not timedelta() < span <= LONGEST:
        raise Refused(f"a report covers up to ten years, not {quoted(typed)}")
    return span
