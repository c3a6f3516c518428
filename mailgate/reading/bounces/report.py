"""Delivery reports: who was not reached, how finally, and which mail of ours it was.

Reads RFC 3464 reports, RFC 5965 feedback and the fields that some servers add to plain
text. Free text is `mailgate.reading.bounces.prose`'s. It says what a report claims;
whether it is trusted is decided later, by a signed address or a returned id of ours.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from mailgate.mail import Bounce, ReportedRecipient, normalise
from mailgate.reading.bounces import prose
from mailgate.reading.bounces.prose import STATUS_CODE
from mailgate.reading.encodings.charset import Guesses
from mailgate.reading.mime import headers, parts
from mailgate.reading.mime import leaves as mime
from mailgate.reading.mime.parts import Part
from mailgate.ticket import Address

MAX_RECIPIENTS = 200
MAX_STATUS = 200_000  # bytes of a delivery-status part
MAX_ORIGINAL = 200_000  # bytes of a returned message that are searched for its header
MAX_ORIGINAL_FIELDS = 100
MAX_ENCLOSED = 1_000_000  # bytes of an enclosed message that are searched for a report
MAX_DIAGNOSTIC = 500  # characters
REACHED = frozenset({"delivered", "relayed", "expanded"})  # actions of RFC 3464 2.3.3 that mean success
HEX_ESCAPE = re.compile(r"\\x\{([0-9A-Fa-f]{1,6})\}")
ADDRESS = re.compile(r"[^\s<>\"(),;:\[\]]{1,200}@[^\s<>\"(),;:\[\]]{1,200}")


def read(
    root: Part, senders: Sequence[Address], text: str, fields: Mapping[str, str], *, null: bool = False
) -> Bounce | None:
    """Return what the message reports, or None when it is no report.

    `fields` are the first values of the header fields, by lower-case name; `null`: its reverse path is null.
    """
    leaves = list(_leaves(root))
    found = _report(root)  # a gateway may have put a footer beside it
    report, kind = found is not None, found.params.get("report-type", "").lower() if found else ""
    if kind in {"disposition-notification", "tlsrpt"}:  # RFC 8460 5.3: on encryption in general, not on a mail
        return None
    if kind == "feedback-report" or (report and any(p.type == "message/feedback-report" for p in leaves)):
        return _feedback(leaves)
    robot = null or prose.from_mailer(senders, fields)
    statuses = [part for part in leaves if part.type in {"message/delivery-status", "message/global-delivery-status"}]
    if statuses and (report or robot or prose.is_failure_subject(fields)):
        recipients = _recipients(statuses)
        missed = [each for each in recipients if each.action not in REACHED]
        if missed:
            return _bounce(missed, _original(leaves, text))
        if recipients:
            return None  # a receipt: everybody was reached
    if not report and not robot:
        return None
    inner = _enclosed_report(leaves, fields) if not report else None
    if inner is not None:
        return inner
    original = _original(leaves, text)
    failed = ADDRESS.findall(fields.get("x-failed-recipients", "")[:10_000])[:MAX_RECIPIENTS]
    if failed and robot:
        action, status, why = prose.verdict(fields.get("subject", ""), text)
        return _bounce([ReportedRecipient(normalise(a), action, status, why) for a in failed], original)
    told = prose.read(senders, fields, text, report=report, null=null, original=original)
    return _bounce(told, original) if told is not None else None


def _report(part: Part) -> Part | None:
    """The multipart/report that the message is, or of which it consists beside other parts."""
    if part.type == "multipart/report":
        return part
    return next((found for inner in part.parts if (found := _report(inner))), None)


def _enclosed_report(leaves: Sequence[Part], fields: Mapping[str, str]) -> Bounce | None:
    """The report that a mail server between passed on as an enclosed message."""
    for part in leaves:
        if part.type == "message/rfc822":
            root = parts.read(mime.head(part, MAX_ENCLOSED), Guesses()).root
            if root.type == "multipart/report":
                return read(root, (), "", fields)
    return None


def _bounce(recipients: Sequence[ReportedRecipient], original: tuple[tuple[str, str], ...]) -> Bounce:
    failed = [r for r in recipients if r.action == "failed"]
    kind = "failed" if failed or not any(r.action == "delayed" for r in recipients) else "delayed"
    found = next((value for name, value in original if name == "message-id"), "")
    ids = headers.identifiers(found)
    return Bounce(kind, tuple(failed or recipients), ids[0] if ids else "", original)


def _leaves(part: Part) -> Iterator[Part]:
    if part.multipart:
        for inner in part.parts:
            yield from _leaves(inner)
    else:
        yield part


def _recipients(statuses: Sequence[Part]) -> list[ReportedRecipient]:
    """The per-recipient groups of the delivery status (RFC 3464 2.3), each address once."""
    found: dict[str, ReportedRecipient] = {}
    for part in statuses:
        for group in _groups(mime.head(part, MAX_STATUS)):
            recipient = _recipient(group)
            if recipient and len(found) < MAX_RECIPIENTS:
                known = found.get(recipient.email)
                if known is None or (known.action != "failed" and recipient.action == "failed"):
                    found[recipient.email] = recipient
    return list(found.values())


def _groups(data: bytes) -> Iterator[dict[str, str]]:
    """Groups of fields; a group also begins where a recipient is named again without an empty line."""
    group: dict[str, str] = {}
    guesses = Guesses()
    for block in (block.lstrip(b"\r\n") for block in re.split(rb"\n[ \t]*\r?\n", data)):
        if group:
            yield group
        group = {}
        at = 0
        while match := parts.FIELD.match(block, at):
            at = match.end()
            name = match[1].decode("latin-1").lower()
            if name in group and name in {"final-recipient", "original-recipient", "action"}:
                yield group
                group = {}
            group.setdefault(name, headers.text(match[2], guesses))
    if group:
        yield group


def _recipient(group: Mapping[str, str]) -> ReportedRecipient | None:
    final = _typed(group.get("final-recipient", ""))
    original = _typed(group.get("original-recipient", ""))
    # The address that we wrote to is the original one (RFC 3464 2.3.1); a final one may be a forward's.
    email = original if "@" in original else final if "@" in final else original or final
    if not email:
        return None
    diagnostic = group.get("diagnostic-code", "").partition(";")
    code = STATUS_CODE.search(group.get("status", "")) or STATUS_CODE.search(group.get("diagnostic-code", ""))
    action = group.get("action", "").split("(")[0].strip().lower()
    status = code[1] if code else ""
    if not action:
        action = "delayed" if status.startswith("4") else "failed"
    why = " ".join((diagnostic[2] or diagnostic[0]).split())[:MAX_DIAGNOSTIC]
    return ReportedRecipient(normalise(email), "failed" if action == "fail" else action, status, why)


def _typed(value: str) -> str:
    """The address in `rfc822; ann@…` or `utf-8; …` with its escapes (RFC 6533 3)."""
    kind, _, address = value.partition(";") if ";" in value else ("", "", value)
    if kind.strip().lower() in {"x400", "x-x400"}:
        return ""
    address = HEX_ESCAPE.sub(lambda m: chr(int(m[1], 16)) if int(m[1], 16) < 0xD800 else m[0], address)
    found = ADDRESS.search(address)
    return found[0].strip("'.") if found else address.strip(" <>\"'").split(" ")[0]


def _original(leaves: Sequence[Part], text: str) -> tuple[tuple[str, str], ...]:
    """Header fields of the returned mail: from its part, else from where the text quotes it."""
    for part in leaves:
        if part.type in {"message/rfc822", "message/global", "text/rfc822-headers", "message/global-headers"}:
            guesses = Guesses()
            root = parts.read(mime.head(part, MAX_ORIGINAL), guesses).root
            if root.fields:
                return tuple((name, headers.text(value, guesses)) for name, value in root.fields[:MAX_ORIGINAL_FIELDS])
    return prose.quoted_header(text)


def _feedback(leaves: Sequence[Part]) -> Bounce:
    """An abuse report (RFC 5965): which mail of ours somebody complained about."""
    reported: list[ReportedRecipient] = []
    for part in leaves:
        if part.type == "message/feedback-report":
            for group in _groups(mime.head(part, MAX_STATUS)):
                email = _typed(group.get("original-rcpt-to", ""))
                if "@" in email:
                    reported.append(ReportedRecipient(normalise(email), "feedback", "", group.get("feedback-type", "")))
    original = _original(leaves, "")
    found = next((value for name, value in original if name == "message-id"), "")
    ids = headers.identifiers(found)
    return Bounce("feedback", tuple(reported), ids[0] if ids else "", original)
