"""SQL expressions: read once, checked node by node against the allow-list, written in one canonical form.

``parse_expression`` is for ``expr`` keys; ``checked_tree`` serves the template filters too. What sqlglot cannot read
back from its own writing to the same text is refused: then nobody could tell what a warehouse would be asked.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from sqlglot import exp
from sqlglot.errors import SqlglotError

from metricgate.catalog import codes
from metricgate.catalog.allowed import FUNCTIONS, OPERATORS, PARTS, TYPES, UNITS
from metricgate.catalog.canonical_sql import text_of, trees_of
from metricgate.catalog.expression import Expression
from metricgate.vocabulary.nearest import did_you_mean
from metricgate.vocabulary.problem import Place, Problem

_LONGEST = 4_000
_MOST_NODES = 1_000
_DEEPEST = 60
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_QUANTITY = re.compile(r"[0-9]{1,9}")
_PARSER_FAULTS = (SqlglotError, RecursionError, TypeError, IndexError, ValueError, AttributeError, KeyError)


@dataclass(frozen=True, slots=True)
class ExpressionFault:
    """Why a text is not an allowed expression: words, and a hint."""

    message: str
    hint: str | None = None


def parse_expression(text: str, where: Place | None = None) -> Expression | Problem:
    """Return the checked, canonical expression, or the Problem at ``where``."""
    found = _parse_checked(text)
    if isinstance(found, Expression):
        return found
    return Problem(code=codes.BAD_EXPRESSION, message=found.message, where=where, hint=found.hint)


@lru_cache(maxsize=16_384)
def _parse_checked(text: str) -> Expression | ExpressionFault:
    tree = checked_tree(text)
    if isinstance(tree, ExpressionFault):
        return tree
    columns = {column.name for column in tree.find_all(exp.Column)}
    return Expression(text=text_of(tree), columns=tuple(sorted(columns)))


def checked_tree(text: str, *, markers: frozenset[str] = frozenset()) -> exp.Expr | ExpressionFault:
    """Return the tree of one allowed scalar expression; ``markers`` are column names beyond the plain ones."""
    tree = _size_fault(text) or _parse_single(text)
    if isinstance(tree, ExpressionFault):
        return tree
    return _tree_fault(tree, markers) or tree


def _size_fault(text: str) -> ExpressionFault | None:
    if not text.strip():
        return ExpressionFault("the expression is empty")
    if len(text) > _LONGEST:
        return ExpressionFault(f"the expression has {len(text):,} characters; at most {_LONGEST:,} are read")
    if _nesting(text) > _DEEPEST:
        return ExpressionFault(f"the expression is nested more than {_DEEPEST} levels deep")
    return None


def _tree_fault(tree: exp.Expr, markers: frozenset[str]) -> ExpressionFault | None:
    for count, node in enumerate(tree.walk()):
        if count > _MOST_NODES:
            return ExpressionFault(
                "the expression is too large", "Move a part of it into a view or a column of the source."
            )
        fault = _fault_of(node, markers)
        if fault is not None:
            return fault
    try:
        written = text_of(tree)
    except _PARSER_FAULTS:
        return ExpressionFault("the expression is too deeply nested", "Move a part of it into a view.")
    again = _parse_single(written)
    if isinstance(again, ExpressionFault) or text_of(again) != written:
        return ExpressionFault("the expression cannot be written back unchanged", "Write it in a plainer form.")
    return None


def _nesting(text: str) -> int:
    """An upper bound of what makes the parser recurse: open brackets, CASEs, and runs of prefix operators."""
    depth = deepest = 0
    for character in text:
        if character in "([{":
            depth += 1
            deepest = max(deepest, depth)
        elif character in ")]}":
            depth -= 1
    words = text.upper().split()
    prefixes = max((len(run) for run in re.findall(r"(?:[-+~][\s(]*){2,}", text)), default=0)
    return max(deepest, words.count("NOT"), words.count("CASE"), prefixes // 2)


def _parse_single(text: str) -> exp.Expr | ExpressionFault:
    try:
        trees = trees_of(text)
    except _PARSER_FAULTS as error:
        return ExpressionFault(f"{_quote_short(text)} is not an SQL expression", _first_line(error))
    found = [tree for tree in trees if tree is not None]
    if len(found) != 1 or len(trees) != 1:
        return ExpressionFault(
            f"{_quote_short(text)} is not one expression", "Leave out the semicolon and what follows it."
        )
    tree = found[0]
    return tree if isinstance(tree, exp.Expr) else ExpressionFault(f"{_quote_short(text)} is not an SQL expression")


def _fault_of(node: exp.Expr, markers: frozenset[str]) -> ExpressionFault | None:
    kind: type[exp.Expr] = type(node)
    if kind not in OPERATORS and kind not in FUNCTIONS:
        return _refuse_node(node)
    if kind is exp.Column:
        return _column_fault(node, markers)
    if kind in {exp.DateTrunc, exp.TimestampTrunc, exp.DateDiff}:
        return _unit_fault(node.args.get("unit"), UNITS)
    if kind is exp.Extract:
        return _unit_fault(node.this, PARTS)
    return _form_fault(node)


def _form_fault(node: exp.Expr) -> ExpressionFault | None:
    if isinstance(node, exp.DataType) and (node.this not in TYPES or node.args.get("nested")):
        return ExpressionFault(f"the type {node.sql()} is not allowed here", "Cast to a plain type.")
    if isinstance(node, exp.Interval):
        fits = isinstance(node.this, exp.Literal) and _QUANTITY.fullmatch(node.this.name) is not None
        return (
            _unit_fault(node.args.get("unit"), UNITS)
            if fits
            else ExpressionFault("an interval needs a plain whole number")
        )
    if isinstance(node, exp.In) and not node.args.get("expressions"):
        return ExpressionFault("IN needs a list of values in parentheses; a subquery or an array is not allowed")
    return None


def _column_fault(node: exp.Expr, markers: frozenset[str]) -> ExpressionFault | None:
    if node.args.get("table") is not None:
        return ExpressionFault(
            f"the column {node.sql()} names a table", "Name only columns of the model's own source, without a prefix."
        )
    identifier = node.this
    if not isinstance(identifier, exp.Identifier):
        return ExpressionFault("a star is not allowed here", _STAR_HINT)
    if identifier.name in markers or identifier.args.get("quoted") or _PLAIN.fullmatch(identifier.name):
        return None
    return ExpressionFault(
        f"{identifier.name!r} is not a column's name", "Parameters are not allowed; write the value itself."
    )


def _unit_fault(unit: object, allowed: frozenset[str]) -> ExpressionFault | None:
    name = unit.name.upper() if isinstance(unit, (exp.Var, exp.Literal)) else str(unit)
    if isinstance(unit, (exp.Var, exp.Literal)) and name in allowed:
        return None
    return ExpressionFault(
        f"{name!r} is not a unit of time",
        "Write DATE_TRUNC('month', x), EXTRACT(year FROM x), DATEDIFF(end, start, day).",
    )


def _refuse_node(node: exp.Expr) -> ExpressionFault:
    """Say why a node that is not on the list is refused."""
    for kinds, message, hint in _REFUSALS:
        if isinstance(node, kinds):
            return ExpressionFault(message.format(sql=node.sql()[:_DEEPEST], key=node.key.upper()), hint)
    if isinstance(node, exp.Func):
        name = node.name.upper() if isinstance(node, exp.Anonymous) else node.sql_name()
        hint = did_you_mean(name, FUNCTIONS.values()) or f"Allowed are {', '.join(sorted(FUNCTIONS.values()))}."
        return ExpressionFault(f"the function {name} is not allowed in an expression", hint)
    return ExpressionFault(f"{node.key.upper()} is not allowed in an expression")


_STAR_HINT = "Name the column; to count rows, use agg: count with expr: 1."
_REFUSALS: tuple[tuple[tuple[type, ...], str, str | None], ...] = (
    ((exp.Alias,), "the text is two expressions, or one with an alias", "Write one expression without AS."),
    (
        (exp.Query, exp.Subquery, exp.Exists, exp.Table),
        "a query inside an expression is not allowed",
        "Join by entities, or put the query into a view.",
    ),
    (
        (exp.Placeholder, exp.Parameter, exp.SessionParameter),
        "the parameter {sql} is not allowed",
        "Write the value itself.",
    ),
    ((exp.Star,), "a star is not allowed here", _STAR_HINT),
    ((exp.Window,), "a window function is not allowed here", "Compute it in a view."),
    (
        (exp.AggFunc, exp.Filter, exp.Distinct, exp.WithinGroup),
        "the aggregate {key} is not allowed in an expression",
        "The metric's `agg` aggregates.",
    ),
    ((exp.DML, exp.DDL, exp.Drop, exp.Command, exp.Set), "a statement is not an expression", None),
)


def _quote_short(text: str) -> str:
    return repr(text) if len(text) <= _DEEPEST else repr(text[: _DEEPEST - 3] + "...")


def _first_line(error: Exception) -> str | None:
    line = re.sub(r"\x1b\[[0-9;]*m", "", str(error)).partition("\n")[0].strip()
    return line if isinstance(error, SqlglotError) and line and "<class" not in line else None
