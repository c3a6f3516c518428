"""A reaction of Gmail's: the emoji that its sender answered with (Google, "Email reactions", version 1)."""

from __future__ import annotations

import json

TYPE = "text/vnd.google.email-reaction+json"
MAX_BYTES = 1000
MAX_EMOJI = 16  # characters; a family with skin tones has eleven


def read(content: bytes) -> str:
    """The emoji; "" for what is no reaction of a version that is known."""
    try:
        found = json.loads(content[:MAX_BYTES].decode("utf-8"))
    except (ValueError, RecursionError):
        return ""
    if not isinstance(found, dict) or found.get("version") != 1:
        return ""
    emoji = str(found.get("emoji", "")).replace("\0", "")
    return emoji if len(emoji) <= MAX_EMOJI and not any(map(str.isalnum, emoji)) else ""
