"""Phrases of the configuration's error messages: quoting, lists, suggestions."""

from __future__ import annotations

import re
from collections.abc import Collection

CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)
_KINDS: dict[type, str] = {
    bool: "true or false",
    int: "a number",
    float: "a number",
    str: "a string",
    list: "a list",
    dict: "a table",
}


def kind_of(kind: type) -> str:
    """The name of a TOML type in error messages, with its article."""
    return _KINDS.get(kind, "a date or time")


def did_you_mean(word: str, known: Collection[str], *, leaf: str = "") -> str:
    """A suggestion of the most similar known words (": did you mean …?"); "" when none is similar.

    `leaf`: a separator; the part of each known word behind the last one is compared as well.
    """
    import difflib  # late: needed only for an error message

    folded = {name.casefold(): name for name in sorted(known)}
    near = difflib.get_close_matches(word.casefold(), folded, n=2, cutoff=0.6)
    if leaf and not near:
        leaves = {name.rpartition(leaf)[2]: name for name in folded}
        tail = word.casefold().rpartition(leaf)[2].replace(" ", "_")
        near = [leaves[found] for found in difflib.get_close_matches(tail, leaves, n=2, cutoff=0.75)]
    if not near:
        near = [name for name in folded if len(word) > 2 and word.casefold() in name][:2]
    return f": did you mean {' or '.join(quoted_text(folded[name]) for name in near)}?" if near else ""


def words(names: Collection[str]) -> str:
    """Sorted names, separated by commas."""
    return ", ".join(sorted(names)) or "none"


def one_of(options: Collection[str]) -> str:
    """The phrase "must be A, B or C"."""
    listed = [quoted_text(option) for option in options]
    return f"must be {' or '.join([', '.join(listed[:-1]), listed[-1]] if len(listed) > 1 else listed)}"


def quoted_text(text: str) -> str:
    """A string in quotes, shortened to 80 characters, with control characters escaped."""
    short = text if len(text) <= 80 else text[:77] + "…"
    return '"' + CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", short) + '"'


def quoted(key: str) -> str:
    """A key as written in a TOML header: quoted if it must be."""
    return key if _BARE_KEY.fullmatch(key) else quoted_text(key)


def shown(value: object) -> str:
    """A value as shown in an error message."""
    match value:
        case bool():
            return str(value).lower()
        case int() | float():
            return str(value)
        case str():
            return quoted_text(value)
        case list() | dict():
            return kind_of(type(value))
    return "a date or time"


def masked(value: object) -> str:
    """The type of a value that may be a secret."""
    return "an empty string" if value == "" else kind_of(type(value))
