"""MariaDB and MySQL: no DATE_TRUNC, no units in DATEDIFF, no booleans, and texts are padded where they are compared."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from sqlglot import exp
from sqlglot.errors import UnsupportedError

from metricgate.dialects.kinds import TIMES, ValueKind
from metricgate.dialects.meanings import shared
from metricgate.dialects.meanings.compared import numbers_only
from metricgate.dialects.meanings.mysql_equality import EQUALITY
from metricgate.dialects.meanings.mysql_texts import TEXTS
from metricgate.dialects.meanings.mysql_times import TIMES_OF_MYSQL
from metricgate.dialects.meanings.way import Way, Writing
from metricgate.dialects.meanings.words import words
from metricgate.dialects.trees import literal

_NAME = "mysql"
_EXACT = (ValueKind.INTEGER, ValueKind.DECIMAL)


def _whole_division(node: exp.Expr, way: Way) -> exp.Expr:
    return words(_NAME, "x DIV y", x=way.write(node.this), y=way.write(node.args["expression"]))


def _write_difference(node: exp.Expr, way: Way) -> exp.Expr:
    """Dates are numbers to MariaDB, like 20240131; a column that may hold them is looked at."""
    shared.no_span(node, way)
    left, right = node.this, node.args["expression"]
    kinds = (way.kind(left), way.kind(right))
    if any(each in TIMES for each in kinds) and ValueKind.INTERVAL not in kinds:
        return words(_NAME, "DATEDIFF(x, y)", x=way.write(left), y=way.write(right))
    if kinds == (ValueKind.UNKNOWN, ValueKind.UNKNOWN):
        return words(_NAME, _DAYS_OR_NUMBER, x=way.write(left), y=way.write(right))
    return way.plain(node)


_DAYS_OR_NUMBER = (
    "CASE WHEN x IS NULL OR y IS NULL THEN NULL"
    " WHEN CAST(x AS CHAR) LIKE '____-__-__' AND CAST(y AS CHAR) LIKE '____-__-__' THEN DATEDIFF(x, y)"
    " WHEN CAST(x AS CHAR) LIKE '____-__-__%' OR CAST(y AS CHAR) LIKE '____-__-__%'"
    " THEN 9223372036854775807 + CHAR_LENGTH(x)"
    " ELSE x - y END"
)
"""Timestamps have no number between them: before their digits are subtracted, the question fails on a large number."""


def _write_rounded(node: exp.Expr, way: Way) -> exp.Expr:
    """Halves go away from zero, of a double too, which MariaDB rounds to the even one.

    What may be either is rounded so by hand, and then by ROUND, which gives a decimal its digits and leaves a double.
    """
    value, digits = way.write(node.this), node.args.get("decimals")
    count = 0 if digits is None else shared.whole_number(digits)
    if way.kind(node.this) in _EXACT or count is None:
        return way.plain(node)
    half = "TRUNCATE(x, 0) + CASE WHEN ABS(x - TRUNCATE(x, 0)) >= 0.5 THEN SIGN(x) ELSE 0 END"
    if count == 0:
        return words(_NAME, f"ROUND({half})", x=value)
    power, part = literal(10 ** abs(count)), exp.Literal.number(f"0.{'1'.rjust(abs(count), '0')}")
    there, back = (power, part) if count > 0 else (part, power)
    scaled = words(_NAME, "x * p", x=value, p=there)
    whole = words(_NAME, half, x=scaled)
    number = literal(count) if count > 0 else exp.Neg(this=literal(-count))
    return words(_NAME, "ROUND(x * p, n)", x=whole, p=back, n=number)


_FAILURE = "EXP(1000 + CHAR_LENGTH(x))"
"""Beyond a double: MariaDB fails a question over that, and over no cast. The adapter's ``errors`` knows it."""


def _write_cast(node: exp.Expr, way: Way) -> exp.Expr:
    """A text that is none of the type fails the question, as on other engines; MariaDB would make it 0, or NULL.

    So does what may be a text.
    """
    made = _made(node, way)
    pattern = shared.pattern_of(node.args["to"])
    if (
        pattern is None
        or way.kind(node.this) not in {ValueKind.TEXT, ValueKind.UNKNOWN}
        or way.text(node.this) is not None
    ):
        return made
    value, failure = way.write(node.this), words(_NAME, _FAILURE, x=way.write(node.this))
    if pattern == shared.NUMBER:
        text = "CASE WHEN x IS NULL THEN NULL ELSE COALESCE(v, f) END"
    else:
        text = "CASE WHEN REGEXP_INSTR(x, p) > 0 THEN COALESCE(v, f) WHEN x IS NOT NULL THEN f END"
    fails = exp.Cast(this=failure, to=_target(node.args["to"]))
    return words(_NAME, text, x=value, v=made, f=fails, p=literal(shared.MOMENT))


def _target(to: exp.DataType) -> exp.DataType:
    if shared.is_whole(to):
        return exp.DataType.build("SIGNED", "mysql")
    if to.this in shared.TIMESTAMPS:
        return exp.DataType.build("DATETIME(6)", "mysql")
    return shared.decimal_with_digits(to)


