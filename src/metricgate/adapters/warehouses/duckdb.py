"""DuckDB as a warehouse: one locked instance in the process, a cursor for each statement, threads of its own.

Reads run in a read-only transaction: a file opened read-only has no other kind, and where the instance may write, each
statement gets a ``BEGIN TRANSACTION READ ONLY`` of its own that is rolled back. The engine must see exactly one
statement, and call it a SELECT; the rest (which tables, which functions) was settled by the compiler.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

import duckdb
import pyarrow as pa

from metricgate.adapters.warehouses.duckdb_fetch import (
    FEW_ROWS,
    Caps,
    Fetched,
    NotPlain,
    TypeNotCarried,
    fetch_arrow,
    fetch_rows,
)
from metricgate.adapters.warehouses.duckdb_options import DuckDBOptions, opened
from metricgate.adapters.warehouses.duckdb_section import DuckDBSection
from metricgate.adapters.warehouses.duckdb_types import logical_type
from metricgate.gateway.codes import (
    WAREHOUSE_CANCELLED,
    WAREHOUSE_FAILED,
    WAREHOUSE_MEMORY,
    WAREHOUSE_TIMEOUT,
    WAREHOUSE_UNAVAILABLE,
)
from metricgate.gateway.ports import Released, Rows, WarehouseError
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.result import Column, DataType

_Result = TypeVar("_Result")
_PARSED_STATEMENTS = 512
_AGAIN_SECONDS = 0.02
_DESCRIBE_SECONDS = 30.0
_BEGIN = "BEGIN TRANSACTION READ ONLY"
_COLUMNS_SQL = """
SELECT database_name, schema_name, table_name, column_name, data_type
FROM duckdb_columns() WHERE NOT internal ORDER BY table_oid, column_index
"""


class _Run:
    """One statement on its way: the cursor it has, and why it should stop, if it should."""

    __slots__ = ("cursor", "stopped_for")

    def __init__(self) -> None:
        self.cursor: duckdb.DuckDBPyConnection | None = None
        self.stopped_for: str | None = None


class DuckDBWarehouse:
    """A ``gateway.ports.Warehouse`` on DuckDB. Made and used in one event loop; statements run in its own threads."""

    name = "duckdb"
    dialect = "duckdb"
    section = DuckDBSection

    @classmethod
    def from_section(cls, section: DuckDBSection, folder: Path) -> DuckDBWarehouse:
        """Open what a project's settings name; raises as the constructor does."""
        return cls(section.options(folder))

    def __init__(self, options: DuckDBOptions) -> None:
        """Open the database and lock it.

        Raises:
            WarehouseError: ``E_WAREHOUSE_UNAVAILABLE``.
        """
        self._options = options
        self._root = opened(options)
        self._writable = options.path is None or not options.read_only
        self._threads = ThreadPoolExecutor(options.callers, thread_name_prefix="duckdb")
        self._runs: set[_Run] = set()
        self._closed = False
        self._data_state = _state_of(options.path)
        self._parsed = lru_cache(maxsize=_PARSED_STATEMENTS)(self._parse)
        self._as_arrow: set[str] = set()

    @property
    def data_state(self) -> Json:
        """``{"as_of": time of the file's last change, UTC}``; nothing for a database in memory."""
        return self._data_state

    async def run(self, released: Released) -> Rows:
        """Run the statement within the verdict's limits, or within the options' where it sets none.

        The time limit counts from the call, waiting for a thread included. When the awaiting task is cancelled, this
        statement alone is interrupted and its thread is free again as soon as the engine lets go.

        Raises:
            WarehouseError: with the code that fits; ``engine_text`` has the engine's words.
        """
        limit = released.verdict.obligations.seconds
        seconds = limit.value if limit is not None else self._options.longest_seconds
        return await self._in_thread(seconds, lambda run: self._rows(run, released))

    async def describe(
        self, relations: Sequence[tuple[str, ...]]
    ) -> Mapping[tuple[str, ...], tuple[Column, ...] | None]:
        """Return the columns of each relation, or None where it does not exist.

        A relation is ``(table,)``, ``(schema, table)`` or ``(database, schema, table)``; a bare table is looked up in
        schema ``main``. Letter case does not matter, as in DuckDB. A column of a type without a wire form counts as
        JSON, so that the rest of its table stays usable.
        """
        found = await self._in_thread(_DESCRIBE_SECONDS, self._relations)
        database = found.pop(())[0].name
        return {relation: found.get(_full_name(relation, database)) for relation in relations}

    async def close(self) -> None:
        """Interrupt what runs, wait for its threads, and close the instance. Later calls are refused."""
        if self._closed:
            return
        self._closed = True
        loop = asyncio.get_running_loop()
        for run in tuple(self._runs):
            self._stop(loop, run, WAREHOUSE_CANCELLED.name)
        await asyncio.to_thread(self._threads.shutdown, cancel_futures=False)
        self._root.close()

    async def _in_thread(self, seconds: float, work: Callable[[_Run], _Result]) -> _Result:
        if self._closed:
            raise WarehouseError(WAREHOUSE_UNAVAILABLE.name, "the warehouse is closed")
        loop = asyncio.get_running_loop()
        run = _Run()
        self._runs.add(run)
        future = self._threads.submit(self._guarded, run, work)
        future.add_done_callback(lambda _done: self._runs.discard(run))
        alarm = loop.call_later(seconds, self._stop, loop, run, WAREHOUSE_TIMEOUT.name)
        try:
            return await asyncio.wrap_future(future)
        except asyncio.CancelledError:
            self._stop(loop, run, WAREHOUSE_CANCELLED.name)
            raise
        finally:
            alarm.cancel()

    def _stop(self, loop: asyncio.AbstractEventLoop, run: _Run, code: str) -> None:
        """Interrupt the run until it is gone: an interrupt that comes before the engine starts is lost."""
        if run not in self._runs:
            return
        run.stopped_for = run.stopped_for or code
        cursor = run.cursor
        if cursor is not None:
            with suppress(duckdb.ConnectionException):  # it ended and was closed this very moment
                cursor.interrupt()
        loop.call_later(_AGAIN_SECONDS, self._stop, loop, run, code)

    def _guarded(self, run: _Run, work: Callable[[_Run], _Result]) -> _Result:
        """Run ``work`` with a cursor of its own and give every failure its code. In a thread."""
        if run.stopped_for is not None:
            raise WarehouseError(run.stopped_for, "stopped before it began")
        cursor = self._root.cursor()
        run.cursor = cursor
        try:
            return work(run)
        except duckdb.OutOfMemoryException as error:
            raise WarehouseError(run.stopped_for or WAREHOUSE_MEMORY.name, str(error)) from error
        except (duckdb.Error, TypeNotCarried, pa.ArrowException, OSError, OverflowError, ValueError) as error:
            code = WAREHOUSE_MEMORY if "Out of Memory" in str(error) else WAREHOUSE_FAILED
            raise WarehouseError(run.stopped_for or code.name, str(error)) from error
        except MemoryError as error:
            raise WarehouseError(run.stopped_for or WAREHOUSE_MEMORY.name, "the process is out of memory") from error
        finally:
            run.cursor = None
            cursor.close()

    def _rows(self, run: _Run, released: Released) -> Rows:
        cursor = run.cursor
        assert cursor is not None  # noqa: S101 - set by _guarded
        begin = time.perf_counter()
        if not self._writable:
            fetched = self._fetch(cursor, released)
        else:
            cursor.execute(_BEGIN)
            fetched = self._fetch(cursor, released)
            cursor.rollback()
        return Rows(
            columns=fetched.columns,
            values=fetched.values,
            truncated=fetched.truncated,
            bytes=fetched.bytes,
            seconds=time.perf_counter() - begin,
        )

    def _fetch(self, cursor: duckdb.DuckDBPyConnection, released: Released) -> Fetched:
        statement, obligations = released.statement, released.verdict.obligations
        row_limits = [statement.row_limit] if statement.row_limit is not None else []
        if obligations.rows is not None:
            row_limits.append(int(obligations.rows.value))
        caps = Caps(
            rows=min(row_limits, default=None),
            bytes=int(obligations.bytes.value) if obligations.bytes else self._options.largest_result_bytes,
        )
        parsed = self._parsed(statement.sql)
        if caps.rows is not None and caps.rows <= FEW_ROWS and statement.sql not in self._as_arrow:
            try:
                return fetch_rows(cursor, parsed, statement.parameters, caps)
            except NotPlain:
                cursor.abort()  # lets go of the result that was begun
                self._remember_as_arrow(statement.sql)
        return fetch_arrow(cursor, parsed, statement.parameters, caps)

    def _remember_as_arrow(self, sql: str) -> None:
        if len(self._as_arrow) >= _PARSED_STATEMENTS:
            self._as_arrow.clear()
        self._as_arrow.add(sql)

    def _parse(self, sql: str) -> duckdb.Statement:
        """Return the one statement that ``sql`` is; what is not one SELECT never reaches the engine."""
        with self._root.cursor() as cursor:
            statements = cursor.extract_statements(sql)
        if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
            kinds = ", ".join(statement.type.name for statement in statements) or "nothing"
            raise WarehouseError(WAREHOUSE_FAILED.name, f"exactly one SELECT may run, this is {kinds}")
        return statements[0]

    def _relations(self, run: _Run) -> dict[tuple[str, ...], tuple[Column, ...]]:
        """Return every relation's columns by full lower-case name, and under ``()`` the current database's name."""
        cursor = run.cursor
        assert cursor is not None  # noqa: S101 - set by _guarded
        [(current,)] = cursor.execute("SELECT current_database()").fetchall()
        found: dict[tuple[str, ...], list[Column]] = {(): [Column(name=current.lower(), type=DataType.STRING)]}
        for *names, column, type_name in cursor.execute(_COLUMNS_SQL).fetchall():
            relation = tuple(name.lower() for name in names)
            kind = logical_type(type_name) or DataType.JSON
            found.setdefault(relation, []).append(Column(name=column, type=kind))
        return {relation: tuple(columns) for relation, columns in found.items()}


def _full_name(relation: tuple[str, ...], database: str) -> tuple[str, ...]:
    parts = tuple(part.lower() for part in relation)
    missing = (database, "main")[: 3 - len(parts)]
    return (*missing, *parts)


def _state_of(path: Path | None) -> Json:
    if path is None:
        return {}
    changed = datetime.fromtimestamp(path.stat().st_mtime, tz=UTC)
    return {"as_of": changed.isoformat(timespec="seconds").replace("+00:00", "Z")}
