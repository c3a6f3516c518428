"""Bytes into text: which character set is it really?

The door of chardet. Never raises; what no charset explains comes out with U+FFFD.
It knows nothing of headers or MIME parts.
"""

from __future__ import annotations

import re
from codecs import BOM_UTF16_BE, BOM_UTF16_LE, BOM_UTF32_BE, BOM_UTF32_LE
from contextlib import suppress
from encodings import normalize_encoding
from encodings.aliases import aliases

from mailgate.reading.encodings import japanese, labels

# Text in these may be bytes below 128 alone and still not be ASCII.
SEVEN_BIT = frozenset({"iso2022_jp_ext", "iso2022_kr", "utf-7", "hz", "utf-16", "utf-16-le", "utf-16-be"})
SEVEN_BIT_NAMES = ("iso2022", "iso-2022", "iso_2022", "utf-32", "utf32")
# Codecs of Python that are charsets and stand under no other name in its table.
_UNLISTED = (
    "cp1006 cp720 cp737 cp856 cp874 cp875 iso8859_1 koi8_t koi8_u mac_arabic mac_croatian mac_farsi mac_romanian "
    "palmos utf_8_sig"
)
# Those of its table that make something else of bytes than text.
_NO_TEXT = frozenset(
    ["base64_codec", "bz2_codec", "hex_codec", "mbcs", "quopri_codec", "rot_13", "uu_codec", "zlib_codec"]
)
# Of UTF-32 first: its mark begins with that of UTF-16.
_MARKS = (
    *((BOM_UTF32_LE, "utf-32"), (BOM_UTF32_BE, "utf-32")),
    *((BOM_UTF16_LE, "utf-16"), (BOM_UTF16_BE, "utf-16")),
)
CHARSETS = (frozenset(aliases.values()) | {*_UNLISTED.split()}) - _NO_TEXT
SURROGATE = re.compile("[\ud800-\udfff]")
# What bytes of other charsets look like in Windows-1252: three accented letters in a row, a capital behind a small
# letter, a sign or mark between letters; no apostrophe.
NOT_WESTERN = re.compile(
    "[À-ÖØ-öø-ÿŠŽšžŸŒœƒˆ˜]{3}|[a-zß-öø-ÿ][À-ÖØ-Þ]|[A-Za-zÀ-ÖØ-öø-ÿ][¡-¶¸-¿×÷€‚-‡ˆ‰‹›“”•˜™˜][A-Za-zÀ-ÖØ-öø-ÿ]|[\x80-\x9f]|ˆ|˜|ƒ"
)
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
    """Return `data` as text without NUL characters; never raises. `guesses` bounds the last step.

    Order: that of a byte order mark of UTF-16 or UTF-32, the declared charset, UTF-8, Windows-1252 where it makes
    Western words, detection over the first 16 kB, replacement. Valid UTF-8 beyond ASCII wins over a declared Western
    charset: mail programs that mislabel UTF-8 are common, Western text that happens to be UTF-8 is not.
    """
    codec = _of_mark(data) or labels.codec(declared)
    seven_bit = codec in SEVEN_BIT or codec.startswith(SEVEN_BIT_NAMES) or b"\x1b$" in data
    if data.isascii() and not seven_bit:
        return data.decode("ascii").replace("\0", "")
    return _clean(_decode(data, codec, guesses, seven_bit=seven_bit))


def _of_mark(data: bytes) -> str:
    """The codec that a byte order mark names; "" without one. No text in another charset begins so."""
    return next((codec for mark, codec in _MARKS if data.startswith(mark) and _strict(data, codec) is not None), "")


def known(declared: str) -> bool:
    """True when the declared charset is one that can be decoded (or none is declared)."""
    name = labels.codec(declared)
    return not name or _strict(b"a a ", name) is not None


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
    return _nearest(data, codec, guesses)


def _nearest(data: bytes, codec: str, guesses: Guesses | None) -> str:
    """No charset that is known to be meant explains all of the bytes."""
    if codec == "utf-8" and (mended := _mostly_utf8(data)):
        return mended
    western = _strict(data, "cp1252")
    if western is not None and _is_western(western):
        return western
    guess = _detect(data) if guesses is None or guesses.take() else "cp1252"
    text = _strict(data, guess)
    if text is not None:
        return text
    if codec != "cp1252" and _is_charset(codec):
        with suppress(LookupError, UnicodeError, ValueError, TypeError):
            return data.decode(codec, "replace")
    return data.decode("latin-1") if codec == "cp1252" else data.decode("utf-8", "replace")


def _mostly_utf8(data: bytes) -> str:
    """UTF-8 of which a few bytes were broken on the way; "" where it is more than that."""
    text = data.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    sound = sum(not each.isascii() for each in text) - broken
    return text if sound > 2 * broken else ""


def _is_western(text: str) -> bool:
    """Whether a reading as Windows-1252 makes words: single accented letters, and no mark within a word."""
    return not text.isascii() and not NOT_WESTERN.search(text)


def _is_charset(codec: str) -> bool:
    """Whether Python decodes text by this name, however it is written: `unicode escape!` and `punycode_` are none.

    By its table: each name that is not in it would be searched for on the disk and remembered for ever.
    """
    name = normalize_encoding(codec).lower() if codec.isascii() else ""
    return aliases.get(name, aliases.get(name.replace(".", "_"), name)) in CHARSETS


def _strict(data: bytes, codec: str) -> str | None:
    if not _is_charset(codec):
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
