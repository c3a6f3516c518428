"""Content-Transfer-Encodings."""

import pytest

from mailgate.reading.encodings import transfer


@pytest.mark.parametrize(
    ("body", "encoding", "content"),
    [
        (b"=E4 =\r\nb", "Quoted-Printable; x", b"\xe4 b"),
        (b"a= \r\nb", '"quoted-printable"', b"ab"),
        (b"aGk", "base64", b"hi"),
        (b"aG\r\nk=", "BASE64", b"hi"),
        (b"a!G!k", "base64", b"hi"),
        (b"just some words\nof prose\n", "base64", b"just some words\nof prose\n"),
        (b"aGVsbG8g\n\na footer of a list\n", "base64", b"hello "),
        (b"aGkxx", "base64", b"hi1"),
        (b"begin 644 a.txt\n#0V%T\n`\nend\n", "uuencode", b"Cat"),
        (b"begin 644 a.txt\n#0V%T~~~~\n\n\xff\xff\nend", "x-uue", b"Cat"),
        (b"begin 644 never-ends.txt\n#0V%T\n", "uuencode", b"Cat"),
        (b"no begin", "uuencode", b"no begin"),
        (b"x", "8bit", b"x"),
    ],
)
def test_transfer_encodings(body: bytes, encoding: str, content: bytes) -> None:
    assert transfer.decode(body, encoding) == content


def test_a_uuencoded_part_names_itself() -> None:
    assert transfer.uu_name(b"begin 644 a b.txt\n") == "a b.txt"
    assert transfer.uu_name(b"no") == ""
