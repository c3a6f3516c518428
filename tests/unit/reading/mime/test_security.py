"""Signed and encrypted parts."""

from base64 import encodebytes

import pytest

from mailgate.reading.mime import security
from mailgate.reading.parse import parse
from tests import smime

SMIME = (
    b"Content-Type: application/pkcs7-mime; smime-type=%s; name=smime.p7m\nContent-Transfer-Encoding: base64\n\nMIIB\n"
)


PGP = (
    b"Content-Type: multipart/encrypted; boundary=b\n\n--b\nContent-Type: application/pgp-encrypted\n\nVersion: 1\n"
    b"--b\nContent-Type: application/octet-stream; name=encrypted.asc\n\n-----BEGIN PGP MESSAGE-----\n--b--\n"
)


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("application/x-pkcs7-mime; smime-type=enveloped-data", "attachment.p7m"),
        ("application/pgp-encrypted", "attachment.asc"),
    ],
)
def test_encrypted_parts_are_kept_whole_and_named(kind: str, name: str) -> None:
    mail = parse(f"From: a@b.example\nContent-Type: {kind}\n\nVersion: 1\n".encode())
    assert [(a.name, a.content) for a in mail.attachments] == [(name, b"Version: 1\n")]


@pytest.mark.parametrize(
    ("raw", "said", "names"),
    [
        (SMIME % b"enveloped-data", "(This mail is encrypted (S/MIME)", ["smime.p7m"]),
        (
            SMIME.replace(b"MIIB", encodebytes(smime.signed(b"\0"))) % b"signed-data",
            "(This mail is packed into an S/MIME signature that is damaged",
            ["smime.p7m"],
        ),
        (PGP, "(This mail is encrypted with PGP", ["attachment.asc", "encrypted.asc"]),
        (b"\n-----BEGIN PGP MESSAGE-----\nabc\n", "(This mail is encrypted with PGP", []),
    ],
)
def test_an_encrypted_mail_says_so_and_is_kept_whole(raw, said, names):
    mail = parse(raw)
    assert mail.text.startswith(said)
    assert [a.name for a in mail.attachments] == names


def test_signatures_within_each_other_are_opened_four_deep() -> None:
    raw = b"Content-Type: text/plain\n\nHello"
    for _ in range(4):
        raw = smime.part(smime.signed(raw))
    assert parse(raw).text == "Hello"
    assert parse(smime.part(smime.signed(raw))).unreadable == security.SIGNED_WITHOUT_CONTENT


def test_a_clear_signed_text_is_read_without_its_armour():
    signed = b"From: a@b.example\n\n-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nHello\n- -- dash\n"
    armoured = signed + b"-----BEGIN PGP SIGNATURE-----\n\nab\n"
    mail = parse(armoured + b"-----END PGP SIGNATURE-----\n")
    assert mail.text == "Hello\n-- dash\n"
    assert [(a.name, a.type) for a in mail.attachments] == [("signature.asc", "application/pgp-signature")]
    assert parse(armoured).text.startswith("-----BEGIN"), "what has no end stays as it is"
