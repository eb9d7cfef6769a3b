"""ClickHouse: texts are bytes but for functions that say UTF8, casts cut off, halves of doubles go to the even one."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from sqlglot import exp
from sqlglot.errors import UnsupportedError

from metricgate.dialects.kinds import MAY_HAVE_FRACTIONS, TIMES, ValueKind
from metricgate.dialects.meanings import shared
from metricgate.dialects.meanings.way import Way, Writing
from metricgate.dialects.meanings.words import words
from metricgate.dialects.trees import literal, operand

_NAME = "clickhouse"

_PARTS = {
    "YEAR": "toYear(x)",
    "QUARTER": "toQuarter(x)",
    "MONTH": "toMonth(x)",
    "WEEK": "toISOWeek(x)",
    "DAY": "toDayOfMonth(x)",
    "DOW": "toDayOfWeek(x) % 7",
    "ISODOW": "toDayOfWeek(x)",
    "DOY": "toDayOfYear(x)",
    "ISOYEAR": "toISOYear(x)",
    "HOUR": "toHour(x)",
    "MINUTE": "toMinute(x)",
    "SECOND": "toSecond(x)",
    "MILLISECOND": "toSecond(x) * 1000 + toMillisecond(x)",
    "MICROSECOND": "toSecond(x) * 1000000 + toUnixTimestamp64Micro(toDateTime64(x, 6, 'UTC')) % 1000000",
    "EPOCH": "toUnixTimestamp64Micro(toDateTime64(x, 6, 'UTC')) / 1000000",
}
_CUTS = {
    "MICROSECOND": "toDateTime64(x, 6)",
    "MILLISECOND": "toStartOfMillisecond(toDateTime64(x, 6))",
    "SECOND": "toStartOfSecond(toDateTime64(x, 6))",
    "MINUTE": "toStartOfMinute(toDateTime64(x, 6))",
    "HOUR": "toStartOfHour(toDateTime64(x, 6))",
    "DAY": "toDate32(x)",
    "WEEK": "toMonday(toDate32(x))",
    "MONTH": "toStartOfMonth(toDate32(x))",
    "QUARTER": "toStartOfQuarter(toDate32(x))",
    "YEAR": "toStartOfYear(toDate32(x))",
}


def says(text: str) -> Writing:
    """Return the writer of a node by a text, in which letters stand for its parts."""

    def write(node: exp.Expr, way: Way) -> exp.Expr:
        parts = {
            _LETTERS.get(key, key): way.write(each) for key, each in node.args.items() if isinstance(each, exp.Expr)
        }
        return words(_NAME, text, **parts)

    return write


_LETTERS = {
    "this": "x",
    "expression": "y",
    "substr": "y",
    "start": "s",
    "length": "n",
    "delimiter": "d",
    "part_index": "n",
}


def _write_part(node: exp.Expr, way: Way) -> exp.Expr:
    name, time = shared.part_of(node)
    return words(_NAME, _PARTS[name], x=way.write(time))


def _write_truncation(node: exp.Expr, way: Way) -> exp.Expr:
    return words(_NAME, _CUTS[shared.unit_of(node)], x=way.write(node.this))


def _write_units_between(node: exp.Expr, way: Way) -> exp.Expr:
    unit, end, start = shared.unit_of(node), way.write(node.this), way.write(node.args["expression"])
    if unit == "WEEK":
        return words(_NAME, "toInt64(trunc(dateDiff('day', y, x) / 7))", x=end, y=start)
    return words(_NAME, f"dateDiff('{unit.lower()}', y, x)", x=end, y=start)


def _write_difference(node: exp.Expr, way: Way) -> exp.Expr:
    shared.no_span(node, way)
    kinds = (way.kind(node.this), way.kind(node.args["expression"]))
    if any(each in TIMES for each in kinds) and ValueKind.INTERVAL not in kinds:
        return words(_NAME, "dateDiff('day', y, x)", x=way.write(node.this), y=way.write(node.args["expression"]))
    return way.plain(node)


def _write_remainder(node: exp.Expr, way: Way) -> exp.Expr:
    """Of decimals it would be that of their whole parts."""
    left, right = node.this, node.args["expression"]
    if {way.kind(left), way.kind(right)} <= {ValueKind.INTEGER, ValueKind.DOUBLE}:
        return way.plain(node)
    return words(_NAME, "x - y * trunc(x / y)", x=way.write(left), y=way.write(right))


def _one_of(node: exp.Expr, way: Way) -> exp.Expr:
    """A NULL among the values is passed over; what is equal to no other is then unknown."""
    found = way.plain(node)
    values = [each for each in found.expressions if not isinstance(each, exp.Null)]
    if len(values) == len(found.expressions) or not values:
        return found
    found.set("expressions", values)
    return exp.Paren(this=exp.Or(this=found, expression=exp.Null()))


def _write_concatenation(node: exp.Expr, way: Way) -> exp.Expr:
    sides = [_as_text(each, way) for each in (node.this, node.args["expression"])]
    return exp.DPipe(this=operand(sides[0]), expression=operand(sides[1]))


def _as_text(node: exp.Expr, way: Way) -> exp.Expr:
    said = way.write(node)
    return _cast_to_text(said, ValueKind.BOOLEAN, None) if way.kind(node) is ValueKind.BOOLEAN else said


def _write_rounded(node: exp.Expr, way: Way) -> exp.Expr:
    value, digits = way.write(node.this), node.args.get("decimals")
    if way.kind(node.this) is not ValueKind.DOUBLE:
        return way.plain(node)
    count = 0 if digits is None else shared.whole_number(digits)
    if count is None:
        raise UnsupportedError("ROUND takes a written number of digits")
    half = "trunc(x) + CASE WHEN abs(x - trunc(x)) >= 0.5 THEN sign(x) ELSE 0 END"
    if count == 0:
        return words(_NAME, half, x=value)
    power = literal(10 ** abs(count))
    there, back = ("x * p", "x / p") if count > 0 else ("x / p", "x * p")
    return words(_NAME, back, x=words(_NAME, half, x=words(_NAME, there, x=value, p=power)), p=power)


def _write_cast(node: exp.Expr, way: Way) -> exp.Expr:
    target, kind = node.args["to"], way.kind(node.this)
    value = way.write(node.this)
    if target.this in shared.TEXTS:
        return _cast_to_text(value, kind, shared.length_of(target))
    if kind is ValueKind.TEXT and shared.pattern_of(target) == shared.NUMBER:
        value = words(
            _NAME, "toFloat64(trimBoth(x))" if target.this in shared.FLOATS else "toDecimal128(trimBoth(x), 9)", x=value
        )
        kind = ValueKind.DECIMAL
    if target.this in shared.TIMESTAMPS:
        return words(_NAME, "toDateTime64(x, 6, 'UTC')", x=value)
    if kind in MAY_HAVE_FRACTIONS and shared.in_range(target) is not None:
        digits = 0 if shared.is_whole(target) else shared.digits_of(target)[1]
        value = words(_NAME, "round(x, n)", x=value, n=literal(digits))
    return exp.Cast(this=value, to=shared.decimal_with_digits(target))


def _cast_to_text(value: exp.Expr, kind: ValueKind, length: int | None) -> exp.Expr:
    if kind is ValueKind.BOOLEAN:
        value = words(_NAME, "CASE WHEN x THEN 'true' WHEN NOT x THEN 'false' END", x=value)
    whole = exp.Cast(this=value, to=exp.DataType(this=exp.DType.TEXT))
    return whole if length is None else words(_NAME, "leftUTF8(x, n)", x=whole, n=literal(length))


def _write_like(node: exp.Expr, way: Way) -> exp.Expr:
    return shared.like_by_the_letter(node, way, lambda pattern: words(_NAME, r"replaceAll(p, '\\', '\\\\')", p=pattern))


def _write_substring(node: exp.Expr, way: Way) -> exp.Expr:
    value, start, length = way.write(node.this), node.args["start"], node.args.get("length")
    place = way.write(start)
    if (shared.whole_number(start) or 0) <= 0:
        place = words(_NAME, "CASE WHEN p < 0 THEN lengthUTF8(s) + 1 + p ELSE p END", p=place, s=value)
    if length is None:
        return words(_NAME, "substringUTF8(s, CASE WHEN p < 1 THEN 1 ELSE p END)", s=value, p=place)
    return words(
        _NAME,
        (
            "substringUTF8(s, CASE WHEN p < 1 THEN 1 ELSE p END,"
            " CASE WHEN n <= 0 THEN 0 WHEN p > 0 THEN n WHEN n + p - 1 < 0 THEN 0 ELSE n + p - 1 END)"
        ),
        s=value,
        p=place,
        n=way.write(length),
    )


def _write_text_end(node: exp.Expr, way: Way) -> exp.Expr:
    word = "leftUTF8" if isinstance(node, exp.Left) else "rightUTF8"
    value, number = way.write(node.this), way.write(node.args["expression"])
    if (shared.whole_number(node.args["expression"]) or -1) < 0:
        number = words(
            _NAME,
            "CASE WHEN n >= 0 THEN n WHEN lengthUTF8(s) + n > 0 THEN lengthUTF8(s) + n WHEN n < 0 THEN 0 END",
            n=number,
            s=value,
        )
    return words(_NAME, f"{word}(s, n)", s=value, n=number)


def _write_split_part(node: exp.Expr, way: Way) -> exp.Expr:
    if shared.whole_number(node.args["part_index"]) == 0:
        return words(_NAME, "leftUTF8(x, 0)", x=way.write(node.this))
    return _PIECE(node, way)


_PIECE = says("CASE WHEN x IS NULL THEN NULL ELSE arrayElement(splitByString(d, assumeNotNull(x)), n) END")


TABLE: Mapping[type[exp.Expr], Writing] = MappingProxyType(
    {
        **shared.numeric(_NAME, "Float64", exact=True),
        **dict.fromkeys((*shared.PARTS, exp.Extract), _write_part),
        exp.Add: shared.moved_date,
        exp.Sub: _write_difference,
        exp.AtTimeZone: shared.NO_ZONE,
        exp.Mod: _write_remainder,
        exp.IntDiv: says("CASE WHEN y <> 0 THEN toInt64(trunc(x / CASE WHEN y = 0 THEN 1 ELSE y END)) END"),
        exp.In: _one_of,
        exp.DPipe: _write_concatenation,
        exp.Round: _write_rounded,
        exp.Greatest: shared.passing_over_nulls,
        exp.Least: shared.passing_over_nulls,
        exp.Cast: _write_cast,
        exp.TryCast: shared.refuse_node("TRY_CAST reads other texts here than elsewhere"),
        exp.DateTrunc: _write_truncation,
        exp.TimestampTrunc: _write_truncation,
        exp.DateDiff: _write_units_between,
        exp.Date: says("toDate32(x)"),
        exp.LastDay: says("toLastDayOfMonth(toDate32(x))"),
        exp.Lower: says("lowerUTF8(x)"),
        exp.Upper: says("upperUTF8(x)"),
        exp.Length: says("lengthUTF8(x)"),
        exp.Reverse: says("reverseUTF8(x)"),
        exp.StrPosition: says("positionUTF8(x, y)"),
        exp.StartsWith: says("startsWith(x, y)"),
        exp.SplitPart: _write_split_part,
        exp.RegexpLike: says("match(x, y)"),
        exp.MD5: says("lower(hex(MD5(x)))"),
        exp.Substring: _write_substring,
        exp.Left: _write_text_end,
        exp.Right: _write_text_end,
        exp.Like: _write_like,
        exp.ILike: _write_like,
        exp.NullSafeEQ: says("isNotDistinctFrom(x, y)"),
        exp.NullSafeNEQ: says("NOT isNotDistinctFrom(x, y)"),
    }
)
