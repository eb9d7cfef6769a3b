"""What is done with one open DuckDB instance, in the gateway's process and in its workers alike.

Every piece of work gets a fresh cursor from its caller, which is closed afterwards: temporary objects, variables and
transactions of one cannot shadow anything for the next. Reads run in a read-only transaction: a file opened read-only
has no other kind, and where the instance may write, each statement gets a ``BEGIN TRANSACTION READ ONLY`` of its own
that is rolled back. The engine must see exactly one statement, and call it a SELECT; the rest (which tables, which
functions) was settled by whoever made it.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import duckdb

from metricgate.adapters.warehouses.duckdb.errors import ColumnsChanged
from metricgate.adapters.warehouses.duckdb.reading.results import (
    FEW_ROWS,
    Batches,
    Fetched,
    NeedsArrow,
    fetch_arrow,
    fetch_rows,
)
from metricgate.adapters.warehouses.duckdb.reading.types import logical_type
from metricgate.adapters.warehouses.result_caps import ResultCaps
from metricgate.compiling.statement import TypeCheck
from metricgate.vocabulary.predicate import Scalar
from metricgate.vocabulary.result import Column, DataType, ValueType

Relations = dict[tuple[str, ...], tuple[Column, ...]]
"""Columns by full lower-case name; under ``()`` stands the current database's name, as a column."""

_PARSED_STATEMENTS = 512
_BEGIN = "BEGIN TRANSACTION READ ONLY"
_COLUMNS_SQL = """
SELECT database_name, schema_name, table_name, column_name, data_type
FROM duckdb_columns() WHERE NOT internal ORDER BY table_oid, column_index
"""
_FUNCTIONS_SQL = """
SELECT lower(function_name) FROM duckdb_functions() WHERE internal AND function_type <> 'pragma'
EXCEPT SELECT lower(function_name) FROM duckdb_functions() WHERE NOT internal
"""

_MACROS_SQL = """
SELECT schema_name, function_name, string_agg(coalesce(macro_definition, '') || ' ' || CAST(parameters AS VARCHAR), '; '
  ORDER BY CAST(parameters AS VARCHAR))
FROM duckdb_functions() WHERE NOT internal AND database_name = current_database() GROUP BY ALL
"""


class NotOneSelect(ValueError):
    """The text is not exactly one statement that the engine calls a SELECT."""


class DuckDBEngine:
    """One open, locked instance. ``writable`` says that it could write, if a transaction let it."""

    def __init__(self, root: duckdb.DuckDBPyConnection, *, writable: bool) -> None:
        self._root = root
        self._writable = writable
        self._parsed = lru_cache(maxsize=_PARSED_STATEMENTS)(self._parse)
        self._as_arrow: set[str] = set()
        self._macros: list[tuple[str, ...]] | None = None

    def macros(self, cursor: duckdb.DuckDBPyConnection) -> Sequence[tuple[str, ...]]:
        """Return the file's macros: ``schema, name, text`` each; looked up once, which takes as long as a change.

        They stay as they are while the instance is open: no other process writes the file meanwhile, and nothing that
        runs here makes one.
        """
        if self._macros is None:
            self._macros = cursor.execute(_MACROS_SQL).fetchall()
        return self._macros

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """Return a new cursor; whoever asked closes it."""
        return self._root.cursor()

    def close(self) -> None:
        """Close the instance: a writable file is checkpointed."""
        self._root.close()

    def run(
        self,
        cursor: duckdb.DuckDBPyConnection,
        sql: str,
        parameters: Sequence[Scalar],
        caps: ResultCaps,
        checks: Sequence[TypeCheck] = (),
    ) -> Batches | Fetched:
        """Run the one SELECT that ``sql`` is, within its caps, where the checks hold.

        Raises:
            NotOneSelect: it is something else; nothing has run.
            ColumnsChanged: a check does not hold; nothing has run.
            errors.FAILURES: the engine failed.
        """
        statement = self._parsed(sql)
        if not self._writable:  # nor does anybody else: the types of a file that is open for reading do not change
            return self._fetch(cursor, sql, statement, parameters, caps)
        cursor.execute(_BEGIN)
        for check in checks:
            if self.types(cursor, check.sql) != check.types:
                raise ColumnsChanged(f"columns have other types than when the question was planned: {check.sql}")
        result = self._fetch(cursor, sql, statement, parameters, caps)
        cursor.rollback()
        return result

    def types(self, cursor: duckdb.DuckDBPyConnection, select: str) -> tuple[ValueType, ...]:
        """Return the logical types of the columns of a SELECT that reads no row."""
        cursor.execute(self._parsed(select))
        return tuple(ValueType(type=logical_type(str(column[1]))) for column in cursor.description)

    def relations(self, cursor: duckdb.DuckDBPyConnection) -> Relations:
        """Return every relation's columns. One of a type without a wire form counts as JSON."""
        [(current,)] = cursor.execute("SELECT current_database()").fetchall()
        found: dict[tuple[str, ...], list[Column]] = {(): [Column(name=current.lower(), type=DataType.STRING)]}
        for *names, column, type_name in cursor.execute(_COLUMNS_SQL).fetchall():
            relation = tuple(name.lower() for name in names)
            kind = logical_type(type_name) or DataType.JSON
            found.setdefault(relation, []).append(Column(name=column, type=kind))
        return {relation: tuple(columns) for relation, columns in found.items()}

    def functions(self, cursor: duckdb.DuckDBPyConnection) -> frozenset[str]:
        """Return the engine's own functions (its built-in macros too), without names that a macro of the file takes."""
        return frozenset(name for (name,) in cursor.execute(_FUNCTIONS_SQL).fetchall())

    def _fetch(
        self,
        cursor: duckdb.DuckDBPyConnection,
        sql: str,
        statement: duckdb.Statement,
        parameters: Sequence[Scalar],
        caps: ResultCaps,
    ) -> Batches | Fetched:
        if caps.rows is not None and caps.rows <= FEW_ROWS and sql not in self._as_arrow:
            try:
                return fetch_rows(cursor, statement, parameters, caps)
            except NeedsArrow:
                cursor.abort()  # lets go of the result that was begun
                self._remember_as_arrow(sql)
        return fetch_arrow(cursor, statement, parameters, caps)

    def _remember_as_arrow(self, sql: str) -> None:
        if len(self._as_arrow) >= _PARSED_STATEMENTS:
            self._as_arrow.clear()
        self._as_arrow.add(sql)

    def _parse(self, sql: str) -> duckdb.Statement:
        with self._root.cursor() as cursor:
            statements = cursor.extract_statements(sql)
        if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
            kinds = ", ".join(statement.type.name for statement in statements) or "nothing"
            raise NotOneSelect(f"exactly one SELECT may run, this is {kinds}")
        return statements[0]
