"""DKIM signatures, verified by another implementation."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import dkim
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.connect.rsa import public_key, signer
from mailgate.outbound.dkim import LINE, OVERSIGNED, key_for, relaxed_body, relaxed_field, signature
from mailgate.settings import DkimKey, Secret

PEM = (Path(__file__).parents[2] / "data/client.pem").read_text()
SIGN = signer(PEM)
RECORD = f"v=DKIM1; k=rsa; p={public_key(PEM)}".encode()
CASES = Path(__file__).parents[2] / "cases/outbound"


def verified(data: bytes) -> bool:
    def look_up(name: bytes, timeout: int = 5) -> bytes:
        assert name == b"s1._domainkey.bank.example."
        return RECORD

    return bool(dkim.verify(data, dnsfunc=look_up))


def sign(data: bytes) -> bytes:
    """A mail of whole lines with its signature, made from it in pieces of a line."""
    data = data if data.endswith(b"\r\n") else data + b"\r\n"
    head, empty, body = data.partition(b"\r\n\r\n")
    return signature([head + empty, *body.splitlines(keepends=True)], "bank.example", "s1", SIGN) + data


MAIL = (
    b"From: Support <support@bank.example>\r\nTo: karen@client.example\r\nSubject: Re:  payment\r\n\tfailed \r\n"
    b"Message-ID: <1@bank.example>\r\n\r\nThe  text \t\r\n\r\n--\r\n\r\n\r\n"
)


@pytest.mark.parametrize("case", sorted(CASES.glob("*.eml")), ids=lambda path: path.stem)
def test_every_mail_of_ours_is_signed_validly(case: Path) -> None:
    data = re.sub(rb"\r?\n", b"\r\n", case.read_bytes())
    assert verified(sign(data))
    assert sign(data).endswith(data), "nothing but a header field is added"


@pytest.mark.parametrize(
    "data",
    [
        MAIL,
        MAIL.replace(b"\r\n\r\nThe", b"\r\n\r\n\r\n\r\nThe"),
        b"From: a@bank.example\r\n\r\n",
        b"From: a@bank.example\r\n",
        b"From: a@bank.example\r\n\r\n\r\n\r\n",
        b"From: a@bank.example\r\n\r\nno end of line",
        b"From: a@bank.example\r\nReceived: one\r\nReceived: two\r\n\r\n \t\r\n",
        b"FROM:a@bank.example\r\nSUBJECT:\r\n\r\ntext\r\n",
        b"From: a@bank.example\r\nAuto-Submitted: auto-replied\r\nCc: a@x.example\r\nCc: b@x.example\r\n\r\ntext\r\n",
        "From: a@bank.example\r\nSubject: Müller\r\n\r\nGrüße\r\n".encode(),
    ],
)
def test_signatures_are_valid(data: bytes) -> None:
    assert verified(sign(data))


TEXTS = st.text(st.sampled_from("ab \t\r\n.:é"), max_size=60).map(
    lambda text: re.sub(r"\r?\n|\r", "\r\n", text).encode()
)


@given(TEXTS, st.text(st.sampled_from("ab \t:;é"), max_size=30))
def test_signatures_are_valid_whatever_the_text(body: bytes, subject: str) -> None:
    data = f"From: a@bank.example\r\nSubject:{subject}\r\n\r\n".encode() + body + b"\r\n"
    assert verified(sign(data))


@pytest.mark.parametrize(
    "changed",
    [
        MAIL.replace(b"The", b"A"),
        MAIL.replace(b"payment", b"refund"),
        MAIL.replace(b"Message-ID", b"Reply-To: thief@evil.example\r\nMessage-ID"),
        b"From: other@evil.example\r\n" + MAIL,
        b"Subject: other\r\n" + MAIL,
        b"Content-Type: text/html\r\n" + MAIL,
        MAIL + b"more\r\n",
    ],
)
def test_a_change_breaks_the_signature(changed: bytes) -> None:
    field = sign(MAIL).removesuffix(MAIL)
    assert verified(field + MAIL)
    assert not verified(field + changed)


def test_changes_of_blanks_on_the_way_do_not_matter() -> None:
    field = sign(MAIL).removesuffix(MAIL)
    rewrapped = MAIL.replace(b"Re:  payment\r\n\tfailed \r\n", b"Re: payment failed\r\n")
    assert verified(field + rewrapped.replace(b"The  text \t", b"The text"))


def test_lines_of_the_signature_are_short_and_every_field_is_oversigned() -> None:
    field = sign(MAIL).removesuffix(MAIL).decode()
    lines = field.split("\r\n")
    assert max(map(len, lines)) <= 78, "RFC 5322 2.1.1"
    listed = [line for line in lines if re.fullmatch(r"\t(?:h=)?[a-z:-]+;?", line)]
    wider = [f"{one.strip()}{other.strip().partition(':')[0]}" for one, other in pairwise(listed)]
    assert len(wider) == 2
    assert all(len(line) >= LINE for line in wider), "and no more of them than it takes"
    names = re.search(r"h=(.*?);", field.replace("\r\n\t", ""))[1].split(":")
    assert {name: names.count(name) for name in ("from", "cc", "subject")} == {"from": 2, "cc": 1, "subject": 2}
    assert set(names) == set(OVERSIGNED)


def test_the_relaxed_forms_of_the_standard() -> None:
    """The example of RFC 6376 3.4.5."""
    assert relaxed_field("a", b" X") + relaxed_field("b", b" Y\t\r\n\tZ  ") == b"a:X\r\nb:Y Z\r\n"
    assert relaxed(b" C \r\nD \t E\r\n\r\n\r\n") == b" C\r\nD E\r\n"
    assert relaxed(b"") == b""
    assert relaxed(b"\r\n\r\n") == b""


@given(st.lists(st.text(st.sampled_from("ab \t\n"), max_size=8), max_size=6))
def test_a_body_in_pieces_is_the_same_body(pieces: list[str]) -> None:
    lines = [piece.replace("\n", "\r\n").encode() for piece in pieces]
    assert relaxed(*lines) == relaxed(b"".join(lines))


def relaxed(*pieces: bytes) -> bytes:
    return b"".join(relaxed_body(pieces))


def key(domain: str) -> DkimKey:
    return DkimKey(domain=domain, selector="s1", key=Secret("pem"))


def test_the_key_of_the_nearest_domain_signs() -> None:
    keys = [key("bank.example"), key("help.bank.example"), key("other.example")]
    assert key_for("a@bank.example", keys) == keys[0]
    assert key_for("a@eu.help.bank.example", keys) == keys[1]
    assert key_for("a@my-bank.example", keys) is None
    assert key_for("", keys) is None
