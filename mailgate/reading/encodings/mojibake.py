"""UTF-8 that was read as Western text on its way and written anew, made right for display.

"GrÃ¼ÃŸe" becomes "Grüße". Only where every character of a word fits that reading; the
stored mail is left alone. Linear, pure, never raises.
"""

from __future__ import annotations

import re

# The first byte of a UTF-8 sequence as cp1252 shows it, and what its other bytes look like there.
_C1 = "".join(chr(code) for code in range(0x80, 0xA0))
_HIGH = "€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ" + _C1
_AFTER = f"[{_HIGH}\xa0-\xbf]"
_BROKEN = re.compile(f"[Â-ß]{_AFTER}|[à-ï]{_AFTER}{{2}}|[ð-ô]{_AFTER}{{3}}")
_NO_LETTERS = (0x81, 0x8D, 0x8F, 0x90, 0x9D)  # of cp1252; they come out as they are
_BYTES = {ord(bytes((code,)).decode("cp1252")): code for code in range(0x80, 0xA0) if code not in _NO_LETTERS}


def repaired(text: str) -> str:
    """The text with what was decoded wrongly decoded right; the same text where that is not certain."""
    return _BROKEN.sub(_right, text) if not text.isascii() and _certain(text) else text


def _certain(text: str) -> bool:
    """Whether the broken sequences are all that the text has beyond ASCII: a right text has others as well."""
    left, count = _BROKEN.subn("", text)
    return count > 0 and left.isascii()


def _right(found: re.Match[str]) -> str:
    try:
        return bytes(_BYTES.get(ord(each), ord(each)) for each in found[0]).decode("utf-8")
    except UnicodeDecodeError:  # an overlong form, a surrogate
        return found[0]
