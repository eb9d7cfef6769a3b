"""Of a statement the record's leaf tells its words, and no value."""

from __future__ import annotations

import pytest

from metricgate.guarding.outline import LONGEST, outline

SECRET = "4111secret"
HIDDEN = [
    ("duckdb", "SELECT '{}'"),
    ("duckdb", "SELECT 'it''s {}' FROM t WHERE a = {}"),
    ("duckdb", "SELECT a /* {} */ FROM t -- {}"),
    ("duckdb", "SELECT $t$ {} $t$"),
    ("duckdb", "SELECT E'\\n{}'"),
    ("duckdb", 'SELECT a AS "{} Ana"'),
    ("duckdb", "SELECT {{'k{}': 1, 'v': '{}'}}"),
    ("duckdb", "SELECT 0x4111, 4111.5e7, 4_111, x'4111'"),
    ("duckdb", "SELECT $4111234, :p4111 FROM t"),
    ("duckdb", "SELECT a AS \u00e9{}"),
    ("postgres", "SELECT U&'{}', N'{}', B'1010', E'\\'{}', a->>'{}' FROM t"),
    ("postgres", "SELECT date '{}', interval '{} days', $$ {} $$"),
    ("mysql", "SELECT \"{}\", 'a\\'{}', `{} x` FROM t # {}"),
    ("mysql", "SELECT _utf8mb4'{}', 0x4111, b'1010' FROM t WHERE a LIKE '%{}%'"),
    ("duckdb", "SELECT 'open {}"),
]


@pytest.mark.parametrize(("dialect", "text"), HIDDEN)
def test_no_value_is_told(dialect: str, text: str) -> None:
    told = outline(text.format(*[SECRET] * 9), dialect=dialect)
    assert "secret" not in told
    assert "4111" not in told.replace(":p4111", "")
    assert "1010" not in told


def test_words_are_told() -> None:
    sql = """SELECT o.status, count(*) AS n, $1::INTEGER
    FROM "orders" AS o  -- the orders
    WHERE o.amount > 12.5 AND o.status IS NOT NULL
    GROUP BY ALL ORDER BY n DESC LIMIT 11"""
    assert outline(sql, dialect="duckdb") == (
        'SELECT o.status, count(*) AS n, $1::INTEGER FROM "orders" AS o '
        "WHERE o.amount > ? AND o.status IS NOT NULL GROUP BY ALL ORDER BY n DESC LIMIT ?"
    )


def test_it_is_short() -> None:
    told = outline("SELECT " + ", ".join(f"column_{number}" for number in range(5_000)), dialect="duckdb")
    assert len(told) <= LONGEST + 4
