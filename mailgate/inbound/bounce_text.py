"""Bounces that are told in free text: older and special mail servers.

A text counts as a bounce only when a mail server sent it and it says that a mail was
not delivered; a person who writes about a bounce is a person. Linear in its input.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from mailgate.mail import ReportedRecipient, normalise
from mailgate.model import Address

MAX_LINES = 400
MAX_LINE = 400  # characters
MAX_RECIPIENTS = 50
MAILERS = ("mailer-daemon", "mailerdaemon", "mdaemon", "postmaster", "post_master", "mail-daemon", "mailsystem", "mmdf")
FAILED_SUBJECT = re.compile(
    r"undeliver|delivery (?:status|problem|failure|error|notification|report)|failure (?:notice|delivery)|"
    r"returned mail|mail (?:delivery|not delivered|system error)|could not (?:be )?(?:deliver|send)|not deliver|"
    r"delivery (?:has )?failed|non[- ]remis|nicht zustellbar|unzustellbar|user unknown|delayed|"
    r"still being retried|has not (?:yet )?been delivered|rejected|bounce|nondeliverable|warning: |onbestelbaar|"
    r"impossibile|no se puede|failed to deliver",
    re.IGNORECASE,
)
FAILED_TEXT = re.compile(
    r"(?:could ?n[o']t|cannot|can't|not|un(?:able|successful)|fail\w*|error\w*|impossible|problem\w*)\b[^.]{0,80}?"
    r"\b(?:deliver\w*|be (?:sent|reached|found)|reach\w*|send|route|complete|accept\w*|receiv\w*)|undeliver|"
    r"(?:user|mailbox|recipient|address|account|host|domain)\s+(?:is\s+)?"
    r"(?:unknown|not\s+found|unavailable|full|disabled|rejected|invalid)|"
    r"unknown (?:user|recipient|address|host)|no such (?:user|mailbox|recipient|address|person)|quota|"
    r"over\s?quota|delivery\s.{0,40}failed|does(?:n't| not) (?:exist|have an?)|returned (?:to|mail)|rejected|"
    r"following (?:addresses|recipients?)|temporarily deferred|delayed|not yet been|still be(?:ing)? (?:re)?tr|"
    r"zustell|nicht zugestellt|relay(?:ing)? denied|invalid (?:recipient|user|address)",
    re.IGNORECASE,
)
DELAYED = re.compile(
    r"delay|not yet been|has not (?:yet )?been delivered|will (?:be retried|continue|keep)|still (?:being|trying)|"
    r"warning message only|do not need to re-?send|temporarily",
    re.IGNORECASE,
)
GIVEN_UP = re.compile(
    r"giv(?:en|ing) up|permanent|fatal|failed|will not be|could not be delivered|cannot be|undeliverable", re.IGNORECASE
)
# Below such a line stands the returned mail, whose addresses are nobody's failure.
COPY_BELOW = re.compile(
    r"copy of (?:the|your) (?:original )?message|copy of the (?:message|body)|original (?:mail|message)|"
    r"unsent message|message (?:header|text) (?:follows|below)|returned (?:message|mail) follows|message follows|"
    r"headers? (?:of|from) (?:the|your)|message is (?:included|attached|below)|first \d+ bytes|"
    r"ursprüngliche nachricht|^return-path:|^received: |message contents|text of your (?:message|mail)|"
    r"transcript of message|content of (?:the )?message",
    re.IGNORECASE,
)
ADDRESS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_{|}~.-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,200}[A-Za-z0-9])?")
NOT_RECIPIENT = re.compile(
    r"\b(?:from|contact|help|sender|by|helo|return-path|message-id|reply-to|assistance|e?mail us|visit|mail to|"
    r"write to)\b\W{0,12}$",
    re.IGNORECASE,
)
NOTES_LINE = re.compile(r"^\s*(?:final|original)-recipient\s*:\s*(?:rfc822\s*;)?\s*(\S+@\S+)", re.IGNORECASE)
STATUS_CODE = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")
CODE_LINE = re.compile(r"^\W{0,8}[45]\d\d[ -]")
REPLY_CODE = re.compile(r"\b[45]\d\d[ -]")
HEADER_LINE = re.compile(r"^[>\s]{0,8}([A-Za-z][A-Za-z0-9-]{1,40}):[ \t]+(.{1,2000})$")


def from_mailer(senders: Sequence[Address], fields: Mapping[str, str]) -> bool:
    """True when a mail server says that it wrote the mail."""
    if fields.get("return-path", "").strip() == "<>":
        return True
    names = [(a.email.partition("@")[0], a.name.lower()) for a in senders]
    return any(
        local.startswith(MAILERS) or "mail delivery" in name or "mailer-daemon" in name or name == "mail administrator"
        for local, name in names
    )


def verdict(subject: str, text: str) -> tuple[str, str, str]:
    """Return action ("failed" or "delayed"), status code and what was said, from words alone."""
    lines = _told(text)
    head = "\n".join(lines)[:4000]
    delayed = bool(DELAYED.search(subject)) or (bool(DELAYED.search(head)) and not GIVEN_UP.search(subject + head))
    code = STATUS_CODE.search(head)
    why = next((" ".join(line.split()) for line in lines if REPLY_CODE.search(line) or STATUS_CODE.search(line)), "")
    return "delayed" if delayed else "failed", code[1] if code else "", why[:300]


def read(
    senders: Sequence[Address], fields: Mapping[str, str], text: str, *, report: bool, returned: bool
) -> list[ReportedRecipient] | None:
    """Recipients that a mail server's text names; None when it does not say that a mail was not delivered.

    `report`: it is a multipart/report; `returned`: it holds the header of another mail.
    """
    subject = fields.get("subject", "")
    told = _told(text)
    named = bool(FAILED_SUBJECT.search(subject))
    if not report and not named:
        says = FAILED_TEXT.search("\n".join(told)[:6000])
        if not says or not (returned or any(CODE_LINE.match(line) for line in told)):
            return None
    auto_reply = fields.get("auto-submitted", "").lower().startswith("auto-replied")
    if (auto_reply or "auto_reply" in fields.get("precedence", "")) and not report and not named:
        return None
    action, status, why = verdict(subject, text)
    ours = {a.email for a in senders} | {normalise(found) for found in ADDRESS.findall(fields.get("to", "")[:2000])}
    emails = [email for email in _addresses(told) if email not in ours]
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
        for found in ADDRESS.finditer(line):
            if NOT_RECIPIENT.search(line[: found.start()]):
                continue
            before = line[: found.start()].strip(" \t<([\"'*-")
            opens = (
                not before
                or CODE_LINE.match(f"{before} ")
                or before.lower().endswith(("to", "for", "recipient", "address", "user", "to:", "rcpt to:"))
            )
            email = normalise(found[0].rstrip(".")).removeprefix("smtp=")
            (strong if opens else weak)[email] = None
    return list(strong or weak)


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
