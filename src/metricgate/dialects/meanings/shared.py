"""What several dialects say alike: numbers that have no value, units, and what is refused everywhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlglot import exp
from sqlglot.errors import UnsupportedError

from metricgate.dialects.kinds import TIMES, ValueKind
from metricgate.dialects.meanings.way import Way, Writing
from metricgate.dialects.meanings.words import words
from metricgate.dialects.trees import literal

_MOST, _LEAST = "709.78", "-708"
"""EXP of more is beyond a double; EXP of less is 0."""

PARTS: Mapping[type[exp.Expr], str] = {
    exp.Year: "YEAR",
    exp.Quarter: "QUARTER",
    exp.Month: "MONTH",
    exp.Week: "WEEK",
    exp.Day: "DAY",
    exp.DayOfYear: "DOY",
    exp.Hour: "HOUR",
    exp.Minute: "MINUTE",
    exp.Second: "SECOND",
}
_SAME_PARTS = {"DAYOFWEEK": "DOW", "DAYOFYEAR": "DOY"}
_ISO = "3"
"""MySQL's number of the way to count weeks that ISO 8601 has."""

_INTEGERS: Mapping[exp.DType, tuple[int, int]] = {
    exp.DType.TINYINT: (-(2**7), 2**7 - 1),
    exp.DType.SMALLINT: (-(2**15), 2**15 - 1),
    exp.DType.INT: (-(2**31), 2**31 - 1),
    exp.DType.BIGINT: (-(2**63), 2**63 - 1),
}
NUMBER = r"^ *[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]{1,2})? *$"
"""Texts that TRY_CAST reads as numbers."""

_DATE = r"^ *[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
_CLOCK = r"[ T]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,6})?)?"
DAY = _DATE + " *$"
"""Texts that TRY_CAST reads as dates, if there is such a day."""

MOMENT = f"{_DATE}({_CLOCK})? *$"
"""Texts that TRY_CAST reads as timestamps, if there is such a day."""

TIMESTAMPS = frozenset({exp.DType.DATETIME, exp.DType.TIMESTAMP, exp.DType.TIMESTAMPNTZ})
FLOATS = frozenset({exp.DType.FLOAT, exp.DType.DOUBLE})
TEXTS = frozenset({exp.DType.CHAR, exp.DType.VARCHAR, exp.DType.TEXT})


def unit_of(node: exp.Expr) -> str:
    """Return the unit of a DATE_TRUNC or DATEDIFF, in capitals."""
    name: str = node.args["unit"].name
    return name.upper()


def part_of(node: exp.Expr) -> tuple[str, exp.Expr]:
    """Return the part, by one name for each, and the time of an EXTRACT or of YEAR(x) and the like.

    Raises:
        UnsupportedError: another way to count weeks than ISO 8601's.
    """
    if isinstance(node, exp.Extract):
        name = node.name.upper()
        return _SAME_PARTS.get(name, name), node.args["expression"]
    if isinstance(node, exp.Week) and node.args.get("mode") is not None and node.args["mode"].name != _ISO:
        raise UnsupportedError("WEEK counts as ISO 8601 does: leave out its second argument")
    return PARTS[type(node)], node.this


def whole_number(node: exp.Expr | None) -> int | None:
    """Return the number that is written there; None where it is computed."""
    if isinstance(node, exp.Neg):
        found = whole_number(node.this)
        return None if found is None else -found
    if isinstance(node, exp.Paren):
        return whole_number(node.this)
    if isinstance(node, exp.Literal) and not node.is_string and node.name.isdigit():
        return int(node.name)
    return None


def numeric(writer: str, kind: str, *, exact: bool) -> Mapping[type[exp.Expr], Writing]:
    """Return SQRT, LN, EXP and POWER of doubles: NULL where there is no number.

    Args:
        writer: the dialect of the text.
        kind: its type of doubles.
        exact: whether operands are cast, because the engine has other functions for decimals.
    """

    def of(text: str) -> Writing:
        def write(node: exp.Expr, way: Way) -> exp.Expr:
            value = way.write(node.this)
            cast = words(writer, f"CAST(x AS {kind})", x=value) if exact else value
            return words(writer, text, x=value, y=cast)

        return write

    def power(node: exp.Expr, way: Way) -> exp.Expr:
        base, to = way.write(node.this), way.write(node.args["expression"])
        value = words(writer, f"POWER(CAST(x AS {kind}), CAST(y AS {kind}))" if exact else "POWER(x, y)", x=base, y=to)
        few = whole_number(node.args["expression"])
        if few is not None and 0 <= few <= _SQUARES:
            return value
        text = (
            "CASE WHEN x = 0 AND y >= 0 THEN v WHEN x = 0 THEN NULL WHEN x < 0 AND y <> FLOOR(y) THEN NULL"
            f" WHEN y * LN(ABS(x)) < {_LEAST} THEN 0 WHEN y * LN(ABS(x)) <= {_MOST} THEN v END"
        )
        return words(writer, text, x=base, y=to, v=value)

    return {
        exp.Sqrt: of("CASE WHEN x >= 0 THEN SQRT(y) END"),
        exp.Ln: of("CASE WHEN x > 0 THEN LN(y) END"),
        exp.Exp: of(f"CASE WHEN x < {_LEAST} THEN 0 WHEN x <= {_MOST} THEN EXP(y) END"),
        exp.Pow: power,
    }


