"""How the requester was helped, in their own word: good, okay or bad.

The notice of a resolved ticket carries a link for each, which opens a mail with `#good`,
`#okay` or `#bad` and room for words. Whose mail is believed is not judged here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from mailgate.rules.text.cleanup import unmarked, visible
from mailgate.rules.text.signature import only_signature
from mailgate.rules.threading.references import ref_line
from mailgate.rules.ticket import acts
from mailgate.ticket import EventKind, Ticket

RATINGS = ("good", "okay", "bad")
BAD = "bad"
_RATING = re.compile(rf"#({'|'.join(RATINGS)})[.,:;!]*(?:\s+(.*))?", re.IGNORECASE)
_NONE = (0, "", "")


@dataclass(frozen=True, slots=True)
class Rating:
    """One of `RATINGS`, and the words around it ("" where that is a signature alone)."""

    word: str
    text: str = ""


def read_rating(lines: Sequence[str]) -> Rating | None:
    """The first line that is a rating and nothing else, wherever people write their words; None without one.

    On top of the mail words may follow on the line itself: the link leaves the cursor there.
    """
    top = next((number for number, line in enumerate(lines) if visible(line)), 0)
    found = ((number, *_rated(line)) for number, line in enumerate(lines))
    at, word, beside = next((each for each in found if each[1] and (each[0] == top or not each[2])), _NONE)
    if not word:
        return None
    rest = [beside, *(line for line in (*lines[:at], *lines[at + 1 :]) if not ref_line(line))]
    words = [line for line in rest if visible(line)]
    text = "" if not words or only_signature(words) else "\n".join(rest).strip()
    return Rating(word, text)


def _rated(line: str) -> tuple[str, str]:
    """The rating that a line begins with, and what else stands on it; "" for none."""
    found = _RATING.fullmatch(unmarked(line))
    return (found[1].lower(), (found[2] or "").strip()) if found else ("", "")


def rate(word: str, stamp: acts.Stamp, *, anew: bool) -> acts.Act:
    """Record a rating; the last one counts. The same again is news only where more is said with it (`anew`)."""

    def act(ticket: Ticket) -> acts.Draft:
        if ticket.satisfaction == word and not anew:
            return ticket, ()
        event = stamp.event(EventKind.RATED, ticket.satisfaction or None, word)
        return replace(ticket, satisfaction=word), (event,)

    return act


def may_rate(ticket: Ticket) -> bool:
    """Before a ticket was ever resolved there is nothing to rate: the word is text."""
    return not ticket.status.active or ticket.reopened > 0
