"""Authentication-Results fields (RFC 8601), as far as DMARC goes.

Only fields above the first Received are read: those below came with the message from
outside. Whether their authserv-id is trusted is `mailgate.rules.threading.trust`'s question.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from mailgate.mail import AuthResult, normalise

MAX_FIELDS = 20
MAX_VALUE = 16_384  # characters
TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|\\.|[()]|"|[^"()\\]+', re.DOTALL)
DMARC = re.compile(r"(?:^|;)\s*dmarc\s*(?:/\s*1\s*)?=\s*([a-z]+)", re.IGNORECASE)
POLICY = re.compile(
    r"\b(?:p|dis|policy\.dmarc|policy\.published-domain-policy)\s*=\s*(none|quarantine|reject)", re.IGNORECASE
)
# RFC 8601 2.7: the result of each method, and the identity that it checked.
FROM = re.compile(r"\sheader\.from\s*=\s*(?:[^\s;@]*@)?([^\s;]+)", re.IGNORECASE)
DKIM = re.compile(r"(?:^|;)\s*dkim\s*(?:/\s*1\s*)?=\s*([a-z]+)([^;]*)", re.IGNORECASE)
SIGNER = re.compile(r"\sheader\.[di]\s*=\s*(?:[^\s;@]*@)?([^\s;]+)", re.IGNORECASE)


def read(fields: Sequence[tuple[str, str]]) -> tuple[AuthResult, ...]:
    """Results above the first Received, topmost first; `fields` in the order of the message."""
    found: list[AuthResult] = []
    for position, (name, value) in enumerate(fields):
        if name == "received" or len(found) >= MAX_FIELDS:
            break
        if name == "authentication-results":
            found.append(_result(value[:MAX_VALUE], position))
    return tuple(found)


def _result(value: str, position: int) -> AuthResult:
    plain = _plain(value)
    head, _, _ = plain.partition(";")
    words = head.split()
    # RFC 8601 2.2: the authserv-id comes first, perhaps with a version; some servers leave it out.
    authserv_id = _lower(words[0]) if words and "=" not in words[0] else ""
    results = DMARC.findall(plain)
    if len(results) != 1:
        return AuthResult(authserv_id, "unclear" if results else "none", position)
    result = results[0].lower()
    if result == "pass":
        return AuthResult(authserv_id, "pass", position, _judged(plain), _signers(plain))
    if result == "fail":
        policy = POLICY.search(value, value.lower().find("dmarc"))
        # The owner of the domain asks for nothing under p=none: then a failure says little (RFC 7489 6.3).
        return AuthResult(authserv_id, "none" if policy and policy[1].lower() == "none" else "fail", position)
    return AuthResult(authserv_id, "none", position)


def _lower(authserv_id: str) -> str:
    """U+212A, which becomes "k", is none to the server that removes forged fields with its own name."""
    return authserv_id.lower() if authserv_id.isascii() else authserv_id


def _judged(plain: str) -> str:
    """The domain that the DMARC result is about, as an A-label in lower case."""
    of_dmarc = next((part for part in plain.split(";") if DMARC.match(part)), "")
    found = FROM.search(of_dmarc)
    return normalise(f"x@{found[1]}").removeprefix("x@") if found else ""


def _signers(plain: str) -> tuple[str, ...] | None:
    """The domains whose DKIM signature held; None where the field does not name them."""
    told = DKIM.findall(plain)
    held = [SIGNER.search(of_whom) for result, of_whom in told if result.lower() == "pass"]
    named = [found[1].lower() for found in held if found]
    return tuple(named) if told and len(named) == len(held) else None


def _plain(value: str) -> str:
    """The value without comments and quoted strings (RFC 5322 3.2.2, 3.2.4).

    Both may carry words of the sender's, and neither may say "dmarc=pass". What is
    opened and never closed runs to the end.
    """
    out: list[str] = []
    depth = 0
    for token in TOKEN.findall(value):
        if token == "(":
            depth += 1
        elif token == ")":
            depth = max(depth - 1, 0)
        elif not depth and not token.startswith(('"', "\\")):
            out.append(token)
        elif not depth and token == '"':
            break
    return "".join(out)
