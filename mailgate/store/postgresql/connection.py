"""Opens connections to the server, and knows the errors of psycopg, which `statements.py` alone imports besides.

Knows no table. Everything raises StorageError, with words for people and the server's own as the cause.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, NoReturn

import psycopg
from psycopg import errors
from psycopg.conninfo import conninfo_to_dict
from psycopg.pq import TransactionStatus
from psycopg.rows import no_result
from psycopg.types.numeric import Int8BinaryDumper

from mailgate.errors import DatabaseBusy, DatabaseDamaged, StorageError

Connection = psycopg.Connection[Any]
Error = psycopg.Error
IntegrityError = psycopg.IntegrityError

LOCKS = 0x6D61696C  # "mail": the first half of the keys of our advisory locks; one of the next numbers for each purpose
LOCK_TIMEOUT = 30  # seconds to wait for another one's transaction
IDLE_TIMEOUT = 8  # seconds that a transaction may stand still (a stopped process) until the server ends it
STATEMENT_TIMEOUT = 120  # seconds for one statement
_DEFAULTS = {
    # A server that is cut off is noticed within half a minute.
    "connect_timeout": 10,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
    "application_name": "mailgate",
}
_SETTINGS = (
    "SET client_min_messages = warning",
    f"SET lock_timeout = '{LOCK_TIMEOUT}s'",
    f"SET idle_in_transaction_session_timeout = '{IDLE_TIMEOUT}s'",
    f"SET statement_timeout = '{STATEMENT_TIMEOUT}s'",
)
_READ_ONLY = "SET default_transaction_read_only = on"


def connect(url: str, *, read_only: bool = False, slow: bool = False) -> Connection:
    """Open a connection. `slow`: for statements that may take hours. Raises StorageError."""
    try:
        given: dict[str, Any] = {**_DEFAULTS, **conninfo_to_dict(url), "client_encoding": "UTF8"}
        connection: Connection = psycopg.connect(
            **given,
            autocommit=True,  # we say BEGIN ourselves
            cursor_factory=psycopg.RawCursor,
            row_factory=_rows,
        )
    except psycopg.Error as error:
        fail(error)
    try:
        connection.adapters.register_dumper(int, Int8BinaryDumper)  # one type, so that a statement is prepared once
        _require_utf8(connection.info.parameter_status("server_encoding"))
        settings = [
            *_SETTINGS,
            *((_READ_ONLY,) if read_only else ()),
            *(("SET statement_timeout = 0",) if slow else ()),
        ]
        with errors_of(connection):
            connection.execute("; ".join(settings))
    except BaseException:
        connection.close()
        raise
    return connection


def _require_utf8(encoding: str | None) -> None:
    if encoding != "UTF8":
        cure = "create it anew: createdb --encoding=UTF8 --template=template0"
        raise StorageError(f"the database is encoded in {encoding}, not UTF8", cure=cure)


def value(connection: Connection, sql: str) -> Any:
    """The first value of the first row of a query; None where there is none."""
    row = connection.execute(sql).fetchone()
    return row[0] if row else None


def is_idle(connection: Connection) -> bool:
    """Whether no transaction runs."""
    return connection.info.transaction_status == TransactionStatus.IDLE


def in_transaction(connection: Connection) -> bool:
    """Whether a transaction runs on a connection that works; it may have failed."""
    return connection.info.transaction_status in (TransactionStatus.INTRANS, TransactionStatus.INERROR)


# ── rows ────────────────────────────────────────────────────────────────────────────────


def _rows(cursor: psycopg.Cursor[Any]) -> Any:
    """Psycopg's row factory: rows that are read by place and by name."""
    result = cursor.pgresult
    if result is None or not result.nfields:
        return no_result
    return row_type(tuple(result.fname(place) or b"" for place in range(result.nfields)))


@lru_cache(maxsize=1000)
def row_type(names: tuple[bytes, ...]) -> type[tuple[Any, ...]]:
    """A tuple with these names for its places."""
    places = {name.decode(): place for place, name in reversed([*enumerate(names)])}  # of two the first, as in SQLite

    class NamedRow(tuple):  # type: ignore[type-arg]
        """A row of these columns."""

        __slots__ = ()

        def __getitem__(self, key: Any) -> Any:
            return tuple.__getitem__(self, places[key] if isinstance(key, str) else key)

    return NamedRow


# ── errors ──────────────────────────────────────────────────────────────────────────────


@contextmanager
def errors_of(connection: Connection | None = None) -> Iterator[None]:
    """Translate the errors of a block, see `fail`."""
    try:
        yield
    except psycopg.Error as error:
        fail(error, connection)


def is_lock_timeout(error: psycopg.Error) -> bool:
    """Whether a lock was waited for in vain."""
    return isinstance(error, errors.LockNotAvailable)


def is_stale(error: psycopg.Error) -> bool:
    """Whether a statement failed because the schema has changed since it was prepared: by a newer program.

    It has to be prepared anew.
    """
    return isinstance(error, errors.FeatureNotSupported) and error.diag.source_function == "RevalidateCachedQuery"


_RESTORE = "restore the database from a backup"
# Classes and codes (https://www.postgresql.org/docs/current/errcodes-appendix.html): what is wrong, what to do.
_TROUBLES: Sequence[tuple[str, str, str]] = (
    ("53100", "the disk of the database server is full", "free space on it"),
    ("53300", "the database server has no free connection", "raise max_connections, or close other programs'"),
    ("53", "the database server is short of resources", "see its log"),
    ("58", "the database server has trouble with its system", "see its log"),
    ("57", "the database server ended the connection", "see its log"),
    ("25006", "the database cannot be written", "it is a replica, or set to read-only: name the primary in the URL"),
    ("25P03", "the database server ended a transaction that stood still", ""),
    ("42501", "the database refuses what the program needs", "make its user the owner of its database"),
)
# libpq keeps the code of an error to itself while it connects. Where the server answered, its words stand behind their
# severity in the server's language, a colon and two spaces; what libpq itself finds wrong has no severity.
_IN_ITS_WORDS = re.compile(r"\w:  \S")


def fail(error: psycopg.Error, connection: Connection | None = None) -> NoReturn:
    """Raise the StorageError for an error of psycopg; the error itself where it is one of programming.

    `connection`: where it happened, None while there is none yet.
    """
    cause = " ".join(str(error).split())
    code = error.sqlstate or ""
    if isinstance(error, errors.LockNotAvailable | errors.QueryCanceled):
        cure = "another process holds it: SELECT * FROM pg_stat_activity"
        raise DatabaseBusy("the database is busy", cause=cause, cure=cure) from error
    if is_stale(error):
        raise DatabaseBusy("the schema of the database has changed", cause=cause) from error
    if isinstance(error, errors.DeadlockDetected | errors.SerializationFailure):
        raise DatabaseBusy("the database asks to do it again", cause=cause) from error
    if isinstance(error, errors.DataCorrupted | errors.IndexCorrupted):
        raise DatabaseDamaged("the database is damaged", cause=cause, cure=_RESTORE) from error
    for start, what, cure in _TROUBLES:
        if code.startswith(start):
            raise StorageError(what, cause=cause, cure=cure) from error
    if connection is None and _IN_ITS_WORDS.search(str(error)):
        cure = "check user, password and database in the URL, pg_hba.conf, and max_connections"
        raise StorageError("the database server refuses the connection", cause=cause, cure=cure) from error
    if connection is None or connection.closed:
        what = "the connection to the database server is lost" if connection else "the database server is not reached"
        raise StorageError(what, cause=cause, cure="check that it runs, and the network") from error
    raise error
