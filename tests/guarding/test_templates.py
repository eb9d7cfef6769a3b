"""A steward's statement runs in the steward's words; a value is one literal in it, whatever it is."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import pytest

from metricgate.guarding.writes import WriteText, fill
from metricgate.vocabulary.predicate import Scalar
from metricgate.vocabulary.problem import Problems

DIALECTS = ("duckdb", "postgres", "mysql")
HOSTILE = (
    "a'); DROP TABLE t; --",
    "\\' OR 1 = 1 -- ",
    "\\",
    "''",
    "'||(SELECT v FROM secrets)||'",
    ":x",
    ":id",
    "$1",
    "?",
    "/* */",
    "x\ny",
    '"; SELECT 1',
    "`",
    "é 漢",
)


def _filled(dialect: str, text: str, **values: Scalar) -> WriteText:
    found = fill(text, dialect=dialect, values=values)
    assert isinstance(found, WriteText), found
    return found


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_words_stay_as_they_were_written(dialect: str) -> None:
    """Written anew, ``a NOT IN (1) <> 4`` was another question, and ``b   =`` another text."""
    text = "UPDATE t SET a = CASE WHEN b NOT IN (:x) <> 4 THEN :x ELSE a END, b=b+:x WHERE id = :id -- of :who"
    found = _filled(dialect, text, x=5, id=7)
    assert found.statement == "UPDATE t SET a = CASE WHEN b NOT IN (5) <> 4 THEN 5 ELSE a END, b=b+ 5 WHERE id = 7"


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("value", HOSTILE)
def test_a_text_is_one_literal(dialect: str, value: str) -> None:
    """Its quotes, backslashes, comments and marks of parameters are letters."""
    found = _filled(dialect, "UPDATE t SET a = :x, b = 'it''s :x' WHERE id = :id AND a <> :x", x=value, id=1)
    literal = "'" + value.replace("'", "''").replace("\\", "\\\\" if dialect == "mysql" else "\\") + "'"
    assert found.statement == f"UPDATE t SET a = {literal}, b = 'it''s :x' WHERE id = 1 AND a <> {literal}"
    [source] = found.sources(("id",), {})
    assert isinstance(source.sql, str)
    assert f"{literal} AS new_1" in source.sql


@pytest.mark.parametrize("dialect", DIALECTS)
def test_values_of_every_type(dialect: str) -> None:
    """As literals of the engine."""
    at = datetime(2024, 1, 2, 3, 4, 5)  # noqa: DTZ001 - a moment without a zone
    text = "INSERT INTO t (a, b, c, d, e) VALUES (:a, :b, :c, :d, :e)"
    found = _filled(dialect, text, a=None, b=True, c=date(2024, 1, 2), d=at, e=Decimal("-1.50"))
    assert found.statement == (
        "INSERT INTO t (a, b, c, d, e) VALUES (NULL, TRUE, '2024-01-02', '2024-01-02 03:04:05', -1.50)"
    )


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_sign_of_a_number_is_its_own(dialect: str) -> None:
    """Beside an operator it is in brackets: ``- -5`` without a space would begin a comment."""
    found = _filled(dialect, "UPDATE t SET a = 1 -:x, b = -:x, c = :x WHERE id = :x", x=-5)
    assert found.statement == "UPDATE t SET a = 1 - (-5), b = - (-5), c = -5 WHERE id = -5"


@pytest.mark.parametrize(
    ("dialect", "text", "values"),
    [
        ("duckdb", "UPDATE t SET a = 1 WHERE id = 1 ORDER BY :x", {"x": 1}),
        ("postgres", "UPDATE :x SET a = 1 WHERE id = 1", {"x": "t"}),
        ("mysql", "UPDATE t SET :x = 1 WHERE id = 1", {"x": "a"}),
        ("postgres", "UPDATE t SET a = 1 WHERE id = :x; DELETE FROM t", {"x": 1}),
        ("postgres", "UPDATE t SET a = 1 WHERE id = ?", {"x": 1}),
    ],
)
def test_a_parameter_is_a_value_only(dialect: str, text: str, values: dict[str, Scalar]) -> None:
    """Not a table, a column or a place."""
    assert isinstance(fill(text, dialect=dialect, values=values), Problems)
