"""The period of a report as typed: "30d", "2 weeks", "12h"; thirty days by default."""

from __future__ import annotations

import re
from datetime import timedelta

from mailgate.errors import Refused
from mailgate.phrase import phrase
from mailgate.rules.text.cleanup import shortened

_SPAN = re.compile(r"(\d{1,4}) ?(h|hours?|d|days?|w|weeks?)?", re.ASCII)
_HOURS = {"h": 1, "d": 24, "w": 24 * 7}
LONGEST = timedelta(days=3660)


def read_period(typed: str) -> timedelta:
    """How far back a report goes. Raises Refused for text that is not a period, for none, and for over ten years."""
    text = " ".join(typed.lower().split())
    found = _SPAN.fullmatch(text or "30d")
    if not found:
        raise Refused(phrase("refused.no_period", typed=shortened(typed)))
    span = timedelta(hours=int(found[1]) * _HOURS[(found[2] or "d")[0]])
    if not timedelta() < span <= LONGEST:
        raise Refused(phrase("refused.long_period", typed=shortened(typed)))
    return span
