"""The stage: a desk that runs, people who write to it over SMTP, and what lies in the Maildir afterwards.

Each step says who gets which kind of mail and is over when inbox and outbox are empty.
Anything missing or too much ends the play with `Missed`. What is said to the reader is
the screen's affair.
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

from mailgate.daemon.status import queues
from mailgate.demo.people import Got, Letter, Person, post
from mailgate.reading.encodings.flowed import join
from mailgate.settings import Config
from mailgate.store.db import open_reader

PATIENCE = 15.0  # seconds for what a step promises to happen
LOOK = 0.05  # seconds between looks into the Maildir

Gets = Mapping[Person, str]  # who → kind of mail


class Missed(Exception):
    """A step did not bring what it promised."""


class Screen(Protocol):
    """Where the reader looks."""

    def act(self, title: str) -> None:
        """A ticket's life begins."""

    def step(self, headline: str) -> None:
        """Something is about to happen."""

    def sent(self, letter: Letter) -> None:
        """A person wrote to the desk."""

    def got(self, mail: Got) -> None:
        """The desk wrote to a person."""

    async def breathe(self) -> None:
        """Leave the reader time for one mail."""


class Stage:
    """Plays steps on a running desk."""

    def __init__(self, config: Config, port: int, screen: Screen) -> None:
        self.port = port
        self.screen = screen
        self._config = config
        self._known: set[str] = set()

    async def play(self, headline: str, letter: Letter, gets: Gets) -> dict[Person, Got]:
        """A person writes; exactly these people get exactly these kinds. Raises Missed."""
        self.screen.step(headline)
        self.screen.sent(letter)
        await self.screen.breathe()
        try:
            await asyncio.to_thread(post, letter, self.port)
        except OSError as error:
            raise Missed(f"the desk took no mail: {error}") from error
        return await self._outcome(gets)

    async def wait(self, headline: str, gets: Gets) -> dict[Person, Got]:
        """Nobody writes; time alone brings mail. Raises Missed."""
        self.screen.step(headline)
        return await self._outcome(gets)

    async def _outcome(self, gets: Gets) -> dict[Person, Got]:
        arrived: list[Got] = []
        ends = time.monotonic() + PATIENCE
        while time.monotonic() < ends:
            quiet = await asyncio.to_thread(self._idle)  # before the look: what was sent by then is found
            arrived += await self.show_new()
            if quiet and len(arrived) >= len(gets):
                break
            await asyncio.sleep(LOOK)
        wanted = Counter((person.email, kind) for person, kind in gets.items())
        found = Counter((mail.to, mail.kind) for mail in arrived)
        if wanted != found:
            raise Missed(_difference(wanted, found))
        return {person: next(mail for mail in arrived if mail.to == person.email) for person in gets}

    def _idle(self) -> bool:
        db = open_reader(self._config.storage.database)
        try:
            lengths = queues(db)
        finally:
            db.close()
        return lengths["inbox"] == lengths["outbox"] == 0

    async def show_new(self) -> list[Got]:
        """Show what came into the Maildir since the last look."""
        found = await asyncio.to_thread(self._look)
        for mail in found:
            self.screen.got(mail)
            await self.screen.breathe()
        return found

    def _look(self) -> list[Got]:
        box = Path(self._config.relay.path or "") / "new"
        if not box.is_dir():
            return []
        names = sorted(path.name for path in box.iterdir() if path.name not in self._known)
        self._known.update(names)
        return [read((box / name).read_bytes()) for name in names]


def check(held: bool, promise: str) -> None:  # noqa: FBT001 (reads as a sentence: check(this, "says that"))
    """Raises Missed with the promise when it did not hold."""
    if not held:
        raise Missed(f"broken promise: {promise}")


def _difference(wanted: Counter[tuple[str, str]], found: Counter[tuple[str, str]]) -> str:
    missing = [f"{to} did not get {kind}" for to, kind in wanted - found]
    extra = [f"{to} got {kind}" for to, kind in found - wanted]
    return "; ".join([*missing, *extra])


def read(raw: bytes) -> Got:
    """A mail of the desk as its reader's program shows it."""
    mail = email.message_from_bytes(raw, policy=default)
    body = mail.get_body(("plain",))
    ticket = mail["X-Mailgate-Ticket"]
    return Got(
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
