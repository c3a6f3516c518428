"""Statements that travel together to a real server: what runs when, and what becomes of errors."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path

import psycopg
import pytest

from mailgate.errors import StorageError
from mailgate.settings import Server
from mailgate.store import meta
from mailgate.store.db import Db
from mailgate.store.postgresql import db as db_module
from mailgate.store.postgresql import statements as module
from mailgate.store.postgresql.connection import IntegrityError, connect
from mailgate.store.postgresql.db import PostgresDb
from mailgate.store.postgresql.engine import Postgresql
from mailgate.store.postgresql.statements import Statements
from mailgate.worker import batch
from tests.desk import KAREN, ON_POSTGRESQL, Bench
from tests.postgresql import Cluster, cluster
from tests.waiting import PATIENCE, wait_until

ROUND_TRIPS = 12  # of a mail that opens a ticket, from its snapshot to its commit
PUT = "INSERT INTO meta (key, value) VALUES (?, ?)"


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Postgresql]:
    name = cluster().desk_database()
    yield Postgresql(Server(cluster().url(name), tmp_path / "mailgate.db"))
    cluster().give_back(name)


@pytest.fixture
def db(engine: Postgresql) -> Iterator[PostgresDb]:
    with closing(engine.open_writer()) as found:
        assert isinstance(found, PostgresDb)
        yield found


@pytest.fixture
def statements() -> Iterator[Statements]:
    with closing(connect(cluster().url())) as connection:
        yield Statements(connection)


def keys(db: PostgresDb) -> list[str]:
    return [row["key"] for row in db.all("SELECT key FROM meta ORDER BY key")]


# ── statements ──────────────────────────────────────────────────────────────────────────


def test_what_is_queued_runs_in_order_before_the_next_statement(statements):
    statements.run("CREATE TEMP TABLE one (a bigint)")
    for number in (1, 2, 3):
        statements.add("INSERT INTO one VALUES ($1)", [number])
    statements.add("UPDATE one SET a = a + 10 WHERE a >= $1", [2])
    assert (statements.queued, statements.changed) == (4, 0)
    count, rows = statements.run("SELECT a, 'x' AS b FROM one ORDER BY a DESC", (), 2)
    assert (count, [(row["a"], row[1]) for row in rows]) == (3, [(13, "x"), (12, "x")])
    assert (statements.queued, statements.changed) == (0, 5)


def test_the_first_error_ends_what_travels_together(statements):
    statements.run("CREATE TEMP TABLE one (a bigint PRIMARY KEY)")
    statements.add("INSERT INTO one VALUES ($1)", [1])
    statements.add("INSERT INTO one VALUES ($1)", [1])
    statements.add("INSERT INTO one VALUES ($1)", ["no number"])
    with pytest.raises(IntegrityError):
        statements.run("SELECT 1")
    assert (statements.queued, statements.run("SELECT count(*) FROM one")[1][0][0]) == (0, 0)
    with pytest.raises(psycopg.errors.DivisionByZero):
        statements.run("SELECT 1 / $1::int", [0])
    assert statements.run("SELECT 4 / $1::int", [2])[1][0][0] == 2


def test_a_statement_is_prepared_once_and_the_oldest_are_given_up(statements, monkeypatch):
    monkeypatch.setattr(module, "PREPARED", 3)
    named = "SELECT name FROM pg_prepared_statements ORDER BY prepare_time"
    for number in (1, 2, 3_000_000_000):
        assert statements.run("SELECT $1::bigint", [number])[1][0][0] == number
    assert [row[0] for row in statements.run(named)[1]] == ["SELECT $1::bigint 1", "SELECT name FROM 2"]
    for number in range(4):
        assert statements.run(f"SELECT {number}")[1][0][0] == number
    assert len(statements.run("SELECT name FROM pg_prepared_statements")[1]) <= 3


def test_much_is_sent_before_the_rest_is_made(statements, monkeypatch):
    statements.run("CREATE TEMP TABLE one (a bytea)")
    monkeypatch.setattr(module, "QUEUED", 3)
    for _ in range(4):
        statements.add("INSERT INTO one VALUES ($1)", [b"a"])
    assert statements.queued == 1
    statements.flush()
    big = bytes(5_000_000)  # more than the sockets hold
    statements.add("INSERT INTO one VALUES ($1)", [big])
    assert statements.queued == 0
    assert statements.run("SELECT a FROM one ORDER BY length(a) DESC", (), 1)[1][0][0] == big


# ── transactions ────────────────────────────────────────────────────────────────────────


def test_an_error_of_what_was_sent_comes_at_the_next_query_the_savepoint_or_the_commit(db):
    with pytest.raises(IntegrityError), db.transaction():  # noqa: PT012
        db.send(PUT, ["a", "1"])
        db.send(PUT, ["a", "2"])
        meta.get(db, "a")
        pytest.fail("the query raises")
    with pytest.raises(IntegrityError), db.transaction():  # noqa: PT012
        db.send(PUT, ["a", "1"])
        db.send(PUT, ["a", "2"])
    with db.transaction():
        db.send(PUT, ["b", "1"])
        with pytest.raises(IntegrityError), db.savepoint():  # noqa: PT012
            db.send(PUT, ["c", "1"])
            db.send(PUT, ["c", "2"])
        db.send(PUT, ["d", "1"])
    assert keys(db) == ["b", "d"]


@pytest.mark.parametrize("read", [False, True])
def test_what_was_sent_in_a_savepoint_is_undone_alone(db, read):
    """Whether it has reached the server by then or not."""
    with db.transaction():
        db.send(PUT, ["a", "1"])
        with pytest.raises(ZeroDivisionError), db.savepoint():  # noqa: PT012
            db.send(PUT, ["b", "1"])
            if read:
                assert keys(db) == ["a", "b"]
            raise ZeroDivisionError
        with db.savepoint():
            assert db.run_unless_taken(PUT, ["a", "2"]) == 0
            db.send(PUT, ["c", "1"])
    assert keys(db) == ["a", "c"]


def test_what_was_sent_in_a_transaction_that_raises_is_never_done(db):
    with pytest.raises(ZeroDivisionError), db.transaction():  # noqa: PT012
        db.send(PUT, ["a", "1"])
        raise ZeroDivisionError
    with db.transaction():
        db.send(PUT, ["b", "1"])
    assert keys(db) == ["b"]


def test_outside_of_a_transaction_nothing_waits(engine, db):
    db.send(PUT, ["a", "1"])
    db.many(PUT, [("b", "1"), ("c", "1")])
    with closing(engine.open_reader()) as reader:
        assert keys(reader) == ["a", "b", "c"]
        with pytest.raises(StorageError, match="cannot be written"):
            reader.send(PUT, ["d", "1"])


def test_others_hear_of_a_commit_only_where_what_was_sent_has_changed_something(engine, db, monkeypatch):
    monkeypatch.setattr(db_module, "LOOK", 1e9)
    with closing(engine.open_writer()) as other:
        seen = other.data_version()
        with db.transaction():
            db.send("DELETE FROM meta WHERE key = ?", ["none"])
        with db.transaction():
            assert meta.get(db, "none") is None
        assert meta.get(other, "none") is None
        assert other.data_version() == seen
        with db.transaction():
            db.send(PUT, ["a", "1"])
        assert meta.get(other, "a") == "1"
        assert other.data_version() != seen


def test_the_lock_is_free_while_a_commit_is_flushed_and_who_committed_waits(tmp_path):
    """A standby that never answers stands for a slow disk."""
    with Cluster() as server:
        url = server.url(server.desk_database())
        engine = Postgresql(Server(url, tmp_path / "mailgate.db"))
        with closing(engine.open_writer()) as one, closing(engine.open_writer()) as other, server.connect() as admin:

            def waiting() -> int:
                return admin.execute("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'").fetchone()[0]

            def put() -> None:
                with one.transaction():
                    meta.put(one, "a", "1")

            def look() -> None:
                with other.transaction():
                    assert meta.get(other, "a") == "1"

            server.wait_for_standbys("nobody")
            with ThreadPoolExecutor(2) as threads:
                writer = threads.submit(put)
                wait_until(lambda: waiting() == 1)
                reader = threads.submit(look)  # what it saw is durable when it returns
                wait_until(lambda: waiting() == 2)
                assert not writer.done()
                assert not reader.done()
                server.wait_for_standbys("")
                writer.result(PATIENCE)
                reader.result(PATIENCE)


# ── snapshots, and queries that run ahead ───────────────────────────────────────────────


def values(db: Db, *keys: str) -> list[str | None]:
    return [meta.get(db, key) for key in keys]


def test_queries_that_run_ahead_take_one_round_trip_and_hold_until_the_next_write(db):
    with db.transaction():
        meta.put(db, "a", "1")
        db.ahead(lambda db: values(db, "a", "b"))
        sent = db._statements.sent
        assert values(db, "a", "b") == ["1", None]
        assert db._statements.sent == sent
        meta.put(db, "b", "2")
        assert values(db, "a", "b") == ["1", "2"]
        db.ahead(lambda db: values(db, "a", "b"))
        db.run("DELETE FROM meta WHERE key = 'a'")
        assert values(db, "a", "b") == [None, "2"]
        with suppress(ZeroDivisionError), db.savepoint():
            meta.put(db, "b", "3")
            db.ahead(lambda db: values(db, "b"))
            raise ZeroDivisionError
        assert values(db, "b") == ["2"]


def test_queries_that_run_ahead_do_not_outlive_the_transaction(engine, db):
    with closing(engine.open_writer()) as other:
        with db.snapshot():
            db.ahead(lambda db: values(db, "a"))
            with other.transaction():
                meta.put(other, "a", "1")
            assert values(db, "a") == [None]
        assert values(db, "a") == ["1"]
        db.ahead(lambda db: pytest.fail("outside of a transaction nothing holds"))


def test_a_snapshot_begins_with_its_first_query_and_ends_with_the_next_statement(engine, db):
    state = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'idle in transaction'"
    sent = db._statements.sent
    with db.snapshot():
        pass
    assert db._statements.sent == sent
    with closing(engine.open_writer()) as other:
        with db.snapshot(), db.snapshot():
            assert values(db, "a", "b") == [None, None]
        assert (db._statements.sent, other.one(state)[0]) == (sent + 2, 1)
        with db.transaction():
            meta.put(db, "a", "1")
        assert (db._statements.sent, other.one(state)[0]) == (sent + 5, 0)
        for next_one in (lambda: db.one("SELECT 1"), lambda: db.send(PUT, ["b", "1"]), db.data_version, db.settle):
            with db.snapshot():
                values(db, "a")
            next_one()
            assert other.one(state)[0] == 0
        with pytest.raises(ZeroDivisionError), db.snapshot():  # noqa: PT012
            values(db, "a")
            raise ZeroDivisionError
        with suppress(psycopg.Error), db.snapshot():
            db.one("SELECT 1 / 0")
        assert keys(db) == ["a", "b"]
        assert other.one(state)[0] == 0


def test_a_snapshot_and_what_follows_it_outlive_a_lost_connection(engine, db):
    with closing(engine.open_writer()) as other:

        def cut() -> None:
            end = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
            assert other.all(f"{end} AND datname = current_database()")

        cut()
        with db.snapshot():
            assert values(db, "a") == [None]
        cut()
        with db.transaction():
            meta.put(db, "a", "1")
        with db.snapshot():
            assert values(db, "a") == ["1"]
        cut()
        with db.snapshot():
            db.ahead(lambda db: values(db, "a", "b"))
            assert values(db, "a", "b") == ["1", None]
            cut()
            with pytest.raises(StorageError):  # which would be of another moment
                values(db, "c")
        assert values(db, "a") == ["1"]


def test_a_new_ticket_takes_few_round_trips(tmp_path):
    """What a reader would not see in a test of the outcome: reads are asked together, writes travel together."""
    token = ON_POSTGRESQL.set(True)
    try:
        bench = Bench(tmp_path)
    finally:
        ON_POSTGRESQL.reset(token)
    bench.send(KAREN, "The portal is down")
    bench.accept(bench.write("Elliot Client <elliot@client.example>", "The door is stuck", subject="Door"))
    claimed = batch.read(batch.claim(bench.db), bench.desk, bench.now)
    sent = bench.db._statements.sent
    assert batch.work(bench.db, claimed, bench.desk.context(bench.now)) == 1
    assert bench.db._statements.sent - sent <= ROUND_TRIPS
