"""Regular expressions of the administrator's rules: the one door to RE2.

RE2 matches in linear time whatever the pattern and the text. No other engine is used on
mail, and no length is limited here: callers cap the text they hand in.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

# What RE2 says → what to do about it.
_ADVICE = (
    ("invalid perl operator", "RE2 knows no look-ahead or look-behind: use a second criterion, such as not_matches"),
    ("invalid escape sequence: \\", "RE2 knows no back-references; a literal backslash is written \\\\"),
    ("invalid repetition size", "repeat at most 1000 times"),
    ("missing )", "close the bracket, or write \\( for a literal one"),
    ("unexpected )", "open the bracket, or write \\) for a literal one"),
    ("missing ]", "close the bracket, or write \\[ for a literal one"),
    ("no argument for repetition", "write \\*, \\+ or \\? for a literal one"),
    ("trailing \\", "a literal backslash is written \\\\"),
)


class BadPattern(ValueError):
    """The pattern does not compile; the text says why and what would be right."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """A compiled pattern; equal to another one of the same text."""

    pattern: str
    compiled: Any = field(compare=False, repr=False)

    def search(self, text: str) -> Any:
        """Return the first match in `text` (with `group`, `start`, `end`) or None. Never raises."""
        return self.compiled.search(_plain(text))


def compile_pattern(pattern: str) -> Pattern:
    """Compile `pattern` (RE2 syntax); raises `BadPattern`."""
    import re2  # a config without `matches` does not pay for it

    if "\b" in pattern:
        raise BadPattern("holds a backspace: in double quotes TOML reads \\b as one; write it in single quotes")
    options = re2.Options()
    options.log_errors = False
    try:
        return Pattern(pattern, re2.compile(_plain(pattern), options))
    except re2.error as error:
        raise BadPattern(_explain(error)) from None


def _plain(text: str) -> str:
    """Replace lone surrogates, which RE2 cannot take, with question marks."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def _explain(error: Exception) -> str:
    cause = error.args[0] if error.args else ""
    said = cause.decode("utf-8", "replace") if isinstance(cause, bytes) else str(cause)
    advice = next((f": {advice}" for start, advice in _ADVICE if said.startswith(start)), "")
    return f"does not compile: {said}{advice}"
