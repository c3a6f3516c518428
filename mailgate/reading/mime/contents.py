"""What a message says: its text and its HTML decoded, its files, and why nothing can be read of it.

Files that stand uuencoded in a text, packed in a winmail.dat or as `data:` in a page are attachments
too, and an invitation is described above the text.
"""

from __future__ import annotations

import html as entities
import re
from dataclasses import dataclass

from mailgate.mail import Attachment
from mailgate.reading.encodings import charset, enriched, flowed, rtf, tnef, transfer, uuencode
from mailgate.reading.encodings.charset import Guesses
from mailgate.reading.mime import data_uris, files, invitation, leaves, reaction, security
from mailgate.reading.mime.leaves import Leaves
from mailgate.reading.mime.parts import Part
from mailgate.reading.page import limits
from mailgate.reading.page import page as html
from mailgate.reading.page.page import Page

MAX_TEXT = 4_000_000  # bytes of one text that are read; a longer one is attached as well
MAX_PAGE = 2_000_000  # bytes of a page that are read, without its pictures,
MAX_PICTURES = 40_000_000  # and with them
PIECES = frozenset({"message/partial", "message/external-body"})  # RFC 2046 5.2.2, 5.2.3: the rest is elsewhere
CALENDARS = frozenset({"text/calendar", "application/ics"})
BODY = re.compile(r"<body\b[^>]{0,1000}>", re.IGNORECASE)
META_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w.:-]{1,40})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Contents:
    """What a message holds for people."""

    text: str = ""
    html: str = ""
    attachments: tuple[Attachment, ...] = ()
    defects: tuple[str, ...] = ()
    unreadable: str = ""  # why its words cannot be read: "encrypted with PGP"; "" where they can
    reaction: str = ""  # an emoji
    calendar_method: str = ""  # of the calendar object that the mail is
    page: Page | None = None  # the HTML parsed, where the text was read from it


def read(root: Part, guesses: Guesses | None = None) -> Contents:
    """Decode what the leaves of a message hold."""
    guesses = guesses or Guesses()
    return _Reader(guesses).read(leaves.sort(root))


@dataclass(slots=True)
class _Text:
    """A body part, decoded; what is HTML, or was made of HTML, has a page."""

    plain: str = ""
    page: str = ""


class _Reader:
    """Reads one message; holds what is common to its parts."""

    def __init__(self, guesses: Guesses) -> None:
        self.guesses = guesses
        self.defects: list[str] = []
        self.attachments: list[Attachment] = []

    def read(self, found: Leaves) -> Contents:
        emoji = _take_reaction(found)
        packed = files.unpacked(found.files)
        self.attachments += files.read(found.files, packed, self.guesses)
        texts: dict[int, _Text] = {}
        for part in (*found.text, *found.html):
            if id(part) not in texts:
                texts[id(part)] = self._text(part)
        text, page, parsed = _joined([texts[id(p)] for p in found.text], [texts[id(p)] for p in found.html])
        if not text.strip():
            text, page, parsed = *_packed_body(packed, text, page), None
        why = security.unreadable(text, found.files) or _damaged(text, packed, found.files)
        if why:
            where = "it stands below as it came" if text.strip() else "open the attached file in a mail program"
            line = f"(This mail is {why} and cannot be read here: {where}.)"
            text, page, parsed = f"{line}\n\n{text}".rstrip() + "\n", "", None
        event = _event(found.files)
        if not text.strip() and event.words:
            text, page, parsed = event.words, "", None
        if event.facts and not event.is_told_in(text):
            text, page, parsed = *_with(event.facts, text, page), None
        return Contents(
            text,
            page,
            tuple(self.attachments),
            tuple(dict.fromkeys(self.defects)),
            why,
            emoji,
            _calendar_method(found.files),
            parsed,
        )

    def _text(self, part: Part) -> _Text:
        data, cut = self._page(part) if leaves.is_html(part) else _head(part, MAX_TEXT)
        text = self._decoded(part, data)
        text.page, shortened = limits.shortened(text.page)
        if cut or shortened:
            self.defects.append("text too long")
            self.attachments.append(Attachment(files.name_of(part, self.guesses), part.type, leaves.data(part)))
        return text

    def _decoded(self, part: Part, data: bytes) -> _Text:
        if part.type in leaves.RTF:
            document = rtf.read(data)
            return _Text(_lines(document.text), document.html)
        declared = part.params.get("charset", "")
        if not declared and leaves.is_html(part):
            declared = _meta_charset(data)
        if not charset.known(declared):
            self.defects.append("unknown charset")
        text = _lines(charset.decode(data, declared, self.guesses))
        if leaves.is_html(part):
            return _Text(page=text)
        if part.type in leaves.ENRICHED:
            return _Text(enriched.to_text(text))
        return _Text(self._plain(part, text))

    def _page(self, part: Part) -> tuple[bytes, bool]:
        """The bytes of a page that are read, and whether they are not all; its pictures are files."""
        if not data_uris.holds_any(leaves.pieces(part)):
            return _head(part, MAX_PAGE)
        data, cut = _head(part, MAX_PICTURES)
        data, pictures = data_uris.take_out(data)
        self.attachments += map(_picture, pictures)
        return data[:MAX_PAGE], cut or len(data) > MAX_PAGE

    def _plain(self, part: Part, text: str) -> str:
        text, signature = security.clear(text)
        if signature:
            self.attachments.append(files.named("signature.asc", signature.encode(), "application/pgp-signature"))
        text, inside = uuencode.split(text)
        self.attachments += (files.named(name, content) for name, content in inside)
        if part.params.get("format", "").lower() == "flowed":
            return flowed.join(text, delsp=part.params.get("delsp", "").lower() == "yes")
        return text


