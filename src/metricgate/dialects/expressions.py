"""The analysts' expressions as a dialect's trees: each text is read and written once, and copied at each use.

What an expression means is the same on every engine (docs/expressions.md); how an engine says it is in ``meanings``.
"""

from __future__ import annotations

from functools import lru_cache

from sqlglot import exp

from metricgate.catalog.expression import Expression
from metricgate.dialects.engines import dialect_named
from metricgate.dialects.kinds import Kind
from metricgate.dialects.meanings.way import Way
from metricgate.dialects.names import identifier
from metricgate.dialects.reserved import RESERVED
from metricgate.dialects.trees import parsed

Kinds = tuple[tuple[str, Kind], ...]
"""What is known of columns, by name."""


@lru_cache(maxsize=8_192)
def meant(text: str, dialect: str, kinds: Kinds = (), texts: tuple[tuple[str, str], ...] = ()) -> exp.Expr:
    """Return the tree that says in the dialect what an expression of the catalog means; shared, so copy before use.

    ``kinds`` are what is known of its columns, ``texts`` the values that columns stand for.

    Raises:
        UnsupportedError: the dialect cannot say it.
    """
    columns = {name.lower(): kind for name, kind in kinds}
    return Way(table=dialect_named(dialect).meanings, columns=columns, texts=dict(texts)).said(parsed(text))


@lru_cache(maxsize=8_192)
def _with_table(text: str, table: str, dialect: str, kinds: Kinds) -> exp.Expr:
    tree = meant(text, dialect, kinds).copy()
    for column in list(tree.find_all(exp.Column)):
        if not column.table:
            column.set("table", identifier(table))
    return tree


def qualified(expression: Expression, table: str, dialect: str, kinds: Kinds = ()) -> exp.Expr:
    """Return the expression in a dialect's words, with every column read from the table of that alias.

    >>> longest = Expression(text="GREATEST(a, b)", columns=("a", "b"))
    >>> qualified(longest, "orders", "duckdb").sql("duckdb")
    'GREATEST(orders.a, orders.b)'

    Raises:
        UnsupportedError: the dialect cannot say it.
    """
    if expression.is_column:
        name = exp.Identifier(this=expression.text, quoted=expression.text.lower() in RESERVED)
        return exp.Column(this=name, table=identifier(table))
    return _with_table(expression.text, table, dialect, kinds).copy()
