"""What the parser stops at is refused by its name where it is known, and is read in what stands beside it."""

from __future__ import annotations

import pytest

from metricgate import guarding
from metricgate.guarding import FunctionAllowlist
from metricgate.vocabulary.problem import Problems
from metricgate.vocabulary.relation import GovernedTable
from metricgate.vocabulary.result import Column, DataType

NAMED = [
    ("postgres", "SELECT * FROM a JOIN b USING (id) AS x", "A name for the columns of USING", 24),
    ("postgres", "SELECT @ bigint '7'", "A literal after its type behind @", 8),
    ("mysql", "SELECT 'a' LIKE 'a' ESCAPE '#' + 0", "ESCAPE with a computed character", 21),
    ("mysql", "SELECT TRIM(a || b) FROM t", "|| in TRIM", 8),
    ("mysql", "SELECT TRIM((a) || 'x') FROM t", "|| in TRIM", 8),
    *(
        (dialect, "SELECT a FROM t TABLESAMPLE (50)", "TABLESAMPLE", None)
        for dialect in ("duckdb", "postgres", "mysql")
    ),
]
READ = [
    ("duckdb", "SELECT * FROM (SELECT 1 AS id) a JOIN (SELECT 1 AS id) b USING (id)"),
    ("postgres", "SELECT @ CAST('7' AS bigint), TRIM('a' || 'b')"),
    ("mysql", "SELECT 'a' LIKE 'a' ESCAPE '#', TRIM((a OR b)), TRIM(CONCAT(a, b)), a || b FROM t"),
]


@pytest.mark.parametrize(("dialect", "sql", "what", "column"), NAMED)
def test_a_construct_that_is_not_read_is_named(dialect: str, sql: str, what: str, column: int | None) -> None:
    found = guarding.read(sql, dialect=dialect, functions=FunctionAllowlist.all_reviewed(dialect))
    assert isinstance(found, Problems)
    first = found.first
    assert (first.code.name, first.details["construct"]) == ("E_SQL_CONSTRUCT", what)
    if column is not None:
        assert first.where is not None
        assert first.where.column == column
        assert first.hint


@pytest.mark.parametrize(("dialect", "sql"), READ)
def test_what_is_beside_it_is_read(dialect: str, sql: str) -> None:
    found = guarding.read(sql, dialect=dialect, functions=FunctionAllowlist.all_reviewed(dialect))
    assert not isinstance(found, Problems), found


@pytest.mark.parametrize("dialect", ["duckdb", "postgres", "mysql"])
@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("SELECT 1 FROM t JOIN t ON TRUE", "t names two tables of one FROM."),
        ("SELECT a.id FROM t a, (SELECT 1 AS id) a", "a names two tables of one FROM."),
        ("SELECT t.id FROM t NATURAL JOIN (SELECT 7 AS k) q", "This join names no columns that both sides have."),
    ],
)
def test_names_that_no_query_may_have_are_told(dialect: str, sql: str, said: str) -> None:
    reading = guarding.read(sql, dialect=dialect, functions=FunctionAllowlist.all_reviewed(dialect))
    assert not isinstance(reading, Problems)
    table = GovernedTable(dataset="t", source=("t",), columns=(Column(name="id", type=DataType.INTEGER),))
    found = guarding.bind(reading, (table,))
    assert isinstance(found, Problems)
    assert (found.first.code.name, found.first.message) == ("E_SQL_UNBOUND", said)
    assert found.first.hint
    assert found.first.where is not None


@pytest.mark.parametrize(
    "sql", ["SELECT 1 FROM WHERE", "SELECT USING (", "SELECT x IN (", "SELECT @ FROM (", "SELECT TRIM("]
)
@pytest.mark.parametrize("dialect", ["duckdb", "postgres", "mysql"])
def test_anything_else_is_unreadable(dialect: str, sql: str) -> None:
    found = guarding.read(sql, dialect=dialect, functions=FunctionAllowlist.all_reviewed(dialect))
    assert isinstance(found, Problems)
    assert found.first.code.name in {"E_SQL_UNREADABLE", "E_SQL_CONSTRUCT"}
    assert not str(found.first.details.get("construct", "")).startswith(("A name for", "ESCAPE", "||", "A literal"))
