"""HTML made safe to pass on: an allow-list of tags, safe schemes, no remote content.

The door of nh3. It cuts no quotes and reads no text.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from urllib.parse import unquote

import nh3

MAX_PAGE = 300_000  # characters; a larger page is passed on as text alone
_ALLOWED = (
    "a abbr b blockquote br caption cite code col colgroup dd del div dl dt em font h1 h2 h3 h4 h5 h6 hr i img ins "
    "kbd li ol p pre q s samp small span strike strong sub sup table tbody td tfoot th thead tr tt u ul var"
)
TIGHT = "margin:0"  # the style of a paragraph without space around it; the only one that stays
# Colours by their names in HTML that can be read on white, and how others are written.
_READABLE = frozenset({"black", "maroon", "green", "navy", "purple", "teal", "gray", "olive", "blue", "red", "fuchsia"})
_HEX = re.compile(r"#?(?:([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})|([0-9a-f])([0-9a-f])([0-9a-f]))")
_CONTRAST = 3  # WCAG 2.2 asks for 4.5 of text; red has 4.0, and is what people write in when they mean it
_MAILTO = re.compile(r'\shref="mailto:([^"]*)"', re.IGNORECASE)
ATTRIBUTES = {
    "*": {"dir", "lang", "title"},
    "a": {"href"},
    "img": {"src", "alt", "width", "height"},
    "td": {"colspan", "rowspan", "align", "valign"},
    "th": {"colspan", "rowspan", "align", "valign"},
    "ol": {"start", "type"},
    "li": {"value"},
    "p": {"style"},
    "font": {"color"},
}


def clean(page: str) -> str:
    """Return what of a page may be shown; empty for one that is too large.

    The page must have passed `mailgate.reading.page.limits.bounded`.
    """
    if len(page) > MAX_PAGE:
        return ""
    return nh3.clean(
        page,
        tags=set(_ALLOWED.split()),
        attributes=ATTRIBUTES,
        attribute_filter=_kept,
        url_schemes={"http", "https", "mailto", "tel", "cid"},
        link_rel="noopener noreferrer nofollow",
        strip_comments=True,
        url_relative="deny",
    )


def without_links(clean: str, leads_in: Callable[[str], bool]) -> str:
    """A page that `clean` made, without the links to addresses for which `leads_in` holds: their words stay."""
    return _MAILTO.sub(lambda link: "" if leads_in(_address(link[1])) else link[0], clean)


def _address(link: str) -> str:
    return unquote(unescape(link).partition("?")[0])


def _kept(tag: str, attribute: str, value: str) -> str | None:
    """A remote image tells its owner who read the mail, and when: only cid: ones stay. Of styles one stays.

    A colour stays where it can be read: words in white would stand in the text part alone.
    """
    if attribute == "style" and value != TIGHT:
        return None
    if tag == "img" and attribute == "src" and not value.lower().startswith("cid:"):
        return None
    if attribute == "color" and not _readable(value.strip().lower()):
        return None
    return value


def _readable(colour: str) -> bool:
    """Whether letters of a colour, by name or in hexadecimal, have enough contrast on white (WCAG 2.2, 1.4.3)."""
    found = _HEX.fullmatch(colour)
    if not found:
        return colour in _READABLE
    shares = [int(each if len(each) == 2 else each * 2, 16) / 255 for each in found.groups() if each]
    red, green, blue = (each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in shares)
    return 1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05) >= _CONTRAST
