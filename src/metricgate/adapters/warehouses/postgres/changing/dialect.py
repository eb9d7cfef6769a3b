"""How PostgreSQL is told to change rows: set-based statements by key, with all values in bound lists of text."""

# ruff: noqa: S608 - names are quoted and values are parameters

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from metricgate.adapters.warehouses.changing.session import Text, WriteSession
from metricgate.adapters.warehouses.postgres.changing.definitions import read_definitions
from metricgate.adapters.warehouses.postgres.changing.shapes import ONLY_ASSIGNS, read_shapes
from metricgate.adapters.warehouses.postgres.changing.structures import PostgresStructures
from metricgate.adapters.warehouses.servers.session import FAILED
from metricgate.changing.definitions import Definitions
from metricgate.changing.images import Column, Images
from metricgate.changing.shape import ColumnShape, ForeignKey, Location, TableShape
from metricgate.compiling.statement import Statement
from metricgate.gateway.changes.ports import ChangeFailed

_MARKS = "metricgate_applied"
_NEVER = "TIMESTAMPTZ '1971-01-01 00:00:00+00'"
_GIVEN = "metricgate_given"
_TABLE = "metricgate_table"
_CUT = re.compile(r"(?:character varying|character|bpchar|varchar|char)(?:\(\d+\))(.*)", re.DOTALL)
_CUT_BITS = re.compile(r"bit(?: varying)?\(\d+\)(.*)", re.DOTALL)


