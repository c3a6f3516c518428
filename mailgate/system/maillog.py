"""The mail log: one function per event.

A line is the event's name and `key="value"` pairs; the record has the same values as the
attribute `mail`, for JSON formatters. Text from outside is quoted as in JSON, so that it
cannot forge a line. Bodies and secrets are never logged.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Sequence
from json.encoder import encode_basestring_ascii

from mailgate.errors import MailgateError

log = logging.getLogger("mailgate.mail")

_QUEUE_ID = re.compile(r"\b(?:queued as\s+|id=|InternalId=)([A-Za-z0-9][\w.@-]{2,80})", re.IGNORECASE)
LONGEST = 300  # characters of one value

Value = str | int | float | bool | None


def accepted(*, inbox_id: int, source: str, sender: str | None, recipients: tuple[str, ...], size: int) -> None:
    """A mail is durable in the inbox."""
    _say("accepted", inbox=inbox_id, source=source, sender=sender, recipients=", ".join(recipients), size=size)


def refused(*, peer: str, sender: str | None, recipient: str, code: int, reason: str) -> None:
    """The SMTP listener refused a sender, a recipient or a message."""
    _say("refused", peer=peer, sender=sender, recipient=recipient, code=code, reason=reason)


def session_error(*, peer: str) -> None:
    """An SMTP session ended with an exception; the peer got a temporary error."""
    _say("session-error", logging.ERROR, exc_info=True, peer=peer)


def sent(
    *, outbox_id: int, ticket: int | None, kind: str, recipient: str, message_id: str, answer: str, seconds: float
) -> None:
    """The relay accepted a mail, `seconds` after it was written; with its own id for it, where the answer names one."""
    _say(
        "sent",
        outbox=outbox_id,
        ticket=ticket,
        kind=kind,
        recipient=recipient,
        message_id=message_id,
        queue_id=queue_id(answer),
        answer=answer,
        seconds=round(seconds, 3),
    )


def queue_id(answer: str) -> str | None:
    """The id that a relay gave a mail: "queued as ID" (Postfix), "OK id=ID" (Exim), "[InternalId=ID, …]" (Exchange)."""
    found = _QUEUE_ID.search(answer)
    return found[1] if found else None


def deferred(
    *, outbox_id: int, ticket: int | None, recipient: str, message_id: str, answer: str, attempts: int, pause: float
) -> None:
    """The relay deferred a mail; it is tried again after `pause` seconds."""
    _say(
        "deferred",
        outbox=outbox_id,
        ticket=ticket,
        recipient=recipient,
        message_id=message_id,
        answer=answer,
        attempts=attempts,
        pause=round(pause, 1),
    )


def failed(*, outbox_id: int, ticket: int | None, recipient: str, message_id: str, answer: str, attempts: int) -> None:
    """A mail was given up: the relay refused it for good, or it expired."""
    _say(
        "failed",
        logging.WARNING,
        outbox=outbox_id,
        ticket=ticket,
        recipient=recipient,
        message_id=message_id,
        answer=answer,
        attempts=attempts,
    )


def relay_down(*, relay: str, answer: str, failures: int, pause: float) -> None:
    """A relay accepts no mail; its outgoing mail waits `pause` seconds."""
    _say("relay-down", logging.WARNING, relay=relay, answer=answer, failures=failures, pause=round(pause, 1))


def relay_up(*, relay: str) -> None:
    """A relay accepts mail again."""
    _say("relay-up", relay=relay)


def relay_throttled(*, relay: str, answer: str, pause: float) -> None:
    """A relay asks for fewer connections or less mail; one connection stays closed for `pause` seconds."""
    _say("relay-throttled", relay=relay, answer=answer, pause=round(pause, 1))


def _say(event: str, level: int = logging.INFO, *, exc_info: bool = False, **values: Value) -> None:
    if not log.isEnabledFor(level):
        return
    shown = {key: _cut(value) for key, value in values.items() if value is not None}
    words = " ".join([f"{key}={_quoted(value)}" for key, value in shown.items()])
    log.log(level, "%s %s", event, words, exc_info=exc_info, extra={"mail": {"event": event, **shown}})


def _quoted(value: Value) -> str:
    """The value as JSON; the encoder for text is called directly, which is faster than `dumps`."""
    return encode_basestring_ascii(value) if isinstance(value, str) else json.dumps(value)


def _cut(value: Value) -> Value:
    if isinstance(value, str) and len(value) > LONGEST:
        return value[:LONGEST] + "…"
    return value


def processed(inbox_id: int, ticket: int | None, message_id: str, way: Sequence[str]) -> None:
    """A mail was processed and committed; `way` names each decision."""
    _say("processed", inbox=inbox_id, ticket=ticket, message_id=message_id or None, way=" | ".join(way))


def processing_failed(inbox_id: int, error: str) -> None:
    """Processing a mail failed and was rolled back; it is retried, and quarantined after three tries."""
    _say("processing-failed", logging.ERROR, inbox=inbox_id, error=error.strip().splitlines()[-1])
    log.error("%s", error)


def put_off(inbox_id: int, error: str, pause: float) -> None:
    """A mail waits for a file that cannot be read; it is tried again after `pause` seconds."""
    _say("put-off", logging.ERROR, inbox=inbox_id, error=error, retry_in=round(pause))


def template_error(kind: str, problem: str) -> None:
    """A template of the administrator failed on a notice; the shipped one was used."""
    _say("template-error", logging.ERROR, kind=kind, problem=problem)


def storage_error(error: MailgateError) -> None:
    """Disk or database failed; the work is retried after a pause."""
    _say("storage-error", logging.ERROR, reason=error.public, cause=error.cause)
