"""A desk's database on a server of PostgreSQL."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path

from mailgate.errors import DatabaseBusy, LockHeld, StorageError, WrongSchema
from mailgate.settings import Server
from mailgate.store import schema
from mailgate.store.columns import moment
from mailgate.store.engine import MARGIN, Db, Engine, Flusher, Found, Lane, Migration, Node, Size
from mailgate.store.maintenance.copy import copy
from mailgate.store.postgresql.connection import LOCKS, Connection, connect, errors_of, value
from mailgate.store.postgresql.db import PostgresDb
from mailgate.store.postgresql.lane import PostgresLane
from mailgate.store.raw_files import RawFiles
from mailgate.store.sqlite.engine import Sqlite, empty
from mailgate.system.crash_points import crossing
from mailgate.system.storage import probe

MIGRATION_TRIES = 3


class Postgresql(Engine):
    """The database of a desk on a server."""

    oldest = 16
    alone = False

    def __init__(self, server: Server) -> None:
        self._url = server.url
        self.name = str(server)
        self.database = server
        self.beside = server.beside

    def exists(self) -> bool:
        """Whether the database holds a desk."""
        return self.version() > 0

    def open_writer(self) -> Db:
        """A connection for a one-shot command."""
        self._create()
        self._require_usable()
        return PostgresDb(self._url, RawFiles(self.database))

    def open_reader(self) -> Db:
        """A connection that cannot write; to an empty database in memory where there are no tables yet."""
        if not self.version():
            return empty(RawFiles(self.database))
        self._require_usable()
        return PostgresDb(self._url, RawFiles(self.database), read_only=True)

    async def open_lanes(self, node: Node) -> tuple[Lane, Lane, Flusher]:
        """A writer and a reader; a commit is durable already."""
        self._create()
        self._require_usable()
        raw = RawFiles(self.database)
        writer = await PostgresLane.open(lambda: PostgresDb(self._url, raw, node=node))
        try:
            reader = await PostgresLane.open(lambda: PostgresDb(self._url, raw, read_only=True, node=node))
        except BaseException:
            await writer.close()
            raise
        return writer, reader, _Durable()

    def _create(self) -> None:
        """Make the schema where there is none."""
        with closing(connect(self._url, slow=True)) as connection:
            if not _found(connection).version:
                with _exclusive(connection):
                    if not _found(connection).version:  # another process may have been faster
                        connection.execute(dialect(schema.script()))
                        _record(connection, schema.VERSION, "new database", schema.COMPATIBLE, time.time())

    def _require_usable(self) -> None:
        schema.require_usable(self.schema(), self.oldest)

    def schema(self) -> Found:
        """The schema of the database."""
        with closing(connect(self._url, read_only=True)) as connection:
            return _found(connection)

    def keep_copy(self, version: int) -> None:
        """Nothing: each migration is whole or undone, and copies are the server's (docs/postgresql.md)."""

    def copies(self) -> list[Path]:
        """None."""
        return []

    def apply(self, migrations: Sequence[Migration], now: datetime) -> None:
        """Run migrations."""
        with closing(connect(self._url, slow=True)) as connection:
            for each in migrations:
                for again in reversed(range(MIGRATION_TRIES)):
                    try:
                        _apply(connection, each, now)
                        break
                    except DatabaseBusy:  # a reader of several tables may wait for this as this waits for it
                        if not again:
                            raise

    def copy_to(self, target: Path) -> None:
        """Copy every row into a file of SQLite."""
        copied = Sqlite(target)
        with closing(self.open_reader()) as ours, closing(copied.open_writer()) as theirs:
            copy(ours, theirs, self.name)
        copied.close_log()

    def size(self, tables: Sequence[str]) -> Size:
        """Bytes of the tables with their indexes, and rows."""
        with closing(connect(self._url, read_only=True)) as connection:
            has = _found(connection)
            if not has.version:
                return Size(schema=0)
            known = schema.is_usable(has)
            with errors_of(connection):
                size = value(
                    connection,
                    "SELECT coalesce(sum(pg_total_relation_size(oid)), 0)::bigint FROM pg_class"
                    " WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r'",
                )
                found = connection.execute("SELECT version, name, at FROM migration ORDER BY version").fetchall()
                return Size(
                    schema=has.version,
                    compatible=has.compatible,
                    size=size,
                    migrations=tuple((row["version"], row["name"], moment(row["at"])) for row in found),
                    rows={each: _count(connection, each) for each in tables} if known else None,
                )

    def keeps_space(self) -> bool:
        """Never: the server gives space back, or uses it again."""
        return False

    def rewrite(self) -> None:
        """VACUUM FULL of every table: nobody can read or write it meanwhile."""
        with closing(connect(self._url, slow=True)) as connection, errors_of(connection):
            tables = connection.execute(
                "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"
            ).fetchall()
            crossing("rewrite of the database")
            for (table,) in tables:
                connection.execute(f'VACUUM (FULL) "{table}"')
            crossing("database rewritten")

    def log_mark(self) -> int:
        """0: the log is the server's."""
        return 0

    def checkpoint(self) -> None:
        """Nothing: the log is the server's."""

    def trouble(self, folders: Iterable[Path]) -> Iterator[StorageError]:
        """See `probe`; what is wrong with the server every connection shows."""
        return probe(None, (self.beside.parent, *folders))


