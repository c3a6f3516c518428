"""The bytes of a mail on their way out are the same each time, files are read in pieces, and damage never leaves."""

from __future__ import annotations

import hashlib
import tracemalloc
from email import message_from_bytes, policy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.errors import UnreadableFile
from mailgate.notice import FilePart, wire_size
from mailgate.outbound import payload
from mailgate.outbound.payload import Payload
from mailgate.store.attachments import AttachmentStore
from mailgate.ticket import StoredAttachment
from mailgate.writing.mail import mime

HEAD = b"Subject: Files\r\nTo: karen@client.example\r\nMIME-Version: 1.0\r\n"


@pytest.fixture
def store(tmp_path):
    return AttachmentStore(tmp_path)


def kept(store, *contents):
    """A mail with these files."""
    files, data = [], HEAD
    names = [(f"{n}.bin", "application/x-y", *reversed(store.keep([each]))) for n, each in enumerate(contents)]
    stored = [StoredAttachment(*each) for each in names]
    for piece in mime.body((mime.text_part("plain", "Two files."), b""), "", stored, "<seed@x>"):
        if isinstance(piece, bytes):
            data += piece
        else:
            files.append(FilePart(len(data), piece.sha256, piece.size))
    return Payload(data, files, store)


def whole(mail):
    return b"".join(mail.pieces())


def read(data):
    message = message_from_bytes(data, policy=policy.default)
    assert not [defect for part in message.walk() for defect in part.defects]
    return [part.get_content() for part in message.iter_attachments()]


async def streamed(mail):
    return [piece async for piece in mail.stream()]


@pytest.mark.parametrize("size", [0, 1, 56, 57, 58, 57 * 3, 1000])
async def test_files_stand_where_they_belong_whole(store, monkeypatch, size):
    monkeypatch.setattr(payload, "PIECE", 57 * 2)
    contents = [b"first", bytes(range(256)) * 4 + b"x" * size, b"x" * size]
    mail = kept(store, *contents)
    assert read(whole(mail)) == contents
    assert mail.size == len(whole(mail))
    assert b"".join(await streamed(mail)) == whole(mail)
    assert max(map(len, await streamed(mail))) < 600
    await mail.check()


@pytest.mark.parametrize("end", [b"", b"\n", b"\r", b"\r\n"])
def test_a_mail_ends_with_a_whole_line(end):
    """Behind half a line the dot that ends a mail would be text, and the relay would wait for more."""
    assert b"".join(Payload(HEAD + b"\r\nText." + end).pieces()) == HEAD + b"\r\nText.\r\n"


def test_a_mail_without_files_is_its_data():
    assert whole(Payload(b"Subject: x\r\n\r\nText\r\n")) == b"Subject: x\r\n\r\nText\r\n"


@pytest.mark.parametrize("text", [b"a\nb", b"a\rb", b"a\r\nb\n", b"a\n\rb"])
def test_bare_line_ends_become_crlf(text):
    fixed = whole(Payload(text))
    assert fixed.replace(b"\r\n", b"").isalpha()
    assert fixed.count(b"\r\n") >= 1


async def test_what_is_not_ascii_is_in_the_head_or_the_words_alone(store):
    mail = kept(store, b"\xff" * 100)
    assert mail.is_ascii
    assert not mail.needs_utf8
    assert not Payload("Subject: x\r\n\r\nü".encode()).is_ascii


def test_a_field_on_top_leaves_the_rest(store):
    mail = kept(store, b"content")
    assert whole(mail.with_field(b"X-Top: 1\r\n")) == b"X-Top: 1\r\n" + whole(mail)
    assert mail.with_field(b"X-Top: 1\r\n").size == mail.size + 10


async def test_a_header_without_utf8_moves_the_files_along(store):
    sha256, size = store.keep([b"content of the file"])
    head = "To: jürgen@d.example, karen@client.example\r\nSubject: x\r\n".encode()
    first, last = _around(mime.body((b"\r\nHi", b""), "", [StoredAttachment("a", "text/x-y", size, sha256)], "<s@x>"))
    mail = Payload(head + first + last, [FilePart(len(head + first), sha256, size)], store)
    assert mail.needs_utf8
    down = mail.without_utf8()
    assert not down.needs_utf8
    assert read(whole(down)) == ["content of the file"]
    assert "jürgen".encode() not in whole(down)


def _around(pieces):
    """What stands before and behind the one file."""
    at = next(place for place, piece in enumerate(pieces) if not isinstance(piece, bytes))
    return b"".join(pieces[:at]), b"".join(pieces[at + 1 :])


@given(st.lists(st.binary(max_size=300), max_size=4))
def test_a_size_is_known_before_anything_is_read(contents):
    files = [FilePart(4, hashlib.sha256(each).hexdigest(), len(each)) for each in contents]
    assert Payload(b"ab\r\ncd\r\n", files).size == 8 + sum(wire_size(len(each)) for each in contents)


# ── trouble ─────────────────────────────────────────────────────────────────────────────


async def test_a_file_that_is_missing_or_short_is_found_before_the_mail_begins(store):
    mail = kept(store, b"content")
    path = store.path(hashlib.sha256(b"content").hexdigest())
    path.write_bytes(b"cont")
    with pytest.raises(UnreadableFile, match="has 4 bytes of 7"):
        await mail.check()
    path.unlink()
    with pytest.raises(UnreadableFile, match="no such file"):
        await mail.check()
    with pytest.raises(UnreadableFile, match="no such file"):
        whole(mail)


async def test_a_file_that_was_changed_never_ends(store):
    mail = kept(store, b"content")
    store.path(hashlib.sha256(b"content").hexdigest()).write_bytes(b"c0ntent")
    await mail.check()
    sent = []

    async def send():
        async for piece in mail.stream():
            sent.append(piece)

    with pytest.raises(UnreadableFile, match="is damaged"):
        await send()
    assert not b"".join(sent).endswith(b"--\r\n")


async def test_a_large_file_is_never_in_memory(store):
    mail = kept(store, b"x" * 20_000_000)
    tracemalloc.start()
    async for _ in mail.stream():
        pass
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 5_000_000
