"""Where in the agent's text something stands."""

from __future__ import annotations

from sqlglot import exp

from metricgate.vocabulary.problem import Place

_NAMED = ("this", "db", "table", "alias", "expression")


def place_at(text: str, position: int) -> Place:
    """Return the 1-based line and column of the character at ``position``."""
    before = text[:position]
    return Place(line=before.count("\n") + 1, column=position - (before.rfind("\n") + 1) + 1)


def place_of(node: exp.Expr, text: str) -> Place | None:
    """Return where the node's first name stands, or None where the parser kept no position."""
    start = _start_of(node)
    return None if start is None else place_at(text, start)


def _start_of(node: exp.Expr) -> int | None:
    for each in (node, *(node.find_all(exp.Identifier, exp.Anonymous))):
        start = each.meta.get("start")
        if isinstance(start, int):
            return start
    return None
