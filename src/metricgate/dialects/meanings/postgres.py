"""PostgreSQL: ROUND and TRUNC to digits are for NUMERIC only, parts of times have fractions, there is no DATEDIFF."""

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

_NAME = "postgres"
_EXACT = (ValueKind.INTEGER, ValueKind.DECIMAL)


def _whole_division(node: exp.Expr, way: Way) -> exp.Expr:
    text = "CAST(DIV(CAST(x AS DECIMAL), CAST(y AS DECIMAL)) AS BIGINT)"
    return words(_NAME, text, x=way.write(node.this), y=way.write(node.args["expression"]))


def _write_remainder(node: exp.Expr, way: Way) -> exp.Expr:
    left, right = node.this, node.args["expression"]
    if ValueKind.DOUBLE not in {way.kind(left), way.kind(right)}:
        return way.plain(node)
    sides = [words(_NAME, "CAST(x AS DOUBLE PRECISION)", x=way.write(each)) for each in (left, right)]
    return words(_NAME, "x - y * TRUNC(x / y)", x=sides[0], y=sides[1])


def _write_rounded(node: exp.Expr, way: Way) -> exp.Expr:
    """Halves go away from zero, of a double too, which PostgreSQL rounds to the even one."""
    value, digits = way.write(node.this), node.args.get("decimals")
    kind = way.kind(node.this)
    if kind is ValueKind.DOUBLE:
        half = "TRUNC(x) + CASE WHEN ABS(x - TRUNC(x)) >= 0.5 THEN SIGN(x) ELSE 0 END"
        return _scaled(value, digits, half)
    exact = value if kind in _EXACT else words(_NAME, "CAST(x AS DECIMAL)", x=value)
    more = {} if digits is None else {"decimals": way.write(digits)}
    return exp.Round(this=exact, **more)


def _cut_off(node: exp.Expr, way: Way) -> exp.Expr:
    value, digits = way.write(node.this), node.args.get("decimals")
    kind = way.kind(node.this)
    if kind is ValueKind.DOUBLE:
        return _scaled(value, digits, "TRUNC(x)")
    if digits is None:
        return exp.Trunc(this=value)
    exact = value if kind in _EXACT else words(_NAME, "CAST(x AS DECIMAL)", x=value)
    return exp.Trunc(this=exact, decimals=way.write(digits))


def _scaled(value: exp.Expr, digits: exp.Expr | None, whole: str) -> exp.Expr:
    """Return what makes a whole number of a double, done to the digit that is asked for."""
    count = 0 if digits is None else shared.whole_number(digits)
    if count is None:
        raise UnsupportedError("ROUND and TRUNC take a written number of digits")
    if count == 0:
        return words(_NAME, whole, x=value)
    power = literal(10 ** abs(count))
    there, back = ("x * p", "x / p") if count > 0 else ("x / p", "x * p")
    scaled = words(_NAME, there, x=value, p=power)
    return words(_NAME, back, x=words(_NAME, whole, x=scaled), p=power)


def _write_cast(node: exp.Expr, way: Way) -> exp.Expr:
    target, kind = node.args["to"], way.kind(node.this)
    value = way.write(node.this)
    if target.this is exp.DType.CHAR:  # it would be padded, and one character without a number
        target = target.copy()
        target.set("this", exp.DType.VARCHAR if target.expressions else exp.DType.TEXT)
    if target.this is exp.DType.BOOLEAN and kind in {ValueKind.INTEGER, ValueKind.DECIMAL, ValueKind.DOUBLE}:
        return words(_NAME, "x <> 0", x=value)
    if (
        kind is ValueKind.BOOLEAN
        and target.this is not exp.DType.BOOLEAN
        and shared.pattern_of(target) == shared.NUMBER
    ):
        value = words(_NAME, "CAST(x AS INT)", x=value)
    if kind is ValueKind.TEXT and shared.in_range(target) is not None:
        value = words(_NAME, "CAST(x AS DECIMAL)", x=value)
    return exp.Cast(this=value, to=shared.decimal_with_digits(target))


def _try_cast(node: exp.Expr, way: Way) -> exp.Expr:
    target, kind = node.args["to"], way.kind(node.this)
    if kind not in {ValueKind.TEXT, ValueKind.UNKNOWN} or target.this in shared.TEXTS:
        return _write_cast(node, way)
    pattern = shared.pattern_of(target)
    if pattern is None:
        raise UnsupportedError(f"there is no TRY_CAST to {target.sql()}: only to numbers, dates and timestamps")
    text = words(_NAME, "CAST(x AS TEXT)", x=way.write(node.this))
    if pattern != shared.NUMBER:
        return _tried_day(text, pattern, shared.decimal_with_digits(target))
    bounds = shared.in_range(target)
    made = exp.Cast(this=words(_NAME, "CAST(x AS DECIMAL)", x=text), to=shared.decimal_with_digits(target))
    if bounds is None:
        return words(_NAME, "CASE WHEN x ~ p THEN v END", x=text, p=literal(pattern), v=made)
    exact = "ROUND(CAST(x AS DECIMAL), n)"
    decimal = target.this is exp.DType.DECIMAL
    digits = shared.digits_of(target)[1] if decimal else 0
    within = f"{exact} > l AND {exact} < h" if decimal else f"{exact} BETWEEN l AND h"
    return words(
        _NAME,
        f"CASE WHEN x ~ p THEN CASE WHEN {within} THEN v END END",
        x=text,
        p=literal(pattern),
        n=literal(digits),
        l=exp.Literal.number(bounds[0]),
        h=exp.Literal.number(bounds[1]),
        v=made,
    )


