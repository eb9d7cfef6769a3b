"""One write transaction of DuckDB, in the worker that holds the file."""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, ClassVar

import duckdb
import pyarrow as pa

from metricgate.adapters.warehouses.duckdb.engine import DuckDBEngine
from metricgate.adapters.warehouses.duckdb.errors import FAILURES, code_of, position_of
from metricgate.adapters.warehouses.duckdb.reading.engine_parse import opinion_of
from metricgate.changing.change import Row
from metricgate.changing.images import Column, Images, concatenate
from metricgate.gateway import sql_codes
from metricgate.gateway.changes import codes
from metricgate.gateway.changes.ports import ChangeFailed, OutcomeUnknown
from metricgate.gateway.codes import WAREHOUSE_FAILED

_ATTEMPTS = 5
_ROWS_A_BATCH = 65_536
_MOST_KNOWN = 32
_BROKEN = ("INTERNAL Error", "FATAL Error")
_LONGEST_WORDS = 10_000
_NO_CAST = re.compile(r"Type VARCHAR can't be cast as (UNION\(.*?\))\. VARCHAR can't be implicitly cast")
"""DuckDB has no cast of a text to some unions, wherever they are nested; values travel as texts."""
_SORTS = (
    ("foreign key", "a foreign key"),
    ("not null", "NOT NULL"),
    ("check constraint", "CHECK"),
    ("duplicate key", "a unique key"),
    ("primary key or unique", "a unique key"),
)
_NOT_FOR_SOURCES = frozenset({"nextval", "currval", "query", "query_table", "json_execute_serialized_sql"})


@dataclass(frozen=True, slots=True)
class Given:
    """Values for a statement, in place of parameters: the relation ``NAME`` of ``n`` (from 0), ``c0``, ``c1``, ..."""

    NAME: ClassVar[str] = "metricgate_values"
    values: Images

    def as_arrow(self, known: dict[int, tuple[Column, pa.Array]]) -> pa.Table:
        """Return the relation; columns are noted in ``known``, so that each is turned into Arrow's form once."""
        names = ["n", *(f"c{at}" for at in range(len(self.values.columns)))]
        if len(known) > _MOST_KNOWN:
            known.clear()
        for column in self.values.columns:
            if id(column) not in known:
                known[id(column)] = (column, pa.array(column, pa.large_string()))
        texts = [known[id(column)][1] for column in self.values.columns]
        count = len(self.values)
        numbers = pa.Array.from_buffers(pa.int64(), count, [None, pa.py_buffer(array("q", range(count)))])
        return pa.Table.from_arrays([numbers, *texts], names=names)


class Broken(Exception):
    """The instance can do no more: what comes next needs a new process."""


