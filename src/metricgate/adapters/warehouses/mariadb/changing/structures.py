"""How MariaDB's tables are changed. Its DDL commits at once: one last, atomic statement makes each change visible."""

# ruff: noqa: S608 - names are quoted

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from metricgate.adapters.warehouses.changing.plain_structures import Counting
from metricgate.adapters.warehouses.changing.structure_dialect import Index, Read, Reads, Surroundings
from metricgate.changing.shape import ColumnShape, Location, TableShape
from metricgate.changing.structure import ASIDE, StructureChange
from metricgate.guarding.views import views_reading
from metricgate.vocabulary.structure import StructureKind

_UNFINISHED = f"{ASIDE}column"
"""What a column is called until its values are back."""
_INDEXES = """
SELECT index_name, GROUP_CONCAT(column_name SEPARATOR '\\n') FROM information_schema.statistics
WHERE table_schema = %s AND table_name = %s GROUP BY index_name ORDER BY index_name
"""
_VIEWS = """
SELECT CONCAT(table_schema, '.', table_name), view_definition FROM information_schema.views
WHERE table_schema NOT IN ('sys', 'mysql', 'performance_schema', 'information_schema')
"""
_COLUMN = """
SELECT c.column_type, c.character_set_name, c.collation_name, c.column_comment, c.extra,
  (SELECT p.column_name FROM information_schema.columns AS p
    WHERE p.table_schema = c.table_schema AND p.table_name = c.table_name
      AND p.ordinal_position = c.ordinal_position - 1)
FROM information_schema.columns AS c WHERE c.table_schema = %s AND c.table_name = %s AND c.column_name = %s
"""


class MariaDBStructures(Counting):
    """A ``StructureDialect``.

    Args:
        name: gives a relation's quoted name.
        database: that tables are in whose location names none.
    """

    commits_by_itself = True
    text = "CHAR"

    def __init__(self, name: Callable[[Location], str], database: str) -> None:
        self._name = name
        self._database = database

    def surroundings(self, session: Reads, shape: TableShape) -> Surroundings:
        """Ask for indexes, and the views' texts for who reads the table."""
        indexes = tuple(
            Index(name=str(name), columns=tuple(str(columns or "").split("\n")))
            for name, columns in session.read(_INDEXES, self._places(shape.location))
        )
        views = [(str(name), str(text or "")) for name, text in session.read(_VIEWS, ())]
        return Surroundings(indexes=indexes, dependents=views_reading(self._places(shape.location), views, "mysql"))

    def definition(self, session: Reads, shape: TableShape, column: ColumnShape) -> tuple[ColumnShape, tuple[str, ...]]:
        """Return the column with character set, collation and what it does ON UPDATE; its comment is lost."""
        [(kind, characters, collation, comment, extra, _before)] = session.read(
            _COLUMN, (*self._places(shape.location), column.name)
        )
        written = f"{kind} CHARACTER SET {characters} COLLATE {collation}" if collation is not None else str(kind)
        if extra and extra.lower().startswith("on update"):
            return replace(column, type=written), (f"ON UPDATE of {column.name}",)
        return replace(column, type=written), ((f"the comment on {column.name}",) if comment else ())

    def quote(self, name: str) -> str:
        """Return a name as an identifier."""
        return quote_name(name)

    def name(self, location: Location) -> str:
        """Return a relation's quoted name, with its database."""
        return self._name(location)

    def statements(
        self, change: StructureChange, shape: TableShape | None, aside: Location, indexes: Sequence[Index]
    ) -> Sequence[str]:
        """Write what carries the change out."""
        _ = indexes
        table, beside, column = self._name(change.table), self._name(aside), quote_name(change.column_name)
        texts: tuple[str, ...]
        match change.kind:
            case StructureKind.DROP_TABLE:
                texts = (f"RENAME TABLE {table} TO {beside}",)
            case StructureKind.RESTORE_TABLE:
                texts = (f"RENAME TABLE {beside} TO {table}",)
            case StructureKind.RENAME_COLUMN:
                texts = (f"ALTER TABLE {table} RENAME COLUMN {column} TO {quote_name(change.new_name)}",)
            case StructureKind.ADD_COLUMN:
                texts = (f"ALTER TABLE {table} ADD COLUMN {column} {_column_type(change)} NULL",)
            case StructureKind.DROP_COLUMN:
                key = () if shape is None else shape.key
                outputs = ", ".join(quote_name(each) for each in (*key, change.column_name))
                kept = f"SELECT {outputs} FROM {table} WHERE {column} IS NOT NULL"
                # Under a lock: a value that is written while the others are copied would be neither kept nor there.
                texts = (
                    f"CREATE TABLE {beside} AS {kept} AND FALSE",
                    f"LOCK TABLES {table} WRITE, {beside} WRITE",
                    f"INSERT INTO {beside} {kept}",
                    f"ALTER TABLE {table} DROP COLUMN {column}",
                    "UNLOCK TABLES",
                )
            case StructureKind.RESTORE_COLUMN:
                texts = tuple(self._restored(change, shape))
        return texts

    def clean_up(self, change: StructureChange, aside: Location) -> Sequence[str]:
        """Drop a column whose values were not all back, or values that were kept for nothing."""
        if change.kind is StructureKind.RESTORE_COLUMN:
            return (f"ALTER TABLE {self._name(change.table)} DROP COLUMN IF EXISTS {quote_name(_UNFINISHED)}",)
        if change.kind is StructureKind.DROP_COLUMN:
            return ("UNLOCK TABLES", f"DROP TABLE IF EXISTS {self._name(aside)}")
        return ()

    def select_tables_named(self, names: Sequence[str]) -> Read:
        """Look for tables by name."""
        places = ", ".join("%s" for _each in names)
        sql = f"SELECT table_schema, table_name FROM information_schema.tables WHERE table_name IN ({places})"
        return sql, tuple(names)

    def _restored(self, change: StructureChange, shape: TableShape | None) -> Sequence[str]:
        """Add the column under a name of ours, put the values back, and only then give it its name.

        The rows' other columns stay as they are, those too that an update would set anew.
        """
        assert change.column is not None  # noqa: S101 - a restored column is told
        table, own, column = self._name(change.table), quote_name(_UNFINISHED), quote_name(change.column.name)
        kept = self._name((*change.table[:-1], change.aside))
        fits = " AND ".join(f"t.{quote_name(each)} = k.{quote_name(each)}" for each in change.key)
        null = "NULL" if change.column.nullable else "NOT NULL"
        moving = () if shape is None else (quote_name(each.name) for each in shape.columns if each.moving)
        values = ", ".join([f"t.{own} = k.{column}", *(f"t.{name} = t.{name}" for name in moving)])
        default = "" if change.column.default is None else f" DEFAULT {change.column.default}"
        return (
            f"ALTER TABLE {table} ADD COLUMN {own} {_column_type(change)} NULL",
            f"UPDATE {table} AS t JOIN {kept} AS k ON {fits} SET {values}",
            "COMMIT",
            f"ALTER TABLE {table} CHANGE COLUMN {own} {column} {_column_type(change)} {null}{default}",
        )

    def _places(self, location: Location) -> tuple[str, str]:
        return (location[-2] if len(location) > 1 else self._database), location[-1]


def _column_type(change: StructureChange) -> str:
    return "" if change.column is None else change.column.type


def quote_name(name: str) -> str:
    """Return the name as an identifier: in backticks, a backtick inside it written twice."""
    doubled = name.replace("`", "``")
    return f"`{doubled}`"
