"""Whose mail was forwarded inline, under which subject, and what it says.

Reads the copied header or the announcing line at the top of a forwarded block. It does
not look for the block (`mailgate.reading.quotes.split`) and believes nothing: whoever forwards
can write anything there.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from itertools import dropwhile

from mailgate.mail import Forwarded, normalise
from mailgate.reading.quotes import attribution, phrases
from mailgate.ticket import Address

MAX_LINES = 30
MAX_LINE = 2000  # characters; Yahoo writes the whole header on one line
NAME_END = re.compile(r"(?:\[?mailto:|[\[(<\"'“”„»«\s])+$", re.IGNORECASE)
NAME_START = re.compile(r"^[\s*_\"'“”„»«]+")
QUOTED_NAME = re.compile(r"[\"“„]([^\"“”„]{1,100})[\"”“]\s*[<(\[]*$")
LAST_WORDS = re.compile(r"([^\d,:;]{2,80})$")
# "Da: shop@a.example [mailto:joe@b.example]": an address as the name, and behind it the one that wrote.
BEHIND = re.compile(rf"[\s\"']{{0,3}}[<\[(]\s*(?:mailto:)?({attribution.EMAIL.pattern})", re.IGNORECASE)
QUOTE_MARK = re.compile(r"^ ?> ?")
# Fields that stand in a copied header and tell neither who, when, to whom nor what.
FURTHER = re.compile(
    r"(?i)^[\s*_]{0,3}(?:reply-to|importance|attachments?|sensitivity|message-id|antwort an|wichtigkeit|anlagen?"
    r"|répondre à|pièces jointes|responder a|adjuntos|rispondi a|allegati|importanza)[\s*_]{0,3}[:：].*\S"
)
# "Dw: Ann <ann@a.example>, …": a field of people, in whatever language.
PEOPLE = re.compile(
    rf"^[\s*_]{{0,3}}[^\W\d_][^:：\n]{{0,18}}[:：][^:：]*{attribution.EMAIL.pattern}[>\])\s;,]*$", re.IGNORECASE
)
LONG_FIELD = 4  # lines on which a copied field may run on


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
    lines = [line[:MAX_LINE].lstrip("> *_\t\xa0\ufeff") for line in block.split("\n")[:MAX_LINES]]
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
    if behind := BEHIND.match(value, email.end()):
        return Address(normalise(behind[1]), "" if normalise(behind[1]) == normalise(email[0]) else email[0])
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


def text_of(block: str) -> str:
    """What the forwarded mail says: the block without its announcing lines, copied header and quote marks."""
    lines = _unquoted(block.split("\n"))
    body = lines[_header_end(lines) :]
    text = textwrap.dedent("\n".join(line.rstrip() for line in body)).strip("\n")
    return text.strip()


def _unquoted(lines: Sequence[str]) -> list[str]:
    """One level of quote marks away, where the copied header bears them."""
    copied = [line for line in lines[:MAX_LINES] if attribution.label(line)]
    quoted = bool(copied) and all(QUOTE_MARK.match(line) for line in copied)
    return [QUOTE_MARK.sub("", line, count=1) for line in lines] if quoted else list(lines)


def _header_end(lines: Sequence[str]) -> int:
    """Where the forwarded words begin."""
    place = _skip(lines, 0)
    first = place
    while place < len(lines) and (run := _field(lines, place)):
        place += run
    if place > first:
        return place
    return _announcing(lines, place)


def _skip(lines: Sequence[str], place: int) -> int:
    """Past blank lines, rules and announcing lines; Yahoo writes the whole header on such a line."""
    while place < len(lines):
        line = lines[place]
        if line.strip() and not (
            attribution.is_forward(line) or attribution.is_original(line) or attribution.is_rule(line)
        ):
            break
        place += 1
    return place


def _field(lines: Sequence[str], place: int) -> int:
    """How many lines from `place` on are a field of the copied header; a long one runs on until the next."""
    if _labels(lines[place]):
        return 1
    for run, line in enumerate(lines[place : place + LONG_FIELD]):
        if not line.strip():
            return 0
        if _labels(line):
            return run
    return 0


def _labels(line: str) -> bool:
    line = line[:MAX_LINE]
    return bool(attribution.label(line) or FURTHER.match(line) or PEOPLE.match(line[:400]))


def _announcing(lines: Sequence[str], place: int) -> int:
    """Past a line like `On …, Name <address> wrote:`, which may be wrapped."""
    for size in range(1, LONG_FIELD + 1):
        if attribution.is_attribution(" ".join(line.strip() for line in lines[place : place + size])):
            return place + size
    return place
