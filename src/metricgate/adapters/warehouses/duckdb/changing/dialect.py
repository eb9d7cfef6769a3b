"""How DuckDB is told to change rows: set-based statements by key, with all values in one relation of texts."""

# ruff: noqa: S608 - names are quoted and values are parameters

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from metricgate.adapters.warehouses.changing.session import Text, WriteSession
from metricgate.adapters.warehouses.duckdb.changing.definitions import read_definitions
from metricgate.adapters.warehouses.duckdb.changing.session import Given
from metricgate.adapters.warehouses.duckdb.changing.shapes import MARKS, loses_as_text, read_shapes
from metricgate.adapters.warehouses.duckdb.changing.structures import DuckDBStructures
from metricgate.changing.definitions import Definitions
from metricgate.changing.images import Images
from metricgate.changing.shape import ColumnShape, ForeignKey, Location, TableShape
from metricgate.compiling.statement import Statement

# No column can be taken for one of these: they stand where a column of a struct might.
_GIVEN = "metricgate_given"
_TABLE = "metricgate_table"
_RELATION = f"temp.main.{Given.NAME} AS {_GIVEN}"


class DuckDBDialect:
    """A ``WriteDialect``. Values go as a relation of VARCHAR columns, ``Given``, and are cast to the columns' types.

    Args:
        check: raises unless a text is one plain SELECT; every source goes through it before it is part of another text.
    """

    rows_at_once = 1_000_000
    characters_at_once = 64_000_000

    def __init__(self, check: Callable[[str], None]) -> None:
        self._check = check

    def shapes(self, session: WriteSession, relations: Sequence[Location]) -> Mapping[Location, TableShape]:
        """Read the shapes from DuckDB's own tables about tables."""
        return read_shapes(session, relations)

    def definitions(self, session: WriteSession, tables: Sequence[Location], reads: Sequence[Location]) -> Definitions:
        """Read them from the catalogue."""
        return read_definitions(session, tables, reads)

    def select_stored_otherwise(
        self,
        session: WriteSession,  # noqa: ARG002
        shape: TableShape,  # noqa: ARG002
        columns: Sequence[ColumnShape],  # noqa: ARG002
    ) -> None:
        """Give nothing: trying costs no more than asking."""
        return

    def settle(self) -> Sequence[str]:
        """Nothing waits for the commit."""
        return ()

    def evaluate(self, source: Statement, targets: Sequence[ColumnShape]) -> Text:
        """Cast each value to its target's type and then to text, so that it reads as it would be stored."""
        return self._source(source, targets)

    def plain(self, source: Statement, targets: Sequence[ColumnShape]) -> Text:
        """Do the same: a value of a column's own type is not changed by it."""
        return self._source(source, targets)

    def images(self, shape: TableShape, by: Sequence[ColumnShape], keys: Images, *, lock: bool) -> Text:  # noqa: ARG002
        """Join the table with the given values. There are no locks: one change runs at a time, on one snapshot."""
        outputs = ", ".join(_as_text(f"{_TABLE}.{_quote_name(name)}") for name in shape.names)
        joined = f"JOIN {_quoted_location(shape.location)} AS {_TABLE} ON {_match_columns(by)}"
        sql = f"SELECT {_GIVEN}.n, {outputs} FROM {_RELATION} {joined}"
        return sql, (Given(keys),)

    def select_differing(self, shape: TableShape, images: Images) -> Text:
        """Join the table with the images, and compare bytes. The key, which no row lacks, tells those that are gone."""
        pairs = ((f"{_TABLE}.{_quote_name(name)}", f"{_GIVEN}.c{at}") for at, name in enumerate(shape.names))
        differ = " OR ".join(f"encode({_as_text(own)}) IS DISTINCT FROM encode({text})" for own, text in pairs)
        sql = (
            f"SELECT {_GIVEN}.n FROM {_RELATION} LEFT JOIN {_quoted_location(shape.location)} AS {_TABLE} "
            f"ON {_match_columns(_key_columns(shape), [shape.names.index(name) for name in shape.key])} WHERE {differ}"
        )
        return sql, (Given(images),)

    def children(self, child: TableShape, key: ForeignKey, values: Images, parent: TableShape) -> Text:  # noqa: ARG002
        """Join the child with the given values."""
        columns = [next(each for each in child.columns if each.name == name) for name in key.columns]
        return self.images(child, columns, values, lock=False)

    def insert(
        self,
        shape: TableShape,
        columns: Sequence[ColumnShape],
        values: Images,
        *,
        restoring: bool,  # noqa: ARG002
    ) -> Text:
        """Insert from the given values; without columns, rows of defaults."""
        keys = ", ".join(_as_text(_quote_name(name)) for name in shape.key)
        if not columns:
            only = _quote_name(next(each.name for each in shape.columns if not each.generated))
            defaults = ", ".join("(DEFAULT)" for _row in values)
            return f"INSERT INTO {_quoted_location(shape.location)} ({only}) VALUES {defaults} RETURNING {keys}", ()
        names = ", ".join(_quote_name(each.name) for each in columns)
        outputs = ", ".join(_typed_value(at, each) for at, each in enumerate(columns))
        sql = (
            f"INSERT INTO {_quoted_location(shape.location)} ({names}) "
            f"SELECT {outputs} FROM {_RELATION} ORDER BY {_GIVEN}.n RETURNING {keys}"
        )
        return sql, (Given(values),)

    def update(
        self,
        shape: TableShape,
        columns: Sequence[ColumnShape],
        keys: Images,
        values: Images,
        kept: Sequence[ColumnShape],  # noqa: ARG002
        *,
        restoring: bool,  # noqa: ARG002
    ) -> Text:
        """Update from the given keys and values; no column of this engine moves by itself."""
        by = _key_columns(shape)
        sets = ", ".join(
            f"{_quote_name(each.name)} = {_typed_value(at, each)}" for at, each in enumerate(columns, len(by))
        )
        table = _quoted_location(shape.location)
        sql = f"UPDATE {table} AS {_TABLE} SET {sets} FROM {_RELATION} WHERE {_match_columns(by)}"
        return sql, (Given(keys.beside(values)),)

    def delete(self, shape: TableShape, keys: Images) -> Text:
        """Delete by the given keys."""
        by = _key_columns(shape)
        sql = f"DELETE FROM {_quoted_location(shape.location)} AS {_TABLE} USING {_RELATION} WHERE {_match_columns(by)}"
        return sql, (Given(keys),)

    @property
    def structures(self) -> DuckDBStructures:
        """How tables themselves are changed."""
        return DuckDBStructures()

    def mark(self, action_id: str) -> Text:
        """Say which action the transaction carries out, and when."""
        return f'INSERT INTO main.{MARKS} (action_id, "at") VALUES ($1, now())', (action_id,)

    def closed_off(self, action_id: str) -> Text:  # noqa: ARG002
        """Read nothing: DDL is rolled back with its transaction."""
        return "SELECT 1 WHERE false", ()

    def marks(self, action_ids: Sequence[str]) -> Text:
        """Read which of the actions are marked."""
        return f"SELECT action_id FROM main.{MARKS} WHERE list_contains($1::VARCHAR[], action_id)", (list(action_ids),)

    def make_marks(self) -> Sequence[str]:
        """Make the table of markers."""
        columns = 'action_id VARCHAR PRIMARY KEY, "at" TIMESTAMP WITH TIME ZONE NOT NULL'
        return (f"CREATE TABLE IF NOT EXISTS main.{MARKS} ({columns})",)

    def _source(self, source: Statement, targets: Sequence[ColumnShape]) -> Text:
        self._check(source.sql)
        names = ", ".join(f"c{at}" for at in range(len(targets)))
        outputs = ", ".join(_as_text(f"CAST(c{at} AS {each.type})") for at, each in enumerate(targets))
        # The union refuses a source of too many columns, which the list of names would drop. The line's end keeps a
        # comment at the end of the source from swallowing the bracket.
        none = f"SELECT {', '.join('NULL' for _each in targets)} WHERE false"
        rows = f"{none} UNION ALL (\n{source.sql}\n)"
        return f"WITH {_GIVEN}({names}) AS ({rows}) SELECT {outputs} FROM {_GIVEN}", source.parameters


def _match_columns(columns: Sequence[ColumnShape], places: Sequence[int] | None = None) -> str:
    given = zip(range(len(columns)) if places is None else places, columns, strict=True)
    return " AND ".join(f"{_TABLE}.{_quote_name(each.name)} = {_typed_value(at, each)}" for at, each in given)


def _typed_value(at: int, column: ColumnShape) -> str:
    text = f"{_GIVEN}.c{at}"
    value = f"CAST({text} AS {column.type})"
    # A NULL of text would become a member of a union that is NULL.
    return f"CASE WHEN {text} IS NOT NULL THEN {value} END" if loses_as_text(column.type) else value


def _key_columns(shape: TableShape) -> list[ColumnShape]:
    return [next(each for each in shape.columns if each.name == name) for name in shape.key]


def _as_text(expression: str) -> str:
    return f"CAST({expression} AS VARCHAR)"


def _quoted_location(location: Location) -> str:
    return ".".join(_quote_name(part) for part in location)


def _quote_name(name: str) -> str:
    doubled = name.replace('"', '""')
    return f'"{doubled}"'
