"""Signed and encrypted mail: what of it can be read, and a line about what cannot.

Nothing is decrypted or verified: the parts are kept whole and named, so that whoever has
the keys opens them in a mail program of theirs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from mailgate.reading.mime.parts import Part

PKCS7 = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime"})
_SIGNED = re.compile(
    r"\A\s*-----BEGIN PGP SIGNED MESSAGE-----\n(?:[A-Za-z]{1,30}: [^\n]*\n)*\n(.*?)\n"
    r"(-----BEGIN PGP SIGNATURE-----\n.*?-----END PGP SIGNATURE-----)",
    re.DOTALL,
)
_DASHED = re.compile(r"(?m)^- ")  # RFC 9580 7.2: lines that begin with a dash are escaped so
_ENCRYPTED = re.compile(r"\A\s*-----BEGIN PGP MESSAGE-----\n")


def clear(text: str) -> tuple[str, str]:
    """A clear-signed text without its armour (RFC 9580 7), and the signature; "" where it is none."""
    found = _SIGNED.match(text)
    if found is None:
        return text, ""
    rest = text[found.end() :].strip()
    own = _DASHED.sub("", found[1])
    return f"{own}\n\n{rest}\n" if rest else f"{own}\n", f"{found[2]}\n"


def unreadable(text: str, parts: Iterable[Part]) -> str:
    """A line that says why nothing can be read of the mail; "" where something can."""
    if text.strip() and not _ENCRYPTED.match(text):
        return ""
    for part in parts:
        if part.type in PKCS7:
            signed = part.params.get("smime-type", "").lower() in {"signed-data", "compressed-data"}
            how = "packed into its signature" if signed else "encrypted"
            return f"(This mail is {how} (S/MIME) and cannot be read here: open the attached file in a mail program.)"
        if part.type == "application/pgp-encrypted":
            return "(This mail is encrypted with PGP and cannot be read here: open the attached file with your key.)"
    if _ENCRYPTED.match(text):
        return "(This mail is encrypted with PGP and cannot be read here: it stands below as it came.)"
    return ""
