"""DataFusion: PostgreSQL's words, but for signs, whole division, what has elapsed, casts, and LIKE's own backslash."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from sqlglot import exp
from sqlglot.errors import UnsupportedError

from metricgate.dialects.kinds import ValueKind
from metricgate.dialects.meanings import postgres, shared
from metricgate.dialects.meanings.way import Way, Writing
from metricgate.dialects.meanings.words import words
from metricgate.dialects.trees import literal

_NAME = "postgres"
"""Of our texts."""
_TRIED = "ARROW_TRY_CAST(TRIM(x), 'Decimal128(38, 10)')"
_ARROW = {exp.DType.SMALLINT: "Int16", exp.DType.INT: "Int32", exp.DType.BIGINT: "Int64"}


def _write_sign(node: exp.Expr, way: Way) -> exp.Expr:
    return words(_NAME, "CASE WHEN x > 0 THEN 1 WHEN x < 0 THEN -1 WHEN x = 0 THEN 0 END", x=way.write(node.this))


def _whole_division(node: exp.Expr, way: Way) -> exp.Expr:
    left, right = node.this, node.args["expression"]
    whole = way.kind(left) is way.kind(right) is ValueKind.INTEGER
    text = "CAST(x / y AS BIGINT)" if whole else "CAST(TRUNC(CAST(x AS DOUBLE PRECISION) / y) AS BIGINT)"
    return words(_NAME, text, x=way.write(left), y=way.write(right))


def _write_rounded(node: exp.Expr, way: Way) -> exp.Expr:
    """ROUND takes halves away from zero, of doubles too."""
    return way.plain(node)


_MICROSECONDS = (
    "ARROW_CAST(ARROW_CAST(DATE_TRUNC('{unit}', CAST({time} AS TIMESTAMP)), 'Timestamp(Microsecond, None)'), 'Int64')"
)
_SIZES = {"HOUR": 3_600_000_000, "MINUTE": 60_000_000, "SECOND": 1_000_000, "MILLISECOND": 1_000, "MICROSECOND": 1}


def _write_units_between(node: exp.Expr, way: Way) -> exp.Expr:
    """Days between are whole numbers here, and so is their division; spans know whole seconds only."""
    unit = shared.unit_of(node)
    sides = {"x": way.write(node.this), "y": way.write(node.args["expression"])}
    if unit == "WEEK":
        return words(_NAME, "(CAST(x AS DATE) - CAST(y AS DATE)) / 7", **sides)
    if unit not in _SIZES:
        return postgres.TABLE[exp.DateDiff](node, way)
    since_1970 = [_MICROSECONDS.format(unit=unit.lower(), time=each) for each in sides]
    return words(_NAME, f"({since_1970[0]} - {since_1970[1]}) / {_SIZES[unit]}", **sides)


def _write_cast(node: exp.Expr, way: Way) -> exp.Expr:
    target, kind = node.args["to"], way.kind(node.this)
    length = shared.length_of(target)
    if length is not None:
        whole = exp.Cast(this=node.this.copy(), to=exp.DataType(this=exp.DType.TEXT))
        return exp.Left(this=postgres.TABLE[exp.Cast](whole, way), expression=literal(length))
    if not shared.is_whole(target) or kind in {ValueKind.INTEGER, ValueKind.BOOLEAN}:
        return postgres.TABLE[exp.Cast](node, way)
    value = way.write(node.this)
    if kind is ValueKind.UNKNOWN:
        value = words(_NAME, "CAST(x AS TEXT)", x=value)
    if kind is ValueKind.DOUBLE:
        text = "CASE WHEN ABS(x - TRUNC(x)) = 0.5 THEN 2 * ROUND(x / 2) ELSE ROUND(x) END"
    else:
        exact = "CAST(x AS DECIMAL(38, 10))"
        if kind is not ValueKind.DECIMAL:  # an exponent is for doubles only
            exact = f"COALESCE({_TRIED}, CAST(CAST(x AS DOUBLE PRECISION) AS DECIMAL(38, 10)))"
        text = f"ROUND({exact})"
    return exp.Cast(this=words(_NAME, text, x=value), to=target.copy())


def _try_cast(node: exp.Expr, way: Way) -> exp.Expr:
    target, kind = node.args["to"], way.kind(node.this)
    pattern = shared.pattern_of(target)
    if pattern != shared.NUMBER or kind not in {ValueKind.TEXT, ValueKind.UNKNOWN}:
        return postgres.TABLE[exp.TryCast](node, way) if target.this not in shared.TEXTS else _write_cast(node, way)
    text = words(_NAME, "CAST(x AS TEXT)", x=way.write(node.this))
    if target.this in shared.FLOATS:
        made = words(_NAME, "ARROW_TRY_CAST(TRIM(x), 'Float64')", x=text)
    else:
        digits, after = shared.digits_of(target) if target.this is exp.DType.DECIMAL else (0, 0)
        arrow = _ARROW.get(target.this, f"Decimal128({digits}, {after})")
        number = f"COALESCE({_TRIED}, ARROW_TRY_CAST(ARROW_TRY_CAST(TRIM(x), 'Float64'), 'Decimal128(38, 10)'))"
        made = words(_NAME, f"ARROW_TRY_CAST(ROUND({number}, n), t)", x=text, n=literal(after), t=literal(arrow))
    return words(_NAME, "CASE WHEN x ~ p THEN v END", x=text, p=literal(pattern), v=made)


def _write_like(node: exp.Expr, way: Way) -> exp.Expr:
    return shared.like_by_the_letter(node, way, lambda pattern: words(_NAME, r"REPLACE(p, '\', '\\')", p=pattern))


def _escape(node: exp.Expr, way: Way) -> exp.Expr:
    """No escape but the backslash is known: a written pattern is given that one."""
    like, sign = node.this, way.text(node.args["expression"])
    pattern = None if not isinstance(like, (exp.Like, exp.ILike)) else way.text(like.args["expression"])
    if pattern is None or sign is None or len(sign) != 1:
        raise UnsupportedError("LIKE ... ESCAPE takes a written pattern here; write it with STARTS_WITH or STRPOS")
    found, rest = "", iter(pattern)
    for letter in rest:
        plain = next(rest, "") if letter == sign else letter
        found += f"\\{plain}" if plain == "\\" or (letter == sign and plain in {"%", "_"}) else plain
    kind = exp.Like if isinstance(like, exp.Like) else exp.ILike
    return kind(this=way.write(like.this), expression=literal(found))


TABLE: Mapping[type[exp.Expr], Writing] = MappingProxyType(
    {
        **postgres.TABLE,
        exp.Sign: _write_sign,
        exp.IntDiv: _whole_division,
        exp.Round: _write_rounded,
        exp.DateDiff: _write_units_between,
        exp.Cast: _write_cast,
        exp.TryCast: _try_cast,
        exp.Like: _write_like,
        exp.ILike: _write_like,
        exp.Escape: _escape,
    }
)
