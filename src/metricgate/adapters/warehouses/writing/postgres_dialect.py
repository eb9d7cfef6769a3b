"""How PostgreSQL is told to change rows: set-based statements by key, with all values in bound arrays of text."""

# ruff: noqa: S608 - names are quoted and values are parameters

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from metricgate.adapters.warehouses.writing.postgres_shapes import read_shapes
from metricgate.adapters.warehouses.writing.session import Text, WriteSession
from metricgate.changing.change import Row
from metricgate.changing.shape import ColumnShape, ForeignKey, Location, TableShape
from metricgate.compiling.statement import Statement

_GIVEN, _TABLE = "metricgate_given", "metricgate_table"
_CUT = re.compile(r"(character varying|character|bit varying|bit)(\(\d+\))?$")
"""Types to which an explicit cast cuts silently: the assignment, which refuses, is left to do it."""


class PostgresDialect:
    """A ``WriteDialect``.

    Args:
        marker_schema: where the table of markers is.
    """

    def __init__(self, marker_schema: str) -> None:
        self._marks = f"{_quoted(marker_schema)}.metricgate_applied"

    def shapes(self, session: WriteSession, relations: Sequence[Location]) -> Mapping[Location, TableShape]:
        """Read the shapes from the catalogue."""
        return read_shapes(session, relations)

    def evaluate(self, source: Statement, targets: Sequence[ColumnShape]) -> Text:
        """Cast each value to its target's type and then to text."""
        names = ", ".join(f"c{at}" for at in range(len(targets)))
        outputs = ", ".join(f"CAST(c{at} AS {_cast(each)})::text" for at, each in enumerate(targets))
        return f"WITH {_GIVEN}({names}) AS (\n{source.sql}\n) SELECT {outputs} FROM {_GIVEN}", source.parameters

    def plain(self, source: Statement, targets: Sequence[ColumnShape]) -> Text:
        """Do the same."""
        return self.evaluate(source, targets)

    def images(self, shape: TableShape, by: Sequence[ColumnShape], rows: Sequence[Row], *, lock: bool) -> Text:
        """Join the table with the given values."""
        outputs = ", ".join(f"{_TABLE}.{_quoted(name)}::text" for name in shape.names)
        sql = (
            f"SELECT ({_GIVEN}.n - 1)::text, {outputs} FROM {_given(len(by))} "
            f"JOIN {_named(shape.location)} AS {_TABLE} ON {_fits(by)}"
        )
        return sql + (f" FOR UPDATE OF {_TABLE}" if lock else ""), _lists(rows, len(by))

    def children(self, child: TableShape, key: ForeignKey, rows: Sequence[Row], parent: TableShape) -> Text:  # noqa: ARG002
        """Join the child with the given values."""
        columns = [next(each for each in child.columns if each.name == name) for name in key.columns]
        return self.images(child, columns, rows, lock=False)

    def insert(self, shape: TableShape, columns: Sequence[ColumnShape], rows: Sequence[Row]) -> Text:
        """Insert from the given values."""
        keys = ", ".join(f"{_quoted(name)}::text" for name in shape.key)
        if not columns:
            defaults = f"INSERT INTO {_named(shape.location)} DEFAULT VALUES RETURNING {keys}"
            return defaults, ()
        names = ", ".join(_quoted(each.name) for each in columns)
        values = ", ".join(_value(at, each) for at, each in enumerate(columns))
        overriding = "OVERRIDING SYSTEM VALUE " if any(each.identity for each in columns) else ""
        sql = (
            f"INSERT INTO {_named(shape.location)} ({names}) {overriding}"
            f"SELECT {values} FROM {_given(len(columns))} ORDER BY {_GIVEN}.n RETURNING {keys}"
        )
        return sql, _lists(rows, len(columns))

    def update(self, shape: TableShape, columns: Sequence[ColumnShape], rows: Sequence[tuple[Row, Row]]) -> Text:
        """Update from the given keys and values."""
        keys = _keys(shape)
        values = ", ".join(f"{_quoted(each.name)} = {_value(at, each)}" for at, each in enumerate(columns, len(keys)))
        sql = (
            f"UPDATE {_named(shape.location)} AS {_TABLE} SET {values} "
            f"FROM {_given(len(keys) + len(columns))} WHERE {_fits(keys)}"
        )
        return sql, _lists([(*key, *new) for key, new in rows], len(keys) + len(columns))

    def delete(self, shape: TableShape, rows: Sequence[Row]) -> Text:
        """Delete by the given keys."""
        keys = _keys(shape)
        sql = f"DELETE FROM {_named(shape.location)} AS {_TABLE} USING {_given(len(keys))} WHERE {_fits(keys)}"
        return sql, _lists(rows, len(keys))

    def mark(self, action_id: str) -> Text:
        """Say which action the transaction carries out, and when."""
        return f'INSERT INTO {self._marks} (action_id, "at") VALUES ($1, pg_catalog.now())', (action_id,)

    def marks(self, action_ids: Sequence[str]) -> Text:
        """Read which of the actions are marked."""
        return f"SELECT action_id::text FROM {self._marks} WHERE action_id = ANY($1::text[])", (list(action_ids),)

    def make_marks(self) -> Sequence[str]:
        """Make the table of markers."""
        columns = 'action_id text PRIMARY KEY, "at" timestamptz NOT NULL'
        return (f"CREATE TABLE IF NOT EXISTS {self._marks} ({columns})",)


def _given(columns: int) -> str:
    arrays = ", ".join(f"${at + 1}::text[]" for at in range(columns))
    names = ", ".join(f"c{at}" for at in range(columns))
    return f"pg_catalog.unnest({arrays}) WITH ORDINALITY AS {_GIVEN}({names}, n)"


def _lists(rows: Sequence[Row], columns: int) -> list[object]:
    return [[row[at] for row in rows] for at in range(columns)]


def _fits(columns: Sequence[ColumnShape]) -> str:
    return " AND ".join(f"{_TABLE}.{_quoted(each.name)} = {_value(at, each)}" for at, each in enumerate(columns))


def _value(at: int, column: ColumnShape) -> str:
    return f"CAST({_GIVEN}.c{at} AS {_cast(column)})"


def _cast(column: ColumnShape) -> str:
    found = _CUT.match(column.type)
    if found is None:
        return column.type
    return "bit varying" if found[1].startswith("bit") else "text"


def _keys(shape: TableShape) -> list[ColumnShape]:
    return [next(each for each in shape.columns if each.name == name) for name in shape.key]


def _named(location: Location) -> str:
    return ".".join(_quoted(part) for part in location[-2:])


def _quoted(name: str) -> str:
    doubled = name.replace('"', '""')
    return f'"{doubled}"'
