"""Whether the text below a block of commands is a signature and nothing else.

Known are the lines of phones and mail programs, the `-- ` delimiter, and the signatures that
are given. Anything else counts as text.
"""

from __future__ import annotations

from collections.abc import Sequence

from mailgate.reading.quotes.device_lines import is_device_line
from mailgate.rules.text.cleanup import visible


def only_signature(rest: Sequence[str], signatures: Sequence[str] = ()) -> bool:
    """True if `rest` is blank or a signature.

    A signature is a block below a `-- ` line, one of `signatures` (configured, or seen at
    the end of an earlier mail), or a device line, in any order; blank lines do not count.
    """
    lines = _folded(rest)
    known = [block for block in map(_folded, (text.splitlines() for text in signatures)) if block]
    if "--" in lines:
        lines = lines[: lines.index("--")]
    while lines:
        blocks = (len(block) for block in known if lines[-len(block) :] == block)
        tail = 1 if is_device_line(lines[-1]) else max(blocks, default=0)
        if not tail:
            return False
        del lines[-tail:]
    return True


def _folded(lines: Sequence[str]) -> list[str]:
    """The lines as they are compared, without blank ones."""
    return [line for line in map(_fold, lines) if line]


def _fold(line: str) -> str:
    return visible(line).casefold().strip("*_")