class PostgresDialect:
    """A ``ServerDialect``. Values go as arrays of text, one for each column, and are cast to the columns' types."""

    rows_at_once = 1_000_000
    characters_at_once = 64_000_000

    def __init__(self, search_path: Sequence[str], marker_schema: str) -> None:
        self._search_path = tuple(search_path)
        self._marker_schema = marker_schema

    def shapes(self, session: WriteSession, relations: Sequence[Location]) -> Mapping[Location, TableShape]:
        """Read the shapes from the catalogue."""
        return read_shapes(session, relations, self._search_path)

    def definitions(self, session: WriteSession, tables: Sequence[Location], reads: Sequence[Location]) -> Definitions:
        """Read them from the catalogue."""
        return read_definitions(session, tables, reads, self._search_path)

    @property
    def old_catalogue(self) -> bool:
        """Whether a transaction sees its catalogue as it was when its snapshot was taken."""
        return True

    def select_stored_otherwise(
        self, session: WriteSession, shape: TableShape, columns: Sequence[ColumnShape]
    ) -> Callable[[Images], Text] | None:
        """Cast the values as an update does, and compare their texts with what was given."""
        names = [each.name for each in columns]
        if not session.read(ONLY_ASSIGNS, (quote_location(shape.location), names)):
            return None
        other = " OR ".join(
            f'(CAST({_typed_value(at, each)} AS {each.type})::text COLLATE pg_catalog."C") IS DISTINCT FROM '
            f'({_GIVEN}.c{at} COLLATE pg_catalog."C")'
            for at, each in enumerate(columns)
        )
        sql = f"SELECT ({_GIVEN}.n - 1)::text FROM {_values_table(len(columns))} WHERE {other}"
        return lambda values: (sql, _arrays(values))

    def settle(self) -> Sequence[str]:
        """Have deferred triggers and constraints act before what they did is looked at."""
        return ("SET CONSTRAINTS ALL IMMEDIATE",)

    def evaluate(self, source: Statement, targets: Sequence[ColumnShape]) -> Text:
        """Cast each value to its target's type and then to text, so that it reads as it would be stored."""
        names = ", ".join(f"c{at}" for at in range(len(targets)))
        outputs = ", ".join(f"s.c{at}::{_type_without_length(each.type)}::text" for at, each in enumerate(targets))
        # The parameter of our own has the text sent by the extended protocol, which takes one statement only.
        own = len(source.parameters) + 1
        sql = f"SELECT {outputs} FROM (\n{source.sql}\n) AS s({names}) WHERE ${own}::text IS NOT NULL"
        return sql, (*source.parameters, "")

    def plain(self, source: Statement, targets: Sequence[ColumnShape]) -> Text:
        """Do the same: a value of a column's own type is not changed by it."""
        return self.evaluate(source, targets)

    def images(self, shape: TableShape, by: Sequence[ColumnShape], keys: Images, *, lock: bool) -> Text:
        """Join the table with the given values."""
        outputs = ", ".join(f"{_TABLE}.{quote_name(name)}::text" for name in shape.names)
        sql = (
            f"SELECT ({_GIVEN}.n - 1)::text, {outputs} FROM {_values_table(len(by))} "
            f"JOIN {quote_location(shape.location)} AS {_TABLE} ON {_match_columns(by, by)}"
            f"{f' FOR UPDATE OF {_TABLE}' if lock else ''}"
        )
        return sql, _arrays(keys)

    def select_differing(self, shape: TableShape, images: Images) -> Text:
        """Join the table with the images, and compare bytes. The key, which no row lacks, tells those that are gone."""
        keys = [_column_named(shape, name) for name in shape.key]
        differ = " OR ".join(
            f'({_TABLE}.{quote_name(name)}::text COLLATE pg_catalog."C") IS DISTINCT FROM '
            f'({_GIVEN}.c{at} COLLATE pg_catalog."C")'
            for at, name in enumerate(shape.names)
        )
        sql = (
            f"SELECT ({_GIVEN}.n - 1)::text FROM {_values_table(len(shape.names))} "
            f"LEFT JOIN {quote_location(shape.location)} AS {_TABLE} "
            f"ON {_match_columns(keys, keys, [shape.names.index(name) for name in shape.key])} WHERE {differ}"
        )
        return sql, _arrays(images)

    def children(self, child: TableShape, key: ForeignKey, values: Images, parent: TableShape) -> Text:
        """Join the child with the given values, which are of the parent's types."""
        by = [_column_named(child, name) for name in key.columns]
        types = [_column_named(parent, name) for name in key.referenced_columns]
        outputs = ", ".join(f"{_TABLE}.{quote_name(name)}::text" for name in child.names)
        sql = (
            f"SELECT ({_GIVEN}.n - 1)::text, {outputs} FROM {_values_table(len(by))} "
            f"JOIN {quote_location(child.location)} AS {_TABLE} ON {_match_columns(by, types)}"
        )
        return sql, _arrays(values)

    def insert(
        self,
        shape: TableShape,
        columns: Sequence[ColumnShape],
        values: Images,
        *,
        restoring: bool,  # noqa: ARG002
    ) -> Text:
        """Insert from the given values; without columns, rows of defaults."""
        keys = ", ".join(f"{quote_name(name)}::text" for name in shape.key)
        if not columns:
            only = quote_name(next(each.name for each in shape.columns if not each.generated))
            defaults = ", ".join("(DEFAULT)" for _row in values)
            return f"INSERT INTO {quote_location(shape.location)} ({only}) VALUES {defaults} RETURNING {keys}", ()
        names = ", ".join(quote_name(each.name) for each in columns)
        outputs = ", ".join(_typed_value(at, each) for at, each in enumerate(columns))
        given = " OVERRIDING SYSTEM VALUE" if any(each.identity for each in columns) else ""
        sql = (
            f"INSERT INTO {quote_location(shape.location)} ({names}){given} "
            f"SELECT {outputs} FROM {_values_table(len(columns))} ORDER BY {_GIVEN}.n RETURNING {keys}"
        )
        return sql, _arrays(values)

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
        by = [_column_named(shape, name) for name in shape.key]
        sets = ", ".join(
            f"{quote_name(each.name)} = {_typed_value(at, each)}" for at, each in enumerate(columns, len(by))
        )
        sql = (
            f"UPDATE {quote_location(shape.location)} AS {_TABLE} SET {sets} "
            f"FROM {_values_table(len(by) + len(columns))} WHERE {_match_columns(by, by)}"
        )
        return sql, _arrays(keys.beside(values))

    def delete(self, shape: TableShape, keys: Images) -> Text:
        """Delete by the given keys."""
        by = [_column_named(shape, name) for name in shape.key]
        table = quote_location(shape.location)
        sql = f"DELETE FROM {table} AS {_TABLE} USING {_values_table(len(by))} WHERE {_match_columns(by, by)}"
        return sql, _arrays(keys)

    @property
    def structures(self) -> PostgresStructures:
        """How tables themselves are changed."""
        return PostgresStructures()

    def mark(self, action_id: str) -> Text:
        """Say which action the transaction carries out, and when."""
        return f'INSERT INTO {self._marks} (action_id, "at") VALUES ($1, pg_catalog.now())', (action_id,)

    def marks(self, action_ids: Sequence[str]) -> Text:
        """Read which of the actions are marked as carried out."""
        sql = f'SELECT action_id::text FROM {self._marks} WHERE action_id = ANY($1::text[]) AND "at" > {_NEVER}'
        return sql, (list(action_ids),)

    def await_marks(self, action_ids: Sequence[str]) -> Text:
        """Insert them, to be rolled back: this waits for whoever has inserted one and has not yet committed."""
        return self.close_off(action_ids)

    def closed_off(self, action_id: str) -> Text:
        """Read a row if the action was closed off."""
        return f"SELECT '1' FROM {self._marks} WHERE action_id = $1 AND \"at\" <= {_NEVER}", (action_id,)

    def close_off(self, action_ids: Sequence[str]) -> Text:
        """Mark as never carried out what has no mark; this waits for whoever has marked one and not yet committed."""
        sql = (
            f'INSERT INTO {self._marks} (action_id, "at") SELECT a, {_NEVER} '
            "FROM pg_catalog.unnest($1::text[]) AS g(a) ON CONFLICT DO NOTHING"
        )
        return sql, (list(action_ids),)

    def has_marks(self) -> Text:
        """Look for the table of markers."""
        return "SELECT pg_catalog.to_regclass($1)::text WHERE pg_catalog.to_regclass($1) IS NOT NULL", (self._marks,)

    def make_marks(self) -> Sequence[str]:
        """Make the table of markers."""
        columns = 'action_id varchar(64) PRIMARY KEY, "at" timestamptz NOT NULL'
        return (f"CREATE TABLE IF NOT EXISTS {self._marks} ({columns})",)

    @property
    def _marks(self) -> str:
        return quote_location((self._marker_schema, _MARKS))


