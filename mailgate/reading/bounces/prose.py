"""Bounces in free text: older and special mail servers.

A text counts as a bounce only when a mail server sent it and it says that a mail was not delivered:
in words that are known, or by what it is made of, a null sender, the header of the mail that it returns
and a code. A person who writes about a bounce is a person. It names nobody rather than somebody
who is not certain. Linear in its input.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import takewhile

from mailgate.mail import ReportedRecipient, normalise
from mailgate.reading.bounces import phrases
from mailgate.reading.bounces.phrases import (
    ADMINISTRATOR_SUBJECT,
    ADMINISTRATORS,
    COPY_BELOW,
    DELAYED,
    GIVEN_UP,
    MAILERS,
)
from mailgate.ticket import Address

FAILED_SUBJECT = phrases.any_of(phrases.FAILED_SUBJECTS)
FAILED_TEXT = phrases.any_of(phrases.FAILED_TEXTS)
MAX_LINES = 400
MAX_LINE = 400  # characters
MAX_SUBJECT = 1000  # characters
MAX_RECIPIENTS = 50
ADDRESS = re.compile(
    r"[A-Za-z0-9!#$%&*+/=?^_{|}~-][A-Za-z0-9!#$%&'*+/=?^_{|}~.-]{0,63}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,200}[A-Za-z0-9])?"
)
NOT_RECIPIENT = re.compile(
    r"\b(?:from|contact|help|sender|by|helo|return-path|message-id|reply-to|assistance|e?mail us|visit|mail to|"
    r"write to)\b\W{0,12}$",
    re.IGNORECASE,
)
# A summary of the mail that was sent: its author failed nobody, and who it went to is the second best guess.
SUMMARY_FROM = re.compile(r"^\s*(?:mail from|from|sender|reply-to|message-id|return-path)\s*:", re.IGNORECASE)
SUMMARY_TO = re.compile(r"^\s*(?:to|cc)\s*:", re.IGNORECASE)
HEADER_LINES = 60  # of a returned header that are looked at
NOTES_LINE = re.compile(r"^\s*(?:final|original)-recipient\s*:\s*(?:rfc822\s*;)?\s*(\S+@\S+)", re.IGNORECASE)
# The address that we wrote to, below the one that it led to.
ORIGINAL_LINE = re.compile(r"^\s*original address\s*:", re.IGNORECASE)
# Addresses that a text asks to write to, beside the failed one.
SERVICE = re.compile(
    r"^(?:owner-|majordomo@|postmaster@|abuse@|hostmaster@)|-(?:ctl|request|admin|help|owner|(?:un)?subscribe)@"
)
NAMES_FOLLOW = re.compile(r"(?:following|recipients?|address(?:es)?|users?|deliver\w*)\b.{0,200}:\s*$", re.IGNORECASE)
BARE_NAME = re.compile(r"^[ \t]+([A-Za-z0-9][A-Za-z0-9._+-]{0,63})(?:[ \t]+\(.*|[ \t]{2,}.*)?$")
MAX_BARE_NAMES = 10
NEAR = 4  # lines above a code on which the address may stand that it is about
NEAR_WORDS = 40  # characters of the line above, where an address begins its line
MARKS = " \t<([\"'*-"  # that stand before an address
LEADS = ("to", "for", "recipient", "address", "user")  # words before one that failed
# What led to the address that failed: "(expanded from <ann@…>)".
EXPANDED = re.compile(r"\((?:expanded|(?:ultimately )?generated) from:? ?\W{0,2}$", re.IGNORECASE)
SUCCESS = re.compile(r"\bsuccess(?:ful|fully)\b|(?<![\d.])2\.\d\.\d(?![\d.])", re.IGNORECASE)
COMMAND = re.compile(r"\bRCPT TO:", re.IGNORECASE)
ACCEPTED = re.compile(r"^\W{0,8}2\d\d[ -]")  # the reply to a command
SENDER_FIELDS = frozenset(
    {"from", "sender", "reply-to", "return-path"}
)  # of the returned mail: its author failed nobody
STATUS_CODE = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")
CODE_LINE = re.compile(r"^\W{0,8}[45]\d\d[ -]")
CODE_ALONE = re.compile(r"\W{0,8}[45]\d\d(?:[ -]+[45]\.\d{1,3}\.\d{1,3})?")
REPLY_CODE = re.compile(r"\b[45]\d\d[ -]")
# The same where it is no other number: behind a mark, or a word for it.
SURE_CODE = re.compile(
    r"[:=;'\"(\[\])>#]\W{0,4}[45]\d\d[ -]|\b(?:error|code|smtp|status)\W{0,3}[45]\d\d\b", re.IGNORECASE
)
HEADER_LINE = re.compile(r"^[>\s]{0,8}([A-Za-z][A-Za-z0-9-]{1,40}):[ \t]+(.{1,2000})$")


def from_mailer(senders: Sequence[Address], fields: Mapping[str, str]) -> bool:
    """True when a mail server says that it wrote the mail."""
    names = [(a.email.partition("@")[0], a.name.lower()) for a in senders]
    if any(
        local.startswith(MAILERS) or "mail delivery" in name or "mailer-daemon" in name or name == "mail administrator"
        for local, name in names
    ):
        return True
    if any(not local and name.startswith(MAILERS) for local, name in names):
        return True  # "Postmaster <>"
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
    null: bool,
    original: Sequence[tuple[str, str]],
) -> list[ReportedRecipient] | None:
    """Recipients that a mail server's text names; None when it does not say that a mail was not delivered.

    `report`: it is a multipart/report; `null`: its reverse path is null; `original`: the header of the mail that
    it returns.
    """
    subject = fields.get("subject", "")[:MAX_SUBJECT]
    told = _told(text)
    if not report and not is_failure_subject(fields):
        auto_reply = fields.get("auto-submitted", "").lower().startswith("auto-replied")
        if auto_reply or "auto_reply" in fields.get("precedence", ""):
            return None
        daemon = any(map(_is_daemon, senders))
        machine = daemon or null or fields.get("auto-submitted", "no").lower().strip() != "no"
        names = _named(told).surely
        is_report = daemon and (bool(original) or names)
        certain = bool(original) or (names and null and from_mailer(senders, fields))
        if not is_report and not _says_failure(told, machine=machine, returns=bool(original), certain=certain):
            return None
    action, status, why = verdict(subject, text)
    ours = {a.email for a in senders} | _mentioned([("to", fields.get("to", ""))], {"to"})
    ours |= _mentioned(original, SENDER_FIELDS)
    emails = _failed(told, ours, _mentioned(original, {"to", "cc", "x-failed-recipients"}))
    emails = emails or _bare_names(told, senders) or _written_to(original)
    return [ReportedRecipient(email, action, status, why) for email in emails[:MAX_RECIPIENTS]]


def is_failure_subject(fields: Mapping[str, str]) -> bool:
    """True for a subject under which mail servers report a failure."""
    return bool(FAILED_SUBJECT.search(fields.get("subject", "")[:MAX_SUBJECT]))


def _is_daemon(sender: Address) -> bool:
    """A mailbox that no person has: unlike a postmaster's."""
    return sender.email.startswith(MAILERS) and "post" not in sender.email.partition("@")[0]


