"""What the engine would call an output that has no name, so that a rewritten query answers under the same names."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from metricgate.dialects.reading.rules import DialectRules

SPELLED = "metricgate_spelled"
"""Where an identifier keeps its spelling while names are compared."""


def name_outputs(tree: exp.Expr, rules: DialectRules, texts: Sequence[str]) -> None:
    """Give every output of every SELECT that has no name the one that the engine would give it.

    Args:
        tree: parsed; it is changed.
        rules: the dialect's.
        texts: the agent's own words for the outputs of the whole query; they name what they can.
    """
    first = leftmost(tree)
    for select in tree.find_all(exp.Select):
        words = texts if select is first and len(texts) == len(select.expressions) else ()
        named: list[exp.Expr] = []
        for number, output in enumerate(select.expressions):
            if type(output) is exp.Alias:
                identifier = output.args["alias"]
                identifier.meta[SPELLED] = _spell_name(identifier, rules)
                named.append(output)
            elif type(output) is exp.Star or (type(output) is exp.Column and type(output.this) is exp.Star):
                named.append(output)
            else:
                named.append(_name_output(output, rules, words[number] if words else None))
        select.set("expressions", named)


def order_by_places(tree: exp.Expr) -> None:
    """Where a query's outputs get other names from outside, let its ORDER BY name them by their places.

    ``WITH c(a) AS (SELECT x AS y FROM t ORDER BY y)``: binding takes y away.
    """
    for alias in list(tree.find_all(exp.TableAlias)):
        holder = alias.parent
        query = None if holder is None or not alias.args.get("columns") else holder.this
        if not isinstance(query, exp.Query) or query.args.get("order") is None:
            continue
        places = {output.alias_or_name.lower(): place for place, output in enumerate(leftmost(query).selects, start=1)}
        for item in query.args["order"].expressions:
            name = item.this
            if type(name) is exp.Column and not name.table and name.name.lower() in places:
                item.set("this", exp.Literal.number(places[name.name.lower()]))


def merged_names(tree: exp.Expr) -> frozenset[str]:
    """Return the names in lower case of columns that joins make one by USING; of NATURAL joins, those of any column."""
    joins = list(tree.find_all(exp.Join))
    found = {each.name.lower() for join in joins for each in join.args.get("using") or ()}
    if any(str(join.args.get("method") or "").upper() == "NATURAL" for join in joins):
        found |= {each.name.lower() for each in tree.find_all(exp.Column)}
    return frozenset(found)


def _spell_name(identifier: exp.Expr, rules: DialectRules) -> str:
    name = identifier.name
    return name if rules.keeps_case or identifier.args.get("quoted") else name.lower()


def _name_output(output: exp.Expr, rules: DialectRules, text: str | None) -> exp.Expr:
    if type(output) is exp.Column:
        identifier = output.this.copy()
        identifier.meta[SPELLED] = _spell_name(output.this, rules)
    else:
        name = rules.output_name(output, text)
        identifier = exp.Identifier(this=name, quoted=True)
        identifier.meta[SPELLED] = name
    if type(output) is exp.Subquery and output.args.get("alias") is not None:
        identifier = output.args["alias"].this
        identifier.meta[SPELLED] = _spell_name(identifier, rules)
        output.set("alias", None)
    return exp.Alias(this=output, alias=identifier)


def leftmost(tree: exp.Expr) -> exp.Select:
    """Return the SELECT whose names are those of the whole query."""
    node: exp.Expr = tree
    while not isinstance(node, exp.Select):
        node = node.this
    return node
