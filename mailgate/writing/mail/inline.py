"""Images that stand in the words of a mail: those that travel with it stay, all others become words.

The fragment must be sanitised HTML. Content-IDs are ours, made of the image's own digest:
no sender's reaches a header.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape, unescape
from urllib.parse import unquote

from mailgate.ticket import StoredAttachment

# What mail programs show; SVG can hold scripts.
SHOWN = frozenset({"image/png", "image/jpeg", "image/jpg", "image/gif", "image/webp"})
_IMAGE = re.compile(r'<img((?:\s+[a-z-]+(?:="[^"]*")?)*)\s*/?>')
_ATTRIBUTE = re.compile(r'\s([a-z-]+)="([^"]*)"')
_SIZE = re.compile(r"\d{1,4}\Z")


def content_id(file: StoredAttachment) -> str:
    """Return the Content-ID of an image, without angle brackets (RFC 2392)."""
    return f"{file.sha256[:32]}@inline"


def with_images(fragment: str, files: Sequence[StoredAttachment]) -> str:
    """Return the fragment with its images bound to `files`, those that the mail holds."""
    known = {file.cid: file for file in reversed(files) if file.cid and file.type.lower() in SHOWN}

    def image(found: re.Match[str]) -> str:
        attributes = {name: unescape(value) for name, value in _ATTRIBUTE.findall(found[1])}
        file = known.get(unquote(attributes.get("src", "")[len("cid:") :]))
        said = attributes.get("alt", "")
        if file is None:
            return escape(said, quote=False)
        sizes = "".join(
            f' {side}="{attributes[side]}"' for side in ("width", "height") if _SIZE.match(attributes.get(side, ""))
        )
        return f'<img src="cid:{content_id(file)}" alt="{escape(said)}"{sizes} style="max-width:100%">'

    return _IMAGE.sub(image, fragment)


def shown_in(page: str, file: StoredAttachment) -> bool:
    """Return whether the page shows this file as an image."""
    return bool(file.cid) and f'"cid:{content_id(file)}"' in page
