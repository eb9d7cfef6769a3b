"""Which expressions are NULL wherever every column they read is NULL: they need no row to be told from none.

What is not on the lists is taken not to be: then the row's presence is asked, which is right for every expression.
"""

from __future__ import annotations

from functools import lru_cache

import sqlglot
from sqlglot import exp

from metricgate.catalog.expression import Expression

_OF_EITHER = (exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod, exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE)
"""NULL where either side is."""

_OF_FIRST = (
    exp.Paren, exp.Neg, exp.Not, exp.Cast, exp.Between, exp.In, exp.Like, exp.Nullif,
    exp.Abs, exp.Ceil, exp.Floor, exp.Round, exp.Lower, exp.Upper, exp.Trim, exp.Length, exp.Substring,
    exp.Year, exp.Quarter, exp.Month, exp.Day, exp.DateTrunc, exp.TimestampTrunc, exp.Date,
)  # fmt: skip
"""NULL where the first operand is."""


def is_strict(expression: Expression) -> bool:
    """Whether the expression is NULL wherever all of its columns are NULL.

    >>> [is_strict(Expression(text=text, columns=("a",))) for text in ("a", "a * 2 > 1", "COALESCE(a, 0)", "a IS NULL")]
    [True, True, False, False]
    >>> is_strict(Expression(text="CASE WHEN a > 1 THEN 'x' END", columns=("a",)))
    True
    >>> is_strict(Expression(text="1", columns=()))
    False
    """
    return expression.is_column or _is_strict_text(expression.text)


@lru_cache(maxsize=8_192)
def _is_strict_text(text: str) -> bool:
    return _strict(sqlglot.parse_one(text))


def _strict(tree: exp.Expr) -> bool:
    match tree:
        case exp.Column() | exp.Null():
            found = True
        case exp.And() | exp.Or():  # FALSE AND NULL is FALSE: one side is not enough
            found = _strict(tree.this) and _strict(tree.expression)
        case exp.Extract():
            found = _strict(tree.expression)
        case exp.Coalesce():
            found = all(_strict(each) for each in (tree.this, *tree.expressions))
        case exp.Case():
            found = _strict_case(tree)
        case _ if isinstance(tree, _OF_EITHER):
            found = _strict(tree.this) or _strict(tree.expression)
        case _:
            found = isinstance(tree, _OF_FIRST) and _strict(tree.this)
    return found


def _strict_case(tree: exp.Case) -> bool:
    """A branch whose condition is NULL is not taken; one that may be taken must give NULL, as must what is left."""
    default = tree.args.get("default")
    if default is not None and not _strict(default):
        return False
    compared = tree.this is not None and _strict(tree.this)
    return all(compared or _strict(branch.this) or _strict(branch.args["true"]) for branch in tree.args["ifs"])
