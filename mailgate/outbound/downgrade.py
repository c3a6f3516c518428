"""Mail for a relay without SMTPUTF8: addresses beyond ASCII leave To and Cc of others' mail.

RFC 6532 header fields need SMTPUTF8 (RFC 6531 3.2). Names are encoded words anyway; an
internationalised local part has no other form, so it is left out and its owner, whom the
relay cannot reach, is told of on the ticket. Pure; it reads fields that we have written.
"""

from __future__ import annotations

import re

_FIELD = re.compile(rb"(?mi)^(to|cc):((?:.*\r?\n[ \t])*.*)\r?\n")
_ENTRY = re.compile(r'(?:"(?:[^"\\]|\\.)*"|[^",])+')


def needs_utf8(data: bytes) -> bool:
    """Whether a finished mail has a header beyond ASCII."""
    return not data[: _end_of_header(data)].isascii()


def without_utf8(data: bytes) -> bytes:
    """The mail without addresses beyond ASCII in To and Cc."""
    end = _end_of_header(data)
    return _FIELD.sub(_ascii_field, data[:end]) + data[end:]


def _ascii_field(match: re.Match[bytes]) -> bytes:
    if match[0].isascii():
        return match[0]
    entries = (entry.strip() for entry in _ENTRY.findall(match[2].decode("utf-8", "replace")))
    kept = [entry for entry in entries if entry and entry.isascii()]
    name = match[1].decode()
    if kept:
        listed = ",\r\n ".join(kept)
        return f"{name}: {listed}\r\n".encode()
    # RFC 5322 3.6.3: To may be an empty group; an empty Cc is none
    return b"To: undisclosed-recipients:;\r\n" if name.lower() == "to" else b""


def _end_of_header(data: bytes) -> int:
    end = data.find(b"\r\n\r\n")
    return end + 2 if end >= 0 else len(data)
