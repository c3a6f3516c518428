"""Signed and encrypted mail: opaque signatures are opened, and what cannot be read is named.

Nothing is decrypted or verified. What is encrypted is kept whole, so that whoever has the keys opens
it in a mail program of theirs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from mailgate.reading.encodings import charset, cms, transfer
from mailgate.reading.encodings.charset import Guesses
from mailgate.reading.mime import parts
from mailgate.reading.mime.parts import Part

PKCS7 = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime"})
MAX_OPENED = 4  # S/MIME parts of one mail, within each other or side by side
ENTITY = frozenset({"content-type", "content-transfer-encoding", "mime-version"})  # fields of a MIME entity
SIGNED_WITHOUT_CONTENT = "packed into an S/MIME signature that is damaged"
SMIME, PGP = "encrypted (S/MIME)", "encrypted with PGP"
_SIGNED = re.compile(r"\s*-----BEGIN PGP SIGNED MESSAGE-----\n(?:[A-Za-z]{1,30}: [^\n]*\n)*\n")
_SIGNATURE, _SIGNATURE_END = "\n-----BEGIN PGP SIGNATURE-----\n", "-----END PGP SIGNATURE-----"
_DASHED = re.compile(r"(?m)^- ")  # RFC 9580 7.2: lines that begin with a dash are escaped so
_ENCRYPTED = re.compile(r"\A\s*-----BEGIN PGP MESSAGE-----\n")


def clear(text: str) -> tuple[str, str]:
    """A clear-signed text without its armour (RFC 9580 7), and the signature; "" where it is none."""
    found = _SIGNED.match(text)
    begins = text.find(_SIGNATURE, found.end()) if found else -1
    ends = text.find(_SIGNATURE_END, begins + len(_SIGNATURE)) if begins >= 0 else -1
    if found is None or ends < 0:
        return text, ""
    ends += len(_SIGNATURE_END)
    rest = text[ends:].strip()
    own = _DASHED.sub("", text[found.end() : begins])
    return f"{own}\n\n{rest}\n" if rest else f"{own}\n", f"{text[begins + 1 : ends]}\n"


def opened(root: Part, guesses: Guesses) -> Part:
    """The message with each opaque signature or compression replaced by what it holds (RFC 8551 3.5.2, 3.6)."""
    return _opened(root, iter(range(MAX_OPENED)), guesses)


def _opened(part: Part, budget: Iterator[int], guesses: Guesses) -> Part:
    if part.multipart:
        inner = tuple(_opened(each, budget, guesses) for each in part.parts)
        return part if all(map(_is, inner, part.parts)) else replace(part, parts=inner)
    if not _is_smime(part) or next(budget, None) is None:
        return part
    entity = _entity(cms.read(_content(part)).content, guesses)
    if entity is None:
        return part
    # The message keeps its own header; only the fields that describe its content come from within.
    outer = tuple(each for each in part.fields if not each[0].startswith("content-"))
    inside = tuple(each for each in entity.fields if each[0].startswith("content-"))
    return _opened(replace(entity, fields=(*outer, *inside)), budget, guesses)


def _is(one: Part, other: Part) -> bool:
    return one is other


def _is_smime(part: Part) -> bool:
    """RFC 8551 3.9: by its type, or by a name of which gateways leave it nothing else."""
    return part.type in PKCS7 or (
        part.type == "application/octet-stream" and part.params.get("name", "").lower() == "smime.p7m"
    )


def _content(part: Part) -> bytes:
    return transfer.decode(part.body, part.raw("content-transfer-encoding").decode("latin-1"))


def _entity(content: bytes, guesses: Guesses) -> Part | None:
    """What was signed: a MIME entity, else a bare text; None for any other file, as a signed PDF."""
    root = parts.read(content, guesses).root
    if any(name in ENTITY for name, _ in root.fields):
        return root
    text = charset.decode(content[:1000])
    plain = text.strip() and b"\0" not in content and all(c.isprintable() or c.isspace() for c in text)
    return Part((), body=memoryview(content)) if plain else None


def unreadable(text: str, leaves: Iterable[Part]) -> str:
    """Why nothing can be read of the mail, as in "this mail is encrypted with PGP"; "" where something can."""
    bare = not text.strip()
    for part in leaves:
        # RFC 3156 4: the control part of an encrypted mail; any other is a file beside a text.
        if part.type == "application/pgp-encrypted" and (bare or bytes(part.body[:9]).lower() == b"version: "):
            return PGP
        # Its own name, or none: the mail itself. Under any other name it is a file of somebody's who wrote a text.
        if _is_smime(part) and (bare or part.params.get("name", "smime.p7m").lower() == "smime.p7m"):
            return SIGNED_WITHOUT_CONTENT if cms.read(_content(part)).kind is cms.Kind.SIGNED else SMIME
    return PGP if _ENCRYPTED.match(text) else ""
