"""Whose mail was forwarded inline, under which subject, and what it says.

Reads the copied header or the announcing line at the top of a forwarded block. It does
not look for the block (`mailgate.reading.quotes.split`) and trusts nothing: whoever forwards
can write anything there.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from itertools import dropwhile

from mailgate.mail import Forwarded, normalise
from mailgate.reading.quotes import attribution, shape
from mailgate.reading.quotes.shape import MAX_LINE, Field, Header
from mailgate.ticket import Address

MAX_LINES = 30
MAX_ABOVE = 3  # lines of words that may announce the copied header
NAME_END = re.compile(r"(?:\[?mailto:|[\[(<\"'“”„»«‹›\s])+$", re.IGNORECASE)
NAME_START = re.compile(r"^[\s*_\"'“”„»«‹›]+")
QUOTED_NAME = re.compile(r"[\"“„«]([^\"“”„«»]{1,100})[\"”“»]\s*[<(\[]*$")
LAST_WORDS = re.compile(r"([^\d,:;]{2,80})$")
# "Da: shop@a.example [mailto:joe@b.example]": an address as the name, and behind it the one that wrote.
BEHIND = re.compile(rf"[\s\"']{{0,3}}[<\[(]\s*(?:mailto:)?({shape.EMAIL.pattern})", re.IGNORECASE)
QUOTE_MARK = re.compile(r"^ ?> ?")
# On one line, as Yahoo writes it, a label is glued to the value before it: "…09:26 GMT+1Subject: Hello".
LABEL_WITHIN = re.compile(r"[:：]\s")
CLOCK = re.compile(r"\d{1,2}[:.]\d{2}(?:[:.]\d{2})?")


def read(block: str, subject: str) -> Forwarded | None:
    """Return the sender and subject of the mail in a forwarded block; None when it names no sender.

    `subject` is that of the forwarding mail, for programs that copy none.
    """
    lines = [_bare(line[:MAX_LINE]) for line in block.split("\n")[:MAX_LINES]]
    bare = subject.partition(":")[2].strip() or subject
    found = _found(lines, bare)
    if found is None:
        return None
    sender, copied = found
    return Forwarded(sender, copied or bare) if sender else None


def _bare(line: str) -> str:
    return line if shape.between_marks(line) else line.lstrip("> *_\t\xa0\ufeff")


def _found(lines: Sequence[str], subject: str) -> tuple[Address | None, str] | None:
    """Sender and subject by what stands first: a header, one on a single line, or an announcing line.

    Below an announcing line between rules a header may stand, which says more.
    """
    said = 0  # lines of words
    announced: tuple[Address | None, str] | None = None
    labelled = shape.Lines(lines)
    for place, line in enumerate(lines):
        if not line.strip():
            continue
        if header := _header_at(labelled, place):
            return _author(header), _subject(header, subject)
        if single := _single_line(line):
            return _person(single), _subject_within(single)
        if announced is None and (size := _announcing(lines, place)):
            announced = _announced_sender(lines[place : place + size]), ""
            if not shape.ruled(line)[0]:
                return announced
        said += 1
        if said > MAX_ABOVE:
            break
    return announced


def _header_at(lines: shape.Lines, place: int) -> Header | None:
    """A copied header, be it short or broken: it names somebody, or has a label that is known."""
    header = lines.header(place)
    return header if header and (header.people or _labelled(header, "from")) else None


def _labelled(header: Header, kind: str) -> Field | None:
    return next((each for each in header.fields if attribution.LABELS.get(each.label) == kind), None)


def _author(header: Header) -> Address | None:
    """Who the From field names; where its label is not known, who the first field of people names."""
    known = _labelled(header, "from")
    if known is not None:
        return _person(known.value)  # an Exchange name alone: another line's address is somebody else's
    others = (each for each in header.people if attribution.LABELS.get(each.label) != "to")
    return next((_person(each.value) for each in others), None)


def _person(value: str) -> Address | None:
    """The first address of a value, and the name before it."""
    email = shape.EMAIL.search(value)
    if not email:
        return None
    if behind := BEHIND.match(value, email.end()):
        return Address(normalise(behind[1]), "" if normalise(behind[1]) == normalise(email[0]) else email[0])
    name = NAME_END.sub("", value[: email.start()])
    return Address(normalise(email[0]), NAME_START.sub("", name).strip())


def _subject(header: Header, like: str) -> str:
    """The Subject field; where its label is not known, what is no other field, and best the subject it came under."""
    known = _labelled(header, "subject")
    if known is not None:
        return known.value
    others = [each.value for each in header.fields if each.label not in attribution.LABELS]
    others = [value for value in others if value and not shape.is_people(value) and not shape.is_moment(value)]
    return next((value for value in others if value == like), others[-1] if others else "")


def _single_line(line: str) -> str:
    """A whole header on the line that announces it, from behind its first label on; "" where there is none."""
    _, rest = shape.ruled(line)
    label = LABEL_WITHIN.search(rest)
    return rest[label.end() :] if label and shape.is_people(rest[label.end() :]) else ""


def _subject_within(rest: str) -> str:
    """What stands behind the last label that is known, or behind the first one below the time."""
    clock = CLOCK.search(rest)
    if not clock:
        return ""
    tail = rest[clock.end() :]
    label = LABEL_WITHIN.search(tail)
    return tail[label.end() :].strip() if label else ""


def _announced_sender(lines: Sequence[str]) -> Address | None:
    """From a line like `On …, "Name" <address> wrote:`."""
    head = " ".join(lines)
    email = shape.EMAIL.search(head)
    if not email:
        return None
    before = head[: email.start()]
    name = QUOTED_NAME.search(before) or LAST_WORDS.search(NAME_END.sub("", before))
    words = name[1].strip(" \"'<>([«»").split() if name else []
    # "the user John Doe", in some languages
    return Address(normalise(email[0]), " ".join(dropwhile(str.islower, words)))


def text_of(block: str) -> str:
    """What the forwarded mail says: the block without its announcing lines, copied header and quote marks."""
    lines = _unquoted(block.split("\n"))
    body = lines[_header_end(lines) :]
    body = body[_below_header(body) :]
    if all(QUOTE_MARK.match(line) for line in body if line.strip()):  # quoted below a line that is not
        body = [QUOTE_MARK.sub("", line, count=1) for line in body]
    text = textwrap.dedent("\n".join(line.rstrip() for line in body)).strip("\n")
    return text.strip()


def _below_header(lines: Sequence[str]) -> int:
    """Past what some programs draw between the header and the words: a rule, or words between two."""
    first = next((place for place, line in enumerate(lines) if line.strip() and not shape.is_rule(line)), 0)
    return first + 1 if first < len(lines) and _is_divider(lines, first) else first


def _is_divider(lines: Sequence[str], place: int) -> bool:
    """Words between rules, of which nothing but words follow: above another header they announce another mail."""
    line = lines[place].strip()
    drawn = line[:3] == 3 * line[:1] == line[-3:] and line.startswith(shape.DASHES)
    below = next((at for at in range(place + 1, len(lines)) if lines[at].strip()), None)
    return drawn and below is not None and shape.field(lines[below]) is None


def _unquoted(lines: Sequence[str]) -> list[str]:
    """One level of quote marks away, where the copied header bears them."""
    copied = [line for line in lines[:MAX_LINES] if (found := shape.field(line)) and found.value][:3]
    quoted = bool(copied) and all(QUOTE_MARK.match(line) for line in copied)
    return [QUOTE_MARK.sub("", line, count=1) for line in lines] if quoted else list(lines)


def _header_end(lines: Sequence[str]) -> int:
    """Where the forwarded words begin."""
    said = 0
    announced = 0
    labelled = shape.Lines(lines)
    for place, line in enumerate(lines[:MAX_LINES]):
        if not line.strip() or shape.is_rule(line):
            continue
        if header := _header_at(labelled, place):
            return place + header.size
        if not announced and (size := _announcing(lines, place)):
            announced = place + size
            if not shape.ruled(line)[0]:
                return announced
        if _announces(line):
            continue
        said += 1
        if said > MAX_ABOVE:
            break
    return announced or _first(lines)


def _announces(line: str) -> bool:
    return attribution.is_forward(line) or attribution.is_original(line) or bool(_single_line(line))


def _announcing(lines: Sequence[str], place: int) -> int:
    """On how many lines "On …, Name <address> wrote:" stands, which may be wrapped; 0 where it does not."""
    for size, line in enumerate(lines[place : place + shape.MAX_WRAPPED], 1):
        labelled = shape.field(line)
        if size > 1 and labelled and labelled.people:
            break  # a copied header stands there
        if attribution.is_attribution(" ".join(line.strip() for line in lines[place : place + size])):
            return size
    return 0


def _first(lines: Sequence[str]) -> int:
    """Past blank lines, rules and announcing lines."""
    blank = (not line.strip() or shape.is_rule(line) or _announces(line) for line in lines)
    return next((place for place, skipped in enumerate(blank) if not skipped), len(lines))
