"""Formats due times, sizes, names and earlier entries for people."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from mailgate.notice import Notice
from mailgate.rules.replies import attachments as passing
from mailgate.rules.text.moments import ENGLISH
from mailgate.settings import Attachments
from mailgate.ticket import Entry, EntryKind, StoredAttachment
from mailgate.writing.mail.headers import plain
from mailgate.writing.mail.mime import file_name, readable
from mailgate.writing.views.views import EntryView, FileView

_EXCERPT = 1500  # characters of an earlier entry; `#show` answers with the rest
_PREVIEW = 140  # characters; a list of mails shows fewer
_KIND_OF_ENTRY = {EntryKind.MESSAGE: "message", EntryKind.REPLY: "public reply", EntryKind.NOTE: "internal note"}


def clock(at: datetime, now: datetime, zone: ZoneInfo) -> str:
    """Return a moment to come or gone, as of `now`: "today 14:00, in 2 h", "Fri 20 Nov, 09:00, 3 days ago"."""
    local, here = at.astimezone(zone), now.astimezone(zone)
    days = (local.date() - here.date()).days
    near = {-1: "yesterday", 0: "today", 1: "tomorrow"}.get(days)
    date = near or f"{ENGLISH.short_day(local) if local.year == here.year else ENGLISH.day(local)},"
    day = f"{date} {local:%H:%M}"
    length = _length(abs((at - now).total_seconds()))
    return f"{day}, in {length}" if at > now else f"{day}, {length} ago"


def _length(seconds: float) -> str:
    """A stretch of time in its one unit that matters: "25 min", "2 h", "3 days"."""
    minutes = round(seconds / 60)
    if minutes < 90:
        return f"{max(1, minutes)} min"
    return f"{round(minutes / 60)} h" if minutes < 36 * 60 else f"{round(minutes / 1440)} days"


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
    return tuple(map(file_view, attachments))


def file_view(attachment: StoredAttachment, why: str = "") -> FileView:
    """Return an attachment by name and size; `why` it is not in the mail."""
    return FileView(file_name(attachment.name), size(attachment.size), why)


def left_out(notice: Notice, rules: Attachments) -> tuple[FileView, ...]:
    """Return the files that a mail to an agent lists and does not hold, each with the reason and the way to it."""
    sorted_ = passing.of(notice, rules)
    number = notice.ticket.number if notice.ticket else 0
    at_admin = f"; the administrator has it: mailgate tickets show {number} --raw ID" if number else ""
    mailed = "too large for this mail; #show files sends it" if number else "too large for this mail"
    too_large = (
        (file, mailed if passing.wire_size(file.size) <= rules.send_max else f"too large to be mailed{at_admin}")
        for file in sorted_.too_large
    )
    blocked = (
        (file, f".{passing.blocked(file.name, rules)} files are not passed on{at_admin}") for file in sorted_.blocked
    )
    return tuple(file_view(file, why) for file, why in (*too_large, *blocked))


def words(text: str, limit: int) -> str:
    """Return somebody's words, clean, and cut where they are longer than `limit` characters."""
    text = readable(text).strip("\n")
    return text if len(text) <= limit else text[:limit].rstrip() + " …"


def preview(text: str) -> str:
    """Return the first words of a text in one line, for the list of mails."""
    return " ".join(text[:_PREVIEW].split())


def earlier(entry: Entry, at: str) -> EntryView:
    """Return an earlier entry of the thread, cut to a readable length; `at` is its time as the reader writes it."""
    kind = _KIND_OF_ENTRY[entry.kind]
    return EntryView(
        kind=f"{kind} for #{entry.came_for}" if entry.came_for else kind,
        internal=entry.kind is EntryKind.NOTE,
        author=person(entry.author.name, entry.author.email),
        at=at,
        text=words(entry.text, _EXCERPT),
        files=files(entry.attachments),
    )
