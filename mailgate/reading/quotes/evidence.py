"""A copied header that its author shows, as against the one that a program writes above the mail that is answered.

Programs copy the header of that mail: it has its subject, or is by somebody whom the answer goes to. And they copy
a few fields: one that begins with "Received" was pasted. Where unsure, it is a program's, and what follows is history.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from mailgate.mail import Mail, normalise
from mailgate.reading.quotes import attribution
from mailgate.reading.quotes.shape import EMAIL, Header

# Fields with which the header of a mail begins as it came over the wire. No program copies them above an answer.
_WIRE = re.compile(
    r"(?:received|return-path|delivered-to|dkim-signature|authentication-results|mime-version|arc-[a-z-]+|x-[a-z-]+)$"
)
_PLUS = re.compile(r"\+[^@]*(?=@)")


class Of(StrEnum):
    """Of which mail a copied header is."""

    SHOWN = "shown"  # one that the author wants to be seen
    ANSWERED = "answered"
    EITHER = "either"


@dataclass(frozen=True, slots=True)
class Answer:
    """What is known of the mail whose body is read."""

    subject: str = ""
    author: str = ""  # an address
    people: frozenset[str] = frozenset()  # whom it goes to, without what stands behind a plus in their addresses


def answer_of(mail: Mail) -> Answer:
    """The facts of a mail by which a header in its text is judged."""
    return Answer(
        mail.subject, mail.author.email, frozenset(_PLUS.sub("", each.email) for each in (*mail.to, *mail.cc))
    )


def of(header: Header, answer: Answer) -> Of:
    """Whether a copied header was put into a text to be read, or is that of the mail that is answered."""
    if _WIRE.match(header.fields[0].label):
        return Of.SHOWN
    said = {attribution.LABELS.get(field.label, ""): field.value for field in reversed(header.fields)}
    found, subject = EMAIL.search(said.get("from", "")), _bare(said.get("subject", ""))
    author = normalise(found[0]) if found else ""
    if (subject and _is_same(subject, _bare(answer.subject))) or _PLUS.sub("", author) in answer.people:
        return Of.ANSWERED
    return Of.SHOWN if subject and author and author == answer.author else Of.EITHER


def _is_same(one: str, other: str) -> bool:
    """Whether two subjects are one, whatever was put before or behind it or cut off."""
    return one in other or bool(other and other in one)


def _bare(subject: str) -> str:
    """The letters and digits of a subject without its prefix."""
    prefix = attribution.prefix(subject)
    rest = subject.partition(":")[2] if prefix else subject
    return "".join(filter(str.isalnum, rest.lower()))
