"""Identifiers: plain where every dialect reads them as meant, quoted otherwise."""

from __future__ import annotations

import re
from collections.abc import Iterable

from sqlglot import exp

from metricgate.dialects.reserved import RESERVED

_PLAIN = re.compile(r"[a-z_][a-z0-9_]*\Z")


def identifier(name: str) -> exp.Identifier:
    """Return the identifier, quoted unless it is plain lower case and no word of SQL's own.

    >>> identifier("segment").sql(), identifier("finance.revenue").sql(), identifier("order").sql()
    ('segment', '"finance.revenue"', '"order"')
    """
    return exp.Identifier(this=name, quoted=_PLAIN.match(name) is None or name in RESERVED)


def unused_name(wanted: str, taken: Iterable[str]) -> str:
    """Return the name, with a number where it is taken.

    >>> unused_name("place", ["segment", "place"])
    'place_2'
    """
    known = {each.lower() for each in taken}
    name, number = wanted, 1
    while name in known:
        number += 1
        name = f"{wanted}_{number}"
    return name


def column(name: str, table: str | None = None) -> exp.Column:
    """Return a column of a table by its alias."""
    if table is None:
        return exp.Column(this=identifier(name))
    return exp.Column(this=identifier(name), table=identifier(table))


def with_alias(tree: exp.Expr, name: str) -> exp.Expr:
    """Return ``tree AS name``."""
    return exp.Alias(this=tree, alias=identifier(name))
