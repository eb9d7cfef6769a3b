"""Which CTE a table's name means, if any: the innermost visible one, as all three engines resolve it."""

from __future__ import annotations

from sqlglot import exp


def cte_named(table: exp.Table, name: str, *, fold: bool) -> exp.CTE | None:
    """Return the CTE that ``name``, written at ``table``, means; None where it means a relation of the warehouse.

    Args:
        table: a node of the tree.
        name: its name, folded already.
        fold: whether names of CTEs are still to be folded to lower case for the comparison.
    """
    node: exp.Expr = table
    parent = node.parent
    while parent is not None:
        if type(parent) is exp.With:
            found = _visible_before(parent, node, name, fold=fold)
            if found is not None:
                return found
            # Siblings were looked at; the query that owns this WITH sees them all, its CTEs do not.
            node, parent = _owner_of(parent)
            continue
        with_ = parent.args.get("with_")
        if type(with_) is exp.With:
            for cte in with_.expressions:
                if _is_named(cte, name, fold=fold):
                    return cte if type(cte) is exp.CTE else None
        node, parent = parent, parent.parent
    return None


def _owner_of(with_: exp.With) -> tuple[exp.Expr, exp.Expr | None]:
    query = with_.parent
    return (with_, None) if query is None else (query, query.parent)


def _visible_before(with_: exp.With, inside: exp.Expr, name: str, *, fold: bool) -> exp.CTE | None:
    recursive = bool(with_.args.get("recursive"))
    for cte in with_.expressions:
        if cte is inside and not recursive:
            return None
        if type(cte) is exp.CTE and _is_named(cte, name, fold=fold):
            return cte
        if cte is inside:
            return None
    return None


def _is_named(cte: exp.Expr, name: str, *, fold: bool) -> bool:
    identifier = cte.args["alias"].this
    return fold_name(identifier, lower_quoted=fold) == name


def fold_name(identifier: exp.Expr, *, lower_quoted: bool) -> str:
    """Return a name as the engine compares it: unquoted ones in lower case, quoted ones too where case never counts."""
    name = identifier.name
    return name.lower() if lower_quoted or not identifier.args.get("quoted") else name
