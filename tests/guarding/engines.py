"""A table of plain values on each engine, and a text run there twice: as it was sent, and as the guard writes it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import duckdb
import psycopg
import pymysql
from tests.contracts import servers

from metricgate import guarding
from metricgate.guarding import FunctionAllowlist
from metricgate.vocabulary.problem import Problems
from metricgate.vocabulary.relation import GovernedTable, Relation
from metricgate.vocabulary.result import Column, DataType

Rows = list[str]

_INTEGERS = ("id", "n", "offset", "partition", "limit")
_COLUMNS = {
    **dict.fromkeys(_INTEGERS, DataType.INTEGER),
    **dict.fromkeys(("s", "filter"), DataType.STRING),
    "d": DataType.DATE,
    "ts": DataType.TIMESTAMP,
    "amt": DataType.DECIMAL,
    "j": DataType.JSON,
}
_ROWS = (
    "1, 10, 2, 3, 4, 'Ann', 'x', '2026-01-01', '2026-01-01 11:22:33', 1.50, '{\"k\": \"v\", \"a\": [1, 2]}'",
    "2, 20, 5, 6, 7, 'bob', 'y', '2024-02-29', '2024-02-29 00:00:00', 2.25, '{\"k\": null}'",
    "3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """One engine with the table ``t``.

    Attributes:
        run: the rows of a text, each as Python writes it, sorted; with the names of its columns before them.
    """

    dialect: str
    source: tuple[str, ...]
    run: Callable[[str], Rows]

    def guarded(self, sql: str) -> str | Problems:
        """Return the text that would run in place of a caller's who may see everything."""
        reading = guarding.read(sql, dialect=self.dialect, functions=FunctionAllowlist.all_reviewed(self.dialect))
        if isinstance(reading, Problems):
            return reading
        table = GovernedTable(
            dataset="t",
            source=self.source,
            columns=tuple(Column(name=name, type=kind) for name, kind in _COLUMNS.items()),
        )
        bound = guarding.bind(reading, (table,))
        if isinstance(bound, Problems):
            return bound
        quote = "`" if self.dialect == "mysql" else '"'
        outputs = ", ".join(f"g.{quote}{name}{quote}" for name in _COLUMNS)
        relation = Relation(
            sql=f"SELECT {outputs} FROM {'.'.join(f'{quote}{part}{quote}' for part in self.source)} AS g", parameters=()
        )
        guarded = guarding.rewrite(bound, {"t": relation}, row_limit=None)
        return guarded if isinstance(guarded, Problems) else guarded.sql


@contextmanager
def meaning(dialect: str) -> Iterator[Meaning]:
    """Make the table, and take it away afterwards."""
    with _CONNECTED[dialect]() as (source, told):
        kinds = {DataType.INTEGER: "int", DataType.STRING: "varchar(20)", DataType.DATE: "date"}
        kinds |= {DataType.DECIMAL: "decimal(10, 2)", DataType.JSON: "json"}
        kinds[DataType.TIMESTAMP] = "datetime" if dialect == "mysql" else "timestamp"
        quote = "`" if dialect == "mysql" else '"'
        columns = ", ".join(f"{quote}{name}{quote} {kinds[kind]}" for name, kind in _COLUMNS.items())
        told(f"CREATE TABLE {'.'.join(source[-2:])} ({columns})")
        order = (*_INTEGERS, "s", "filter", "d", "ts", "amt", "j")
        names = ", ".join(f"{quote}{name}{quote}" for name in order)
        for row in _ROWS:
            told(f"INSERT INTO {'.'.join(source[-2:])} ({names}) VALUES ({row})")

        def run(sql: str) -> Rows:
            return told(sql)

        try:
            yield Meaning(dialect=dialect, source=source, run=run)
        finally:
            told(f"DROP TABLE {'.'.join(source[-2:])}")


def _rows(described: Sequence[Sequence[object]], rows: Iterable[object]) -> Rows:
    return [str([each[0] for each in described]), *sorted(map(repr, rows))]


@contextmanager
def _duckdb() -> Iterator[tuple[tuple[str, ...], Callable[[str], Rows]]]:
    with duckdb.connect() as connection:

        def told(sql: str) -> Rows:
            found = connection.execute(sql)
            return _rows(found.description, found.fetchall())

        yield ("memory", "main", "t"), told


@contextmanager
def _postgres() -> Iterator[tuple[tuple[str, ...], Callable[[str], Rows]]]:
    with servers.postgres_connection(servers.postgres()) as connection:
        connection.execute(f"SET search_path = {servers.SCHEMA}")

        def told(sql: str) -> Rows:
            cursor: psycopg.Cursor = connection.execute(sql)
            return [] if cursor.description is None else _rows(cursor.description, cursor.fetchall())

        yield (servers.SCHEMA, "t"), told


@contextmanager
def _mysql() -> Iterator[tuple[tuple[str, ...], Callable[[str], Rows]]]:
    connection: pymysql.Connection = servers.mariadb_connection(servers.mariadb())
    with connection, connection.cursor() as cursor:
        cursor.execute(f"USE {servers.SCHEMA}")

        def told(sql: str) -> Rows:
            cursor.execute(sql)
            return [] if cursor.description is None else _rows(cursor.description, cursor.fetchall())

        yield (servers.SCHEMA, "t"), told


_CONNECTED = {"duckdb": _duckdb, "mysql": _mysql, "postgres": _postgres}
