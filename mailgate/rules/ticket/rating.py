"""Satisfaction ratings by mail: `#good`, `#okay` or `#bad`, with an optional comment.

The notice of a resolved ticket carries a link for each, which opens a mail that begins with it.
Authenticating the sender is the caller's job.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from mailgate.rules.text.cleanup import unmarked, visible
from mailgate.rules.text.signature import NOBODY, Signer, only_signature
from mailgate.rules.threading.references import ref_line
from mailgate.ticket import Ticket

RATINGS = ("good", "okay", "bad")
BAD = "bad"
_RATING = re.compile(rf"#({'|'.join(RATINGS)})[.,:;!]*(?:\s+(.*))?", re.IGNORECASE)
_NONE = (0, "", "")


@dataclass(frozen=True, slots=True)
class Rating:
    """One of `RATINGS`, and the comment ("" for none; a signature alone is none)."""

    word: str
    text: str = ""


def read_rating(lines: Sequence[str], signer: Signer = NOBODY) -> Rating | None:
    """The rating of a mail, from the sender's own lines; None without one.

    The first line that holds nothing but a rating counts, wherever it stands. On the first line of the mail
    a comment may follow the rating, because the link in the notice leaves the cursor there.
    """
    top = next((number for number, line in enumerate(lines) if visible(line)), 0)
    found = ((number, *_rated(line)) for number, line in enumerate(lines))
    at, word, same_line = next((each for each in found if each[1] and (each[0] == top or not each[2])), _NONE)
    if not word:
        return None
    rest = [same_line, *(line for line in (*lines[:at], *lines[at + 1 :]) if not ref_line(line))]
    words = [line for line in rest if visible(line)]
    text = "" if not words or only_signature(words, signer) else "\n".join(rest).strip()
    return Rating(word, text)


def _rated(line: str) -> tuple[str, str]:
    """The rating that a line begins with and the rest of the line; "" for none."""
    found = _RATING.fullmatch(unmarked(line))
    return (found[1].lower(), found[2] or "") if found else ("", "")


def may_rate(ticket: Ticket) -> bool:
    """Whether the ticket was ever resolved or closed; before that a rating is plain text."""
    return not ticket.status.active or ticket.reopened > 0
