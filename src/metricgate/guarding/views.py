"""Which views read a table, from the views' own texts: for engines that do not keep account of it."""

from __future__ import annotations

from collections.abc import Iterable

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from metricgate.guarding.dialects import grammar_of


def views_reading(table: tuple[str, ...], views: Iterable[tuple[str, str]], dialect: str) -> tuple[str, ...]:
    """Return the views that may read a table, in words; one whose text cannot be read is taken to.

    Args:
        table: its name in full. What a view names by itself may mean any schema's table; what it names with a schema or
            a database means that of this table only where that is one of the table's own.
        views: names and texts.
        dialect: a sqlglot name.
    """
    return tuple(
        f"view {name}" for name, text in views if _may_read(text, tuple(part.lower() for part in table), dialect)
    )


def _may_read(text: str, table: tuple[str, ...], dialect: str) -> bool:
    try:
        trees = sqlglot.parse(text, dialect=grammar_of(dialect))
    except (SqlglotError, RecursionError):
        return True
    return any(
        tree is None or type(tree) is exp.Command or any(_may_be(each, table) for each in tree.find_all(exp.Table))
        for tree in trees
    )


def _may_be(named: exp.Table, table: tuple[str, ...]) -> bool:
    return named.name.lower() == table[-1] and (not named.db or len(table) == 1 or named.db.lower() in table[:-1])
