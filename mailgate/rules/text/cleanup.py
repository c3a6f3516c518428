"""What mail programs do to a typed line, undone: one line in, the line as it was meant out.

Only for reading commands: the text that people see is never passed through here.
"""

from __future__ import annotations

import re
import unicodedata

# Control characters, soft hyphen, zero-width and bidirectional marks, variation selectors, BOM, tags.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1b\x1f\x7f-\x84\x86-\x9f\u00ad\u034f\u061c\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\ufe00-\ufe0f\ufeff\ufff9-\ufffb\U000e0000-\U000e01ef]"
)
# A link written out behind the words it stood under: "#claim<http://…>", "ann@x.example [mailto:…]".
_LINK = re.compile(r"[<\[](mailto:|https?://|tel:)([^<>\[\]]*)[>\]]", re.IGNORECASE)
# A list that the mail program made of the lines: "- #note", "• #note", "1. #note".
_BULLET = re.compile(r"(?:(?:[-*\u2022\u00b7\u2013\u25cf\u25aa]|[0-9]{1,2}[.)]) )+(?=[*_`~]*\\?#\**[^\W\d_])")
# Emphasis around or inside the mark: "*#note*", "_#note_", "#*note*"; also around an escaped one.
_EMPHASIS = re.compile(r"([*_`~]{0,6})(\\?#)(\**)(?=[^\W_])")
_BARE_VERB = re.compile(r"[*_`~]*#\**[a-z-]+[:*_`~]*", re.IGNORECASE)
_STRUCK = "~~"  # words that their author struck out are no command
MARKS = "*_`~"
LONGEST = 80  # characters of typed text in an error
MAX_COMBINING = 30  # combining marks in a row that are kept (Unicode UAX #15, 13: Stream-Safe Text Format)
# What may be more of them; combining marks are neither word characters nor white space but for the two last.
_PILE = re.compile(rf"(?:[^\w\s\x00-\x7f]|[\uff9e\uff9f]){{{MAX_COMBINING + 1},}}")


def nfkc(text: str) -> str:
    """A text in NFKC. Of more than 30 combining marks in a row the first 30 are kept.

    Putting a run of marks into their canonical order costs the square of its length.
    """
    if text.isascii():
        return text
    return unicodedata.normalize("NFKC", _PILE.sub(lambda found: _without_pile(found[0]), text))


def _without_pile(run: str) -> str:
    kept: list[str] = []
    height = 0
    for character in run:
        # by the first of what it decomposes into: U+0F73 is no combining mark and becomes two
        combining = unicodedata.combining(unicodedata.normalize("NFKD", character)[0])
        height = height + 1 if combining else 0
        if height <= MAX_COMBINING:
            kept.append(character)
    return "".join(kept)


def seen(text: str) -> str:
    """A text in NFKC without invisible characters; its lines and spaces stay."""
    return nfkc(_INVISIBLE.sub("", text))


def visible(line: str) -> str:
    """The line in NFKC, without invisible characters, every run of white space one space."""
    if not line.isascii():
        line = nfkc(_INVISIBLE.sub("", line))
    return " ".join(_INVISIBLE.sub("", line).split())


def clean(line: str) -> str:
    """The line without what a mail program put into it, and without a trailing full stop. Idempotent."""
    line = unmarked(line)
    return line.rstrip(". ") if _EMPHASIS.match(line) and not line.startswith(_STRUCK) else line


def unmarked(line: str) -> str:
    """The line without what a mail program put into it; a full stop at its end may be a sentence's. Idempotent.

    Undoes compatibility characters, no-break and zero-width characters, written-out
    links, a list's bullet or number and emphasis marks.
    """
    line = " ".join(_without_links(visible(line)).split())
    if bullet := _BULLET.match(line):
        line = line[bullet.end() :]
    if line.startswith(_STRUCK):
        return line
    found = _EMPHASIS.match(line)
    return _without_emphasis(line, found) if found else line


def shortened(text: str) -> str:
    """Typed text, cut to a length that fits into an error."""
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _without_links(line: str) -> str:
    """`line` without written-out links; a mailto link with nothing before it leaves its address."""
    parts: list[str] = []
    head = ""  # what stands before, while it is short enough for a bare verb
    end = 0
    for found in _LINK.finditer(line):
        kept = line[end : found.start()]
        head += kept if len(head) <= LONGEST else ""
        if found[1].lower() == "mailto:" and len(head) <= LONGEST and _BARE_VERB.fullmatch(head.strip()):
            address = " " + found[2].partition("?")[0]
            kept += address
            head += address
        parts.append(kept)
        end = found.end()
    return "".join(parts) + line[end:]


def _without_emphasis(line: str, found: re.Match[str]) -> str:
    """`line` without the marks at its start and the first run that closes them."""
    marks = found[1] + found[3]
    rest = line[found.end() :]
    if marks:
        rest = re.sub(re.escape(marks[::-1]) + r"(?!\w)", "", rest, count=1).rstrip(MARKS)
    return found[2] + rest
