"""Bounces that are told in free text: older and special mail servers.

A text counts as a bounce only when a mail server sent it and it says that a mail was
not delivered; a person who writes about a bounce is a person. Linear in its input.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from mailgate.mail import ReportedRecipient, normalise
from mailgate.reading.bounces.phrases import (
    ADMINISTRATOR_SUBJECT,
    ADMINISTRATORS,
    COPY_BELOW,
    DELAYED,
    FAILED_SUBJECT,
    FAILED_TEXT,
    GIVEN_UP,
    MAILERS,
)
from mailgate.ticket import Address

MAX_LINES = 400
MAX_LINE = 400  # characters
MAX_SUBJECT = 1000  # characters
MAX_RECIPIENTS = 50
ADDRESS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_{|}~.-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,200}[A-Za-z0-9])?")
NOT_RECIPIENT = re.compile(
    r"\b(?:from|contact|help|sender|by|helo|return-path|message-id|reply-to|assistance|e?mail us|visit|mail to|"
    r"write to)\b\W{0,12}$",
    re.IGNORECASE,
)
# A summary of the mail that was sent: its author failed nobody, and who it went to is the second best guess.
SUMMARY_FROM = re.compile(r"^\s*(?:mail from|from|sender|reply-to|message-id|return-path)\s*:", re.IGNORECASE)
SUMMARY_TO = re.compile(r"^\s*(?:to|cc)\s*:", re.IGNORECASE)
NOTES_LINE = re.compile(r"^\s*(?:final|original)-recipient\s*:\s*(?:rfc822\s*;)?\s*(\S+@\S+)", re.IGNORECASE)
# The address that we wrote to, below the one that it led to.
ORIGINAL_LINE = re.compile(r"^\s*original address\s*:", re.IGNORECASE)
# Whom a text tells to write to, when it names another as well.
SERVICE = re.compile(
    r"^(?:owner-|majordomo@|postmaster@|abuse@|hostmaster@)|-(?:ctl|request|admin|help|owner|(?:un)?subscribe)@"
)
NAMES_FOLLOW = re.compile(r"(?:following|recipients?|address(?:es)?|users?|deliver\w*)\b.{0,200}:\s*$", re.IGNORECASE)
BARE_NAME = re.compile(r"^[ \t]+([A-Za-z0-9][A-Za-z0-9._+-]{0,63})(?:[ \t]+\(.*|[ \t]{2,}.*)?$")
MAX_BARE_NAMES = 10
STATUS_CODE = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")
CODE_LINE = re.compile(r"^\W{0,8}[45]\d\d[ -]")
REPLY_CODE = re.compile(r"\b[45]\d\d[ -]")
HEADER_LINE = re.compile(r"^[>\s]{0,8}([A-Za-z][A-Za-z0-9-]{1,40}):[ \t]+(.{1,2000})$")


def from_mailer(senders: Sequence[Address], fields: Mapping[str, str]) -> bool:
    """True when a mail server says that it wrote the mail."""
    if fields.get("return-path", "").strip() == "<>":
        return True
    names = [(a.email.partition("@")[0], a.name.lower()) for a in senders]
    if any(
        local.startswith(MAILERS) or "mail delivery" in name or "mailer-daemon" in name or name == "mail administrator"
        for local, name in names
    ):
        return True
    if "x-mlserver" in fields and any(local.endswith("-admin") for local, _ in names):
        return True  # fml's list server; its lists' mail has the field too, but a person's From
    administrator = any(local in ADMINISTRATORS or name in ADMINISTRATORS for local, name in names)
    # A person in that chair answers, and a server does not.
    answers = "in-reply-to" in fields or "references" in fields
    return (
        administrator
        and not answers
        and bool(ADMINISTRATOR_SUBJECT.match(fields.get("subject", "")[:MAX_SUBJECT].strip()))
    )


def verdict(subject: str, text: str) -> tuple[str, str, str]:
    """Return action ("failed" or "delayed"), status code and what was said, from words alone."""
    subject, lines = subject[:MAX_SUBJECT], _told(text)
    head = "\n".join(lines)[:4000]
    delayed = bool(DELAYED.search(subject)) or (bool(DELAYED.search(head)) and not GIVEN_UP.search(subject + head))
    code = STATUS_CODE.search(head)
    why = next((" ".join(line.split()) for line in lines if REPLY_CODE.search(line) or STATUS_CODE.search(line)), "")
    return "delayed" if delayed else "failed", code[1] if code else "", why[:300]


def read(
    senders: Sequence[Address],
    fields: Mapping[str, str],
    text: str,
    *,
    report: bool,
    original: Sequence[tuple[str, str]],
) -> list[ReportedRecipient] | None:
    """Recipients that a mail server's text names; None when it does not say that a mail was not delivered.

    `report`: it is a multipart/report; `original`: the header of the mail that it returns.
    """
    subject = fields.get("subject", "")[:MAX_SUBJECT]
    told = _told(text)
    named = bool(FAILED_SUBJECT.search(subject))
    if not report and not named:
        says = FAILED_TEXT.search("\n".join(told)[:6000])
        if not says or not (original or any(CODE_LINE.match(line) for line in told)):
            return None
    auto_reply = fields.get("auto-submitted", "").lower().startswith("auto-replied")
    if (auto_reply or "auto_reply" in fields.get("precedence", "")) and not report and not named:
        return None
    action, status, why = verdict(subject, text)
    ours = {a.email for a in senders} | {normalise(found) for found in ADDRESS.findall(fields.get("to", "")[:2000])}
    emails = [email for email in _addresses(told) if email not in ours]
    emails = emails or _bare_names(told, senders) or _written_to(original)
    return [ReportedRecipient(email, action, status, why) for email in emails[:MAX_RECIPIENTS]]


def _told(text: str) -> list[str]:
    """The lines above the copy of the returned mail."""
    out: list[str] = []
    for line in (line[:MAX_LINE] for line in text[: MAX_LINES * MAX_LINE].split("\n")[:MAX_LINES]):
        if COPY_BELOW.search(line) and out:
            break
        out.append(line)
    return out


def _addresses(lines: Sequence[str]) -> list[str]:
    """Addresses that the lines name as recipients, first named first."""
    strong: dict[str, None] = {}
    weak: dict[str, None] = {}
    for line in lines:
        notes = NOTES_LINE.match(line)
        if notes:
            strong[normalise(notes[1].strip("<>"))] = None
            continue
        if SUMMARY_FROM.match(line):
            continue
        if strong and ORIGINAL_LINE.match(line) and "@" in line:
            strong.popitem()
        for found in ADDRESS.finditer(line):
            if not NOT_RECIPIENT.search(line[: found.start()]):
                email = normalise(found[0].rstrip(".")).removeprefix("smtp=")
                (strong if _opens(line, found.start()) else weak)[email] = None
    found_ones = [[email for email in emails if not SERVICE.search(email)] for emails in (strong, weak)]
    return found_ones[0] or found_ones[1] or list(strong or weak)


def _opens(line: str, place: int) -> bool:
    """True when a line names an address as the one that it is about."""
    if SUMMARY_TO.match(line):
        return False
    before = line[:place].strip(" \t<([\"'*-")
    return (
        not before
        or bool(CODE_LINE.match(f"{before} "))
        or before.lower().endswith(("to", "for", "recipient", "address", "user", "to:", "rcpt to:", "address:"))
    )


def _bare_names(lines: Sequence[str], senders: Sequence[Address]) -> list[str]:
    """Mailboxes that a server names without their domain, which is then its own."""
    domain = senders[0].email.rpartition("@")[2] if senders else ""
    emails: list[str] = []
    follow = False
    for line in lines:
        name = BARE_NAME.match(line) if follow and domain else None
        if name and len(emails) < MAX_BARE_NAMES:
            emails.append(normalise(f"{name[1]}@{domain}"))
        elif line.strip():
            follow = bool(NAMES_FOLLOW.search(line))
        elif emails:
            break
    return emails


def _written_to(original: Sequence[tuple[str, str]]) -> list[str]:
    """Whom the returned mail was for, where that was one alone."""
    to = [value for name, value in original if name in {"to", "cc"}]
    emails = dict.fromkeys(normalise(found) for value in to for found in ADDRESS.findall(value[:2000]))
    return list(emails) if len(emails) == 1 else []


def quoted_header(text: str) -> tuple[tuple[str, str], ...]:
    """Header fields of a returned mail that stands in the text itself."""
    below = False
    fields: list[tuple[str, str]] = []
    for line in text[:200_000].split("\n")[:3000]:
        if not below:
            below = bool(COPY_BELOW.search(line[:MAX_LINE]))
            if not line.lower().startswith(("return-path:", "received: ")):
                continue
        match = HEADER_LINE.match(line[:2000])
        if match and len(fields) < 100:
            fields.append((match[1].lower(), match[2].strip()))
        elif not line.strip() and len(fields) > 2:
            break
    return tuple(fields) if any(name in {"message-id", "received", "from"} for name, _ in fields) else ()
