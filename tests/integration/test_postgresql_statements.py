"""Statements that travel together to a real server: what runs when, and what becomes of errors."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from mailgate.errors import StorageError
from mailgate.settings import Server
from mailgate.store import meta
from mailgate.store.postgresql import db as db_module
from mailgate.store.postgresql import statements as module
from mailgate.store.postgresql.connection import IntegrityError, connect
from mailgate.store.postgresql.db import PostgresDb
from mailgate.store.postgresql.engine import Postgresql
from mailgate.store.postgresql.statements import Statements
from tests.postgresql import cluster

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
