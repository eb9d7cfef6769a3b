"""Spellings of other tools, each with the one that expressions know; everything else stays as it was written."""

from __future__ import annotations

import pytest

from metricgate.catalog.expression_parser import parse_expression
from metricgate.catalog.foreign_sql import to_our_spelling
from metricgate.vocabulary.problem import Problem

SPELLED = {
    "DATEDIFF('day', opened, closed)": "DATEDIFF(closed, opened, DAY)",
    "datediff(week, a, b)": "DATEDIFF(b, a, WEEK)",
    "DATE_DIFF('months', a, b)": "DATEDIFF(b, a, MONTH)",
    "DATEDIFF('day', DATE '2020-01-01', CAST(x AS DATE))": "DATEDIFF(CAST(x AS DATE), DATE '2020-01-01', DAY)",
    "DATEDIFF('day', DATE_TRUNC(a, MONTH), b)": "DATEDIFF(b, DATE_TRUNC('MONTH', a), DAY)",
    "ABS(DATEDIFF('hour', a, b)) + DATEDIFF('day', a, b)": "ABS(DATEDIFF(b, a, HOUR)) + DATEDIFF(b, a, DAY)",
    "DATE_PART('year', x)": "EXTRACT(YEAR FROM x)",
    "IFF(a > 0, 'x', NULL)": "CASE WHEN a > 0 THEN 'x' ELSE NULL END",
    "IFF(a, IFF(b, 1, 2), 3)": "CASE WHEN a THEN CASE WHEN b THEN 1 ELSE 2 END ELSE 3 END",
    "SAFE_DIVIDE(a, b - c)": "((a) / NULLIF(b - c, 0))",
    "`order date`": '"order date"',
}
KEPT = (
    "DATEDIFF(closed, opened, day)", "DATE_TRUNC('month', x)", "'DATEDIFF(day, a, b)'", "'it`s'", "day", "x",
    "DATEDIFF(a, b)", "EXTRACT(year FROM x)", "DATEDIFF(day, a", "m.DATEDIFF('day', a, b)", '"DATEDIFF"', "",
)  # fmt: skip


@pytest.mark.parametrize(("text", "wanted"), SPELLED.items())
def test_another_spelling_becomes_ours(text: str, wanted: str) -> None:
    """And ours is an expression, and is respelled to itself."""
    assert to_our_spelling(text) == wanted
    assert to_our_spelling(wanted) == wanted
    assert not isinstance(parse_expression(wanted), Problem)


@pytest.mark.parametrize("text", KEPT)
def test_everything_else_stays(text: str) -> None:
    """Quoted text, our own spelling, and what cannot be read."""
    assert to_our_spelling(text) == text
