"""What every database engine offers: the only names of an engine that the rest of the program uses.

`Db` is what a transaction function gets, `Engine` is one desk's database, `Lane` a connection on a thread of its own.
SQL is written once, with `?` or `:name` for values; the few expressions that engines spell differently are attributes
and methods of `Db`. One folder an engine implements these classes.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar, Protocol, TypeVar

from mailgate.errors import StorageError
from mailgate.rules.text.search_words import Term
from mailgate.settings import Server
from mailgate.store.raw_files import RawFiles

T = TypeVar("T")
Params = Sequence[Any] | Mapping[str, Any]


class Row(Protocol):
    """A row of a result: its values by place and by name."""

    def __getitem__(self, key: int | str, /) -> Any: ...
    def __iter__(self) -> Iterator[Any]: ...
    def __len__(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Table:
    """A table and its columns, all quoted; `key`: those that identify a row."""

    name: str
    columns: tuple[str, ...]
    texts: tuple[str, ...]
    key: tuple[str, ...]


MARGIN = 5.0  # seconds from the end of a node's lease until others take over


@dataclass(frozen=True, slots=True)
class Node:
    """A daemon among those that work on a database. `number` grows with each start."""

    number: int = 0  # 0: no daemon
    alone: bool = True  # no other daemon can work on the database
    reloads: int = 0  # how often the nodes were asked to reload before this one began


class Db(ABC):
    """A synchronous handle on one connection; used on one thread at a time.

    Every method raises StorageError for trouble of the server, the disk or the file, DatabaseBusy when another process
    holds the database for too long. Errors in SQL and broken constraints are the engine's own exceptions.
    """

    files: RawFiles  # large mails
    node: Node = Node()  # that claims what it takes; NodeLost from each of its transactions once it was ended

    clock: ClassVar[str]  # expression: the time by the database's clock, in seconds since 1970 UTC
    any_of: ClassVar[str]  # condition: a value is one of `values(…)`, bound in the place of its "?"
    none_of: ClassVar[str]
    listed: ClassVar[str]  # table for FROM: texts bound as `values(…)` in the place of its "?", in the column `value`
    matching: ClassVar[str]  # table for FROM: documents found by `terms(…)` in the place of its "?", column `ticket`
    latest: ClassVar[str]  # the same for a search among a few thousand documents, where that is another; or ""

    @abstractmethod
    def all(self, sql: str, params: Params = ()) -> list[Row]:
        """Every row of a query."""

    @abstractmethod
    def one(self, sql: str, params: Params = ()) -> Row | None:
        """The first row of a query, or None."""

    @abstractmethod
    def ahead(self, reads: Callable[[Db], object]) -> None:
        """Say which queries will follow in this transaction: an engine may run them together, in one round trip.

        `reads(db)` calls the functions that make these queries. They may find nothing then, and what they return counts
        for nothing; the same query is answered when it is made later, up to the next statement that writes.
        """

    @abstractmethod
    def run(self, sql: str, params: Params = ()) -> int:
        """Run one statement; the number of rows it changed."""

    @abstractmethod
    def send(self, sql: str, params: Params = ()) -> None:
        """Run one statement of which nothing is to be known.

        Inside a transaction an engine may run it later, with the next query, the end of the savepoint or the commit:
        an error of it is raised there.
        """

    @abstractmethod
    def insert(self, sql: str, params: Params = ()) -> int:
        """Run one INSERT into a table with an `id`; the id of the new row."""

    @abstractmethod
    def many(self, sql: str, rows: Iterable[Params]) -> None:
        """`send` for each of many rows."""

    @abstractmethod
    def run_unless_taken(self, sql: str, params: Params = ()) -> int:
        """`run`, but 0 and no change where the statement would break a constraint, such as a key that is in use."""

    # ── expressions ─────────────────────────────────────────────────────────────────────

    @staticmethod
    @abstractmethod
    def values(values: Iterable[object]) -> object:
        """Values of one type, as the parameter of `any_of`, `none_of` and `listed`."""

    @staticmethod
    @abstractmethod
    def terms(terms: Iterable[Term]) -> str:
        """Terms of a search that must all be found, one at least, as the parameter of `matching`."""

    @staticmethod
    @abstractmethod
    def elements(column: str) -> str:
        """Table for FROM: the elements of a JSON list of objects or lists, in the column `value`."""

    @staticmethod
    @abstractmethod
    def member(value: str, key: str | int) -> str:
        """The text or number at a key of a JSON object, or at a place of a list; some engines give numbers as text."""

    @staticmethod
    @abstractmethod
    def members(value: str, keys: Sequence[str]) -> str:
        """The values at some keys of a JSON object, as the text of a JSON list."""

    # ── transactions ────────────────────────────────────────────────────────────────────

    @abstractmethod
    def savepoint(self) -> AbstractContextManager[None]:
        """What happens inside is undone alone when it raises."""

    @abstractmethod
    def snapshot(self) -> AbstractContextManager[None]:
        """Every read inside sees the database as it is at the first of them; others can write meanwhile."""

    @contextmanager
    def transaction(self) -> Iterator[Db]:
        """One transaction, alone among those that write; undone when the block raises."""
        self.begin()
        try:
            yield self
            self.commit()
        except BaseException:
            self.rollback()
            raise

    @contextmanager
    def dry_run(self) -> Iterator[None]:
        """A transaction that is undone: for what the block would write."""
        self.begin()
        try:
            yield
        finally:
            self.rollback()

    @abstractmethod
    def begin(self) -> None:
        """Begin a transaction that writes; waits while another one runs. Raises NodeLost, see `node`."""

    @abstractmethod
    def commit(self) -> None:
        """Make the transaction permanent. When this returns, it is certain that it is."""

    @abstractmethod
    def rollback(self) -> None:
        """Undo the transaction that runs, if any: some errors have undone it already."""

    # ── the database itself ─────────────────────────────────────────────────────────────

    @abstractmethod
    def data_version(self) -> int:
        """A number that changes when another connection has committed."""

    @abstractmethod
    def tables(self) -> dict[str, Table]:
        """Every table, by name."""

    @abstractmethod
    def restart_ids(self) -> None:
        """Rows were written with their ids: new ones go on behind them."""

    @abstractmethod
    def damage(self, most: int) -> Iterator[str]:
        """What the engine itself finds wrong with the database, a sentence each, about `most` of them."""

    @abstractmethod
    def dangling(self) -> Iterator[str]:
        """Rows that refer to rows that do not exist, a sentence each."""

    @abstractmethod
    def give_back(self, pages: int) -> bool:
        """Give up to `pages` free pages back to the file system, in the transaction that runs; whether more are left.

        Does nothing where the engine does it by itself, or cannot.
        """

    @abstractmethod
    def merge_index(self, pages: int) -> bool:
        """Merge up to `pages` pages of the full-text index, in the transaction that runs; whether more are left.

        What is merged holds no word of deleted documents any more. Does nothing where the engine does it by itself.
        """

    @abstractmethod
    def close(self) -> None:
        """Close the connection."""


class Lane(ABC):
    """A connection with a thread of its own, for the daemon."""

    @abstractmethod
    async def run(self, work: Callable[[Db], T]) -> T:
        """Run `work(db)` on the thread. Raises StorageError."""

    @abstractmethod
    async def close(self) -> None:
        """Finish what is queued, then close the connection."""


class Flusher(Protocol):
    """Makes commits of a writer durable, where committing alone does not."""

    async def flushed(self) -> None:
        """Return when every commit before this call is on the disk. Raises StorageError."""

    def require_in_place(self) -> None:
        """Raise DatabaseDamaged when the database is another one by now, or gone."""

    async def close(self) -> None:
        """Wait for the flush that runs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How large a database is. Sizes are bytes."""

    schema: int  # 0: there is no database
    compatible: int = 0  # the oldest schema whose programs may work on it
    size: int = 0
    free: int = 0  # of `size`: is used again
    gives_back: bool = True  # free space is given back to the file system
    log: int = 0
    migrations: tuple[tuple[int, str, datetime], ...] = ()  # version, name, when
    rows: Mapping[str, int] | None = None  # by table; None where the schema is another one


@dataclass(frozen=True, slots=True)
class Migration:
    """One change of schema: the version that it leads to, its name and its SQL script.

    `compatible`: the oldest schema whose programs may work on the database after it.
    """

    version: int
    name: str  # "record migrations"
    script: str
    compatible: int


@dataclass(frozen=True, slots=True)
class Found:
    """The schema that a database has: its version, and the oldest one whose programs may work on it."""

    version: int  # 0: there is none
    compatible: int


class Engine(ABC):
    """The database of one desk. Every method raises StorageError, with words for people; opening also WrongSchema."""

    name: str  # where the database is, without a password
    database: Path | Server
    beside: Path  # files of the desk on this machine lie here, under names that begin with this one
    oldest: ClassVar[int]  # the first version of the schema that is migrated
    alone: ClassVar[bool]  # the lock file on this machine keeps every other daemon off the database

    @abstractmethod
    def exists(self) -> bool:
        """Whether there is a database."""

    @abstractmethod
    def open_writer(self) -> Db:
        """A connection for a one-shot command; the database and its schema are made where needed."""

    @abstractmethod
    def open_reader(self) -> Db:
        """A connection that cannot write. A missing database reads as an empty one."""

    @abstractmethod
    async def open_lanes(self, node: Node) -> tuple[Lane, Lane, Flusher]:
        """For the daemon that is `node`: a writer, a reader, and what makes the writer's commits durable."""

    @abstractmethod
    def schema(self) -> Found:
        """The schema that the database has."""

    def version(self) -> int:
        """The version of the schema; 0 while there is none."""
        return self.schema().version

    @abstractmethod
    def keep_copy(self, version: int) -> None:
        """Keep the database as it is before its schema changes from this version, where the engine can."""

    @abstractmethod
    def copies(self) -> list[Path]:
        """The copies that `keep_copy` made."""

    @abstractmethod
    def apply(self, migrations: Sequence[Migration], now: datetime) -> None:
        """Run migrations, each as one transaction together with its record.

        Raises LockHeld while a node works whose program is not compatible with what a migration leads to.
        """

    @abstractmethod
    def copy_to(self, target: Path) -> None:
        """A copy of one moment's state, as a file of SQLite; others can write meanwhile."""

    @abstractmethod
    def size(self, tables: Sequence[str]) -> Size:
        """How large the database is; `tables` of which rows are counted."""

    @abstractmethod
    def keeps_space(self) -> bool:
        """Whether free space cannot be given back until the database is rewritten once."""

    @abstractmethod
    def rewrite(self) -> None:
        """Rewrite the database, so that it holds nothing but its content; nobody can write meanwhile."""

    @abstractmethod
    def log_mark(self) -> int:
        """A number that changes when there is something to do for `checkpoint`; 0 for nothing."""

    @abstractmethod
    def checkpoint(self) -> None:
        """Take what the log holds into the database, so that no commit has to; holds up nobody."""

    @abstractmethod
    def trouble(self, folders: Iterable[Path]) -> Iterator[StorageError]:
        """What can be seen to be wrong with the storage on this machine without a connection; `folders`: of files."""
