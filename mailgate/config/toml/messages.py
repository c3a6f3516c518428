"""Phrases of the config's error sentences: quoting, lists, did-you-mean.

Turns values into words for people and decides nothing.
"""

from __future__ import annotations

import re
from collections.abc import Collection

CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)
_KINDS: dict[type, str] = {
    bool: "true or false",
    int: "a number",
    float: "a number",
    str: "a text",
    list: "a list",
    dict: "a table",
}


def kind_of(kind: type) -> str:
    """What a TOML type is called here."""
    return _KINDS.get(kind, "a date or time")


def did_you_mean(word: str, known: Collection[str], *, leaf: str = "") -> str:
    """A phrase naming the nearest known words, or an empty string."""
    import difflib  # only a config with an error pays for it

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
    """Names in a row, for people."""
    return ", ".join(sorted(names)) or "none"


def one_of(options: Collection[str]) -> str:
    """The phrase that names what is allowed."""
    listed = [quoted_text(option) for option in options]
    return f"must be {' or '.join([', '.join(listed[:-1]), listed[-1]] if len(listed) > 1 else listed)}"


def quoted_text(text: str) -> str:
    """A text in quotes, control characters shown, shortened to be read."""
    short = text if len(text) <= 80 else text[:77] + "…"
    return '"' + CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", short) + '"'


def quoted(key: str) -> str:
    """A key as it stands in a TOML header: quoted where it must be."""
    return key if _BARE_KEY.fullmatch(key) else quoted_text(key)


def shown(value: object) -> str:
    """A value in an error sentence."""
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
    """The kind of a value that may be a secret, never the value."""
    return "an empty text" if value == "" else kind_of(type(value))