def _tried_day(text: exp.Expr, pattern: str, target: exp.DataType) -> exp.Expr:
    """A day that its month does not have is none; the pattern alone lets the 31st of April pass."""
    last = (
        "CAST(DATE_TRUNC('month', CAST(LEFT(TRIM(x), 7) || '-01' AS TIMESTAMP)) + INTERVAL '1 month'"
        " - INTERVAL '1 day' AS DATE)"
    )
    return words(
        _NAME,
        "CASE WHEN x ~ p THEN CASE WHEN CAST(SUBSTRING(TRIM(x), 9, 2) AS INT) <="
        f" EXTRACT(DAY FROM {last}) THEN v END END",
        x=text,
        p=literal(pattern),
        v=exp.Cast(this=text, to=target),
    )


def _write_substring(node: exp.Expr, way: Way) -> exp.Expr:
    value, start, length = way.write(node.this), node.args["start"], node.args.get("length")
    first, count = shared.whole_number(start), shared.whole_number(length)
    said: exp.Expr = way.write(start)
    if first is None:
        said = words(_NAME, "CAST(CASE WHEN s < 0 THEN LENGTH(x) + 1 + s ELSE s END AS INT)", s=said, x=value)
    elif first < 0:
        said = words(_NAME, "LENGTH(x) + 1 - n", x=value, n=literal(-first))
    if length is None:
        return exp.Substring(this=value, start=said)
    least = (
        literal(max(count, 0))
        if count is not None
        else words(_NAME, "CAST(CASE WHEN n < 0 THEN 0 ELSE n END AS INT)", n=way.write(length))
    )
    return exp.Substring(this=value, start=said, length=least)


def _write_text_end(node: exp.Expr, way: Way) -> exp.Expr:
    found = way.plain(node)
    if shared.whole_number(node.args["expression"]) is None:
        found.set("expression", words(_NAME, "CAST(n AS INT)", n=found.args["expression"]))
    return found


def _write_split_part(node: exp.Expr, way: Way) -> exp.Expr:
    place = shared.whole_number(node.args["part_index"])
    if place == 0:
        return words(_NAME, "LEFT(x, 0)", x=way.write(node.this))
    found = way.plain(node)
    if place is None:
        found.set("part_index", words(_NAME, "CAST(n AS INT)", n=found.args["part_index"]))
    return found


def _write_regex_match(node: exp.Expr, way: Way) -> exp.Expr:
    if node.args.get("flag") is not None:
        raise UnsupportedError("REGEXP_LIKE takes no flags; write (?i) before the pattern")
    return way.plain(node)


def _write_like(node: exp.Expr, way: Way) -> exp.Expr:
    """A backslash stands for itself where no ESCAPE says otherwise."""
    found = way.plain(node)
    if isinstance(node.parent, exp.Escape):
        return found
    pattern = way.text(node.args["expression"])
    if pattern is not None and "\\" not in pattern:
        return found
    return exp.Escape(this=found, expression=literal(""))


def _write_part(node: exp.Expr, way: Way) -> exp.Expr:
    name, time = shared.part_of(node)
    said = way.write(time)
    if way.kind(time) is ValueKind.DATE and name in BELOW_A_DAY:
        said = exp.Cast(this=said, to=exp.DataType(this=exp.DType.TIMESTAMP))
    found: exp.Expr = exp.Extract(this=exp.Var(this=name), expression=said)
    if name == "EPOCH":
        return exp.Cast(this=found, to=exp.DataType(this=exp.DType.DOUBLE))
    if name in {"SECOND", "MILLISECOND", "MICROSECOND"}:
        found = exp.Floor(this=found)
    return exp.Cast(this=found, to=exp.DataType(this=exp.DType.BIGINT))


def _write_truncation(node: exp.Expr, way: Way) -> exp.Expr:
    unit, time = shared.unit_of(node), way.write(node.this)
    if unit == "DAY":
        return exp.Cast(this=time, to=exp.DataType(this=exp.DType.DATE))
    if unit not in BELOW_A_DAY:
        return words(_NAME, f"CAST(DATE_TRUNC('{unit}', x) AS DATE)", x=time)
    if way.kind(node.this) in {ValueKind.DATE, ValueKind.TEXT}:  # it would be a moment of the session's zone
        time = exp.Cast(this=time, to=exp.DataType(this=exp.DType.TIMESTAMP))
    return words(_NAME, f"DATE_TRUNC('{unit}', x)", x=time)


