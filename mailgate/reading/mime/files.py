"""The files of a message: every leaf that is no body, and what is packed inside one.

A file's name is its own name on one line; enclosed messages are kept whole as `.eml`.
"""

from __future__ import annotations

import re

from mailgate.mail import Attachment
from mailgate.reading.encodings import tnef, transfer
from mailgate.reading.encodings.charset import Guesses
from mailgate.reading.mime import headers, leaves
from mailgate.reading.mime import parts as mime
from mailgate.reading.mime.parts import Part

EXTENSIONS = {
    "text/plain": "txt",
    "text/html": "html",
    "text/x-amp-html": "html",
    "text/markdown": "md",
    "text/rtf": "rtf",
    "application/rtf": "rtf",
    "text/calendar": "ics",
    "text/vcard": "vcf",
    "text/x-vcard": "vcf",
    "text/csv": "csv",
    "text/rfc822-headers": "txt",
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/gif": "gif",
    "image/webp": "webp",
    "image/svg+xml": "svg",
    "application/pdf": "pdf",
    "application/zip": "zip",
    "application/pgp-signature": "asc",
    "application/pkcs7-signature": "p7s",
    "application/x-pkcs7-signature": "p7s",
    "application/pkcs7-mime": "p7m",
    "application/x-pkcs7-mime": "p7m",
    "application/pgp-encrypted": "asc",
    "application/pgp-keys": "asc",
    "application/ms-tnef": "dat",
    "message/rfc822": "eml",
    "message/global": "eml",
    "message/delivery-status": "txt",
    "message/disposition-notification": "txt",
    "message/feedback-report": "txt",
}
TYPES = {extension: kind for kind, extension in reversed(EXTENSIONS.items())}
TNEF = frozenset({"application/ms-tnef", "application/vnd.ms-tnef"})
MAX_NAME = 255
MAX_CID = 998  # characters: a line
PATH = re.compile(r"[/\\]")
INNER_SUBJECT = re.compile(rb"(?mi)^subject:[ \t]*(.{1,200})$")


def read(parts: list[Part], packed: dict[int, tnef.Inside], guesses: Guesses) -> list[Attachment]:
    """The files that the leaves are; `packed` are the winmail.dat among them, by the identity of the leaf."""
    out: list[Attachment] = []
    for part in parts:
        inside = packed.get(id(part), tnef.Inside())
        out.extend(named(_leaf(f.name) or "attachment.bin", f.content, f.type, f.cid) for f in inside.files)
        if not inside.files and not inside.has_body:  # what was read from it is all that it holds for people
            content_id = part.raw("content-id").decode("utf-8", "replace")
            out.append(Attachment(name_of(part, guesses), part.type, leaves.data(part), _cid(content_id)))
    return out


def unpacked(parts: list[Part]) -> dict[int, tnef.Inside]:
    """What each winmail.dat holds, by the identity of its leaf."""
    return {id(part): tnef.read(leaves.decoded(part)) for part in parts if _is_tnef(part)}


def _is_tnef(part: Part) -> bool:
    if part.type in TNEF:
        return True
    return part.type == "application/octet-stream" and part.params.get("name", "").lower() == "winmail.dat"


def named(name: str, content: bytes | transfer.Encoded, kind: str = "", cid: str = "") -> Attachment:
    """A file that is no MIME part; its type is the declared one, else guessed from its name."""
    plain = _leaf(name)
    guess = TYPES.get(plain.rpartition(".")[2].lower(), "application/octet-stream")
    return Attachment(plain, kind if mime.TYPE.match(kind) and kind.isprintable() else guess, content, _cid(cid))


def _leaf(name: str) -> str:
    """A file's name on one line, without the path that some programs and attackers put before it; "" for none."""
    line = " ".join(headers.CONTROL.sub(" ", name[: 4 * MAX_NAME]).split())
    leaf = PATH.split(line)[-1].strip()[:MAX_NAME]
    return leaf if leaf.strip(". ") else ""


def _cid(value: str) -> str:
    """A Content-ID without its angle brackets (RFC 2392)."""
    return headers.CONTROL.sub("", value[:MAX_CID]).strip("<> \t")


def name_of(part: Part, guesses: Guesses) -> str:
    """The name that a part gives itself, on one line, by the better of its two; else one made of its type."""
    _, params = leaves.disposed(part, guesses)
    written = (params.get("filename"), part.params.get("name"), transfer.uu_name(bytes(part.body[:1000])))
    names = [name for each in written if (name := _leaf(each or ""))]
    if names:
        return next((name for name in names if not headers.is_mangled(name)), names[0])
    if part.type in {"message/rfc822", "message/global"}:
        return f"{_inner_subject(leaves.head(part, 20_000), guesses) or 'message'}.eml"
    return f"attachment.{EXTENSIONS.get(part.type, 'bin')}"


def _inner_subject(start: bytes, guesses: Guesses) -> str:
    found = INNER_SUBJECT.search(start.partition(b"\n\n")[0])
    plain = headers.text(found[1], guesses) if found else ""
    return "".join(c if c.isalnum() or c in " -_.," else "_" for c in plain).strip(" .")[:80]
