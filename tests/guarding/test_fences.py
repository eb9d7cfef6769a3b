"""PostgreSQL's planner runs no condition of an agent's on rows behind either kind of fence."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from tests.contracts import servers

from metricgate import guarding
from metricgate.guarding import BoundQuery, FunctionAllowlist, GuardedQuery, ReadQuery
from metricgate.vocabulary.relation import GovernedTable, Relation
from metricgate.vocabulary.result import Column, DataType

SCHEMA = f"{servers.SCHEMA}_fences"
COLUMNS = ("id", "divisor", "region")
# Its cost is higher than that of the agents' conditions, which the planner would therefore run first.
FILTER = "lower(trim(repeat(g.region, 1))) = 'eu'"
READINGS = (
    "SELECT id FROM orders WHERE 10 / divisor > 1",
    "SELECT o.id FROM orders o JOIN orders p ON p.id = o.id AND 10 / p.divisor > 1",
    "SELECT o.id FROM orders p LEFT JOIN orders o ON o.id = p.id WHERE 10 / o.divisor > 1",
    "SELECT d.id FROM (SELECT id, divisor FROM orders) AS d WHERE 10 / d.divisor > 1",
    "WITH d AS (SELECT id, divisor FROM orders) SELECT id FROM d WHERE 10 / divisor > 1",
    "SELECT id FROM (SELECT id, divisor FROM orders UNION ALL SELECT 1, 2) AS d WHERE 10 / divisor > 1",
    "SELECT id FROM orders WHERE id IN (SELECT id FROM orders WHERE 10 / divisor > 1)",
    "SELECT id FROM orders AS o WHERE EXISTS (SELECT 1 FROM orders AS p WHERE p.id = o.id AND 10 / p.divisor > 1)",
)


@pytest.fixture(scope="module")
def connection() -> Iterator[psycopg.Connection]:
    with servers.postgres_connection(servers.postgres()) as opened:
        opened.execute(f"CREATE SCHEMA {SCHEMA}")
        opened.execute(f"CREATE TABLE {SCHEMA}.orders (id INT PRIMARY KEY, divisor INT, region TEXT)")
        opened.execute(f"INSERT INTO {SCHEMA}.orders VALUES (1, 2, 'EU'), (2, 0, 'hidden'), (3, 5, 'EU')")
        opened.execute(f"ANALYZE {SCHEMA}.orders")
        yield opened
        opened.execute(f"DROP SCHEMA {SCHEMA} CASCADE")


def rewritten(sql: str) -> str:
    types = (DataType.INTEGER, DataType.INTEGER, DataType.STRING)
    columns = tuple(Column(name=name, type=kind) for name, kind in zip(COLUMNS, types, strict=True))
    reading = guarding.read(sql, dialect="postgres", functions=FunctionAllowlist.all_reviewed("postgres"))
    assert isinstance(reading, ReadQuery), reading
    bound = guarding.bind(reading, (GovernedTable(dataset="orders", source=(SCHEMA, "orders"), columns=columns),))
    assert isinstance(bound, BoundQuery), bound
    selected = ", ".join(f'g."{name}"' for name in COLUMNS)
    relation = Relation(sql=f'SELECT {selected} FROM "{SCHEMA}"."orders" AS g WHERE {FILTER}', parameters=())
    guarded = guarding.rewrite(bound, {"orders": relation}, row_limit=None)
    assert isinstance(guarded, GuardedQuery), guarded
    return guarded.sql


@pytest.mark.parametrize("sql", READINGS)
def test_hidden_rows_raise_no_errors(connection: psycopg.Connection, sql: str) -> None:
    """The hidden row's divisor is 0; without the fence the same statement fails, so the fence is what helps."""
    fenced = rewritten(sql)
    assert {row[0] for row in connection.execute(fenced).fetchall()} == {1, 3}
    unfenced = fenced.replace(" OFFSET 0", "").replace("AS MATERIALIZED", "AS NOT MATERIALIZED")
    assert unfenced != fenced
    with pytest.raises(psycopg.errors.DivisionByZero):
        connection.execute(unfenced).fetchall()
