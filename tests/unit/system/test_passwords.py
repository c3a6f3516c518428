"""Password hashes of agents."""

from __future__ import annotations

import pytest

from mailgate.system.passwords import check_hash, hash_password, verify_password


def test_a_hash_verifies_its_password_alone() -> None:
    hashed = hash_password("correct horse \N{EURO SIGN}")
    assert verify_password("correct horse \N{EURO SIGN}", hashed)
    assert not verify_password("correct horse", hashed)
    assert check_hash(hashed) == hashed
    assert "horse" not in hashed


def test_the_same_password_never_has_the_same_hash() -> None:
    assert hash_password("x") != hash_password("x")


def test_no_hash_verifies_nothing() -> None:
    assert not verify_password("", "")
    assert not verify_password("x", "")


@pytest.mark.parametrize(
    ("hashed", "words"),
    [
        ("hunter2", "not the password itself"),
        ("", "not the password itself"),
        ("$2b$12$abcdefghijklmnopqrstuv", "not the password itself"),
        ("$scrypt$ln=24,r=99,p=1$AAECAwQFBgcICQoLDA0ODw$AAECAwQFBgcICQoLDA0ODw", "too much memory"),
        ("$scrypt$ln=15,r=8,p=99$AAECAwQFBgcICQoLDA0ODw$AAECAwQFBgcICQoLDA0ODw", "too much memory"),
        ("$scrypt$ln=0,r=8,p=1$AAECAwQFBgcICQoLDA0ODw$AAECAwQFBgcICQoLDA0ODw", "too much memory"),
        ("$scrypt$ln=15,r=0,p=1$AAECAwQFBgcICQoLDA0ODw$AAECAwQFBgcICQoLDA0ODw", "too much memory"),
        ("$scrypt$ln=15,r=8,p=1$AAECAwQFBgcICQoLDA0OD$AAECAwQFBgcICQoLDA0ODw", "not a complete hash"),
    ],
)
def test_what_is_no_hash_says_what_would_be_right(hashed: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        check_hash(hashed)