def _made(node: exp.Expr, way: Way) -> exp.Expr:
    target, kind = node.args["to"], way.kind(node.this)
    value = way.write(node.this)
    if target.this is exp.DType.BOOLEAN:
        return value if kind is ValueKind.BOOLEAN else _as_boolean(value, kind)
    if target.this in shared.TEXTS:
        return _cast_to_text(value, kind, shared.length_of(target))
    if target.this is exp.DType.TIMESTAMPTZ or target.this in shared.TIMESTAMPS:
        return words(_NAME, "CAST(x AS DATETIME(6))", x=value)
    if target.this is exp.DType.INTERVAL:
        raise UnsupportedError("there is no type for intervals; add or subtract INTERVAL '1' DAY")
    if shared.pattern_of(target) == shared.NUMBER:
        return _cast_to_number(value, kind, target, pattern=shared.NUMBER)
    return exp.Cast(this=value, to=target.copy())


def _as_boolean(value: exp.Expr, kind: ValueKind) -> exp.Expr:
    if kind in {ValueKind.INTEGER, ValueKind.DECIMAL, ValueKind.DOUBLE}:
        return words(_NAME, "x <> 0", x=value)
    text = (
        "CASE WHEN LOWER(x) IN ('true', 't', 'yes', 'y') THEN TRUE"
        " WHEN LOWER(x) IN ('false', 'f', 'no', 'n') THEN FALSE WHEN REGEXP_INSTR(x, '^-?[0-9.]+$') > 0 THEN x <> 0 END"
    )
    return words(_NAME, text, x=value)


def _cast_to_text(value: exp.Expr, kind: ValueKind, length: int | None) -> exp.Expr:
    if kind is ValueKind.BOOLEAN:
        value = words(_NAME, "CASE WHEN x THEN 'true' WHEN NOT x THEN 'false' END", x=value)
    whole = words(_NAME, "CAST(x AS CHAR)", x=value)
    return whole if length is None else words(_NAME, "LEFT(x, n)", x=whole, n=literal(length))


def _cast_to_number(value: exp.Expr, kind: ValueKind, target: exp.DataType, *, pattern: str) -> exp.Expr:
    """NULL for a text that is no number, which would be 0 without a word, and for a number beyond the type."""
    cast = _write_number(value, kind, target)
    bounds = shared.in_range(target)
    if bounds is not None and target.this is exp.DType.DECIMAL:
        digits = shared.digits_of(target)[1]
        limits = {"n": literal(digits), "l": exp.Literal.number(bounds[0]), "h": exp.Literal.number(bounds[1])}
        cast = words(_NAME, "CASE WHEN ROUND(x, n) > l AND ROUND(x, n) < h THEN v END", x=value, v=cast, **limits)
    elif bounds is not None and target.this is not exp.DType.BIGINT:
        limits = {"l": exp.Literal.number(bounds[0]), "h": exp.Literal.number(bounds[1])}
        cast = words(_NAME, "CASE WHEN v BETWEEN l AND h THEN v END", v=cast, **limits)
    if kind not in {ValueKind.TEXT, ValueKind.UNKNOWN}:
        return cast
    return words(_NAME, "CASE WHEN REGEXP_INSTR(x, p) > 0 THEN v END", x=value, p=literal(pattern), v=cast)


def _write_number(value: exp.Expr, kind: ValueKind, target: exp.DataType) -> exp.Expr:
    if target.this in shared.FLOATS:
        return exp.Cast(this=value, to=target.copy())
    if target.this is exp.DType.DECIMAL:
        return exp.Cast(this=value, to=shared.decimal_with_digits(target))
    if kind is ValueKind.TEXT:  # only the digits before the point would be read
        value = words(_NAME, "CAST(x AS DECIMAL(40, 10))", x=value)
    elif kind is ValueKind.UNKNOWN:
        value = exp.Round(this=value)
    return words(_NAME, "CAST(x AS SIGNED)", x=value)


def _try_cast(node: exp.Expr, way: Way) -> exp.Expr:
    target, kind = node.args["to"], way.kind(node.this)
    pattern = shared.pattern_of(target)
    if pattern in {None, shared.NUMBER} or kind not in {ValueKind.TEXT, ValueKind.UNKNOWN}:
        return _made(node, way)
    value = way.write(node.this)
    made = words(_NAME, "CAST(x AS DATE)" if pattern == shared.DAY else "CAST(x AS DATETIME(6))", x=value)
    return words(_NAME, "CASE WHEN REGEXP_INSTR(x, p) > 0 THEN v END", x=value, p=literal(pattern), v=made)


_TABLE: Mapping[type[exp.Expr], Writing] = MappingProxyType(
    {
        **shared.numeric(_NAME, "DOUBLE", exact=True),
        **TIMES_OF_MYSQL,
        **TEXTS,
        **EQUALITY,
        exp.Sub: _write_difference,
        exp.IntDiv: _whole_division,
        exp.Round: _write_rounded,
        exp.Greatest: shared.passing_over_nulls,
        exp.Least: shared.passing_over_nulls,
        exp.Cast: _write_cast,
        exp.TryCast: _try_cast,
        exp.AtTimeZone: shared.NO_ZONE,
    }
)
_OF_NUMBERS = (
    *(exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod, exp.IntDiv, exp.Neg, exp.Abs, exp.Sign, exp.Ceil, exp.Floor),
    *(exp.Round, exp.Trunc, exp.Sqrt, exp.Exp, exp.Ln, exp.Pow),
)
TABLE: Mapping[type[exp.Expr], Writing] = MappingProxyType(
    {**_TABLE, **{each: numbers_only(_TABLE.get(each)) for each in _OF_NUMBERS}}
)
