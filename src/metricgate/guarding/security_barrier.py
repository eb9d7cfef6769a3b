"""PostgreSQL's fences: what keeps the planner from running an agent's conditions on rows that a relation hides.

Both kinds have stood in its planner for as long as there have been CTEs. A MATERIALIZED CTE is computed in full, first,
and read as often as it is named; the planner knows nothing of its values. A sub-select with ``OFFSET 0`` is neither
pulled up nor given conditions from outside (before an offset they would ask another question), but it streams, in
parallel too, computes only the columns that are asked for, and keeps the table's statistics. It is run anew whenever
the query around it is. So a statement has the first kind if any of its relations stands in a sub-query that may be run
for each row, and mixes none: half a planner's knowledge was measured to choose worse than none.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlglot import exp

FENCE = "metricgate_r"
"""How a relation behind a fence is called; no name of an agent begins so."""

_HELD_AS: dict[type[exp.Expr], frozenset[str]] = {
    exp.From: frozenset({"this"}),
    exp.Join: frozenset({"this"}),
    exp.Subquery: frozenset({"this", "joins"}),
    exp.Table: frozenset({"joins"}),
    exp.Select: frozenset({"from_", "joins"}),
    exp.Union: frozenset({"this", "expression"}),
    exp.Intersect: frozenset({"this", "expression"}),
    exp.Except: frozenset({"this", "expression"}),
}
"""Kinds of nodes -> the parts of them that are read once when they are. LATERAL is not among them."""
_CTES: dict[type[exp.Expr], frozenset[str]] = {
    **{kind: parts | {"with_"} for kind, parts in _HELD_AS.items()},
    exp.With: frozenset({"expressions"}),
    exp.CTE: frozenset({"this"}),
}


def streaming_barrier(text: str) -> str:
    """Return a relation's text behind the fence that streams: a derived table with ``OFFSET 0``, for PostgreSQL only.

    Its planner puts no condition of the caller below the row filter inside, so that none sees rows which that hides.
    """
    return f'SELECT * FROM ({text}) AS "{FENCE}" OFFSET 0'  # noqa: S608 - ours, and read back


def materialized_barrier(text: str) -> str:
    """Return a relation's text as one that MariaDB computes by itself.

    It merges a derived table without a LIMIT into the query around it. Then ROLLUP's totals of an expression show the
    last group's value instead of NULL, and a query with a window loses rows that NOT IN of a sub-query lets through
    (both seen on 10.11).
    """
    return f"SELECT * FROM ({text}) AS `{FENCE}` LIMIT {2**64 - 1}"  # noqa: S608 - ours, and read back


def read_once(nodes: Iterable[exp.Expr], tree: exp.Expr) -> bool:
    """Say whether all these nodes of the tree stand where the engine reads them once.

    A CTE may be put into the place that names it, so none counts where the tree has any sub-query beside its sources.
    A recursive one is read again in every step.
    """
    plain = all(_is_held(select, _CTES) for select in tree.find_all(exp.Select))
    parts = _CTES if plain else _HELD_AS
    return all(_is_held(node, parts) for node in nodes)


def _is_held(node: exp.Expr, parts: dict[type[exp.Expr], frozenset[str]]) -> bool:
    """Say whether everything around the node, up to the root, is among the parts."""
    below, parent = node, node.parent
    while parent is not None:
        if below.arg_key not in parts.get(type(parent), ()) or parent.args.get("recursive"):
            return False
        below, parent = parent, parent.parent
    return True
