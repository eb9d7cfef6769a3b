"""What may stand where: texts where characters are read, times where a clock or calendar is, truths as conditions.

Elsewhere one engine fails and another makes something of it without a word: MariaDB has the length of a number and the
year of a text, DuckDB and MariaDB take a number for a truth. So it is refused by name, wherever what stands there is
known: what the text of an expression tells always, columns where the engine would not fail by itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date

from sqlglot import exp

from metricgate.dialects.kinds import NUMBERS, TIMES, ValueKind
from metricgate.dialects.meanings import shared
from metricgate.dialects.meanings.compared import OtherKind
from metricgate.dialects.meanings.shared import NUMBER
from metricgate.dialects.meanings.way import Want, Way

_NUMBER = re.compile(NUMBER)
_DAY = re.compile(r" *(\d{4})-(\d{1,2})-(\d{1,2})(?!\d)")
_NUMERIC = frozenset({ValueKind.NUMBER, *NUMBERS})
_KNOWN = frozenset({ValueKind.TEXT, ValueKind.BOOLEAN, ValueKind.TIME, *TIMES, *_NUMERIC})
_TEXTUAL: Mapping[type[exp.Expr], tuple[str, ...]] = {
    **dict.fromkeys(
        (exp.Length, exp.Lower, exp.Upper, exp.Reverse, exp.MD5, exp.Substring, exp.Left, exp.Right), ("this",)
    ),
    **dict.fromkeys((exp.StartsWith, exp.RegexpLike, exp.Like, exp.ILike, exp.Trim), ("this", "expression")),
    exp.Replace: ("this", "expression", "replacement"),
    exp.StrPosition: ("this", "substr"),
    exp.SplitPart: ("this", "delimiter"),
}
_TIMED: Mapping[type[exp.Expr], tuple[str, ...]] = {
    **dict.fromkeys((*shared.PARTS, exp.DateTrunc, exp.TimestampTrunc, exp.LastDay, exp.Date), ("this",)),
    exp.Extract: ("expression",),
    exp.DateDiff: ("this", "expression"),
}
_READ_AS_WRITTEN = (exp.DateTrunc, exp.TimestampTrunc, exp.DateDiff, exp.Date)
"""A written text that is a day will do there; elsewhere engines do not know what it is."""
_WORDS = {
    **dict.fromkeys(_NUMERIC, "a number"), **dict.fromkeys(TIMES, "a time"),
    ValueKind.TEXT: "a text", ValueKind.BOOLEAN: "true or false", ValueKind.TIME: "a time of day",
}  # fmt: skip


def check_operands(tree: exp.Expr, way: Way) -> None:
    """Check that every operand that is known is of the kind that is wanted there.

    Raises:
        OtherKind: one is not.
    """
    for node in tree.walk():
        _check_texts(node, way)
        _check_times(node, way)
        for condition in _condition_operands(node):
            _check_condition(condition, way)
        branches = _branches(node)
        if len(branches) > 1:
            _check_branches(branches, node, way)
        if isinstance(node, exp.Cast) and not isinstance(node, exp.TryCast):
            _check_written(node, way)


def _check_texts(node: exp.Expr, way: Way) -> None:
    for each in _operand_parts(node, _TEXTUAL.get(type(node), ())):
        kind = way.kind_for(each, Want.TEXT)
        if kind in _KNOWN and kind is not ValueKind.TEXT:
            raise OtherKind(f"{_sql_of(each)} is {_WORDS[kind]}, where {_node_label(node)} reads a text: cast it")


def _check_times(node: exp.Expr, way: Way) -> None:
    wanted = _operand_parts(node, _TIMED.get(type(node), ()))
    if isinstance(node, (exp.Add, exp.Sub)):
        sides = [node.this, node.args["expression"]]
        wanted = [each for each in sides if not isinstance(each, exp.Interval)]
        wanted = wanted if len(wanted) == 1 else []
    for each in wanted:
        kind = way.kind_for(each, Want.TIME)
        if kind not in _KNOWN or kind in TIMES or kind is ValueKind.TIME:
            continue
        text = way.text(each)
        if text is None or not isinstance(node, _READ_AS_WRITTEN) or not _is_day(text):
            raise OtherKind(f"{_sql_of(each)} is {_WORDS[kind]}, where {_node_label(node)} reads a time: cast it")


def _check_condition(condition: exp.Expr, way: Way) -> None:
    kind = way.kind_for(condition, Want.CONDITION)
    if kind in _KNOWN and kind is not ValueKind.BOOLEAN and not way.may_be_condition(condition):
        raise OtherKind(
            f"{_sql_of(condition)} is {_WORDS[kind]}, where a condition stands: compare it, such as with `<> 0`"
        )


def _check_branches(branches: list[exp.Expr], node: exp.Expr, way: Way) -> None:
    first: tuple[str, exp.Expr] | None = None
    for each in branches:
        kind = way.kind_for(each, Want.BRANCHES)
        family = "a number" if kind in _NUMERIC else _WORDS.get(kind)
        if family is None:
            continue
        if first is None:
            first = family, each
        elif family != first[0] and not _reads_as(each, first[0], way) and not _reads_as(first[1], family, way):
            raise OtherKind(
                f"{_sql_of(each)} is {family}, and {_sql_of(first[1])} {first[0]}, "
                f"in one {_node_label(node)}: cast one of them"
            )


def _reads_as(node: exp.Expr, family: str, way: Way) -> bool:
    """Whether a written text is one of a number or of a day, or a number may be a truth."""
    if family == _WORDS[ValueKind.BOOLEAN] and way.may_be_boolean(node):
        return True
    text = way.text(node)
    if text is None:
        return False
    return (family == "a number" and _NUMBER.match(text) is not None) or (family == "a time" and _is_day(text))


def _check_written(node: exp.Cast, way: Way) -> None:
    """A written text that is no number, or a day that there is not, fails on some engines and is NULL on others."""
    text, pattern = way.text(node.this), shared.pattern_of(node.args["to"])
    if text is None or pattern is None:
        return
    if pattern == NUMBER:
        if _NUMBER.match(text) is None:
            raise OtherKind(f"{text!r} is no number")
        return
    if not _is_day(text):
        raise OtherKind(f"{text!r} is no day: days are written as 2024-02-29")


def _is_day(text: str) -> bool:
    found = _DAY.match(text)
    try:
        return found is not None and bool(date(*map(int, found.groups())))
    except ValueError:
        return False


def _condition_operands(node: exp.Expr) -> Iterator[exp.Expr]:
    if isinstance(node, exp.Connector):
        yield from (node.this, node.args["expression"])
    elif isinstance(node, exp.Not):
        yield node.this
    elif isinstance(node, exp.If):
        parent = node.parent
        if not (isinstance(parent, exp.Case) and parent.this is not None):
            yield node.this


def _branches(node: exp.Expr) -> list[exp.Expr]:
    if isinstance(node, (exp.Coalesce, exp.Greatest, exp.Least)):
        return [node.this, *node.expressions]
    if isinstance(node, exp.Case):
        found = [each.args["true"] for each in node.args.get("ifs") or ()]
        return [*found, *_operand_parts(node, ("default",))]
    return _operand_parts(node, ("true", "false")) if isinstance(node, exp.If) else []


def _operand_parts(node: exp.Expr, keys: tuple[str, ...]) -> list[exp.Expr]:
    return [each for key in keys if isinstance(each := node.args.get(key), exp.Expr)]


def _sql_of(node: exp.Expr) -> str:
    return node.sql()


def _node_label(node: exp.Expr) -> str:
    if isinstance(node, exp.If):
        return "IF"
    return "an interval" if isinstance(node, (exp.Add, exp.Sub)) else type(node).key.upper()
