"""Runs the steps of the demo on a running desk and checks the mail that it sends.

A step names the people who receive mail, each with the notice kind, and is complete when the
inbox and the outbox are empty. A missing or an unexpected mail raises `StepFailed`.
"""

from __future__ import annotations

import asyncio
import email
import time
from collections import Counter
from collections.abc import Mapping
from email.policy import default
from pathlib import Path
from typing import Protocol

from mailgate.daemon.status import queue_lengths
from mailgate.demo.mail_client import Person, ReceivedMail, SentMail, send
from mailgate.reading.encodings.flowed import join
from mailgate.settings import Config
from mailgate.store.db import open_reader

STEP_TIMEOUT = 120.0  # seconds for the expected mail of a step to arrive, on a slow machine too
TIMED = frozenset({"overdue"})  # notices of a timer, which may arrive during the step before theirs
POLL_INTERVAL = 0.05  # seconds between reads of the Maildir

Expected = Mapping[Person, str]  # recipient → notice kind


class StepFailed(Exception):
    """A step did not have the expected result; the message names the difference."""


class Output(Protocol):
    """Shows the course of the demo to the reader."""

    def ticket(self, title: str) -> None:
        """Begin the section of a ticket."""

    def step(self, headline: str) -> None:
        """Announce a step."""

    def sent(self, mail: SentMail) -> None:
        """Show a mail to the desk."""

    def received(self, mail: ReceivedMail) -> None:
        """Show a mail of the desk."""

    async def pause(self) -> None:
        """Give the reader time for one mail."""


class Runner:
    """Runs steps on a desk that accepts mail by SMTP on `port` and delivers into a Maildir."""

    def __init__(self, config: Config, port: int, output: Output) -> None:
        self.port = port
        self.output = output
        self._config = config
        self._known: set[str] = set()  # names of the files in the Maildir that were shown
        self.early: list[ReceivedMail] = []  # notices of a timer that arrived before the step that expects them

    async def send(self, headline: str, mail: SentMail, expected: Expected) -> dict[Person, ReceivedMail]:
        """Send a mail and return what each person received. Raises StepFailed unless that is as expected."""
        self.output.step(headline)
        self.output.sent(mail)
        await self.output.pause()
        try:
            await asyncio.to_thread(send, mail, self.port)
        except OSError as error:
            raise StepFailed(f"the desk did not accept the mail: {error}") from error
        return await self._receive(expected)

    async def wait(self, headline: str, expected: Expected) -> dict[Person, ReceivedMail]:
        """Like `send`, but without a mail: wait for a timer of the desk."""
        self.output.step(headline)
        return await self._receive(expected)

    async def _receive(self, expected: Expected) -> dict[Person, ReceivedMail]:
        arrived, self.early = self.early, []
        deadline = time.monotonic() + STEP_TIMEOUT
        while time.monotonic() < deadline:
            idle = await asyncio.to_thread(self._idle)  # before the Maildir is read: all mail sent by then is seen
            arrived += await self.show_new()
            self.early += [mail for mail in arrived if mail.kind in TIMED - {*expected.values()}]
            arrived = [mail for mail in arrived if mail not in self.early]
            if idle and len(arrived) >= len(expected):
                break
            await asyncio.sleep(POLL_INTERVAL)
        wanted = Counter((person.email, kind) for person, kind in expected.items())
        found = Counter((mail.to, mail.kind) for mail in arrived)
        if wanted != found:
            raise StepFailed(_difference(wanted, found))
        return {person: next(mail for mail in arrived if mail.to == person.email) for person in expected}

    def _idle(self) -> bool:
        db = open_reader(self._config.storage.database)
        try:
            lengths = queue_lengths(db)
        finally:
            db.close()
        return lengths["inbox"] == lengths["outbox"] == 0

    async def show_new(self) -> list[ReceivedMail]:
        """Show the mail that the desk delivered since the last call; returns it."""
        found = await asyncio.to_thread(self._read_new)
        for mail in found:
            self.output.received(mail)
            await self.output.pause()
        return found

    def _read_new(self) -> list[ReceivedMail]:
        folder = Path(self._config.relays[0].path or "") / "new"
        if not folder.is_dir():
            return []
        names = sorted(path.name for path in folder.iterdir() if path.name not in self._known)
        self._known.update(names)
        return [parse((folder / name).read_bytes()) for name in names]


def require(condition: bool, promise: str) -> None:  # noqa: FBT001 (reads as a sentence: require(this, "says that"))
    """Raise StepFailed with the promise when the condition is false."""
    if not condition:
        raise StepFailed(f"broken promise: {promise}")


def _difference(wanted: Counter[tuple[str, str]], found: Counter[tuple[str, str]]) -> str:
    missing = [f"{to} did not receive {kind}" for to, kind in wanted - found]
    unexpected = [f"{to} received {kind}" for to, kind in found - wanted]
    return "; ".join([*missing, *unexpected])


def parse(raw: bytes) -> ReceivedMail:
    """Parse a mail of the desk."""
    mail = email.message_from_bytes(raw, policy=default)
    body = mail.get_body(("plain",))
    ticket = mail["X-Mailgate-Ticket"]
    return ReceivedMail(
        to=str(mail["Delivered-To"] or ""),
        kind=str(mail["X-Mailgate-Notice"] or ""),
        ticket=int(ticket) if ticket else None,
        sender=str(mail["From"]),
        subject=str(mail["Subject"]),
        text=join(body.get_content()) if body else "",
        message_id=str(mail["Message-ID"]),
        references=str(mail["References"] or ""),
        reply_to=str(mail["Reply-To"] or mail["From"]),
        date=str(mail["Date"]),
    )
