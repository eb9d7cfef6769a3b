"""SQL of other tools, for imports and exports: names replaced, aggregates taken apart. Text in, text out.

What comes out is no definition yet: the catalog checks it as anything that people write. sqlglot's trees stay inside.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from sqlglot import exp
from sqlglot.errors import SqlglotError

from metricgate.catalog.canonical_sql import text_of, trees_of
from metricgate.catalog.expression_parser import ExpressionFault, parse_expression
from metricgate.vocabulary.problem import Problem

Resolve = Callable[[str | None, str], str | None]
"""``(table or None, column)`` -> the SQL text that stands for it, or None where nothing does."""

_LONGEST = 4_000
_DEEPEST = 60
_PARSER_FAULTS = (SqlglotError, RecursionError, TypeError, IndexError, ValueError, AttributeError, KeyError)
_PLAIN: dict[type[exp.Expr], str] = {exp.Sum: "sum", exp.Avg: "average", exp.Min: "min", exp.Max: "max"}
_MEDIAN = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Aggregate:
    """One aggregate of an expression.

    Attributes:
        function: ``sum``, ``count``, ``count_distinct``, ``average``, ``min``, ``max`` or ``percentile``.
        text: what is aggregated, with names replaced; None for ``COUNT(*)``.
        columns: the ``(table, column)`` names that it read before they were replaced.
    """

    function: str
    text: str | None
    columns: tuple[tuple[str | None, str], ...]
    percentile: float | None = None
    discrete: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Aggregated:
    """An expression over aggregates, taken apart.

    Attributes:
        text: the expression, in which ``agg_1``, ``agg_2``, ... stand for the aggregates.
        aggregates: in that order, each once.
        free: bare names outside any aggregate; other metrics, perhaps.
        ratio: ``(numerator, denominator)`` by placeholder where the whole is one over the other.
        bare_division: the ratio's denominator is not guarded against zero.
    """

    text: str
    aggregates: tuple[Aggregate, ...]
    free: tuple[str, ...] = ()
    ratio: tuple[str, str] | None = None
    bare_division: bool = False


def substitute_columns(text: str, resolve: Resolve) -> str | ExpressionFault:
    """Return the scalar expression with every column replaced by what ``resolve`` gives, or why that cannot be."""
    tree = _read_expression(text)
    if isinstance(tree, ExpressionFault):
        return tree
    try:
        return text_of(_replace_columns(tree, resolve))
    except _Refused as refused:
        return refused.fault
    except _PARSER_FAULTS:
        return ExpressionFault("the expression cannot be written back")


def placeholder(number: int) -> str:
    """Return what stands for the aggregate of that number (from 1) in ``Aggregated.text``."""
    return f"agg_{number}"


def aggregates_in(text: str, resolve: Resolve) -> Aggregated | ExpressionFault:
    """Take an expression over aggregates apart; a Fault where an aggregate or its argument has no counterpart."""
    tree = _read_expression(text)
    if isinstance(tree, ExpressionFault):
        return tree
    taker = _Taker(resolve)
    try:
        outer = tree.transform(taker.take)
        free = tuple(
            dict.fromkeys(_free_column(column) for column in outer.find_all(exp.Column) if column.name not in taker)
        )
        ratio, bare = _ratio_sides(outer)
        found = Aggregated(
            text=text_of(outer),
            aggregates=tuple(taker.found),
            free=free,
            ratio=ratio,
            bare_division=bare,
        )
    except _Refused as refused:
        return refused.fault
    except _PARSER_FAULTS:
        return ExpressionFault("the expression cannot be taken apart")
    return _check_text(found.text) or found


class _Refused(Exception):
    def __init__(self, fault: ExpressionFault) -> None:
        super().__init__(fault.message)
        self.fault = fault


def _read_expression(text: str) -> exp.Expr | ExpressionFault:
    if len(text) > _LONGEST:
        return ExpressionFault(f"the expression has {len(text):,} characters; at most {_LONGEST:,} are read")
    if text.count("(") + text.upper().count("CASE") > _DEEPEST * 2:
        return ExpressionFault("the expression is nested too deeply")
    try:
        trees = trees_of(text)
    except _PARSER_FAULTS:
        return ExpressionFault("it is not an SQL expression")
    if len(trees) != 1 or not isinstance(trees[0], exp.Expr) or isinstance(trees[0], (exp.Query, exp.DML, exp.DDL)):
        return ExpressionFault("it is not one SQL expression")
    return trees[0]


def _replace_columns(tree: exp.Expr, resolve: Resolve) -> exp.Expr:
    def swap(node: exp.Expr) -> exp.Expr:
        if not isinstance(node, exp.Column) or isinstance(node.this, exp.Star):
            return node
        if node.args.get("db") is not None:
            raise _Refused(ExpressionFault(f"{node.sql()} names a schema"))
        text = resolve(node.table or None, node.name)
        if text is None:
            raise _Refused(ExpressionFault(f"nothing is known of {node.sql()}"))
        found = _read_expression(text)
        if isinstance(found, ExpressionFault):
            raise _Refused(found)
        plain = isinstance(found, (exp.Column, exp.Literal, exp.Func, exp.Paren)) or tree is node
        return found if plain else exp.Paren(this=found)

    return tree.copy().transform(swap)


def _check_text(text: str) -> ExpressionFault | None:
    found = parse_expression(text)
    return ExpressionFault(found.message, found.hint) if isinstance(found, Problem) else None


def _free_column(column: exp.Expr) -> str:
    if column.args.get("table") is not None or not isinstance(column.this, exp.Identifier):
        raise _Refused(ExpressionFault(f"{column.sql()} stands outside an aggregate"))
    return column.name


@dataclass(slots=True)
class _Taker:
    resolve: Resolve
    found: list[Aggregate] = field(default_factory=list)

    def __contains__(self, name: str) -> bool:
        return name in {placeholder(number) for number in range(1, len(self.found) + 1)}

    def take(self, node: exp.Expr) -> exp.Expr:
        if isinstance(node, (exp.Window, exp.Query, exp.Subquery)):
            raise _Refused(ExpressionFault("window functions and queries have no counterpart"))
        if not isinstance(node, (exp.AggFunc, exp.Filter, exp.WithinGroup)):
            return node
        aggregate = self.aggregate(node)
        if aggregate not in self.found:
            self.found.append(aggregate)
        return exp.column(placeholder(self.found.index(aggregate) + 1))

    def aggregate(self, node: exp.Expr) -> Aggregate:
        condition: exp.Expr | None = None
        if isinstance(node, exp.Filter):
            where = node.args.get("expression")
            condition = where.this if isinstance(where, exp.Where) else where
            node = node.this
        function, argument, value, discrete = _aggregate_parts(node)
        if isinstance(argument, exp.Star) and condition is not None:
            argument = exp.Literal.number(1)
        if condition is not None and argument is not None:
            argument = exp.Case(ifs=[exp.If(this=condition.copy(), true=argument.copy())])
        star = argument is None or isinstance(argument, exp.Star)
        columns: tuple[tuple[str | None, str], ...] = ()
        text = None
        if argument is not None and not star:
            if next(argument.find_all(exp.AggFunc), None) is not None:
                raise _Refused(ExpressionFault("an aggregate of an aggregate has no counterpart"))
            named = argument.find_all(exp.Column)
            columns = tuple(dict.fromkeys((column.table or None, column.name) for column in named))
            text = text_of(_replace_columns(argument, self.resolve))
            fault = _check_text(text)
            if fault is not None:
                raise _Refused(fault)
        return Aggregate(function=function, text=text, columns=columns, percentile=value, discrete=discrete)


def _aggregate_parts(node: exp.Expr) -> tuple[str, exp.Expr | None, float | None, bool]:
    """Return function, argument, percentile and whether the percentile is discrete."""
    kind = type(node)
    argument = node.args.get("this")
    if kind in _PLAIN and not isinstance(argument, exp.Distinct) and not node.args.get("expressions"):
        return _PLAIN[kind], argument, None, False
    if isinstance(node, exp.Count) and not node.args.get("expressions"):
        if not isinstance(argument, exp.Distinct):
            return "count", argument, None, False
        if len(argument.expressions) == 1:
            return "count_distinct", argument.expressions[0], None, False
    if isinstance(node, exp.Median):
        return "percentile", argument, _MEDIAN, False
    if isinstance(node, exp.WithinGroup) and isinstance(argument, (exp.PercentileCont, exp.PercentileDisc)):
        order = node.args.get("expression")
        ordered = order.expressions[0] if isinstance(order, exp.Order) and len(order.expressions) == 1 else None
        level = argument.this
        if isinstance(ordered, exp.Ordered) and not ordered.args.get("desc") and isinstance(level, exp.Literal):
            return "percentile", ordered.this, float(level.name), isinstance(argument, exp.PercentileDisc)
    raise _Refused(ExpressionFault(f"the aggregate {node.sql()[:_DEEPEST]} has no counterpart"))


def _ratio_sides(tree: exp.Expr) -> tuple[tuple[str, str] | None, bool]:
    whole = tree.unnest()
    if not isinstance(whole, exp.Div):
        return None, False
    over, under = whole.this.unnest(), whole.expression.unnest()
    if isinstance(over, exp.Cast):
        over = over.this.unnest()
    guarded = isinstance(under, exp.Nullif) and under.expression.sql() == "0"
    if guarded:
        under = under.this.unnest()
    if isinstance(under, exp.Cast):
        under = under.this.unnest()
    if isinstance(over, exp.Column) and isinstance(under, exp.Column):
        return (over.name, under.name), not guarded
    return None, False


def equalities_in(text: str) -> tuple[tuple[tuple[str | None, str], tuple[str | None, str]], ...] | ExpressionFault:
    """Return the pairs of ``(table, column)`` that a join's condition makes equal: equalities joined by AND only."""
    tree = _read_expression(text)
    if isinstance(tree, ExpressionFault):
        return tree
    found: list[tuple[tuple[str | None, str], tuple[str | None, str]]] = []
    waiting = [tree.unnest()]
    while waiting:
        here = waiting.pop()
        if isinstance(here, exp.And):
            waiting.extend((here.expression.unnest(), here.this.unnest()))
            continue
        left, right = here.args.get("this"), here.args.get("expression")
        if not (isinstance(here, exp.EQ) and isinstance(left, exp.Column) and isinstance(right, exp.Column)):
            return ExpressionFault(f"{here.sql()[:_DEEPEST]} is not an equality of two columns")
        found.append(((left.table or None, left.name), (right.table or None, right.name)))
    return tuple(found)
