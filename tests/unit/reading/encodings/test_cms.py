"""What is signed or compressed with S/MIME is read without a key; damage ends the reading, never the reader."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.reading.encodings import cms
from mailgate.reading.encodings.cms import Kind, Opened
from tests import smime

TEXT = b"Content-Type: text/plain\r\n\r\nPlease block card 4711.\r\n" * 5


@pytest.mark.parametrize("make", [smime.signed, smime.streamed, smime.compressed])
def test_content_that_needs_no_key_is_read(make) -> None:
    kind = Kind.COMPRESSED if make is smime.compressed else Kind.SIGNED
    assert cms.read(make(TEXT)) == Opened(kind, TEXT)


@pytest.mark.parametrize(
    ("data", "opened"),
    [
        (smime.enveloped(), Opened(Kind.ENCRYPTED)),
        (smime.element(0x30, smime.oid("data"), smime.element(0xA0, smime.element(0x04))), Opened(Kind.OTHER)),
        (b"", Opened(Kind.OTHER)),
        (b"MIIB", Opened(Kind.OTHER)),
        (b"\x30\x80\x1f\x80", Opened(Kind.OTHER)),
        # certificates alone: nothing is signed
        (
            smime.element(0x30, smime.oid("signed"), smime.element(0xA0, smime.element(0x30, smime.VERSION))),
            Opened(Kind.SIGNED),
        ),
        (smime.compressed(TEXT).replace(b"\x78\x9c", b"\0\0", 1), Opened(Kind.COMPRESSED)),
    ],
)
def test_what_cannot_be_read_says_what_it_is(data: bytes, opened: Opened) -> None:
    assert cms.read(data) == opened


def test_what_is_cut_off_is_read_as_far_as_it_goes() -> None:
    whole = smime.signed(TEXT)
    assert TEXT.startswith(cms.read(whole[:150]).content)
    assert len(cms.read(whole[:150]).content) > 50


def test_pieces_within_pieces_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """A string of strings of strings, and one of very many, cost no more than they may."""
    deep = smime.element(0x04, b"x")
    for _ in range(100):
        deep = smime.element(0x24, deep)
    inner = smime.element(0x30, smime.oid("data"), smime.element(0xA0, deep))
    data = smime.element(0x30, smime.VERSION, smime.element(0x31), inner)
    assert cms.read(smime.element(0x30, smime.oid("signed"), smime.element(0xA0, data))) == Opened(Kind.SIGNED)
    monkeypatch.setattr(cms, "MAX_ELEMENTS", 20)
    assert cms.read(smime.streamed(TEXT)) == Opened(Kind.OTHER)


def test_a_bomb_is_unpacked_in_part() -> None:
    assert len(cms.read(smime.compressed(b"\0" * (cms.MAX_UNPACKED + 1000))).content) == cms.MAX_UNPACKED


@given(
    st.sampled_from((smime.signed, smime.streamed, smime.compressed)),
    st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), max_size=6),
    st.integers(0, 600),
)
def test_broken_objects_raise_nothing(make, edits: list[tuple[int, int]], end: int) -> None:
    data = bytearray(make(TEXT))
    for at, byte in edits:
        data[at % len(data)] = byte
    cms.read(bytes(data[:end]))
