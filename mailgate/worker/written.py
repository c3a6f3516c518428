"""Notices as finished mails, for the outbox. What they are about is written elsewhere (`apply.py`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from mailgate.desk.outcome import Context
from mailgate.notice import Notice, Outgoing
from mailgate.rules.notices.confidential import masked
from mailgate.rules.notices.waiting import GATHERED, SPARE, not_before
from mailgate.store.db import Db
from mailgate.store.queues import outbox, trace
from mailgate.system import maillog
from mailgate.writing.compose import compose


def write_mail(notices: Sequence[Notice], context: Context) -> list[Outgoing]:
    """Render and compose notices: head and words of each mail, and which files belong in it."""
    return [_compose(masked(notice, context.config), context) for notice in notices]


def subject_of(notice: Notice, context: Context) -> str:
    """The subject of a notice's mail, for a dry run."""
    return _compose(masked(notice, context.config), context).subject


def _compose(notice: Notice, context: Context) -> Outgoing:
    waits = not_before(notice, context.config, context.now)
    at = waits or context.now  # "due tomorrow" is wrong in the morning after a night of quiet hours
    rendered = context.renderer.render(notice, context.config, context.keyring, at)
    if rendered.problem:
        maillog.template_error(notice.kind, rendered.problem)
    mail = compose(notice, rendered, context.config, context.keyring, at)
    if waits and notice.kind in GATHERED:
        waits += SPARE
    return replace(mail, not_before=waits) if waits else mail


def save_alerts(db: Db, notices: Sequence[Notice], context: Context) -> None:
    """Write alerts whose changes are written. Of a mail about several tickets, each ticket's trace has a line."""
    outbox.add(db, write_mail(notices, context), context.now)
    trace.add(
        db,
        [
            trace.Line(
                at=context.now,
                direction="out",
                step="together",
                text=f"{notice.kind} about tickets {', '.join(map(str, notice.numbers))}",
                address=notice.to.email,
                ticket=number,
            )
            for notice in notices
            for number in notice.numbers
        ],
    )