_DAYS = "(CAST(x AS DATE) - CAST(y AS DATE))"
_MONTHS = "(EXTRACT(YEAR FROM x) * 12 + EXTRACT(MONTH FROM x) - EXTRACT(YEAR FROM y) * 12 - EXTRACT(MONTH FROM y))"
_QUARTERS = "(EXTRACT(YEAR FROM x) * 4 + EXTRACT(QUARTER FROM x) - EXTRACT(YEAR FROM y) * 4 - EXTRACT(QUARTER FROM y))"
_COUNTED = {
    "DAY": f"CAST({_DAYS} AS BIGINT)",
    "WEEK": f"CAST(DIV({_DAYS}, 7) AS BIGINT)",
    "MONTH": f"CAST({_MONTHS} AS BIGINT)",
    "QUARTER": f"CAST({_QUARTERS} AS BIGINT)",
    "YEAR": "CAST(EXTRACT(YEAR FROM x) - EXTRACT(YEAR FROM y) AS BIGINT)",
}
_SECONDS = {"HOUR": 3_600, "MINUTE": 60, "SECOND": 1}
_OF_A_SECOND = {"MILLISECOND": 1_000, "MICROSECOND": 1_000_000}


def _write_units_between(node: exp.Expr, way: Way) -> exp.Expr:
    """How many borders of the unit lie between; sqlglot would round what has elapsed."""
    unit, end, start = shared.unit_of(node), way.write(node.this), way.write(node.args["expression"])
    if unit in _COUNTED:
        return words(
            _NAME, _COUNTED[unit], x=_as_time(end, node.this, way), y=_as_time(start, node.args["expression"], way)
        )
    cut = f"EXTRACT(EPOCH FROM DATE_TRUNC('{unit}', CAST(x AS TIMESTAMP)) - DATE_TRUNC('{unit}', CAST(y AS TIMESTAMP)))"
    size = f"DIV(CAST({cut} AS DECIMAL), {_SECONDS[unit]})" if unit in _SECONDS else f"({cut} * {_OF_A_SECOND[unit]})"
    return words(_NAME, f"CAST({size} AS BIGINT)", x=end, y=start)


def _as_time(said: exp.Expr, node: exp.Expr, way: Way) -> exp.Expr:
    return exp.Cast(this=said, to=exp.DataType(this=exp.DType.TIMESTAMP)) if way.text(node) is not None else said


def _as_text(node: exp.Expr, way: Way) -> exp.Expr:
    said = way.write(node)
    if way.kind(node) in {ValueKind.TEXT, ValueKind.UNKNOWN, ValueKind.ZERO}:
        return said
    return exp.Cast(this=said, to=exp.DataType(this=exp.DType.TEXT))


def _write_concatenation(node: exp.Expr, way: Way) -> exp.Expr:
    return exp.DPipe(this=_as_text(node.this, way), expression=_as_text(node.args["expression"], way))


def _write_day(node: exp.Expr, way: Way) -> exp.Expr:
    return exp.Cast(this=way.write(node.this), to=exp.DataType(this=exp.DType.DATE))


def _write_comparison(node: exp.Expr, way: Way) -> exp.Expr:
    """A truth beside a number is 1 or 0."""
    found = way.plain(node)
    if not any(shared.whole_number(node.args[key]) in {0, 1} for key in ("this", "expression")):
        return found
    kinds = {key: way.kind(node.args[key]) for key in ("this", "expression")}
    if ValueKind.BOOLEAN not in kinds.values() or not {*kinds.values()} & {*_EXACT, ValueKind.DOUBLE}:
        return found
    for key, kind in kinds.items():
        if kind is ValueKind.BOOLEAN:
            found.set(key, words(_NAME, "CAST(x AS INT)", x=found.args[key]))
    return found


def _write_difference(node: exp.Expr, way: Way) -> exp.Expr:
    shared.no_span(node, way)
    return shared.moved_date(node, way)


TABLE: Mapping[type[exp.Expr], Writing] = MappingProxyType(
    {
        **shared.numeric(_NAME, "DOUBLE PRECISION", exact=True),
        **dict.fromkeys((*shared.PARTS, exp.Extract), _write_part),
        exp.Add: shared.moved_date,
        exp.Sub: _write_difference,
        exp.Mod: _write_remainder,
        **dict.fromkeys((exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE), _write_comparison),
        exp.IntDiv: _whole_division,
        exp.Round: _write_rounded,
        exp.Trunc: _cut_off,
        exp.Cast: _write_cast,
        exp.TryCast: _try_cast,
        exp.Substring: _write_substring,
        exp.Left: _write_text_end,
        exp.Right: _write_text_end,
        exp.SplitPart: _write_split_part,
        exp.RegexpLike: _write_regex_match,
        exp.Like: _write_like,
        exp.ILike: _write_like,
        exp.DateTrunc: _write_truncation,
        exp.TimestampTrunc: _write_truncation,
        exp.DateDiff: _write_units_between,
        exp.Date: _write_day,
        exp.DPipe: _write_concatenation,
    }
)
