"""Each boundary that a promise rests on is broken on purpose: the simulated days must notice.

A mutation is a replaced function, as somebody might write it. What is found begins with a word for the promise.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from mailgate.connect.token_file import TokenFile
from mailgate.inbound.accept import Acceptor
from mailgate.inbound.imap.drain import Drain
from mailgate.outbound import deliver
from mailgate.store.attachments import AttachmentStore
from mailgate.store.queues import claims, copies, inbox, outbox, sent
from mailgate.store.raw_files import RawFiles
from mailgate.store.sqlite.db import SqliteDb
from mailgate.store.sqlite.engine import Sqlite
from mailgate.store.tickets import deadlines, tickets
from tests.simulation import faults
from tests.simulation.world import World

pytestmark = pytest.mark.long
SEEDS = (1, 2, 3, 4, 5, 6)  # of the suite's own worlds
DAYS = 12
HOUR = timedelta(hours=1)
Patch = Callable[[object, str, object], None]


def answered_before_the_commit(patch: Patch) -> None:
    """SMTP says 250, and IMAP moves, while the mail is on its way into the database."""
    commit = Acceptor._commit_with_others
    running: set[asyncio.Task[object]] = set()

    async def at_once(self: Acceptor, deliveries: Any) -> list[int]:
        task = asyncio.create_task(commit(self, deliveries))
        running.add(task)
        task.add_done_callback(lambda done: done.cancelled() or done.exception())
        return [0] * len(deliveries)

    patch(Acceptor, "_commit_with_others", at_once)


def ended_before_the_transaction(patch: Patch) -> None:
    """A mail counts as done when it is claimed, not in the transaction of its effect."""

    claim = inbox.claim

    def take(db: Any, limit: int, *, large: bool | None = None) -> list[inbox.Claimed]:
        claimed = claim(db, limit, large=large)
        db.many("UPDATE inbox SET state = 'done', done_at = 1 WHERE id = ?", [(each.id,) for each in claimed])
        return claimed

    patch(inbox, "claim", take)


def without_savepoints(patch: Patch) -> None:
    """What a failed mail wrote stays."""

    @contextmanager
    def savepoint(self: SqliteDb) -> Iterator[None]:
        yield

    patch(SqliteDb, "savepoint", savepoint)


def sent_before_it_is_sent(patch: Patch) -> None:
    """A mail is recorded as sent when it is handed to a connection."""
    claim = deliver.record_and_claim

    def sends(db: Any, results: Any, room: int, now: Any, **more: Any) -> Any:
        jobs, due = claim(db, results, room, now, **more)
        outbox.sent(db, [(job.id, "250 surely") for job in jobs], now)
        return jobs, due

    patch(deliver, "record_and_claim", sends)


def mail_in_hand_is_nobodys(patch: Patch) -> None:
    """After a crash nobody takes up what the dead process had in hand, on the way out."""
    patch(outbox, "release", lambda db: 0)
    patch(outbox, "release_own", lambda db: None)


def claimed_mail_is_nobodys(patch: Patch) -> None:
    """The same on the way in."""
    patch(claims, "reclaim", lambda db, now: [])


def tries_do_not_count(patch: Patch) -> None:
    """A mail that fails is tried again and again."""
    patch(inbox, "MAX_TRIES", 20)


def moved_before_it_is_stored(patch: Patch) -> None:
    """Messages are moved in the mailbox while their mails are on the way into the database."""
    hand_over = Drain._hand_over

    def moves(self: Drain, fetched: Any) -> None:
        for _ in self._session.finish(sorted(fetched)):
            pass
        hand_over(self, fetched)

    patch(Drain, "_hand_over", moves)


def copies_are_not_known(patch: Patch) -> None:
    """A mail that comes twice has its effect twice."""
    patch(copies, "remember", lambda db, digest, inbox_id, now: None)
    patch(inbox, "with_message_id", lambda db, message_id, author, but: [])


def late_by_an_hour(patch: Patch) -> None:
    """Deadlines are noticed an hour late."""
    due, any_due = deadlines.due, deadlines.any_due
    patch(deadlines, "due", lambda db, now, limit: due(db, now - HOUR, limit))
    patch(deadlines, "any_due", lambda db, now: any_due(db, now - HOUR))


def new_refresh_tokens_are_not_written(patch: Patch) -> None:
    """The refresh token of the first sign-in is used for ever."""
    write = TokenFile.write
    patch(TokenFile, "write", lambda self, stored: None if self.read() else write(self, stored))


def what_was_forgotten_stays_in_free_pages(patch: Patch) -> None:
    """After `forget` the database is not rewritten."""
    patch(Sqlite, "rewrite", lambda self: None)


def sent_mail_is_kept_for_ever(patch: Patch) -> None:
    """`keep_sent` has no effect."""
    patch(outbox, "forget_content", lambda db, before, limit: 0)


def files_are_kept_for_ever(patch: Patch) -> None:
    """A file that no row names any more is not removed."""
    patch(AttachmentStore, "sweep", lambda self, digests, now, **more: None)
    patch(RawFiles, "sweep", lambda self, names: None)


def unremembered_keys_are_believed(patch: Patch) -> None:
    """An answer to a mail that a restored database never sent goes to whatever ticket has its number now."""
    patch(faults, "BACKUPS", 0.9)
    patch(faults, "RESTORES", 0.5)
    patch(sent, "remembered", lambda db, keys: frozenset(keys))


def numbers_are_given_again(patch: Patch) -> None:
    """After a restore, tickets get numbers that people have in their mail already."""
    patch(faults, "BACKUPS", 0.25)
    patch(faults, "RESTORES", 0.4)
    patch(tickets, "note_number", lambda db, number: None)


# Each with the promise that is found broken, and the world that shows it soonest.
MUTATIONS = (
    (answered_before_the_commit, "lost:", 9),
    (ended_before_the_transaction, "lost:", 1),
    (without_savepoints, "twice:", 11),
    (sent_before_it_is_sent, "sent:", 1),
    (mail_in_hand_is_nobodys, "stuck:", 1),
    (claimed_mail_is_nobodys, "stuck:", 1),
    (tries_do_not_count, "tries:", 1),
    (moved_before_it_is_stored, "lost:", 1),
    (copies_are_not_known, "twice:", 1),
    (late_by_an_hour, "clock:", 1),
    (new_refresh_tokens_are_not_written, "sign-in:", 1),
    (what_was_forgotten_stays_in_free_pages, "forget:", 2),
    (sent_mail_is_kept_for_ever, "retention:", 5),
    (files_are_kept_for_ever, "retention:", 2),
    (unremembered_keys_are_believed, "wrong ticket:", 1),
    (numbers_are_given_again, "restore:", 5),
)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # of a desk that breaks off anywhere
@pytest.mark.parametrize(("mutate", "promise", "first"), MUTATIONS, ids=[each[0].__name__ for each in MUTATIONS])
def test_a_broken_boundary_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mutate: Callable[[Patch], None], promise: str, first: int
) -> None:
    mutate(monkeypatch.setattr)
    for seed in dict.fromkeys((first, *SEEDS)):
        folder = tmp_path / str(seed)
        folder.mkdir()
        if found := broken(World(folder, seed)):
            assert any(line.startswith(promise) for line in found.splitlines()), found
            return
    pytest.fail("nothing was noticed")


def broken(world: World) -> str:
    """The promises that are found broken, or why the desk could not go on; "" for neither."""
    try:
        world.play(DAYS)
    except AssertionError as found:  # a broken promise, or a loop without an end
        return str(found) or type(found).__name__
    return ""
