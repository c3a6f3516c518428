"""The DATA block: where it ends, what is stored, what is refused."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.inbound.smtp.data import LONGEST_LINE, DataBlock, Flaw
from tests.cost import LINEAR, growth


def read(wire: bytes, *, limit: int = 1_000_000, chunk: int = 1 << 20) -> tuple[bytes | Flaw | None, bytes]:
    """Feed `wire` in chunks; (content or None when it never ended, what is left of the wire)."""
    block = DataBlock(limit)
    for at in range(0, len(wire), chunk):
        rest = block.feed(wire[at : at + chunk])
        if rest is not None:
            return block.content(), rest + wire[at + chunk :]
    return None, b""


def test_a_mail_ends_at_the_lone_dot_and_what_follows_is_left_for_the_next_command():
    assert read(b"A: b\r\n\r\nhi\r\n.\r\nQUIT\r\n") == (b"A: b\r\n\r\nhi\r\n", b"QUIT\r\n")


def test_an_empty_mail_ends_at_once():
    assert read(b".\r\nNOOP\r\n") == (b"", b"NOOP\r\n")


def test_a_leading_dot_is_transparency():
    assert read(b"..\r\n...a\r\n.b\r\nc.\r\n.\r\n") == (b".\r\n..a\r\nb\r\nc.\r\n", b"")


@pytest.mark.parametrize("fake", [b"\n.\n", b"\r.\r", b"\n.\r\n", b"\r\n.\n", b"\r\n.\r", b"\r.\r\n", b"\n\n.\r\n"])
def test_no_smuggled_end_ends_data(fake):
    """SMTP smuggling (CVE-2023-51764 and kin): only CRLF.CRLF ends a mail."""
    wire = b"A: b\r\n\r\none" + fake + b"MAIL FROM:<x@y>\r\ntwo\r\n.\r\n"
    content, rest = read(wire)
    assert rest == b""
    if b"\r" in fake.replace(b"\r\n", b""):
        assert content is Flaw.BARE_CR
    else:
        assert isinstance(content, bytes)
        assert b"MAIL FROM" in content
        assert content.endswith(b"two\r\n")


def test_a_bare_line_feed_is_stored_as_crlf():
    assert read(b"a\nb\r\n\n.c\r\n.\r\n")[0] == b"a\r\nb\r\n\r\n.c\r\n"


@pytest.mark.parametrize("wire", [b"a\rb\r\n.\r\n", b"\ra\r\n.\r\n", b"a\r\r\n.\r\n"])
def test_a_bare_carriage_return_is_refused(wire):
    assert read(wire)[0] is Flaw.BARE_CR


def test_lines_up_to_64_kib_are_taken_and_longer_ones_refused():
    longest = b"x" * LONGEST_LINE
    assert read(longest + b"\r\nb\r\n.\r\n")[0] == longest + b"\r\nb\r\n"
    assert read(b"a\r\n" + longest + b"\r\n.\r\n")[0] == b"a\r\n" + longest + b"\r\n"
    assert read(b"a\r\n" + longest + b"x\r\n.\r\n")[0] is Flaw.LONG_LINE
    assert read(longest + b"x\r\nb\r\n.\r\n")[0] is Flaw.LONG_LINE


@pytest.mark.parametrize("chunk", [1, 3, 7, 1000])
def test_the_size_limit_holds_to_the_byte(chunk):
    assert read(b"x" * 8 + b"\r\n.\r\n", limit=10, chunk=chunk) == (b"x" * 8 + b"\r\n", b"")
    assert read(b"x" * 9 + b"\r\n.\r\nQUIT", limit=10, chunk=chunk) == (Flaw.TOO_BIG, b"QUIT")
    assert read(b"xxxxxxx\r\n" * 50 + b".\r\nQUIT", limit=10, chunk=chunk) == (Flaw.TOO_BIG, b"QUIT")


def test_a_mail_far_beyond_the_limit_is_not_kept_in_memory():
    block = DataBlock(1000)
    for _ in range(100):
        block.feed(b"x" * 1000)
    assert len(block) < 3000


def test_a_flaw_is_known_before_the_end_and_the_first_one_counts():
    block = DataBlock(1000)
    assert block.flaw is None
    block.feed(b"a\rb\r\n")
    assert block.flaw is Flaw.BARE_CR
    block.drop(Flaw.NO_ROOM)
    assert block.flaw is Flaw.BARE_CR


def reference(wire: bytes) -> tuple[bytes | Flaw | None, bytes]:
    """The same by splitting at CRLF, line by line."""
    lines = wire.split(b"\r\n")
    for index, line in enumerate(lines[:-1]):
        if line == b".":
            content = b"".join(one.removeprefix(b".") + b"\r\n" for one in lines[:index])
            if any(b"\r" in one for one in lines[:index]):
                return Flaw.BARE_CR, b"\r\n".join(lines[index + 1 :])
            return re.sub(rb"(?<!\r)\n", b"\r\n", content), b"\r\n".join(lines[index + 1 :])
    return None, b""


@given(
    st.lists(st.sampled_from([b"\r\n", b".", b"\r", b"\n", b"a", b"\r\n.\r\n", b"\r\n."]), max_size=30),
    st.integers(1, 9),
)
def test_however_it_is_cut_it_reads_like_a_line_by_line_reader(pieces, chunk):
    wire = b"".join(pieces)
    assert read(wire, chunk=chunk) == reference(wire)


def test_reading_is_linear_in_the_size():
    """Eight times the bytes cost about eight times the time, also where every line is a trap."""
    assert growth(lambda lines: read(b"..\r\n" * lines + b".\r\n", limit=1 << 30, chunk=4096), 1_000_000) < LINEAR
