"""What a browser draws and a page does not say: the numbers of list items, and the marks of words struck out.

The text of a page and the page that is compared with it write them alike. Nothing is parsed here.
"""

from __future__ import annotations

from collections.abc import Mapping

BULLET = "- "
STRUCK = frozenset({"del", "s", "strike"})
STRIKE = "~~"  # around words that their author struck out, as Markdown has it
_MOST = 3999  # the highest number in Roman digits
_ROMAN = (
    *((1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl")),
    *((10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i")),
)
_Attributes = Mapping[str, str | None]


class Lists:
    """The lists that are open at a place of a page, the innermost last."""

    def __init__(self) -> None:
        self._open: list[tuple[str, int]] = []  # type ("" for bullets), and the number of the next item

    @property
    def depth(self) -> int:
        """How many lists are open."""
        return len(self._open)

    def begin(self, tag: str, attributes: _Attributes) -> None:
        """A list begins: an `ol`, or any other without numbers."""
        self._open.append((attributes.get("type") or "1" if tag == "ol" else "", _number(attributes.get("start"), 1)))

    def end(self) -> None:
        """The innermost list ends."""
        if self._open:
            self._open.pop()

    def item(self, attributes: _Attributes) -> str:
        """The mark of the next item: "- ", "3. ", "c. ", "iii. " (HTML 4.4.5 and 4.4.8)."""
        kind, number = self._open[-1] if self._open else ("", 1)
        if not kind:
            return BULLET
        number = _number(attributes.get("value"), number)
        self._open[-1] = (kind, number + 1)
        return f"{_written(number, kind)}. "


def _number(text: str | None, default: int) -> int:
    try:
        return int((text or "")[:6])
    except ValueError:
        return default


def _written(number: int, kind: str) -> str:
    """A number as a list of this type has it; what letters cannot say is in digits."""
    if kind in "aA" and 1 <= number <= 26:
        found = chr(ord("a") + number - 1)
    elif kind in "iI" and 1 <= number <= _MOST:
        found = _roman(number)
    else:
        return str(number)
    return found.upper() if kind.isupper() else found


def _roman(number: int) -> str:
    found = ""
    for value, digits in _ROMAN:
        count, number = divmod(number, value)
        found += digits * count
    return found
