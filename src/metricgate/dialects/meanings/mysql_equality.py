"""Equality in MariaDB and MySQL: trailing spaces count, as they do everywhere else."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import cast

from sqlglot import exp

from metricgate.dialects.kinds import ValueKind
from metricgate.dialects.meanings.compared import check, truth_of
from metricgate.dialects.meanings.way import Way, Writing
from metricgate.dialects.padded_texts import ends_alike, ends_like, in_order, is_one_of, spaces_after
from metricgate.dialects.trees import all_of, any_of, operand

_TEXTUAL = frozenset({ValueKind.TEXT, ValueKind.UNKNOWN})


def _padded(way: Way, *sides: exp.Expr) -> bool:
    return all(way.kind(each) in _TEXTUAL for each in sides)


def _alike(left: exp.Expr, right: exp.Expr, way: Way) -> exp.Expr:
    """The condition that both sides end in as many spaces."""
    for one, other in ((left, right), (right, left)):
        text = way.text(other)
        if text is not None:
            return ends_like(way.write(one), text)
    return ends_alike(way.write(left), way.write(right))


def _write_sides(node: exp.Expr, way: Way) -> tuple[exp.Expr, exp.Expr]:
    """The sides of a comparison; a text would be read as a number beside one, and as 0 where it is none."""
    left, right = node.this, node.args["expression"]
    check(way, left, right)
    return truth_of(way, left, right), truth_of(way, right, left)


def _write_comparison(node: exp.Expr, way: Way) -> exp.Expr:
    left, right = _write_sides(node, way)
    kind = cast("type[exp.Binary]", type(node))
    if not _padded(way, left, right):
        return kind(this=way.write(left), expression=way.write(right))
    return in_order(kind, way.write(left), way.write(right), way.text(right))


def _write_between(node: exp.Expr, way: Way) -> exp.Expr:
    low, high = node.args["low"], node.args["high"]
    check(way, node.this, low, high)
    if not _padded(way, node.this, low, high):
        return way.plain(node)
    ends = ((exp.GTE, low), (exp.LTE, high))
    return all_of([in_order(kind, way.write(node.this), way.write(end), way.text(end)) for kind, end in ends])


def _write_equality(node: exp.Expr, way: Way) -> exp.Expr:
    left, right = _write_sides(node, way)
    if not _padded(way, left, right):
        return exp.EQ(this=way.write(left), expression=way.write(right))
    return exp.Paren(this=all_of([way.plain(node), _alike(left, right, way)]))


def _different(node: exp.Expr, way: Way) -> exp.Expr:
    left, right = _write_sides(node, way)
    if not _padded(way, left, right):
        return exp.NEQ(this=way.write(left), expression=way.write(right))
    return exp.Paren(this=any_of([way.plain(node), exp.Not(this=exp.Paren(this=_alike(left, right, way)))]))


def _write_null_safe_equality(node: exp.Expr, way: Way) -> exp.Expr:
    left, right = _write_sides(node, way)
    found: exp.Expr = exp.NullSafeEQ(this=operand(way.write(left)), expression=operand(way.write(right)))
    if _padded(way, left, right):
        ends = exp.NullSafeEQ(this=spaces_after(way.write(left)), expression=spaces_after(way.write(right)))
        found = exp.Paren(this=all_of([found, ends]))
    return exp.Not(this=exp.Paren(this=found)) if isinstance(node, exp.NullSafeNEQ) else found


def _one_of(node: exp.Expr, way: Way) -> exp.Expr:
    check(way, node.this, *node.expressions)
    values = node.expressions
    texts = [each for each in values if way.kind(each) in _TEXTUAL]
    if not texts or not _padded(way, node.this):
        return way.plain(node)
    written = [(each.name, way.write(each)) for each in texts if way.text(each) is not None]
    parts = [is_one_of(way.write(node.this), written)] if written else []
    parts += [
        _write_equality(exp.EQ(this=node.this, expression=each), way) for each in values if way.text(each) is None
    ]
    return exp.Paren(this=any_of(parts))


def _unless(node: exp.Expr, way: Way) -> exp.Expr:
    left, right = _write_sides(node, way)
    if not _padded(way, left, right):
        return way.plain(node)
    equal = _write_equality(exp.EQ(this=left.copy(), expression=right.copy()), way)
    return exp.Case(ifs=[exp.If(this=equal, true=exp.Null())], default=way.write(left))


def _write_case(node: exp.Expr, way: Way) -> exp.Expr:
    value = node.this
    if value is None or not _padded(way, value):
        return way.plain(node)
    ifs = [
        exp.If(
            this=_write_equality(exp.EQ(this=value.copy(), expression=each.this.copy()), way),
            true=way.write(each.args["true"]),
        )
        for each in node.args["ifs"]
    ]
    default = node.args.get("default")
    return exp.Case(ifs=ifs, default=None if default is None else way.write(default))


EQUALITY: Mapping[type[exp.Expr], Writing] = MappingProxyType(
    {
        **dict.fromkeys((exp.LT, exp.LTE, exp.GT, exp.GTE), _write_comparison),
        exp.Between: _write_between,
        exp.EQ: _write_equality,
        exp.NEQ: _different,
        exp.NullSafeEQ: _write_null_safe_equality,
        exp.NullSafeNEQ: _write_null_safe_equality,
        exp.In: _one_of,
        exp.Nullif: _unless,
        exp.Case: _write_case,
    }
)
