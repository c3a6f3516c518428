"""The schema of the database: numbered versions, and the scripts that lead from one to the next.

`schema.sql` is the whole current schema; `migrations/NNNN_name.sql` changes schema NNNN - 1 into NNNN. A fresh
database equals a migrated one. The table `migration` records how the database came there. How a script is run and
where the number is kept is the engine's (`engine.py`).
"""

from __future__ import annotations

from datetime import datetime
from importlib.resources import files
from pathlib import Path

from mailgate.errors import StorageError, WrongSchema
from mailgate.store.engine import Engine, Migration

VERSION = 19

_FILES = "mailgate.store"


def migrations() -> tuple[Migration, ...]:
    """Every migration, in order."""
    found = (each for each in files(_FILES).joinpath("migrations").iterdir() if each.name.endswith(".sql"))
    return tuple(sorted((_migration(each.name, each.read_text("utf-8")) for each in found), key=lambda m: m.version))


def _migration(file: str, script: str) -> Migration:
    number, _, name = file.removesuffix(".sql").partition("_")
    return Migration(int(number), name.replace("_", " "), script)


def script() -> str:
    """The whole current schema, as SQLite reads it."""
    return files(_FILES).joinpath("schema.sql").read_text("utf-8")


def require_current(found: int, oldest: int) -> None:
    """Raise WrongSchema unless a database has the schema of this program; `oldest`: the first that is migrated."""
    if found != VERSION:
        raise _wrong(found, oldest)


def _wrong(found: int, oldest: int) -> WrongSchema:
    """Why a database with this version cannot be used, and what to do."""
    if found > VERSION:
        return WrongSchema(f"the database was written by a newer mailgate (schema {found}, this program has {VERSION})")
    if found < oldest:
        return WrongSchema(f"the database is from before the first release (schema {found}): begin with a new one")
    what = f"the database has schema {found} and this program has {VERSION}"
    return WrongSchema(f"{what}: start the daemon, or run: mailgate database migrate")


def pending(engine: Engine) -> tuple[Migration, ...]:
    """The migrations that a database still needs; none for a missing one.

    Raises StorageError, and WrongSchema for a database that no migration leads on from.
    """
    found = engine.version()
    if not found or found == VERSION:
        return ()
    if not engine.oldest <= found < VERSION:
        raise _wrong(found, engine.oldest)
    return tuple(each for each in migrations() if each.version > found)


def copy_path(path: Path, version: int) -> Path:
    """Where the copy lies that is made of a database before its schema changes."""
    return path.with_name(f"{path.name}.schema-{version}")


def migrate(engine: Engine, now: datetime) -> tuple[Migration, ...]:
    """Bring a database up to date, after a copy of it was made; the migrations that were done.

    Each is one transaction together with its record: what is interrupted goes on from there.
    No other process may work on the database. Raises StorageError, WrongSchema.
    """
    todo = pending(engine)
    if not todo:
        return ()
    try:
        engine.keep_copy(todo[0].version - 1)
    except StorageError as error:
        what = "the database cannot be copied, so it was not migrated"
        raise StorageError(f"{what}: {error.public}", cause=error.cause) from error
    engine.apply(todo, now)
    return todo
