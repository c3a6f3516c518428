"""Copies a whole desk from one database to another, whatever their engines, and compares what came to be.

Tables go in the order in which they refer to each other, rows in the order of their keys, each portion in a transaction
of its own: an interrupted copy goes on behind the last row that is there. `meta` goes last, so that no daemon takes a
desk that is half there for one. Nobody may write to either database meanwhile; the comparison shows whether any did.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from mailgate.errors import Refused
from mailgate.store import schema
from mailgate.store.engine import Db, Row, Table
from mailgate.store.raw_files import RawFiles

PORTION = 100  # rows of one transaction; one may have 256 kB, or the words of a large mail
_SOURCE = "copy of"  # row of `meta` in the target: which database is being copied
_OWN = ("daemon", "probe", _SOURCE)  # rows of `meta` that belong to a database and not to its desk
_LATER = {"ticket": "merged_into"}  # a column that refers to rows of its own table: set when all are there


@dataclass(frozen=True, slots=True)
class Copied:
    """A table that was copied and compared: its rows, and the digest of them."""

    table: str
    rows: int
    digest: str


Progress = Callable[[str, int], None]  # a table, and how many of its rows are there


def copy(source: Db, target: Db, name: str, progress: Progress = lambda _table, _rows: None) -> list[Copied]:
    """Copy every row and compare both databases; `name` says which the source is, without a password.

    Raises Refused where the target holds another desk, and where the databases differ afterwards; StorageError.
    """
    _begin(target, name)
    with source.snapshot():
        tables = _in_order(source)
        for table in tables:
            _copy(source, target, table, progress)
        with target.transaction():
            for table in tables:
                _refer(source, target, table)
            target.restart_ids()
        compared = [_compare(source, target, table) for table in tables]
        with target.transaction():
            _whole(source, target, "migration")
            _whole(source, target, "meta")
            target.run("DELETE FROM meta WHERE key = ?", [_SOURCE])
        return [*compared, *(_compare(source, target, source.tables()[each]) for each in ("migration", "meta"))]


def _begin(target: Db, name: str) -> None:
    """Mark the target as a copy of the source. Raises Refused unless it is empty, or an unfinished copy of it."""
    with target.transaction():
        row = target.one("SELECT value FROM meta WHERE key = ?", [_SOURCE])
        begun = row["value"] if row else None
        if begun is None and not _is_empty(target):
            raise Refused("there is a desk in the database already; a desk is copied into an empty one")
        if begun not in (None, name):
            raise Refused(f"the database holds a part of a copy of {begun}; empty it first")
        if begun is None:
            target.run("INSERT INTO meta (key, value) VALUES (?, ?)", [_SOURCE, name])


def _is_empty(db: Db) -> bool:
    if db.one("SELECT 1 FROM meta WHERE key NOT IN (?, ?, ?)", [*_OWN]):
        return False
    tables = [table for table in db.tables() if table not in ("meta", "migration")]
    return not any(db.one(f"SELECT 1 FROM {table} LIMIT 1") for table in tables)  # noqa: S608


def _in_order(db: Db) -> list[Table]:
    """The tables, each behind those that it refers to, as the script of the schema has them."""
    tables = db.tables()
    names = re.findall(r"^CREATE TABLE (\w+)", schema.script(), re.MULTILINE)
    return [tables[name] for name in names if name not in ("meta", "migration")]


def copy_large_mails(source: RawFiles, target: RawFiles, names: Iterable[str]) -> int:
    """Copy the files of large mails where they lie elsewhere; how many were copied. Raises StorageError."""
    count = 0
    for name in names:
        path, copied = source.path(name), target.path(name)
        if path != copied and path.exists() and not copied.exists():
            target.adopt(name, path)
            count += 1
    return count


def _copy(source: Db, target: Db, table: Table, progress: Progress) -> None:
    """Copy the rows behind the last one that is there."""
    later = f'"{_LATER.get(table.name, "")}"'
    columns = [column for column in table.columns if column != later]
    sql = f"INSERT INTO {table.name} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"  # noqa: S608
    newest = f"SELECT {', '.join(table.key)} FROM {table.name} ORDER BY {_descending(table)} LIMIT 1"  # noqa: S608
    last = target.one(newest)
    done = target.one(f"SELECT count(*) FROM {table.name}")  # noqa: S608
    count = int(done[0]) if done else 0
    for portion in _portions(source, table, columns, [*last] if last else []):
        with target.transaction():
            target.many(sql, [[*row][len(table.key) :] for row in portion])
        count += len(portion)
        progress(table.name, count)


def _descending(table: Table) -> str:
    return ", ".join(f"{column} DESC" for column in table.key)


def _portions(db: Db, table: Table, columns: list[str], last: list[Any]) -> Iterator[list[Row]]:
    """The rows behind a key, in order of their keys: the key, then some columns."""
    key = ", ".join(table.key)
    select = f"SELECT {key}, {', '.join(columns)} FROM {table.name}"  # noqa: S608
    while True:
        behind = f" WHERE ({key}) > ({', '.join('?' * len(table.key))})" if last else ""
        rows = db.all(f"{select}{behind} ORDER BY {key} LIMIT {PORTION}", last)
        if not rows:
            return
        yield rows
        last = [*rows[-1]][: len(table.key)]


def _refer(source: Db, target: Db, table: Table) -> None:
    if column := _LATER.get(table.name):
        (key,) = table.key
        rows = source.all(f"SELECT {column}, {key} FROM {table.name} WHERE {column} IS NOT NULL")  # noqa: S608
        target.many(f"UPDATE {table.name} SET {column} = ? WHERE {key} = ?", [[*row] for row in rows])  # noqa: S608


def _whole(source: Db, target: Db, name: str) -> None:
    """Copy a small table at once, over what is there."""
    table = source.tables()[name]
    own = "WHERE key NOT IN (?, ?, ?)" if name == "meta" else ""
    rows = source.all(f"SELECT {', '.join(table.columns)} FROM {name} {own}", [*_OWN] if own else [])  # noqa: S608
    target.run(f"DELETE FROM {name} {own}", [*_OWN] if own else [])  # noqa: S608
    marks = ", ".join("?" * len(table.columns))
    target.many(f"INSERT INTO {name} ({', '.join(table.columns)}) VALUES ({marks})", [[*row] for row in rows])  # noqa: S608


def _compare(source: Db, target: Db, table: Table) -> Copied:
    """Count and digest the rows of both. Raises Refused where they differ."""
    ours, theirs = _digest(source, table), _digest(target, table)
    if ours != theirs:
        what = "not all the same" if ours.rows == theirs.rows else f"not {theirs.rows}"
        raise Refused(
            f"the databases differ in the table {table.name}: {ours.rows} rows, {what}; empty the copy and begin again"
        )
    return ours


def _digest(db: Db, table: Table) -> Copied:
    sha256, count = hashlib.sha256(), 0
    for portion in _portions(db, table, [*table.columns], []):
        for row in portion:
            values = [_same(value) for value in [*row][len(table.key) :]]
            if table.name == "meta" and values[0] in _OWN:
                continue
            sha256.update(repr(values).encode("utf-8", "surrogatepass"))
            count += 1
    return Copied(table.name, count, sha256.hexdigest())


def _same(value: Any) -> Any:
    """A value as every engine gives it back."""
    return value.replace("\0", "\\x00") if isinstance(value, str) else value
