"""How MariaDB is told to change rows: set-based statements by key, with all values in one bound JSON text."""

# ruff: noqa: S608 - names are quoted and values are parameters

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import orjson
from pymysql.converters import encoders, escape_item

from metricgate.adapters.warehouses.changing.session import Text, WriteSession
from metricgate.adapters.warehouses.mariadb.changing.bulk_values import Literal
from metricgate.adapters.warehouses.mariadb.changing.definitions import read_definitions
from metricgate.adapters.warehouses.mariadb.changing.shapes import IN_UNIQUE, read_shapes
from metricgate.adapters.warehouses.mariadb.changing.structures import MariaDBStructures
from metricgate.adapters.warehouses.mariadb.changing.text_values import (
    as_text,
    assigned_expression,
    compared_expression,
    given_as_text,
    keeps_text,
)
from metricgate.adapters.warehouses.mariadb.statement_text import UnsafeStatementText, with_values
from metricgate.adapters.warehouses.servers.session import FAILED
from metricgate.changing.definitions import Definitions
from metricgate.changing.images import Images
from metricgate.changing.shape import ColumnShape, ForeignKey, Location, TableShape
from metricgate.compiling.statement import Statement
from metricgate.gateway.changes.ports import ChangeFailed

_MARKS = "metricgate_applied"
_NEVER = "'1971-01-01 00:00:00'"
_GIVEN = "metricgate_given"
_TABLE = "metricgate_table"
_RESTORING = "NO_AUTO_VALUE_ON_ZERO,NO_ENGINE_SUBSTITUTION,PIPES_AS_CONCAT"
"""Not strict: an image may be of a value that is refused as a new one, and a zero in a counted column is a zero."""


