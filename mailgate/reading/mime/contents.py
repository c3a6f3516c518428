"""Which parts of a message are its text, its HTML, its attachments (RFC 8621 4.1.4).

Every leaf that is not body is an attachment; nothing is left out. Enclosed messages
are kept whole as `.eml`. Files that stand uuencoded in a text or packed in a
winmail.dat are attachments too, and an invitation is told in words above the text.
"""

from __future__ import annotations

import html as entities
import re
from dataclasses import dataclass, field

from mailgate.mail import Attachment
from mailgate.reading.encodings import charset, flowed, tnef, transfer, uuencode
from mailgate.reading.encodings.charset import Guesses
from mailgate.reading.mime import armour, headers, invitation
from mailgate.reading.mime import parts as mime
from mailgate.reading.mime.parts import Part
from mailgate.reading.page import page as html
from mailgate.reading.page.page import Page

EXTENSIONS = {
    "text/plain": "txt",
    "text/html": "html",
    "text/calendar": "ics",
    "text/vcard": "vcf",
    "text/x-vcard": "vcf",
    "text/csv": "csv",
    "text/rfc822-headers": "txt",
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/gif": "gif",
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
TNEF = frozenset({"application/ms-tnef", "application/vnd.ms-tnef"})
TYPES = {extension: kind for kind, extension in reversed(EXTENSIONS.items())}
MAX_NAME = 255
PATH = re.compile(r"[/\\]")
MAX_TEXT = 4_000_000  # bytes of one text that are read; a longer one is attached as well
LARGE = 1_000_000  # bytes; a larger part is decoded only when it is wanted, piece by piece
MAX_CID = 998  # characters: a line


@dataclass(frozen=True, slots=True)
class Contents:
    """What a message holds for people."""

    text: str = ""
    html: str = ""
    attachments: tuple[Attachment, ...] = ()
    defects: tuple[str, ...] = ()
    page: Page | None = None  # the HTML parsed, where the text was read from it


@dataclass(slots=True)
class _Sorted:
    """The leaves of one walk, sorted."""

    text: list[Part] = field(default_factory=list)
    html: list[Part] = field(default_factory=list)
    rest: list[Part] = field(default_factory=list)


def read(root: Part, guesses: Guesses | None = None) -> Contents:
    """Sort the leaves of a message and decode them."""
    guesses = guesses or Guesses()
    leaves = _Sorted()
    _sort((root,), "mixed", leaves)
    defects: list[str] = []
    attachments = _attachments(leaves.rest, guesses)
    texts: dict[int, str] = {}
    for part in (*leaves.text, *leaves.html):
        if id(part) not in texts:
            texts[id(part)] = _text(part, defects, attachments, guesses)
    page_of: Page | None = None
    plain = [texts[id(part)] for part in leaves.text if part.type != "text/html"]
    rich = any(part.type == "text/html" for part in leaves.html)
    page = "\n".join(_as_html(part, texts[id(part)]) for part in leaves.html) if rich else ""
    if any(text.strip() for text in plain):
        readable = [html.to_text(texts[id(p)]) if p.type == "text/html" else texts[id(p)] for p in leaves.text]
        text = "\n".join(t if t.endswith("\n") else f"{t}\n" for t in readable if t) if readable[1:] else readable[0]
    else:
        page_of = Page(page) if page else None
        text = page_of.text() if page_of else "".join(plain)
    if not text.strip():
        text, page = _packed_body(leaves.rest, text, page)
        page_of = None
    if line := armour.unreadable(text, leaves.rest):
        text, page, page_of = f"{line}\n\n{text}".rstrip() + "\n", "", None
    told = _invitation(leaves.rest, text)
    if told:
        text, page = _with(told, text, page)
        page_of = None
    return Contents(text, page, tuple(attachments), tuple(dict.fromkeys(defects)), page_of)


def _packed_body(parts: list[Part], text: str, page: str) -> tuple[str, str]:
    """The text of a mail that has it only inside a winmail.dat; else what was given."""
    for part in parts:
        inside = tnef.read(decoded(part)) if part.type in TNEF else tnef.Inside()
        if inside.html.strip():
            return _lines(inside.text) or html.to_text(inside.html), inside.html
        if inside.text.strip():
            return _lines(inside.text), page
    return text, page


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


BODY = re.compile(r"<body\b[^>]{0,1000}>", re.IGNORECASE)


def _invitation(parts: list[Part], text: str) -> tuple[str, ...]:
    """What the first calendar part says, unless the sender's program wrote it into the text as well."""
    for part in parts:
        if part.type in {"text/calendar", "application/ics"}:
            lines = invitation.read(decoded(part), part.params.get("charset", ""))
            if lines:
                said = [line.partition(": ")[2] for line in lines if line.startswith(("Invitation", "Where"))]
                return () if said and all(value in text for value in said) else lines
    return ()


def _with(told: tuple[str, ...], text: str, page: str) -> tuple[str, str]:
    """Put the lines above the text; below it where it begins with a command, which must stay on top."""
    block = "\n".join(told) + "\n"
    shown = _div(block)
    if text.lstrip().startswith("#"):
        return f"{text.rstrip()}\n\n{block}", f"{page}\n{shown}" if page else ""
    body = BODY.search(page)
    place = body.end() if body else 0
    return f"{block}\n{text}" if text.strip() else block, f"{page[:place]}{shown}{page[place:]}" if page else ""


def _sort(parts: tuple[Part, ...], multipart: str, into: _Sorted) -> None:
    """One level of a multipart; of alternatives each kind of text has its own list."""
    for place, part in enumerate(parts):
        if part.multipart:
            kind = part.type.removeprefix("multipart/")
            if kind == "alternative":
                _alternative(part, into)
            else:
                _sort(part.parts, kind, into)
        elif _is_body(part, place, multipart):
            into.text.append(part)
            into.html.append(part)
        else:
            into.rest.append(part)


def _alternative(part: Part, into: _Sorted) -> None:
    """RFC 2046 5.1.4: the same content in several forms; the richest last."""
    inner = _Sorted()
    _sort(part.parts, "alternative", inner)
    plain = [leaf for leaf in inner.text if leaf.type != "text/html"]
    rich = [leaf for leaf in inner.html if leaf.type == "text/html"]
    into.text.extend(plain if any(bytes(leaf.body[:MAX_TEXT]).strip() for leaf in plain) else rich or plain)
    into.html.extend(rich or plain)
    into.rest.extend(inner.rest)


def _is_body(part: Part, place: int, multipart: str) -> bool:
    if part.type not in {"text/plain", "text/html", "text/enriched", "text/richtext", "text"}:
        return False
    disposition, params = disposed(part, Guesses(0))  # whether it has a name, not which
    if disposition == "attachment":
        return False
    named = bool(params.get("filename") or part.params.get("name"))
    if multipart == "related":
        return place == 0
    return not named or place == 0


def disposed(part: Part, guesses: Guesses | None = None) -> tuple[str, dict[str, str]]:
    """The Content-Disposition of a part (RFC 2183); an empty value when it has none."""
    value = part.raw("content-disposition")
    return headers.parameters(headers.raw_text(value, guesses), guesses) if value else ("", {})


def decoded(part: Part) -> bytes:
    """The bytes of a leaf."""
    return transfer.decode(part.body, _encoding(part))


def head(part: Part, most: int) -> bytes:
    """The first bytes of a leaf."""
    return Attachment("", part.type, _data(part)).head(most)


def _data(part: Part) -> bytes | transfer.Encoded:
    """The bytes of a leaf; those of a large one are decoded when they are wanted."""
    return decoded(part) if len(part.body) <= LARGE else transfer.Encoded(part.body, _encoding(part))


def _encoding(part: Part) -> str:
    return part.raw("content-transfer-encoding").decode("latin-1")


def _text(part: Part, defects: list[str], attachments: list[Attachment], guesses: Guesses) -> str:
    declared = part.params.get("charset", "")
    data = head(part, MAX_TEXT)
    if len(part.body) > MAX_TEXT:
        defects.append("text too long")
        attachments.append(Attachment(_name(part, guesses), part.type, _data(part)))
    if not declared and part.type == "text/html":
        declared = _meta_charset(data)
    if not charset.known(declared):
        defects.append("unknown charset")
    text = _lines(charset.decode(data, declared, guesses))
    if part.type == "text/plain":
        text, signature = armour.clear(text)
        if signature:
            attachments.append(_file("signature.asc", signature.encode(), "application/pgp-signature"))
        text, files = uuencode.split(text)
        attachments.extend(_file(name, content) for name, content in files)
    if part.type == "text/plain" and part.params.get("format", "").lower() == "flowed":
        return flowed.join(text, delsp=part.params.get("delsp", "").lower() == "yes")
    return text


def _file(name: str, content: bytes, kind: str = "", cid: str = "") -> Attachment:
    """A file that is no MIME part; its type is told or else guessed from its name."""
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


META_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w.:-]{1,40})", re.IGNORECASE)


