"""SASL: which mechanism to use, and what the client says in it.

Pure. Base64 is the protocol's business (IMAP RFC 3501 6.2.2, SMTP RFC 4954 4); nothing here
decides whether a connection is safe enough to sign in on.
"""

from __future__ import annotations

import json
from collections.abc import Collection

PLAIN, LOGIN, XOAUTH2, OAUTHBEARER = "PLAIN", "LOGIN", "XOAUTH2", "OAUTHBEARER"
_BY_PASSWORD = (PLAIN, LOGIN)
_BY_TOKEN = (OAUTHBEARER, XOAUTH2)
_LONGEST = 300  # characters of an error that are shown


def mechanism(offered: Collection[str], *, token: bool) -> str:
    """The best mechanism of those that a server offers; "" when none fits.

    OAUTHBEARER (RFC 7628) stands before XOAUTH2, its predecessor; PLAIN (RFC 4616) before LOGIN.
    """
    known = {name.upper() for name in offered}
    return next((name for name in (_BY_TOKEN if token else _BY_PASSWORD) if name in known), "")


def plain(user: str, password: str) -> bytes:
    """The message of PLAIN (RFC 4616 2). Raises ValueError for what it cannot carry."""
    if "\0" in user + password:
        raise ValueError("a NUL in user or password")
    return f"\0{user}\0{password}".encode()


def xoauth2(user: str, token: str) -> bytes:
    """The message of XOAUTH2 (https://developers.google.com/workspace/gmail/imap/xoauth2-protocol)."""
    return f"user={user}\x01auth=Bearer {token}\x01\x01".encode()


def oauthbearer(user: str, token: str, host: str, port: int) -> bytes:
    """The message of OAUTHBEARER (RFC 7628 3.1) under the GS2 header of RFC 5801 4."""
    name = user.replace("=", "=3D").replace(",", "=2C")
    return f"n,a={name},\x01host={host}\x01port={port}\x01auth=Bearer {token}\x01\x01".encode()


def by_token(name: str, user: str, token: str, host: str, port: int) -> bytes:
    """The message of the mechanism `name`, one of those for tokens."""
    return xoauth2(user, token) if name == XOAUTH2 else oauthbearer(user, token, host, port)


def end_of_failure(name: str) -> bytes:
    """What the client says to the error of a token mechanism, so that the server ends it with a refusal.

    RFC 7628 3.2.3 requires one %x01; XOAUTH2 an empty response.
    """
    return b"\x01" if name == OAUTHBEARER else b""


def error_of(challenge: bytes) -> str:
    """What a server says against a token (JSON, RFC 7628 3.2.2), as one line; "" for anything else."""
    try:
        found = json.loads(challenge)
    except ValueError:
        return ""
    if not isinstance(found, dict):
        return ""
    words = [f"{key} {found[key]}" for key in ("status", "error", "scope") if isinstance(found.get(key), str)]
    return " ".join(", ".join(words).split())[:_LONGEST]
