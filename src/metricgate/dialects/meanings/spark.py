"""Databricks and Spark: spans of time count whole ones only, casts cut off, a backslash escapes in LIKE."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from sqlglot import exp
from sqlglot.errors import UnsupportedError

from metricgate.dialects.kinds import MAY_HAVE_FRACTIONS, NUMBERS, TIMES, ValueKind
from metricgate.dialects.meanings import shared
from metricgate.dialects.meanings.way import Way, Writing
from metricgate.dialects.meanings.words import words
from metricgate.dialects.trees import literal

_NAME = "databricks"

_PARTS = {
    "YEAR": "YEAR(x)",
    "QUARTER": "QUARTER(x)",
    "MONTH": "MONTH(x)",
    "WEEK": "WEEKOFYEAR(x)",
    "DAY": "DAYOFMONTH(x)",
    "DOW": "DAYOFWEEK(x) - 1",
    "ISODOW": "(DAYOFWEEK(x) + 5) % 7 + 1",
    "DOY": "DAYOFYEAR(x)",
    "ISOYEAR": "YEAR(DATE_ADD(CAST(x AS DATE), 3 - (DAYOFWEEK(x) + 5) % 7))",
    "HOUR": "HOUR(x)",
    "MINUTE": "MINUTE(x)",
    "SECOND": "SECOND(x)",
    "MILLISECOND": "CAST(FLOOR(EXTRACT(SECOND FROM x) * 1000) AS BIGINT)",
    "MICROSECOND": "CAST(EXTRACT(SECOND FROM x) * 1000000 AS BIGINT)",
    "EPOCH": "UNIX_MICROS(CAST(x AS TIMESTAMP)) / 1000000",
}
_DAYS = "DATEDIFF(CAST(x AS DATE), CAST(y AS DATE))"
_COUNTED = {
    "DAY": _DAYS,
    "WEEK": f"{_DAYS} DIV 7",
    "MONTH": "(YEAR(x) * 12 + MONTH(x)) - (YEAR(y) * 12 + MONTH(y))",
    "QUARTER": "(YEAR(x) * 4 + QUARTER(x)) - (YEAR(y) * 4 + QUARTER(y))",
    "YEAR": "YEAR(x) - YEAR(y)",
}
_MICROS = {
    "HOUR": 3_600_000_000,
    "MINUTE": 60_000_000,
    "SECOND": 1_000_000,
    "MILLISECOND": 1_000,
    "MICROSECOND": 1,
}


def _write_part(node: exp.Expr, way: Way) -> exp.Expr:
    name, time = shared.part_of(node)
    return words(_NAME, _PARTS[name], x=way.write(time))


def _write_truncation(node: exp.Expr, way: Way) -> exp.Expr:
    unit, time = shared.unit_of(node), way.write(node.this)
    if unit == "DAY":
        return words(_NAME, "CAST(x AS DATE)", x=time)
    cut = exp.Anonymous(this="DATE_TRUNC", expressions=[literal(unit), time])
    kind = "DATE" if unit in _COUNTED else "TIMESTAMP_NTZ"
    return exp.Cast(this=cut, to=exp.DataType.build(kind, "databricks"))


def _write_units_between(node: exp.Expr, way: Way) -> exp.Expr:
    unit, end, start = shared.unit_of(node), way.write(node.this), way.write(node.args["expression"])
    if unit in _COUNTED:
        return words(_NAME, _COUNTED[unit], x=end, y=start)
    micros = "FLOOR(UNIX_MICROS(CAST({side} AS TIMESTAMP)) / n)"
    text = f"CAST({micros.format(side='x')} - {micros.format(side='y')} AS BIGINT)"
    return words(_NAME, text, x=end, y=start, n=literal(_MICROS[unit]))


def _write_difference(node: exp.Expr, way: Way) -> exp.Expr:
    shared.no_span(node, way)
    kinds = (way.kind(node.this), way.kind(node.args["expression"]))
    if any(each in TIMES for each in kinds) and ValueKind.INTERVAL not in kinds:
        return words(_NAME, _DAYS, x=way.write(node.this), y=way.write(node.args["expression"]))
    return shared.moved_date(node, way)


def _write_cast(node: exp.Expr, way: Way) -> exp.Expr:
    target, kind = node.args["to"], way.kind(node.this)
    value = way.write(node.this)
    length = shared.length_of(target)
    if target.this in shared.TEXTS:
        whole = words(_NAME, "CAST(x AS STRING)", x=value)
        return whole if length is None else words(_NAME, "LEFT(x, n)", x=whole, n=literal(length))
    if target.this is exp.DType.BOOLEAN and kind in NUMBERS:
        return words(_NAME, "x <> 0", x=value)
    if shared.is_whole(target) and kind is ValueKind.TEXT:
        return _whole_of(value, target, exp.Cast)
    if shared.is_whole(target) and kind in MAY_HAVE_FRACTIONS:
        value = words(_NAME, "BROUND(x)" if kind is ValueKind.DOUBLE else "ROUND(x)", x=value)
    if target.this in shared.TIMESTAMPS:
        return exp.Cast(this=value, to=exp.DataType.build("TIMESTAMP_NTZ", "databricks"))
    return exp.Cast(this=value, to=shared.decimal_with_digits(target))


def _try_cast(node: exp.Expr, way: Way) -> exp.Expr:
    target = node.args["to"]
    pattern = shared.pattern_of(target)
    if pattern is None or way.kind(node.this) not in {ValueKind.TEXT, ValueKind.UNKNOWN}:
        return way.plain(node)
    value = words(_NAME, "CAST(x AS STRING)", x=way.write(node.this))
    made = _whole_of(value, target, exp.TryCast)
    if not shared.is_whole(target):
        made = exp.TryCast(this=value, to=shared.decimal_with_digits(target))
    return words(_NAME, "CASE WHEN RLIKE(x, p) THEN v END", x=value, p=literal(pattern), v=made)


def _whole_of(text: exp.Expr, target: exp.DataType, cast: type[exp.Cast]) -> exp.Expr:
    """A text's number, rounded; one with an exponent is no decimal everywhere."""
    exact, scientific = (
        cast(this=words(_NAME, "ROUND(v)", v=cast(this=text.copy(), to=exp.DataType.build(kind))), to=target.copy())
        for kind in ("DECIMAL(38, 9)", "DOUBLE")
    )
    return words(_NAME, "CASE WHEN RLIKE(x, '[eE]') THEN s ELSE e END", x=text, s=scientific, e=exact)


