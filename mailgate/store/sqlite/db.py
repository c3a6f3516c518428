"""A connection of SQLite as a `Db`."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

from mailgate.errors import StorageError
from mailgate.rules.text.search_words import Term
from mailgate.store.engine import Db, Node, Params, Row, Table
from mailgate.store.raw_files import RawFiles
from mailgate.store.sqlite.connection import fail, is_busy, storage_errors
from mailgate.system.crash_points import crossing

T = TypeVar("T")

SHORT_TRIES, SHORT_PAUSE = 100, 0.0002  # how often a busy database is asked again at once; seconds between
RESERVE = 20  # one page in so many stays free, to be used again: else a busy desk gives back what it takes next
LEAST = 256  # pages


class SqliteDb(Db):
    """A handle on one connection. Lists are bound as JSON."""

    any_of = "IN (SELECT value FROM json_each(?))"
    none_of = "NOT IN (SELECT value FROM json_each(?))"
    listed = "json_each(?)"
    matching = "(SELECT rowid AS ticket FROM document_index WHERE document_index MATCH ?)"
    latest = ""  # the index gives the latest first
    clock = "((julianday('now') - 2440587.5) * 86400.0)"

    def __init__(self, connection: sqlite3.Connection, files: RawFiles, node: Node = Node()) -> None:  # noqa: B008
        self._connection = connection
        self.files = files
        self.node = node

    def all(self, sql: str, params: Params = ()) -> list[Row]:
        """Every row of a query."""
        try:
            return self._connection.execute(sql, params).fetchall()
        except sqlite3.DatabaseError as error:
            fail(error)

    def one(self, sql: str, params: Params = ()) -> Row | None:
        """The first row of a query, or None."""
        try:
            row: Row | None = self._connection.execute(sql, params).fetchone()
        except sqlite3.DatabaseError as error:
            fail(error)
        return row

    def ahead(self, reads: Callable[[Db], object]) -> None:
        """Nothing: there is no round trip."""

    def run(self, sql: str, params: Params = ()) -> int:
        """Run one statement; the number of rows it changed."""
        try:
            return self._connection.execute(sql, params).rowcount
        except sqlite3.DatabaseError as error:
            fail(error)

    def send(self, sql: str, params: Params = ()) -> None:
        """Run one statement."""
        try:
            self._connection.execute(sql, params)
        except sqlite3.DatabaseError as error:
            fail(error)

    def insert(self, sql: str, params: Params = ()) -> int:
        """Run one INSERT; the id of the new row."""
        try:
            return self._connection.execute(sql, params).lastrowid or 0
        except sqlite3.DatabaseError as error:
            fail(error)

    def many(self, sql: str, rows: Iterable[Params]) -> None:
        """Run one statement for each of many rows."""
        try:
            self._connection.executemany(sql, rows)
        except sqlite3.DatabaseError as error:
            fail(error)

    def run_unless_taken(self, sql: str, params: Params = ()) -> int:
        """`run`, but 0 and no change where the statement would break a constraint."""
        try:
            return self.run(sql, params)
        except sqlite3.IntegrityError:  # undoes the statement alone
            return 0

    # ── expressions ─────────────────────────────────────────────────────────────────────

    @staticmethod
    def values(values: Iterable[object]) -> object:
        """A list as JSON."""
        return json.dumps([*values])

    @staticmethod
    def terms(terms: Iterable[Term]) -> str:
        """A query of FTS5; words hold no quotes."""
        return " AND ".join(f'"{term.word}"{" *" if term.begins else ""}' for term in terms)

    @staticmethod
    def elements(column: str) -> str:
        """A table of the elements of a JSON list."""
        return f"json_each({column})"

    @staticmethod
    def member(value: str, key: str | int) -> str:
        """One member of a JSON object or list."""
        return f"json_extract({value}, '$[{key}]')" if isinstance(key, int) else f"json_extract({value}, '$.{key}')"

    @staticmethod
    def members(value: str, keys: Sequence[str]) -> str:
        """Some members of a JSON object, as a JSON list."""
        paths = ", ".join(f"'$.{key}'" for key in keys)
        return f"json_extract({value}, {paths})"

    # ── transactions ────────────────────────────────────────────────────────────────────

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """What happens inside is undone alone when it raises."""
        self.run("SAVEPOINT one")
        try:
            yield
        except BaseException:
            if self._connection.in_transaction:  # a full disk has undone the whole transaction already
                self.run("ROLLBACK TO one")
                self.run("RELEASE one")
            raise
        self.run("RELEASE one")

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Every read inside sees the database as it is at the first of them."""
        if self._connection.in_transaction:  # which sees one moment already
            yield
            return
        self.run("BEGIN")
        try:
            yield
        finally:
            self.rollback()  # there is nothing to undo

    def begin(self) -> None:
        """BEGIN IMMEDIATE. The other process writes for a millisecond: ask again sooner than SQLite would."""
        with storage_errors():
            patience = self._connection.execute("PRAGMA busy_timeout").fetchone()[0]
            self._connection.execute("PRAGMA busy_timeout = 0")
            try:
                for _ in range(SHORT_TRIES):
                    try:
                        self._connection.execute("BEGIN IMMEDIATE")
                    except sqlite3.OperationalError as error:
                        if not is_busy(error):
                            raise
                    else:
                        return
                    time.sleep(SHORT_PAUSE)
            finally:
                self._connection.execute(f"PRAGMA busy_timeout = {patience}")
            self._connection.execute("BEGIN IMMEDIATE")

    def commit(self) -> None:
        """COMMIT."""
        crossing("commit")
        self.run("COMMIT")
        crossing("committed")

    def rollback(self) -> None:
        """ROLLBACK, where a transaction runs."""
        if self._connection.in_transaction:
            self.run("ROLLBACK")

    # ── the database itself ─────────────────────────────────────────────────────────────

    def data_version(self) -> int:
        """A number that changes when another connection has committed."""
        return self._pragma("data_version")

    def _pragma(self, name: str) -> int:
        row = self.one(f"PRAGMA {name}")
        return int(row[0]) if row else 0

    def tables(self) -> dict[str, Table]:
        """Every table, by name."""
        names = self.all(  # without virtual tables and those in which they keep their content
            "SELECT name FROM pragma_table_list"
            " WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"
        )
        return {name: self._table(name) for (name,) in names}

    def _table(self, name: str) -> Table:
        columns = self.all(f"PRAGMA table_info({name})")
        return Table(
            name,
            tuple(f'"{each["name"]}"' for each in columns),
            tuple(f'"{each["name"]}"' for each in columns if each["type"] == "TEXT"),
            tuple(f'"{each["name"]}"' for each in sorted(columns, key=lambda each: each["pk"]) if each["pk"]),
        )

    def restart_ids(self) -> None:
        """Nothing: a new id is one more than the largest."""

    def damage(self, most: int) -> Iterator[str]:
        """What `PRAGMA integrity_check` finds; damage that ends the check is what it found last."""
        try:
            yield from (row[0] for row in self.all(f"PRAGMA integrity_check({most})") if row[0] != "ok")
        except StorageError as error:
            yield f"{error.public}: {error.cause}"

    def dangling(self) -> Iterator[str]:
        """Rows that refer to rows that do not exist."""
        for row in self.all("PRAGMA foreign_key_check"):
            yield f"row {row[1]} of {row[0]} refers to nothing in {row[2]}"

    def give_back(self, pages: int) -> bool:
        """Give free pages back; nothing in a database from before this was possible: `database migrate` rewrites it."""
        free = self._pragma("freelist_count")
        spare = free - max(self._pragma("page_count") // RESERVE, LEAST)
        if spare <= 0 or self._pragma("auto_vacuum") == 0:
            return False
        self.all(f"PRAGMA incremental_vacuum({min(spare, pages)})")
        return spare > pages

    def merge_index(self, pages: int) -> bool:
        """Merge the segments of the index into one (https://www.sqlite.org/fts5.html#the_merge_command)."""
        before = self._connection.total_changes
        self.run("INSERT INTO document_index (document_index, rank) VALUES ('merge', ?)", [-pages])
        return self._connection.total_changes - before >= 2

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()