def _meta_charset(data: bytes) -> str:
    """What an HTML page without a declared charset says of itself."""
    found = META_CHARSET.search(data[:4096])
    return found[1].decode("ascii", "replace") if found else ""


def _as_html(part: Part, text: str) -> str:
    if part.type == "text/html":
        return text
    return _div(text)


def _div(text: str) -> str:
    return "<div>" + entities.escape(text.rstrip("\n"), quote=False).replace("\n", "<br>\n") + "</div>"


def _attachments(parts: list[Part], guesses: Guesses) -> list[Attachment]:
    out: list[Attachment] = []
    for part in parts:
        inside = tnef.read(decoded(part)) if part.type in TNEF else tnef.Inside()
        if inside.files:
            out.extend(_file(_leaf(f.name) or "attachment.bin", f.content, f.type, f.cid) for f in inside.files)
            continue
        cid = part.raw("content-id").decode("utf-8", "replace")
        out.append(Attachment(_name(part, guesses), part.type, _data(part), _cid(cid)))
    return out


def _name(part: Part, guesses: Guesses) -> str:
    """The name that a part gives itself, on one line; else one made of its type."""
    _, params = disposed(part, guesses)
    name = params.get("filename") or part.params.get("name") or transfer.uu_name(bytes(part.body[:1000]))
    name = _leaf(name)
    if name:
        return name
    if part.type in {"message/rfc822", "message/global"}:
        return f"{_inner_subject(head(part, 20_000), guesses) or 'message'}.eml"
    return f"attachment.{EXTENSIONS.get(part.type, 'bin')}"


INNER_SUBJECT = re.compile(rb"(?mi)^subject:[ \t]*(.{1,200})$")


def _inner_subject(start: bytes, guesses: Guesses) -> str:
    found = INNER_SUBJECT.search(start.partition(b"\n\n")[0])
    plain = headers.text(found[1], guesses) if found else ""
    return "".join(c if c.isalnum() or c in " -_.," else "_" for c in plain).strip(" .")[:80]
