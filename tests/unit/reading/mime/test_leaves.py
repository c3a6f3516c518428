"""Which parts are words, which are files, and which are but another form of the same words."""

import base64

import pytest

from mailgate.reading.encodings import transfer
from mailgate.reading.mime import leaves
from mailgate.reading.parse import parse


def alternative(*parts: tuple[str, str]) -> bytes:
    return multipart("alternative", *parts)


def multipart(kind: str, *parts: tuple[str, str]) -> bytes:
    body = "".join(f"--b\nContent-Type: {kind}\n\n{text}\n" for kind, text in parts)
    return f"Content-Type: multipart/{kind}; boundary=b\n\n{body}--b--\n".encode()


PLAIN, PAGE = ("text/plain", "Words."), ("text/html", "<p>Page.</p>")


@pytest.mark.parametrize(
    ("raw", "text", "html", "files"),
    [
        (alternative(PLAIN, ("text/x-amp-html", "<html amp4email>Amp.</html>"), PAGE), "Words.", "<p>Page.</p>", []),
        (alternative(("text/markdown", "*Words*"), PAGE), "*Words*", "<p>Page.</p>", []),
        (alternative(PLAIN, ("text/markdown", "*Words*"), PAGE), "Words.", "<p>Page.</p>", []),
        (alternative(PLAIN, ("text/rtf", "{\\rtf1 x}"), PAGE), "Words.", "<p>Page.</p>", []),
        (alternative(PLAIN, ("text/watch-html", "<b>Words</b>")), "Words.", "", []),
        (alternative(PLAIN, ("text/x-unheard-of", "?"), PAGE), "Words.", "<p>Page.</p>", []),
        (alternative(PLAIN, ("text/markdown; name=a.md", "*a*"), PAGE), "Words.", "<p>Page.</p>", ["a.md"]),
        (alternative(PLAIN, ("text/vcard", "BEGIN:VCARD"), PAGE), "Words.", "<p>Page.</p>", ["attachment.vcf"]),
        (alternative(("text/x-amp-html", "<p>Amp.</p>")), "Amp.", "<p>Amp.</p>", []),
        (alternative(("text/plain", " "), ("text/markdown", "*Words*")), " \n\n*Words*\n", "", []),
        (b"Content-Type: text/x-unheard-of\n\nWords.", "Words.", "", []),
        (b"Content-Type: text/x-log; name=a.log\n\nWords.", "", "", ["a.log"]),
        (b"Content-Type: text/rtf\n\n{\\rtf1 Words.\\par More.}", "Words.\nMore.", "", []),
        (b"Content-Type: application/rtf\n\n{\\rtf1\\fromhtml1 <b>Words</b>}", "Words", "<b>Words</b>", []),
        (multipart("mixed", PLAIN, ("text/markdown", "More.")), "Words.\n\nMore.\n", "", []),
        (multipart("mixed", PLAIN, ("text/x-patch", "+1")), "Words.", "", ["attachment.bin"]),
        (multipart("mixed", PLAIN, ("application/rtf", "{\\rtf1 x}")), "Words.", "", ["attachment.rtf"]),
    ],
)
def test_forms_of_a_text(raw: bytes, text: str, html: str, files: list[str]) -> None:
    mail = parse(raw)
    assert (mail.text, mail.html, [a.name for a in mail.attachments]) == (text, html, files)


def test_a_large_attachment_is_decoded_when_it_is_wanted_and_each_time_anew():
    content = bytes(range(256)) * 5000
    raw = b"Content-Type: multipart/mixed; boundary=b\n\n--b\n\nhi\n--b\nContent-Type: application/zip; name=a.zip\n"
    raw += b"Content-Transfer-Encoding: base64\n\n" + base64.encodebytes(content) + b"\n--b--\n"
    (file,) = parse(raw).attachments
    assert isinstance(file.data, transfer.Encoded)
    assert file.content == b"".join(file.pieces()) == content
    assert file.head(1000) == content[:1000]
    assert max(map(len, file.pieces())) < leaves.LARGE
