"""PostgreSQL's fence around a filtered dataset: what an agent's SQL takes behind it, beside the same without any fence.

Needs a server that takes ``postgres`` without a password at 127.0.0.1:5432; without one, nothing is measured.
"""

from __future__ import annotations

import uuid

import psycopg

from bench.timing import Figure, median_us
from metricgate import guarding
from metricgate.guarding import BoundQuery, FunctionAllowlist, GuardedQuery, ReadQuery
from metricgate.vocabulary.relation import GovernedTable, Relation
from metricgate.vocabulary.result import Column, DataType

SERVER = "host=127.0.0.1 port=5432 user=postgres dbname=postgres connect_timeout=2"
ROWS, ITEMS = 100_000, 2_000
COLUMNS = {
    "sales": {"id": "INT PRIMARY KEY", "item": "INT", "region": "TEXT", "day": "DATE", "price": "NUMERIC"},
    "items": {"id": "INT PRIMARY KEY", "region": "TEXT", "name": "TEXT"},
}
TYPES = {"INT": DataType.INTEGER, "TEXT": DataType.STRING, "DATE": DataType.DATE, "NUMERIC": DataType.DECIMAL}
TEXTS = {
    "one table, summed": "SELECT region, sum(price) FROM sales WHERE day >= DATE '2024-06-01' GROUP BY region",
    "two tables, joined": "SELECT name, sum(price) FROM sales JOIN items ON items.id = item GROUP BY name",
    "one row by its key": "SELECT price FROM sales WHERE id = 4711",
    "correlated sub-query": (
        "SELECT id FROM items WHERE id < 6 AND (SELECT sum(price) FROM sales WHERE item = items.id) > 1"
    ),
}


def figures() -> list[Figure]:
    """Measure each text as the guard writes it; the floor is that text with its fences taken out."""
    try:
        connection = psycopg.connect(SERVER, autocommit=True)
    except psycopg.OperationalError:
        return []
    schema = f"bench_{uuid.uuid4().hex[:12]}"
    with connection:
        try:
            _load(connection, schema)
            return [_figure(connection, schema, name, text) for name, text in TEXTS.items()]
        finally:
            connection.execute(f"DROP SCHEMA IF EXISTS {schema} CASCADE")


def _load(connection: psycopg.Connection, schema: str) -> None:
    connection.execute(f"CREATE SCHEMA {schema}")
    for table, columns in COLUMNS.items():
        written = ", ".join(f"{name} {kind}" for name, kind in columns.items())
        connection.execute(f"CREATE TABLE {schema}.{table} ({written})")
    region = "CASE WHEN n % 3 = 0 THEN 'US' ELSE 'EU' END"
    connection.execute(
        f"INSERT INTO {schema}.sales SELECT n, n % {ITEMS}, {region}, DATE '2024-01-01' + n % 366, n % 100"
        f" FROM generate_series(1, {ROWS}) AS n"
    )
    connection.execute(
        f"INSERT INTO {schema}.items SELECT n, {region}, 'item ' || n FROM generate_series(1, {ITEMS}) n"
    )
    connection.execute(f"CREATE INDEX ON {schema}.sales (item)")
    connection.execute(f"ANALYZE {schema}.sales, {schema}.items")


def _figure(connection: psycopg.Connection, schema: str, name: str, text: str) -> Figure:
    fenced = _guarded(text, schema)
    plain = fenced.replace(" OFFSET 0", "").replace("AS MATERIALIZED", "AS NOT MATERIALIZED")
    assert plain != fenced

    def taken(sql: str) -> float:
        return median_us(lambda: connection.execute(sql).fetchall(), rounds=5, calls=3) / 1_000

    return Figure(
        subject="guarding, PostgreSQL's fence",
        name=name,
        value=taken(fenced),
        unit="ms",
        floor_name="the same without a fence",
        floor=taken(plain),
    )


def _guarded(text: str, schema: str) -> str:
    tables = tuple(
        GovernedTable(
            dataset=table,
            source=(schema, table),
            columns=tuple(Column(name=name, type=TYPES[kind.split()[0]]) for name, kind in columns.items()),
        )
        for table, columns in COLUMNS.items()
    )
    relations = {
        table: Relation(
            sql=(
                f"SELECT {', '.join(f'g.{name}' for name in columns)} FROM {schema}.{table} AS g WHERE g.region = 'EU'"
            ),
            parameters=(),
        )
        for table, columns in COLUMNS.items()
    }
    reading = guarding.read(text, dialect="postgres", functions=FunctionAllowlist.all_reviewed("postgres"))
    assert isinstance(reading, ReadQuery), reading
    bound = guarding.bind(reading, tables)
    assert isinstance(bound, BoundQuery), bound
    guarded = guarding.rewrite(bound, relations, row_limit=None)
    assert isinstance(guarded, GuardedQuery), guarded
    return guarded.sql
