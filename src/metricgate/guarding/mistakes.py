"""What to tell an agent whose columns do not fit. What is hidden from it looks like what is not there."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from sqlglot import exp

from metricgate.guarding import codes
from metricgate.guarding.places import place_of
from metricgate.vocabulary.nearest import did_you_mean
from metricgate.vocabulary.problem import Problem
from metricgate.vocabulary.relation import GovernedTable


def column_mistakes(tree: exp.Expr, tables: Mapping[str, GovernedTable], text: str, reason: str) -> list[Problem]:
    """Return a problem for each column that fits no table; else what the binder's own reason comes to."""
    known = _known_names(tree, tables)
    aliases = _table_aliases(tree, tables)
    problems = []
    for column in tree.find_all(exp.Column):
        if type(column.this) is exp.Star:
            continue
        own = aliases.get(column.table.lower()) if column.table else None
        if own is not None and column.name.lower() not in {each.name.lower() for each in own.columns}:
            problems.append(unknown_column(column, [own], text))
        elif column.name.lower() not in known:
            problems.append(unknown_column(column, tables.values(), text))
    return problems or [_as_told(tree, tables, text, reason)]


def unknown_column(column: exp.Expr, tables: Iterable[GovernedTable], text: str) -> Problem:
    """Return that a column may not be read, with those that may."""
    candidates = sorted(tables, key=lambda table: table.dataset)
    names = {each.name for table in candidates for each in table.columns}
    shown = "; ".join(
        f"the columns of {table.dataset} are {', '.join(each.name for each in table.columns) or 'hidden from you'}"
        for table in candidates
    )
    near = did_you_mean(column.name, names)
    hint = f"{near} " if near else ""
    return Problem(
        code=codes.UNKNOWN_COLUMN,
        message=f"{column.name} is not a column that you may read.",
        where=place_of(column, text),
        hint=f"{hint}{shown[:1].upper()}{shown[1:]}." if shown else near,
        details={"column": column.name},
    )


def _known_names(tree: exp.Expr, tables: Mapping[str, GovernedTable]) -> set[str]:
    names = {column.name.lower() for table in tables.values() for column in table.columns}
    for node in tree.find_all(exp.Alias, exp.TableAlias):
        names.add(node.alias.lower() if type(node) is exp.Alias else node.name.lower())
        if type(node) is exp.TableAlias:
            names |= {each.name.lower() for each in node.args.get("columns") or ()}
    return names


def _table_aliases(tree: exp.Expr, tables: Mapping[str, GovernedTable]) -> dict[str, GovernedTable]:
    """Aliases that mean one base table wherever they are used."""
    found: dict[str, GovernedTable | None] = {}
    for source in tree.find_all(exp.Table, exp.Subquery, exp.CTE, exp.Lateral, exp.Unnest, exp.Values):
        if not source.alias:
            continue
        name = source.alias.lower()
        table = tables.get(source.name) if type(source) is exp.Table else None
        found[name] = table if found.get(name, table) is table else None
    return {name: table for name, table in found.items() if table is not None}


_TWICE = re.compile(r"Alias already used: (\S+)")
"""sqlglot's words."""


def _as_told(tree: exp.Expr, tables: Mapping[str, GovernedTable], text: str, reason: str) -> Problem:
    named = re.search(r"(?:olumn|able)[: ]+'?\"?(\w+)", reason)
    column = None
    if named is not None:
        column = next((each for each in tree.find_all(exp.Column) if each.name.lower() == named[1].lower()), None)
    twice = _TWICE.search(reason)
    if twice is not None:
        name = twice[1]
        again = [each for each in tree.find_all(exp.Table) if each.alias_or_name == name]
        return Problem(
            code=codes.UNBOUND,
            message=f"{name} names two tables of one FROM.",
            where=place_of(again[-1], text) if again else None,
            hint=f"Give one of them a name of its own: AS {name}_2.",
        )
    if column is None:
        return Problem(
            code=codes.UNBOUND,
            message="The query's names cannot be traced to their tables.",
            hint="Write each column with its table's alias before it.",
        )
    if "mbiguous" in reason or not column.table:
        return ambiguous_column(column, tables.values(), text)
    return unknown_column(column, tables.values(), text)


def ambiguous_column(column: exp.Expr, tables: Iterable[GovernedTable], text: str) -> Problem:
    """Return that a column is in several tables, or in none here."""
    owners = sorted(
        table.dataset for table in tables if column.name.lower() in {each.name.lower() for each in table.columns}
    )
    if len(owners) < 2:  # noqa: PLR2004 - one table is not ambiguous
        return unknown_column(column, tables, text)
    return Problem(
        code=codes.AMBIGUOUS_COLUMN,
        message=f"{column.name} is a column of {' and '.join(owners)}.",
        where=place_of(column, text),
        hint=f"Write the alias of one of them before it, e.g. {owners[0]}.{column.name}.",
        details={"column": column.name, "datasets": owners},
    )
