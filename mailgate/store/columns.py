"""Values as a column holds them, and back: moments are seconds since 1970, lists are JSON; how a row is written.

What all tables have in common; it knows none of them.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache

_compact = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def moment(seconds: float) -> datetime:
    """Stored seconds as an aware UTC datetime."""
    return datetime.fromtimestamp(seconds, UTC)


def maybe_moment(seconds: float | None) -> datetime | None:
    """A column that may be empty, as an aware UTC datetime."""
    return None if seconds is None else moment(seconds)


def maybe_seconds(at: datetime | None) -> float | None:
    """An aware datetime for a column that may be empty."""
    return None if at is None else at.timestamp()


def maybe_json(value: object) -> str | None:
    """A value as compact JSON for a column that may be empty."""
    return None if value is None else _compact(value)


def storable(text: str) -> str:
    """The text without what a database cannot hold: lone surrogates and NUL."""
    whole = text if text.isascii() else text.encode("utf-8", "backslashreplace").decode("utf-8")
    return whole.replace("\0", "\\x00")


def marks(values: Sequence[object]) -> str:
    """A question mark for each value, for IN (…) and VALUES (…); nothing is in an empty list."""
    return ",".join("?" * len(values)) or "NULL"


@cache
def insert_sql(table: str, columns: tuple[str, ...], *, key: str = "") -> str:
    """The statement that writes one row; with `key`, over the row that has the same."""
    names = [f'"{name}"' for name in columns]
    sql = f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks(columns)})"  # noqa: S608 - names of our own
    if not key:
        return sql
    news = ", ".join(f"{name} = excluded.{name}" for name in names if name != f'"{key}"')
    return f"{sql} ON CONFLICT ({key}) DO UPDATE SET {news}"