class MariaDBDialect:
    """A ``ServerDialect``. The driver writes parameters at ``%s``; a percent sign is doubled."""

    rows_at_once = 100_000
    characters_at_once = 1_500_000

    def __init__(self, database: str, marker_schema: str) -> None:
        self._database = database
        self._marker_schema = marker_schema

    def shapes(self, session: WriteSession, relations: Sequence[Location]) -> Mapping[Location, TableShape]:
        """Read the shapes from ``information_schema``."""
        return read_shapes(session, relations, self._database)

    def definitions(self, session: WriteSession, tables: Sequence[Location], reads: Sequence[Location]) -> Definitions:
        """Read them from the catalogue."""
        return read_definitions(session, tables, reads, self._database)

    @property
    def old_catalogue(self) -> bool:
        """Whether a transaction sees its catalogue as it was when its snapshot was taken."""
        return False

    def select_stored_otherwise(
        self, session: WriteSession, shape: TableShape, columns: Sequence[ColumnShape]
    ) -> Callable[[Images], Text] | None:
        """Cast the values to the columns' types, which is all that an assignment does to texts of plain types."""
        schema, table = (shape.location if len(shape.location) > 1 else (self._database, *shape.location))[-2:]
        if not all(keeps_text(each.type) for each in columns):
            return None
        if not {str(name) for (name,) in session.read(IN_UNIQUE, (schema, table))}.isdisjoint(
            each.name for each in columns
        ):
            return None
        other = " OR ".join(
            f"NOT (CAST({as_text(compared_expression(f'{_GIVEN}.c{at}', each.type), each.type)} AS BINARY) "
            f"<=> CAST({_GIVEN}.c{at} AS BINARY))"
            for at, each in enumerate(columns)
        )
        sql = f"SELECT CAST({_GIVEN}.n - 1 AS CHAR) FROM {_values_table(len(columns))} WHERE {other}"
        return lambda values: (sql, (_json_literal(values),))

    def settle(self) -> Sequence[str]:
        """Nothing waits for the commit."""
        return ()

    def evaluate(self, source: Statement, targets: Sequence[ColumnShape]) -> Text:
        """Give each value as text that its column takes or, in strict mode, refuses; it is not cast before."""
        return _source_text(source, [given_as_text(f"c{at}", each.type) for at, each in enumerate(targets)])

    def plain(self, source: Statement, targets: Sequence[ColumnShape]) -> Text:
        """Give each value as ``images`` does."""
        return _source_text(source, [as_text(f"c{at}", each.type) for at, each in enumerate(targets)])

    def images(self, shape: TableShape, by: Sequence[ColumnShape], keys: Images, *, lock: bool) -> Text:
        """Join the table with the given values."""
        outputs = ", ".join(as_text(f"{_TABLE}.{quote_name(each.name)}", each.type) for each in shape.columns)
        sql = (
            f"SELECT CAST({_GIVEN}.n - 1 AS CHAR), {outputs} FROM {_values_table(len(by))} "
            f"STRAIGHT_JOIN {self._named(shape.location)} AS {_TABLE} ON {_match_columns(by)}"
            f"{' FOR UPDATE' if lock else ''}"
        )
        return sql, (_json_literal(keys),)

    def select_differing(self, shape: TableShape, images: Images) -> Text:
        """Join the table with the images, and compare bytes. The key, which no row lacks, tells those that are gone."""
        own = (as_text(f"{_TABLE}.{quote_name(each.name)}", each.type) for each in shape.columns)
        differ = " OR ".join(
            f"NOT (CAST({text} AS BINARY) <=> CAST({_GIVEN}.c{at} AS BINARY))" for at, text in enumerate(own)
        )
        sql = (
            f"SELECT CAST({_GIVEN}.n - 1 AS CHAR) FROM {_values_table(len(shape.columns))} "
            f"LEFT JOIN {self._named(shape.location)} AS {_TABLE} "
            f"ON {_match_columns(_key_columns(shape), [shape.names.index(name) for name in shape.key])} WHERE {differ}"
        )
        return sql, (_json_literal(images),)

    def children(self, child: TableShape, key: ForeignKey, values: Images, parent: TableShape) -> Text:  # noqa: ARG002
        """Join the child with the given values. Its rows are locked, for a snapshot may be older than they are."""
        columns = [_column_named(child, name) for name in key.columns]
        return self.images(child, columns, values, lock=True)

    def insert(
        self,
        shape: TableShape,
        columns: Sequence[ColumnShape],
        values: Images,
        *,
        restoring: bool,
    ) -> Text:
        """Insert from the given values; without columns, rows of defaults."""
        keys = ", ".join(as_text(quote_name(each.name), each.type) for each in _key_columns(shape))
        if not columns:
            defaults = ", ".join("()" for _row in values)
            return f"INSERT INTO {self._named(shape.location)} () VALUES {defaults} RETURNING {keys}", ()
        names = ", ".join(quote_name(each.name) for each in columns)
        outputs = ", ".join(assigned_expression(f"{_GIVEN}.c{at}", each.type) for at, each in enumerate(columns))
        sql = (
            f"{_mode(restoring)}INSERT INTO {self._named(shape.location)} ({names}) "
            f"SELECT {outputs} FROM {_values_table(len(columns))} ORDER BY {_GIVEN}.n RETURNING {keys}"
        )
        return sql, (_json_literal(values),)

    def update(
        self,
        shape: TableShape,
        columns: Sequence[ColumnShape],
        keys: Images,
        values: Images,
        kept: Sequence[ColumnShape],
        *,
        restoring: bool,
    ) -> Text:
        """Update from the given keys and values. What is assigned to itself does not move."""
        by = _key_columns(shape)
        sets = [
            f"{_TABLE}.{quote_name(each.name)} = {assigned_expression(f'{_GIVEN}.c{at}', each.type)}"
            for at, each in enumerate(columns, len(by))
        ]
        sets += [f"{_TABLE}.{quote_name(each.name)} = {_TABLE}.{quote_name(each.name)}" for each in kept]
        sql = (
            f"{_mode(restoring)}UPDATE {_values_table(len(by) + len(columns))} "
            f"STRAIGHT_JOIN {self._named(shape.location)} AS {_TABLE} ON {_match_columns(by)} SET {', '.join(sets)}"
        )
        return sql, (_json_literal(keys.beside(values)),)

    def delete(self, shape: TableShape, keys: Images) -> Text:
        """Delete by the given keys."""
        by = _key_columns(shape)
        sql = (
            f"DELETE {_TABLE} FROM {_values_table(len(by))} "
            f"STRAIGHT_JOIN {self._named(shape.location)} AS {_TABLE} ON {_match_columns(by)}"
        )
        return sql, (_json_literal(keys),)

    @property
    def structures(self) -> MariaDBStructures:
        """How tables themselves are changed."""
        return MariaDBStructures(self._named, self._database)

    def mark(self, action_id: str) -> Text:
        """Say which action the transaction carries out, and when."""
        return f"INSERT INTO {self._marks} (action_id, `at`) VALUES (%s, UTC_TIMESTAMP())", (action_id,)

    def marks(self, action_ids: Sequence[str]) -> Text:
        """Read which are marked as carried out; waits for whoever has marked one and has not yet committed."""
        places = ", ".join("%s" for _each in action_ids)
        sql = f"SELECT action_id FROM {self._marks} WHERE action_id IN ({places}) AND `at` > {_NEVER} FOR UPDATE"
        return sql, tuple(action_ids)

    def await_marks(self, action_ids: Sequence[str]) -> None:  # noqa: ARG002
        """Give nothing: ``marks`` waits by itself."""
        return

    def closed_off(self, action_id: str) -> Text:
        """Read a row if the action was closed off."""
        return f"SELECT '1' FROM {self._marks} WHERE action_id = %s AND `at` <= {_NEVER}", (action_id,)

    def close_off(self, action_ids: Sequence[str]) -> Text:
        """Mark as never carried out what has no mark; this waits for whoever has marked one and not yet committed."""
        rows = ", ".join(f"(%s, {_NEVER})" for _each in action_ids)
        return f"INSERT IGNORE INTO {self._marks} (action_id, `at`) VALUES {rows}", tuple(action_ids)

    def has_marks(self) -> Text:
        """Look for the table of markers."""
        sql = "SELECT '1' FROM information_schema.tables WHERE table_schema = %s AND table_name = %s"
        return sql, (self._marker_schema, _MARKS)

    def make_marks(self) -> Sequence[str]:
        """Make the table of markers."""
        columns = "action_id varchar(64) CHARACTER SET ascii COLLATE ascii_bin PRIMARY KEY, `at` datetime NOT NULL"
        return (f"CREATE TABLE IF NOT EXISTS {self._marks} ({columns}) ENGINE=InnoDB",)

    @property
    def _marks(self) -> str:
        return self._named((self._marker_schema, _MARKS))

    def _named(self, location: Location) -> str:
        full = location if len(location) > 1 else (self._database, *location)
        return ".".join(quote_name(part) for part in full)


