"""The desk's own words in one language: sentences by name, and how it writes a moment.

They come from `words.toml` and hold nobody else's text. A template takes a sentence in
with `{% say NAME %}` when it is compiled; what the rules say comes as a `Phrase`. Words
are looked up here, never made.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from zoneinfo import ZoneInfo

from mailgate.mail import MARKER, MARKERS
from mailgate.notice import Phrase
from mailgate.rules.text.moments import Dates, fill

_SAY = re.compile(r"\{%-?\s*say\s+([\w.-]+)\s*-?%\}")
_CODE = re.compile(r"(\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\})")
_HTML = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_UNESCAPED = re.compile(r"&(?!\w+;|#)|[<>]")


class UnknownPhrase(LookupError):
    """A template says something that no words.toml has."""

    def __init__(self, what: str, line: int) -> None:
        super().__init__(what)
        self.what = what
        self.line = line


@dataclass(frozen=True, slots=True)
class Words:
    """What mailgate says by itself, in one language."""

    language: str  # an RFC 5646 tag
    phrases: Mapping[str, str]  # by "table.key"
    dates: Dates

    @property
    def marker(self) -> str:
        """The first line of every mail, above which an answer is written."""
        return MARKERS.get(self.language.partition("-")[0].lower(), MARKER)

    def said(self, phrase: Phrase, zone: ZoneInfo) -> str:
        """A phrase in this language; a moment in it is told by its day."""
        values = {
            name: self.dates.day(value.astimezone(zone)) if isinstance(value, datetime) else value
            for name, value in phrase.values
        }
        return fill(self.phrases[phrase.name], values)

    def filled(self, name: str, **values: str) -> str:
        """A phrase with its values."""
        return fill(self.phrases[name], values)

    def spoken(self, source: str, *, html: bool = False) -> str:
        """A template's source with its phrases in place of each `{% say NAME %}`.

        Raises `UnknownPhrase` for a name that there is not.
        """
        if "say " not in source:
            return source

        def put(found: re.Match[str]) -> str:
            text = self.phrases.get(found[1])
            if text is None:
                close = get_close_matches(found[1], self.phrases, n=1)
                hint = f"; did you mean {close[0]}?" if close else ""
                raise UnknownPhrase(f"no phrase is called {found[1]}{hint}", source.count("\n", 0, found.start()) + 1)
            return _in_html(text) if html else text

        return _SAY.sub(put, source)


def _in_html(text: str) -> str:
    """A phrase as HTML: what is not Jinja2's is text."""
    pieces = _CODE.split(text)
    return "".join(
        piece if place % 2 else _UNESCAPED.sub(lambda found: _HTML[found[0]], piece)
        for place, piece in enumerate(pieces)
    )
