"""Transaction functions are repeatable: one that was undone and is done again leaves what doing it once does.

An engine may undo a transaction at any moment (a deadlock, a failover, a lost connection), and all of it is done anew:
so nothing of the first try may live on in memory or in files, and nothing of it may be missing in the second.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from typing import Any

from mailgate.store.db import Db
from mailgate.store.queues import outbox
from mailgate.worker.undelivered import process_failures
from tests.desk import ANN, ELLIOT, KAREN, Bench, Sent, to

KAREN_ADDRESS = "karen@client.example"


def rehearsal(db: Db) -> Db:
    """A handle on the same connection whose transactions are part of the one that runs there."""

    class Rehearsal(type(db)):  # type: ignore[misc]
        depth = 0

        def begin(self) -> None:
            self.run("SAVEPOINT two")
            self.depth += 1

        def commit(self) -> None:
            self.run("RELEASE two")
            self.depth -= 1

        def rollback(self) -> None:
            if self.depth:
                self.run("ROLLBACK TO two")
                self.run("RELEASE two")
                self.depth -= 1

    found = copy.copy(db)
    found.__class__ = Rehearsal
    return found


def twice(bench: Bench, step: Callable[[], Any]) -> Any:
    """Do a step and undo it, then do it."""
    before, real = (bench.now, bench.mails, bench.seen), bench.db
    real.begin()
    bench.db = rehearsal(real)
    try:
        step()
    finally:
        real.rollback()
        bench.db = real
        bench.now, bench.mails, bench.seen = before
    return step()


def once(bench: Bench, step: Callable[[], Any]) -> Any:
    return step()


def play(bench: Bench, run: Callable[[Bench, Callable[[], Any]], Any]) -> None:
    """A desk's days: what opens, answers, closes and fails, and what the clock does."""

    def send(*args: Any, **more: Any) -> list[Sent]:
        mails: list[Sent] = run(bench, lambda: bench.send(*args, **more))
        return mails

    def fail(recipient: str) -> None:
        with bench.db.transaction():
            (row,) = bench.db.all("SELECT id FROM outbox WHERE recipient = ? ORDER BY id DESC LIMIT 1", [recipient])
            outbox.failed(bench.db, [(row["id"], "550 5.1.1 no such user", False, True)])
        process_failures(bench.db, bench.desk, bench.now)

    files = (("plan.pdf", "application/pdf", b"%PDF-1.4 plan"), ("log.txt", "text/plain", b"x" * 300_000))
    opened = send(KAREN, "Nothing works.", files=files, rcpt=("support@bank.example",))
    alert = to(opened, "elliot@bank.example")
    send(KAREN, "Nothing works.", message_id="<copy@client.example>", files=files)
    send(KAREN, "Still nothing.", answers=to(opened, KAREN_ADDRESS))
    answered = send(ELLIOT, "#assign me\n#priority High\n\nWe look into it.", answers=alert)
    send(ELLIOT, "#note\n\nOnly for us.", answers=alert)
    send(KAREN, "Outage", subject="All is down", to="outages@bank.example")
    held = send(ANN, "#reply\n\nFrom me.", subject="[#1001] Portal is down")
    run(bench, lambda: bench.tap(to(held, "ann@bank.example")))
    send("Lee <lee@other.example>", "Me too.", subject="Another")
    send(ELLIOT, f"#merge {bench.numbers()[-1]}", answers=alert)
    run(bench, lambda: bench.wait(hours=2))
    send(ELLIOT, "#wait 1h\n\nOne moment.", answers=alert)
    run(bench, lambda: bench.wait(hours=3))
    send(ELLIOT, "#resolve\n\nDone.", answers=alert)
    send(KAREN, "Thank you!", answers=to(answered, KAREN_ADDRESS))
    run(bench, lambda: fail(KAREN_ADDRESS))
    run(bench, lambda: bench.wait(days=30))


def state(bench: Bench) -> dict[str, list[tuple[object, ...]]]:
    """What the database holds, without ids, which have gaps, and nonces."""
    queries = {
        "tickets": "SELECT number, subject, status, requester_email, department, topic, priority, sla, assignee,"
        " due_at, overdue, merged_into FROM ticket ORDER BY number",
        "entries": "SELECT ticket, kind, by, at, text, attachments FROM entry ORDER BY id",
        "events": 'SELECT ticket, kind, "by", at, reason, "before", "after" FROM event ORDER BY id',
        "deadlines": "SELECT ticket, step, at FROM deadline ORDER BY ticket, step",
        "outbox": "SELECT ticket, kind, recipient, agent, subject, state, created_at, next_attempt_at, size FROM outbox"
        " ORDER BY id",
        "inbox": "SELECT source_key, state, tries, reason, subject, ticket FROM inbox ORDER BY id",
        "held": "SELECT agent, why FROM held ORDER BY inbox_id",
        "digests": "SELECT count(*) FROM digest",
        "refused": "SELECT count(*) FROM refused",
        "signatures": "SELECT agent, text FROM signature ORDER BY agent, text",
        "known ids": "SELECT message_id, ticket FROM known_id ORDER BY message_id, ticket",
    }
    return {name: [_plain(row) for row in bench.db.all(query)] for name, query in queries.items()}


def _plain(row: Any) -> tuple[object, ...]:
    return tuple(re.sub(r"inbox:\d+", "inbox", value) if isinstance(value, str) else value for value in row)


def test_each_transaction_that_is_repeated_has_its_effect_once(tmp_path):
    states = []
    for run in (once, twice):
        folder = tmp_path / run.__name__
        folder.mkdir()
        bench = Bench(folder)
        play(bench, run)
        states.append(state(bench))
        assert {row[1] for row in states[-1]["events"]} >= {"assigned", "merged", "overdue"}
    for name, rows in states[0].items():
        assert states[1][name] == rows, name
