"""The doors to a desk's database: transactions on an open one.

A transaction is a plain function `work(db, …)`; it runs whole on the writer's thread, so that no await stands inside
it. The daemon goes through `Store`, one-shot commands open a `Db` of their own. What differs between database engines
is behind `engine.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from mailgate.errors import StorageError
from mailgate.settings import Server
from mailgate.store.engine import Db, Engine, Flusher, Lane, Node, Params, Row
from mailgate.store.raw_files import RawFiles
from mailgate.store.sqlite.engine import Sqlite
from mailgate.system.storage import StorageHealth

__all__ = ["Db", "Node", "Params", "Row", "Store", "engine_of", "open_reader", "open_writer"]

P = ParamSpec("P")
T = TypeVar("T")

DATABASE, LOG, READER, PLACE = "database", "log", "reader", "place"  # parts of `StorageHealth`


def engine_of(database: Path | Server) -> Engine:
    """The database that `[storage] database` names, by its engine. Raises StorageError where its driver is missing."""
    if isinstance(database, Path):
        return Sqlite(database)
    try:
        from mailgate.store.postgresql.engine import Postgresql  # late: psycopg is an extra
    except ImportError as error:
        cure = "install it: pip install 'mailgate[postgresql]'"
        raise StorageError("the driver of PostgreSQL is missing", cause=str(error), cure=cure) from error
    return Postgresql(database)


def open_writer(database: Path | Server) -> Db:
    """Open (and where needed make) the database for a one-shot command. Raises StorageError, WrongSchema."""
    return engine_of(database).open_writer()


def open_reader(database: Path | Server) -> Db:
    """Open the database read-only. A missing one reads as an empty database. Raises StorageError, WrongSchema."""
    return engine_of(database).open_reader()


class Store:
    """The daemon's door to the database: one writer thread, a reader beside it."""

    def __init__(self, node: Node, lanes: tuple[Lane, Lane, Flusher], files: RawFiles, health: StorageHealth) -> None:
        self.node = node
        self._writer, self._reader, self._flusher = lanes
        self.files = files  # large mails
        self.health = health

    @classmethod
    async def open(
        cls,
        database: Path | Server,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        node: Node = Node(),  # noqa: B008 - an immutable value
    ) -> Store:
        """Open the database for a daemon, making it where needed. `clock` dates trouble with it."""
        engine = engine_of(database)
        return cls(node, await engine.open_lanes(node), RawFiles(engine.database), StorageHealth(clock))

    async def write(self, work: Callable[Concatenate[Db, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `work(db, …)` as one transaction on the writer's thread; durable when it returns."""
        result = await self.commit(work, *args, **kwargs)
        await self.flush()
        return result

    async def flush(self) -> None:
        """Make durable what was committed. Raises StorageError."""
        with self._noting(LOG):
            await self._flusher.flushed()

    async def through(self, work: Callable[Concatenate[Db, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Like `commit`, for work that makes its own transactions, one after the other."""
        with self._noting(DATABASE):
            return await self._writer.run(lambda db: work(db, *args, **kwargs))

    async def commit(self, work: Callable[Concatenate[Db, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Like `write`, but durable with the next `write`: for writes that acknowledge nothing to the outside.

        A process that dies loses nothing of it; a power cut may, together with all that came after it.
        """

        def whole(db: Db) -> T:
            with db.transaction():
                return work(db, *args, **kwargs)

        return await self.through(whole)

    async def read(self, work: Callable[Concatenate[Db, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `work(db, …)` on the reader's thread; writing there fails."""
        with self._noting(READER):
            return await self._reader.run(lambda db: work(db, *args, **kwargs))

    async def data_version(self) -> int:
        """A number that changes when another process has committed. Raises StorageError."""
        return await self._writer.run(lambda db: db.data_version())

    @contextmanager
    def _noting(self, part: str) -> Iterator[None]:
        """Note in `health` whether a part of the database works."""
        try:
            yield
        except StorageError as error:
            self.health.failed(part, error)
            raise
        else:
            self.health.worked(part)

    async def probe(self) -> None:
        """Look whether the database is in its place, and where it did not work, whether it does again."""
        with suppress(StorageError), self._noting(PLACE):
            self._flusher.require_in_place()
        if self.health.fails(DATABASE, LOG, READER):
            with suppress(StorageError):
                await self.read(_looked)
                await self.write(_touched)

    async def close(self) -> None:
        """Finish what is queued, then close both connections."""
        await self._flusher.close()
        await self._reader.close()
        await self._writer.close()


def _looked(db: Db) -> None:
    db.one("SELECT value FROM meta LIMIT 1")


def _touched(db: Db) -> None:
    now = datetime.now(UTC).isoformat(timespec="seconds")
    db.send(
        "INSERT INTO meta (key, value) VALUES ('probe', ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        [now],
    )
