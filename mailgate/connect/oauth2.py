"""OAuth 2.0: what is asked of a token server, and what its answers mean (RFC 6749, 7523, 7636, 8628).

Pure: no socket, no clock, no chance. Decides by OAuth's own `error` word alone; what the server
adds to it is shown and never read. Texts for people hold no secret, even where a server repeats one.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import parse_qs, urlencode, urlsplit

from mailgate.connect.rsa import Certificate
from mailgate.errors import MailgateError
from mailgate.settings import OAuth2, Secret

ASSERTION_LIFE = timedelta(minutes=10)  # Microsoft: 5-10 minutes; Google: an hour at most
USUAL_LIFE = timedelta(hours=1)  # of an access token without `expires_in` (optional in RFC 6749 5.1)
_LONGEST_LIFE = 366 * 86400  # seconds; a larger number is nonsense and would leave timedelta's range
_SHOWN = 300  # characters of a server's own words
_TRY_AGAIN = frozenset({"temporarily_unavailable", "server_error", "slow_down", "authorization_pending"})
_JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


class TokenRefused(MailgateError):
    """The token server says no, and will until somebody changes something. `error` is OAuth's word."""

    temporary = False

    def __init__(self, public: str, *, error: str = "", cause: str = "") -> None:
        super().__init__(public, cause=cause)
        self.error = error


class TokenUnavailable(MailgateError):
    """No token now: the server is down, slow, or asks to wait."""

    def __init__(self, public: str, *, error: str = "", cause: str = "") -> None:
        super().__init__(public, cause=cause)
        self.error = error


@dataclass(frozen=True, slots=True)
class Grant:
    """What a token server gave."""

    access_token: Secret = field(repr=False)
    life: timedelta
    refresh_token: Secret = field(repr=False, default=Secret())
    refresh_life: timedelta | None = None  # where the server says how long the refresh token lasts


# ── what is asked ───────────────────────────────────────────────────────────────────────


def client_form(config: OAuth2, assertion: str = "") -> dict[str, str]:
    """Client credentials (RFC 6749 4.4); with a certificate, `assertion` stands for the secret (RFC 7523 2.2)."""
    form = {"grant_type": "client_credentials", "client_id": config.client_id} | _scope(config)
    if assertion:
        return form | {"client_assertion_type": _ASSERTION_TYPE, "client_assertion": assertion}
    return form | _client_secret(config)


def service_account_form(assertion: str) -> dict[str, str]:
    """A service account's own assertion (RFC 7523 2.1)."""
    return {"grant_type": _JWT_BEARER, "assertion": assertion}


def refresh_form(config: OAuth2, refresh_token: Secret) -> dict[str, str]:
    """Renewal of a delegated sign-in (RFC 6749 6)."""
    form = {"grant_type": "refresh_token", "client_id": config.client_id, "refresh_token": refresh_token.value}
    return form | _scope(config) | _client_secret(config)


def code_form(config: OAuth2, code: str, verifier: str, redirect: str) -> dict[str, str]:
    """The first token of a delegated sign-in, for an authorization code (RFC 6749 4.1.3, RFC 7636 4.5)."""
    form = {"grant_type": "authorization_code", "client_id": config.client_id, "code": code}
    return form | {"code_verifier": verifier, "redirect_uri": redirect} | _client_secret(config)


def device_form(config: OAuth2) -> dict[str, str]:
    """Ask for a device code (RFC 8628 3.1)."""
    return {"client_id": config.client_id} | _scope(config)


def device_token_form(config: OAuth2, device_code: str) -> dict[str, str]:
    """Ask whether a device code was confirmed (RFC 8628 3.4)."""
    form = {"grant_type": "urn:ietf:params:oauth:grant-type:device_code", "client_id": config.client_id}
    return form | {"device_code": device_code} | _client_secret(config)


def authorize_url(config: OAuth2, redirect: str, state: str, verifier: str, user: str) -> str:
    """The page where a person signs in (RFC 6749 4.1.1, RFC 7636 4.3)."""
    challenge = b64url(hashlib.sha256(verifier.encode()).digest())
    asked = {"response_type": "code", "client_id": config.client_id, "redirect_uri": redirect, "state": state}
    asked |= {"code_challenge": challenge, "code_challenge_method": "S256", "login_hint": user} | _scope(config)
    mark = "&" if "?" in config.authorize_url else "?"
    return f"{config.authorize_url}{mark}{urlencode(asked)}"


