"""RSA signatures and certificates: the only file that names cryptography, and it is imported late.

Keys and certificates are PEM. What is no key, or one that is too short, raises ValueError
with words that may be shown: they never hold any of it.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

SHORTEST = 2048  # bits; RFC 8301 3.2 for DKIM, and what providers ask of assertions


@dataclass(frozen=True, slots=True)
class Certificate:
    """What of an X.509 certificate matters here."""

    sha1: bytes  # digests of its DER form
    sha256: bytes
    ends_at: datetime  # aware UTC


def signer(pem: str) -> Callable[[bytes], bytes]:
    """A function that signs with RSASSA-PKCS1-v1_5 and SHA-256 (RS256, rsa-sha256). Raises ValueError."""
    key = _private_key(pem)
    from cryptography.hazmat.primitives import hashes  # late, as below: only desks that sign pay for it
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15

    return lambda data: key.sign(data, PKCS1v15(), hashes.SHA256())


def public_key(pem: str) -> str:
    """The public half of a private key, as base64 of its DER form: the `p=` of a DKIM record. Raises ValueError."""
    from cryptography.hazmat.primitives import serialization as form  # late: see above

    der = _private_key(pem).public_key().public_bytes(form.Encoding.DER, form.PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(der).decode()


def certificate(pem: str) -> Certificate:
    """Read the first certificate in a PEM text. Raises ValueError."""
    from cryptography import x509  # late: see above
    from cryptography.hazmat.primitives import hashes

    try:
        found = x509.load_pem_x509_certificate(pem.encode())
    except ValueError:
        raise ValueError("holds no certificate (PEM, -----BEGIN CERTIFICATE-----)") from None
    sha1 = found.fingerprint(hashes.SHA1())  # noqa: S303 - a thumbprint (RFC 7515 4.1.7), it protects nothing
    return Certificate(sha1, found.fingerprint(hashes.SHA256()), found.not_valid_after_utc)


def matches(key_pem: str, certificate_pem: str) -> bool:
    """Whether a private key is the one of a certificate. Raises ValueError."""
    from cryptography import x509  # late: see above

    return x509.load_pem_x509_certificate(certificate_pem.encode()).public_key() == _private_key(key_pem).public_key()


def _private_key(pem: str) -> RSAPrivateKey:
    from cryptography.exceptions import UnsupportedAlgorithm  # late: see above
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        locked = isinstance(error, TypeError)  # what the library raises for a key behind a passphrase
        said = "its private key has a passphrase, which nobody could type" if locked else "holds no private key (PEM)"
        raise ValueError(said) from None
    if not isinstance(key, RSAPrivateKey):
        raise ValueError(f"its private key is not RSA: an RSA key of {SHORTEST} bits or more is needed")  # noqa: TRY004 - wrong content, not a wrong argument
    if key.key_size < SHORTEST:
        raise ValueError(f"its RSA key has {key.key_size} bits: {SHORTEST} or more are needed")
    return key
