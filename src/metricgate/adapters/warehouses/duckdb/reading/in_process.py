"""The DuckDB instance in the gateway's own process, and its threads: it runs what the compiler wrote."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TypeVar

import duckdb

from metricgate.adapters.warehouses.duckdb.connection import connect
from metricgate.adapters.warehouses.duckdb.engine import DuckDBEngine, Relations
from metricgate.adapters.warehouses.duckdb.errors import FAILURES, breaks, code_of, details_of, position_of
from metricgate.adapters.warehouses.duckdb.options import DuckDBOptions
from metricgate.adapters.warehouses.duckdb.reading.results import Batches, Fetched
from metricgate.adapters.warehouses.engine_calls import Call, EngineCalls
from metricgate.adapters.warehouses.kept_rows import caps_of
from metricgate.gateway.codes import WAREHOUSE_UNAVAILABLE
from metricgate.gateway.ports import ReleasedStatement, WarehouseError
from metricgate.vocabulary.result import ValueType

_Result = TypeVar("_Result")
_Work = Callable[[DuckDBEngine, duckdb.DuckDBPyConnection], _Result]
_LOOK_SECONDS = 0.1


def failure_of(error: BaseException, sql: str = "", stopped_for: str | None = None) -> WarehouseError:
    """Return one of ``FAILURES`` of a statement as the gateway takes it; ``stopped_for`` goes before its own code."""
    code, position = stopped_for or code_of(error), position_of(error, sql)
    return WarehouseError(code, str(error), position=position, details=details_of(error))


def _open_engine(options: DuckDBOptions) -> DuckDBEngine:
    """Open and lock the instance.

    Raises:
        WarehouseError: ``E_WAREHOUSE_UNAVAILABLE``.
    """
    try:
        return DuckDBEngine(connect(options), writable=options.path is None)
    except (duckdb.Error, OSError) as error:
        raise WarehouseError(WAREHOUSE_UNAVAILABLE.name, str(error)) from error


class Own:
    """The instance in the gateway's own process, and its threads."""

    def __init__(self, options: DuckDBOptions) -> None:
        """Open and lock the instance.

        Raises:
            WarehouseError: ``E_WAREHOUSE_UNAVAILABLE``.
        """
        self._options = options
        self._engine = _open_engine(options)
        self._turn = threading.Condition()
        self._inside = 0
        self._broken = False
        self._largest = options.largest_result_bytes
        self._calls = EngineCalls(options.callers, "duckdb")
        self._closed = False

    async def do(self, seconds: float, work: Callable[[Call], _Result]) -> _Result:
        """Do ``work`` in one of its threads, as ``EngineCalls.do`` does."""
        return await self._calls.do(seconds, work)

    async def close(self) -> None:
        """Stop what runs and close the instance."""
        if not self._closed:
            self._closed = True
            await self._calls.close()
            self._engine.close()

    def rows(self, call: Call, released: ReleasedStatement) -> Batches | Fetched:
        """Run a statement. In a thread, as the others."""
        statement, caps = released.statement, caps_of(released, self._largest)
        return self._with_cursor(
            call,
            lambda engine, cursor: engine.run(cursor, statement.sql, statement.parameters, caps, statement.checks),
            statement.sql,
        )

    def relations(self, call: Call) -> Relations:
        """Return every relation's columns."""
        return self._with_cursor(call, DuckDBEngine.relations)

    def types(self, call: Call, selects: Sequence[str]) -> list[tuple[ValueType, ...]]:
        """Return the types of the columns of SELECTs that read no row."""
        return self._with_cursor(call, lambda engine, cursor: [engine.types(cursor, each) for each in selects])

    def functions(self, call: Call) -> frozenset[str]:
        """Return the engine's own functions."""
        return self._with_cursor(call, DuckDBEngine.functions)

    def _with_cursor(self, call: Call, work: _Work[_Result], sql: str = "") -> _Result:
        """Do ``work`` with a cursor of its own and give every failure its code. In a thread."""
        with self._used() as engine:
            return self._done(call, engine, work, sql)

    @contextmanager
    def _used(self) -> Iterator[DuckDBEngine]:
        """Give the instance; one that broke is opened anew once nobody is in it any more, as the process has one."""
        with self._turn:
            while self._broken and self._inside:
                self._turn.wait(_LOOK_SECONDS)
            if self._broken:
                self._engine.close()
                self._engine = _open_engine(self._options)
                self._broken = False
            self._inside += 1
            engine = self._engine
        try:
            yield engine
        finally:
            with self._turn:
                self._inside -= 1
                self._turn.notify_all()

    def _done(self, call: Call, engine: DuckDBEngine, work: _Work[_Result], sql: str) -> _Result:
        cursor = engine.cursor()

        def interrupt() -> None:
            with suppress(duckdb.ConnectionException):  # it ended and was closed this very moment
                cursor.interrupt()

        call.interrupt = interrupt
        try:
            return work(engine, cursor)
        except FAILURES as error:
            # What was only in memory is gone with it: then there is nothing to be opened anew.
            self._broken = self._broken or (breaks(error) and self._options.path is not None)
            raise failure_of(error, sql, call.stopped_for) from error
        finally:
            call.interrupt = None
            cursor.close()
