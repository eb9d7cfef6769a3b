"""How DuckDB's tables are changed. It alters no table that has indexes: they go first and are made again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from metricgate.adapters.warehouses.changing.plain_structures import PlainStructures
from metricgate.adapters.warehouses.changing.structure_dialect import Index, Read, Reads, Surroundings
from metricgate.changing.shape import ColumnShape, Location, TableShape
from metricgate.changing.structure import StructureChange
from metricgate.guarding.views import views_reading
from metricgate.vocabulary.structure import StructureKind

_INDEXES = """
SELECT index_name, expressions, sql FROM duckdb_indexes()
WHERE database_name = current_database() AND lower(schema_name) = lower($1) AND lower(table_name) = lower($2)
ORDER BY index_oid
"""
_VIEWS = "SELECT view_name, sql FROM duckdb_views() WHERE NOT internal"
_NAMED = """
SELECT schema_name, table_name FROM duckdb_tables()
WHERE database_name = current_database() AND list_contains($1::VARCHAR[], lower(table_name))
"""


class DuckDBStructures(PlainStructures):
    """A ``StructureDialect``. A dropped table lies aside without its indexes; they come back with it."""

    def surroundings(self, session: Reads, shape: TableShape) -> Surroundings:
        """Ask DuckDB for indexes, and the views' texts for who reads the table."""
        schema = shape.location[-2] if len(shape.location) > 1 else "main"
        rows = session.read(_INDEXES, (schema, shape.location[-1]))
        indexes = (
            Index(name=str(name), columns=_index_columns(str(expressions or "")), text=str(sql or "").rstrip("; "))
            for name, expressions, sql in rows
        )
        views = [(str(name), str(sql)) for name, sql in session.read(_VIEWS, ())]
        return Surroundings(indexes=tuple(indexes), dependents=views_reading(shape.location, views, "duckdb"))

    def definition(self, session: Reads, shape: TableShape, column: ColumnShape) -> tuple[ColumnShape, tuple[str, ...]]:
        """Return the column without NOT NULL, which DuckDB does not give a column whose values were just written."""
        _ = session, shape
        if column.nullable:
            return column, ()
        return replace(column, nullable=True), (f"NOT NULL of {column.name}",)

    def statements(
        self, change: StructureChange, shape: TableShape | None, aside: Location, indexes: Sequence[Index]
    ) -> Sequence[str]:
        """Take the indexes away, change the table, and make them again where it still has its name."""
        own = super().statements(change, shape, aside, indexes)
        if change.kind is StructureKind.ADD_COLUMN:
            return own
        schema = change.table[:-1]
        away = [f"DROP INDEX {self.name((*schema, each.name))}" for each in indexes]
        again = [] if change.kind is StructureKind.DROP_TABLE else [each.text for each in indexes]
        return (*away, *own, *again)

    def select_tables_named(self, names: Sequence[str]) -> Read:
        """Look for tables by name."""
        return _NAMED, (list(names),)


def _index_columns(expressions: str) -> tuple[str, ...]:
    """Return the columns of an index: DuckDB prints ``[a, '"odd name"']``."""
    parts = (part.strip().strip("'") for part in expressions.strip("[]").split(","))
    return tuple(part[1:-1].replace('""', '"') if part.startswith('"') else part for part in parts if part)
