"""A deliverer with a real outbox and a real relay that answers as it is told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from mailgate.notice import NoticeKind, Outgoing
from mailgate.outbound.deliver import Deliverer
from mailgate.outbound.lane import RelayState
from mailgate.outbound.relay import SmtpRelay
from mailgate.settings import Relay as RelayConfig
from mailgate.store.attachments import AttachmentStore
from mailgate.store.db import Db, Store
from mailgate.store.queues import outbox
from tests.sink import Sink
from tests.waiting import PATIENCE, until


def clock() -> datetime:
    return datetime.now(UTC)


def mail(cause: str, recipient: str = "karen@client.example", ticket: int | None = None) -> Outgoing:
    return Outgoing(
        kind=NoticeKind.REPLY,
        ticket=ticket,
        cause=cause,
        mail_from="support@bank.example",
        recipient=recipient,
        message_id=f"<{cause}@bank.example>",
        subject=cause,
        data=f"Message-ID: <{cause}@bank.example>\r\nSubject: {cause}\r\n\r\nText.\r\n".encode(),
    )


def from_(outgoing: Outgoing, address: str) -> Outgoing:
    return replace(outgoing, mail_from=address, data=f"From: Sales <{address}>\r\n".encode() + outgoing.data)


def open_tickets(db: Db, *numbers: int) -> None:
    for number in numbers:
        db.run(
            "INSERT INTO ticket (number, subject, status, requester_email, requester_name, department, topic, priority,"
            " sla, address, created_at, updated_at, rest)"
            " VALUES (?, '', 'open', '', '', '', '', '', '', '', 0, 0, '{}')",
            [number],
        )


class Post:
    """A deliverer on a store, with what it told."""

    def __init__(self, store: Store, sink: Sink, folder: Path, relays: Sequence[RelayConfig]) -> None:
        self.store, self.sink = store, sink
        self.attachments = AttachmentStore(folder / "attachments")
        self.unreadable: list[str] = []  # what was mailed about files
        configs = [replace(config, port=sink.port if config.port == 25 else config.port) for config in relays]
        self.deliverer = Deliverer(
            store,
            [(config, partial(SmtpRelay, config, "mx.bank.example")) for config in configs],
            clock,
            take_failure=lambda: None,
            report_file=lambda reply: self.unreadable.append(reply.text),
            attachments=self.attachments,
        )

    @property
    def relay(self) -> RelayState:
        return self.deliverer.states[0]

    async def put(self, *mails: Outgoing) -> None:
        await self.store.write(outbox.add, mails, clock())
        self.deliverer.notify()

    async def refused(self) -> list[outbox.Refused]:
        return await self.store.read(outbox.refused, 10)

    async def rows(self) -> list[Any]:
        return await self.store.read(lambda db: db.all("SELECT * FROM outbox JOIN outgoing USING (id) ORDER BY id"))

    async def states(self) -> list[str]:
        return [row["state"] for row in await self.rows()]

    async def until(self, *states: str) -> list[Any]:
        async def so() -> bool:
            return await self.states() == list(states)

        await until(so)
        return await self.rows()


@asynccontextmanager
async def post(
    path: Path, *, run: bool = True, relays: Sequence[RelayConfig] = (RelayConfig(),), **sink_options: Any
) -> AsyncIterator[Post]:
    async with Sink(**sink_options) as sink:
        store = await Store.open(path / "mailgate.db")
        one = Post(store, sink, path, relays)
        await store.write(open_tickets, 1, 2, 3)
        task = asyncio.create_task(one.deliverer.run()) if run else None
        yield one
        if task is not None:
            await one.deliverer.stop(PATIENCE)
            await task
        await store.close()
