"""Any bytes are a mail, and no line of a sender's is lost: properties of reading."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.mail import MARKER, Envelope, Mail
from mailgate.reading.body import read_body
from mailgate.reading.encodings import flowed, transfer
from mailgate.reading.mime import addresses, authres, headers, parts
from mailgate.reading.page import page as html
from mailgate.reading.parse import parse
from mailgate.reading.quotes import split
from mailgate.reading.quotes.lines import Kind, Line
from mailgate.reading.quotes.split import Purpose
from mailgate.rules.screening.classify import classify
from tests import cost

SAMPLES = [path.read_bytes() for path in sorted((Path(__file__).parents[2] / "cases/inbound").glob("*.eml"))]
MARKUP = ["<div>", "</div>", "<blockquote>", "</blockquote>", "<p>", "<br>", "text", "<b>", "</b>", "<td>", "&amp;"]
MARKUP += ["<!--", "-->", "'", '"', "<a href=x>", "<script>"]
PIECES = st.sampled_from(
    [
        "Hello there.",
        "",
        "> quoted",
        ">> deeper",
        "On Mon, 2 Nov 2026 10:00 Ann <ann@x.example> wrote:",
        "Am 02.11.2026 um 10:00 schrieb Ann:",
        "-----Original Message-----",
        "---------- Forwarded message ----------",
        "From: Ann <ann@x.example>",
        "Sent: Monday",
        "To: Bob",
        "Subject: x",
        "-- ",
        "--",
        "Sent from my iPhone",
        "________________________________",
        MARKER,
        "> " + MARKER,
        "#close",
        "--- a rule of one's own ---",
    ]
)


def sound(mail: Mail) -> None:
    """A mail that the rest of the house can store: no NUL, no lone surrogates, verdict given."""
    assert not [d for d in mail.defects if d.startswith("unreadable")], mail.defects
    body = read_body(mail)
    everything = [mail.subject, mail.text, mail.html, body.visible, body.cut, body.html, *body.lines, mail.message_id]
    everything += [a.name for a in mail.attachments] + [a.email + a.name for a in (*mail.from_, *mail.to, *mail.cc)]
    everything += [value for _, value in mail.headers]
    for text in everything:
        assert "\0" not in text
        text.encode("utf-8")
    assert "\n" not in mail.subject
    classify(mail, Envelope("a@b.example", ()), lambda _: False, frozenset({"support@bank.example"}))


@given(st.binary(max_size=2000))
def test_any_bytes_are_a_mail(raw: bytes) -> None:
    mail = parse(raw)
    assert mail.size == len(raw)
    sound(mail)


@given(
    st.sampled_from(SAMPLES),
    st.lists(st.tuples(st.integers(0, 4000), st.binary(max_size=6), st.integers(0, 30)), max_size=8),
)
def test_mutated_mails_are_mails(raw: bytes, edits: list[tuple[int, bytes, int]]) -> None:
    for at, new, cut in edits:
        raw = raw[:at] + new + raw[at + cut :]
    sound(parse(raw))


@given(st.text(max_size=400))
def test_any_header_text_is_read(value: str) -> None:
    addresses.read(value)
    headers.identifiers(value)
    headers.parameters(value)
    authres.read([("authentication-results", value)])
    assert isinstance(headers.words(value), str)


@given(st.text(alphabet="<>@,;:()\"'\\ab.=?_ \n", max_size=80))
def test_any_punctuation_is_an_address_field(value: str) -> None:
    for address in addresses.read(value):
        outside = re.sub(r'^"(?:[^"\\]|\\.)*"', "", address.email)  # a local part in quotes may hold blanks
        assert " " not in outside or "@" not in outside


@given(st.lists(PIECES, max_size=14), st.sampled_from(list(Purpose)))
def test_no_line_is_lost(pieces: list[str], purpose: Purpose) -> None:
    """Every line that says something stands in one part of the body, as often as it was written."""
    found = split.split(split.text_lines("\n".join(pieces)), purpose)
    got = sorted(
        line.strip("> ") for part in (found.visible, found.cut, found.forward) for line in part if line.strip("> ")
    )
    assert got == sorted(piece.strip("> ") for piece in pieces if piece.strip("> "))


@given(
    st.lists(
        st.text(alphabet=st.characters(categories=["L", "N", "Zs"]), min_size=1, max_size=60), min_size=1, max_size=8
    )
)
def test_plain_words_are_never_cut(words: list[str]) -> None:
    """Letters, digits and blanks alone look like no history and no signature."""
    text = "\n".join(words)
    assert read_body(Mail(text=text)).visible.split() == text.split()


@given(st.lists(PIECES, max_size=10))
def test_own_lines_hold_no_quote(pieces: list[str]) -> None:
    """What is read for commands never stood behind a quote mark."""
    found = split.split(split.text_lines("\n".join(pieces)))
    assert not [line for line in found.own if line.startswith(">")]
    assert set(found.own) <= {piece.rstrip() for piece in pieces}


@given(
    st.lists(
        st.sampled_from(
            [
                "<div>",
                "</div>",
                "<blockquote>",
                "</blockquote>",
                "<p>",
                "<br>",
                "text",
                "<b>",
                "</b>",
                "<td>",
                "&amp;",
                "<!--",
                "-->",
                "'",
                '"',
                "<a",
                "href=x>",
            ]
        ),
        max_size=40,
    )
)
def test_any_markup_has_lines(pieces: list[str]) -> None:
    page = html.Page("".join(pieces))
    assert all("\n" not in line.text for line in page.lines())
    assert "<script" not in page.own()


@given(st.text(max_size=300))
def test_flowed_text_keeps_its_words(text: str) -> None:
    """Joining lines loses no word."""
    assert flowed.join(text).replace(">", "").split() == text.replace(">", "").split()


@given(st.binary(max_size=200), st.sampled_from(["base64", "quoted-printable", "x-uuencode", "7bit", "rubbish", ""]))
def test_any_encoding_decodes(body: bytes, encoding: str) -> None:
    assert isinstance(transfer.decode(body, encoding), bytes)


@given(st.binary(max_size=200))
def test_base64_goes_round(data: bytes) -> None:
    import base64

    encoded = base64.encodebytes(data)
    assert transfer.base64(encoded) == data
    assert transfer.base64(encoded.rstrip(b"=\n")) == data


@given(st.binary(max_size=300), st.integers(1, 40), st.sampled_from([b"\n", b"\r\n", b""]))
def test_what_is_decoded_piece_by_piece_is_what_is_decoded_at_once(data: bytes, piece: int, line_end: bytes) -> None:
    import base64
    import quopri

    wire = base64.encodebytes(data).replace(b"\n", line_end)
    printable = quopri.encodestring(data, quotetabs=True).replace(b"\n", line_end or b"\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(transfer, "PIECE", piece + 2)
        assert transfer.decode(wire, "base64") == data
        assert transfer.decode(data, "8bit") == data
        in_pieces = transfer.decode(printable, "quoted-printable")
    assert in_pieces == transfer.decode(printable, "quoted-printable")


def test_a_list_s_footer_below_large_base64_is_no_data_wherever_the_pieces_are_cut() -> None:
    import base64

    data = bytes(range(251)) * 9
    wire = base64.encodebytes(data[:-1]) + b"_____\nmy list http://list.example/\nUnsubscribe here\n"
    for piece in range(20, 2000, 37):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(transfer, "PIECE", piece)
            assert transfer.decode(wire, "base64") == data[:-1], piece


def test_trees_are_bounded() -> None:
    raw = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (i, i) for i in range(2000))
    tree = parts.read(raw)
    depth, part = 0, tree.root
    while part.parts:
        part, depth = part.parts[0], depth + 1
    assert depth <= parts.MAX_DEPTH
    assert "nested too deep" in tree.defects


H = b"From: a@b.example\r\nSubject: x\r\n"
PAGE = H + b"Content-Type: text/html\r\n\r\n"
HOSTILE = {
    "nested divs": PAGE + b"<div>" * 50_000 + b"x",
    "nested quotes": PAGE + b"<blockquote>" * 50_000,
    "attributes": PAGE + b"<div " + b" ".join(b"a%d=1" % i for i in range(40_000)) + b">x",
    "quoted attributes": PAGE + b"<div " + b" ".join(b'a%d=">"' % i for i in range(30_000)) + b">x",
    "open angles": PAGE + b"<" * 300_000,
    "tails": PAGE + b"<div id=appendonsend></div>" * 10_000,
    "empty lines": H + b"\r\n" + b"\n" * 500_000,
    "On On On": H + b"\r\n" + b"On " * 300_000,
    "quote marks": H + b"\r\n" + b"> " * 300_000,
    "dashes": H + b"\r\n" + b"--\n" * 100_000,
    "copied headers": H + b"\r\n" + b"From: a\n" * 50_000,
    "header fields": b"X: y\r\n" * 80_000,
    "folds": b"Subject: a\r\n" + b" b\r\n" * 80_000,
    "parameters": H + b"Content-Type: text/plain" + b"; a=b" * 40_000 + b"\r\n\r\nx",
    "recipients": H + b"To: " + b"a@b.example, " * 40_000 + b"\r\n\r\n",
    "parts": H + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\nx\r\n" * 30_000,
    "encoded words": b"Subject: " + b"=?utf-8?q?" * 50_000 + b"\r\n\r\n",
    "open brackets": b"From: " + b"<" * 200_000 + b"\r\n\r\n",
    "backslashes": b'From: "' + b"\\" * 200_000 + b"\r\n\r\n",
    "a long word": b"From: " + b"a" * 200_000 + b"\r\n\r\n",
    "blanks in a name": b"From: a" + b" " * 200_000 + b"b\r\n\r\n",
    "blanks in parameters": b"Content-Type: text/plain; a" + b" " * 200_000 + b"b\r\n\r\n",
    "blanks in results": b"Authentication-Results: a;" + b" " * 200_000 + b"b\r\n\r\n",
    "blanks in a line": H + b"\r\na" + b" " * 300_000 + b"b",
    "comments": b"From: " + b"(" * 200_000 + b"\r\n\r\n",
    "quotes": b"From: " + b'"' * 200_001 + b"\r\n\r\n",
    "references": b"References: " + b"<a@b> " * 100_000 + b"\r\n\r\n",
    "results": b"Authentication-Results: " + b"(" * 100_000 + b"\r\n\r\n",
    "bounce": b"From: mailer-daemon@x.example\r\nSubject: failure notice\r\n\r\n" + b"a.a-a@" * 50_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_mail_costs_little(name: str) -> None:
    """Each of these has stopped a mail system; what was quadratic took a minute and more."""
    assert cost.in_mails(lambda: sound(parse(HOSTILE[name]))) < cost.MOST


def test_levels_and_kinds() -> None:
    assert split.text_lines(">> a") == [Line("a", 2, Kind.QUOTE)]
    assert split.text_lines("a > b") == [Line("a > b")]
