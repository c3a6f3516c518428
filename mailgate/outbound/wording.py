"""Times, sizes, names and earlier entries as people read them."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from mailgate.model import Entry, EntryKind, StoredAttachment
from mailgate.outbound.headers import plain
from mailgate.outbound.mime import file_name, readable
from mailgate.outbound.views import EntryView, FileView

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
