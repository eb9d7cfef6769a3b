"""Trees from a dialect's own text, with parts put in the places of plain names."""

from __future__ import annotations

from functools import lru_cache

import sqlglot
from sqlglot import exp

from metricgate.dialects.trees import operand

_BESIDE = (exp.Binary, exp.Unary, exp.Between, exp.In, exp.Is)


@lru_cache(maxsize=1_024)
def _parse_fragment(text: str, writer: str) -> exp.Expr:
    select = sqlglot.parse_one(f"SELECT {text}", dialect=writer)  # alone, TRUNCATE(x, 0) would begin a statement
    found: exp.Expr = select.expressions[0]
    return found


def words(writer: str, text: str, **parts: exp.Expr) -> exp.Expr:
    """Return the tree of a text of ours in a dialect's SQL, in which names stand for parts.

    >>> words("postgres", "x % NULLIF(y, 0)", x=exp.column("a"), y=sqlglot.parse_one("b + 1")).sql("postgres")
    'a % NULLIF(b + 1, 0)'
    """
    root = exp.Paren(this=_parse_fragment(text, writer).copy())
    for found in list(root.find_all(exp.Column)):
        part = parts.get(found.name)
        if part is not None:
            beside = isinstance(found.parent, _BESIDE)
            found.replace(operand(part.copy()) if beside else part.copy())
    whole: exp.Expr = root.this
    return whole
