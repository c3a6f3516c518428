"""MIME bodies as bytes on the wire: text and HTML as alternatives, attachments beside them.

Parts are put together by hand: the standard library's generators cost ten times as
much a mail. It writes what it is given; what a mail may hold is decided elsewhere.
"""

from __future__ import annotations

import re
from binascii import b2a_base64, b2a_qp
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256

from mailgate.ticket import StoredAttachment
from mailgate.writing.mail.flowed import flow
from mailgate.writing.mail.headers import parameter, plain
from mailgate.writing.mail.inline import content_id, shown_in

_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]*/[a-z0-9][a-z0-9!#$&^_.+-]*\Z")
# A message/* or multipart/* part must not be base64 (RFC 2046 5.2.1), and its bytes may be 8 bit.
_NOT_BASE64 = ("message/", "multipart/")
_ANY = "application/octet-stream"
# Characters of a line in 7bit. RFC 5322 2.1.1 asks for 78 and allows 998. Text is flowed to 78, so what
# is longer there is a link, which reads better whole; nobody reads HTML by the line. Quoted-printable
# would make either a quarter longer.
_LONGEST = 900
_CONTENT_TYPE = {
    "plain": b"text/plain; charset=utf-8; format=flowed; delsp=no",
    "html": b"text/html; charset=utf-8",
}
_FOREIGN = 3  # one octet in so many beyond ASCII, no Western language, and base64 takes far less room
_FROM = re.compile(rb"^From ", re.MULTILINE)
_CONTROLS = bytes({*range(0x20), 0x7F} - set(b"\t\n"))
_C1 = re.compile(rb"\xc2[\x80-\x9f]")  # in HTML a reference to one of them would read as a character of cp1252
_NAME_LIMIT = 120


Piece = bytes | StoredAttachment  # a stored file stands for its content in base64


def body(parts: tuple[bytes, bytes], html: str, files: Sequence[StoredAttachment], seed: str) -> list[Piece]:
    """Return the body's own header fields, an empty line, and the body.

    `parts`: the text parts of text and HTML, the latter b"" where there is none; `html` says which images it shows.
    `seed` is the Message-ID: boundaries come from it, so that the same mail has the same bytes again, and they cannot
    be predicted before it is written.
    """
    text, page = parts
    images = [file for file in files if shown_in(html, file)]
    files = [file for file in files if file not in images]
    content: list[Piece] = [text]
    if page:
        shown = [file_part(image, inline=True) for image in images]
        related = _multipart("related", [[page], *shown], f"{seed}related") if images else [page]
        content = _multipart("alternative", [content, related], f"{seed}alternative")
    if files:
        content = _multipart("mixed", [content, *map(file_part, files)], f"{seed}mixed")
    return content


def text_part(subtype: str, text: str) -> bytes:
    """Return a text part in UTF-8: 7bit where that is safe, else quoted-printable or base64 (RFC 2045 6).

    Plain text is flowed (RFC 3676). In HTML, foreign characters become references, so that
    it is 7bit in any language.
    """
    octets = _clean(text).rstrip(b"\n") + b"\n"
    if subtype == "html" and not octets.isascii():
        octets = octets.decode().encode("ascii", "xmlcharrefreplace")
    elif subtype == "plain":
        octets = flow(octets.decode()).encode()
    encoding = b"7bit"
    # RFC 4155: a line that begins with "From " would be altered on its way into an mbox
    munged = octets.startswith(b"From ") or b"\nFrom " in octets
    if not octets.isascii():
        foreign = len(octets) - len(octets.decode("ascii", "ignore"))
        encoding = b"quoted-printable" if len(octets) > _FOREIGN * foreign else b"base64"
    elif munged or max(map(len, octets.split(b"\n"))) > _LONGEST:
        encoding = b"quoted-printable"
    return b"Content-Type: %s\r\nContent-Transfer-Encoding: %s\r\n\r\n%s" % (
        _CONTENT_TYPE[subtype],
        encoding,
        _ENCODED[encoding](octets),
    )


def _quoted_printable(octets: bytes) -> bytes:
    encoded = b2a_qp(octets)
    encoded = _FROM.sub(b"=46rom ", encoded) if b"From " in encoded else encoded
    return encoded.replace(b"\n", b"\r\n")


def base64_lines(octets: bytes) -> bytes:
    """Return octets in base64, in lines (RFC 2045 6.8); pieces of whole lines (57 octets) may be joined."""
    encoded = b2a_base64(octets, newline=False)
    lines = [encoded[at : at + 76] for at in range(0, len(encoded), 76)]
    return b"\r\n".join([*lines, b""])


_ENCODED: Mapping[bytes, Callable[[bytes], bytes]] = {
    b"7bit": lambda octets: octets.replace(b"\n", b"\r\n"),
    b"quoted-printable": _quoted_printable,
    b"base64": lambda octets: base64_lines(octets.replace(b"\n", b"\r\n")),
}


def file_part(attachment: StoredAttachment, *, inline: bool = False) -> list[Piece]:
    """Return an attachment in base64, under a name that is only a name (RFC 2183 2.3).

    `inline`: it is an image that the page beside it shows (RFC 2387, RFC 2392).
    """
    kind = attachment.type.lower()
    if not _TYPE.match(kind) or kind.startswith(_NOT_BASE64):
        kind = _ANY
    shown = f"\r\nContent-ID: <{content_id(attachment)}>\r\nContent-Disposition: inline"
    placed = shown if inline else "\r\nContent-Disposition: attachment"
    head = f"Content-Type: {kind}\r\nContent-Transfer-Encoding: base64{placed}"
    return [f"{head}{parameter('filename', file_name(attachment.name))}\r\n\r\n".encode(), attachment]


def file_name(name: str) -> str:
    """Return the last part of a hostile file name, clean and of bounded length, its ending kept."""
    leaf = plain(re.split(r"[/\\]", name)[-1]).strip(". ")
    if len(leaf) > _NAME_LIMIT:
        stem, dot, ending = leaf.rpartition(".")
        leaf = leaf[:_NAME_LIMIT] if not dot or len(ending) > 10 else f"{stem[: _NAME_LIMIT - 11]}.{ending}"
    return leaf or "attachment"


def readable(text: str) -> str:
    """Return text with plain line ends and without the control characters that upset mail programs."""
    return _clean(text).decode()


def _clean(text: str) -> bytes:
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    # In UTF-8 no octet below 0x80, nor 0xC2, is within another character: this deletes just what it names
    octets = text.encode("utf-8", "replace").translate(None, _CONTROLS)
    return _C1.sub(b"", octets) if b"\xc2" in octets else octets


def _multipart(subtype: str, parts: Sequence[Sequence[Piece]], seed: str) -> list[Piece]:
    # "=_" occurs in neither quoted-printable nor base64 (RFC 2045 6.7)
    boundary = b"=_" + sha256(seed.encode()).hexdigest()[:32].encode()
    head = b'Content-Type: multipart/%s;\r\n boundary="%s"\r\n\r\n' % (subtype.encode(), boundary)
    delimiter = b"--" + boundary
    pieces: list[Piece] = [head]
    for part in parts:
        pieces += [delimiter, b"\r\n", *part, b"\r\n"]
    return [*pieces, delimiter, b"--\r\n"]
