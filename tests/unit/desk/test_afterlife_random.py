"""Random lives after resolution, killed in the middle: all is derived from events, nothing happens twice."""

from __future__ import annotations

import random
import re
from datetime import timedelta
from urllib.parse import unquote

import pytest

from mailgate.rules.ticket.as_json import ticket_json
from mailgate.rules.ticket.rating import RATINGS
from mailgate.store.db import open_writer
from mailgate.store.queues import inbox, outbox
from mailgate.store.tickets import tickets
from mailgate.ticket import EntryKind, EventKind
from mailgate.worker.runtime import make_runtime
from mailgate.worker.secrets import open_secrets
from tests.desk import KAREN, Bench, Sent
from tests.replay import derived

AGENTS = ("Elliot Alderson <elliot@bank.example>", "Ann Reyes <ann@bank.example>")
STEPS = 25


class Killed(BaseException):
    """The process dies here."""


class Life:
    """One ticket's random life; `said` are the words of every answer, sent, held or forgotten."""

    def __init__(self, bench: Bench, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
        self.bench, self.dice, self.patch = bench, random.Random(seed), monkeypatch
        self.alerts: dict[str, list[Sent]] = {}
        self.asked: list[Sent] = []
        self.held: list[Sent] = []
        self.said: list[str] = []
        self.got(bench.send(KAREN, "It does not open."))

    def got(self, mails: list[Sent]) -> None:
        for mail in mails:
            if mail.kind in ("new-ticket", "new-message", "colleague-reply"):
                self.alerts.setdefault(mail.to, []).append(mail)
            self.held += [mail] if mail.kind == "held" and "mailto:" in mail.text else []
            self.asked += [mail] if "%23good" in mail.text and mail.to == "karen@client.example" else []

    def write(self, sender: str, text: str, **more: object) -> None:
        """Send a mail, perhaps with a death in the middle of its work."""
        if self.dice.random() < 0.4:
            self.die_in_the_middle_of(sender, text, **more)
        else:
            self.got(self.bench.send(sender, text, **more))

    def die_in_the_middle_of(self, sender: str, text: str, **more: object) -> None:
        self.bench.now += timedelta(seconds=1)
        self.bench.accept(self.bench.write(sender, text, **more))

        def die(*_: object, **__: object) -> None:
            raise Killed

        with self.patch.context() as patched:
            patched.setattr(inbox, "end", die)
            with pytest.raises(Killed):
                self.bench.drain()
        self.restart()
        self.got(self.bench.drain())

    def restart(self) -> None:
        self.bench.db.close()
        self.bench.db = open_writer(self.bench.config.storage.database)
        self.bench.desk = make_runtime(self.bench.config, open_secrets(self.bench.db, self.bench.config))

    # ── what happens ────────────────────────────────────────────────────────────────────

    def answers(self) -> None:
        who = self.dice.choice(AGENTS)
        mails = self.alerts.get(who.partition("<")[2].rstrip(">"), [])
        if mails:
            self.said.append(f"Answer {len(self.said)} of somebody.")
            orders = self.dice.choice(("", "#resolved\n\n", "#closed\n\n", "#pending\n\n", "#assign me\n\n"))
            self.write(who, orders + self.said[-1], answers=self.dice.choice(mails[-3:]))

    def orders(self) -> None:
        who = self.dice.choice(AGENTS)
        mails = self.alerts.get(who.partition("<")[2].rstrip(">"), [])
        if mails:
            self.write(who, self.dice.choice(("#resolved", "#closed", "#release", "#away", "#back")), answers=mails[-1])

    def thanks(self) -> None:
        text = self.dice.choice(("Thanks!", "It is down again.", "#close", "#reopen", "#close\n\nThanks"))
        self.write(KAREN, text, subject="[#1001] Portal is down")

    def rates(self) -> None:
        if self.asked:
            words = self.dice.choice(("", "\n\nSome words."))
            self.write(KAREN, f"#{self.dice.choice(RATINGS)}{words}", answers=self.dice.choice(self.asked))

    def releases(self) -> None:
        if self.held:
            mail = self.dice.choice(self.held)
            found = re.search(r"mailto:(\S+?)\?\S*body=(\S+)", mail.text)
            assert found
            self.write(mail.to, unquote(found[2]).replace("\r\n", "\n"), to=unquote(found[1]), subject=mail.subject)

    def waits(self) -> None:
        with self.bench.db.transaction():
            rows = self.bench.db.all("SELECT id FROM outbox WHERE state = 'queued'")
            outbox.sent(self.bench.db, [(row["id"], "250 ok") for row in rows], self.bench.now)
        if self.dice.random() < 0.5:
            self.restart()
        self.got(self.bench.wait(hours=self.dice.choice((1, 5, 30, 80, 400))))

    def go(self) -> None:
        acts = (self.answers, self.answers, self.orders, self.thanks, self.rates, self.releases, self.waits)
        for _ in range(STEPS):
            self.dice.choice(acts)()


@pytest.mark.seeds(*range(8))
def test_a_life_is_in_its_events_and_nothing_happens_twice(tmp_path, seed, monkeypatch):
    bench = Bench(tmp_path)
    life = Life(bench, seed, monkeypatch)
    life.go()
    for number in bench.numbers():
        now = ticket_json(bench.ticket(number))
        found = derived(bench.events(number))
        assert {name: now[name] for name in found} == found
    posted = [
        entry.text
        for number in bench.numbers()
        for entry in tickets.thread(bench.db, number)
        if entry.kind is EntryKind.REPLY
    ]
    assert all(posted.count(words) <= 1 for words in life.said)
    replied = [event for number in bench.numbers() for event in bench.events(number) if event.kind is EventKind.REPLIED]
    assert len(replied) == len(posted)
    waiting = bench.db.one("SELECT count(*) FROM held")[0]
    assert waiting == bench.db.one("SELECT count(*) FROM inbox WHERE state = 'held'")[0]
    bench.wait(days=4)
    assert bench.db.one("SELECT count(*) FROM held")[0] == 0
    copies = bench.db.all("SELECT count(*) AS n FROM outbox GROUP BY message_id, recipient HAVING count(*) > 1")
    assert not copies
    bench.db.close()
