"""SASL: the strings of each mechanism as the documents have them."""

from __future__ import annotations

import base64

import pytest

from mailgate.connect import sasl


@pytest.mark.parametrize(
    ("offered", "token", "name"),
    [
        (["PLAIN", "LOGIN"], False, "PLAIN"),
        (["login"], False, "LOGIN"),
        (["XOAUTH2", "PLAIN"], False, "PLAIN"),
        (["CRAM-MD5", "GSSAPI"], False, ""),
        (["PLAIN", "XOAUTH2", "OAUTHBEARER"], True, "OAUTHBEARER"),
        (["LOGIN", "XOAUTH2"], True, "XOAUTH2"),
        (["PLAIN", "LOGIN"], True, ""),
        ([], True, ""),
    ],
)
def test_the_best_mechanism_that_fits_is_used(offered: list[str], token: bool, name: str) -> None:
    assert sasl.mechanism(offered, token=token) == name


def test_plain_is_that_of_rfc_4616() -> None:
    assert sasl.plain("tim", "tanstaaftanstaaf") == b"\0tim\0tanstaaftanstaaf"
    assert sasl.plain("jürgen", "schlüssel") == "\0jürgen\0schlüssel".encode()


def test_plain_carries_no_nul() -> None:
    with pytest.raises(ValueError, match="NUL"):
        sasl.plain("tim\0ann", "x")


def test_xoauth2_is_that_of_the_providers_pages() -> None:
    """The example of Google's page on the protocol."""
    said = sasl.xoauth2("someuser@example.com", "ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg")
    assert base64.b64encode(said) == (
        b"dXNlcj1zb21ldXNlckBleGFtcGxlLmNvbQFhdXRoPUJlYXJlciB5YTI5LnZGOWRmdDRxbVRjMk52YjNSbGNrQmhkSFJoZG1semRHRXVZMjl0"
        b"Q2cBAQ=="
    )


def test_oauthbearer_is_that_of_rfc_7628() -> None:
    """The example of RFC 7628 4.1."""
    said = sasl.oauthbearer("user@example.com", "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==", "server.example.com", 143)
    assert said == (
        b"n,a=user@example.com,\x01host=server.example.com\x01port=143\x01"
        b"auth=Bearer vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==\x01\x01"
    )


def test_a_user_name_cannot_break_out_of_the_gs2_header() -> None:
    assert sasl.oauthbearer("a,b=c", "t", "h", 1).startswith(b"n,a=a=2Cb=3Dc,\x01")


def test_each_token_mechanism_has_its_own_message_and_end() -> None:
    assert sasl.by_token("XOAUTH2", "u", "t", "h", 1) == sasl.xoauth2("u", "t")
    assert sasl.by_token("OAUTHBEARER", "u", "t", "h", 1) == sasl.oauthbearer("u", "t", "h", 1)
    assert (sasl.end_of_failure("XOAUTH2"), sasl.end_of_failure("OAUTHBEARER")) == (b"", b"\x01")


@pytest.mark.parametrize(
    ("challenge", "words"),
    [
        (
            b'{"status":"401","schemes":"bearer","scope":"https://mail.google.com/"}',
            "status 401, scope https://mail.google.com/",
        ),
        (b'{"status":"invalid_token","x":1}', "status invalid_token"),
        (b'{"status":401}', ""),
        (b'{"error":"two\\nlines"}', "error two lines"),
        (b"[]", ""),
        (b"\xff", ""),
        (b"Username:", ""),
    ],
)
def test_what_a_server_says_against_a_token_is_shown(challenge: bytes, words: str) -> None:
    assert sasl.error_of(challenge) == words


def test_an_endless_error_is_cut() -> None:
    assert len(sasl.error_of(b'{"error":"' + b"x" * 9000 + b'"}')) == 300
