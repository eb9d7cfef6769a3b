"""What kind of value an expression gives, as far as its text tells: engines write some functions by it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum, auto

from sqlglot import exp


class ValueKind(Enum):
    """Kinds of values; UNKNOWN for a column of which nothing is known, NUMBER for any, ZERO for NULL alone."""

    UNKNOWN = auto()
    ZERO = auto()
    NUMBER = auto()
    BOOLEAN = auto()
    INTEGER = auto()
    DECIMAL = auto()
    DOUBLE = auto()
    TEXT = auto()
    DATE = auto()
    TIMESTAMP = auto()
    TIME = auto()
    INTERVAL = auto()


TIMES = frozenset({ValueKind.DATE, ValueKind.TIMESTAMP})
NUMBERS = (ValueKind.INTEGER, ValueKind.DECIMAL, ValueKind.DOUBLE)
"""Each is also what a number of it and one before it give together."""

MAY_HAVE_FRACTIONS = frozenset({ValueKind.UNKNOWN, ValueKind.NUMBER, ValueKind.DECIMAL, ValueKind.DOUBLE})

BELOW_A_DAY = frozenset({"MICROSECOND", "MILLISECOND", "SECOND", "MINUTE", "HOUR"})

_T = exp.DType
_TYPES: Mapping[exp.DType, ValueKind] = {
    _T.BOOLEAN: ValueKind.BOOLEAN,
    **dict.fromkeys((_T.TINYINT, _T.SMALLINT, _T.INT, _T.BIGINT, _T.INT128), ValueKind.INTEGER),
    **dict.fromkeys((_T.FLOAT, _T.DOUBLE), ValueKind.DOUBLE),
    _T.DECIMAL: ValueKind.DECIMAL,
    **dict.fromkeys((_T.CHAR, _T.VARCHAR, _T.TEXT), ValueKind.TEXT),
    _T.DATE: ValueKind.DATE,
    **dict.fromkeys((_T.DATETIME, _T.TIMESTAMP, _T.TIMESTAMPTZ, _T.TIMESTAMPNTZ), ValueKind.TIMESTAMP),
    _T.TIME: ValueKind.TIME,
    _T.INTERVAL: ValueKind.INTERVAL,
}
_OF_NODES: Mapping[type[exp.Expr], ValueKind] = {
    **dict.fromkeys(
        (
            exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.NullSafeEQ, exp.NullSafeNEQ, exp.Is, exp.And,
            exp.Or, exp.Not, exp.Between, exp.In, exp.Like, exp.ILike, exp.Escape, exp.Boolean, exp.StartsWith,
            exp.RegexpLike,
        ),
        ValueKind.BOOLEAN,
    ),
    **dict.fromkeys((exp.Div, exp.Sqrt, exp.Exp, exp.Ln, exp.Pow), ValueKind.DOUBLE),
    **dict.fromkeys(
        (
            exp.IntDiv, exp.Sign, exp.Length, exp.StrPosition, exp.Year, exp.Quarter, exp.Month, exp.Week, exp.Day,
            exp.DayOfYear, exp.Hour, exp.Minute, exp.Second, exp.DateDiff,
        ),
        ValueKind.INTEGER,
    ),
    **dict.fromkeys(
        (
            exp.Lower, exp.Upper, exp.Trim, exp.Substring, exp.Left, exp.Right, exp.Concat, exp.ConcatWs, exp.Replace,
            exp.SplitPart, exp.Reverse, exp.MD5, exp.DPipe,
        ),
        ValueKind.TEXT,
    ),
    exp.LastDay: ValueKind.DATE,
    exp.Date: ValueKind.DATE,
    exp.Interval: ValueKind.INTERVAL,
    exp.Null: ValueKind.ZERO,
}  # fmt: skip


def kind_of(tree: exp.Expr, columns: Mapping[str, ValueKind]) -> ValueKind:
    """Return what the expression gives; ``columns`` are known by name in lower case.

    >>> import sqlglot
    >>> [kind_of(sqlglot.parse_one(text), {"n": ValueKind.INTEGER}).name for text in ("n + 1", "n / 2", "n = 1", "x")]
    ['INTEGER', 'DOUBLE', 'BOOLEAN', 'UNKNOWN']
    """
    known = _OF_NODES.get(type(tree))
    if known is None:
        rule = _RULES.get(type(tree))
        known = ValueKind.UNKNOWN if rule is None else rule(tree, columns)
    return known


def together(trees: list[exp.Expr], columns: Mapping[str, ValueKind]) -> ValueKind:
    """Return the kind of a value that is one of these."""
    found = {kind_of(each, columns) for each in trees} - {ValueKind.ZERO}
    if len(found) == 1:
        return found.pop()
    if found and found <= set(NUMBERS):
        return max(found, key=NUMBERS.index)
    if found and found <= {ValueKind.NUMBER, *NUMBERS}:
        return ValueKind.DOUBLE if ValueKind.DOUBLE in found else ValueKind.NUMBER
    return ValueKind.TIMESTAMP if found == TIMES else ValueKind.UNKNOWN


def _of_column(tree: exp.Expr, columns: Mapping[str, ValueKind]) -> ValueKind:
    return columns.get(tree.name.lower(), ValueKind.UNKNOWN)


def _of_literal(tree: exp.Expr, _columns: Mapping[str, ValueKind]) -> ValueKind:
    if isinstance(tree, exp.Literal) and tree.is_string:
        return ValueKind.TEXT
    return ValueKind.INTEGER if tree.name.isdigit() else ValueKind.DECIMAL


def _of_cast(tree: exp.Expr, _columns: Mapping[str, ValueKind]) -> ValueKind:
    return _TYPES.get(tree.args["to"].this, ValueKind.UNKNOWN)


def _of_cut(tree: exp.Expr, _columns: Mapping[str, ValueKind]) -> ValueKind:
    return ValueKind.TIMESTAMP if tree.args["unit"].name.upper() in BELOW_A_DAY else ValueKind.DATE


def _of_part(tree: exp.Expr, _columns: Mapping[str, ValueKind]) -> ValueKind:
    return ValueKind.DOUBLE if tree.name.upper() == "EPOCH" else ValueKind.INTEGER


def _of_operand(tree: exp.Expr, columns: Mapping[str, ValueKind]) -> ValueKind:
    return kind_of(tree.this, columns)


def _of_branches(tree: exp.Expr, columns: Mapping[str, ValueKind]) -> ValueKind:
    keys = ("true", "false") if isinstance(tree, exp.If) else ("default",)
    branches = [each.args["true"] for each in tree.args.get("ifs") or ()]
    return together(branches + [tree.args[key] for key in keys if tree.args.get(key) is not None], columns)


def _of_any(tree: exp.Expr, columns: Mapping[str, ValueKind]) -> ValueKind:
    return together([tree.this, *tree.expressions], columns)


def _of_sum(tree: exp.Expr, columns: Mapping[str, ValueKind]) -> ValueKind:
    sides = (tree.this, tree.args["expression"])
    left, right = (kind_of(each, columns) for each in sides)
    if isinstance(tree, exp.Sub) and left is right is ValueKind.DATE:
        return ValueKind.INTEGER
    if ValueKind.INTERVAL in (left, right):
        time, step = (right, sides[0]) if left is ValueKind.INTERVAL else (left, sides[1])
        unit = step.args.get("unit") if isinstance(step, exp.Interval) else None
        if time is ValueKind.DATE and (unit is None or unit.name.upper() in BELOW_A_DAY):
            return ValueKind.TIMESTAMP
        return time
    if ValueKind.DOUBLE in (left, right):
        return ValueKind.DOUBLE
    found = together(list(sides), columns)
    return ValueKind.NUMBER if found is ValueKind.UNKNOWN and isinstance(tree, (exp.Mul, exp.Mod)) else found


_RULES: Mapping[type[exp.Expr], Callable[[exp.Expr, Mapping[str, ValueKind]], ValueKind]] = {
    exp.Column: _of_column,
    exp.Literal: _of_literal,
    **dict.fromkeys((exp.Cast, exp.TryCast), _of_cast),
    **dict.fromkeys((exp.DateTrunc, exp.TimestampTrunc), _of_cut),
    exp.Extract: _of_part,
    **dict.fromkeys((exp.Add, exp.Sub, exp.Mul, exp.Mod), _of_sum),
    **dict.fromkeys((exp.Case, exp.If), _of_branches),
    **dict.fromkeys((exp.Coalesce, exp.Greatest, exp.Least), _of_any),
    **dict.fromkeys((exp.Paren, exp.Neg, exp.Abs, exp.Round, exp.Trunc, exp.Ceil, exp.Floor, exp.Nullif), _of_operand),
}