def _says_failure(told: Sequence[str], *, machine: bool, returns: bool, certain: bool) -> bool:
    """Whether a text reports a failure: in words beside what a report is made of, or by its make alone.

    `machine`: no person sent it; `returns`: the header of another mail comes with it; `certain`: words are enough.
    """
    if (certain or any(CODE_LINE.match(line) for line in told)) and FAILED_TEXT.search("\n".join(told)[:6000]):
        return True
    return machine and any(
        returns or _names_somebody(told, place) for place, line in enumerate(told) if _has_code(line)
    )


def _has_code(line: str) -> bool:
    return bool(STATUS_CODE.search(line) or CODE_LINE.match(line) or SURE_CODE.search(line))


def _names_somebody(told: Sequence[str], place: int) -> bool:
    """Whether an address stands on a line or near above it."""
    return any("@" in line and ADDRESS.search(line) for line in told[max(0, place - NEAR) : place + 1])


def _told(text: str) -> list[str]:
    """The lines above the copy of the returned mail."""
    lines = [line[:MAX_LINE] for line in text[: MAX_LINES * MAX_LINE].split("\n")[:MAX_LINES]]
    below = (place for place, line in enumerate(lines) if place and COPY_BELOW.search(line) and any(lines[:place]))
    return lines[: next((place for place in below if not _tells_on(lines[place + 1 :])), len(lines))]


def _tells_on(lines: Sequence[str]) -> bool:
    """Whether a code stands below before any line of a header does: it was no copy that was announced."""
    return any(_has_code(line) for line in takewhile(lambda line: not HEADER_LINE.match(line), lines[: 2 * NEAR]))


@dataclass(slots=True)
class _Named:
    """Addresses that a text holds, by how surely it names them as those that failed; first named first."""

    coded: dict[str, None] = field(default_factory=dict)  # behind a reply code, or in a field of a report
    named: dict[str, None] = field(default_factory=dict)
    held: dict[str, int] = field(default_factory=dict)  # somewhere, and how many times
    listed: bool = False  # an address has begun a line: what sentences name below it is whom to ask

    def add(self, email: str, line: str, before: str) -> None:
        """Add an address by what stands before it on its line."""
        if _is_code(before):
            self.coded[email] = None
        elif not before and not SUMMARY_TO.match(line):
            self.named[email], self.listed = None, True
        elif not self.listed and before.rstrip(" :").lower().endswith(LEADS) and not SUMMARY_TO.match(line):
            self.named[email] = None
        else:
            self.held[email] = self.held.get(email, 0) + 1

    @property
    def surely(self) -> bool:
        """Whether anybody is named, not only held."""
        return bool(self.coded or self.named)


