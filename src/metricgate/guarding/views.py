"""Which views read a table, from the views' own texts: for engines that do not keep account of it."""

from __future__ import annotations

from collections.abc import Iterable

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError


def views_reading(table: tuple[str, ...], views: Iterable[tuple[str, str]], dialect: str) -> tuple[str, ...]:
    """Return the views that may read a table, in words; one whose text cannot be read is taken to.

    Args:
        table: compared by its last part only: a name alone may mean any schema's table.
        views: names and texts.
        dialect: a sqlglot name.
    """
    return tuple(f"view {name}" for name, text in views if _may_read(text, table[-1].lower(), dialect))


def _may_read(text: str, table: str, dialect: str) -> bool:
    try:
        trees = sqlglot.parse(text, dialect=dialect)
    except (SqlglotError, RecursionError):
        return True
    return any(
        tree is None
        or type(tree) is exp.Command
        or any(each.name.lower() == table for each in tree.find_all(exp.Table))
        for tree in trees
    )