_SQUARES = 4


def in_range(target: exp.DataType) -> tuple[str, str] | None:
    """Return the least and the greatest number that a type of whole numbers or decimals holds, as text."""
    bounds = _INTEGERS.get(target.this)
    if bounds is not None:
        return str(bounds[0]), str(bounds[1])
    if target.this is exp.DType.DECIMAL:
        digits, after = digits_of(target)
        most = f"{10 ** (digits - after)}"
        return f"-{most}", most
    return None


def digits_of(target: exp.DataType) -> tuple[int, int]:
    """Return how many digits a DECIMAL has, and how many of them after the point; (18, 3) where none are written."""
    sizes = [int(each.name) for each in target.expressions]
    if not sizes:
        return 18, 3
    return sizes[0], sizes[1] if len(sizes) > 1 else 0


def decimal_with_digits(target: exp.DataType) -> exp.DataType:
    """Return the type, a DECIMAL with its digits."""
    if target.this is not exp.DType.DECIMAL:
        return target.copy()
    digits, after = digits_of(target)
    sizes = [exp.DataTypeParam(this=literal(each)) for each in (digits, after)]
    return exp.DataType(this=exp.DType.DECIMAL, expressions=sizes, nested=False)


def length_of(target: exp.DataType) -> int | None:
    """Return after how many characters CAST cuts a text; None where it does not."""
    return int(target.expressions[0].name) if target.this in TEXTS and target.expressions else None


def cut_off(node: exp.Expr, way: Way, writer: str) -> exp.Expr:
    """TRUNC, where that is a function of dates or has no digits.

    Raises:
        UnsupportedError: the number of digits is computed.
    """
    digits = node.args.get("decimals")
    count = 0 if digits is None else whole_number(digits)
    if count is None:
        raise UnsupportedError("TRUNC takes a written number of digits")
    whole = "CASE WHEN x < 0 THEN CEIL(x) ELSE FLOOR(x) END"
    value = way.write(node.this)
    if count == 0:
        return words(writer, whole, x=value)
    power = literal(10 ** abs(count))
    there, back = ("x * p", "x / p") if count > 0 else ("x / p", "x * p")
    return words(writer, back, x=words(writer, whole, x=words(writer, there, x=value, p=power)), p=power)


def refuse_node(reason: str) -> Writing:
    """Return the writer of a node that a dialect has no words for."""

    def write(_node: exp.Expr, _way: Way) -> exp.Expr:
        raise UnsupportedError(reason)

    return write


NO_ZONE = refuse_node("AT TIME ZONE has no counterpart; give the time dimension a `time_zone`, and ask in a zone")


def passing_over_nulls(node: exp.Expr, way: Way) -> exp.Expr:
    """GREATEST and LEAST where a NULL would win: each value stands in for those that are NULL."""
    values = [way.write(each) for each in (node.this, *node.expressions)]
    if len(values) == 1:
        return values[0]
    known = [
        exp.Coalesce(this=each.copy(), expressions=[other.copy() for other in values if other is not each])
        for each in values
    ]
    return type(node)(this=known[0], expressions=known[1:])


def is_whole(target: exp.DataType) -> bool:
    """Whether a type is one of whole numbers."""
    return target.this in _INTEGERS


def moved_date(node: exp.Expr, way: Way) -> exp.Expr:
    """Dates and intervals: a DATE moved by days, months or years is a DATE."""
    said = way.plain(node)
    if way.kind(node) is not ValueKind.DATE:
        return said
    return exp.Cast(this=said, to=exp.DataType(this=exp.DType.DATE))


def no_span(node: exp.Expr, way: Way) -> None:
    """Raise UnsupportedError for the difference of two timestamps, which is no number."""
    kinds = {way.kind(node.this), way.kind(node.args["expression"])}
    if kinds <= TIMES and kinds != {ValueKind.DATE}:
        raise UnsupportedError("the difference of two timestamps is no number; write DATEDIFF(end, start, second)")


def pattern_of(target: exp.DataType) -> str | None:
    """Return what a text must look like for TRY_CAST to read it as the type; None for types without a pattern."""
    if target.this in _INTEGERS or target.this in FLOATS or target.this is exp.DType.DECIMAL:
        return NUMBER
    if target.this is exp.DType.DATE:
        return DAY
    return MOMENT if target.this in TIMESTAMPS else None


def like_by_the_letter(node: exp.Expr, way: Way, doubled: Callable[[exp.Expr], exp.Expr]) -> exp.Expr:
    """Return LIKE in which a backslash stands for itself unless an ESCAPE says otherwise, where engines escape by it.

    ``doubled`` gives a pattern that is no literal with every backslash twice.
    """
    found = way.plain(node)
    pattern = node.args["expression"]
    if isinstance(node.parent, exp.Escape) or "\\" not in (way.text(pattern) or "\\"):
        return found
    if isinstance(pattern, exp.Literal):
        found.set("expression", literal(pattern.name.replace("\\", "\\\\")))
    else:
        found.set("expression", doubled(found.args["expression"]))
    return found