def _failed(lines: Sequence[str], ours: set[str], written_to: set[str]) -> list[str]:
    """Addresses that failed: those behind a code, those that the mail went to, those that lines name as such.

    An address that stands somewhere in a text is believed where the returned mail went to it, where no other
    stands there, or where it is the first of them and the only one that is named again. Those of mailing lists'
    services are named where there are no others.
    """
    found = _named(lines)
    tiers = [[email for email in tier if email not in ours] for tier in (found.coded, found.named, found.held)]
    people = [[email for email in tier if not SERVICE.search(email)] for tier in tiers]
    coded, named, held = people if any(people) else tiers
    if coded or named:
        return coded or [email for email in named if email in written_to] or named
    again = [email for email in held if found.held[email] > 1]
    first = held[:1] if len(held) == 1 or again == held[:1] else []
    return [email for email in held if email in written_to] or first


def _named(lines: Sequence[str]) -> _Named:
    found = _Named()
    above = ""
    for line in _failing(lines):
        wrapped, above = ("" if above.rstrip().endswith(":") else above[-NEAR_WORDS:]), line
        notes = NOTES_LINE.match(line)
        if notes:
            found.coded[normalise(notes[1].strip("<>"))] = None
            continue
        if SUMMARY_FROM.match(line):
            continue
        if found.named and ORIGINAL_LINE.match(line) and "@" in line:
            found.named.popitem()
        for each in ADDRESS.finditer(line):
            before = line[: each.start()]
            email = normalise(each[0].rstrip(".")).removeprefix("smtp=")
            if EXPANDED.search(before):
                found.named[email] = None
            elif not NOT_RECIPIENT.search(before if before.strip() else f"{wrapped} {before}"):
                found.add(email, line, before.strip(MARKS))
    return found


def _failing(lines: Sequence[str]) -> Iterator[str]:
    """The lines without those that tell of success: by their word, or by the reply to the command."""
    section = False  # of addresses below a heading that says so
    for line, below in zip(lines, (*lines[1:], ""), strict=True):
        if SUCCESS.search(line) and not FAILED_TEXT.search(line):
            section = line.rstrip().endswith((":", "-"))
            continue
        section = section and (not line.strip() or "@" in line)
        if not section and not (ACCEPTED.match(below) and COMMAND.search(line)):
            yield line


def _is_code(before: str) -> bool:
    return bool(CODE_ALONE.fullmatch(before.strip(MARKS)))


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
    emails = _mentioned(original, {"to", "cc"})
    return list(emails) if len(emails) == 1 else []


def _mentioned(fields: Sequence[tuple[str, str]], names: Collection[str]) -> set[str]:
    """The addresses in header fields of these names."""
    values = (value[:2000] for name, value in fields if name in names)
    return {normalise(found) for value in values for found in ADDRESS.findall(value)}


def quoted_header(text: str) -> tuple[tuple[str, str], ...]:
    """Header fields of a returned mail that stands in the text itself.

    It begins with a trace field, below words that announce a copy, or as a paragraph of fields with an id.
    """
    lines = text[:200_000].split("\n")[:3000]
    below = False
    fields: list[tuple[str, str]] = []
    for place, line in enumerate(lines):
        if not below:
            below = bool(COPY_BELOW.search(line[:MAX_LINE]))
            begins = line.lower().startswith(("return-path:", "received: ")) or _is_header(lines, place)
            if not begins:
                continue
            below = True
        match = HEADER_LINE.match(line[:2000])
        if match and len(fields) < 100:
            fields.append((match[1].lower(), match[2].strip()))
        elif not line.strip() and len(fields) > 2:
            break
    return tuple(fields) if any(name in {"message-id", "received", "from"} for name, _ in fields) else ()


def _is_header(lines: Sequence[str], place: int) -> bool:
    """Whether a paragraph begins here that holds nothing but header fields, a Message-ID among them."""
    if place and lines[place - 1].strip():
        return False
    names = []
    for line in lines[place : place + HEADER_LINES]:
        if not line.strip():
            break
        if match := HEADER_LINE.match(line[:2000]):
            names.append(match[1].lower())
        elif not (names and line[:1] in " \t"):
            return False
    return len(names) > 2 and "message-id" in names
