"""The operator's log of mail: one function an event, and nothing else is logged about mail.

Each line is the event's name and `key="value"` pairs; the same values hang on the record
as `mail` for JSON formatters. What strangers wrote is quoted, so that no line of the log
is theirs. Never called by the core; keeps no bodies and no secrets.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from json.encoder import encode_basestring_ascii

from mailgate.errors import MailgateError

log = logging.getLogger("mailgate.mail")

LONGEST = 300  # characters of one value

Value = str | int | float | bool | None


def accepted(*, inbox_id: int, source: str, sender: str | None, recipients: tuple[str, ...], size: int) -> None:
    """A mail is durable in the inbox."""
    _say("accepted", inbox=inbox_id, source=source, sender=sender, recipients=", ".join(recipients), size=size)


def refused(*, peer: str, sender: str | None, recipient: str, code: int, reason: str) -> None:
    """The listener refused a sender, a recipient or a message."""
    _say("refused", peer=peer, sender=sender, recipient=recipient, code=code, reason=reason)


def session_broke(*, peer: str) -> None:
    """A session failed on a mistake of ours; the peer was told to come again."""
    _say("session-error", logging.ERROR, trouble=True, peer=peer)


def sent(*, outbox_id: int, ticket: int | None, kind: str, recipient: str, answer: str, seconds: float) -> None:
    """The relay took a mail; `seconds` since it was written."""
    _say(
        "sent",
        outbox=outbox_id,
        ticket=ticket,
        kind=kind,
        recipient=recipient,
        answer=answer,
        seconds=round(seconds, 3),
    )


def deferred(*, outbox_id: int, ticket: int | None, recipient: str, answer: str, attempts: int, pause: float) -> None:
    """A mail is tried again after `pause` seconds."""
    _say(
        "deferred",
        outbox=outbox_id,
        ticket=ticket,
        recipient=recipient,
        answer=answer,
        attempts=attempts,
        pause=round(pause, 1),
    )


def failed(*, outbox_id: int, ticket: int | None, recipient: str, answer: str, attempts: int) -> None:
    """A mail was given up."""
    _say(
        "failed",
        logging.WARNING,
        outbox=outbox_id,
        ticket=ticket,
        recipient=recipient,
        answer=answer,
        attempts=attempts,
    )


def relay_ill(*, answer: str, failures: int, pause: float) -> None:
    """The relay takes nothing; all outgoing mail waits `pause` seconds."""
    _say("relay-ill", logging.WARNING, answer=answer, failures=failures, pause=round(pause, 1))


def relay_well() -> None:
    """The relay takes mail again."""
    _say("relay-well")


def _say(event: str, level: int = logging.INFO, *, trouble: bool = False, **values: Value) -> None:
    if not log.isEnabledFor(level):
        return
    shown = {key: _cut(value) for key, value in values.items() if value is not None}
    words = " ".join([f"{key}={_quoted(value)}" for key, value in shown.items()])
    log.log(level, "%s %s", event, words, exc_info=trouble, extra={"mail": {"event": event, **shown}})


def _quoted(value: Value) -> str:
    """The value as in JSON; text, which is nearly all, without the way round that `dumps` takes."""
    return encode_basestring_ascii(value) if isinstance(value, str) else json.dumps(value)


def _cut(value: Value) -> Value:
    if isinstance(value, str) and len(value) > LONGEST:
        return value[:LONGEST] + "…"
    return value


def worked(inbox_id: int, ticket: int | None, way: Sequence[str]) -> None:
    """A mail had its effect; `way` is what was decided, a step each."""
    _say("worked", inbox=inbox_id, ticket=ticket, way=" | ".join(way))


def stumbled(inbox_id: int, error: str) -> None:
    """Work on a mail failed and was undone; it is tried again, or quarantined after three tries."""
    _say("stumbled", logging.ERROR, inbox=inbox_id, error=error.strip().splitlines()[-1])
    log.error("%s", error)


def template_broken(kind: str, problem: str) -> None:
    """An administrator's template failed on a notice; the shipped one took its place."""
    _say("template-broken", logging.ERROR, kind=kind, problem=problem)


def storage_trouble(error: MailgateError) -> None:
    """Disk or database would not; the work is taken up again after a pause."""
    _say("storage-trouble", logging.ERROR, reason=error.public, cause=error.cause)