def read_redirect(address: str, state: str) -> str | None:
    """The authorization code in the address that the sign-in page leads back to (RFC 6749 4.1.2).

    None for an address that is none of this sign-in. Raises TokenRefused when the person or the server said no.
    """
    try:
        found = parse_qs(urlsplit(address.strip()).query)
    except ValueError:
        return None
    if found.get("state") != [state]:
        return None
    if error := found.get("error"):
        said = _words(found.get("error_description", [""])[0], ())
        raise TokenRefused(f"the sign-in was refused: {_words(error[0], ())}", error=error[0], cause=said)
    codes = found.get("code", [])
    return codes[0] if len(codes) == 1 and codes[0] else None


def _scope(config: OAuth2) -> dict[str, str]:
    return {"scope": config.scope} if config.scope else {}


def _client_secret(config: OAuth2) -> dict[str, str]:
    return {"client_secret": config.client_secret.value} if config.client_secret else {}


# ── assertions ──────────────────────────────────────────────────────────────────────────


def client_claims(config: OAuth2, now: datetime, unique: str) -> dict[str, object]:
    """What a client with a certificate asserts of itself (RFC 7523 3)."""
    return {"aud": config.token_url, "iss": config.client_id, "sub": config.client_id, "jti": unique} | _times(now)


def service_account_claims(config: OAuth2, now: datetime) -> dict[str, object]:
    """What a Google service account asserts: it acts for the mailbox `subject` (domain-wide delegation).

    https://developers.google.com/identity/protocols/oauth2/service-account
    """
    who = {"iss": config.client_id, "sub": config.subject, "scope": config.scope}
    return {"aud": config.token_url, **who, **_times(now)}


def _times(now: datetime) -> dict[str, object]:
    at = int(now.timestamp())
    return {"iat": at, "nbf": at, "exp": at + int(ASSERTION_LIFE.total_seconds())}


def certificate_header(found: Certificate) -> dict[str, object]:
    """The header by which a server finds the certificate (RFC 7515 4.1.7, 4.1.8).

    https://learn.microsoft.com/entra/identity-platform/certificate-credentials
    """
    return {"x5t": b64url(found.sha1), "x5t#S256": b64url(found.sha256)}


def jwt(header: Mapping[str, object], claims: Mapping[str, object], sign: Callable[[bytes], bytes]) -> str:
    """A JSON Web Token, signed as RS256 (RFC 7515 3.1, RFC 7518 3.3)."""
    parts = ({"alg": "RS256", "typ": "JWT", **header}, claims)
    signed = ".".join(b64url(json.dumps(part, separators=(",", ":")).encode()) for part in parts)
    return f"{signed}.{b64url(sign(signed.encode()))}"


def b64url(data: bytes) -> str:
    """Base64url without padding (RFC 7515 2)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


# ── what is answered ────────────────────────────────────────────────────────────────────


def read_grant(status: int, body: bytes, secrets: Iterable[Secret]) -> Grant:
    """The tokens in an answer. Raises TokenRefused or TokenUnavailable, in words without any of `secrets`."""
    found = read_answer(status, body, secrets)
    token = found.get("access_token")
    if not isinstance(token, str) or not token or not token.isprintable():
        raise TokenUnavailable("the token server's answer holds no access token")
    refresh = found.get("refresh_token")
    return Grant(
        Secret(token),
        _life(found.get("expires_in")) or USUAL_LIFE,
        Secret(refresh) if isinstance(refresh, str) else Secret(),
        _life(found.get("refresh_token_expires_in")),  # not in the standard; Google and Microsoft have it
    )


def read_answer(status: int, body: bytes, secrets: Iterable[Secret]) -> dict[str, object]:
    """The JSON object of an answer with status 200. Raises TokenRefused or TokenUnavailable."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise TokenUnavailable(f"the token server answers {status}, and not in JSON")
    if status == 200:
        return found
    error = found.get("error")
    word = error if isinstance(error, str) else ""
    said = _words(found.get("error_description"), secrets) or f"HTTP status {status}"
    name = _words(word, secrets)
    if word in _TRY_AGAIN or status == 429 or status >= 500 or not word:
        raise TokenUnavailable(f"the token server gives no token now ({name or status})", error=word, cause=said)
    raise TokenRefused(f"the token server refuses: {name}", error=word, cause=said)


def _life(value: object) -> timedelta | None:
    """A number of seconds; some servers write it as a text."""
    if isinstance(value, str) and value.isascii() and value.isdecimal():
        value = int(value[:18])
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= _LONGEST_LIFE:
        return None
    return timedelta(seconds=value)


def _words(text: object, secrets: Iterable[Secret]) -> str:
    """A server's error text on one short line, without the secrets that we sent."""
    if not isinstance(text, str):
        return ""
    for secret in secrets:
        if secret:
            text = text.replace(secret.value, "*****")
    return "".join(sign if sign.isprintable() else " " for sign in " ".join(text.split()))[:_SHOWN]
