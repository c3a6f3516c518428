"""Images that travel in the words of a mail."""

from __future__ import annotations

import email
from email.policy import default

from mailgate.ticket import StoredAttachment
from mailgate.writing.mail.inline import content_id, shown_in, with_images
from mailgate.writing.mail.mime import base64_lines, body, text_part

LOGO = StoredAttachment("logo.png", "image/png", 3, "ab" * 32, "logo@client")
SVG = StoredAttachment("x.svg", "image/svg+xml", 3, "cd" * 32, "svg@client")
PLAIN = StoredAttachment("a.pdf", "application/pdf", 3, "ef" * 32)


def test_an_image_that_travels_is_shown_under_an_id_of_ours() -> None:
    found = with_images('<p><img src="cid:logo@client" alt="our &quot;logo&quot;" width="90" height="x"></p>', [LOGO])
    assert found == (
        f'<p><img src="cid:{content_id(LOGO)}" alt="our &quot;logo&quot;" width="90" style="max-width:100%"></p>'
    )
    assert shown_in(found, LOGO)


def test_an_image_that_does_not_travel_is_told_in_words() -> None:
    page = '<img src="cid:gone" alt="a <b>"><img src="cid:svg@client"><img alt="bare">'
    assert with_images(page, [LOGO, SVG, PLAIN]) == "a &lt;b&gt;bare"


def test_an_id_with_escapes_is_found() -> None:
    spaced = StoredAttachment("l.png", "image/png", 3, "12" * 32, "a b&c")
    assert shown_in(with_images('<img src="cid:a%20b&amp;c">', [spaced]), spaced)


def test_shown_images_are_related_to_the_page_and_other_files_stand_beside() -> None:
    page = with_images('<p>Hi <img src="cid:logo@client"></p>', [LOGO])
    contents = {LOGO: b"png", PLAIN: b"pdf", SVG: b"svg"}
    pieces = body((text_part("plain", "Hi"), text_part("html", page)), page, [*contents], "<seed@x>")
    raw = b"".join(each if isinstance(each, bytes) else base64_lines(contents[each]) for each in pieces)
    mail = email.message_from_bytes(b"MIME-Version: 1.0\r\n" + raw, policy=default)
    assert [part.get_content_type() for part in mail.walk()] == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "multipart/related",
        "text/html",
        "image/png",
        "application/pdf",
        "image/svg+xml",
    ]
    image = next(part for part in mail.walk() if part.get_content_type() == "image/png")
    assert image["Content-ID"] == f"<{content_id(LOGO)}>"
    assert image.get_content_disposition() == "inline"
    assert image.get_filename() == "logo.png"


def test_a_hostile_content_id_reaches_no_header() -> None:
    hostile = StoredAttachment("l.png", "image/png", 3, "12" * 32, "x>\r\nBcc: evil@x")
    page = with_images('<img src="cid:x&gt;%0D%0ABcc: evil@x">', [hostile])
    pieces = body((text_part("plain", "Hi"), text_part("html", page)), page, [hostile], "<seed@x>")
    assert b"Bcc" not in b"".join(each for each in pieces if isinstance(each, bytes))
