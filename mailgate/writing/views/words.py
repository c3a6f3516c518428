"""The phrases of `words.toml` in one language, and its forms of dates.

`{% say NAME %}` in a template is replaced by a phrase when the template is compiled; what
the rules state comes as a `Phrase` with its values.
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
_STOP = re.compile(r"\{\{\s*([^{}]+?)\s*\}\}\.(?!\w)")  # a value before the full stop of its sentence
_FIRST = re.compile(r"\{(\w+)\}")
_CODE = re.compile(r"(\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\})")
_HTML = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_UNESCAPED = re.compile(r"&(?!\w+;|#)|[<>]")


class UnknownPhrase(LookupError):
    """A template names a phrase that no words.toml has."""

    def __init__(self, what: str, line: int) -> None:
        super().__init__(what)
        self.what = what
        self.line = line


@dataclass(frozen=True, slots=True)
class Words:
    """The phrases and dates of one language."""

    language: str  # an RFC 5646 tag
    phrases: Mapping[str, str]  # by "table.key"
    dates: Dates

    @property
    def marker(self) -> str:
        """The first line of every mail, above which an answer is written."""
        return MARKERS.get(self.language.partition("-")[0].lower(), MARKER)

    def text(self, value: Value, zone: ZoneInfo) -> str:
        """A value in this language; moments in `zone`."""
        match value:
            case str():
                return value
            case Phrase():
                values = {name: self.text(each, zone) for name, each in value.values}
                return self.filled(value.name, **values)
            case datetime():
                return self.dates.moment(value, zone)
            case Day():
                return self.dates.day(value.at.astimezone(zone))
            case Short():
                return self.dates.short(value.at, zone)
            case Choice():
                *others, last = (self.text(each, zone) for each in value.among)
                return self.phrases["list.or"].join((", ".join(others), last)) if others else last
            case _:
                return ", ".join(self.text(each, zone) for each in value)

    def sentence(self, sentence: Sentence, zone: ZoneInfo) -> str:
        """A sentence in this language with a capital first letter, but for a name or value at its beginning."""
        said = self.text(sentence, zone)
        return said[:1].upper() + said[1:] if self._opens_with_words(sentence) else said

    def _opens_with_words(self, value: Value) -> bool:
        if not isinstance(value, Phrase):
            return False
        first = _FIRST.match(self.phrases[value.name])
        return self._opens_with_words(dict(value.values).get(first[1], "")) if first else True

    def filled(self, name: str, /, **values: str) -> str:
        """A phrase with its values; for a `count` of one, NAME_one where there is one."""
        one = values.get("count") == "1" and self.phrases.get(f"{name}_one")
        return fill(one or self.phrases[name], values)

    def expanded(self, source: str, *, html: bool = False) -> str:
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
            text = _STOP.sub(r"{{ (\1) | stopped }}", text)
            return _in_html(text) if html else text

        return _SAY.sub(put, source)


def _in_html(text: str) -> str:
    """A phrase as HTML; code of Jinja2 in it is unchanged."""
    pieces = _CODE.split(text)
    return "".join(
        piece if place % 2 else _UNESCAPED.sub(lambda found: _HTML[found[0]], piece)
        for place, piece in enumerate(pieces)
    )
