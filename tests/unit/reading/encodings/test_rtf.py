"""Outlook's rich text is read: unpacked, as text, or as the HTML that was put into it."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.reading.encodings import lzfu, rtf

# The two worked examples of MS-OXRTFCP 3.
PACKED = bytes.fromhex(
    "2d0000002b0000004c5a4675f1c5c7a703000a0072637067313235423"
    "20af32068656c090020627705b06c647d0a800fa0"
)  # fmt: skip
REPEATED = bytes.fromhex("1a0000001c0000004c5a4675e2d44b51410004205758595a0d6e7d010eb0")


def stored(data: bytes) -> bytes:
    return struct.pack("<IIII", len(data) + 12, len(data), lzfu.STORED, 0) + data


def test_the_examples_of_the_specification_are_unpacked() -> None:
    assert lzfu.decompress(PACKED) == b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n"
    assert lzfu.decompress(REPEATED) == b"{\\rtf1 WXYZWXYZWXYZWXYZWXYZ}"
    assert lzfu.decompress(stored(b"{\\rtf1 x}")) == b"{\\rtf1 x}"


@pytest.mark.parametrize("data", [b"", b"short", b"\0" * 40])
def test_what_is_not_compressed_rich_text_is_nothing(data: bytes) -> None:
    assert lzfu.decompress(data) == b""


def test_a_stream_without_its_end_is_read_as_far_as_it_goes() -> None:
    whole = lzfu.decompress(PACKED)
    assert 10 < len(lzfu.decompress(PACKED[:30])) < len(whole)
    assert whole.startswith(lzfu.decompress(PACKED[:30]))
    far = struct.pack("<IIII", 20, 100, lzfu.COMPRESSED, 0) + b"\x01\xff\xf0"  # into what was never written
    assert lzfu.decompress(far) == b""


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (rb"{\rtf1\ansi Hello\par World}", "Hello\nWorld"),
        (rb"{\rtf1\ansi\ansicpg1252 Gr\'fc\'dfe}", "Grüße"),
        (rb"{\rtf1\ansi\ansicpg1252{\fonttbl{\f0 Arial;}{\f1\fcharset204 Arial;}}\f1\'cf\'f0\'e8\f0\'e9}", "Приé"),
        (rb"{\rtf1\ansi\ansicpg932 \'93\'fa\'96\'7b}", "日本"),
        (rb"{\rtf1\mac \'8a}", "ä"),
        (rb"{\rtf1\uc1 5 \u8364? or \u8364\'80, \uc2\u228ae!}", "5 € or €, ä!"),
        (rb"{\rtf1\uc1 \u8364\~x}", "€x"),
        (rb"{\rtf1\uc1\u-10179?\u-8704?}", "😀"),
        (rb"{\rtf1\u56832?}", "\ufffd"),
        (rb"{\rtf1 a\{b\}\\c\~d\_e\-f}", "a{b}\\c\xa0d\u2011ef"),
        (rb"{\rtf1 \ldblquote q\rdblquote\emdash\bullet x\tab y\cell z\row}", "“q”—•x\ty\tz\n"),
        (rb"{\rtf1{\info{\title Secret}}{\colortbl;\red0;}{\*\generator X;}{\stylesheet{\s0 N;}}seen}", "seen"),
        (rb"{\rtf1 a{\v hidden}b\v hidden \v0 c\plain d{\deleted gone}}", "abcd"),
        (rb'{\rtf1{\field{\*\fldinst HYPERLINK "http://x.example"}{\fldrslt here}}}', "here"),
        (b"{\\rtf1 a{\\pict\\bin4 }}\\{b}c}", "ac"),
        (b"{\\rtf1 one\r\ntwo\\\nthree", "onetwo\nthree"),
        (b"{\\rtf1 stray}} backslash \\", "stray backslash "),
        (b"{\\rtf1\\pc\\pca\\plain\\f9 \\*\\'e4 x}", "õ x"),
        (b"plain", ""),
        (b"", ""),
    ],
)
def test_words_are_read_and_looks_are_not(source: bytes, text: str) -> None:
    assert rtf.read(source) == rtf.Document(text)


def test_html_that_was_put_into_it_comes_out_again() -> None:
    source = (
        rb"{\rtf1\ansi\ansicpg1252\fromhtml1 {\fonttbl{\f0 Arial;}}{\*\htmltag18 <html>}\htmlrtf {\htmlrtf0 "
        rb"{\*\htmltag64 <p>}Hello{\*\htmltag84 <b>}\htmlrtf {\b\htmlrtf0 world {\*\htmltag84 &amp;}\'e4"
        rb"{\*\htmltag92 </b>}\htmlrtf }\htmlrtf0 {\*\htmltag72 </p>}\htmlrtf\par}\htmlrtf0{\*\mhtmltag84 <a>}"
        rb"{\*\htmltag27 </html>}}"
    )
    assert rtf.read(source) == rtf.Document(html="<html><p>Hello<b>world &amp;ä</b></p></html>")


@given(st.lists(st.sampled_from((*rb"{}\ab*'", *(b"\\u8364?",), b"\\'e4", b"\\bin9999 ", b"\\fromhtml1", b"\\f1"))))
def test_any_tokens_are_read(pieces: list) -> None:
    source = b"{\\rtf1" + b"".join(each if isinstance(each, bytes) else bytes((each,)) for each in pieces)
    found = rtf.read(source)
    assert "\0" not in found.text
    lzfu.decompress(struct.pack("<IIII", 1, 500, lzfu.COMPRESSED, 0) + source)
