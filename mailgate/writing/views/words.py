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
from mailgate.phrase import Choice, Day, Phrase, Sentence, Short, Value
from mailgate.rules.text.moments import Dates, fill

_SAY = re.compile(r"\{%-?\s*say\s+([\w.-]+)\s*-?%\}")
_FIRST = re.compile(r"\{(\w+)\}")
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

    def said(self, value: Value, zone: ZoneInfo) -> str:
        """A value in this language; moments in `zone`."""
        match value:
            case str():
                return value
            case Phrase():
                values = {name: self.said(each, zone) for name, each in value.values}
                return fill(self.phrases[value.name], values)
            case datetime():
                return self.dates.moment(value, zone)
            case Day():
                return self.dates.day(value.at.astimezone(zone))
            case Short():
                return self.dates.short(value.at, zone)
            case Choice():
                *others, last = (self.said(each, zone) for each in value.among)
                return self.phrases["list.or"].join((", ".join(others), last)) if others else last
            case _:
                return ", ".join(self.said(each, zone) for each in value)

    def sentence(self, sentence: Sentence, zone: ZoneInfo) -> str:
        """A sentence in this language: its own first word has a capital letter, a name is left as it is."""
        said = self.said(sentence, zone)
        return said[:1].upper() + said[1:] if self._opens_with_words(sentence) else said

    def _opens_with_words(self, value: Value) -> bool:
        if not isinstance(value, Phrase):
            return False
        first = _FIRST.match(self.phrases[value.name])
        return self._opens_with_words(dict(value.values).get(first[1], "")) if first else True

    def filled(self, name: str, /, **values: str) -> str:
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
