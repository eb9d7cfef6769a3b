"""Equality in MariaDB and MySQL: trailing spaces count, as they do everywhere else."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import cast

from sqlglot import exp

from metricgate.dialects.kinds import Kind
from metricgate.dialects.meanings.compared import check, truth_of
from metricgate.dialects.meanings.way import Way, Writing
from metricgate.dialects.padding import ends_alike, ends_like, in_order, is_one_of, spaces_after
from metricgate.dialects.trees import all_of, any_of, operand

_TEXTUAL = frozenset({Kind.TEXT, Kind.UNKNOWN})


def _padded(way: Way, *sides: exp.Expr) -> bool:
    return all(way.kind(each) in _TEXTUAL for each in sides)


def _alike(left: exp.Expr, right: exp.Expr, way: Way) -> exp.Expr:
    """The condition that both sides end in as many spaces."""
    for one, other in ((left, right), (right, left)):
        text = way.text(other)
        if text is not None:
            return ends_like(way.said(one), text)
    return ends_alike(way.said(left), way.said(right))


def _sides(node: exp.Expr, way: Way) -> tuple[exp.Expr, exp.Expr]:
    """The sides of a comparison; a text would be read as a number beside one, and as 0 where it is none."""
    left, right = node.this, node.args["expression"]
    check(way, left, right)
    return truth_of(way, left, right), truth_of(way, right, left)


def _compared(node: exp.Expr, way: Way) -> exp.Expr:
    left, right = _sides(node, way)
    kind = cast("type[exp.Binary]", type(node))
    if not _padded(way, left, right):
        return kind(this=way.said(left), expression=way.said(right))
    return in_order(kind, way.said(left), way.said(right), way.text(right))


def _between(node: exp.Expr, way: Way) -> exp.Expr:
    low, high = node.args["low"], node.args["high"]
    check(way, node.this, low, high)
    if not _padded(way, node.this, low, high):
        return way.plain(node)
    ends = ((exp.GTE, low), (exp.LTE, high))
    return all_of([in_order(kind, way.said(node.this), way.said(end), way.text(end)) for kind, end in ends])


def _equal(node: exp.Expr, way: Way) -> exp.Expr:
    left, right = _sides(node, way)
    if not _padded(way, left, right):
        return exp.EQ(this=way.said(left), expression=way.said(right))
    return exp.Paren(this=all_of([way.plain(node), _alike(left, right, way)]))


def _different(node: exp.Expr, way: Way) -> exp.Expr:
    left, right = _sides(node, way)
    if not _padded(way, left, right):
        return exp.NEQ(this=way.said(left), expression=way.said(right))
    return exp.Paren(this=any_of([way.plain(node), exp.Not(this=exp.Paren(this=_alike(left, right, way)))]))


def _same(node: exp.Expr, way: Way) -> exp.Expr:
    left, right = _sides(node, way)
    found: exp.Expr = exp.NullSafeEQ(this=operand(way.said(left)), expression=operand(way.said(right)))
    if _padded(way, left, right):
        ends = exp.NullSafeEQ(this=spaces_after(way.said(left)), expression=spaces_after(way.said(right)))
        found = exp.Paren(this=all_of([found, ends]))
    return exp.Not(this=exp.Paren(this=found)) if isinstance(node, exp.NullSafeNEQ) else found


def _one_of(node: exp.Expr, way: Way) -> exp.Expr:
    check(way, node.this, *node.expressions)
    values = node.expressions
    texts = [each for each in values if way.kind(each) in _TEXTUAL]
    if not texts or not _padded(way, node.this):
        return way.plain(node)
    written = [(each.name, way.said(each)) for each in texts if way.text(each) is not None]
    parts = [is_one_of(way.said(node.this), written)] if written else []
    parts += [_equal(exp.EQ(this=node.this, expression=each), way) for each in values if way.text(each) is None]
    return exp.Paren(this=any_of(parts))


def _unless(node: exp.Expr, way: Way) -> exp.Expr:
    left, right = _sides(node, way)
    if not _padded(way, left, right):
        return way.plain(node)
    equal = _equal(exp.EQ(this=left.copy(), expression=right.copy()), way)
    return exp.Case(ifs=[exp.If(this=equal, true=exp.Null())], default=way.said(left))


def _case(node: exp.Expr, way: Way) -> exp.Expr:
    value = node.this
    if value is None or not _padded(way, value):
        return way.plain(node)
    ifs = [
        exp.If(
            this=_equal(exp.EQ(this=value.copy(), expression=each.this.copy()), way), true=way.said(each.args["true"])
        )
        for each in node.args["ifs"]
    ]
    default = node.args.get("default")
    return exp.Case(ifs=ifs, default=None if default is None else way.said(default))


EQUALITY: Mapping[type[exp.Expr], Writing] = MappingProxyType(
    {
        **dict.fromkeys((exp.LT, exp.LTE, exp.GT, exp.GTE), _compared),
        exp.Between: _between,
        exp.EQ: _equal,
        exp.NEQ: _different,
        exp.NullSafeEQ: _same,
        exp.NullSafeNEQ: _same,
        exp.In: _one_of,
        exp.Nullif: _unless,
        exp.Case: _case,
    }
)
