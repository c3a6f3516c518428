"""Header fields into text: unfolding, encoded words, raw bytes, parameters, identifiers.

Reads single values and never raises. It does not know which field means what.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator

from mailgate.reading.encodings import charset, transfer
from mailgate.reading.encodings.charset import Guesses

MAX_VALUE = 32_768  # characters of one field that are looked at for encoded words
MAX_PARAMETERS = 100
MAX_IDS = 200  # of one References field
FOLD = re.compile(rb"\r?\n(?=[ \t])")
CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]+")
WORD = re.compile(r"=\?([^?\s]{1,60})\?([bBqQ])\?")  # RFC 2047 2: how an encoded word begins
MAX_WORD = 2000  # characters of its text, which may hold spaces and lone question marks, as real ones do
IDENTIFIER = re.compile(r"<([^<>]{1,900})>")
ID_OR_REST = re.compile(r"<[^<>]{1,900}>|[^<]+|<")
WHOLE_ID = re.compile(r"<[^<>@]{1,450}@[^<>]{1,450}>")  # what is no encoded word as a whole is an id as it stands
BARE_IDENTIFIER = re.compile(r"[^\s<>,;\"]{1,400}@[^\s<>,;\"]{1,400}")
PARAMETER = re.compile(r";?\s*([^\s=;\"]{1,80})\s*=\s*(\"(?:[^\"\\]|\\.)*\"?|[^;]*)|;")
LONG_BLANK = " " * 50
SPECIALS = re.compile(r"[\"(),:;<>@\[\]\\ ]")
MANGLED = re.compile(r"\?\?|=\?[^?]{1,60}\?[bBqQ]\?|_{4}")
SECTION = re.compile(r"^([^*]+)(?:\*(\d{1,3}))?(\*?)$")


def raw_text(raw: bytes, guesses: Guesses | None = None) -> str:
    """Unfold a raw value (RFC 5322 2.2.3); raw 8-bit bytes are decoded as they seem to be."""
    if b"\n" in raw:
        raw = FOLD.sub(b"", raw)
    value = charset.decode(raw, "", guesses).strip()
    return value if value.isprintable() else CONTROL.sub(" ", value)


def text(raw: bytes, guesses: Guesses | None = None) -> str:
    """Return a raw value unfolded and with its encoded words decoded (RFC 2047)."""
    return words(raw_text(raw, guesses), guesses)


def words(value: str, guesses: Guesses | None = None) -> str:
    """Decode the encoded words in `value`; a character split over two words is made whole.

    Words encoded twice, as some gateways make them, are decoded twice.
    """
    if "=?" not in value:
        return value
    once = _words(value, guesses)
    return _words(once, guesses) if "=?" in once and "?=" in once else once


def _words(value: str, guesses: Guesses | None) -> str:
    out: list[str] = []
    pending = b""  # RFC 2047 5 forbids splitting a character, but mail programs do it
    encoding = ""
    end = 0
    for start, after, name, kind, payload in _encoded_words(value[:MAX_VALUE]):
        gap = value[end:start]
        adjacent = bool(end) and not gap.strip()  # RFC 2047 6.2: white space between words is dropped
        if not adjacent or name.lower() != encoding:
            out.append(charset.decode(pending, encoding, guesses))
            pending = b""
        if not adjacent:
            out.append(gap)
        pending += _word_bytes(kind, payload)
        encoding = name.lower()
        end = after
    out.extend((charset.decode(pending, encoding, guesses), value[end:]))
    joined = "".join(out)
    return joined if joined.isprintable() else CONTROL.sub(" ", joined)


def _encoded_words(value: str) -> Iterator[tuple[int, int, str, str, str]]:
    """Each encoded word: where it begins and ends, its charset, encoding and text."""
    close = at = 0
    while match := WORD.search(value, at):
        if close < match.end():  # one search for many beginnings, or words that never end cost the square
            close = value.find("?=", match.end())
            if close < 0:
                return
        if close - match.end() > MAX_WORD:
            at = match.start() + 1
            continue
        at = close + 2
        yield match.start(), at, match[1], match[2], value[match.end() : close]


def sealed(value: str) -> str:
    """The value with marks of structure within encoded words escaped, as they should be (RFC 2047 5 (3))."""
    if "=?" not in value:
        return value
    out: list[str] = []
    end = 0
    for start, after, name, kind, payload in _encoded_words(value[:MAX_VALUE]):
        safe = SPECIALS.sub(lambda found: f"={ord(found[0]):02X}", payload) if kind in "qQ" else payload
        out += (value[end:start], f"=?{name}?{kind}?{safe}?=")
        end = after
    return "".join((*out, value[end:]))


def _word_bytes(kind: str, payload: str) -> bytes:
    data = payload.encode("utf-8", "replace")
    if kind in "bB":
        return transfer.base64(data)
    return binascii.a2b_qp(data, header=True)


def parameters(value: str, guesses: Guesses | None = None) -> tuple[str, dict[str, str]]:
    """Split `main; name=value; …` into its lower-case main value and decoded parameters.

    RFC 2231 continuations and charsets, quoted or not, encoded words, raw 8-bit.
    Of a repeated parameter the first counts; of `name` and `name*`, written for old readers and
    for others (RFC 6266 4.3), the extended one, unless it came out broken.
    """
    main, _, rest = value.partition(";")
    if LONG_BLANK in rest:
        rest = " ".join(rest.split())  # else each blank of a run would be tried as a beginning
    plain: dict[str, str] = {}
    extended: dict[str, dict[int, tuple[str, bool]]] = {}
    for number, match in enumerate(PARAMETER.finditer(rest[:MAX_VALUE])):
        if number >= MAX_PARAMETERS:
            break
        if match[1] is None:
            continue
        section = SECTION.match(match[1].lower())
        if section and (section[2] or section[3]):
            place = int(section[2]) if section[2] else 0
            extended.setdefault(section[1], {}).setdefault(place, (_unquote(match[2]), bool(section[3])))
        elif section:
            plain.setdefault(section[1], _unquote(match[2]))
    found = {name: words(value, guesses) for name, value in plain.items()}
    for name, sections in extended.items():
        value = _join(sections, guesses)
        if name not in found or not is_mangled(value):
            found[name] = value
    return main.strip().lower(), found


def is_mangled(name: str) -> bool:
    """True where a name lost its letters on the way: replaced, or written as question marks or underlines."""
    if "\ufffd" in name or not name.isprintable() or MANGLED.search(name):
        return True
    return not any(map(str.isalnum, name.rpartition(".")[0] or name))


def _unquote(value: str) -> str:
    value = value.strip()
    if not value.startswith('"'):
        return value
    value = value[1:-1] if value.endswith('"') and len(value) > 1 else value[1:]
    return re.sub(r"\\(.)", r"\1", value) if "\\" in value else value


def _join(parts: dict[int, tuple[str, bool]], guesses: Guesses | None) -> str:
    """Put the numbered sections of one parameter together (RFC 2231 3 and 4)."""
    ordered = [parts[place] for place in sorted(parts)]
    first, extended = ordered[0]
    encoding = ""
    if extended and first.count("'") >= 2:
        encoding, _, tail = first.partition("'")
        ordered[0] = (tail.partition("'")[2], True)
    data = b"".join(_percent(value) if extended else value.encode("utf-8", "replace") for value, extended in ordered)
    return words(charset.decode(data, encoding, guesses), guesses)


def _percent(value: str) -> bytes:
    data = value.encode("utf-8", "replace")
    return re.sub(rb"%([0-9A-Fa-f]{2})", lambda found: bytes((int(found[1], 16),)), data)


def identifiers(value: str) -> tuple[str, ...]:
    """Every message identifier in `value`, with angle brackets, in order (RFC 5322 3.6.4).

    Tolerates words around them, white space inside and missing brackets, and ids that a library
    put into encoded words, against RFC 2047 5 (3). Of more than 200 the first 20 and the last 180 are
    kept: the anchor stands first, parents last.
    """
    value = value[: MAX_VALUE * 4]
    if "=?" in value:
        value = "".join(part if WHOLE_ID.fullmatch(part) else words(part) for part in ID_OR_REST.findall(value))
    ids = list(_identifiers(value))
    return tuple(ids if len(ids) <= MAX_IDS else ids[:20] + ids[20 - MAX_IDS :])


def _identifiers(value: str) -> Iterator[str]:
    found = False
    for match in IDENTIFIER.finditer(value):
        inner = "".join(match[1].split())
        if inner:
            found = True
            yield f"<{inner}>"
    if not found:
        yield from (f"<{match[0]}>" for match in BARE_IDENTIFIER.finditer(value))
