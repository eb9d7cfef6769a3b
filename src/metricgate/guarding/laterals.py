"""Functions in the place of a table, as the engine sees them: they see the tables before them, and have columns.

The tree is changed so that names can be traced; the text that runs stays as it is.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

from metricgate.dialects.reading.rules import DialectRules

_COLUMNS: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("json_each", "json_each_text", "jsonb_each", "jsonb_each_text"), ("key", "value")),
    **dict.fromkeys(("json_array_elements", "json_array_elements_text"), ("value",)),
    **dict.fromkeys(("jsonb_array_elements", "jsonb_array_elements_text"), ("value",)),
}
"""PostgreSQL's functions that name the columns of their rows; of the others, a column is called as the table is."""


def without_first_brackets(tree: exp.Query) -> None:
    """Take the brackets off ``FROM (a JOIN b ON c) JOIN d``: joins bind from the left, and mean the same without.

    sqlglot traces no names beside SEMI and ANTI JOIN where the first thing in FROM has no name.

    Args:
        tree: parsed; it is changed.
    """
    for from_ in list(tree.find_all(exp.From)):
        select, first = from_.parent, from_.this
        while isinstance(select, exp.Select) and _is_bracket(first):
            inner = first.this
            joins = [*(inner.args.pop("joins", None) or ()), *(first.args.get("joins") or ())]
            from_.set("this", inner)
            select.set("joins", [*joins, *(select.args.get("joins") or ())])
            first = inner


def _is_bracket(node: exp.Expr) -> bool:
    """Whether it is a bracket around tables and joins, without a name or anything else of its own."""
    if type(node) is not exp.Subquery or not isinstance(node.this, (exp.Table, exp.Subquery, exp.Unnest, exp.Values)):
        return False
    inner = node.this
    named = type(inner) is not exp.Subquery or bool(inner.alias) or _is_bracket(inner)
    return named and {key for key, value in node.args.items() if value} <= {"this", "joins"}


def told_apart(tree: exp.Query, rules: DialectRules) -> None:
    """Give functions among the tables their columns, and on PostgreSQL the sight of the tables before them.

    Args:
        tree: parsed; it is changed.
        rules: the dialect's.
    """
    if not rules.functions.tables:
        return
    for clause in list(tree.find_all(exp.From, exp.Join)):
        source = clause.this
        function = _function_of(source)
        if not isinstance(function, exp.Func | exp.Unnest):
            continue
        alias = source.args.get("alias") or _own_alias(clause, function, rules)
        if alias is None or alias.this is None:
            continue
        # DuckDB's range and generate_series name their column, which may be called by the alias, too.
        known = rules.names_series and alias is source.args.get("alias") and _has_qualified_columns(tree, alias.this)
        if not alias.args.get("columns") and not known:
            alias.set(
                "columns", _function_columns(tree, function, alias.this, ordinality=bool(source.args.get("ordinality")))
            )
        source.set("alias", alias)
        if rules.lateral_functions and type(clause) is exp.Join and type(source) is not exp.Lateral:
            _made_lateral(source, function)


def _own_alias(clause: exp.Expr, function: exp.Expr, rules: DialectRules) -> exp.TableAlias | None:
    """Return the name that the engine gives to a function without an alias, and to its column: no star sees it else.

    None where something beside it goes by that name: DuckDB reads such a text as long as nothing is named.
    """
    name = _own_name(function, rules)
    select = clause.find_ancestor(exp.Select)
    if name is None or select is None:
        return None
    sources = [each.this for each in select.find_all(exp.From, exp.Join) if each.find_ancestor(exp.Select) is select]
    names = [each.alias_or_name.lower() or _own_name(_function_of(each), rules) for each in sources]
    # Those that were seen before have the name by now.
    return exp.TableAlias(this=exp.to_identifier(name)) if names.count(name) == 1 else None


def _function_of(source: exp.Expr) -> exp.Expr:
    inner = source.this if type(source) is exp.Lateral else source
    return inner.this if type(inner) is exp.Table else inner


def _own_name(function: exp.Expr, rules: DialectRules) -> str | None:
    if type(function) is exp.Unnest and len(function.expressions) == 1 and not function.args.get("offset"):
        return "unnest"
    if type(function) is exp.GenerateSeries and rules.names_series:
        return "range" if function.args.get("is_end_exclusive") else "generate_series"
    return None


def _function_columns(tree: exp.Query, function: exp.Expr, alias: exp.Expr, *, ordinality: bool) -> list[exp.Expr]:
    """Return the names of a function's columns. One that names its column may be called by its alias, too."""
    named = _COLUMNS.get(str(function.this).lower(), ()) if type(function) is exp.Anonymous else ()
    if len(named) > 1 or (named and _has_qualified_columns(tree, alias)):
        found: list[exp.Expr] = [exp.to_identifier(name) for name in named]
    else:
        found = [alias.copy()]
    return [*found, exp.to_identifier("ordinality")] if ordinality else found


def _has_qualified_columns(tree: exp.Query, alias: exp.Expr) -> bool:
    return any(
        column.table == alias.name for column in tree.find_all(exp.Column) if not isinstance(column.this, exp.Star)
    )


def _made_lateral(source: exp.Expr, function: exp.Expr) -> None:
    alias = source.args["alias"]
    lateral = exp.Lateral(view=False, outer=False, alias=alias.copy(), ordinality=source.args.get("ordinality"))
    source.replace(lateral)
    if type(source) is exp.Unnest:
        offset = source.args.get("offset")
        if isinstance(offset, exp.Identifier):
            lateral.args["alias"].append("columns", offset.copy())
        source.set("offset", None)
        source.set("alias", None)
        function = source
    lateral.set("this", function)
