"""Derived tables with two columns of one name, as ``SELECT * FROM a JOIN b`` gives: a star over them can be bound.

Only what is looked at is changed: the agent's own words run, and the engine names their columns.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

_QUERIES = (exp.Select, exp.SetOperation)


def told_by_number(tree: exp.Expr) -> bool:
    """Give repeated names in derived tables and CTEs a number, as DuckDB does, and say whether there were any.

    Args:
        tree: qualified once: what is inside has its stars written out, what is around may have some left.
    """
    changed = False
    for select in _inner(tree):
        seen: set[str] = set()
        for output in select.expressions:
            if type(output) is not exp.Alias:
                continue
            name = output.alias
            own, number = name, 0
            while own.lower() in seen:
                number += 1
                own = f"{name}_{number}"
            seen.add(own.lower())
            if own != name:
                output.args["alias"].set("this", own)
                changed = True
    return changed


def without_places(tree: exp.Expr) -> list[tuple[exp.Query, exp.Order, list[exp.Expr]]]:
    """Take numbers out of ORDER BY where a star stands before they count, and return what to put back."""
    found: list[tuple[exp.Query, exp.Order, list[exp.Expr]]] = []
    for order in list(tree.find_all(exp.Order)):
        query = order.parent
        if isinstance(query, _QUERIES) and any(each.is_star for each in query.selects):
            items = list(order.expressions)
            kept = [item for item in items if type(item.this) is not exp.Literal]
            if len(kept) < len(items):
                found.append((query, order, items))
                order.set("expressions", kept)
                query.set("order", order if kept else None)
    return found


def put_back(places: list[tuple[exp.Query, exp.Order, list[exp.Expr]]]) -> None:
    """Put back what ``without_places`` took out."""
    for query, order, items in places:
        order.set("expressions", items)
        query.set("order", order)


def stars_of_merged(tree: exp.Expr) -> frozenset[int]:
    """Return the ids of SELECTs with a star over columns that a join makes one: which these are is known only once."""
    return frozenset(
        id(select)
        for select in tree.find_all(exp.Select)
        if any(each.is_star for each in select.expressions)
        and any(join.args.get("using") or join.args.get("method") for join in _own_joins(select))
    )


def _own_joins(node: exp.Expr) -> Iterator[exp.Join]:
    """Yield the joins of a SELECT and of the brackets among its tables, without those of queries in it."""
    from_ = node.args.get("from_")
    for source in [] if from_ is None else [from_.this]:
        yield from _own_joins(source)
    if type(node) is exp.Subquery and not isinstance(node.this, _QUERIES):
        yield from _own_joins(node.this)
    for join in node.args.get("joins") or ():
        yield join
        yield from _own_joins(join.this)


def stars_left(tree: exp.Expr) -> list[exp.Select]:
    """Return the SELECTs that still have a star."""
    return [select for select in tree.find_all(exp.Select) if any(each.is_star for each in select.expressions)]


def _inner(tree: exp.Expr) -> Iterator[exp.Select]:
    """Yield the SELECT that names the columns of each derived table and each CTE."""
    for holder in tree.find_all(exp.Subquery, exp.CTE, exp.Lateral):
        query = holder.this
        while isinstance(query, (exp.Subquery, exp.SetOperation)):
            query = query.this
        if isinstance(query, exp.Select) and query is not tree:
            yield query
