"""HTML cut to what may be parsed: size, depth of nesting, length of a tag.

Parsers of HTML need quadratic time in the depth of nesting and in the attributes of one
tag; this is the one guard before both. Linear in its input; it understands no HTML
beyond where a tag ends.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

MAX_PAGE = 1_000_000  # characters that are read
SMALL = 30_000  # characters; below this neither nesting nor attributes can be costly
MAX_DEPTH = 400
MAX_TAG = 16_000  # characters of one tag
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


def bounded(page: str) -> str:
    """Cut a page to what may be parsed; one that is built to hurt loses its tags.

    What no reader sees (styles, scripts, comments) goes before anything that one does.
    """
    if len(page) > MAX_PAGE:
        page = _without_looks(page)[:MAX_PAGE]
    if len(page) > SMALL and _hurts(page):
        return ANY_TAG.sub(" ", page).replace("<", " ")
    return page


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
    depth = 0
    opened: dict[str, int] = {}  # an end without its beginning closes nothing
    for closing, name, length in _tags(page):
        if length > MAX_TAG and name != "img":  # a picture may stand in its own tag
            return True
        if name in SHALLOW or (closing and not opened.get(name)):
            continue
        step = -1 if closing else 1
        opened[name] = opened.get(name, 0) + step
        depth += step
        if depth > MAX_DEPTH:
            return True
    return False


def _tags(page: str) -> Iterator[tuple[bool, str, int]]:
    """Each tag: closing or not, its name, its length; quoted `>` do not end one."""
    at = 0
    while opening := OPENING.search(page, at):
        at = opening.end()
        while at < len(page) and page[at] != ">":
            at = TAG_PIECE.match(page, at).end()  # type: ignore[union-attr]  # matches nothing, too
            if page[at : at + 1] in {'"', "'"}:
                close = page.find(page[at], at + 1)
                at = close + 1 if close >= 0 else len(page)
        yield bool(opening[1]), opening[2].lower(), at - opening.start()
