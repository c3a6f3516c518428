"""The PROXY header: both versions, read without a byte too many, and everything else refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.inbound.smtp.proxy import Header, read_header

SIGNATURE = b"\r\n\r\n\x00\r\nQUIT\n"
IPV4 = bytes((192, 0, 2, 7, 192, 0, 2, 1)) + b"\x00\x50\x00\x19"
IPV6 = bytes.fromhex("20010db8" + "00" * 11 + "07") + bytes.fromhex("20010db8" + "00" * 11 + "01") + b"\x00\x50\x00\x19"


def v2(command: int, family: int, body: bytes) -> bytes:
    return SIGNATURE + bytes((command, family)) + len(body).to_bytes(2, "big") + body


HEADERS = [
    (b"PROXY TCP4 192.0.2.7 192.0.2.1 56324 25\r\n", "192.0.2.7"),
    (b"PROXY TCP6 2001:db8::7 2001:db8::1 56324 25\r\n", "2001:db8::7"),
    (b"PROXY UNKNOWN\r\n", ""),
    (b"PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535\r\n", ""),
    (v2(0x21, 0x11, IPV4), "192.0.2.7"),
    (v2(0x21, 0x21, IPV6), "2001:db8::7"),
    (v2(0x21, 0x11, IPV4 + b"\x04\x00\x01x"), "192.0.2.7"),  # with a TLV behind
    (v2(0x20, 0x00, b""), ""),  # LOCAL: the balancer's own health check
    (v2(0x20, 0x11, IPV4), ""),
    (v2(0x21, 0x31, b"\0" * 216), ""),  # unix sockets
]


@pytest.mark.parametrize(("header", "address"), HEADERS)
def test_a_header_names_the_client(header: bytes, address: str) -> None:
    assert read_header(header) == Header(address)


@pytest.mark.parametrize("header", [header for header, _ in HEADERS])
def test_it_never_asks_for_a_byte_behind_the_header(header: bytes) -> None:
    """What follows may be a TLS handshake, which nobody could put back."""
    at = 0
    while isinstance(more := read_header(header[:at]), int):
        assert 0 < more <= len(header) - at
        at += more
    assert at == len(header)


@pytest.mark.parametrize(
    "data",
    [
        b"EHLO x",
        b"PROXX",
        b"PROXY TCP4 192.0.2.7 192.0.2.1 56324\r\n",
        b"PROXY TCP5 192.0.2.7 192.0.2.1 56324 25\r\n",
        b"PROXY TCP4 2001:db8::7 2001:db8::1 56324 25\r\n",
        b"PROXY TCP6 192.0.2.7 192.0.2.1 56324 25\r\n",
        b"PROXY TCP4 nonsense 192.0.2.1 56324 25\r\n",
        b"PROXY TCP4 " + b"1" * 200,
        SIGNATURE + b"\x11\x11\x00\x0c" + IPV4,  # version 1 in binary
        v2(0x22, 0x11, IPV4),  # an unknown command
        v2(0x21, 0x11, IPV4[:8]),  # shorter than its addresses
        SIGNATURE + b"\x21\x11\xff\xff",
    ],
)
def test_anything_else_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read_header(data)


@given(st.binary(max_size=300))
def test_no_bytes_break_it(data: bytes) -> None:
    try:
        found = read_header(data)
    except ValueError:
        return
    assert found == Header(found.address) if isinstance(found, Header) else found > 0