def _head(part: Part, most: int) -> tuple[bytes, bool]:
    """The first bytes of a leaf, and whether there are more."""
    data = leaves.head(part, most + 1)
    return (data[:most], True) if len(data) > most else (data, False)


def _joined(plain: list[_Text], rich: list[_Text]) -> tuple[str, str, Page | None]:
    """The text and the page that the parts make together, and the page parsed where the text was read from it."""
    page = "\n".join(each.page or _div(each.plain) for each in rich) if any(each.page for each in rich) else ""
    if any(each.plain.strip() for each in plain):
        readable = [each.plain or (html.to_text(each.page) if each.page else "") for each in plain]
        if readable[1:]:
            return "\n".join(t if t.endswith("\n") else f"{t}\n" for t in readable if t), page, None
        return readable[0], page, None
    if page:
        parsed = Page(page)
        return parsed.text(), page, parsed
    return "".join(each.plain for each in plain), "", None


def _packed_body(packed: dict[int, tnef.Inside], text: str, page: str) -> tuple[str, str]:
    """The text of a mail that has it only inside a winmail.dat; else what was given."""
    for inside in packed.values():
        if inside.html.strip():
            return _lines(inside.text) or html.to_text(inside.html), inside.html
        if inside.text.strip():
            return _lines(inside.text), page
    return text, page


def _damaged(text: str, packed: dict[int, tnef.Inside], parts: list[Part]) -> str:
    """Why a mail without a text has none, where something that could be one is in it; "" where it is but files."""
    if text.strip():
        return ""
    if any(inside.damaged for inside in packed.values()):
        return "written in a rich text format that is damaged"
    alone = parts[0] if len(parts) == 1 else None
    if alone and alone.type in PIECES:
        return "only a piece of one"
    unknown = alone and alone.type.startswith("application/") and alone.type not in files.EXTENSIONS
    return f"of the type {alone.type[:80]}" if alone and unknown and not leaves.is_file(alone) else ""


def _picture(found: data_uris.Picture) -> Attachment:
    content = transfer.Encoded(found.base64, "base64") if len(found.base64) > leaves.LARGE else None
    extension = files.EXTENSIONS.get(found.type, found.type.rpartition("/")[2][:10])
    data = content or transfer.decode(found.base64, "base64")
    return files.named(f"{found.cid}.{extension}", data, found.type, found.cid)


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _take_reaction(found: Leaves) -> str:
    """The emoji of a reaction; its part is no attachment then."""
    for part in found.files:
        if part.type == reaction.TYPE and not leaves.is_file(part):
            emoji = reaction.read(leaves.decoded(part))
            if emoji:
                found.files.remove(part)
            return emoji
    return ""


def _event(parts: list[Part]) -> invitation.Event:
    """The description of the event in the first calendar part that has one."""
    calendars = (part for part in parts if part.type in CALENDARS)
    events = (invitation.read(leaves.decoded(part), part.params.get("charset", "")) for part in calendars)
    return next((event for event in events if event.facts), invitation.Event())


def _calendar_method(parts: list[Part]) -> str:
    """METHOD of a calendar object that was sent as the mail itself (RFC 6047 2.4), not attached as a file."""
    for part in parts:
        if part.type == "text/calendar" and leaves.disposed(part)[0] != "attachment":
            declared = part.params.get("method", "").lower()
            if declared or not leaves.is_file(part):
                return declared or invitation.method_of(leaves.head(part, invitation.MAX_BYTES))
    return ""


def _with(told: tuple[str, ...], text: str, page: str) -> tuple[str, str]:
    """Put the lines above the text; below it where it begins with a command, which must stay on top."""
    block = "\n".join(told) + "\n"
    shown = _div(block)
    if text.lstrip().startswith("#"):
        return f"{text.rstrip()}\n\n{block}", f"{page}\n{shown}" if page else ""
    body = BODY.search(page)
    place = body.end() if body else 0
    return f"{block}\n{text}" if text.strip() else block, f"{page[:place]}{shown}{page[place:]}" if page else ""


def _meta_charset(data: bytes) -> str:
    """The charset that an HTML page names in its own `meta` element."""
    found = META_CHARSET.search(data[:4096])
    return found[1].decode("ascii", "replace") if found else ""


def _div(text: str) -> str:
    return "<div>" + entities.escape(text.rstrip("\n"), quote=False).replace("\n", "<br>\n") + "</div>"