def _mode(restoring: bool) -> str:  # noqa: FBT001
    return f"SET STATEMENT sql_mode = '{_RESTORING}' FOR " if restoring else ""


def _source_text(source: Statement, outputs: Sequence[str]) -> Text:
    literals = [str(escape_item(value, "utf8mb4", encoders)) for value in source.parameters]
    try:
        text = with_values(source.sql, literals)
    except UnsafeStatementText as error:
        raise ChangeFailed(FAILED, f"a source that is no plain SELECT: {error}") from error
    names = ", ".join(f"c{at}" for at in range(len(outputs)))
    sql = f"WITH s({names}) AS (\n{text}\n) SELECT {', '.join(outputs)} FROM s"
    return sql.replace("%", "%%"), ()


def _values_table(columns: int) -> str:
    names = ", ".join(f"c{at} LONGTEXT PATH '$[{at}]'" for at in range(columns))
    return f"JSON_TABLE(%s, '$[*]' COLUMNS (n FOR ORDINALITY, {names})) AS {_GIVEN}"


def _json_literal(values: Images) -> Literal:
    # JSON has no other characters that end a literal or mean something in one.
    text = orjson.dumps(list(values)).decode().replace("\\", "\\\\").replace("'", "\\'")
    return Literal(f"'{text}'")


def _match_columns(columns: Sequence[ColumnShape], places: Sequence[int] | None = None) -> str:
    given = zip(range(len(columns)) if places is None else places, columns, strict=True)
    return " AND ".join(
        f"{_TABLE}.{quote_name(each.name)} = {compared_expression(f'{_GIVEN}.c{at}', each.type)}" for at, each in given
    )


def _key_columns(shape: TableShape) -> list[ColumnShape]:
    return [_column_named(shape, name) for name in shape.key]


def _column_named(shape: TableShape, name: str) -> ColumnShape:
    return next(each for each in shape.columns if each.name == name)


def quote_name(name: str) -> str:
    """Return the name as an identifier in a text that the driver fills in.

    In backticks; a backtick and a percent sign inside it, which the driver would read, are written twice.
    """
    doubled = name.replace("`", "``").replace("%", "%%")
    return f"`{doubled}`"
