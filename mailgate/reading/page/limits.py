"""HTML cut to what may be parsed: size, depth of nesting, length of a tag.

Parsers of HTML need quadratic time in the depth of nesting, in the attributes of one tag and
in the options of one choice, and they open a formatting element that was left open again in
each block that follows (HTML 13.2.4.3), so that a page of 40 kB becomes one of 40 MB. This is
the one guard before all of these. Linear in its input; it understands no HTML beyond where a
tag ends.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

MAX_PAGE = 500_000  # characters that are read; a parser needs some 25 bytes for each
SMALL = 30_000  # characters; below this neither nesting nor attributes can be costly
MAX_DEPTH = 400
MAX_TAG = 16_000  # characters of one tag
MAX_REOPENED = 2000  # formatting elements that a parser may add to any page, and one for each character of a long one
MAX_OPTIONS = 1000  # of a page: at each one a parser looks through all of its choice
ALIKE = 3  # of formatting elements that are alike a parser keeps three (HTML 13.2.4.3)
OPENING = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]{0,20})")
TAG_PIECE = re.compile(r"[^\"'>]*")
UNSEEN = re.compile(r"<!--|<(style|script)\b", re.IGNORECASE)
CLOSING = {
    "": re.compile("-->"),
    "style": re.compile("</style", re.IGNORECASE),
    "script": re.compile("</script", re.IGNORECASE),
}
ANY_TAG = re.compile(r"<[^<>]{0,2000}>")
# Elements that never hold others, or that their own next sibling closes.
_SHALLOW = "area base br col embed hr img input link meta param source track wbr p li td tr th option"
SHALLOW = frozenset(_SHALLOW.split())
FORMATTING = frozenset(
    ["a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u"]
)


def bounded(page: str) -> str:
    """Cut a page to what may be parsed; one that is built to hurt loses its tags."""
    page, _ = shortened(page)
    if _hurts(page):
        return ANY_TAG.sub(" ", page).replace("<", " ")
    return page


def shortened(page: str) -> tuple[str, bool]:
    """At most MAX_PAGE characters of a page, and whether anything is lost that a reader would see.

    What none sees (styles, scripts, comments) goes before anything that one does.
    """
    if len(page) <= MAX_PAGE:
        return page, False
    page = _without_looks(page)
    return page[:MAX_PAGE], len(page) > MAX_PAGE


def _without_looks(page: str) -> str:
    """The page without styles, scripts and comments; what is not closed stays."""
    kept: list[str] = []
    end = at = 0
    closes: dict[str, int] = {}  # where each kind is closed next: searched for once, however many open
    while found := UNSEEN.search(page, at):
        kind = (found[1] or "").lower()
        if closes.get(kind, 0) < found.end():
            closing = CLOSING[kind].search(page, found.end())
            closes[kind] = closing.start() if closing else len(page)
        close = page.find(">", closes[kind])
        at = found.end()
        if close >= 0:
            kept.append(page[end : found.start()])
            end = at = close + 1
    return "".join((*kept, page[end:]))


def _hurts(page: str) -> bool:
    """Whether the page costs a parser far more than its size."""
    nesting, formatting = _Nesting(), _Formatting(max(MAX_REOPENED, len(page)))
    large, options = len(page) > SMALL, 0
    for closing, name, start, end in _tags(page):
        if large and ((end - start > MAX_TAG and name != "img") or nesting.exceeds(name, closing=closing)):
            return True  # a picture may stand in its own tag
        options += name == "option" and not closing
        tag = page[start:end] if name in FORMATTING else ""
        if options > MAX_OPTIONS or formatting.exceeds(name, tag, closing=closing):
            return True
    return False


class _Nesting:
    """Counts how deep elements stand in each other."""

    def __init__(self) -> None:
        self._depth = 0
        self._opened: dict[str, int] = {}  # an end without its beginning closes nothing

    def exceeds(self, name: str, *, closing: bool) -> bool:
        """Count a tag; True when it stands too deep."""
        if name not in SHALLOW and not (closing and not self._opened.get(name)):
            step = -1 if closing else 1
            self._opened[name] = self._opened.get(name, 0) + step
            self._depth += step
        return self._depth > MAX_DEPTH


class _Formatting:
    """Counts how often a parser may have to open formatting elements again: at each tag all that are open."""

    def __init__(self, most: int) -> None:
        self._left = most
        self._many = 0  # open elements that a parser would keep
        self._open: dict[str, list[str]] = {}  # by name
        self._alike: dict[str, int] = {}

    def exceeds(self, name: str, tag: str, *, closing: bool) -> bool:
        """Count a tag; True when it is too much. `tag`: all of it, for a formatting element; else ""."""
        opened = self._open.setdefault(name, []) if tag else []
        if tag and not closing:
            opened.append(tag)
            self._alike[tag] = self._alike.get(tag, 0) + 1
            self._many += self._alike[tag] <= ALIKE
        elif opened:
            last = opened.pop()
            self._many -= self._alike[last] <= ALIKE
            self._alike[last] -= 1
        self._left -= self._many
        return self._left < 0


def _tags(page: str) -> Iterator[tuple[bool, str, int, int]]:
    """Each tag: closing or not, its name, where it begins and ends; quoted `>` do not end one."""
    at = 0
    while opening := OPENING.search(page, at):
        at = opening.end()
        while at < len(page) and page[at] != ">":
            at = TAG_PIECE.match(page, at).end()  # type: ignore[union-attr]  # matches nothing, too
            if page[at : at + 1] in {'"', "'"}:
                close = page.find(page[at], at + 1)
                at = close + 1 if close >= 0 else len(page)
        yield bool(opening[1]), opening[2].lower(), opening.start(), at
