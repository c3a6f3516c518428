"""Bytes into text: which character set is it really?

The door of chardet. Never raises; what no charset explains comes out with U+FFFD.
It knows nothing of headers or MIME parts.
"""

from __future__ import annotations

import re
from contextlib import suppress

from mailgate.reading.encodings import japanese

# What mail programs write, and what their bytes really are (the WHATWG superset of each name).
ALIASES = {
    "iso-8859-1": "cp1252",
    "iso8859-1": "cp1252",
    "iso_8859-1": "cp1252",
    "latin1": "cp1252",
    "latin-1": "cp1252",
    "windows-1252": "cp1252",
    "ansi": "cp1252",
    "x-ansi": "cp1252",
    "us-ascii": "cp1252",
    "ascii": "cp1252",
    "ansi_x3.4-1968": "cp1252",
    "ansi_x3.110-1983": "cp1252",
    "7bit": "cp1252",
    "8bit": "cp1252",
    "cp-850": "cp850",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "x-gbk": "gb18030",
    "gb_2312-80": "gb18030",
    "euc-cn": "gb18030",
    "ks_c_5601-1987": "cp949",
    "ks_c_5601": "cp949",
    "ksc5601": "cp949",
    "euc-kr": "cp949",
    "x-windows-949": "cp949",
    "big5": "big5hkscs",
    "x-x-big5": "big5hkscs",
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "sjis": "cp932",
    "x-sjis": "cp932",
    "windows-31j": "cp932",
    "iso-2022-jp": "iso2022_jp_ext",
    "iso-8859-8-i": "iso-8859-8",
    "iso-8859-8-e": "iso-8859-8",
    "iso-8859-6-i": "iso-8859-6",
    "windows-874": "cp874",
    "tis-620": "cp874",
    "utf8": "utf-8",
    "utf8mb4": "utf-8",
    "utf_8": "utf-8",
    "uft-8": "utf-8",
    "unicode": "utf-8",
    "unicode-1-1-utf-8": "utf-8",
    "x-unicode-2-0-utf-7": "utf-7",
    "unicode-1-1-utf-7": "utf-7",
    "x-mac-roman": "mac_roman",
    "macintosh": "mac_roman",
    "x-mac-cyrillic": "mac_cyrillic",
    "x-user-defined": "cp1252",
}
# Text in these may be bytes below 128 alone and still not be ASCII.
SEVEN_BIT = (
    "iso2022",
    "iso-2022",
    "iso_2022",
    "csiso2022",
    "utf-7",
    "utf7",
    "hz",
    "utf-16",
    "utf16",
    "utf-32",
    "utf32",
)
# Codecs of Python that are not character sets, or that answer with something else than text.
NOT_CHARSETS = frozenset({"idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined", "mbcs", "oem"})
SURROGATE = re.compile("[\ud800-\udfff]")
DETECT_BYTES = 16_384
MAX_GUESSES = 100  # of one mail; each costs a millisecond or more


class Guesses:
    """How often the charset of one mail's pieces may still be guessed: ten thousand wrong words are an attack."""

    def __init__(self, left: int = MAX_GUESSES) -> None:
        self._left = left

    def take(self) -> bool:
        """True while there is a guess left; uses it up."""
        self._left -= 1
        return self._left >= 0


def decode(data: bytes, declared: str = "", guesses: Guesses | None = None) -> str:
    """Return `data` as text without NUL characters; never raises. `guesses` bounds the third step.

    Order: the declared charset, UTF-8, detection over the first 16 kB, replacement.
    Valid UTF-8 beyond ASCII wins over a declared Western charset: mail programs that
    mislabel UTF-8 are common, Western text that happens to be UTF-8 is not.
    """
    name = declared.strip(" '\"\t").lower().partition("*")[0]
    seven_bit = name.startswith(SEVEN_BIT) or b"\x1b$" in data
    if data.isascii() and not seven_bit:
        return data.decode("ascii").replace("\0", "")
    return _clean(_decode(data, _codec(name), guesses, seven_bit=seven_bit))


def known(declared: str) -> bool:
    """True when the declared charset is one that can be decoded (or none is declared)."""
    name = declared.strip(" '\"\t").lower()
    return not name or _strict(b"a a ", _codec(name)) is not None


def _codec(name: str) -> str:
    return ALIASES.get(name, name)


def _decode(data: bytes, codec: str, guesses: Guesses | None, *, seven_bit: bool) -> str:
    if codec == "cp1252" or not codec:
        order: tuple[str, ...] = ("iso2022_jp_ext", "utf-8", codec) if seven_bit else ("utf-8", codec)
    else:
        order = (codec, "utf-8")
    for candidate in order:
        text = _strict(data, candidate)
        if text is None and candidate == "iso2022_jp_ext":
            text = japanese.decode(data)
        if text is not None:
            return text
    guess = _detect(data) if guesses is None or guesses.take() else "cp1252"
    text = _strict(data, guess)
    if text is not None:
        return text
    if codec and codec != "cp1252":
        with suppress(LookupError, UnicodeError, ValueError, TypeError):
            return data.decode(codec, "replace")
    return data.decode("latin-1") if codec == "cp1252" else data.decode("utf-8", "replace")


def _strict(data: bytes, codec: str) -> str | None:
    if not codec or codec.replace("-", "_") in NOT_CHARSETS or not codec.isascii():
        return None
    try:
        text = data.decode(codec)
    except (LookupError, UnicodeError, ValueError, TypeError, AssertionError):
        return None  # unknown, not a text encoding, or not this one
    return text if isinstance(text, str) else None


def _detect(data: bytes) -> str:
    import chardet  # costs 95 ms, and most mail says what it is

    return str(chardet.detect(data[:DETECT_BYTES]).get("encoding") or "")


def _clean(text: str) -> str:
    text = text.replace("\0", "").removeprefix("\ufeff")
    # Only UTF-7 lets half a pair through, and neither RE2 nor SQLite takes one.
    return SURROGATE.sub("\ufffd", text) if SURROGATE.search(text) else text
