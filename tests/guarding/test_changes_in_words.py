"""What a change computes is computed by its writer's words, also where the parser has them in another order."""

from __future__ import annotations

import pytest

from metricgate.guarding.writes import read_write
from metricgate.vocabulary.problem import Problems


@pytest.mark.parametrize(
    ("dialect", "sql", "computed"),
    [
        (
            "duckdb",
            "INSERT INTO t (a) FROM x JOIN y ON true SELECT 1 WHERE 2 > 1",
            "FROM x JOIN y ON true SELECT 1 WHERE 2 > 1",
        ),
        (
            "duckdb",
            "INSERT INTO t (a) SELECT x FROM (unnest([1]) AS u(x) JOIN y ON true)",
            "SELECT x FROM (unnest([1]) AS u(x) JOIN y ON true)",
        ),
        (
            "duckdb",
            "UPDATE t SET a = (FROM x JOIN y ON true SELECT max(z)) WHERE ROW(id) = ROW(1)",
            'SELECT t."id" AS key_1, (FROM x JOIN y ON true SELECT max(z)) AS new_1 FROM t WHERE ROW(id) = ROW(1)',
        ),
        ("duckdb", "INSERT INTO t (a) VALUES ([x FOR x IN [1]])", "SELECT [x FOR x IN [1]] AS new_1"),
        ("duckdb", "INSERT INTO t (a) VALUES (ROW(1))", "SELECT ROW(1) AS new_1"),
        (
            "postgres",
            "INSERT INTO t (a, b) VALUES (U&'d!0061t' UESCAPE '!', @1.50)",
            "SELECT U&'d!0061t' UESCAPE '!' AS new_1, @1.50 AS new_2",
        ),
        (
            "postgres",
            "UPDATE t SET a = OPERATOR(pg_catalog.-) 5 WHERE id OPERATOR(pg_catalog.=) 1",
            'SELECT t."id" AS key_1, OPERATOR(pg_catalog.-) 5 AS new_1 FROM t WHERE id OPERATOR(pg_catalog.=) 1',
        ),
        (
            "postgres",
            "UPDATE t SET a = U&'d!0061t' UESCAPE '!', b = @ id WHERE @ id = 1",
            "SELECT t.\"id\" AS key_1, U&'d!0061t' UESCAPE '!' AS new_1, @ id AS new_2 FROM t WHERE @ id = 1",
        ),
        (
            "postgres",
            "DELETE FROM t WHERE t.s IS NOT NFC NORMALIZED",
            'SELECT t."id" AS key_1 FROM t WHERE t.s IS NOT NFC NORMALIZED',
        ),
    ],
)
def test_the_words_are_the_writers(dialect: str, sql: str, computed: str) -> None:
    """No word is lost at the end of a part, or put into another place."""
    found = read_write(sql, dialect=dialect)
    assert not isinstance(found, Problems), found
    sources = found.sources(("id",), {})
    assert not isinstance(sources, Problems), sources
    assert [each.sql for each in sources] == [computed]
    assert found.statement == sql


@pytest.mark.parametrize(
    ("sql", "computed"),
    [
        (
            "INSERT INTO t (a, b, c) SELECT DISTINCT 0x0A AS q, b'101', 0x41 FROM x WHERE s RLIKE 'a' AND 0x01 < n",
            "SELECT DISTINCT  10  AS q,  5 , 0x41 FROM x WHERE s RLIKE 'a' AND 0x01 < n",
        ),
        (
            "INSERT INTO t (a, c) WITH q AS (SELECT 1 AS z) SELECT (0x02), 0x41 b FROM q LIMIT 3",
            "WITH q AS (SELECT 1 AS z) SELECT (0x02), 0x41 b FROM q LIMIT 3",
        ),
        ("INSERT INTO t (a) SELECT 0x01 UNION SELECT 0x02", "SELECT 0x01 UNION SELECT 0x02"),
    ],
)
def test_numbers_in_hex_of_a_query_are_the_only_words_that_change(sql: str, computed: str) -> None:
    """MariaDB stores them as numbers where the column is one; RLIKE and the rest stay as they were written."""
    found = read_write(sql, dialect="mysql")
    assert not isinstance(found, Problems), found
    sources = found.sources(("id",), {"a": "int(11)", "b": "decimal(3,1)", "c": "varchar(3)"})
    assert not isinstance(sources, Problems), sources
    assert [each.sql for each in sources] == [computed]
