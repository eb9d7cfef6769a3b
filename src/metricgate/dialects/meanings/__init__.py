"""How each dialect says what an expression means: one table an engine, from the node that is meant to the tree it says.

What is in no table is said in the words that sqlglot knows for the dialect.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

from metricgate.dialects.kinds import Kind
from metricgate.dialects.meanings.way import Way, Writing

_TABLES: Mapping[str, Mapping[type[exp.Expr], Writing]] = {}


def in_words_of(dialect: str, tree: exp.Expr, columns: Mapping[str, Kind] | None = None) -> exp.Expr:
    """Return the expression in the dialect's words, a tree of its own.

    Raises:
        UnsupportedError: the dialect cannot say it.
    """
    return Way(dialect=dialect, table=_TABLES.get(dialect, {}), columns=columns or {}).said(tree)