def _values_table(columns: int) -> str:
    lists = ", ".join(f"${at + 1}::text[]" for at in range(columns))
    names = ", ".join(f"c{at}" for at in range(columns))
    return f"ROWS FROM (unnest({lists})) WITH ORDINALITY AS {_GIVEN}({names}, n)"


def _arrays(values: Images) -> list[object]:
    """Return each column as the text of an array, which costs far less than an array of the driver's making."""
    return [_array(column) for column in values.columns]


def _array(column: Column) -> str:
    # No text of PostgreSQL holds the character zero, so that it may part them while they are escaped as one.
    texts = [value for value in column if value is not None]
    whole = "\0".join(texts)
    if whole.count("\0") >= max(1, len(texts)):
        raise ChangeFailed(FAILED, "a text with the character zero")
    whole = whole.replace("\\", "\\\\").replace('"', '\\"')
    if len(texts) == len(column):
        return '{"' + whole.replace("\0", '","') + '"}' if column else "{}"
    escaped = iter(whole.split("\0"))
    return "{" + ",".join("NULL" if value is None else f'"{next(escaped)}"' for value in column) + "}"


def _match_columns(
    columns: Sequence[ColumnShape], types: Sequence[ColumnShape], places: Sequence[int] | None = None
) -> str:
    given = zip(range(len(columns)) if places is None else places, columns, types, strict=True)
    # The operator is PostgreSQL's own, whatever the schemas that triggers need may hold.
    return " AND ".join(
        f"{_TABLE}.{quote_name(each.name)} OPERATOR(pg_catalog.=) {_GIVEN}.c{at}::{kind.type}"
        for at, each, kind in given
    )


def _typed_value(at: int, column: ColumnShape) -> str:
    return f"{_GIVEN}.c{at}::{_type_without_length(column.type)}"


def _type_without_length(kind: str) -> str:
    """Return the type without its length: a cast would cut what is too long without a word, an assignment refuses."""
    if found := _CUT.fullmatch(kind):
        return f"text{found[1]}"
    if found := _CUT_BITS.fullmatch(kind):
        return f"bit varying{found[1]}"
    return kind


def _column_named(shape: TableShape, name: str) -> ColumnShape:
    return next(each for each in shape.columns if each.name == name)


def quote_location(location: Location) -> str:
    """Return the relation's quoted name; the database, if it is told, is the one we are connected to."""
    return ".".join(quote_name(part) for part in location[-2:])


def quote_name(name: str) -> str:
    """Return the name as an identifier: in double quotes, a quote inside it written twice (SQL-92, 5.2)."""
    doubled = name.replace('"', '""')
    return f'"{doubled}"'
