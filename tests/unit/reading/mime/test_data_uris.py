"""Pictures within a page are files, and the page is read without them, however large they are."""

import base64
from types import ModuleType

import pytest

from mailgate.reading.body import read_body
from mailgate.reading.mime import contents, data_uris
from mailgate.reading.page import limits
from mailgate.reading.parse import parse, read
from tests.cost import LINEAR, growth

DOT = base64.b64encode(b"\x89PNG dot").decode()
PIXELS = bytes(range(256)) * 4096  # a megabyte


def page(*uris: str) -> str:
    pictures = "<p>between</p>".join(f'<img alt="" src="{uri}">' for uri in uris)
    return f"<p>Before the picture.</p>{pictures}<p>Behind the picture.</p>"


def mail(html: str, text: str = "") -> bytes:
    if not text:
        return f"Content-Type: text/html; charset=utf-8\n\n{html}".encode()
    head = "Content-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: text/plain\n\n"
    return f"{head}{text}\n--b\nContent-Type: text/html\n\n{html}\n--b--\n".encode()


@pytest.mark.parametrize(
    ("uri", "name", "kind"),
    [
        (f"data:image/png;base64,{DOT}", "data-uri-1.png", "image/png"),
        (f"data:image/jpeg;charset=utf-8;base64,{DOT}", "data-uri-1.jpg", "image/jpeg"),
        (f"DATA:application/pdf;BASE64,{DOT}".replace("BASE64", "base64"), "data-uri-1.pdf", "application/pdf"),
        (f"data:image/x-icon;base64,{DOT}", "data-uri-1.x-icon", "image/x-icon"),
    ],
)
def test_a_picture_is_a_file_that_the_page_names(uri: str, name: str, kind: str) -> None:
    found = parse(mail(page(uri)))
    assert [(a.name, a.type, a.content, a.cid) for a in found.attachments] == [
        (name, kind, b"\x89PNG dot", "data-uri-1")
    ]
    assert 'src="cid:data-uri-1"' in found.html
    assert read_body(found).visible == "Before the picture.\n\nBehind the picture."


@pytest.mark.parametrize("size", [1, 5])
def test_what_stands_behind_a_large_picture_is_read(size: int) -> None:
    opened = read(
        mail(
            page(f"data:image/png;base64,{base64.encodebytes(PIXELS * size).decode()}"),
            "Before the picture.\n\nBehind the picture.",
        )
    )
    body = read_body(opened.mail, opened.page)
    assert body.visible == "Before the picture.\n\nBehind the picture."
    (file,) = opened.mail.attachments
    assert file.content == PIXELS * size
    assert "cid:data-uri-1" in body.html


def test_the_same_picture_is_one_file() -> None:
    found = parse(mail(page(*(f"data:image/png;base64,{DOT}",) * 3, "data:image/gif;base64,R0lG")))
    assert [a.name for a in found.attachments] == ["data-uri-1.png", "data-uri-2.gif"]
    assert found.html.count("cid:data-uri-1") == 3


def test_pictures_are_counted() -> None:
    uris = [f"data:image/png;base64,{base64.b64encode(b'%d' % n).decode()}" for n in range(150)]
    assert len(parse(mail(page(*uris))).attachments) == data_uris.MAX_FILES


@pytest.mark.parametrize(
    "html",
    [
        '<img src="data:image/svg+xml;utf8,<svg/>">',
        '<img src="data:image/png;base64,{not base64}">',
        '<img src="data:image/png;base64,AAAA',
        "<p>data:image/png;base64,AAAA</p>",
    ],
)
def test_what_is_no_picture_stays(html: str) -> None:
    assert data_uris.take_out(html.encode()) == (html.encode(), ())


@pytest.mark.parametrize("opening", [b"(data:a/b;base64,", b"\"data:a/b;base64,'data:a/b;base64,"])
@pytest.mark.parametrize("end", [b"", b")"])
def test_pictures_that_never_end_cost_linear_time(opening: bytes, end: bytes) -> None:
    assert growth(lambda size: data_uris.take_out(opening * size + end), 40_000) < LINEAR


def test_a_style_may_hold_one() -> None:
    html = f'<div style="background:url(data:image/png;base64,{DOT})">x</div>'
    found, files = data_uris.take_out(html.encode())
    assert b"url(cid:data-uri-1)" in found
    assert len(files) == 1


@pytest.mark.parametrize(
    ("where", "limit", "picture"),
    [
        (contents, "MAX_PAGE", ""),  # bytes that are read
        (contents, "MAX_PAGE", f'<img src="data:image/png;base64,{DOT}">'),
        (contents, "MAX_PICTURES", f'<img src="data:image/png;base64,{DOT}">'),  # bytes that are searched for pictures
        (limits, "MAX_PAGE", ""),  # characters that are parsed
    ],
)
def test_a_page_too_long_even_without_pictures_is_attached_whole(
    where: ModuleType, limit: str, picture: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    html = picture + "<p>Hello</p>" * 10
    assert "text too long" not in parse(mail(html)).defects
    monkeypatch.setattr(where, limit, 60)
    found = parse(mail(html))
    assert "text too long" in found.defects
    assert [a.content.decode() for a in found.attachments if a.name == "attachment.html"] == [html]


def test_a_long_page_whose_styles_make_it_long_is_read_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_PAGE", 60)
    found = parse(mail(f"<style>{'p {} ' * 20}</style><p>Hello</p>"))
    assert (found.text, found.defects, found.attachments) == ("Hello", (), ())


@pytest.mark.parametrize("size", range(1, 12))
def test_a_mark_is_found_across_pieces(size: int) -> None:
    page = b"<img src='data:image/png;base64,AAAA'>"
    pieces = [page[at : at + size] for at in range(0, len(page), size)]
    assert data_uris.holds_any(pieces)
    assert not data_uris.holds_any([piece for piece in pieces if b"6" not in piece])
