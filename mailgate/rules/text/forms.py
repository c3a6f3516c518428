"""Form lines: `Help topic: …`, `Name: …` and other `Word: value` lines that open a body.

Ordinary sentences with a colon stay text: a block must open the body, and one lone line
counts only with a well-known key. What the lines mean is `route.py`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

_LINES_READ = 50
_KEY_MAX = 30  # characters
_VALUE_MAX = 1000  # characters
_UNKNOWN_VALUE_MAX = 80  # in a block without a well-known key: longer is a sentence
_LINE = re.compile(r"([^\W\d_][^:：]{0,39}?)[ \t*]{0,4}[:：](.*)")
_WORD = re.compile(r"[^\W_][\w'’./-]*")

# Keys that make a form of a single line.
_WELL_KNOWN = frozenset({"help topic", "topic", "name", "full name", "phone", "telephone", "email", "e-mail"})
# The header block of a forwarded mail looks like a form and is none.
_SENDER = frozenset({"from", "von", "de", "van", "da", "från", "fra", "od", "от", "发件人", "寄件者", "差出人"})
_OTHER = frozenset(
    {
        *("sent", "date", "to", "cc", "subject", "gesendet", "datum", "an", "betreff", "envoyé", "à", "objet"),
        *("enviado", "fecha", "para", "asunto", "data", "assunto", "verzonden", "aan", "onderwerp", "inviato", "a"),
        *(
            "oggetto",
            "skickat",
            "till",
            "ämne",
            "sendt",
            "til",
            "emne",
            "wysłano",
            "do",
            "temat",
            "дата",
            "кому",
            "тема",
        ),
    }
)
# So does an invitation, as `reading/mime/invitation.py` writes it.
_EVENT = frozenset({"invitation", "cancelled", "calendar entry", "other time proposed"})


@dataclass(frozen=True, slots=True)
class Form:
    """Form lines by name as typed, and the body after them."""

    fields: Mapping[str, str] = field(default_factory=dict)
    rest: str = ""

    def get(self, name: str) -> str:
        """The value of a field, in any case of its name; "" when there is none."""
        wanted = name.casefold()
        return next((value for key, value in self.fields.items() if key.casefold() == wanted), "")


def read_form(text: str) -> Form:
    """Read the form block that opens a body; without one, `rest` is the text as it came."""
    lines = text.split("\n")
    start = next((place for place, line in enumerate(lines) if line.strip()), len(lines))
    block, height = _block(lines[start : start + _LINES_READ])
    rest = lines[start + height :]
    if not _is_form(block, closed=not rest or not rest[0].strip()):
        return Form({}, text)
    fields: dict[str, str] = {}
    for name, value in block:
        fields.setdefault(name, value)
    return Form(fields, "\n".join(rest).strip("\r\n"))


def _block(lines: Sequence[str]) -> tuple[list[tuple[str, str]], int]:
    """The form lines at the top, and how many lines they take.

    They go on below an empty line, as where a page has each in a paragraph of its own, as far as one with a
    well-known key: behind it, "Note: the printer smokes" is text.
    """
    block: list[tuple[str, str]] = []
    read: list[tuple[str, str]] = []
    height, is_tight = 0, True
    for place, line in enumerate(lines, start=1):
        if not line.strip():
            is_tight = False
            continue
        if not (found := _read_line(line.strip(" \t\r*"))):
            break
        read.append(found)
        if is_tight or found[0].casefold() in _WELL_KNOWN:
            block, height = list(read), place
    return block, height


def _read_line(line: str) -> tuple[str, str] | None:
    found = _LINE.fullmatch(line)
    if not found or found[2].startswith("//"):  # a URL is no form line
        return None
    words, value = found[1].split(), found[2].strip(" \t*")
    if len(words) > 3 or len(found[1]) > _KEY_MAX or len(value) > _VALUE_MAX or not all(map(_WORD.fullmatch, words)):
        return None
    return " ".join(words), value


def _is_form(block: list[tuple[str, str]], *, closed: bool) -> bool:
    """Whether these lines are a form. `closed`: an empty line or the end comes after them."""
    names = {name.casefold() for name, value in block if value}
    if (names & _SENDER and names & _OTHER) or (names & _EVENT and "when" in names):
        return False
    short = all(len(value) <= _UNKNOWN_VALUE_MAX for _, value in block)
    return bool(names & _WELL_KNOWN) or (len(names) > 1 and closed and short)
