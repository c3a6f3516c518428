"""The PROXY protocol header, by which a load balancer names the client (versions 1 and 2).

Pure: bytes in, header out. https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

NO_CLIENT = b"PROXY UNKNOWN\r\n"  # the shortest header: of a connection for nobody, as a health check is
_SHORTEST = len(NO_CLIENT)
V1_MAX = 107  # bytes, section 2.1
_V1 = b"PROXY "
_V2 = b"\r\n\r\n\x00\r\nQUIT\n"
_V2_FIXED = 16  # bytes: signature, version and command, family, length
V2_MAX = _V2_FIXED + 4096  # bytes; addresses take 216 at most, the rest is TLVs
_ADDRESS_SIZES = {0x1: 4, 0x2: 16}  # by address family: bytes of one address


@dataclass(frozen=True, slots=True)
class Header:
    """A complete header, by the client's address; "" where it names none."""

    address: str = ""


def read_header(data: bytes) -> Header | int:
    """The header that `data` is; else how many more bytes belong to it for certain. Raises ValueError for no header."""
    if not (_V1.startswith(data[: len(_V1)]) or _V2.startswith(data[: len(_V2)])):
        raise ValueError("no PROXY header")
    if len(data) < _SHORTEST:
        return _SHORTEST - len(data)
    return _v1(data) if data.startswith(_V1) else _v2(data)


def _v1(data: bytes) -> Header | int:
    """Section 2.1: one line of text, which is read a byte at a time for its end."""
    if not data.endswith(b"\r\n"):
        if len(data) >= V1_MAX:
            raise ValueError("PROXY header without an end")
        return 1
    words = data[:-2].decode("latin-1").split(" ")
    if words[1] == "UNKNOWN":
        return Header()
    if len(words) != 6 or words[1] not in ("TCP4", "TCP6"):
        raise ValueError("malformed PROXY header")
    return Header(_address(words[2], 4 if words[1] == "TCP4" else 6))


def _address(text: str, version: int) -> str:
    found = ipaddress.ip_address(text)  # raises ValueError
    if found.version != version:
        raise ValueError("malformed PROXY header")
    return str(found)


def _v2(data: bytes) -> Header | int:
    """Section 2.2: a binary header."""
    if len(data) < _V2_FIXED:
        return _V2_FIXED - len(data)
    version, command = data[12] >> 4, data[12] & 0xF
    size = _V2_FIXED + int.from_bytes(data[14:16], "big")
    if version != 2 or command > 1 or size > V2_MAX:
        raise ValueError("malformed PROXY header")
    if len(data) < size:
        return size - len(data)
    width = _ADDRESS_SIZES.get(data[13] >> 4)
    if command == 0 or width is None:  # LOCAL (a health check), or no IP address
        return Header()
    if size < _V2_FIXED + 2 * width + 4:
        raise ValueError("malformed PROXY header")
    return Header(str(ipaddress.ip_address(data[_V2_FIXED : _V2_FIXED + width])))
