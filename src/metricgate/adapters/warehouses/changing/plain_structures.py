"""What engines write alike to change tables; DuckDB and PostgreSQL do it in the change's own transaction."""

# ruff: noqa: S608 - names are quoted

from __future__ import annotations

from collections.abc import Sequence

from metricgate.adapters.warehouses.changing.structure_dialect import Index, Read, Reads
from metricgate.changing.definitions import Definitions
from metricgate.changing.shape import Location, TableShape
from metricgate.changing.structure import StructureChange
from metricgate.vocabulary.structure import StructureKind


class Counting:
    """The SELECTs of a ``StructureDialect`` that every engine writes alike, but for quotes and the name of text."""

    text = "VARCHAR"

    def quote(self, name: str) -> str:
        """Return a name as an identifier."""
        return quote_name(name)

    def name(self, location: Location) -> str:
        """Return a relation's quoted name."""
        return ".".join(self.quote(part) for part in location)

    def count(self, location: Location, column: str | None) -> Read:
        """Count rows, or values."""
        what = "*" if column is None else self.quote(column)
        return f"SELECT CAST(count({what}) AS {self.text}) FROM {self.name(location)}", ()

    def without_values(self, change: StructureChange) -> Read:
        """Count rows without a kept value."""
        kept = self.name((*change.table[:-1], change.aside))
        fits = " AND ".join(f"k.{self.quote(each)} = t.{self.quote(each)}" for each in change.key)
        sql = f"SELECT CAST(count(*) AS {self.text}) FROM {self.name(change.table)} AS t WHERE NOT EXISTS"
        return f"{sql} (SELECT 1 FROM {kept} AS k WHERE {fits})", ()

    def read_ddl_triggers(self, session: Reads) -> Definitions:
        """Return nothing: nothing acts on DDL here."""
        _ = session
        return ()

    def lock(self, location: Location) -> str | None:
        """Write nothing: one change runs at a time, or the statements themselves lock."""
        _ = location
        return None

    def drop(self, location: Location) -> str:
        """Drop a table."""
        return f"DROP TABLE {self.name(location)}"


class PlainStructures(Counting):
    """What DuckDB and PostgreSQL have in common of a ``StructureDialect``."""

    commits_by_itself = False

    def statements(
        self, change: StructureChange, shape: TableShape | None, aside: Location, indexes: Sequence[Index]
    ) -> Sequence[str]:
        """Write what carries the change out."""
        _ = indexes
        table, beside, column = self.name(change.table), self.name(aside), change.column_name
        texts: tuple[str, ...]
        match change.kind:
            case StructureKind.DROP_TABLE:
                texts = (f"ALTER TABLE {table} RENAME TO {quote_name(aside[-1])}",)
            case StructureKind.RESTORE_TABLE:
                texts = (f"ALTER TABLE {beside} RENAME TO {quote_name(change.table[-1])}", *change.rebuild)
            case StructureKind.RENAME_COLUMN:
                texts = (f"ALTER TABLE {table} RENAME COLUMN {quote_name(column)} TO {quote_name(change.new_name)}",)
            case StructureKind.DROP_COLUMN:
                drop = f"ALTER TABLE {table} DROP COLUMN {quote_name(column)}"
                keep: tuple[str, ...] = ()
                if shape is not None and not change.only_empty:
                    outputs = ", ".join(quote_name(each) for each in (*shape.key, column))
                    kept = f"SELECT {outputs} FROM {table} WHERE {quote_name(column)} IS NOT NULL"
                    keep = (f"CREATE TABLE {beside} AS {kept}",)
                texts = (*keep, drop)
            case StructureKind.ADD_COLUMN:
                texts = (self._added(change),)
            case StructureKind.RESTORE_COLUMN:
                texts = (*self._restored(change), f"DROP TABLE {beside}")
        return texts

    def clean_up(self, change: StructureChange, aside: Location) -> Sequence[str]:
        """Nothing is left: it was rolled back."""
        _ = change, aside
        return ()

    def _added(self, change: StructureChange) -> str:
        assert change.column is not None  # noqa: S101 - an added column is told
        return f"ALTER TABLE {self.name(change.table)} ADD COLUMN {quote_name(change.column.name)} {change.column.type}"

    def _restored(self, change: StructureChange) -> list[str]:
        """Add the column, give it its default, and put the kept values back by key."""
        assert change.column is not None  # noqa: S101 - a restored column is told
        table, column = self.name(change.table), quote_name(change.column.name)
        kept = self.name((*change.table[:-1], change.aside))
        fits = " AND ".join(f"t.{quote_name(each)} = k.{quote_name(each)}" for each in change.key)
        texts = [self._added(change)]
        if change.column.default is not None:
            texts.append(f"ALTER TABLE {table} ALTER COLUMN {column} SET DEFAULT {change.column.default}")
        texts.append(f"UPDATE {table} AS t SET {column} = k.{column} FROM {kept} AS k WHERE {fits}")
        return texts


def quote_name(name: str) -> str:
    """Return the name as an identifier: in double quotes, a quote inside it written twice (SQL-92, 5.2)."""
    doubled = name.replace('"', '""')
    return f'"{doubled}"'
