"""Header fields of outgoing mail: nothing breaks out of its field, everything reads back."""

from __future__ import annotations

from email import message_from_bytes, policy
from email.header import decode_header, make_header

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.ticket import Address
from mailgate.writing.mail import headers

HOSTILE = [
    "x\r\nBcc: all@victim.example",
    "x\nBcc: all@victim.example",
    "x\rBcc: all@victim.example",
    "x\r\n\r\n<script>",
    "x\u2028Bcc: a\u2029b\x85c\x0bd\x0ce\x00f",
    "x\udcffy",
]


def unfolded(field: bytes) -> str:
    name, _, value = field.decode().partition(":")
    assert name.isascii()
    assert value.endswith("\r\n")
    return value.removesuffix("\r\n").replace("\r\n", "").strip()


def decoded(field: bytes) -> str:
    return str(make_header(decode_header(unfolded(field))))


@pytest.mark.parametrize("value", HOSTILE)
def test_no_value_starts_a_field_or_ends_the_header(value: str):
    for field in (
        headers.unstructured("Subject", value),
        headers.addresses("To", [Address("a@b.example", value)]),
        headers.addresses("To", [Address(f"{value}@b.example", "A")]),
        headers.addresses("To", [Address(f"a@{value}", "A")]),
    ):
        lines = field.split(b"\r\n")
        assert lines.pop() == b""
        assert all(line.startswith(b" ") for line in lines[1:])
        assert b"\n" not in b"".join(lines)
        assert b"\r" not in b"".join(lines)


@given(st.text(max_size=400))
def test_any_subject_reads_back_as_its_own_words(subject: str):
    field = headers.unstructured("Subject", subject)
    assert decoded(field) == headers.plain(subject)
    assert field.isascii()
    assert max(map(len, field.split(b"\r\n"))) <= 998


@given(st.text(max_size=200))
def test_any_display_name_reads_back_and_leaves_the_address_alone(name: str):
    field = headers.addresses("From", [Address("support@bank.example", name)])
    read = message_from_bytes(field + b"\r\n", policy=policy.default)["from"].addresses
    assert [str(found.addr_spec) for found in read] == ["support@bank.example"]
    if name.isascii():
        assert read[0].display_name == headers.plain(name, 100)


@given(st.lists(st.builds(Address, st.emails(), st.text(max_size=40)), min_size=1, max_size=6))
def test_any_list_of_people_keeps_their_number_and_order(people: list[Address]):
    field = headers.addresses("Cc", people)
    read = message_from_bytes(field + b"\r\n", policy=policy.default)["cc"].addresses
    assert [found.domain for found in read] == [person.email.rpartition("@")[2] for person in people]


def test_the_token_in_front_of_a_foreign_subject_stays_readable_for_filters():
    assert headers.unstructured("Subject", "Re: [#1001] Störung im Büro").startswith(b"Subject: Re: [#1001] =?utf-8?b?")


def test_lines_with_encoded_words_have_at_most_76_columns():  # RFC 2047 2
    for subject in ("é" * 300, "[#1] " + "日本語 " * 60, "a" * 60 + " é" * 100):
        field = headers.unstructured("Subject", subject)
        assert max(map(len, field.split(b"\r\n"))) <= 76
        assert decoded(field) == headers.plain(subject)


def test_a_long_subject_is_folded_between_words_and_a_word_that_fits_no_line_is_encoded():
    assert max(map(len, headers.unstructured("Subject", "word " * 60).split(b"\r\n"))) <= 78
    monster = "x" * 2000
    field = headers.unstructured("Subject", monster)
    assert max(map(len, field.split(b"\r\n"))) <= 78
    assert decoded(field) == monster


def test_text_that_looks_encoded_is_encoded_so_that_it_is_shown_as_written():
    assert decoded(headers.unstructured("Subject", "=?utf-8?q?evil?=")) == "=?utf-8?q?evil?="
    assert b'"=?' not in headers.addresses("To", [Address("a@b.example", "=?utf-8?q?evil?=")])


def test_direction_marks_that_turn_names_round_are_taken_out():
    assert headers.plain("invoice\u202efdp.exe") == "invoicefdp.exe"


def test_a_limit_cuts_with_an_ellipsis():
    assert headers.plain("word word", 6) == "word…"
    assert headers.plain("word", 6) == "word"


def test_names_are_quoted_where_they_must_be():
    line = headers.addresses("From", [Address("s@b.example", 'Elliot "El" Alderson (Bank\\Support)')])
    assert line == b'From: "Elliot \\"El\\" Alderson (Bank\\\\Support)" <s@b.example>\r\n'
    assert headers.addresses("To", [Address("s@b.example")]) == b"To: s@b.example\r\n"


@pytest.mark.parametrize(
    ("email", "written"),
    [
        ("karen@client.example", "karen@client.example"),
        ("Karen O'Neil@client.example", '"Karen O\'Neil"@client.example'),
        ('a" <b@c>@client.example', '"a\\" <b@c>"@client.example'),
        ('"john doe"@client.example', '"john doe"@client.example'),
        ("a@b.example>, <c@d.example", '"a@b.example>, <c"@d.example'),
        ("jürgen@client.example", "jürgen@client.example"),
        ("nobody", "nobody@"),
        ("a@client.example,evil.example", "a@client.exampleevil.example"),
    ],
)
def test_an_address_stands_nowhere_but_in_its_own_place(email: str, written: str):
    assert headers.addr_spec(email) == written


def test_ids_stay_whole_and_bad_ones_are_known():
    long = f"<{'x' * 200}@mail.example>"
    field = headers.message_ids("References", [long, "<a@b>", long])
    assert unfolded(field).split(" ") == [long, "<a@b>", long]
    assert [line.count(b"<") for line in field.split(b"\r\n")][:3] == [1, 1, 1]
    assert headers.is_id(long)
    for bad in ("", "a@b", "<a b@c>", "<a@b><c@d>", "<a\r\nb@c>", "<ä@b>", f"<{'x' * 1000}@b>"):
        assert not headers.is_id(bad)


@pytest.mark.parametrize(
    "name", ["invoice.pdf", 'a "b" \\.pdf', "März.pdf", "Rechnung für März.pdf", "日本語" * 30 + ".pdf", "x" * 100]
)
def test_a_parameter_reads_back_whole(name: str):
    field = "Content-Disposition: attachment" + headers.parameter("filename", name) + "\r\n\r\n"
    assert message_from_bytes(field.encode(), policy=policy.default).get_filename() == name
    assert max(map(len, field.split("\r\n"))) <= 78