class DuckDBSession:
    """A ``WriteSession`` on one cursor. Its transaction sees one snapshot, and no other change runs beside it.

    Args:
        engine: the open instance.
        cursor: of this session alone.
        first: statements that open the transaction: they make the table of markers.
    """

    def __init__(self, engine: DuckDBEngine, cursor: duckdb.DuckDBPyConnection, first: Sequence[str] = ()) -> None:
        self._engine = engine
        self._cursor = cursor
        self._first = first
        self._known: dict[int, tuple[Column, pa.Array]] = {}

    def check(self, sql: str) -> None:
        """Let a text be a source: one SELECT of plain parts to DuckDB's own parser, that moves no sequence.

        Raises:
            ChangeFailed: it is something else.
        """
        try:
            with self._engine.cursor() as cursor:
                opinion = opinion_of(cursor, sql)
        except FAILURES as error:
            raise change_failed(error) from error
        names = {name.rpartition(".")[2] for name in opinion.functions}
        if opinion.statements != 1 or opinion.kind != "select" or names & _NOT_FOR_SOURCES:
            raise ChangeFailed(WAREHOUSE_FAILED.name, f"a source that is no plain SELECT but {opinion.kind}")

    def begin(self, _seconds: float) -> None:
        """Begin. The time is the worker's to keep."""
        self._run("BEGIN TRANSACTION", ())
        for sql in self._first:
            self._run(sql, ())

    def read(self, sql: str, parameters: Sequence[object], *, stores: bool = False) -> list[Row]:  # noqa: ARG002
        """Return the rows of one statement."""
        return [tuple(row) for row in self._run(sql, parameters)]

    def macros(self) -> Sequence[Row]:
        """Return the file's macros: schema, name and text each."""
        try:
            return self._engine.macros(self._cursor)
        except FAILURES as error:
            raise change_failed(error) from error

    def columns(self, sql: str, parameters: Sequence[object], *, width: int, stores: bool = False) -> Images:  # noqa: ARG002
        """Return the rows of one statement, column by column."""
        with self._failing(sql), self._given(parameters) as rest:
            statement = self._one(sql)
            if statement.type != duckdb.StatementType.SELECT:
                rows = self._cursor.execute(statement, rest).fetchall()
                return Images.of(rows, width)
            relation = self._cursor.sql(statement, params=rest or None)
            with relation.to_arrow_reader(_ROWS_A_BATCH) as reader:
                parts = [Images([column.to_pylist() for column in batch.columns], batch.num_rows) for batch in reader]
        return concatenate(parts, width)

    def change(self, sql: str, parameters: Sequence[object]) -> int:
        """Run one statement and return its count."""
        [(count,)] = self._run(sql, parameters)
        return int(count)

    def do(self, sql: str) -> None:
        """Run one statement that has neither rows nor a count."""
        self._run(sql, ())

    def commit(self) -> None:
        """Commit; what DuckDB refuses to commit, it has rolled back.

        Raises:
            ChangeFailed: it refused.
            OutcomeUnknown: it failed in another way.
        """
        try:
            self._cursor.commit()
        except (duckdb.TransactionException, duckdb.ConstraintException) as error:
            self.rollback()
            raise change_failed(error) from error
        except FAILURES as error:
            raise OutcomeUnknown(str(error)) from error

    def rollback(self) -> None:
        """Roll back, if anything was begun; an interrupt that comes late does not keep it from doing so.

        Raises:
            Broken: the engine cannot roll back: the connection is of no use any more.
        """
        for _attempt in range(_ATTEMPTS):
            try:
                self._cursor.rollback()
            except duckdb.InterruptException:
                continue
            except duckdb.TransactionException:  # nothing is open any more
                return
            except FAILURES as error:
                raise Broken(str(error)) from error
            return
        raise Broken("no transaction can be rolled back")

    def _run(self, sql: str, parameters: Sequence[object]) -> list[Any]:
        """Run exactly one statement."""
        with self._failing(sql), self._given(parameters) as rest:
            return self._cursor.execute(self._one(sql), rest).fetchall()

    def _one(self, sql: str) -> duckdb.Statement:
        [statement] = self._cursor.extract_statements(sql)
        return statement

    @contextmanager
    def _given(self, parameters: Sequence[object]) -> Iterator[list[object]]:
        """Have values stand as a relation while a statement runs; yields what are plain parameters."""
        given = parameters[0] if parameters else None
        if not isinstance(given, Given):
            yield list(parameters)
            return
        self._cursor.register(Given.NAME, given.as_arrow(self._known))
        yield []
        # After an error the transaction takes nothing more; the relation goes when it is rolled back.
        self._cursor.unregister(Given.NAME)

    @contextmanager
    def _failing(self, sql: str) -> Iterator[None]:
        try:
            yield
        except (duckdb.FatalException, duckdb.InternalException) as error:
            raise Broken(str(error)) from error
        except FAILURES as error:
            # What fails while rows are read comes as an error of Arrow's, with the engine's words.
            if not isinstance(error, duckdb.Error) and any(sign in str(error) for sign in _BROKEN):
                raise Broken(str(error)) from error
            raise change_failed(error, sql) from error


def change_failed(error: BaseException, sql: str = "") -> ChangeFailed:
    """Return what one of DuckDB's errors, of a statement, means for a change."""
    text = str(error)[:_LONGEST_WORDS]
    words = text.lower()
    sort = next((name for sign, name in _SORTS if sign in words), "")
    if isinstance(error, duckdb.ConstraintException) or (isinstance(error, duckdb.TransactionException) and sort):
        return ChangeFailed(codes.CONSTRAINT.name, text, detail=sort)
    if isinstance(error, duckdb.TransactionException):
        return ChangeFailed(codes.CONFLICT.name, text)
    if (found := _NO_CAST.search(text)) is not None:
        detail = f"no text can be turned into {found[1]}"
        return ChangeFailed(sql_codes.UNSUPPORTED.name, text, detail=detail)
    return ChangeFailed(code_of(error), text, position=position_of(error, sql))
