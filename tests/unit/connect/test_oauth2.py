"""OAuth 2.0: what is asked, and what answers mean."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from mailgate.connect import oauth2
from mailgate.connect.oauth2 import TokenRefused, TokenUnavailable, read_answer, read_grant
from mailgate.connect.rsa import Certificate
from mailgate.settings import OAuth2, Secret

NOW = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)
CLIENT = OAuth2(
    token_url="https://login.bank.example/token",
    client_id="desk",
    client_secret=Secret("hunter2"),
    scope="mail",
    authorize_url="https://login.bank.example/authorize",
)
BARE = OAuth2(token_url="https://login.bank.example/token", client_id="desk", authorize_url="https://x.example/?a=b")


def body(**found: object) -> bytes:
    return json.dumps(found).encode()


# what is asked


def test_client_credentials_by_secret_and_by_certificate() -> None:
    common = {"grant_type": "client_credentials", "client_id": "desk", "scope": "mail"}
    assert oauth2.client_form(CLIENT) == {**common, "client_secret": "hunter2"}
    asserted = oauth2.client_form(CLIENT, "a.b.c")
    assert asserted == {
        **common,
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": "a.b.c",
    }


def test_a_client_without_scope_and_secret_says_neither() -> None:
    assert oauth2.client_form(BARE) == {"grant_type": "client_credentials", "client_id": "desk"}


def test_the_other_grants() -> None:
    assert oauth2.service_account_form("a.b.c") == {
        "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer",
        "assertion": "a.b.c",
    }
    assert oauth2.refresh_form(CLIENT, Secret("r"))["refresh_token"] == "r"
    code = oauth2.code_form(CLIENT, "c", "v", "http://127.0.0.1:1/")
    assert (code["code"], code["code_verifier"], code["redirect_uri"]) == ("c", "v", "http://127.0.0.1:1/")
    assert oauth2.device_form(CLIENT) == {"client_id": "desk", "scope": "mail"}
    assert oauth2.device_token_form(CLIENT, "d")["device_code"] == "d"


def test_the_sign_in_page_has_the_challenge_of_rfc_7636() -> None:
    """The example of RFC 7636 appendix B."""
    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    url = oauth2.authorize_url(CLIENT, "http://127.0.0.1:1/", "state", verifier, "support@bank.example")
    asked = {key: value[0] for key, value in parse_qs(urlsplit(url).query).items()}
    assert asked["code_challenge"] == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    assert asked["code_challenge_method"] == "S256"
    assert (asked["state"], asked["redirect_uri"], asked["login_hint"]) == (
        "state",
        "http://127.0.0.1:1/",
        "support@bank.example",
    )
    assert verifier not in url


def test_parameters_that_the_page_has_already_stay() -> None:
    assert oauth2.authorize_url(BARE, "r", "s", "v", "u").startswith("https://x.example/?a=b&response_type=code&")


# assertions


def test_a_client_asserts_itself_for_ten_minutes() -> None:
    claims = oauth2.client_claims(CLIENT, NOW, "unique")
    at = int(NOW.timestamp())
    assert claims == {
        "aud": CLIENT.token_url,
        "iss": "desk",
        "sub": "desk",
        "jti": "unique",
        "iat": at,
        "nbf": at,
        "exp": at + 600,
    }


def test_a_service_account_acts_for_a_mailbox() -> None:
    account = OAuth2(
        flow="service-account",
        token_url="https://t.example",
        client_id="robot@x",
        scope="mail",
        subject="support@bank.example",
    )
    claims = oauth2.service_account_claims(account, NOW)
    assert (claims["iss"], claims["sub"], claims["scope"]) == ("robot@x", "support@bank.example", "mail")
    assert claims["aud"] == "https://t.example"


def test_a_token_of_three_parts_is_signed_over_the_first_two() -> None:
    seen = []
    token = oauth2.jwt({"kid": "1"}, {"iss": "desk"}, lambda data: seen.append(data) or b"\xff\xfe")
    head, claims, signature = token.split(".")
    assert json.loads(base64.urlsafe_b64decode(head + "==")) == {"alg": "RS256", "typ": "JWT", "kid": "1"}
    assert json.loads(base64.urlsafe_b64decode(claims + "==")) == {"iss": "desk"}
    assert signature == "__4"
    assert seen == [f"{head}.{claims}".encode()]


def test_a_certificate_is_named_by_both_thumbprints() -> None:
    header = oauth2.certificate_header(Certificate(b"\x01" * 20, b"\x02" * 32, NOW))
    assert header == {"x5t": "AQEBAQEBAQEBAQEBAQEBAQEBAQE", "x5t#S256": "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI"}


# what is answered


def test_a_grant_is_read() -> None:
    grant = read_grant(200, body(access_token="t", expires_in=1800, refresh_token="r", refresh_token_expires_in=60), ())
    assert (grant.access_token.value, grant.life, grant.refresh_token.value) == ("t", timedelta(minutes=30), "r")
    assert grant.refresh_life == timedelta(minutes=1)
    assert "access_token" not in repr(grant)


@pytest.mark.parametrize("expires_in", [None, "soon", -5, 0, True, 10**12, "9" * 400, [3600], {}])
def test_a_lifetime_that_is_none_counts_as_an_hour(expires_in: object) -> None:
    assert read_grant(200, body(access_token="t", expires_in=expires_in), ()).life == timedelta(hours=1)


def test_a_lifetime_in_quotes_is_a_number_all_the_same() -> None:
    assert read_grant(200, body(access_token="t", expires_in="120"), ()).life == timedelta(seconds=120)


def test_a_grant_without_a_refresh_token_has_none() -> None:
    grant = read_grant(200, body(access_token="t", refresh_token=5), ())
    assert (grant.refresh_token, grant.refresh_life) == (Secret(), None)


@pytest.mark.parametrize("token", [None, "", 5, "two\nlines"])
def test_an_answer_without_a_token_is_trouble(token: object) -> None:
    with pytest.raises(TokenUnavailable):
        read_grant(200, body(access_token=token), ())


@pytest.mark.parametrize("raw", [b"", b"<html>", b"[]", b'"x"', b"[" * 100_000, b"\xff\xfe"])
def test_what_is_no_object_is_trouble_and_is_not_shown(raw: bytes) -> None:
    with pytest.raises(TokenUnavailable, match="answers 200, and not in JSON"):
        read_answer(200, raw, ())


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, "temporarily_unavailable"),
        (400, "slow_down"),
        (503, "invalid_client"),
        (429, "invalid_request"),
        (400, ""),
        (500, ""),
    ],
)
def test_some_refusals_pass_by_themselves(status: int, error: str) -> None:
    with pytest.raises(TokenUnavailable) as caught:
        read_answer(status, body(error=error), ())
    assert (caught.value.error, caught.value.temporary) == (error, True)


@pytest.mark.parametrize(
    "error", ["invalid_client", "invalid_grant", "invalid_scope", "unauthorized_client", "new_word"]
)
def test_other_refusals_last(error: str) -> None:
    with pytest.raises(TokenRefused) as caught:
        read_answer(400, body(error=error, error_description="AADSTS7000215: no\r\nTrace ID: 1"), ())
    assert (caught.value.error, caught.value.temporary) == (error, False)
    assert caught.value.cause == "AADSTS7000215: no Trace ID: 1"


def test_words_about_nothing_name_the_status() -> None:
    with pytest.raises(TokenRefused) as caught:
        read_answer(401, body(error="invalid_client"), ())
    assert caught.value.cause == "HTTP status 401"


def test_a_server_that_repeats_a_secret_is_not_repeated() -> None:
    with pytest.raises(TokenRefused) as caught:
        read_answer(
            400, body(error="bad hunter2", error_description="no hunter2\x1b[31m"), (Secret("hunter2"), Secret())
        )
    assert "hunter2" not in str(caught.value) + caught.value.cause
    assert caught.value.cause == "no ***** [31m"


# the way back from the sign-in page


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("http://localhost:1/?state=s&code=c", "c"),
        (" http://localhost:1?code=c%2Fd&state=s&session_state=x \n", "c/d"),
        ("http://localhost:1/?state=other&code=c", None),
        ("http://localhost:1/?code=c", None),
        ("http://localhost:1/?state=s", None),
        ("http://localhost:1/?state=s&code=", None),
        ("http://localhost:1/?state=s&code=a&code=b", None),
        ("http://[::1/?state=s&code=c", None),
        ("", None),
    ],
)
def test_the_code_is_taken_from_an_answer_to_this_sign_in_alone(address: str, code: str | None) -> None:
    assert oauth2.read_redirect(address, "s") == code


def test_a_no_is_told_in_the_servers_words() -> None:
    with pytest.raises(TokenRefused, match="access_denied") as caught:
        oauth2.read_redirect("http://localhost:1/?state=s&error=access_denied&error_description=not+me", "s")
    assert caught.value.cause == "not me"
