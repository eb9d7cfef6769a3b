"""Calls that make rows or characters by number: told how many by a literal, and not too many."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from sqlglot import exp

from metricgate.guarding.text_limits import TextLimits

_UNIT_DAYS = {"YEAR": 365, "QUARTER": 90, "MONTH": 28, "WEEK": 7, "DAY": 1, "HOUR": 1 / 24, "MINUTE": 1 / 1_440}


def generator_problem(node: exp.Expr, caps: TextLimits) -> str | None:
    """Return what is wrong with the bounds, or None."""
    check = _CHECKS.get(type(node))
    if check is not None:
        return check(node, caps)
    if type(node) is exp.Anonymous and type(node.this) is str:
        argument = _SIZED.get(node.this.lower())
        if argument is not None:
            arguments = node.expressions
            if len(arguments) <= argument:
                return None
            return _check_count(node.this.lower(), arguments[argument], caps)
        if node.this.lower() in _SERIES:
            return _series(node.this.lower(), node.expressions, caps)
    return None


def _check_count(name: str, size: exp.Expr | None, caps: TextLimits) -> str | None:
    number = _literal_number(size)
    if number is None:
        return f"{name} must be told how many by a literal number."
    return f"{name} may make at most {caps.generated:,}." if number > caps.generated else None


def _literal_number(node: exp.Expr | None) -> float | None:
    if type(node) is exp.Neg:
        inner = _literal_number(node.this)
        return None if inner is None else -inner
    if type(node) is exp.Paren:
        return _literal_number(node.this)
    if type(node) is exp.Literal and not node.is_string:
        try:
            return float(node.this)
        except ValueError:
            return None
    return None


def _literal_moment(node: exp.Expr | None) -> datetime | None:
    while isinstance(node, (exp.Cast, exp.Paren, exp.Date, exp.Timestamp, exp.TsOrDsToDate)):
        node = node.this
    if type(node) is exp.Literal and node.is_string:
        try:
            return datetime.fromisoformat(node.this.strip()).replace(tzinfo=None)
        except ValueError:
            return None
    return None


def _step_days(node: exp.Expr | None) -> float | None:
    if node is None:
        return 1.0
    if isinstance(node, exp.Cast):
        node = node.this
    if type(node) is exp.Interval:
        unit = node.args.get("unit")
        number = node.this.name if isinstance(node.this, exp.Literal) else ""
        try:
            count = float(number)
        except ValueError:
            return None
        word = unit.name.upper().rstrip("S") if isinstance(unit, exp.Var) else ""
        return _UNIT_DAYS[word] * count if word in _UNIT_DAYS else None
    if type(node) is exp.Literal and node.is_string:
        words = node.this.split()
        if len(words) == 2 and words[0].isdigit():  # noqa: PLR2004 - a number and a unit
            word = words[1].upper().rstrip("S")
            return _UNIT_DAYS[word] * int(words[0]) if word in _UNIT_DAYS else None
    return None


def _series(name: str, arguments: list[exp.Expr | None], caps: TextLimits) -> str | None:
    if len(arguments) == 1:
        arguments = [exp.Literal.number(0), *arguments]
    start, end, *steps = arguments
    step = steps[0] if steps else None
    first, last = _literal_number(start), _literal_number(end)
    if first is not None and last is not None:
        width = 1.0 if step is None else _literal_number(step)
    else:
        begins, ends = _literal_moment(start), _literal_moment(end)
        width = _step_days(step)
        if begins is None or ends is None:
            # The calendar ends somewhere; days between two moments of the data are few enough.
            if step is not None and width is not None and abs(width) >= 1:
                return None
            return f"{name} must be told where to begin and end by literals, or a step of a day or more."
        first, last = 0.0, (ends - begins).total_seconds() / 86_400
    if not width:
        return f"{name} must be told its step by a literal other than 0."
    return (
        f"{name} may make at most {caps.generated:,} rows." if abs(last - first) / abs(width) > caps.generated else None
    )


def _repeat(node: exp.Expr, caps: TextLimits) -> str | None:
    return _check_count("repeat", node.args.get("times"), caps)


def _pad(node: exp.Expr, caps: TextLimits) -> str | None:
    return _check_count("lpad or rpad", node.args.get("expression"), caps)


def _space(node: exp.Expr, caps: TextLimits) -> str | None:
    return _check_count("space", node.this, caps)


def _check_generate_series(node: exp.Expr, caps: TextLimits) -> str | None:
    return _series("generate_series", [node.args.get("start"), node.args.get("end"), node.args.get("step")], caps)


def _dates(node: exp.Expr, caps: TextLimits) -> str | None:
    step = node.args.get("step") or node.args.get("interval")
    return _series("generate_series", [node.args.get("start"), node.args.get("end"), step], caps)


_CHECKS: Mapping[type[exp.Expr], Callable[[exp.Expr, TextLimits], str | None]] = {
    exp.Repeat: _repeat,
    exp.Pad: _pad,
    exp.Space: _space,
    exp.GenerateSeries: _check_generate_series,
    exp.ExplodingGenerateSeries: _check_generate_series,
    exp.GenerateDateArray: _dates,
    exp.GenerateTimestampArray: _dates,
}
GENERATORS = frozenset(_CHECKS)
_SIZED = {"repeat": 1, "lpad": 1, "rpad": 1, "space": 0, "bitstring": 1, "list_resize": 1, "array_resize": 1, "bar": 3}
_SERIES = frozenset({"range", "generate_series"})
