"""DuckDB: most words mean what it makes of them; NaN, infinity, lengths of texts and whole division do not."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from sqlglot import exp
from sqlglot.errors import UnsupportedError

from metricgate.dialects.kinds import BELOW_A_DAY, ValueKind
from metricgate.dialects.meanings import shared
from metricgate.dialects.meanings.way import Way, Writing
from metricgate.dialects.meanings.words import words
from metricgate.dialects.trees import literal

_NAME = "duckdb"


def _whole_division(node: exp.Expr, way: Way) -> exp.Expr:
    left, right = node.this, node.args["expression"]
    text = "x // y" if way.kind(left) is way.kind(right) is ValueKind.INTEGER else "CAST(TRUNC(x / y) AS BIGINT)"
    return words(_NAME, text, x=way.write(left), y=way.write(right))


def _write_cast(node: exp.Expr, way: Way) -> exp.Expr:
    length = shared.length_of(node.args["to"])
    if length is None:
        return way.plain(node)
    return words(_NAME, "LEFT(CAST(x AS TEXT), n)", x=way.write(node.this), n=literal(length))


def _try_cast(node: exp.Expr, way: Way) -> exp.Expr:
    """What it reads beyond plain numbers and days (``0x1F``, ``1_000``) no other engine reads."""
    target = node.args["to"]
    tried = way.plain(node)
    if target.this in shared.TEXTS:
        return _write_cast(node, way)
    pattern = shared.pattern_of(target)
    if pattern is None or way.kind(node.this) not in {ValueKind.TEXT, ValueKind.UNKNOWN}:
        return tried
    text = "CASE WHEN REGEXP_MATCHES(CAST(x AS TEXT), p) THEN v END"
    return words(_NAME, text, x=way.write(node.this), p=literal(pattern), v=tried)


def _write_truncation(node: exp.Expr, way: Way) -> exp.Expr:
    unit, time = shared.unit_of(node), way.write(node.this)
    if unit == "DAY":
        return exp.Cast(this=time, to=exp.DataType(this=exp.DType.DATE))
    cut = exp.TimestampTrunc(this=time, unit=exp.Var(this=unit))
    return cut if unit in BELOW_A_DAY else exp.Cast(this=cut, to=exp.DataType(this=exp.DType.DATE))


def _write_trim(node: exp.Expr, way: Way) -> exp.Expr:
    """Without characters it takes away every kind of space that Unicode has."""
    found = way.plain(node)
    if found.args.get("expression") is None:
        found.set("expression", literal(" "))
    return found


def _write_substring(node: exp.Expr, way: Way) -> exp.Expr:
    found = way.plain(node)
    length = node.args.get("length")
    if length is not None:
        known = shared.whole_number(length)
        found.set("length", literal(max(known, 0)) if known is not None else _at_least_zero(found.args["length"]))
    return found


def _at_least_zero(tree: exp.Expr) -> exp.Expr:
    return words(_NAME, "CASE WHEN n < 0 THEN 0 ELSE n END", n=tree)


def _product(node: exp.Expr, way: Way) -> exp.Expr:
    """Of two decimals of up to 18 digits it has 18, and fails beyond: one factor is given more digits first."""
    sides = (node.this, node.args["expression"])
    kinds = {way.kind(each) for each in sides}
    if ValueKind.DECIMAL not in kinds or not kinds <= {ValueKind.DECIMAL, ValueKind.INTEGER}:
        return way.plain(node)
    if _places(node) > _MOST_PLACES:
        raise UnsupportedError(
            f"a product of decimals with more than {_MOST_PLACES} digits after the point;"
            " cast a factor to one with fewer, or to DOUBLE"
        )
    left, right = (way.write(each) for each in sides)
    if isinstance(sides[0].unnest(), exp.Mul) and way.kind(sides[0]) is ValueKind.DECIMAL:
        return exp.Mul(this=left, expression=right)
    return words(_NAME, "x * CAST(1 AS DECIMAL(19, 0)) * y", x=left, y=right)


_MOST_PLACES = 38


def _places(node: exp.Expr) -> int:
    """Return how many digits after the point a number has at least, as far as the text tells."""
    if isinstance(node, (exp.Paren, exp.Neg)):
        return _places(node.this)
    if isinstance(node, exp.Mul):
        return _places(node.this) + _places(node.expression)
    if isinstance(node, (exp.Add, exp.Sub)):
        return max(_places(node.this), _places(node.expression))
    if isinstance(node, (exp.Cast, exp.TryCast)) and node.to.this is exp.DType.DECIMAL:
        return shared.digits_of(node.to)[1]
    if isinstance(node, exp.Literal) and not node.is_string:
        return len(node.name.partition(".")[2])
    return 0


def _write_difference(node: exp.Expr, way: Way) -> exp.Expr:
    shared.no_span(node, way)
    return shared.moved_date(node, way)


def _write_part(node: exp.Expr, way: Way) -> exp.Expr:
    name, time = shared.part_of(node)
    return exp.Extract(this=exp.Var(this=name), expression=way.write(time))


TABLE: Mapping[type[exp.Expr], Writing] = MappingProxyType(
    {
        **shared.numeric(_NAME, "DOUBLE", exact=False),
        exp.Add: shared.moved_date,
        exp.Sub: _write_difference,
        exp.Mul: _product,
        exp.IntDiv: _whole_division,
        exp.Cast: _write_cast,
        exp.TryCast: _try_cast,
        exp.DateTrunc: _write_truncation,
        exp.TimestampTrunc: _write_truncation,
        exp.Trim: _write_trim,
        exp.Substring: _write_substring,
        exp.Week: _write_part,
    }
)
