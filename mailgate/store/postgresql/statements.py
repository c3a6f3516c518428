"""Statements on a connection: each is prepared once, and those whose results can wait travel together.

Speaks libpq's own calls through psycopg's `PGconn`, which costs a quarter of the processor time of a cursor. What is
queued goes to the server in one pipeline (https://www.postgresql.org/docs/current/libpq-pipeline-mode.html) with the
next statement that is run: one round trip for all of them. The server ends a pipeline at the first statement that
fails: those behind it have no effect.
"""

from __future__ import annotations

import select
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.adapt import PyFormat, Transformer
from psycopg.errors import error_from_result
from psycopg.pq import ExecStatus, Format
from psycopg.pq.abc import PGconn, PGresult

from mailgate.store.engine import Row
from mailgate.store.postgresql.connection import Connection, is_stale, row_type

PREPARED = 500  # statements that a connection keeps prepared
QUEUED = 100  # statements that wait at most
QUEUED_BYTES = 1_000_000  # of values; what is larger is sent before the rest is made

_Values = Sequence[Any]
_DONE = (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK)


@dataclass(slots=True)
class _Prepared:
    """A statement that the server knows by name."""

    name: bytes
    row: Any = None  # the type of its rows, once there was a result


@dataclass(slots=True)
class _Bound:
    """A statement with its values, as the server gets them."""

    sql: str
    types: tuple[int, ...]
    formats: Sequence[Format]
    values: Sequence[Any]


_Answer = tuple[_Prepared, PGresult]


