"""A finished tree as text: the dialect's passes over it, then the writer."""

from __future__ import annotations

from sqlglot import Dialect as Writer
from sqlglot import exp

from metricgate.compiling.context import Context
from metricgate.vocabulary.predicate import Scalar


def write_sql(select: exp.Expr, context: Context) -> tuple[str, tuple[Scalar, ...]]:
    """Return the text in the context's dialect, and its values in the order of the text.

    Raises:
        UnsupportedError: the dialect has no way to say it.
    """
    dialect = context.dialect
    tree = select
    for adapt in dialect.adapted:
        tree = adapt(tree)
    sql = Writer.get_or_raise(dialect.writer).generate(tree, pretty=True, copy=False)
    parameters = tuple(context.parameters)
    return dialect.marked(sql, parameters) if dialect.marked is not None else (sql, parameters)
