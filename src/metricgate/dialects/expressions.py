"""The analysts' expressions as a dialect's trees: each text is read and written once, and copied at each use.

What an expression means is the same on every engine (docs/expressions.md); how an engine says it is in ``meanings``.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from sqlglot import exp

from metricgate.catalog.clock_readings import clock_readings
from metricgate.catalog.expression import Expression
from metricgate.dialects.dialect import Dialect
from metricgate.dialects.engines import dialect_named
from metricgate.dialects.kinds import ValueKind
from metricgate.dialects.meanings.operands import check_operands
from metricgate.dialects.meanings.way import Way
from metricgate.dialects.names import identifier
from metricgate.dialects.reserved import RESERVED
from metricgate.dialects.trees import parse_shared
from metricgate.planning.zones import Zones

_READ_BY_CLOCK = "read by clock"
"""The table of such columns while an expression is put in an engine's words; none that an expression could name."""

Kinds = tuple[tuple[str, ValueKind], ...]
"""What is known of columns, by name."""


Texts = tuple[tuple[str, str], ...]
"""Values that columns stand for, by name."""


class _Looked(dict[str, ValueKind]):
    """What is known of columns, by name in lower case; notes which others were looked for."""

    def __init__(self, kinds: Kinds) -> None:
        super().__init__((name.lower(), kind) for name, kind in kinds)
        self.missing: dict[str, None] = {}

    def get(self, name: str, default: ValueKind = ValueKind.UNKNOWN) -> ValueKind:  # type: ignore[override]
        """Return what is known of a column."""
        if name not in self:
            self.missing[name] = None
        return super().get(name, default)


def write_expression(text: str, dialect: str, kinds: Kinds = (), texts: Texts = ()) -> exp.Expr:
    """Return the tree that says in the dialect what an expression of the catalog means; shared, so copy before use.

    ``kinds`` are what is known of its columns, ``texts`` the values that columns stand for.

    Raises:
        UnsupportedError: the dialect cannot say it.
    """
    return _write_tree(text, dialect, kinds, texts)[0]


def kinds_wanted(text: str, dialect: str, kinds: Kinds = (), texts: Texts = ()) -> frozenset[str]:
    """Return the columns of an expression, in lower case, whose kind decides how the dialect says it.

    >>> sorted(kinds_wanted("CAST(a AS DATE) + b * LENGTH(c)", "duckdb"))
    ['b']

    Raises:
        UnsupportedError: the dialect cannot say it.
    """
    return _write_tree(text, dialect, kinds, texts)[1]


@lru_cache(maxsize=8_192)
def _write_tree(text: str, dialect: str, kinds: Kinds, texts: Texts) -> tuple[exp.Expr, frozenset[str]]:
    columns, known = _Looked(kinds), dialect_named(dialect)
    tree = parse_shared(text)
    way = _way(known, columns, texts)
    check_operands(tree, way)
    return way.write(tree), frozenset(columns.missing)


def _way(known: Dialect, columns: Mapping[str, ValueKind], texts: Texts) -> Way:
    return Way(
        table=known.meanings,
        columns=columns,
        texts=dict(texts),
        answers=known.answers,
        no_booleans=known.no_booleans,
    )


@lru_cache(maxsize=8_192)
def _with_table(text: str, table: str, dialect: str, kinds: Kinds) -> exp.Expr:
    tree = write_expression(text, dialect, kinds).copy()
    for column in list(tree.find_all(exp.Column)):
        if not column.table:
            column.set("table", identifier(table))
    return tree


@lru_cache(maxsize=8_192)
def _by_clocks(
    text: str, zones: tuple[tuple[str, str | None, str], ...], table: str, dialect: str, kinds: Kinds
) -> exp.Expr:
    """Like ``_with_table``; what a calendar or a clock is read of is converted there."""
    of_column = {name: Zones(stored=stored, shown=shown) for name, stored, shown in zones}
    root = exp.Paren(this=parse_shared(text).copy())
    for each in clock_readings(root):
        if each.name in of_column:
            each.set("table", identifier(_READ_BY_CLOCK))
    known = dialect_named(dialect)
    columns = {name.lower(): kind for name, kind in kinds}
    check_operands(parse_shared(text), way := _way(known, columns, ()))
    root = exp.Paren(this=way.write(root.this))
    for column in list(root.find_all(exp.Column)):
        read = column.table == _READ_BY_CLOCK
        if read or not column.table:
            column.set("table", identifier(table))
        if read:
            column.replace(exp.Paren(this=known.converted(column.copy(), of_column[column.name])))
    whole: exp.Expr = root.this
    return whole


def write_qualified(expression: Expression, table: str, dialect: str, kinds: Kinds = ()) -> exp.Expr:
    """Return the expression in a dialect's words, with every column read from the table of that alias.

    >>> longest = Expression(text="GREATEST(a, b)", columns=("a", "b"))
    >>> write_qualified(longest, "orders", "duckdb").sql("duckdb")
    'GREATEST(orders.a, orders.b)'

    Raises:
        UnsupportedError: the dialect cannot say it.
    """
    if expression.zones:
        return _by_clocks(expression.text, expression.zones, table, dialect, kinds).copy()
    if expression.is_column:
        name = exp.Identifier(this=expression.text, quoted=expression.text.lower() in RESERVED)
        return exp.Column(this=name, table=identifier(table))
    return _with_table(expression.text, table, dialect, kinds).copy()
