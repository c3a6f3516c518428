"""The part of a page that says exactly what a text says: its formatting, and not one word more.

For words that are passed on: commands, quoted history and signatures are cut out of the
page line by line. Where the lines of the page cannot be matched with the text, or the
cut page would read differently, there is none, and the text alone is passed on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape, unescape
from itertools import islice

from mailgate.reading.page import page as html
from mailgate.reading.page import sanitise
from mailgate.reading.page.lists import STRIKE, STRUCK, Lists

# What `sanitise` writes: tags in lower case, attributes in double quotes, text.
_TOKEN = re.compile(r'<(/?)([a-z][a-z0-9]*)((?:\s+[a-z-]+(?:="[^"]*")?)*)\s*/?>|([^<]+)|<')
_ATTRIBUTE = re.compile(r'\s([a-z-]+)="([^"]*)"')
_TARGET = re.compile(r" <https?://[^\s<>]+>")  # where a link leads, as the text writes it out
_EMPTY = frozenset({"br", "hr", "img", "col"})  # elements without an end (HTML 13.1.2)
_HOLDS = frozenset({"td", "th"})  # cells hold their column even when nothing is in them
_TRIED = 2000  # lines at which the text may begin
NOTHING, BLANK, WORDS = range(3)


@dataclass(frozen=True, slots=True)
class _Token:
    tag: str  # "" for text
    source: str
    words: str  # what of it is read, without white space
    line: int
    closes: bool = False


def excerpt(page: str, text: str) -> str:
    """The sanitised HTML of the lines of `page` that say `text`; "" where they cannot be distinguished."""
    return cut(html.Page(page).own(), text) if page and text.strip() else ""


def cut(clean: str, text: str) -> str:
    """The same for a page that is sanitised and without what is marked as quoted."""
    wanted = _squashed(text) if clean else ""
    if not wanted:
        return ""
    tokens = list(_tokens(clean))
    found = _lines_that_say(tokens, wanted)
    if found is None:
        return ""
    kept = sanitise.clean("".join(_without(tokens, found[0], _with_pictures(tokens, found[1]))))
    return kept if _squashed(html.to_text(kept)) == wanted else ""


def attribute_values(clean: str) -> list[str]:
    """The values of every attribute: where links lead, what images say."""
    found = (attribute for token in _TOKEN.finditer(clean) for attribute in _ATTRIBUTE.finditer(token[3] or ""))
    return [unescape(attribute[2]) for attribute in found]


def _squashed(text: str) -> str:
    return "".join(_TARGET.sub("", text).split())


def _tokens(clean: str) -> Iterator[_Token]:
    line, lists, struck, strikes = 0, Lists(), 0, False
    for found in _TOKEN.finditer(clean):
        tag, closes = found[2] or "", bool(found[1])
        struck += (-1 if closes else 1) if tag in STRUCK else 0
        breaks = tag in html.BLOCKS or tag in ("br", "hr")
        if strikes and (breaks or not struck):  # the mark that ends struck out words
            strikes = False
            yield _Token("", "", STRIKE, line)
        line += tag in html.BLOCKS
        if tag == "img":
            yield _image(found, line)
        elif tag:
            yield _Token(tag, found[0], _mark(tag, found, lists, closes=closes), line, closes)
        else:
            words = _squashed(unescape(found[0]))
            opens = bool(words and struck and not strikes)
            strikes = strikes or opens
            yield _Token("", found[0], f"{STRIKE}{words}" if opens else words, line)
        line += tag in ("br", "hr")


def _mark(tag: str, found: re.Match[str], lists: Lists, *, closes: bool) -> str:
    """The mark that a list item begins with; keeps count of the lists."""
    attributes = {name: unescape(value) for name, value in _ATTRIBUTE.findall(found[3])}
    if tag in ("ol", "ul"):
        lists.end() if closes else lists.begin(tag, attributes)
    return lists.item(attributes).strip() if tag == "li" and not closes else ""


def _image(found: re.Match[str], line: int) -> _Token:
    """An image that came with the mail; of any other what it says."""
    attributes = {name: unescape(value) for name, value in _ATTRIBUTE.findall(found[3])}
    said = attributes.get("alt", "")
    if "src" in attributes:
        return _Token("img", found[0], _squashed(said), line)
    return _Token("", escape(said, quote=False), _squashed(said), line)


def _lines_that_say(tokens: list[_Token], wanted: str) -> tuple[int, int] | None:
    """The first and the last line of the run of lines that read as the text does."""
    words: dict[int, str] = {}
    for token in tokens:
        if token.words:
            words[token.line] = words.get(token.line, "") + token.words
    starts: dict[int, int] = {}
    ends: dict[int, int] = {}
    length = 0
    for line, said in words.items():
        starts[length] = line
        length += len(said)
        ends[length] = line
    whole = "".join(words.values())
    places = (place for place in islice(starts, _TRIED) if place + len(wanted) in ends)
    place = next((place for place in places if whole.startswith(wanted, place)), None)
    return None if place is None else (starts[place], ends[place + len(wanted)])


def _with_pictures(tokens: list[_Token], last: int) -> int:
    """The last line with the pictures directly below it, such as the logo of a signature."""
    said = min((token.line for token in tokens if token.words and token.line > last), default=tokens[-1].line + 1)
    return max((token.line for token in tokens if token.tag == "img" and last < token.line < said), default=last)


def _without(tokens: list[_Token], first: int, last: int) -> list[str]:
    """The page without the other lines, and without the elements that they leave empty."""
    out: list[str] = []
    open_: list[tuple[int, int]] = []  # where an element begins in `out`, and what it holds so far
    held = NOTHING
    for token in tokens:
        if token.tag and token.tag not in _EMPTY:
            if not token.closes:
                open_.append((len(out), held))
                held = NOTHING
                out.append(token.source)
            elif open_:
                begins, before = open_.pop()
                out.append(token.source)
                spaced = token.tag == "p" and sanitise.TIGHT not in out[begins]
                if token.tag not in _HOLDS and held <= (BLANK if spaced else NOTHING):
                    del out[begins:]
                    held = NOTHING
                held = max(held, before)
        elif first <= token.line <= last:
            out.append(token.source)
            held = max(held, _holds(token))
    return out


def _holds(token: _Token) -> int:
    if token.words or token.tag in ("img", "hr"):
        return WORDS
    return BLANK if token.tag == "br" or "\xa0" in unescape(token.source) else NOTHING
