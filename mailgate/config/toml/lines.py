"""The line number of each key in a TOML text.

`tomllib` returns values without positions, so this scans the tokens a second time. It expects
valid TOML and validates nothing; a path without a line gets that of its nearest known parent.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from contextlib import suppress

KeyPath = tuple[str | int, ...]

_TOKEN = re.compile(
    r'''"""(?:\\.|[^\\])*?"{3,5}|\'\'\'.*?'{3,5}|"(?:\\.|[^"\\])*"|'[^']*'|\#[^\n]*|\n|[][{}=,]|[^\s\[\]{}=,\#"']+''',
    re.DOTALL,
)
_KEY_PART = re.compile(r"""("(?:\\.|[^"\\])*"|'[^']*'|[^.\s"']+)""")


def scan(text: str) -> Mapping[KeyPath, int]:
    """The line (from 1) on which each key, table and list element of `text` begins, by its path of keys."""
    scanner = _Scanner(text)
    with suppress(RecursionError):  # nested nearly too deep for tomllib: the lines found so far are enough
        scanner.run()
    return scanner.lines


def nearest(lines: Mapping[KeyPath, int], path: KeyPath) -> int | None:
    """The line of `path`, or of its nearest known parent; None without any."""
    for end in range(len(path), 0, -1):
        if (line := lines.get(path[:end])) is not None:
            return line
    return None


def _keys(text: str) -> tuple[str, ...]:
    """Split a dotted key into its parts, without quotes."""
    return tuple(_unquote(part) for part in _KEY_PART.findall(text))


def _unquote(part: str) -> str:
    if part.startswith('"'):
        with suppress(tomllib.TOMLDecodeError):
            return str(tomllib.loads(f"k={part}")["k"])
        return part[1:-1]
    return part.strip("'")


class _Scanner:
    """One pass over the tokens of one text."""

    def __init__(self, text: str) -> None:
        self.lines: dict[KeyPath, int] = {}
        self.counts: dict[KeyPath, int] = {}  # the index of the latest [[table]] of a path
        self.tokens = [(found[0], found.start()) for found in _TOKEN.finditer(text)]
        self.starts = [0, *(found.end() for found in re.finditer(r"\n", text))]
        self.at = 0
        self.row = 1

    def run(self) -> None:
        table: KeyPath = ()
        while (token := self.peek()) is not None:
            if token == "\n" or token.startswith("#"):
                self.next()
            elif token == "[":
                table = self.header()
            else:
                self.pair(table)

    def peek(self) -> str | None:
        return self.tokens[self.at][0] if self.at < len(self.tokens) else None

    def next(self) -> str:
        token, start = self.tokens[self.at]
        while self.row < len(self.starts) and self.starts[self.row] <= start:
            self.row += 1
        self.at += 1
        return token

    def until(self, end: str) -> str:
        """Consume the tokens up to and including `end`; returns those before it."""
        parts = []
        while self.peek() not in (end, None):
            parts.append(self.next())
        if self.peek() is not None:
            self.next()
        return "".join(parts)

    def note(self, path: KeyPath, row: int) -> None:
        self.lines.setdefault(path, row)

    def header(self) -> KeyPath:
        self.next()
        row = self.row
        many = self.peek() == "["
        if many:
            self.next()
        path: KeyPath = ()
        for key in (keys := _keys(self.until("]"))):
            path = (*path, key)
            if len(path) - sum(isinstance(part, int) for part in path) == len(keys) and many:
                self.counts[path] = self.counts.get(path, -1) + 1
            self.note(path, row)
            if path in self.counts:
                path = (*path, self.counts[path])
                self.note(path, row)
        if many:
            self.until("]")
        return path

    def pair(self, table: KeyPath) -> None:
        keys = self.until("=")
        row = self.row
        path = table
        for key in _keys(keys):
            path = (*path, key)
            self.note(path, row)
        self.value(path)

    def value(self, path: KeyPath) -> None:
        token = self.peek()
        if token == "{":
            self.next()
            self.inline(path)
        elif token == "[":
            self.next()
            self.array(path)
        else:
            while self.peek() not in ("\n", ",", "]", "}", None):
                self.next()

    def inline(self, path: KeyPath) -> None:
        while (token := self.peek()) not in ("}", None):
            if token in (",", "\n") or (token or "").startswith("#"):
                self.next()
            else:
                self.pair(path)
        if self.peek() == "}":
            self.next()

    def array(self, path: KeyPath) -> None:
        index = 0
        while (token := self.peek()) not in ("]", None):
            if token in (",", "\n") or (token or "").startswith("#"):
                self.next()
                continue
            start = self.tokens[self.at][1]
            row = self.row
            while row < len(self.starts) and self.starts[row] <= start:
                row += 1
            self.note((*path, index), row)
            before = self.at
            self.value((*path, index))
            if self.at == before:
                self.next()  # an unmatched brace: not TOML, but the scan must end
            index += 1
        if self.peek() == "]":
            self.next()