def _cut_off(node: exp.Expr, way: Way) -> exp.Expr:
    return shared.cut_off(node, way, _NAME)


def _write_interval(node: exp.Expr, way: Way) -> exp.Expr:
    found = way.plain(node)
    if found.args["unit"].name.upper() == "QUARTER":
        found.set("this", literal(str(3 * int(found.this.name))))
        found.set("unit", exp.Var(this="MONTH"))
    return found


def _write_like(node: exp.Expr, way: Way) -> exp.Expr:
    return shared.like_by_the_letter(node, way, lambda pattern: words(_NAME, r"REPLACE(p, '\\', '\\\\')", p=pattern))


def _write_substring(node: exp.Expr, way: Way) -> exp.Expr:
    value, start, length = way.write(node.this), node.args["start"], node.args.get("length")
    place = way.write(start)
    if (shared.whole_number(start) or 0) <= 0:
        place = words(_NAME, "CASE WHEN p < 0 THEN CHAR_LENGTH(s) + 1 + p ELSE p END", p=place, s=value)
    if length is None:
        return words(_NAME, "SUBSTRING(s, CAST(CASE WHEN p < 1 THEN 1 ELSE p END AS INT))", s=value, p=place)
    text = (
        "SUBSTRING(s, CAST(CASE WHEN p < 1 THEN 1 ELSE p END AS INT),"
        " CAST(CASE WHEN n <= 0 THEN 0 WHEN p > 0 THEN n WHEN n + p - 1 < 0 THEN 0 ELSE n + p - 1 END AS INT))"
    )
    return words(_NAME, text, s=value, p=place, n=way.write(length))


def _write_text_end(node: exp.Expr, way: Way) -> exp.Expr:
    value, number = way.write(node.this), way.write(node.args["expression"])
    if (shared.whole_number(node.args["expression"]) or -1) < 0:
        text = (
            "CAST(CASE WHEN n >= 0 THEN n WHEN CHAR_LENGTH(s) + n > 0 THEN CHAR_LENGTH(s) + n WHEN n < 0 THEN 0 END"
            " AS INT)"
        )
        number = words(_NAME, text, n=number, s=value)
    return type(node)(this=value, expression=number)


def _write_split_part(node: exp.Expr, way: Way) -> exp.Expr:
    if shared.whole_number(node.args["part_index"]) == 0:
        return words(_NAME, "LEFT(x, 0)", x=way.write(node.this))
    return way.plain(node)


def _write_regex_match(node: exp.Expr, way: Way) -> exp.Expr:
    if node.args.get("flag") is not None:
        raise UnsupportedError("REGEXP_LIKE takes no flags; write (?i) before the pattern")
    return way.plain(node)


def _write_day(node: exp.Expr, way: Way) -> exp.Expr:
    return words(_NAME, "CAST(x AS DATE)", x=way.write(node.this))


def _whole_division(node: exp.Expr, way: Way) -> exp.Expr:
    return words(_NAME, "x DIV y", x=way.write(node.this), y=way.write(node.args["expression"]))


TABLE: Mapping[type[exp.Expr], Writing] = MappingProxyType(
    {
        **shared.numeric(_NAME, "DOUBLE", exact=True),
        **dict.fromkeys((*shared.PARTS, exp.Extract), _write_part),
        exp.Add: shared.moved_date,
        exp.Sub: _write_difference,
        exp.IntDiv: _whole_division,
        exp.Greatest: shared.passing_over_nulls,
        exp.Least: shared.passing_over_nulls,
        exp.AtTimeZone: shared.NO_ZONE,
        exp.Interval: _write_interval,
        exp.Trunc: _cut_off,
        exp.Cast: _write_cast,
        exp.TryCast: _try_cast,
        exp.DateTrunc: _write_truncation,
        exp.TimestampTrunc: _write_truncation,
        exp.DateDiff: _write_units_between,
        exp.Date: _write_day,
        exp.Substring: _write_substring,
        exp.Left: _write_text_end,
        exp.Right: _write_text_end,
        exp.SplitPart: _write_split_part,
        exp.RegexpLike: _write_regex_match,
        exp.Like: _write_like,
        exp.ILike: _write_like,
    }
)
