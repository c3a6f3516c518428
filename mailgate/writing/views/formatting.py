"""Formats due times, sizes, names and earlier entries for people."""

from __future__ import annotations

import re
from datetime import datetime
from zoneinfo import ZoneInfo

from mailgate.notice import Notice, wire_size
from mailgate.phrase import Phrase, phrase
from mailgate.rules.people.actors import is_address
from mailgate.rules.replies import attachments as passing
from mailgate.settings import Attachments
from mailgate.ticket import Entry, EntryKind, StoredAttachment, Ticket
from mailgate.writing.mail.headers import plain
from mailgate.writing.mail.mime import file_name, readable
from mailgate.writing.views.views import EntryView, FileView
from mailgate.writing.views.words import Words

UTC = ZoneInfo("UTC")  # for text in which there is no moment
EXCERPT = 1500  # characters of an earlier entry; `#show` answers with the rest
_SUBJECT = 200  # characters of a subject above a text
_PREVIEW = 140  # characters; a list of mails shows fewer


# What notices to agents write around people's words, in any language: rules, the marker, the heading of an entry,
# numbered links and buttons, a kind in brackets.
_OURS = re.compile(
    r"\s*(?:[-_=]{20,}\s*$|##-|[^\n]{1,200}\d{1,2}:\d{2}[^\n]{0,40}\([^()\n]{1,60}\)\s?:\s*$"
    r"|\[\d{1,3}\] [^\n]{1,80}: ?(?:mailto|https?):|\S[^\n]{0,60}\[\d{1,3}\](?: {2,}\S|\s*$)|\[[^\W\d_]{3,20}\] )",
    re.IGNORECASE,
)


def clock(at: datetime, now: datetime, zone: ZoneInfo, own: Words) -> str:
    """A moment relative to `now`: "today 14:00, in 2 h", "Fri 20 Nov, 09:00, 3 days ago"."""
    local, here = at.astimezone(zone), now.astimezone(zone)
    near = {-1: "yesterday", 0: "today", 1: "tomorrow"}.get((local.date() - here.date()).days)
    time = f"{local:%H:%M}"
    if near:
        day = own.filled(f"clock.{near}", time=time)
    else:
        date = own.dates.short_day(local) if local.year == here.year else own.dates.day(local)
        day = own.filled("clock.day", day=date, time=time)
    return own.filled("clock.to_come" if at > now else "clock.past", at=day, length=_length(at, now, own))


def _length(at: datetime, now: datetime, own: Words) -> str:
    """A duration in its largest unit: "25 min", "2 h", "3 days"."""
    minutes = round(abs((at - now).total_seconds()) / 60)
    if minutes < 90:
        return own.filled("clock.minutes", count=str(max(1, minutes)))
    if minutes < 36 * 60:
        return own.filled("clock.hours", count=str(round(minutes / 60)))
    return own.filled("clock.days", count=str(round(minutes / 1440)))


def size(octets: int) -> Phrase:
    """A size in decimal units: "120 kB"."""
    if octets < 1000:
        return phrase("size.bytes", count=octets)
    if octets < 999_500:
        return phrase("size.kilobytes", count=round(octets / 1000))
    whole, tenth = divmod(round(octets / 100_000), 10)
    return phrase("size.megabytes", count=phrase("size.decimal", whole=whole, tenth=tenth))


def person(name: str, email: str) -> str:
    """The name, or the address without one; both where the name holds another address."""
    said, address = plain(name, 100), plain(email)
    return f"{said} <{address}>" if is_address(said) and said.lower() != address else said or address


def files(attachments: tuple[StoredAttachment, ...], own: Words) -> tuple[FileView, ...]:
    """Attachments by name and size."""
    return tuple(file_view(each, own) for each in attachments)


def file_view(attachment: StoredAttachment, own: Words, why: str = "") -> FileView:
    """An attachment by name and size; `why` it is not in the mail."""
    return FileView(file_name(attachment.name), own.text(size(attachment.size), UTC), why)


def left_out(notice: Notice, rules: Attachments, own: Words) -> tuple[FileView, ...]:
    """The files that are not in a mail to an agent, each with the reason and the command that sends it."""
    sorted_ = passing.of(notice, rules)
    number = str(notice.ticket.number) if notice.ticket else ""

    def too_large(file: StoredAttachment) -> str:
        if wire_size(file.size) <= rules.send_max:
            return own.phrases["files.show" if number else "files.too_large"]
        return at_admin(own.phrases["files.unmailable"])

    def blocked(file: StoredAttachment) -> str:
        return at_admin(own.filled("files.blocked", ending=passing.blocked(file.name, rules)))

    def at_admin(why: str) -> str:
        return own.filled("files.at_admin", why=why, number=number) if number else why

    return (
        *(file_view(file, own, too_large(file)) for file in sorted_.too_large),
        *(file_view(file, own, blocked(file)) for file in sorted_.blocked),
    )


def words(text: str, limit: int) -> str:
    """A person's text, cleaned, and cut at `limit` characters."""
    text = readable(text).strip("\n")
    return text if len(text) <= limit else text[:limit].rstrip() + " …"


def set_off(text: str) -> str:
    """Somebody's text with a quote mark on the lines that look like the desk's own marks: rules, headings, links."""
    return "\n".join(f"> {line}" if _OURS.match(line) else line for line in text.split("\n"))


def preview(text: str) -> str:
    """The first words of a text in one line, for the list of mails."""
    return " ".join(text[:_PREVIEW].split())


def with_subject(text: str, subject: str, ticket: Ticket | None, own: Words) -> str:
    """A text with the subject of its mail in a line above it, where that is not the ticket's."""
    if not subject or (ticket and subject == ticket.subject):
        return text
    return f"{own.filled('entry.subject', subject=plain(subject, _SUBJECT))}\n\n{text}".strip()


def entry_view(entry: Entry, at: str, own: Words, limit: int = EXCERPT, *, on: Ticket | None = None) -> EntryView:
    """An entry of the thread, cut to `limit` characters; `at` is its time as the reader writes it.

    `on`: for an agent, who is shown a subject that is not this ticket's.
    """
    text = words(entry.text, limit) if entry.by.is_agent else set_off(words(entry.text, limit))
    kind = own.phrases[f"entry.{entry.kind}"]
    return EntryView(
        kind=own.filled("entry.came_for", kind=kind, number=str(entry.came_for)) if entry.came_for else kind,
        internal=entry.kind is EntryKind.NOTE,
        author=person(entry.author.name, entry.author.email),
        at=at,
        text=with_subject(text, entry.subject, on, own) if on else text,
        files=files(entry.attachments, own),
    )
