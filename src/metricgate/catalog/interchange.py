"""Expressions for other tools' formats: as standard SQL, or in the language that Ossie defines, where they can.

Standard SQL is ISO/IEC 9075-2:2023 (GREATEST and LEAST are its T054); Ossie's is OSSIE_SQL_2026, of its core
specification's ``expression_language.md``. Both lists are allow-lists of nodes: what is not on one is not labelled so.
"""

from __future__ import annotations

from collections.abc import Callable

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

_TYPES = frozenset(
    {
        exp.DataType.Type.BOOLEAN, exp.DataType.Type.SMALLINT, exp.DataType.Type.INT, exp.DataType.Type.BIGINT,
        exp.DataType.Type.DOUBLE, exp.DataType.Type.FLOAT, exp.DataType.Type.DECIMAL, exp.DataType.Type.DATE,
        exp.DataType.Type.TIMESTAMP, exp.DataType.Type.TIME,
    }
)  # fmt: skip
_TEXTS = frozenset({exp.DataType.Type.CHAR, exp.DataType.Type.VARCHAR})
_STANDARD: frozenset[type[exp.Expr]] = frozenset(
    {
        exp.Paren, exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Neg, exp.DPipe, exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT,
        exp.LTE, exp.NullSafeEQ, exp.NullSafeNEQ, exp.Is, exp.And, exp.Or, exp.Not, exp.Between, exp.In, exp.Like,
        exp.Escape, exp.Case, exp.If, exp.Cast, exp.DataType, exp.DataTypeParam, exp.Column, exp.Identifier,
        exp.Literal, exp.Boolean, exp.Null, exp.Var, exp.Star,
        exp.Abs, exp.Ceil, exp.Floor, exp.Sqrt, exp.Exp, exp.Ln, exp.Pow, exp.Coalesce, exp.Nullif, exp.Lower,
        exp.Upper, exp.Trim, exp.Substring, exp.StrPosition, exp.Extract, exp.Greatest, exp.Least,
        exp.Sum, exp.Count, exp.Avg, exp.Min, exp.Max, exp.Distinct, exp.PercentileCont, exp.PercentileDisc,
        exp.WithinGroup, exp.Order, exp.Ordered,
    }
)  # fmt: skip
_OSSIE = _STANDARD | frozenset(
    {
        exp.ILike, exp.Mod, exp.TryCast, exp.Round, exp.Trunc, exp.Sign, exp.Length, exp.Left, exp.Right, exp.Concat,
        exp.Replace, exp.StartsWith, exp.SplitPart, exp.RegexpLike, exp.Year, exp.Quarter, exp.Month, exp.Day,
        exp.DayOfYear, exp.Hour, exp.Minute, exp.Second, exp.DateTrunc, exp.DateDiff,
    }
)  # fmt: skip
_STANDARD_PARTS = frozenset({"YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND"})
_OSSIE_PARTS = _STANDARD_PARTS | {"QUARTER", "DAYOFYEAR", "MILLISECOND"}
_OSSIE_UNITS = frozenset({"YEAR", "QUARTER", "MONTH", "WEEK", "DAY", "HOUR", "MINUTE", "SECOND"})
_Fits = Callable[[exp.Expr], bool]


def as_standard_sql(text: str) -> str | None:
    """Return the expression (perhaps over aggregates) as standard SQL, or None where it needs more than that.

    >>> as_standard_sql("SUM(CAST(a AS DOUBLE)) / NULLIF(COUNT(b), 0)")
    'SUM(CAST(a AS DOUBLE PRECISION)) / NULLIF(COUNT(b), 0)'
    >>> as_standard_sql("STRPOS(name, 'x')"), as_standard_sql("DATEDIFF(a, b, DAY)")
    ("POSITION('x' IN name)", None)
    """
    return _rewrite_text(text, _fits_standard, _standard)


def as_ossie_sql(text: str) -> str | None:
    """Return the expression in Ossie's own language, or None where that has no word for it.

    >>> as_ossie_sql("DATEDIFF(closed, opened, DAY)")
    'DATEDIFF(DAY, opened, closed)'
    >>> as_ossie_sql("STARTS_WITH(name, 'x')"), as_ossie_sql("MD5(name)")
    ("STARTSWITH(name, 'x')", None)
    """
    return _rewrite_text(text, _fits_ossie, _ossie)


def _rewrite_text(text: str, fits: _Fits, said: Callable[[exp.Expr], str | None]) -> str | None:
    try:
        tree = sqlglot.parse_one(text)
        nodes = list(tree.walk())
        if not all(fits(node) for node in nodes):
            return None
        for node in reversed(nodes):  # from the leaves, so that what is inside is written first
            words = said(node)
            if words is not None:
                written = exp.Var(this=words)
                if node is tree:
                    tree = written
                else:
                    node.replace(written)
        return tree.sql(comments=False)
    except (SqlglotError, RecursionError):
        return None


def _fits_standard(node: exp.Expr) -> bool:
    if isinstance(node, exp.Extract):
        return node.this.name.upper() in _STANDARD_PARTS
    if isinstance(node, exp.DataType):
        return node.this in _TYPES or (node.this in _TEXTS and bool(node.expressions))
    if isinstance(node, exp.Substring):
        return node.args.get("start") is not None
    if isinstance(node, (exp.StrPosition, exp.Trim, exp.Ceil, exp.Floor)):
        return not any(node.args.get(key) for key in ("position", "occurrence", "decimals", "collation"))
    return type(node) in _STANDARD


def _fits_ossie(node: exp.Expr) -> bool:
    if isinstance(node, exp.Extract):
        return node.this.name.upper() in _OSSIE_PARTS
    if isinstance(node, exp.DataType):
        return node.this in _TYPES | _TEXTS | {exp.DataType.Type.TEXT}
    if isinstance(node, (exp.DateTrunc, exp.DateDiff)):
        return node.text("unit").upper() in _OSSIE_UNITS
    return type(node) in _OSSIE and (type(node) not in _STANDARD or _fits_standard(node))


def _standard(node: exp.Expr) -> str | None:
    """Return how standard SQL writes a node whose parts are written already, or None for sqlglot's way."""
    if isinstance(node, exp.StrPosition):
        return f"POSITION({node.args['substr'].sql()} IN {node.this.sql()})"
    if isinstance(node, exp.Substring):
        count = node.args.get("length")
        rest = "" if count is None else f" FOR {count.sql()}"
        return f"SUBSTRING({node.this.sql()} FROM {node.args['start'].sql()}{rest})"
    if isinstance(node, exp.DataType) and node.this is exp.DataType.Type.DOUBLE:
        return "DOUBLE PRECISION"
    return None


def _ossie(node: exp.Expr) -> str | None:
    if isinstance(node, exp.StrPosition):
        return _standard(node)
    if isinstance(node, exp.DateDiff):
        return f"DATEDIFF({node.text('unit').upper()}, {node.expression.sql()}, {node.this.sql()})"
    if isinstance(node, exp.StartsWith):
        return f"STARTSWITH({node.this.sql()}, {node.expression.sql()})"
    return None
