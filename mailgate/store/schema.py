"""The schema of the database: numbered versions, and the scripts that lead from one to the next.

`schema.sql` is the whole current schema; `migrations/NNNN_name.sql` changes schema NNNN - 1 into NNNN. A fresh
database equals a migrated one. The table `migration` records how the database came there. How a script is run and
where the number is kept is the engine's (`engine.py`).

The first line of a migration says whether programs of the schema before it may go on (`-- older programs: may go on`)
or not (`-- older programs: must stop`). The database records it, and an older program refuses one that it may not use.
"""

from __future__ import annotations

from datetime import datetime
from importlib.resources import files
from pathlib import Path

from mailgate.errors import StorageError, WrongSchema
from mailgate.store.engine import Db, Engine, Found, Migration

VERSION = 21
COMPATIBLE = 20  # the oldest schema whose programs may work on a database of VERSION
RECORDED = 20  # the first schema that records this

MAY_GO_ON = "-- older programs: may go on\n"  # first line of a migration: it only adds what they need not know
MUST_STOP = "-- older programs: must stop\n"

_FILES = "mailgate.store"


def migrations() -> tuple[Migration, ...]:
    """Every migration, in order."""
    found, compatible = [], 0
    for each in sorted(files(_FILES).joinpath("migrations").iterdir(), key=lambda file: file.name):
        if each.name.endswith(".sql"):
            number, _, name = each.name.removesuffix(".sql").partition("_")
            script = each.read_text("utf-8")
            compatible = compatible if script.startswith(MAY_GO_ON) else int(number)
            found.append(Migration(int(number), name.replace("_", " "), script, compatible))
    return tuple(found)


def script() -> str:
    """The whole current schema, as SQLite reads it."""
    return files(_FILES).joinpath("schema.sql").read_text("utf-8")


def is_usable(found: Found) -> bool:
    """Whether this program may work on a database: one of its own schema, or of a newer one that allows it."""
    return found.version >= VERSION and found.compatible <= VERSION


def require_usable(found: Found, oldest: int) -> None:
    """Raise WrongSchema unless this program may work on the database; `oldest`: the first schema that is migrated."""
    if not is_usable(found):
        raise _wrong(found.version, oldest)


def require_still_usable(db: Db) -> None:
    """Raise WrongSchema where a newer program has migrated the database since it was opened, and this one must stop."""
    row = db.one("SELECT max(version) AS version, max(compatible) AS compatible FROM migration")
    if row:
        require_usable(Found(row["version"], row["compatible"]), VERSION)


def require_own(engine: Engine) -> None:
    """Raise WrongSchema unless the database has the schema of this program: for what must know every table."""
    if (found := engine.version()) != VERSION:
        raise _wrong(found, engine.oldest)


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
    found = engine.schema()
    if not found.version or is_usable(found):
        return ()
    if not engine.oldest <= found.version < VERSION:
        raise _wrong(found.version, engine.oldest)
    return tuple(each for each in migrations() if each.version > found.version)


def copy_path(path: Path, version: int) -> Path:
    """Where the copy lies that is made of a database before its schema changes."""
    return path.with_name(f"{path.name}.schema-{version}")


def migrate(engine: Engine, now: datetime) -> tuple[Migration, ...]:
    """Bring a database up to date, after a copy of it was made; the migrations that were done.

    Each is one transaction together with its record: what is interrupted goes on from there.
    No other process may work on a file of SQLite. Raises LockHeld, StorageError, WrongSchema.
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
