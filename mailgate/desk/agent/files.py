"""The answer to `#show files`: a ticket's files, in as many mails as it takes.

Blocked files, and those too large for any mail, are named and left with the administrator.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from mailgate.notice import Notice
from mailgate.rules.replies import attachments
from mailgate.settings import Config
from mailgate.store.db import Db
from mailgate.store.tickets import tickets
from mailgate.ticket import Entry, StoredAttachment, Ticket
from mailgate.writing.mail.mime import file_name
from mailgate.writing.views.wording import size

MOST = 10  # mails in one answer


@dataclass(frozen=True, slots=True)
class Shown:
    """What is said of a ticket's files, and the files mail by mail."""

    text: str
    parcels: tuple[tuple[StoredAttachment, ...], ...] = ()


def show_files(db: Db, ticket: Ticket, config: Config) -> Shown:
    """Every file of the ticket once, the newest first."""
    found: dict[tuple[str, str], tuple[StoredAttachment, Entry]] = {}
    for entry in reversed(tickets.thread(db, ticket.number)):
        for file in entry.attachments:
            found.setdefault((file.name, file.sha256), (file, entry))
    rules = config.attachments
    mailable: list[StoredAttachment] = []
    lines: list[str] = []
    for file, entry in found.values():
        why = _why_not(file, config)
        mailable += [] if why else [file]
        who = entry.author.name or entry.author.email
        lines.append(f"{file_name(file.name)}, {size(file.size)} ({who}, {entry.kind}){f': {why}' if why else ''}")
    if not lines:
        return Shown(f"Ticket {ticket.number} has no files.")
    parcels = attachments.parcels(mailable, rules.send_max)
    if left := [file for parcel in parcels[MOST:] for file in parcel]:
        lines.append(f"The oldest {len(left)} are too many for one answer; the administrator has them.")
    return Shown("\n".join((f"Files of ticket {ticket.number}, the newest first:", *lines)), tuple(parcels[:MOST]))


def _why_not(file: StoredAttachment, config: Config) -> str:
    if extension := attachments.blocked(file.name, config.attachments):
        return f".{extension} files are not passed on; the administrator has it"
    if attachments.wire_size(file.size) > config.attachments.send_max:
        return "too large to be mailed; the administrator has it"
    return ""


def with_parcels(answer: tuple[Notice, ...], parcels: tuple[tuple[StoredAttachment, ...], ...]) -> tuple[Notice, ...]:
    """An answer by mail with the first parcel, and a mail for each of the others."""
    if not answer or not parcels:
        return answer
    (notice,) = answer
    rest = (
        replace(
            notice,
            cause=f"{notice.cause}|files{place}",
            facts=(f"The files, mail {place} of {len(parcels)}.",),
            text="",
            attachments=parcel,
        )
        for place, parcel in enumerate(parcels[1:], start=2)
    )
    return (replace(notice, attachments=parcels[0]), *rest)
