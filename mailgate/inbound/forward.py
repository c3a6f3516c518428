"""Whose mail was forwarded inline, and under which subject.

Reads the copied header or the announcing line at the top of a forwarded block. It does
not look for the block (`mailgate.inbound.quote`) and believes nothing: whoever forwards
can write anything there.
"""

from __future__ import annotations

import re
from itertools import dropwhile

from mailgate.inbound import attribution, phrases
from mailgate.mail import Forwarded, normalise
from mailgate.model import Address

MAX_LINES = 30
MAX_LINE = 2000  # characters; Yahoo writes the whole header on one line
NAME_END = re.compile(r"(?:\[?mailto:|[\[(<\"'“”„»«\s])+$", re.IGNORECASE)
NAME_START = re.compile(r"^[\s*_\"'“”„»«]+")
QUOTED_NAME = re.compile(r"[\"“„]([^\"“”„]{1,100})[\"”“]\s*[<(\[]*$")
LAST_WORDS = re.compile(r"([^\d,:;]{2,80})$")


def _labelled(words: str) -> re.Pattern[str]:
    """Any of the labels at the start of a line, or within one behind a blank, a bracket or a rule."""
    names = "|".join(re.escape(word.replace("_", " ")) for word in sorted(words.split(), key=len, reverse=True))
    return re.compile(rf"(?:^|[\s>*_-])(?:{names})[\s*_]{{0,3}}[:：][\s*_]*(.*)$", re.IGNORECASE)


FROM = _labelled(phrases.FROM)
SUBJECT = _labelled(phrases.SUBJECT)


def read(block: str, subject: str) -> Forwarded | None:
    """Return the sender and subject of the mail in a forwarded block; None when it names no sender.

    `subject` is that of the forwarding mail, for programs that copy none.
    """
    lines = [line[:MAX_LINE].lstrip("> *_\t\xa0") for line in block.split("\n")[:MAX_LINES]]
    place = next((place for place, line in enumerate(lines) if FROM.search(line)), None)
    sender = _announced_sender(lines) if place is None else _labelled_sender(lines, place)
    if sender is None:
        return None
    copied = next((found[1].strip(" *_") for line in lines if (found := SUBJECT.search(line))), "")
    return Forwarded(sender, copied or subject.partition(":")[2].strip() or subject)


def _labelled_sender(lines: list[str], place: int) -> Address | None:
    """From a `From: Name <address>` line; a wrapped address stands on the next."""
    found = FROM.search(lines[place])
    below = [line for line in lines[place + 1 : place + 2] if not attribution.label(line)]
    value = " ".join([found[1] if found else "", *below])
    email = attribution.EMAIL.search(value)
    if not email:
        return None  # an Exchange name alone; another line's address is somebody else's
    name = NAME_END.sub("", value[: email.start()])
    return Address(normalise(email[0]), NAME_START.sub("", name).strip())


def _announced_sender(lines: list[str]) -> Address | None:
    """From a line like `On …, "Name" <address> wrote:`."""
    head = " ".join(lines[:4])
    email = attribution.EMAIL.search(head)
    if not email:
        return None
    before = head[: email.start()]
    name = QUOTED_NAME.search(before) or LAST_WORDS.search(NAME_END.sub("", before))
    words = name[1].strip(" \"'<([").split() if name else []
    return Address(
        normalise(email[0]), " ".join(dropwhile(str.islower, words))
    )  # "the user John Doe", in some languages
