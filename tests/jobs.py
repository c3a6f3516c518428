"""Claimed mails that were never in a database."""

from __future__ import annotations

from datetime import UTC, datetime

from mailgate.notice import NoticeKind
from mailgate.store.queues.outbox import Job

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


def job(number: int, *, size: int = 100, from_: str = "", mail_from: str = "support@bank.example") -> Job:
    return Job(
        id=number,
        kind=NoticeKind.REPLY,
        ticket=None,
        cause=f"cause-{number}",
        mail_from=mail_from,
        recipient=f"r{number}@client{number}.example",
        agent="",
        message_id=f"<m{number}@bank.example>",
        subject="Printer",
        data=(f"From: Desk <{from_}>\r\n" if from_ else "").encode() + b"Subject: Printer\r\n\r\nText.\r\n",
        files=(),
        size=size,
        attempts=1,
        created_at=NOW,
    )
