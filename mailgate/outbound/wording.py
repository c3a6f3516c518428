"""Times, sizes, names and earlier entries as people read them."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from mailgate.config.model import Attachments
from mailgate.model import Entry, EntryKind, Notice, StoredAttachment
from mailgate.outbound.headers import plain
from mailgate.outbound.mime import file_name, readable
from mailgate.outbound.views import EntryView, FileView
from mailgate.rules import files as passing

_EXCERPT = 1500  # characters of an earlier entry; `#show` answers with the rest
_KIND_OF_ENTRY = {EntryKind.MESSAGE: "message", EntryKind.REPLY: "public reply", EntryKind.NOTE: "internal note"}


def when(at: datetime | None, zone: ZoneInfo) -> str:
    """Return a time as people read it, in their zone: "Fri 20 Nov 2026, 13:00 EST"."""
    if at is None:
        return ""
    local = at.astimezone(zone)
    return f"{local:%a} {local.day} {local:%b %Y, %H:%M %Z}"


def size(octets: int) -> str:
    """Return a size as people read it, in decimal units: "120 kB"."""
    if octets < 1000:
        return f"{octets} bytes"
    if octets < 999_500:
        return f"{octets / 1000:.0f} kB"
    return f"{octets / 1_000_000:.1f} MB"


def person(name: str, email: str) -> str:
    """Return the name, or the address of somebody without one."""
    return plain(name, 100) or plain(email)


def files(attachments: tuple[StoredAttachment, ...]) -> tuple[FileView, ...]:
    """Return attachments by name and size."""
    return tuple(FileView(file_name(attachment.name), size(attachment.size)) for attachment in attachments)


def left_out(notice: Notice, rules: Attachments) -> tuple[FileView, ...]:
    """Return the files that a mail lists and does not hold, each with the reason and the way to it."""
    sorted_ = passing.of(notice, rules)
    number = notice.ticket.number if notice.ticket and not notice.kind.to_requester else 0
    at_admin = f"; the administrator has it: mailgate tickets show {number} --raw ID" if number else ""
    mailed = "too large for this mail; #show files sends it" if number else "too large for this mail"
    too_large = (
        (file, mailed if passing.wire_size(file.size) <= rules.send_max else f"too large to be mailed{at_admin}")
        for file in sorted_.too_large
    )
    blocked = (
        (file, f".{passing.blocked(file.name, rules)} files are not passed on{at_admin}") for file in sorted_.blocked
    )
    return tuple(FileView(file_name(file.name), size(file.size), why) for file, why in (*too_large, *blocked))


def words(text: str, limit: int) -> str:
    """Return somebody's words, clean, and cut where they are longer than `limit` characters."""
    text = readable(text).strip("\n")
    return text if len(text) <= limit else text[:limit].rstrip() + " …"


def earlier(entry: Entry, zone: ZoneInfo) -> EntryView:
    """Return an earlier entry of the thread, cut to a readable length."""
    return EntryView(
        kind=_KIND_OF_ENTRY[entry.kind],
        internal=entry.kind is EntryKind.NOTE,
        author=person(entry.author.name, entry.author.email),
        at=when(entry.at, zone),
        text=words(entry.text, _EXCERPT),
        files=files(entry.attachments),
    )
