"""Base tables whose alias renames columns: ``orders AS o(a, b)``. To sqlglot, a query around may not name a and b."""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

from metricgate.vocabulary.relation import GovernedTable


def derive_renamed_tables(tree: exp.Expr, tables: Mapping[str, GovernedTable], *, fold: bool) -> None:
    """Put a derived table with outputs of the new names into such a table's place; only what is looked at is changed.

    Args:
        tree: with its base tables marked.
        tables: mark -> governed table.
        fold: whether names of columns are compared in lower case.
    """
    for table in list(tree.find_all(exp.Table)):
        alias = table.args.get("alias")
        if type(alias) is not exp.TableAlias:
            continue
        new = alias.args.get("columns")
        governed = tables.get(table.name) if type(table.this) is exp.Identifier else None
        if not new or governed is None or len(new) > len(governed.columns):
            continue
        own = [column.name.lower() if fold else column.name for column in governed.columns]
        outputs = [
            exp.alias_(
                exp.column(name, quoted=True), new[at].copy() if at < len(new) else exp.to_identifier(name, True)
            )
            for at, name in enumerate(own)
        ]
        inner = exp.Select(expressions=outputs, from_=exp.From(this=exp.Table(this=table.this.copy())))
        table.replace(
            exp.Subquery(this=inner, alias=exp.TableAlias(this=alias.this.copy()), joins=table.args.get("joins"))
        )
