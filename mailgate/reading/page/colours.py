"""In which colours a page is written, by families: a reader calls them all "red".

Black, white and grey are none. Nothing is decided here.
"""

from __future__ import annotations

import colorsys
import re

MAX_STYLE = 2000  # characters of a style that are looked at
_STYLE = re.compile(r"(?:^|[;\s])color\s*:\s*([^;]{1,60})", re.IGNORECASE)
_HEX = re.compile(r"#?([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$|#?([0-9a-f])([0-9a-f])([0-9a-f])$")
_RGB = re.compile(r"rgba?\(\s*(\d{1,3})[\s,]+(\d{1,3})[\s,]+(\d{1,3})")
# The names that programs write.
_NAMES = {
    "red": "red", "maroon": "red", "crimson": "red", "darkred": "red", "blue": "blue", "navy": "blue",
    "darkblue": "blue", "mediumblue": "blue", "royalblue": "blue", "teal": "blue", "green": "green",
    "darkgreen": "green", "lime": "green", "purple": "purple", "fuchsia": "purple", "magenta": "purple",
    "orange": "orange", "darkorange": "orange",
}  # fmt: skip
# Up to which hue each family goes, of 360 degrees.
_HUES = ((18, "red"), (50, "orange"), (70, "yellow"), (170, "green"), (258, "blue"), (335, "purple"), (361, "red"))
_PALE, _DARK = 0.3, 0.2  # saturation and value, from which on it is a colour


def of_style(style: str) -> str | None:
    """The family of the colour that a style sets, "" for black and its like; None where it sets none."""
    found = _STYLE.search(style[:MAX_STYLE])
    return family(found[1]) if found else None


def family(colour: str) -> str:
    """The family of a colour as HTML writes it; "" for black, white and grey, and for what is not known."""
    plain = colour.strip().lower().removesuffix("!important").strip()
    found = _HEX.match(plain)
    if found:
        parts = [int(each if len(each) == 2 else 2 * each, 16) for each in found.groups() if each]
    elif found := _RGB.match(plain):
        parts = [min(int(each), 255) for each in found.groups()]
    else:
        return _NAMES.get(plain, "")
    hue, saturation, value = colorsys.rgb_to_hsv(*(each / 255 for each in parts))
    if saturation < _PALE or value < _DARK:
        return ""
    return next(name for end, name in _HUES if 360 * hue < end)
