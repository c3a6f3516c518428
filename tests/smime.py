"""S/MIME parts as mail programs make them, built by hand: what is signed needs no key to be read."""

from __future__ import annotations

import zlib
from base64 import encodebytes

OIDS = {
    "data": "2a864886f70d010701",
    "signed": "2a864886f70d010702",
    "enveloped": "2a864886f70d010703",
    "compressed": "2a864886f70d0109100109",
}


def element(tag: int, *content: bytes) -> bytes:
    """One element in DER."""
    body = b"".join(content)
    if len(body) < 0x80:
        return bytes((tag, len(body))) + body
    size = (len(body).bit_length() + 7) // 8
    return bytes((tag, 0x80 | size)) + len(body).to_bytes(size) + body


def endless(tag: int, *content: bytes) -> bytes:
    """One element without a length, as who streams writes it."""
    return bytes((tag, 0x80)) + b"".join(content) + b"\0\0"


def oid(name: str) -> bytes:
    return element(0x06, bytes.fromhex(OIDS[name]))


VERSION = element(0x02, b"\1")


def signed(content: bytes) -> bytes:
    """SignedData without a certificate or signature, which nothing here looks at."""
    inner = element(0x30, oid("data"), element(0xA0, element(0x04, content)))
    data = element(0x30, VERSION, element(0x31), inner, element(0x31))
    return element(0x30, oid("signed"), element(0xA0, data))


def streamed(content: bytes, size: int = 7) -> bytes:
    """The same as it is written by a program that does not know its length yet."""
    pieces = [element(0x04, content[at : at + size]) for at in range(0, len(content), size)]
    inner = endless(0x30, oid("data"), endless(0xA0, endless(0x24, *pieces)))
    return endless(0x30, oid("signed"), endless(0xA0, endless(0x30, VERSION, element(0x31), inner, element(0x31))))


def compressed(content: bytes) -> bytes:
    inner = element(0x30, oid("data"), element(0xA0, element(0x04, zlib.compress(content))))
    return element(0x30, oid("compressed"), element(0xA0, element(0x30, VERSION, element(0x30), inner)))


def enveloped() -> bytes:
    return element(0x30, oid("enveloped"), element(0xA0, element(0x30, VERSION, element(0x31))))


def part(content: bytes, kind: str = "application/pkcs7-mime; name=smime.p7m") -> bytes:
    """A part's header and body."""
    head = f"Content-Type: {kind}\nContent-Transfer-Encoding: base64\n\n"
    return head.encode() + encodebytes(content)
