"""Signatures and certificates, held against the library's own verification."""

from __future__ import annotations

import base64
import hashlib
import ssl
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15

from mailgate.connect.rsa import certificate, matches, public_key, signer

PEM = (Path(__file__).parents[2] / "data/client.pem").read_text()


def pem_of(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey, password: bytes = b"") -> str:
    lock = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, lock).decode()


def test_a_signature_is_verified_by_the_public_key() -> None:
    public = serialization.load_der_public_key(base64.b64decode(public_key(PEM)))
    assert isinstance(public, rsa.RSAPublicKey)
    public.verify(signer(PEM)(b"words"), b"words", PKCS1v15(), hashes.SHA256())


def test_a_certificate_is_known_by_its_digests_and_its_end() -> None:
    found = certificate(PEM)
    der = ssl.PEM_cert_to_DER_cert(PEM[: PEM.index("-----END CERTIFICATE-----") + 26])
    assert (found.sha1, found.sha256) == (hashlib.sha1(der).digest(), hashlib.sha256(der).digest())
    assert found.ends_at.year > 2100
    assert matches(PEM, PEM)


def test_a_key_of_another_certificate_is_told() -> None:
    other = pem_of(rsa.generate_private_key(public_exponent=65537, key_size=2048))
    assert not matches(other, PEM)


@pytest.mark.parametrize(
    ("pem", "words"),
    [
        ("", "holds no private key"),
        ("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "holds no private key"),
        (pem_of(ec.generate_private_key(ec.SECP256R1())), "is not RSA: an RSA key of 2048"),
        (pem_of(rsa.generate_private_key(public_exponent=65537, key_size=1024)), "1024 bits: 2048 or more"),
        (pem_of(rsa.generate_private_key(public_exponent=65537, key_size=2048), b"word"), "passphrase"),
    ],
    ids=["nothing", "broken", "elliptic", "short", "locked"],
)
def test_what_cannot_sign_says_why_and_shows_nothing_of_it(pem: str, words: str) -> None:
    with pytest.raises(ValueError, match=words) as caught:
        signer(pem)
    assert "AAAA" not in str(caught.value)


def test_what_is_no_certificate_says_so() -> None:
    with pytest.raises(ValueError, match="holds no certificate"):
        certificate("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
