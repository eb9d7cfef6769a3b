"""Small trees that many rules need, and the analysts' expressions as they were written: parsed once."""

from __future__ import annotations

from functools import lru_cache

import sqlglot
from sqlglot import exp

from metricgate.catalog.expression import Expression
from metricgate.dialects.reserved import RESERVED

_ATOMS = (exp.Column, exp.Func, exp.Literal, exp.Paren, exp.Parameter, exp.Placeholder, exp.Boolean, exp.Null)


def literal(value: str | float) -> exp.Literal:
    """Return a literal of our own (a zone, a number of the definition): never a caller's value."""
    return exp.Literal(this=str(value), is_string=isinstance(value, str))


def operand(tree: exp.Expr) -> exp.Expr:
    """Return the tree fit to stand beside any operator.

    >>> operand(sqlglot.parse_one("a OR b")).sql(), operand(sqlglot.parse_one("f(a)")).sql()
    ('(a OR b)', 'F(a)')
    """
    if isinstance(tree, _ATOMS) and not isinstance(tree, exp.Connector):
        return tree
    return exp.Paren(this=tree)


def double(tree: exp.Expr) -> exp.Expr:
    """Return the number as a floating point one, where engines would cut digits of an integer or a decimal."""
    return exp.Cast(this=tree, to=exp.DataType(this=exp.DType.DOUBLE))


def all_of(parts: list[exp.Expr]) -> exp.Expr:
    """Return the conjunction; at least one part."""
    return _join_conditions(parts, exp.And)


def any_of(parts: list[exp.Expr]) -> exp.Expr:
    """Return the disjunction; at least one part."""
    return _join_conditions(parts, exp.Or)


def _join_conditions(parts: list[exp.Expr], kind: type[exp.And | exp.Or]) -> exp.Expr:
    if len(parts) == 1:
        return parts[0]
    whole = _in_parens(parts[0])
    for part in parts[1:]:
        whole = kind(this=whole, expression=_in_parens(part))
    return whole


def _in_parens(tree: exp.Expr) -> exp.Expr:
    return exp.Paren(this=tree) if isinstance(tree, exp.Connector) else tree


@lru_cache(maxsize=8_192)
def parse_shared(text: str) -> exp.Expr:
    """Return the tree of a catalog's expression (the generic dialect); shared, so copy before use."""
    return sqlglot.parse_one(text)


@lru_cache(maxsize=8_192)
def columns_of(expression: Expression) -> tuple[tuple[str, bool], ...]:
    """Return (name, quoted) of every column that the expression reads, each once, in the order of the text."""
    if expression.is_column:
        return ((expression.text, expression.text.lower() in RESERVED),)
    found = parse_shared(expression.text).find_all(exp.Column)
    return tuple(dict.fromkeys((column.name, bool(column.this.args.get("quoted"))) for column in found))
