"""SQL that is written for every engine, as PostgreSQL reads it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from mailgate.rules.text.search_words import Term
from mailgate.store.engine import Db, Params, Row, Table

# The timeline of the server's log, another one after a failover (a replica writes no log); its start; and the start of
# its statistics, which a crash sets back also where the first of its processes goes on: when another one was killed.
TIMELINE = (
    "CASE WHEN pg_is_in_recovery() THEN '' ELSE substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8) END"
    " || pg_postmaster_start_time() || coalesce((SELECT stats_reset::text FROM pg_stat_bgwriter), '')"
)
# Writes a record that nobody reads to the log, and waits until all up to it is as durable as `synchronous_commit` says.
EMIT = "pg_logical_emit_message(boolean, text, text)"
FLUSH = "SELECT pg_logical_emit_message(true, 'mailgate', '')"


class Expressions(Db):
    """What engines spell differently. Lists are bound as arrays."""

    any_of = "= ANY(?)"
    none_of = "<> ALL(?)"
    listed = "unnest(CAST(? AS text[])) AS listed (value)"
    # By the index alone (OFFSET keeps the planner from other ways), or one document after the other.
    matching = "(SELECT ticket FROM document WHERE vector @@ CAST(? AS tsquery) OFFSET 0)"
    latest = "(SELECT ticket FROM document WHERE vector @@ CAST(? AS tsquery))"
    clock = "CAST(extract(epoch FROM clock_timestamp()) AS double precision)"

    @staticmethod
    def values(values: Iterable[object]) -> object:
        """A list, which becomes an array."""
        return [*values]

    @staticmethod
    def terms(terms: Iterable[Term]) -> str:
        """A tsquery; words hold no quotes and no backslashes."""
        return " & ".join(f"'{term.word}'{':*' if term.begins else ''}" for term in terms)

    @staticmethod
    def elements(column: str) -> str:
        """A table of the elements of a JSON list."""
        return f"json_array_elements(CAST({column} AS json)) AS elements (value)"

    @staticmethod
    def member(value: str, key: str | int) -> str:
        """One member of a JSON object or list, as text."""
        return f"CAST({value} AS json) ->> {key if isinstance(key, int) else repr(key)}"

    @staticmethod
    def members(value: str, keys: Sequence[str]) -> str:
        """Some members of a JSON object, as a JSON list."""
        return f"json_build_array({', '.join(f'CAST({value} AS json) -> {key!r}' for key in keys)})::text"


_MARK = re.compile(r"'[^']*'|\"[^\"]*\"|\?|(?<!:):([a-z_]+)")


@lru_cache(maxsize=2000)
def translated(sql: str) -> tuple[str, tuple[str, ...]]:
    """A statement with `$1`, `$2` … for its values, and the names of those that were written `:name`."""
    names: list[str] = []
    count = 0

    def numbered(found: re.Match[str]) -> str:
        nonlocal count
        if name := found[1]:
            if name not in names:
                names.append(name)
            return f"${names.index(name) + 1}"
        if found[0] != "?":
            return found[0]
        count += 1
        return f"${count}"

    text = re.sub(r"\bLIKE\b", "ILIKE", _MARK.sub(numbered, sql))  # columns compare by "C": ASCII letters alone fold
    return text, tuple(names)


def bound(params: Params, names: tuple[str, ...]) -> list[Any]:
    """The values in order. Texts in PostgreSQL hold no NUL, which is written out instead."""
    if isinstance(params, Mapping):
        values: Sequence[Any] = [params[name] for name in names]
    else:
        values = params
    return [value.replace("\0", "\\x00") if isinstance(value, str) and "\0" in value else value for value in values]


def table_of(name: str, columns: Sequence[Row]) -> Table:
    """A table from the rows of its columns."""
    key = sorted((row for row in columns if row["in_key"] is not None), key=lambda row: int(row["in_key"]))
    return Table(
        name,
        tuple(f'"{row["name"]}"' for row in columns),
        tuple(f'"{row["name"]}"' for row in columns if row["is_text"]),
        tuple(f'"{row["name"]}"' for row in key),
    )
