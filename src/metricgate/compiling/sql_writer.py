"""A finished tree as text: the dialect's passes over it, the writer, what holds for the whole statement."""

from __future__ import annotations

from sqlglot import Dialect as Writer
from sqlglot import exp

from metricgate.compiling.context import Context
from metricgate.vocabulary.predicate import Scalar


def write_sql(select: exp.Expr, context: Context) -> tuple[str, tuple[Scalar, ...]]:
    """Return a whole statement's text in the context's dialect, and its values in the order of the text.

    Raises:
        UnsupportedError: the dialect has no way to say it.
    """
    dialect = context.dialect
    tree = select
    for adapt in dialect.adapted:
        tree = adapt(tree)
    sql = Writer.get_or_raise(dialect.writer).generate(tree, pretty=True, copy=False)
    return dialect.finish(sql, tuple(context.parameters))
