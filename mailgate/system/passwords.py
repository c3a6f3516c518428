"""Password hashes of agents: scrypt (RFC 7914), in the form that `mailgate hash-password` prints."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import re

LOG_N, R, P = 15, 8, 1  # 32 MB and about 0.1 s each; OWASP's recommendation with less memory
_MAX_MEMORY = 128 * 1024 * 1024  # bytes; what a hash in the config may ask for
_SALT, _KEY = 16, 32  # bytes
_FORM = re.compile(r"\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]{16,86})\$([A-Za-z0-9+/]{22,86})")


def hash_password(password: str) -> str:
    """A line for the configuration, with a new salt."""
    salt = os.urandom(_SALT)
    key = _scrypt(password, salt, LOG_N, R, P, _KEY)
    return f"$scrypt$ln={LOG_N},r={R},p={P}${_b64(salt)}${_b64(key)}"


def verify_password(password: str, hashed: str) -> bool:
    """Whether `hashed` was made of this password. Takes about 0.1 s, also for a wrong one, and for no hash at all."""
    if not hashed:
        _scrypt(password, b"no such user", LOG_N, R, P, _KEY)
        return False
    log_n, r, p, salt, key = _parts(hashed)
    return hmac.compare_digest(_scrypt(password, salt, log_n, r, p, len(key)), key)


def check_hash(hashed: str) -> str:
    """Return a hash that can be verified. Raises ValueError for anything else."""
    log_n, r, p, _, _ = _parts(hashed)
    if not 1 <= log_n <= 24 or not r or not 1 <= p <= 16 or 128 * r * (1 << log_n) > _MAX_MEMORY:
        raise ValueError("requires too much memory or time: create it with `mailgate hash-password`")
    return hashed


def _parts(hashed: str) -> tuple[int, int, int, bytes, bytes]:
    found = _FORM.fullmatch(hashed)
    if found is None:
        raise ValueError("must be a hash, not the password itself: create it with `mailgate hash-password`")
    log_n, r, p, salt, key = found.groups()
    try:
        return int(log_n), int(r), int(p), _from_b64(salt), _from_b64(key)
    except binascii.Error:
        raise ValueError("is not a complete hash: create it with `mailgate hash-password`") from None


def _scrypt(password: str, salt: bytes, log_n: int, r: int, p: int, size: int) -> bytes:
    n = 1 << log_n
    return hashlib.scrypt(password.encode(), salt=salt, n=n, r=r, p=p, maxmem=129 * r * n + 4096 * p, dklen=size)


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode().rstrip("=")


def _from_b64(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
