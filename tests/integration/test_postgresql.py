"""The engine of PostgreSQL on a real server: what a `Db` promises, and what becomes of it when the server goes away."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from mailgate.errors import DatabaseBusy, LockHeld, NodeLost, StorageError, WrongSchema
from mailgate.settings import Server
from mailgate.store import meta, schema
from mailgate.store.db import Node, Store, engine_of
from mailgate.store.engine import Found
from mailgate.store.postgresql import db as module
from mailgate.store.postgresql.db import PostgresDb
from mailgate.store.postgresql.engine import Postgresql, dialect
from mailgate.store.postgresql.sql import translated
from mailgate.store.queues import nodes
from mailgate.store.sqlite.engine import Sqlite
from tests.postgresql import Cluster, cluster
from tests.waiting import wait_until


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Postgresql]:
    name = cluster().desk_database()
    yield Postgresql(Server(cluster().url(name, tcp=True), tmp_path / "mailgate.db"))
    cluster().give_back(name)


@pytest.fixture
def db(engine: Postgresql) -> Iterator[PostgresDb]:
    with closing(engine.open_writer()) as found:
        assert isinstance(found, PostgresDb)
        yield found


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Cluster]:
    """A server that the test may stop."""
    with Cluster() as found:
        yield found


def desk(server: Cluster, tmp_path: Path) -> Postgresql:
    return Postgresql(Server(server.url(server.desk_database(), tcp=True), tmp_path / "mailgate.db"))


# ── statements ──────────────────────────────────────────────────────────────────────────


def test_values_stand_where_they_stood_in_the_statement():
    assert translated("a = ? AND b LIKE '?' || :x AND c = ?")[0] == "a = $1 AND b ILIKE '?' || $1 AND c = $2"
    text, names = translated("SELECT ':no', x::text, :it, :since, \"a?\" WHERE y = :it")
    assert (text, names) == ("SELECT ':no', x::text, $1, $2, \"a?\" WHERE y = $1", ("it", "since"))


def test_rows_are_read_by_place_and_by_name_and_of_two_columns_the_first_counts(db):
    row = db.one("SELECT 1 AS a, 'x' AS b, 3 AS a")
    assert (row[0], row["a"], row["b"], row[2], [*row], len(row)) == (1, 1, "x", 3, [1, "x", 3], 3)
    with pytest.raises(KeyError):
        row["c"]


def test_texts_hold_what_they_held_but_nul(db):
    with db.transaction():
        meta.put(db, "a", "Grüße, 東京 \U0001f600 \0 end")
    assert meta.get(db, "a") == "Grüße, 東京 \U0001f600 \\x00 end"


def test_text_is_compared_and_folded_as_in_sqlite(db, tmp_path):
    words = ["b", "B", "a", "É", "é", "_", "~", "Z"]
    with closing(Sqlite(tmp_path / "other.db").open_writer()) as other:
        for each in (db, other):
            with each.transaction():
                each.many("INSERT INTO meta (key, value) VALUES (?, ?)", [(word, word) for word in words])
        for sql in (
            "SELECT key FROM meta ORDER BY key",
            "SELECT key FROM meta WHERE key LIKE 'B' ORDER BY key",
            "SELECT key FROM meta WHERE key LIKE 'É' ORDER BY key",
            "SELECT key FROM meta WHERE key LIKE '\\_' ESCAPE '\\' ORDER BY key",
            "SELECT lower(key) FROM meta ORDER BY key",
        ):
            assert [row[0] for row in db.all(sql)] == [row[0] for row in other.all(sql)], sql


def test_lists_are_empty_or_hold_numbers_or_texts(db):
    for values in ([], ["a"], ["a", "b"]):
        with db.transaction():
            db.run("DELETE FROM meta")
            db.many("INSERT INTO meta (key, value) VALUES (?, '')", [(value,) for value in values])
        rows = db.all(f"SELECT key FROM meta WHERE key {db.any_of} ORDER BY key", [db.values(values)])
        assert [row["key"] for row in rows] == values
        assert not db.all(f"SELECT key FROM meta WHERE key {db.none_of}", [db.values(values)])
        assert sorted(row["value"] for row in db.all(f"SELECT value FROM {db.listed}", [db.values(values)])) == values
    assert (
        len(db.all(f"SELECT version FROM migration WHERE version {db.any_of}", [db.values([schema.VERSION, 1])])) == 1
    )


def test_the_schema_is_that_of_sqlite(db, tmp_path):
    """Tables, their columns in order, keys, and the columns of indexes."""
    with closing(Sqlite(tmp_path / "other.db").open_writer()) as other:
        assert db.tables() == other.tables()
        for table in other.tables():
            theirs = [
                (row["name"], bool(row["notnull"] or row["pk"])) for row in other.all(f"PRAGMA table_info({table})")
            ]
            ours = db.all(
                "SELECT column_name, is_nullable = 'NO' FROM information_schema.columns WHERE table_name = ?"
                " AND table_schema = current_schema() AND is_generated = 'NEVER' ORDER BY ordinal_position",
                [table],
            )
            assert [tuple(row) for row in ours] == theirs, table
        named = "SELECT name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL ORDER BY name"
        indexes = db.all("SELECT indexname FROM pg_indexes WHERE schemaname = current_schema() ORDER BY indexname")
        made = {row["name"] for row in other.all(named)}
        assert made <= {row["indexname"] for row in indexes}


def test_a_word_of_the_schema_script_is_translated_everywhere():
    text = "\n".join(line.partition("--")[0] for line in dialect(schema.script()).splitlines())
    for word in ("STRICT", "ROWID", "INTEGER", "REAL", "BLOB", "TEXT"):
        assert word not in text.split(), word


# ── transactions ────────────────────────────────────────────────────────────────────────


def test_one_transaction_writes_at_a_time(engine, db):
    """What a transaction reads stays true until it commits: the second one begins when the first has ended."""
    began, order = threading.Event(), []

    def second():
        with closing(engine.open_writer()) as other:
            began.set()
            with other.transaction():
                order.append(meta.get(other, "a"))

    thread = threading.Thread(target=second)
    with db.transaction():
        thread.start()
        began.wait()
        wait_until(lambda: db.one("SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"))
        meta.put(db, "a", "first")
    thread.join()
    assert order == ["first"]


def test_who_waits_too_long_is_told_that_the_database_is_busy(engine, db, monkeypatch):
    with closing(engine.open_writer()) as other, db.transaction():
        other._connection.execute("SET lock_timeout = '20ms'")
        with pytest.raises(DatabaseBusy), other.transaction():
            pass
        assert meta.get(other, "a") is None, "the connection goes on"


def test_a_client_that_stands_still_while_it_sends_holds_up_nobody_for_long(engine, db, monkeypatch):
    """The server waits for the rest of a pipeline without end: the next that has waited for the lock ends it."""
    monkeypatch.setattr(module, "STUCK", 0)
    held = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND granted AND pid <> pg_backend_pid()"
    with closing(engine.open_writer()) as other:
        half_sent = other._connection.pgconn
        half_sent.enter_pipeline_mode()
        for each in ("BEGIN", other._lock):
            half_sent.send_query_params(each.encode(), None)
        half_sent.flush()
        wait_until(lambda: db.one(held))
        db._connection.execute("SET lock_timeout = '20ms'")
        with pytest.raises(DatabaseBusy):
            write(db, "a", "1")
        wait_until(lambda: not db.one(held))
        write(db, "a", "2")


def test_what_fails_is_undone_alone_and_the_transaction_goes_on(db):
    with db.transaction():
        meta.put(db, "a", "1")
        with pytest.raises(ZeroDivisionError), db.savepoint():  # noqa: PT012
            meta.put(db, "a", "2")
            raise ZeroDivisionError
        with pytest.raises(module.IntegrityError), db.savepoint():
            db.run("INSERT INTO meta (key, value) VALUES ('a', '3')")
        assert db.run_unless_taken("INSERT INTO meta (key, value) VALUES ('a', '4')") == 0
        assert db.run_unless_taken("INSERT INTO meta (key, value) VALUES ('b', '5')") == 1
    assert [tuple(row) for row in db.all("SELECT key, value FROM meta ORDER BY key")] == [("a", "1"), ("b", "5")]


def test_a_dry_run_and_a_transaction_that_raises_leave_nothing(db):
    with db.dry_run():
        meta.put(db, "a", "1")
    with pytest.raises(ZeroDivisionError), db.transaction():  # noqa: PT012
        meta.put(db, "b", "1")
        raise ZeroDivisionError
    assert db.all("SELECT * FROM meta") == []


def test_a_snapshot_sees_one_moment_and_holds_up_nobody(engine, db):
    with closing(engine.open_reader()) as reader, reader.snapshot():
        assert meta.get(reader, "a") is None
        with db.transaction():
            meta.put(db, "a", "1")
        assert meta.get(reader, "a") is None
    assert meta.get(db, "a") == "1"


def test_a_reader_cannot_write(engine):
    with closing(engine.open_reader()) as reader, pytest.raises(StorageError, match="cannot be written"):
        meta.put(reader, "a", "1")


def test_a_commit_of_others_is_heard_and_nothing_else(engine, db):
    with closing(engine.open_writer()) as other:
        seen = db.data_version()
        with db.transaction():
            meta.put(db, "a", "own")
        with other.transaction():
            meta.get(other, "a")
        assert db.data_version() == seen
        with other.transaction():
            meta.put(other, "a", "theirs")
        wait_until(lambda: db.data_version() != seen)


# ── opening ─────────────────────────────────────────────────────────────────────────────


def at(name: str, tmp_path: Path) -> Postgresql:
    return Postgresql(Server(cluster().url(name), tmp_path / "mailgate.db"))


def test_an_empty_database_reads_as_empty_and_is_made_by_the_first_writer(tmp_path):
    engine = at(cluster().empty_database(), tmp_path)
    assert (engine.exists(), engine.size(["meta"]).schema) == (False, 0)
    with closing(engine.open_reader()) as reader:
        assert reader.one("SELECT count(*) FROM ticket")[0] == 0
    assert not engine.exists()
    engine.open_writer().close()
    assert (engine.version(), engine.exists()) == (schema.VERSION, True)
    found = engine.size(["meta", "ticket"])
    assert (dict(found.rows), [row[:2] for row in found.migrations]) == (
        {"meta": 0, "ticket": 0},
        [(schema.VERSION, "new database")],
    )


def test_two_that_open_a_new_database_at_once_make_it_once(tmp_path):
    engine = at(cluster().empty_database(), tmp_path)
    threads = [threading.Thread(target=lambda: engine.open_writer().close()) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert engine.version() == schema.VERSION


NEXT = schema.VERSION + 1


@pytest.mark.parametrize(("number", "why"), [(NEXT, "a newer mailgate"), (2, "from before the first release")])
def test_another_schema_is_refused(engine, db, number, why):
    db.run("UPDATE migration SET version = ?, compatible = ?", [number, number])
    try:
        for door in (engine.open_writer, engine.open_reader, lambda: asyncio.run(engine.open_lanes(Node()))):
            with pytest.raises(WrongSchema, match=why):
                door()
    finally:
        db.run("UPDATE migration SET version = ?, compatible = ?", [schema.VERSION, schema.COMPATIBLE])


def test_a_newer_schema_that_allows_older_programs_is_used(engine, db):
    db.run("INSERT INTO migration (version, name, at, compatible) VALUES (?, 'more', 0, ?)", [NEXT, schema.VERSION])
    try:
        for door in (engine.open_writer, engine.open_reader):
            door().close()
        assert engine.version() == NEXT
        assert schema.pending(engine) == ()
        assert engine.size(["meta"]).rows == {"meta": 0}
        with pytest.raises(WrongSchema, match="a newer mailgate"):
            schema.require_own(engine)
    finally:
        db.run("DELETE FROM migration WHERE version = ?", [NEXT])


def test_tables_of_something_else_are_left_alone(tmp_path):
    name = cluster().empty_database()
    with cluster().connect(name) as connection:
        connection.execute("CREATE TABLE photo (name text)")
        for door in (at(name, tmp_path).open_writer, at(name, tmp_path).open_reader, at(name, tmp_path).version):
            with pytest.raises(WrongSchema, match="tables of something else"):
                door()
        assert connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone() == (1,)


def test_another_encoding_than_utf8_is_refused(tmp_path):
    with cluster().connect() as connection:
        connection.execute("CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    with pytest.raises(StorageError, match="encoded in LATIN1"):
        at("latin", tmp_path).open_writer()


@pytest.mark.parametrize(
    ("url", "what"),
    [
        ("postgresql://mailgate@127.0.0.1:1/desk", "is not reached"),
        ("postgresql://mailgate@no-such-host.invalid/desk", "is not reached"),
        ("postgresql://mailgate@127.0.0.1:{port}/desk?sslmode=require", "is not reached"),
        ("postgresql://mailgate@127.0.0.1:{port}/nothing", "refuses the connection"),
        ("postgresql://nobody@127.0.0.1:{port}/postgres", "refuses the connection"),
        ("postgresql://nobody@127.0.0.1:1,127.0.0.1:{port}/postgres", "refuses the connection"),
    ],
)
def test_what_cannot_be_opened_is_told_without_a_traceback(tmp_path, url, what):
    """Whether the server is away or says no: who mends that is another person."""
    server = Server(url.format(port=cluster().port), tmp_path / "mailgate.db")
    with pytest.raises(StorageError, match=what) as raised:
        engine_of(server).open_writer()
    assert raised.value.cause


# ── nodes ───────────────────────────────────────────────────────────────────────────────


def join(db: PostgresDb, name: str) -> Node:
    with db.transaction():
        return nodes.join(db, nodes.About(name=name, place=name, version="1", config=""), alone=False)


async def test_a_node_that_was_ended_writes_nothing_more(engine, db):
    node = join(db, "a")
    writer, reader, _ = await engine.open_lanes(node)
    await writer.run(lambda mine: write(mine, "a", "1"))
    with db.transaction():
        nodes.end(db, node.number)
    with pytest.raises(NodeLost):
        await writer.run(lambda mine: write(mine, "a", "2"))
    assert meta.get(db, "a") == "1"
    await writer.close()
    await reader.close()


def test_a_node_that_waits_to_write_while_it_is_ended_writes_nothing(engine, db):
    node = join(db, "a")
    refused = threading.Event()

    def late() -> None:
        with closing(engine.open_writer()) as other:
            other.node = node
            with suppress(NodeLost):
                write(other, "a", "late")
                return
            refused.set()

    with db.transaction():
        thread = threading.Thread(target=late)
        thread.start()
        wait_until(lambda: db.one("SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"))
        nodes.end(db, node.number)
    thread.join()
    assert refused.is_set()
    assert meta.get(db, "a") is None


def change(compatible: int) -> schema.Migration:
    """The next migration."""
    return schema.Migration(NEXT, "more", "ALTER TABLE meta ADD COLUMN more TEXT;", compatible)


def test_a_database_is_not_migrated_while_a_node_works_that_must_stop(tmp_path):
    """One that stands still and goes on later finds that it must end."""
    engine = at(cluster().empty_database(), tmp_path)
    with closing(engine.open_writer()) as db, closing(engine.open_writer()) as other:
        other.node = join(db, "a")
        with pytest.raises(LockHeld, match="node a works on this database"):
            engine.apply([change(NEXT)], datetime.now(UTC))
        assert engine.version() == schema.VERSION
        write(other, "a", "1")
        with db.transaction():
            db.run("UPDATE node SET ends_at = ends_at - 60")
        engine.apply([change(NEXT)], datetime.now(UTC))
        assert engine.version() == NEXT
        with pytest.raises(WrongSchema, match="a newer mailgate"):
            write(other, "a", "2")
        with pytest.raises(WrongSchema, match="a newer mailgate"):
            join(other, "b")
        assert meta.get(db, "a") == "1"


def test_a_node_goes_on_where_a_migration_allows_it(tmp_path):
    """What it had prepared is prepared anew: in a transaction at its next try, outside at once."""
    engine = at(cluster().empty_database(), tmp_path)
    whole = "SELECT * FROM meta WHERE key = ?"
    with closing(engine.open_writer()) as db, closing(engine.open_reader()) as reader:
        db.node = join(db, "a")
        write(db, "a", "1")
        for each in (db, reader):
            for _ in range(10):  # a statement is prepared once it was run some times
                each.one(whole, ["a"])
        engine.apply([change(schema.COMPATIBLE)], datetime.now(UTC))
        engine.apply([change(schema.COMPATIBLE)], datetime.now(UTC))  # by another node, which is later
        assert [*reader.one(whole, ["a"])] == ["a", "1", None]
        with pytest.raises(DatabaseBusy, match="schema of the database has changed"), db.transaction():
            db.one(whole, ["a"])
        with db.transaction():
            assert [*db.one(whole, ["a"])] == ["a", "1", None]
        join(db, "b")
        assert engine.schema() == Found(NEXT, schema.COMPATIBLE)


def test_a_migration_and_a_reader_that_wait_for_each_other(tmp_path):
    """The server ends one of the two, and the migration is done in the end."""
    engine = at(cluster().empty_database(), tmp_path)
    script = "ALTER TABLE inbox ADD COLUMN more TEXT; ALTER TABLE meta ADD COLUMN more TEXT;"
    migration = schema.Migration(NEXT, "more", script, schema.COMPATIBLE)
    engine.open_writer().close()
    with ThreadPoolExecutor(1) as pool, closing(engine.open_reader()) as other:
        with closing(engine.open_reader()) as reader, reader.snapshot():
            reader.one("SELECT * FROM meta")
            done = pool.submit(engine.apply, [migration], datetime.now(UTC))
            wait_until(lambda: other.one("SELECT 1 FROM pg_locks WHERE NOT granted"))
            with suppress(DatabaseBusy):
                reader.one("SELECT * FROM inbox")
        done.result()
    assert engine.version() == NEXT


# ── trouble ─────────────────────────────────────────────────────────────────────────────


def write(db, key: str, value: str) -> None:
    with db.transaction():
        meta.put(db, key, value)


def test_a_restart_of_the_server_between_two_transactions_is_not_noticed(own, tmp_path):
    with closing(desk(own, tmp_path).open_writer()) as db:
        write(db, "a", "1")
        for how in (signal.SIGINT, signal.SIGKILL):
            own.stop(how)
            own.start()
            assert meta.get(db, "a") == "1"
            own.stop(how)
            own.start()
            write(db, "a", "1")


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT])
def test_a_transaction_that_a_restart_ends_is_undone_and_the_next_one_goes_on(own, tmp_path, how):
    with closing(desk(own, tmp_path).open_writer()) as db:
        with pytest.raises(StorageError), db.transaction():  # noqa: PT012
            meta.put(db, "a", "1")
            own.stop(how)
            own.start()
            meta.put(db, "b", "1")
        assert db.all("SELECT * FROM meta") == []
        write(db, "a", "2")
        assert meta.get(db, "a") == "2"


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_a_commit_that_meets_a_restart_counts_as_not_done(own, tmp_path, how):
    """After a crash the server may not know the number of the transaction, or may have given it out again."""
    with closing(desk(own, tmp_path).open_writer()) as db:
        write(db, "a", "1")
        db.begin()
        db.run("UPDATE meta SET value = '2' WHERE key = 'a'")
        own.stop(how)
        own.start()
        with pytest.raises(StorageError):
            db.commit()
        assert meta.get(db, "a") == "1"
        write(db, "a", "3")


def test_a_commit_that_meets_a_crash_of_another_process_of_the_server_counts_as_not_done(tmp_path):
    """The server starts its processes anew then, and what it did not flush is lost: its number goes to another one."""
    with Cluster(settings={"wal_writer_delay": "10s"}) as own, closing(desk(own, tmp_path).open_writer()) as db:
        write(db, "a", "1")
        db.begin()
        db.run("UPDATE meta SET value = '2' WHERE key = 'a'")
        with own.connect() as witness, suppress(psycopg.OperationalError):
            with own.connect() as other:
                os.kill(other.info.backend_pid, signal.SIGKILL)
            wait_until(lambda: witness.execute("SELECT false").fetchone() == (True,))  # until the server ends it, too
        wait_until(lambda: _later_number(own) >= int(db._xid))
        with own.connect() as other:
            assert other.execute("SELECT pg_xact_status(CAST(%s AS text)::xid8)", [db._xid]).fetchone() == (
                "committed",
            )
        with pytest.raises(StorageError):
            db.commit()
        assert meta.get(db, "a") == "1"


def _later_number(server: Cluster) -> int:
    """The number of a transaction; 0 while the server is not back."""
    with suppress(psycopg.OperationalError), server.connect() as connection:
        ((number,),) = connection.execute("SELECT pg_current_xact_id()::text").fetchall()
        return int(number)
    return 0


def test_while_the_server_is_down_everything_raises_and_then_it_goes_on(own, tmp_path):
    with closing(desk(own, tmp_path).open_writer()) as db:
        own.stop()
        for _ in range(2):
            with pytest.raises(StorageError):
                write(db, "a", "1")
            with pytest.raises(StorageError):
                meta.get(db, "a")
            with pytest.raises(StorageError):
                db.data_version()
        own.start()
        db.data_version()
        write(db, "a", "2")
        assert meta.get(db, "a") == "2"


def test_a_failover_to_a_replica_is_waited_out_and_what_was_under_way_is_undone(own, tmp_path):
    """The first server dies in the middle of a transaction, and the number of that means nothing on the other one."""
    name = own.desk_database()
    with Cluster(replica_of=own) as replica:
        hosts = f"127.0.0.1:{own.port},127.0.0.1:{replica.port}"
        url = f"postgresql://mailgate@{hosts}/{name}?target_session_attrs=read-write"
        with closing(Postgresql(Server(url, tmp_path / "mailgate.db")).open_writer()) as db:
            write(db, "a", "1")
            with replica.connect(name) as there:
                wait_until(lambda: there.execute("SELECT 1 FROM meta WHERE key = 'a'").fetchone())
            with pytest.raises(StorageError), db.transaction():  # noqa: PT012
                meta.put(db, "b", "1")
                own.stop(signal.SIGKILL)
                replica.promote()
            assert (meta.get(db, "a"), meta.get(db, "b")) == ("1", None)
            write(db, "b", "2")
            assert meta.get(db, "b") == "2"


def test_while_only_a_replica_is_there_nothing_is_written(own, tmp_path):
    name = own.desk_database()
    with Cluster(replica_of=own) as replica:
        hosts = f"127.0.0.1:{own.port},127.0.0.1:{replica.port}"
        with closing(
            Postgresql(Server(f"postgresql://mailgate@{hosts}/{name}", tmp_path / "mailgate.db")).open_writer()
        ) as db:
            own.stop(signal.SIGKILL)
            for _ in range(2):
                with pytest.raises(StorageError, match=r"cannot be written|is lost"):
                    write(db, "a", "1")
            replica.promote()
            write(db, "a", "2")
            assert meta.get(db, "a") == "2"


def _succeeds(attempt: Callable[[], object]) -> bool:
    with suppress(StorageError):
        attempt()
        return True
    return False


def test_a_server_without_a_free_connection_is_waited_out(engine, db):
    """It refuses the connection that takes the place of a lost one."""
    db.run("CREATE ROLE few LOGIN IN ROLE mailgate")
    few = Postgresql(Server(engine._url.replace("mailgate@", "few@"), engine.beside))
    try:
        with closing(few.open_writer()) as first:
            db.run("ALTER ROLE few CONNECTION LIMIT 1")
            with pytest.raises(StorageError, match="refuses the connection") as raised:
                few.open_writer()
            assert "too many connections" in raised.value.cause
            write(first, "a", "1")
            first._connection.close()
            with ExitStack() as other:
                # The server counts a connection until its process has ended, which no query shows.
                wait_until(lambda: _succeeds(lambda: other.enter_context(closing(few.open_reader()))))
                for _ in range(2):
                    with pytest.raises(StorageError, match="refuses the connection"):
                        write(first, "a", "2")
            wait_until(lambda: _succeeds(lambda: write(first, "a", "3")))
            assert meta.get(first, "a") == "3"
    finally:
        db.run("DROP ROLE few")


async def test_the_store_notes_that_the_server_is_down_and_back(own, tmp_path):
    engine = desk(own, tmp_path)
    store = await Store.open(Server(engine._url, engine.beside))
    own.stop()
    for door in (store.write, store.commit, store.read):
        with pytest.raises(StorageError):
            await door(lambda db: meta.get(db, "a"))
    assert "not reached" in str(store.health.problems()[0])
    own.start()
    await store.probe()
    assert store.health.problems() == ()
    await store.close()


class Wire:
    """Stands between a client and the server, and cuts the connection where a test says so."""

    def __init__(self, port: int) -> None:
        self._server = port
        self.closed = False
        self.cut_before: bytes = b""  # what a client sends that never arrives
        self.cut_behind: bytes = b""  # what arrives and is never answered
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                if self.closed:
                    client.close()
                    continue
                server = socket.create_connection(("127.0.0.1", self._server))
                threading.Thread(target=self._there, args=(client, server), daemon=True).start()
                threading.Thread(target=self._back, args=(server, client), daemon=True).start()

    def _there(self, client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError):
            while data := client.recv(65536):
                if self.cut_before and self.cut_before in data:
                    self.cut_before = b""
                    break
                if self.cut_behind and self.cut_behind in data:
                    self.cut_behind = b""
                    client.shutdown(socket.SHUT_RDWR)
                    server.sendall(data)
                    server.recv(65536)  # its answer, which nobody gets
                    break
                server.sendall(data)
        _close(client, server)

    def _back(self, server: socket.socket, client: socket.socket) -> None:
        with suppress(OSError):
            while data := server.recv(65536):
                client.sendall(data)
        _close(client, server)

    def close(self) -> None:
        """No new connection gets through any more."""
        self.closed = True
        self._listener.close()


def _close(*ends: socket.socket) -> None:
    for end in ends:
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
        end.close()


@contextmanager
def wired(tmp_path: Path) -> Iterator[tuple[Wire, PostgresDb]]:
    name = cluster().desk_database()
    wire = Wire(cluster().port)
    server = Server(f"postgresql://mailgate@127.0.0.1:{wire.port}/{name}", tmp_path / "mailgate.db")
    with closing(Postgresql(server).open_writer()) as db:
        assert isinstance(db, PostgresDb)
        yield wire, db
    wire.close()
    cluster().give_back(name)


def test_a_commit_that_is_not_answered_and_was_done_counts_as_done(tmp_path):
    with wired(tmp_path) as (wire, db):
        write(db, "a", "1")
        wire.cut_behind = b"COMMIT"
        write(db, "a", "2")
        assert wire.cut_behind == b"", "the answer was cut off"
        assert meta.get(db, "a") == "2"
        write(db, "a", "3")


def test_a_commit_that_never_arrived_counts_as_not_done(tmp_path):
    with wired(tmp_path) as (wire, db):
        write(db, "a", "1")
        wire.cut_before = b"COMMIT"
        with pytest.raises(StorageError):
            write(db, "a", "2")
        assert meta.get(db, "a") == "1"
        write(db, "a", "3")
        assert meta.get(db, "a") == "3"


def test_a_commit_of_which_nothing_is_known_counts_as_not_done(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "ASK", 0.5)
    with wired(tmp_path) as (wire, db):
        wire.cut_behind = b"COMMIT"
        wire.close()  # nobody gets through any more
        with pytest.raises(StorageError):
            write(db, "a", "2")


@pytest.mark.parametrize("statement", [b"BEGIN", b"INSERT INTO meta", b"SAVEPOINT", b"NOTIFY"])
def test_a_connection_that_is_cut_anywhere_loses_nothing_that_was_reported(tmp_path, statement):
    """Whatever `write` says is what the database holds; where it raises, doing it again has the one effect."""
    with wired(tmp_path) as (wire, db):
        for cut in ("cut_before", "cut_behind"):
            setattr(wire, cut, statement)
            for _ in range(3):
                with suppress(StorageError):
                    with db.transaction(), db.savepoint():
                        meta.put(db, cut, "done")
                    break
            assert meta.get(db, cut) == "done"
            assert db.one("SELECT count(*) FROM meta WHERE key = ?", [cut])[0] == 1
