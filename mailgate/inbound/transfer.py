"""Content-Transfer-Encoding: encoded bodies into bytes, however broken (RFC 2045 6).

Never raises; what cannot be decoded is given back as it stands.
"""

from __future__ import annotations

import binascii
import re

NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/=\s]")
NOT_IN_LINE = re.compile(rb"[^A-Za-z0-9+/=]")
JUNK = bytes(byte for byte in range(256) if not (chr(byte).isascii() and (chr(byte).isalnum() or chr(byte) in "+/")))
SOFT_BREAK = re.compile(rb"=[ \t]+(?=\r?\n)")
UU_BEGIN = re.compile(rb"(?m)^begin [0-7]{3,4} (.{1,250}?)\r?$")


def decode(body: bytes, encoding: str) -> bytes:
    """Return the bytes that `body` stands for under a Content-Transfer-Encoding value."""
    token = encoding.split(None, 1)[0].strip("\"';").lower() if encoding.strip() else ""
    if token == "quoted-printable" or token.startswith("quoted"):
        return quoted_printable(body)
    if token.startswith("base64"):
        return base64(body)
    if token in {"x-uuencode", "uuencode", "x-uue", "uue"}:
        return uuencoded(body)
    return body


def quoted_printable(body: bytes) -> bytes:
    """RFC 2045 6.7; blanks after a soft line break are dropped as transport padding."""
    if b"= " in body or b"=\t" in body:
        body = SOFT_BREAK.sub(b"=", body)
    return binascii.a2b_qp(body)


def base64(body: bytes) -> bytes:
    """RFC 2045 6.8; missing padding and stray characters are tolerated.

    Lines of plain words (a mailing list's footer below the data) are no data and are left out.
    """
    if NOT_BASE64.search(body) or b" " in body:
        lines = [line for line in map(bytes.strip, body.split(b"\n")) if line]
        if lines and b" " in lines[0]:
            return body  # prose that only claims to be base64
        body = b"".join(line for line in lines if not NOT_IN_LINE.search(line)) or body
    try:
        return binascii.a2b_base64(body)
    except binascii.Error:
        data = body.translate(None, JUNK)
        # One character alone carries six bits and so no byte.
        data = data[: len(data) - 1] if len(data) % 4 == 1 else data
        return binascii.a2b_base64(data + b"=" * (-len(data) % 4))


def uu_name(body: bytes) -> str:
    """The file name that a uuencoded body gives itself, or an empty string."""
    begin = UU_BEGIN.search(body)
    return begin[1].decode("utf-8", "replace").strip() if begin else ""


def uuencoded(body: bytes) -> bytes:
    """Decode the first uuencoded file in `body`; without one the body stands as it is."""
    begin = UU_BEGIN.search(body)
    if not begin:
        return body
    out = bytearray()
    for line in body[begin.end() :].splitlines()[1:]:
        if line.strip() in {b"end", b"`"}:
            break
        out += _uu_line(line)
    return bytes(out)


def _uu_line(line: bytes) -> bytes:
    if not line:
        return b""  # the library reads a length where there is none
    try:
        return binascii.a2b_uu(line)
    except binascii.Error:
        # Some encoders leave rubbish behind the counted characters.
        length = (((line[0] - 32) & 63) * 4 + 5) // 3
        try:
            return binascii.a2b_uu(line[:length])
        except binascii.Error:
            return b""
