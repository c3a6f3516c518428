"""Outlook's winmail.dat is unpacked: its files are attachments, its text is shown where the mail has none."""

import struct
from base64 import encodebytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.reading.encodings import tnef
from mailgate.reading.parse import parse
from tests.unit.reading.encodings.test_rtf import stored


def attribute(kind: int, value: bytes, level: int = 2) -> bytes:
    return struct.pack("<BHHI", level, kind, 6, len(value)) + value + struct.pack("<H", sum(value) & 0xFFFF)


def pack(*attributes: bytes) -> bytes:
    return struct.pack("<IH", tnef.SIGNATURE, 1) + b"".join(attributes)


def padded(value: bytes) -> bytes:
    return struct.pack("<I", len(value)) + value + b"\0" * (-len(value) % 4)


def prop(kind: int, name: int, value: bytes, named: bytes = b"") -> bytes:
    return struct.pack("<HH", kind, name) + named + struct.pack("<I", 1) + padded(value)


def properties(*each: bytes) -> bytes:
    return struct.pack("<I", len(each)) + b"".join(each)


def wide(text: str) -> bytes:
    return (text + "\0").encode("utf-16-le")


GUID = b"\x01" * 16
FILE = (
    attribute(tnef.ATTACHMENT_BEGINS, b"\0" * 14),
    attribute(tnef.TITLE, b"BILL~1.PDF\0"),
    attribute(tnef.DATA, b"%PDF-1.4"),
    attribute(0x8011, b"metafile"),
    attribute(
        tnef.ATTACHMENT_PROPERTIES,
        properties(
            struct.pack("<HHI", 0x03, 0x0E20, 8),
            struct.pack("<HHIQQ", 0x14 | tnef.MULTIPLE, 0x3000, 2, 1, 2),
            prop(tnef.BINARY, 0x8001, b"x", GUID + struct.pack("<II", 0, 5)),
            prop(tnef.BINARY, 0x8002, b"y", GUID + struct.pack("<I", 1) + padded(wide("name"))),
            struct.pack("<HHI", tnef.STRING | tnef.MULTIPLE, 0x3001, 2) + padded(b"a\0") + padded(b"b\0"),
            prop(tnef.UNICODE, tnef.LONG_NAME, wide("Bill für May.pdf")),
            prop(tnef.STRING, tnef.MIME_TYPE, b"Application/PDF\0"),
            prop(tnef.UNICODE, tnef.CONTENT_ID, wide("<image1>")),
        ),
    ),
)


def mail(packed: bytes, text: str = "") -> bytes:
    head = "From: ann@x.example\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\n"
    head += f"{text}\n--b\nContent-Type: application/ms-tnef; name=winmail.dat\nContent-Transfer-Encoding: base64\n\n"
    return head.encode() + encodebytes(packed) + b"--b--\n"


def test_files_replace_the_container() -> None:
    found = parse(mail(pack(*FILE), "See the bill."))
    assert [(a.name, a.type, a.content, a.cid) for a in found.attachments] == [
        ("Bill für May.pdf", "application/pdf", b"%PDF-1.4", "image1")
    ]
    assert found.text == "See the bill."


def test_a_file_without_a_name_or_type_has_both() -> None:
    begins, data = FILE[0], FILE[2]
    found = parse(mail(pack(begins, data, begins, attribute(tnef.TITLE, b"A.PNG\0"), data), "x"))
    assert [(a.name, a.type) for a in found.attachments] == [
        ("attachment.bin", "application/octet-stream"),
        ("A.PNG", "image/png"),
    ]