class _Durable:
    """Commits are durable when they return."""

    async def flushed(self) -> None:
        """At once."""

    def require_in_place(self) -> None:
        """Every statement shows whether the database is there."""

    async def close(self) -> None:
        """Nothing is under way."""


def _count(connection: Connection, table: str) -> int:
    return int(value(connection, f"SELECT count(*) FROM {table}"))  # noqa: S608 - names of our own


# ── schema ──────────────────────────────────────────────────────────────────────────────

_DOCUMENT_INDEX = """
ALTER TABLE document
    ADD COLUMN vector tsvector GENERATED ALWAYS AS (array_to_tsvector(string_to_array(words, ' '))) STORED;
CREATE INDEX document_index ON document USING gin (vector);
"""
_WORDS = (
    (r"(?s)CREATE VIRTUAL TABLE document_index\b.*?;", _DOCUMENT_INDEX),
    (r"(?s)CREATE TRIGGER document_.*?\bEND;", ""),  # which keep the index of SQLite
    (r"\b(STRICT, WITHOUT ROWID|STRICT)\b", ""),
    (r"\bid INTEGER PRIMARY KEY(?! REFERENCES)", "id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY"),
    (r"\bINTEGER\b", "bigint"),
    (r"\bREAL\b", "double precision"),
    (r"\bBLOB\b", "bytea"),
    (r"\bTEXT\b", 'text COLLATE "C"'),
    (r"\bsimilar\b", '"similar"'),  # a word of the language
)


def dialect(script: str) -> str:
    """A script of the schema as PostgreSQL reads it."""
    for pattern, instead in _WORDS:
        script = re.sub(pattern, instead, script)
    return script


def _found(connection: Connection) -> Found:
    """The schema of the database, which the table `migration` holds. Raises WrongSchema for one of something else."""
    with errors_of(connection):
        tables = {
            row[0] for row in connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()")
        }
        if not tables:
            return Found(0, 0)
        if not {"migration", "inbox"} <= tables:
            raise WrongSchema("the database is none of mailgate: it holds tables of something else")
        version = int(value(connection, "SELECT max(version) FROM migration") or 0)
        if version < schema.RECORDED:
            return Found(version, version)
        return Found(version, int(value(connection, "SELECT max(compatible) FROM migration")))


@contextmanager
def _exclusive(connection: Connection) -> Iterator[None]:
    """One transaction that changes the schema; no other process changes it, or writes, meanwhile."""
    with errors_of(connection), connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(hashtext('mailgate schema'), hashtext(current_schema()))")
        connection.execute(f"SELECT pg_advisory_xact_lock({LOCKS}, hashtext(current_schema()))")
        yield
        crossing("commit of the schema")
    crossing("schema committed")


def _apply(connection: Connection, migration: Migration, now: datetime) -> None:
    with _exclusive(connection):
        if _found(connection).version < migration.version:  # else another node was faster
            _end_older_nodes(connection, migration)
            connection.execute(dialect(migration.script))
            _record(connection, migration.version, migration.name, migration.compatible, now.timestamp())


def _end_older_nodes(connection: Connection, migration: Migration) -> None:
    """End the nodes that the migration does not allow to go on. Raises LockHeld while one of them works.

    One that only stands still does nothing more: its next transaction finds no row of it.
    """
    if value(connection, "SELECT to_regclass('node') IS NOT NULL"):
        # Nodes say their schema since the one that records this.
        schema_of = "coalesce(CAST(to_jsonb(node) ->> 'schema' AS bigint), 0)"
        older = f"FROM node WHERE {schema_of} < {migration.compatible}"
        alive = f"SELECT name {older} AND ends_at + {MARGIN} > {PostgresDb.clock} ORDER BY name LIMIT 1"
        if name := value(connection, alive):
            why = f"schema {migration.version} ({migration.name}) cannot be used by its program"
            raise LockHeld(f"node {name} works on this database, and {why}: stop every older node first")
        connection.execute(f"DELETE {older}")


def _record(connection: Connection, version: int, name: str, compatible: int, at: float) -> None:
    connection.execute("INSERT INTO migration (version, name, at) VALUES ($1, $2, $3)", [version, name, at])
    if version >= schema.RECORDED:
        connection.execute("UPDATE migration SET compatible = $1 WHERE version = $2", [compatible, version])
