"""HTML made safe to pass on: an allow-list of tags, safe schemes, no remote content.

The door of nh3. It cuts no quotes and reads no text.
"""

from __future__ import annotations

import nh3

MAX_PAGE = 300_000  # characters; a larger page is passed on as text alone
_ALLOWED = (
    "a abbr b blockquote br caption cite code col colgroup dd del div dl dt em font h1 h2 h3 h4 h5 h6 hr i img ins "
    "kbd li ol p pre q s samp small span strike strong sub sup table tbody td tfoot th thead tr tt u ul var"
)
ATTRIBUTES = {
    "*": {"dir", "lang", "title"},
    "a": {"href"},
    "img": {"src", "alt", "width", "height"},
    "td": {"colspan", "rowspan", "align", "valign"},
    "th": {"colspan", "rowspan", "align", "valign"},
    "ol": {"start", "type"},
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
        attribute_filter=_own_images,
        url_schemes={"http", "https", "mailto", "tel", "cid"},
        link_rel="noopener noreferrer nofollow",
        strip_comments=True,
        url_relative="deny",
    )


def _own_images(tag: str, attribute: str, value: str) -> str | None:
    """A remote image tells its owner who read the mail, and when: only cid: ones stay."""
    if tag == "img" and attribute == "src" and not value.lower().startswith("cid:"):
        return None
    return value