@pytest.mark.parametrize(
    ("attributes", "text", "page"),
    [
        ([attribute(tnef.CODEPAGE, struct.pack("<II", 1251, 0)), attribute(tnef.BODY, "Привет\r\n".encode("cp1251"))],
         "Привет\n", ""),
        ([attribute(tnef.BODY, b"short\0"),
          attribute(tnef.MESSAGE_PROPERTIES, properties(prop(tnef.UNICODE, tnef.TEXT, wide("whole"))))], "whole", ""),
        ([attribute(tnef.MESSAGE_PROPERTIES, properties(prop(tnef.BINARY, tnef.HTML, b"<p>Hello</p>")))],
         "Hello", "<p>Hello</p>"),
        ([attribute(tnef.MESSAGE_PROPERTIES, properties(prop(tnef.BINARY, tnef.RTF, stored(b"{\\rtf1 A\\par B}"))))],
         "A\nB", ""),
        ([attribute(tnef.MESSAGE_PROPERTIES,
                    properties(prop(tnef.BINARY, tnef.RTF, stored(rb"{\rtf1\fromhtml1 {\*\htmltag84 <b>}x}"))))],
         "x", "<b>x"),
    ],
)  # fmt: skip
def test_its_text_is_shown_where_the_mail_has_none(attributes: list[bytes], text: str, page: str) -> None:
    found = parse(mail(pack(*attributes)))
    assert (found.text, found.html) == (text, page)
    assert found.attachments == (), "what was read of the container is all that it holds for people"
    assert parse(mail(pack(*attributes), "Own text")).text == "Own text"


def test_a_container_is_known_by_its_name_too() -> None:
    packed = pack(attribute(tnef.BODY, b"Hello"))
    raw = mail(packed).replace(b"application/ms-tnef; name=winmail.dat", b"application/octet-stream; name=WINMAIL.DAT")
    assert parse(raw).text == "Hello"


def test_a_rich_text_that_is_damaged_is_said_to_be() -> None:
    damaged = pack(attribute(tnef.MESSAGE_PROPERTIES, properties(prop(tnef.BINARY, tnef.RTF, b"rubbish"))))
    found = parse(mail(damaged))
    assert found.unreadable == "written in a rich text format that is damaged"
    assert found.text.startswith("(This mail is written in a rich text format that is damaged and cannot be read here")
    assert [a.name for a in found.attachments] == ["winmail.dat"]
    assert parse(mail(damaged, "Own text")).unreadable == ""


@pytest.mark.parametrize("data", [b"", b"\x89PNG....", pack(), pack(FILE[1]), pack(FILE[0])])
def test_what_holds_nothing_stays_as_it_is(data: bytes) -> None:
    assert tnef.read(data) == tnef.Inside()
    assert [a.content for a in parse(mail(data)).attachments] == [data]


def test_properties_end_where_a_type_is_unknown() -> None:
    end = struct.pack("<HH", 0x00FE, 0x1234)
    found = properties(prop(tnef.STRING, tnef.TEXT, b"seen"), end, prop(tnef.STRING, tnef.HTML, b"not seen"))
    assert tnef.read(pack(attribute(tnef.MESSAGE_PROPERTIES, found))) == tnef.Inside("seen")


def test_properties_that_are_cut_off_hold_as_far_as_they_go() -> None:
    found = properties(prop(tnef.STRING, tnef.TEXT, b"seen"), prop(tnef.STRING, tnef.HTML, b"not seen"))[:26]
    assert tnef.read(pack(attribute(tnef.MESSAGE_PROPERTIES, found))) == tnef.Inside("seen")


def test_attributes_are_bounded() -> None:
    many = attribute(1, b"") * tnef.MAX_ATTRIBUTES
    assert tnef.read(pack(many, *FILE)) == tnef.Inside()


@given(st.integers(0, 600), st.lists(st.tuples(st.integers(0, 600), st.integers(0, 255)), max_size=5))
def test_broken_ones_are_read_as_far_as_they_go(end: int, edits: list[tuple[int, int]]) -> None:
    raw = bytearray(pack(*FILE, attribute(tnef.MESSAGE_PROPERTIES, properties(prop(0x1E, tnef.TEXT, b"x")))))
    for at, byte in edits:
        raw[at % len(raw)] = byte
    for file in tnef.read(bytes(raw[:end])).files:
        assert file.content
