"""A connection of PostgreSQL as a `Db`.

One transaction writes at a time, as in SQLite: each takes an advisory lock of the desk before anything else, so that
what it reads stays true until it commits. A connection that was lost while nothing was under way is opened anew; what
was under way is undone and raises StorageError. Where a COMMIT is not answered, the server is asked what became of it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TypeVar

from mailgate.errors import NodeLost, StorageError
from mailgate.store.engine import Db, Node, Params, Row, Table
from mailgate.store.postgresql.connection import (
    IDLE_TIMEOUT,
    LOCKS,
    Error,
    IntegrityError,
    connect,
    errors_of,
    fail,
    in_transaction,
    is_idle,
    is_lock_timeout,
    is_stale,
    value,
)
from mailgate.store.postgresql.sql import EMIT, FLUSH, TIMELINE, Expressions, bound, table_of, translated
from mailgate.store.postgresql.statements import Statements
from mailgate.store.raw_files import RawFiles
from mailgate.store.schema import require_still_usable
from mailgate.system.crash_points import crossing

T = TypeVar("T")

CHANNEL = "mailgate"  # of NOTIFY: something was committed
LOOK = 30.0  # seconds after which `data_version` changes by itself, for notifications may be lost
STUCK = IDLE_TIMEOUT  # seconds that a client may stand still while it sends
ASK = 30.0  # seconds to wait for a server that did not answer a COMMIT
PAUSE = 0.2  # seconds between two questions
# One that only reads holds up nobody, however long it stands still.
_SNAPSHOT = ("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", "SET LOCAL idle_in_transaction_session_timeout = 0")


class PostgresDb(Expressions):
    """A handle on one connection, which is opened anew when it was lost."""

    def __init__(self, url: str, files: RawFiles, *, read_only: bool = False, node: Node = Node()) -> None:  # noqa: B008
        self._url = url
        self._read_only = read_only
        self.files = files
        self.node = node
        self._wrote = False  # this transaction changed something
        self._xid = ""  # id of this transaction
        self._opening = self._leaving = False  # a snapshot begins, or has ended, with the next statement
        self._ahead: dict[tuple[str, str], list[Row]] = {}  # rows of queries that this transaction has run ahead
        self._seen = 0  # how often something of others was or may have been committed
        self._connect()

    def _connect(self) -> None:
        """Open the connection (anew). Raises StorageError."""
        self._connection = connect(self._url, read_only=self._read_only)
        self._statements = Statements(self._connection)
        self._leaving = False
        self._seen += 1  # what was missed meanwhile
        with errors_of(self._connection):
            self._key = value(self._connection, "SELECT CAST(hashtext(current_schema()) AS bigint)")
            self._timeline = value(self._connection, f"SELECT {TIMELINE}")
            self._flushes = value(self._connection, f"SELECT has_function_privilege('{EMIT}', 'execute')")
            self._lock = f"SELECT pg_advisory_xact_lock({LOCKS}, {self._key})"
            if not self._read_only:
                self._connection.execute(f"LISTEN {CHANNEL}")

    def _execute(self, sql: str, params: Params = (), most: int | None = None) -> tuple[int, list[Row]]:
        """Run one statement behind what is queued: how many rows it changed or found, and up to `most` of them."""
        if self._ahead and (known := self._ahead.get((sql, repr(params)))) is not None:
            return len(known), known[:most]
        text, names = translated(sql)
        values = bound(params, names)
        return self._again_on_new_connection(lambda: self._statements.run(text, values, most), text)

    def _again_on_new_connection(self, run: Callable[[], T], text: str = "SELECT") -> T:
        """Run statements, on a new connection where nothing is lost with the old one: outside, for what only reads."""
        connection = self._connection
        again = text.startswith("SELECT") and not self._inside()
        try:
            return self._run(run)
        except Error as error:
            if not again or not (connection.closed or is_stale(error)):
                fail(error, connection)
        if connection.closed:
            self._connect()
        with errors_of(self._connection):
            return self._run(run)

    def _run(self, run: Callable[[], T]) -> T:
        """Run statements behind the end of the last snapshot and the beginning of the next, if they are due."""
        for each in (*(["ROLLBACK"] if self._leaving else []), *(_SNAPSHOT if self._opening else [])):
            self._statements.add(each)
        result = run()
        self._opening = self._leaving = False
        return result

    def _inside(self) -> bool:
        """Whether a transaction runs in which something was read or written."""
        return in_transaction(self._connection) and not self._leaving

    def ahead(self, reads: Callable[[Db], object]) -> None:
        """Run the queries together, and keep their rows until the transaction writes or ends."""
        if not (self._opening or self._inside()):
            return
        asked = _Asked(self)
        reads(asked)
        queries = []
        for sql, params in asked.queries:
            text, names = translated(sql)
            queries.append((text, bound(params, names)))
        found = self._again_on_new_connection(lambda: self._statements.run_all(queries))
        keys = ((sql, repr(params)) for sql, params in asked.queries)
        self._ahead.update(zip(keys, found, strict=True))

    def all(self, sql: str, params: Params = ()) -> list[Row]:
        """Every row of a query."""
        rows = self._execute(sql, params)[1]
        if not sql.startswith(("SELECT", "WITH")):
            self._write()
        return rows

    def _write(self, *, changed: bool = True) -> None:
        """Note that something was written."""
        self._wrote = self._wrote or changed
        self._ahead.clear()

    def one(self, sql: str, params: Params = ()) -> Row | None:
        """The first row of a query, or None."""
        rows = self._execute(sql, params, 1)[1]
        return rows[0] if rows else None

    def run(self, sql: str, params: Params = ()) -> int:
        """Run one statement; the number of rows it changed."""
        count = self._execute(sql, params)[0]
        self._write(changed=count > 0)
        return count

    def send(self, sql: str, params: Params = ()) -> None:
        """Queue one statement."""
        self.many(sql, [params])

    def insert(self, sql: str, params: Params = ()) -> int:
        """Run one INSERT; the id of the new row."""
        rows = self._execute(f"{sql} RETURNING id", params)[1]
        self._write()
        return int(rows[0][0])

    def many(self, sql: str, rows: Iterable[Params]) -> None:
        """Queue one statement for each of many rows."""
        text, names = translated(sql)
        self._ahead.clear()
        self.settle()
        with errors_of(self._connection):
            for params in rows:
                self._statements.add(text, bound(params, names))
            if not in_transaction(self._connection):
                self._statements.flush()

    def run_unless_taken(self, sql: str, params: Params = ()) -> int:
        """`run`, but 0 and no change where the statement would break a constraint."""
        try:
            with self.savepoint():
                return self.run(sql, params)
        except IntegrityError:
            return 0

    # ── transactions ────────────────────────────────────────────────────────────────────

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """What happens inside is undone alone when it raises."""
        statements = self._statements
        sent, before = statements.sent, statements.queued
        with errors_of(self._connection):
            statements.add("SAVEPOINT one")
        try:
            yield
            self._execute("RELEASE one")
        except BaseException:
            self._ahead.clear()
            if statements is self._statements and statements.sent == sent:
                statements.forget(before)
            elif in_transaction(self._connection):
                statements.forget()
                self._execute("ROLLBACK TO one")
                self._execute("RELEASE one")
            raise

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Every read inside sees the database as it is at the first of them."""
        if self._opening or self._inside():  # in a transaction nobody else writes
            yield
            return
        self._opening = True
        try:
            yield
        finally:
            self._ahead.clear()
            self._opening, self._leaving = False, in_transaction(self._connection)  # there is nothing to undo

    def settle(self) -> None:
        """End the last snapshot, where that was left to the next statement."""
        if self._leaving:
            self._leaving = False
            self.rollback()

    def begin(self) -> None:
        """BEGIN, and wait until no other transaction of the desk writes."""
        number = self.node.number
        fence = f"(SELECT count(*) FROM node WHERE number = {number})" if number else "1"  # noqa: S608
        ((self._xid, alive),) = self._start("BEGIN", self._lock, f"SELECT pg_current_xact_id()::text, {fence}")
        self._wrote = False
        self._changed = self._statements.changed
        if not alive:
            self.rollback()
            require_still_usable(self)  # a newer program may have ended it
            raise NodeLost("the lease of this node has ended, another one does its work")

    def commit(self) -> None:
        """COMMIT, behind what is queued. An answer that does not come is found out.

        The desk's lock is released before the server's log is flushed: what committed is flushed behind it, in the same
        round trip. What others read of it meanwhile is durable when their own transactions return, for the log is
        flushed in order; so one that wrote nothing flushes, too.
        """
        statements = self._statements
        connection = self._connection
        with errors_of(connection):
            if not self._wrote:
                statements.flush()  # tells whether it changes something
        self._ahead.clear()
        crossing("commit")
        try:
            if self._wrote or statements.changed != self._changed:
                statements.add(f"NOTIFY {CHANNEL}")
            if self._flushes:
                statements.add("SET LOCAL synchronous_commit = off")
                statements.add("COMMIT")
                statements.run(FLUSH)
            else:
                statements.run("COMMIT")
        except Error as error:
            if in_transaction(connection) or not self._committed():
                fail(error, connection)
        crossing("committed")

    def rollback(self) -> None:
        """ROLLBACK, where a transaction runs."""
        self._statements.forget()
        self._ahead.clear()
        if self._inside():
            self._execute("ROLLBACK")

    def _start(self, *statements: str) -> list[Row]:
        """Begin a transaction, on a new connection where the old one is lost; the rows of the last statement."""
        connection = self._connection
        try:
            return self._run(lambda: self._all_of(statements))
        except Error as error:
            self._leaving = False
            with suppress(Error):
                if in_transaction(connection):  # the lock was not to be had
                    self._statements.run("ROLLBACK")
                if is_lock_timeout(error):
                    self._end_stuck()
            if not connection.closed:
                fail(error, connection)
        self._connect()
        with errors_of(self._connection):
            return self._all_of(statements)

    def _end_stuck(self) -> None:
        """End what holds the lock in the middle of a pipeline; the server ends what stands still between statements."""
        self._statements.run(
            "SELECT pg_terminate_backend(pid) FROM pg_locks l JOIN pg_stat_activity a USING (pid)"  # noqa: S608
            f" WHERE granted AND locktype = 'advisory' AND classid = {LOCKS}"
            f" AND objid = CAST({self._key} & 4294967295 AS oid)"
            " AND l.database = a.datid AND a.datname = current_database() AND wait_event_type = 'Client'"
            f" AND state_change < clock_timestamp() - {STUCK} * interval '1 second'"
        )

    def _all_of(self, statements: Sequence[str]) -> list[Row]:
        *first, last = statements
        for each in first:
            self._statements.add(each)
        return self._statements.run(last)[1]

    def _committed(self) -> bool:
        """Whether the transaction whose COMMIT was not answered is permanent. False also where that stays unknown.

        Asks a new connection for as long as ASK. The number of a transaction means nothing on a server that took
        over from another one (another timeline), or that was started anew: after a crash it may be given out again,
        also where only the server's other processes were started anew.
        """
        until, timeline = time.monotonic() + ASK, self._timeline
        while time.monotonic() < until:
            with suppress(StorageError, Error):  # a number that a server after a crash does not know
                if self._connection.closed:
                    self._connect()
                if self._timeline != timeline:
                    return False
                row = self.one("SELECT pg_xact_status(CAST(? AS xid8))", [self._xid])
                if row and row[0] == "committed" and self._flushes:
                    self.all(FLUSH)
                if row is None or row[0] != "in progress":
                    return row is not None and row[0] == "committed"
            time.sleep(PAUSE)
        return False

    # ── the database itself ─────────────────────────────────────────────────────────────

    def data_version(self) -> int:
        """A number that changes when another connection has committed, and every LOOK seconds."""
        self.settle()
        connection = self._connection
        if connection.closed:
            self._connect()
            connection = self._connection
        with errors_of(connection):
            if is_idle(connection):
                connection.pgconn.consume_input()
                while notify := connection.pgconn.notifies():
                    self._seen += notify.be_pid != connection.pgconn.backend_pid
        return self._seen * 1_000_000 + int(time.monotonic() / LOOK)

    def tables(self) -> dict[str, Table]:
        """Every table, by name."""
        columns = self.all(
            "SELECT c.relname AS table, a.attname AS name, t.typname = 'text' AS is_text,"
            " array_position(i.indkey::int[], a.attnum::int) AS in_key"
            " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid"
            " JOIN pg_type t ON t.oid = a.atttypid LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary"
            " WHERE n.nspname = current_schema() AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped"
            " AND a.attgenerated = ''"
            " ORDER BY c.relname, a.attnum"
        )
        return {
            name: table_of(name, [row for row in columns if row["table"] == name])
            for name in dict.fromkeys(row["table"] for row in columns)
        }

    def restart_ids(self) -> None:
        """Set the sequences behind the largest ids."""
        identities = "table_schema = current_schema() AND is_identity = 'YES'"
        for (table,) in self.all(f"SELECT table_name FROM information_schema.columns WHERE {identities}"):  # noqa: S608
            largest = f"(SELECT max(id) FROM {table})"  # noqa: S608 - names of our own
            sequence = f"pg_get_serial_sequence('{table}', 'id')"
            self.all(f"SELECT setval({sequence}, coalesce({largest}, 1), {largest} IS NOT NULL)")

    def damage(self, most: int) -> Iterator[str]:
        """Nothing: the server checks pages as it reads them."""
        del most
        yield from ()

    def dangling(self) -> Iterator[str]:
        """Nothing: the server allows none."""
        yield from ()

    def give_back(self, pages: int) -> bool:
        """Nothing: the server does it by itself (autovacuum)."""
        del pages
        return False

    def merge_index(self, pages: int) -> bool:
        """Nothing: autovacuum takes deleted documents out; single words stay until the index is rebuilt."""
        del pages
        return False

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


class _Asked(PostgresDb):
    """Notes queries instead of running them, and finds nothing."""

    def __init__(self, real: PostgresDb) -> None:
        self.files, self.node = real.files, real.node
        self.queries: list[tuple[str, Params]] = []

    def _execute(self, sql: str, params: Params = (), most: int | None = None) -> tuple[int, list[Row]]:
        del most
        self.queries.append((sql, params))
        return 0, []
