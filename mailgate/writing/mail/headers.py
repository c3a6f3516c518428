"""Header fields as bytes on the wire: cleaned, encoded and folded.

No value can start a new field: line breaks and control characters are gone before
anything is written (RFC 5322 2.2). Its input is plain data: names,
addresses, ids and text; which fields a mail has is said in `compose`.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable, Iterator, Sequence

from mailgate.ticket import Address

WIDTH = 76  # RFC 2047 2 for lines with an encoded word; RFC 5322 2.1.1 would grant 78
_LONGEST_WORD = 900  # RFC 5322 2.1.1: a line must not pass 998; a longer word is encoded in pieces
_CHUNK = 39  # bytes in one encoded word: 64 columns, so that a line with a name fits 76 (RFC 2047 2)
_NAME_LIMIT = 100
_BLANKS = [*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029]
_BIDI = [*range(0x202A, 0x202F), *range(0x2066, 0x206A)]  # they make "gpj.exe" read "exe.jpg"
_PLAIN: dict[int, str | None] = (
    dict.fromkeys(_BLANKS, " ") | dict.fromkeys(_BIDI) | dict.fromkeys(range(0xD800, 0xE000), "\ufffd")
)
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\- ]*\Z")  # RFC 5322 3.2.3, with spaces between
_ORDINARY = re.compile(r"[A-Za-z0-9_+\-]+(\.[A-Za-z0-9_+\-]+)*@[A-Za-z0-9\-]+(\.[A-Za-z0-9\-]+)*\Z")
_DOT_ATOM = re.compile(r"[^\s\x00-\x1f\x7f()<>\[\]:;@\\,.\"]+(\.[^\s\x00-\x1f\x7f()<>\[\]:;@\\,.\"]+)*\Z")
_QUOTED = re.compile(r'"(?:[^"\\\r\n]|\\[^\r\n])*"\Z')
_NOT_DOMAIN = re.compile(r"[^\w.\-:\[\]]")
_ID = re.compile(r"<[!-;=?-~]{1,900}>\Z")  # printable ASCII between the brackets, short enough for one line


def plain(value: str, limit: int = 0) -> str:
    """Return `value` as one line without control and direction characters.

    `limit` in characters cuts what is longer, with an ellipsis; 0 is no limit.
    """
    cleaned = value
    if not value.isascii() or not value.isprintable() or "  " in value or value[:1] == " " or value[-1:] == " ":
        cleaned = " ".join(value.translate(_PLAIN).split())
    return cleaned if not limit or len(cleaned) <= limit else cleaned[: limit - 1].rstrip() + "…"


def fold(name: str, tokens: Iterable[str]) -> bytes:
    """Return one header field; a line is broken between tokens only, never inside one."""
    words = list(tokens)
    lines = [f"{name}: {' '.join(words)}"]
    if len(lines[0]) > WIDTH:
        lines = _lines(f"{name}: {words[0]}", words[1:])
    return ("\r\n".join(lines) + "\r\n").encode("utf-8", "replace")


def _lines(line: str, words: Iterable[str]) -> list[str]:
    lines: list[str] = []
    for word in words:
        if len(line) + 1 + len(word) > WIDTH:
            lines.append(line)
            line = ""
        line = f"{line} {word}"
    return [*lines, line]


def unstructured(name: str, value: str) -> bytes:
    """Return a field of free text, such as Subject (RFC 5322 2.2.1, RFC 2047 5)."""
    return fold(name, _words(plain(value)))


def addresses(name: str, people: Sequence[Address]) -> bytes:
    """Return a field that lists mailboxes, such as To (RFC 5322 3.4)."""
    tokens: list[str] = []
    for number, person in enumerate(people, start=1):
        tokens += mailbox(person)
        if number < len(people):
            tokens[-1] += ","
    return fold(name, tokens)


def message_ids(name: str, ids: Iterable[str]) -> bytes:
    """Return a field of Message-IDs, each of them whole on its line (RFC 5322 3.6.4)."""
    return fold(name, ids)


def is_id(text: str) -> bool:
    """True for a Message-ID that can be written into a header as it stands."""
    return _ID.match(text) is not None


def mailbox(person: Address) -> list[str]:
    """Return the tokens of `"Name" <address>`, or of the address alone (RFC 5322 3.4)."""
    name = plain(person.name, _NAME_LIMIT)
    email = addr_spec(person.email)
    if not name:
        return [email]
    if not name.isascii() or "=?" in name:
        return [*encoded_words(name), f"<{email}>"]
    if not _ATOMS.match(name):
        name = '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return [*name.split(" "), f"<{email}>"]


def addr_spec(email: str) -> str:
    """Return the address so that it can stand nowhere but in its own place (RFC 5322 3.4.1).

    A local part that is no dot-atom is quoted; what no domain can hold is left out.
    """
    if _ORDINARY.match(email):
        return email
    local, at, domain = plain(email).rpartition("@")
    if not at:
        local, domain = domain, ""
    if not (_DOT_ATOM.match(local) or _QUOTED.match(local)):
        local = '"' + local.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return f"{local}@{_NOT_DOMAIN.sub('', domain)}"


def parameter(name: str, value: str) -> str:
    """Return a MIME parameter on lines of its own; `value` must be clean (RFC 2045 5.1, RFC 2231 4)."""
    if value.isascii() and len(value) <= 60:
        quoted = value.replace("\\", "\\\\").replace('"', '\\"')
        return f';\r\n {name}="{quoted}"'
    pieces = list(_percent(value))
    if len(pieces) == 1:
        return f";\r\n {name}*=utf-8''{pieces[0]}"
    # RFC 2231 4.1: the charset stands in the first piece alone
    first = f";\r\n {name}*0*=utf-8''{pieces[0]}"
    return first + "".join(f";\r\n {name}*{number}*={piece}" for number, piece in enumerate(pieces[1:], start=1))


def encoded_words(text: str) -> Iterator[str]:
    """Yield encoded words, each made of whole characters (RFC 2047 5: a word must decode by itself)."""
    for chunk in _chunks(text, _CHUNK):
        yield f"=?utf-8?b?{b64encode(chunk).decode()}?="


def _words(text: str) -> Iterator[str]:
    """The words of a line of text; from the first that needs encoding on, encoded words.

    What stands before it, the ticket's token above all, stays readable for filters.
    """
    words = text.split(" ")
    for position, word in enumerate(words):
        if not word.isascii() or "=?" in word or len(word) > _LONGEST_WORD:
            yield from encoded_words(" ".join(words[position:]))
            return
        yield word


def _chunks(text: str, size: int) -> Iterator[bytes]:
    chunk = b""
    for character in text:
        octets = character.encode()
        if len(chunk) + len(octets) > size:
            yield chunk
            chunk = b""
        chunk += octets
    yield chunk


def _percent(value: str) -> Iterator[str]:
    """RFC 2231 4 extended values, in pieces that fit a line."""
    for chunk in _chunks(value, 18):
        yield "".join(chr(octet) if chr(octet).isalnum() and octet < 128 else f"%{octet:02X}" for octet in chunk)
