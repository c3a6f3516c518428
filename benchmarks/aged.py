"""Fills a desk's database with the tickets of years, by SQL: a million of them in a few minutes.

Each ticket leaves what mailgate writes for one that was answered and closed: messages, events, mails in and out, and
the words by which it is found as similar. What they say is drawn from a vocabulary with the frequencies of a language
(Zipf's law), from a fixed seed.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from pathlib import Path
from typing import Any

from mailgate.config.load import load
from mailgate.rules.notices.similar import KEPT, words_of
from mailgate.rules.ticket.acts import Stamp
from mailgate.rules.ticket.lifecycle import open_ticket
from mailgate.settings import Config
from mailgate.store.columns import insert_sql
from mailgate.store.db import Db, open_writer
from mailgate.store.tickets.rows import Columns, entry_row, event_row, ticket_row
from mailgate.ticket import Actor, Address, Entry, EntryKind, Event, EventKind, Status, Ticket

FIRST = 1001  # number of the first ticket
YEARS = timedelta(days=5 * 365)  # that the tickets are spread over
_VOCABULARY = 30_000  # words
_TEXT, _SUBJECT = 70, 5  # words of a message, of a subject
_AT_ONCE = 5000  # tickets in one transaction
_ANN = Address("ann@desk.example", "Ann Reyes")


def fill(folder: Path, closed: int, active: int) -> None:
    """Add closed tickets, then open ones, to the desk in `folder`, which has a configuration and no ticket."""
    config, _ = load(folder / "config.toml")
    db = open_writer(config.storage.database)
    db.run("PRAGMA cache_size = -400000")  # kB
    desk = _Desk(config, random.Random(1), closed + active)
    for start in range(0, closed + active, _AT_ONCE):
        with db.transaction():
            for place in range(start, min(start + _AT_ONCE, closed + active)):
                desk.make(place, ended=place < closed)
            desk.write(db)
    db.close()


class _Desk:
    """Makes the rows of one ticket after the other."""

    def __init__(self, config: Config, chance: random.Random, count: int) -> None:
        self._config = config
        self._chance = chance
        self._words = [*_vocabulary(chance)]
        self._weights = [*accumulate(1 / rank for rank in range(2, _VOCABULARY + 2))]
        self._now = datetime.now(UTC)
        self._step = YEARS / max(count, 1)
        self._count = count
        self._rows: dict[str, list[Columns]] = {}

    def write(self, db: Db) -> None:
        """Write the rows that were made."""
        for table in ("inbox", "ticket", "entry", "event", "known_id", "deadline", "outbox", "ended_word"):
            if rows := self._rows.pop(table, []):
                db.many(insert_sql(table, (*rows[0],)), [[*row.values()] for row in rows])

    def make(self, place: int, *, ended: bool) -> None:
        """Make the rows of a ticket."""
        number = FIRST + place
        at = self._now - self._step * (self._count - place)
        # A requester writes some ten times in all.
        requester = Address(f"karen{self._chance.randrange(self._count // 10 + 1)}@client.example", "Karen Client")
        subject, text = self._text(_SUBJECT).capitalize(), self._text(_TEXT)
        ticket = self._ticket(number, at, requester, subject)
        by = Actor.requester(requester.email)
        message = Entry(
            kind=EntryKind.MESSAGE,
            by=by,
            author=requester,
            at=at,
            text=text,
            message_id=f"<m{number}@client.example>",
            inbox_id=place + 1,
        )
        change = open_ticket(ticket, Stamp(by, at), self._config, {}, message)
        after, events, entries = change.after, [*change.events], [message]
        if ended:
            agent, then = Actor.agent("ann"), at + timedelta(hours=3)
            entries.append(Entry(kind=EntryKind.REPLY, by=agent, author=_ANN, at=then, text=self._text(_TEXT // 2)))
            events += [
                Event(kind=EventKind.REPLIED, by=agent, at=then),
                Event(kind=EventKind.STATUS_CHANGED, by=agent, at=then, before="open", after="closed"),
            ]
        self._add("ticket", {**ticket_row(after), **(_ended(at + timedelta(hours=3)) if ended else {})})
        for entry in entries:
            self._add("entry", entry_row(number, entry))
        for event in events:
            self._add("event", event_row(number, event))
        self._mails(number, place + 1, at, requester.email, subject)
        if ended:
            for word in words_of(subject, text, KEPT):
                self._add("ended_word", {"word": word, "ticket": number})

    def _ticket(self, number: int, at: datetime, requester: Address, subject: str) -> Ticket:
        return Ticket(
            number=number,
            subject=subject,
            status=Status.OPEN,
            requester=requester,
            department="Support",
            topic="General Inquiry",
            priority="Normal",
            sla="Default SLA",
            address="support@bank.example",
            created_at=at,
            updated_at=at,
            sla_started_at=at,
        )

    def _mails(self, number: int, inbox_id: int, at: datetime, email: str, subject: str) -> None:
        seconds = at.timestamp()
        self._add(
            "inbox",
            {
                "id": inbox_id,
                "source": "smtp",
                "source_key": f"smtp:{inbox_id}",
                "size": 2000,
                "sender": email,
                "recipients": '["support@bank.example"]',
                "arrived_at": seconds,
                "received_at": seconds,
                "state": "done",
                "message_id": f"<m{number}@client.example>",
                "from_email": email,
                "subject": subject,
                "ticket": number,
                "done_at": seconds,
                "way": json.dumps(["screened: human (no-machine-sign)", f"ticket: {number} opened"]),
            },
        )
        self._add("known_id", {"message_id": f"<m{number}@client.example>", "ticket": number})
        for kind, recipient, agent in (("acknowledgement", email, ""), ("new-ticket", "ann@desk.example", "ann")):
            self._add(
                "outbox",
                {
                    "ticket": number,
                    "inbox_id": inbox_id,
                    "kind": kind,
                    "cause": f"smtp:{inbox_id}",
                    "mail_from": "support@bank.example",
                    "recipient": recipient,
                    "agent": agent,
                    "message_id": f"<n.{kind[0]}.{number}.sgvrtg3tnz3dpaeqw76hmz7cvdtmq@bank.example>",
                    "subject": f"[#{number}] {subject}",
                    "state": "sent",
                    "created_at": seconds,
                    "next_attempt_at": seconds,
                    "sent_at": seconds,
                    "answer": "250 2.0.0 Ok",
                },
            )

    def _add(self, table: str, row: dict[str, Any]) -> None:
        self._rows.setdefault(table, []).append(row)

    def _text(self, count: int) -> str:
        return " ".join(self._chance.choices(self._words, cum_weights=self._weights, k=count))


def _ended(at: datetime) -> Columns:
    return {"status": "closed", "resolved_at": at.timestamp(), "closed_at": at.timestamp(), "due_at": None}


def _vocabulary(chance: random.Random) -> Iterator[str]:
    """Words of two to four syllables; the first ones, which are the most frequent, are those of a help desk."""
    known = ["printer", "portal", "password", "invoice", "login", "screen", "network", "scanner", "account", "order"]
    yield from known
    seen = {*known}
    while len(seen) < _VOCABULARY:
        word = "".join(
            chance.choice("bdfgklmnprstvwz") + chance.choice("aeiou") + chance.choice(("", "n", "r", "s", "l"))
            for _ in range(chance.randint(2, 4))
        )
        if word not in seen:
            seen.add(word)
            yield word
