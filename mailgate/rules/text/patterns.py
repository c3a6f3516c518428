"""Regular expressions of the administrator's rules, by RE2, which matches any pattern in linear time.

The length of the text is not limited here; callers limit it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

# The start of an RE2 error message → how to fix it.
_ADVICE = (
    (
        "invalid perl operator",
        "RE2 does not support look-ahead or look-behind: use a second criterion, such as not_matches",
    ),
    ("invalid escape sequence: \\", "RE2 does not support back-references; a literal backslash is written \\\\"),
    ("invalid repetition size", "repeat at most 1000 times"),
    ("missing )", "close the bracket, or write \\( for a literal one"),
    ("unexpected )", "open the bracket, or write \\) for a literal one"),
    ("missing ]", "close the bracket, or write \\[ for a literal one"),
    ("no argument for repetition", "write \\*, \\+ or \\? for a literal one"),
    ("trailing \\", "a literal backslash is written \\\\"),
)


class BadPattern(ValueError):
    """The pattern does not compile; the message says why and how to fix it."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """A compiled pattern; equal to any pattern with the same text."""

    pattern: str
    compiled: Any = field(compare=False, repr=False)

    def search(self, text: str) -> Any:
        """The first match in `text` (an object with `group`, `start` and `end`), or None."""
        return self.compiled.search(_plain(text))


def compile_pattern(pattern: str) -> Pattern:
    """Compile a pattern in RE2 syntax. Raises BadPattern."""
    import re2  # late: needed only for a rule with `matches`

    if "\b" in pattern:
        raise BadPattern("contains a backspace: in double quotes TOML reads \\b as one; use single quotes")
    options = re2.Options()
    options.log_errors = False
    try:
        return Pattern(pattern, re2.compile(_plain(pattern), options))
    except re2.error as error:
        raise BadPattern(_explain(error)) from None


def literal(text: str) -> str:
    """A pattern that matches `text` as it is."""
    import re2  # late: as above

    return str(re2.escape(_plain(text)))


class PatternSet:
    """Patterns, each with a position, that are searched for in one pass over a text.

    `memory`: bytes that the set may use, at most, for its program and for what it remembers of texts.
    """

    def __init__(self, memory: int = 64 << 20) -> None:
        self._memory = memory
        self._patterns: list[str] = []
        self._positions: list[int] = []
        self._set: Any = None

    def add(self, pattern: str, position: int) -> None:
        """Add a pattern that compiles."""
        self._patterns.append(pattern)
        self._positions.append(position)
        self._set = None

    def found_in(self, text: str) -> Sequence[int]:
        """The positions of the patterns that match somewhere in `text`; all of them if the set needs more memory."""
        if not self._patterns:
            return ()
        if self._set is None:
            self._set = self._compiled()
        if self._set is False:
            return self._positions
        return [self._positions[number] for number in self._set.Match(_plain(text)) or ()]

    def _compiled(self) -> Any:
        """The set; False where it cannot be compiled. One that can be has memory for any text, RE2 sees to that."""
        import re2  # late: as above

        options = re2.Options()
        options.log_errors, options.max_mem = False, self._memory
        found = re2.Set.SearchSet(options)
        try:
            for pattern in self._patterns:
                found.Add(_plain(pattern))
            found.Compile()
        except re2.error:
            return False
        return found


def _plain(text: str) -> str:
    """Replace lone surrogates, which RE2 cannot encode, by question marks."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def _explain(error: Exception) -> str:
    cause = error.args[0] if error.args else ""
    message = cause.decode("utf-8", "replace") if isinstance(cause, bytes) else str(cause)
    advice = next((f": {advice}" for start, advice in _ADVICE if message.startswith(start)), "")
    return f"does not compile: {message}{advice}"
