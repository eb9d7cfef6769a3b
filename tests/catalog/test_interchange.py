"""An expression in another format's SQL is labelled as what it is, and reads back as the same expression."""

from __future__ import annotations

import pytest

from metricgate.catalog.expression import Expression
from metricgate.catalog.expression_parser import parse_expression
from metricgate.catalog.foreign_sql import to_our_spelling
from metricgate.catalog.interchange import as_ossie_sql, as_standard_sql

STANDARD = {
    "a * (1 - b)": "a * (1 - b)",
    "a || b": "a || b",
    "CASE WHEN a LIKE 'x%' THEN 1 ELSE 0 END": "CASE WHEN a LIKE 'x%' THEN 1 ELSE 0 END",
    "CAST(a AS DOUBLE)": "CAST(a AS DOUBLE PRECISION)",
    "SUBSTRING(SUBSTRING(a, 2), 1, 3)": "SUBSTRING(SUBSTRING(a FROM 2) FROM 1 FOR 3)",
    "STRPOS(STRPOS(a, 'b'), 'c')": "POSITION('c' IN POSITION('b' IN a))",
    "EXTRACT(year FROM a)": "EXTRACT(YEAR FROM a)",
    "GREATEST(a, b) IS DISTINCT FROM COALESCE(c, NULLIF(d, 0))": (
        "GREATEST(a, b) IS DISTINCT FROM COALESCE(c, NULLIF(d, 0))"
    ),
}
OSSIE = {
    "DATEDIFF(closed, DATE_TRUNC('month', opened), DAY)": "DATEDIFF(DAY, DATE_TRUNC('MONTH', opened), closed)",
    "STARTS_WITH(STRPOS(a, 'b'), 'x')": "STARTSWITH(POSITION('b' IN a), 'x')",
    "ROUND(a, 2)": "ROUND(a, 2)",
    "a % 2": "a % 2",
    "a ILIKE 'x'": "a ILIKE 'x'",
    "LENGTH(a)": "LENGTH(a)",
    "CAST(a AS VARCHAR)": "CAST(a AS VARCHAR)",
    "EXTRACT(quarter FROM a)": "EXTRACT(QUARTER FROM a)",
}
NEITHER = (
    "MD5(a)", "a + INTERVAL '1' DAY", "a AT TIME ZONE 'UTC'", "EXTRACT(dow FROM a)", "REVERSE(a)", "LAST_DAY(a)",
    "CONCAT_WS('-', a, b)", "a DIV b", "DATE_TRUNC('millisecond', a)",
)  # fmt: skip


def read_back(text: str) -> Expression | object:
    return parse_expression(to_our_spelling(text))


@pytest.mark.parametrize(("text", "wanted"), STANDARD.items())
def test_standard_sql(text: str, wanted: str) -> None:
    """Everything in it is of the standard, in the standard's form; Ossie's language has it too."""
    assert as_standard_sql(text) == wanted
    assert as_ossie_sql(text) is not None
    assert read_back(wanted) == parse_expression(text)


@pytest.mark.parametrize(("text", "wanted"), OSSIE.items())
def test_ossies_own_language(text: str, wanted: str) -> None:
    """What the standard does not know, and Ossie does, in Ossie's form."""
    assert as_standard_sql(text) is None
    assert as_ossie_sql(text) == wanted
    assert read_back(wanted) == parse_expression(text)


@pytest.mark.parametrize("text", NEITHER)
def test_what_neither_says(text: str) -> None:
    """Then no such label stands on it."""
    assert as_standard_sql(text) is None
    assert as_ossie_sql(text) is None