class Statements:
    """The statements of one connection; used on one thread at a time. Every method raises psycopg.Error."""

    def __init__(self, connection: Connection) -> None:
        self._pgconn: PGconn = connection.pgconn
        self._adapt = Transformer(connection)
        self._poll, self._poll_both = select.poll(), select.poll()
        self._poll.register(self._pgconn.socket, select.POLLIN)
        self._poll_both.register(self._pgconn.socket, select.POLLIN | select.POLLOUT)
        self._prepared: dict[tuple[str, tuple[int, ...]], _Prepared] = {}
        self._named = 0
        self._queue: list[_Bound] = []
        self._queued_bytes = 0
        self.sent = 0  # pipelines and statements until now: where it is the same, what was queued is not sent yet
        self.changed = 0  # rows that statements without a result have changed until now, as far as they were sent

    @property
    def queued(self) -> int:
        """How many statements wait."""
        return len(self._queue)

    def forget(self, behind: int = 0) -> None:
        """Forget what is queued and not sent, but for the first `behind` statements."""
        del self._queue[behind:]

    def add(self, sql: str, values: _Values = ()) -> None:
        """Queue a statement, with `$1` … for its values. Sends what is queued where that is much."""
        bound = self._bind(sql, values)
        self._queue.append(bound)
        self._queued_bytes += sum(len(value) for value in bound.values if value is not None)
        if len(self._queue) >= QUEUED or self._queued_bytes > QUEUED_BYTES:
            self.flush()

    def run(self, sql: str, values: _Values = (), most: int | None = None) -> tuple[int, list[Row]]:
        """Run a statement behind those that are queued: the number of rows it changed or found, and up to `most`."""
        self._queue.append(self._bind(sql, values))
        return self._read(self._send(1)[0], most)

    def run_all(self, queries: Sequence[tuple[str, _Values]]) -> list[list[Row]]:
        """Run queries together, behind what is queued: the rows of each."""
        self._queue += [self._bind(sql, values) for sql, values in queries]
        return [self._read(answer, None)[1] for answer in self._send(len(queries))] if queries else []

    def flush(self) -> None:
        """Run what is queued."""
        if self._queue:
            self._send(1)

    def _bind(self, sql: str, values: _Values) -> _Bound:
        if not values:
            return _Bound(sql, (), (), ())
        adapt = self._adapt
        dumped = adapt.dump_sequence(values, [PyFormat.AUTO] * len(values))
        return _Bound(sql, adapt.types or (), adapt.formats or (), dumped)

    def _send(self, wanted: int) -> list[_Answer]:
        """Run what is queued; the answers of its last `wanted` statements. The queue is empty also when it raises."""
        queue, self._queue, self._queued_bytes = self._queue, [], 0
        self.sent += 1
        last = queue[-1]
        known = self._prepared.get((last.sql, last.types))
        if known and len(queue) == 1:
            self._pgconn.send_query_prepared(known.name, last.values, last.formats, Format.BINARY)
            self._write()
            return [(known, self._results((True,))[-1])]
        if len(self._prepared) + len(queue) > PREPARED:
            self._prepared.clear()
            queue = [_Bound("DEALLOCATE ALL", (), (), ()), *queue]
        return self._pipeline(queue, wanted)

    def _pipeline(self, queue: Sequence[_Bound], wanted: int) -> list[_Answer]:
        pgconn = self._pgconn
        new: list[tuple[str, tuple[int, ...]]] = []
        answers: list[bool] = []  # of each command: whether it runs a statement
        pgconn.enter_pipeline_mode()
        try:
            for each in queue:
                key = each.sql, each.types
                if key not in self._prepared:
                    new.append(key)
                    self._prepared[key] = _Prepared(self._name(each.sql))
                    pgconn.send_prepare(self._prepared[key].name, each.sql.encode(), each.types)
                    answers.append(False)
                pgconn.send_query_prepared(self._prepared[key].name, each.values, each.formats, Format.BINARY)
                answers.append(True)
            pgconn.pipeline_sync()
            self._write()
            results = self._results(answers, pipeline=True)[-wanted:]
            prepared = (self._prepared[each.sql, each.types] for each in queue[-wanted:])
            return list(zip(prepared, results, strict=True))
        except BaseException:
            for key in new:  # which of them the server has prepared does not matter: no name is used again
                self._prepared.pop(key, None)
            raise
        finally:
            with suppress(psycopg.Error):  # a connection that is lost
                pgconn.exit_pipeline_mode()

    def _results(self, answers: Sequence[bool], *, pipeline: bool = False) -> list[PGresult]:
        """The result of each statement. Raises the first error. `answers`: whether each is of a statement."""
        failed: PGresult | None = None
        result: PGresult | None = None
        results: list[PGresult] = []
        for of_statement in answers:
            result = self._next()
            if result is None:
                break
            if result.status not in _DONE:
                failed = failed or result
            elif of_statement:
                results.append(result)
            self._next()  # the end of this answer
        end = self._next() if pipeline and result is not None else result
        if failed is not None:
            error = error_from_result(failed)
            if is_stale(error):
                self._prepared.clear()  # what the server still knows by its name is not used again
            raise error
        if end is None or result is None:
            raise psycopg.OperationalError("the connection is lost")
        self.changed += sum(each.command_tuples or 0 for each in results if each.status == ExecStatus.COMMAND_OK)
        return results

    def _write(self) -> None:
        """Wait until the server has taken what was sent; it may have to be read from meanwhile."""
        pgconn = self._pgconn
        while pgconn.flush():
            if self._poll_both.poll()[0][1] & select.POLLIN:
                pgconn.consume_input()

    def _next(self) -> PGresult | None:
        """The next result; None for the end of an answer. (libpq would wait with the interpreter's lock held.)"""
        pgconn = self._pgconn
        while pgconn.is_busy():
            self._poll.poll()
            pgconn.consume_input()
        return pgconn.get_result()

    def _name(self, sql: str) -> bytes:
        """A name for a prepared statement, by which it is known in the server's log."""
        self._named += 1
        return f"{' '.join(sql.split()[:3])[:40]} {self._named}".encode()

    def _read(self, answer: _Answer, most: int | None) -> tuple[int, list[Row]]:
        prepared, result = answer
        if result.status != ExecStatus.TUPLES_OK:
            return result.command_tuples or 0, []
        if prepared.row is None:
            prepared.row = row_type(tuple(result.fname(place) or b"" for place in range(result.nfields)))
        found = result.ntuples
        self._adapt.set_pgresult(result)
        rows: list[Row] = self._adapt.load_rows(0, found if most is None else min(found, most), prepared.row)
        return result.command_tuples or 0, rows
