"""A database is made, migrated or refused by its schema; one of schema 3 is carried over and its desk plays on."""

from __future__ import annotations

import asyncio
import re
import sqlite3
from contextlib import closing
from importlib.resources import files

import pytest

from mailgate.errors import StorageError, WrongSchema
from mailgate.store import schema
from mailgate.store.attachments import AttachmentStore
from mailgate.store.db import Store, engine_of, open_reader, open_writer
from mailgate.store.maintenance.invariants import check
from mailgate.store.queues import inbox, outbox
from mailgate.store.sqlite.engine import Sqlite
from tests.desk import ANN, ELLIOT, KAREN, Bench, to
from tests.old_desk import LEFT_AT, unpack

pytestmark = pytest.mark.sqlite


def set_version(path, number, compatible=None):
    """Pretend that a program of another schema has written the database."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA user_version = {number}")
        connection.execute("UPDATE migration SET version = ?, compatible = ?", [number, compatible or number])
        connection.commit()


def structure(path):
    """Every object of the schema as SQL, without what a rename or ALTER TABLE writes differently."""
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_master").fetchall()
    return {(kind, name, table): _plain(sql) for kind, name, table, sql in rows}


def _plain(sql):
    without_comments = re.sub(r"--[^\n]*", "", sql or "")
    return re.sub(r"\s*([(),])\s*", r"\1", " ".join(without_comments.replace('"', "").split()))


def contents(path):
    with closing(sqlite3.connect(path)) as connection:
        return list(connection.iterdump())


def test_a_fresh_schema_equals_a_migrated_one(tmp_path):
    old, new = unpack(tmp_path), tmp_path / "new.db"
    open_writer(new).close()
    assert structure(old) != structure(new)
    schema.migrate(engine_of(old), LEFT_AT)
    assert structure(old) == structure(new)


def test_migrations_are_numbered_without_gaps_up_to_the_version_of_the_program():
    names = sorted(each.name for each in files("mailgate.store").joinpath("migrations").iterdir())
    assert all(re.fullmatch(r"\d{4}_[a-z_]+\.sql", name) for name in names)
    numbers = [each.version for each in schema.migrations()]
    assert numbers == list(range(Sqlite.oldest + 1, schema.VERSION + 1))


def test_each_migration_says_whether_older_programs_may_go_on():
    for each in schema.migrations():
        if each.version >= schema.RECORDED:
            assert each.script.startswith((schema.MAY_GO_ON, schema.MUST_STOP)), each.version
            if each.script.startswith(schema.MAY_GO_ON):
                assert not re.search(r"\b(DROP|RENAME|DELETE|UPDATE)\b", each.script), f"{each.version} adds alone"
    assert schema.migrations()[-1].compatible == schema.COMPATIBLE


def test_a_migration_is_recorded_and_the_database_as_it_was_is_kept(tmp_path):
    path = unpack(tmp_path)
    before = contents(path)
    done = schema.migrate(engine_of(path), LEFT_AT)
    assert [each.version for each in done] == list(range(4, schema.VERSION + 1))
    with closing(open_reader(path)) as db:
        recorded = [(row["version"], row["name"], row["at"]) for row in db.all("SELECT * FROM migration")]
        assert recorded == [(each.version, each.name, LEFT_AT.timestamp()) for each in done]
        assert db.one("SELECT max(compatible) FROM migration")[0] == schema.COMPATIBLE
    (copy,) = engine_of(path).copies()
    assert copy == schema.copy_path(path, 3)
    assert copy.stat().st_mode & 0o777 == 0o600
    assert contents(copy) == before
    assert engine_of(copy).version() == 3


def test_what_was_not_checkpointed_is_in_the_copy(tmp_path):
    path = unpack(tmp_path)
    with closing(sqlite3.connect(path)) as other:  # open all the while, so that its log is not taken in
        other.execute("PRAGMA journal_mode = WAL")
        other.execute("INSERT INTO meta VALUES ('late', 'word')")
        other.commit()
        schema.migrate(engine_of(path), LEFT_AT)
        with closing(sqlite3.connect(schema.copy_path(path, 3))) as copy:
            assert copy.execute("SELECT value FROM meta WHERE key = 'late'").fetchone() == ("word",)


def test_a_migration_that_fails_leaves_the_database_as_it_was(tmp_path):
    path = unpack(tmp_path)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE migration (what TEXT)")  # in the way of the first one
    before = contents(path)
    with pytest.raises(sqlite3.OperationalError, match="already exists"):
        schema.migrate(engine_of(path), LEFT_AT)
    assert contents(path) == before
    assert engine_of(path).version() == 3


def test_rows_that_refer_to_nothing_stop_a_migration_that_rebuilds_a_table(tmp_path):
    path = unpack(tmp_path)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("INSERT INTO deadline VALUES (77, 'close', 0)")
        connection.commit()
    with pytest.raises(StorageError, match="rows of deadline that refer to nothing"):
        schema.migrate(engine_of(path), LEFT_AT)
    assert engine_of(path).version() == 12, "the next one rebuilds a table"


def test_no_copy_no_migration(tmp_path):
    path = unpack(tmp_path)
    in_the_way = schema.copy_path(path, 3)
    in_the_way.mkdir()
    with pytest.raises(StorageError, match="cannot be copied, so it was not migrated"):
        schema.migrate(engine_of(path), LEFT_AT)
    assert engine_of(path).version() == 3
    assert [each.name for each in path.parent.iterdir() if each.name.endswith(".new")] == []


def test_nothing_waits_for_a_missing_empty_or_current_database(tmp_path):
    assert schema.migrate(engine_of(tmp_path / "none.db"), LEFT_AT) == ()
    (tmp_path / "empty.db").touch()
    assert schema.pending(engine_of(tmp_path / "empty.db")) == ()
    open_writer(tmp_path / "new.db").close()
    assert schema.migrate(engine_of(tmp_path / "new.db"), LEFT_AT) == ()
    assert engine_of(tmp_path / "new.db").copies() == []


@pytest.mark.parametrize(
    ("number", "why"),
    [
        (2, "from before the first release"),
        (3, "start the daemon, or run: mailgate database migrate"),
        (schema.VERSION + 1, f"a newer mailgate .schema {schema.VERSION + 1}, this program has {schema.VERSION}"),
    ],
)
def test_every_door_refuses_another_schema(tmp_path, number, why):
    path = tmp_path / "mailgate.db"
    open_writer(path).close()
    set_version(path, number)
    for door in (open_writer, open_reader, lambda path: asyncio.run(Store.open(path))):
        with pytest.raises(WrongSchema, match=why):
            door(path)
    if number != 3:
        with pytest.raises(WrongSchema, match=why):
            schema.migrate(engine_of(path), LEFT_AT)


def test_a_newer_schema_that_allows_older_programs_is_used(tmp_path):
    path = tmp_path / "mailgate.db"
    open_writer(path).close()
    set_version(path, schema.VERSION + 1, compatible=schema.VERSION)
    for door in (open_writer, open_reader):
        door(path).close()
    assert schema.migrate(engine_of(path), LEFT_AT) == ()
    assert engine_of(path).size(["meta"]).rows == {"meta": 0}
    with pytest.raises(WrongSchema, match="a newer mailgate"):
        schema.require_own(engine_of(path))


def test_a_database_of_something_else_is_left_alone(tmp_path):
    path = tmp_path / "photos.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE photo (name TEXT)")
    for door in (open_writer, open_reader, lambda path: schema.pending(engine_of(path))):
        with pytest.raises(WrongSchema, match="tables of something else"):
            door(path)
    assert [name for _, name, _ in structure(path)] == ["photo"]


def test_a_database_without_its_schema_yet_reads_as_empty(tmp_path):
    """Another process has made the file a moment ago."""
    path = tmp_path / "mailgate.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
    assert path.stat().st_size
    with closing(open_reader(path)) as db:
        assert db.one("SELECT count(*) FROM ticket")[0] == 0


# ── a desk of schema 3 ──────────────────────────────────────────────────────────────────


@pytest.fixture
def bench(tmp_path):
    path = unpack(tmp_path)
    schema.migrate(engine_of(path), LEFT_AT)
    bench = Bench(tmp_path, (tmp_path / "config.toml").read_text())
    bench.now = LEFT_AT
    bench.mails = 1000  # its ids go on behind those of the desk as it was
    bench.new()
    return bench


def alert(bench, number, email, kind="new-ticket"):
    return to([each for each in bench.sent() if each.ticket == number and each.kind == kind], email)


def test_nothing_of_the_old_desk_is_lost(bench):
    assert bench.numbers() == [1001, 1002, 1003, 1004, 1005, 1006]
    assert [bench.ticket(number).status.value for number in bench.numbers()] == [
        *("resolved", "open", "open", "closed", "pending", "open")
    ]
    large = bench.db.one("SELECT id, size FROM inbox WHERE subject = 'Dump'")
    assert len(inbox.raw(bench.db, large["id"])) == large["size"] > 400_000
    found = check(bench.db, AttachmentStore(bench.config.storage.attachments))
    assert [problem for each in found for problem in each.problems] == []


def test_old_alerts_are_answered_and_old_mail_is_worked(bench):
    """A key of before lets its agent in, a token the requester; the mail that was taken and not worked is."""
    (told,) = bench.drain()  # of Karen's answer, which was in the inbox
    assert (told.kind, told.ticket) == ("new-message", 1001)
    assert bench.ticket(1001).status.value == "open"
    answered = bench.send(ANN, "Press the red button.\n", answers=alert(bench, 1003, "ann@bank.example"))
    assert to(answered, "karen@client.example").kind == "reply"
    ((kind, text),) = bench.thread(1003)[-1:]
    assert (kind, text) == ("reply", "Press the red button.")


def test_the_anchor_of_before_threads(bench):
    reply = alert(bench, 1001, "karen@client.example", "reply")
    anchor = reply.message["References"].split()[0]
    assert anchor.startswith("<t.")
    bench.send(KAREN, "Again.", subject="About yesterday", headers={"References": anchor, "In-Reply-To": anchor})
    assert bench.thread(1001)[-1] == ("message", "Again.")


def test_the_held_mail_is_released_by_its_code(bench):
    confirm = to([each for each in bench.sent() if each.kind == "confirm"], "elliot@bank.example")
    code = re.search(r"#confirm (\S+)", confirm.text)[1]
    bench.send(ELLIOT, f"#confirm {code}\n", subject=confirm.subject)
    assert bench.ticket(1001).status.value == "closed"


def test_what_waited_for_the_relay_goes_out_and_the_clock_goes_on(bench):
    with bench.db.transaction():
        jobs = outbox.claim(bench.db, bench.now, 10)
    assert [(job.ticket, job.kind.value) for job in jobs] == [(1006, "acknowledgement"), (1006, "new-ticket")]
    assert b"receipt.txt" in jobs[1].data
    woken = bench.wait(days=8)
    assert "reminder" in {each.kind for each in woken if each.ticket == 1005}
    assert bench.ticket(1005).status.value == "open"
    assert bench.ticket(1001).status.value == "closed"
