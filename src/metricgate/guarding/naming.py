"""What the engine would call an output that has no name, so that a rewritten query answers under the same names."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from sqlglot import Dialect, exp

from metricgate.guarding.dialects import DialectRules

SPELLED = "metricgate_spelled"
"""Where an identifier keeps its spelling while names are compared."""

_CALL = re.compile(r"([A-Za-z_]\w*)\s*\(")
_POSTGRES_TYPES = {
    "INT": "int4", "BIGINT": "int8", "SMALLINT": "int2", "DOUBLE": "float8", "FLOAT": "float4", "DECIMAL": "numeric",
    "BOOLEAN": "bool", "VARBINARY": "bytea", "CHAR": "bpchar", "TIMESTAMPTZ": "timestamptz",
}  # fmt: skip


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
                identifier.meta[SPELLED] = _spelled(identifier, rules)
                named.append(output)
            elif type(output) is exp.Star or (type(output) is exp.Column and type(output.this) is exp.Star):
                named.append(output)
            else:
                named.append(_named(output, rules, words[number] if words else None))
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


def _spelled(identifier: exp.Expr, rules: DialectRules) -> str:
    name = identifier.name
    return name if rules.keeps_case or identifier.args.get("quoted") else name.lower()


def _named(output: exp.Expr, rules: DialectRules, text: str | None) -> exp.Expr:
    if type(output) is exp.Column:
        identifier = output.this.copy()
        identifier.meta[SPELLED] = _spelled(output.this, rules)
    else:
        name = _NAMES[rules.name](output, text)
        identifier = exp.Identifier(this=name, quoted=True)
        identifier.meta[SPELLED] = name
    if type(output) is exp.Subquery and output.args.get("alias") is not None:
        identifier = output.args["alias"].this
        identifier.meta[SPELLED] = _spelled(identifier, rules)
        output.set("alias", None)
    return exp.Alias(this=output, alias=identifier)


def leftmost(tree: exp.Expr) -> exp.Select:
    """Return the SELECT whose names are those of the whole query."""
    node: exp.Expr = tree
    while not isinstance(node, exp.Select):
        node = node.this
    return node


def _postgres_name(node: exp.Expr, text: str | None) -> str:
    figured = _figured(node)
    called = None if text is None else _CALL.match(text)
    if called is not None and isinstance(node, exp.Func) and not isinstance(node, (exp.Cast, exp.And, exp.Or)):
        return "btrim" if called[1].lower() == "trim" else called[1].lower()
    return figured or "?column?"


_TRANSPARENT = frozenset(
    {exp.Paren, exp.Filter, exp.Window, exp.WithinGroup, exp.Bracket, exp.Collate, exp.Alias, exp.IgnoreNulls}
)


def _figured(node: exp.Expr) -> str | None:
    """PostgreSQL's FigureColname: the column, the function, or nothing."""
    kind = type(node)
    if kind is exp.Column:
        return str(node.name)
    if kind in _TRANSPARENT:
        return _figured(node.this)
    if isinstance(node, exp.Subquery):
        outputs = node.selects
        return _figured(outputs[0]) if outputs and type(outputs[0]) is not exp.Star else None
    if isinstance(node, exp.Cast):
        return _cast_name(node)
    if kind is exp.Case:
        default = node.args.get("default")
        return (None if default is None else _figured(default)) or "case"
    return _NAMED.get(kind) or _function_name(node)


_NAMED: Mapping[type[exp.Expr], str] = {exp.Tuple: "row", exp.Interval: "interval", exp.AtTimeZone: "timezone"}


def _cast_name(node: exp.Expr) -> str:
    """A cast is called as the column or function that is cast, else as the outermost type."""
    inner = node.this
    while isinstance(inner, (exp.Cast, exp.Paren)):
        inner = inner.this
    return (None if type(inner) in {exp.Case, exp.Interval} else _figured(inner)) or _type_name(node.args["to"])


def _type_name(kind: exp.Expr) -> str:
    while kind.this is exp.DType.ARRAY and kind.expressions:
        kind = kind.expressions[0]
    word = str(getattr(kind.this, "value", kind.this))
    return _POSTGRES_TYPES.get(word, word.lower())


def _function_name(node: exp.Expr) -> str | None:
    if not isinstance(node, (exp.Func, exp.Exists)) or isinstance(node, (exp.Binary, exp.Connector)):
        return None
    word = Dialect.get_or_raise("postgres").generate(node, comments=False).split("(", 1)[0].split("[", 1)[0].strip()
    return word.lower() if word.isidentifier() else None


_MOMENTS = frozenset({exp.CurrentDate, exp.CurrentTime, exp.CurrentTimestamp, exp.Localtime, exp.Localtimestamp})


def _duckdb_name(node: exp.Expr, _text: str | None) -> str:
    if type(node) is exp.Count and type(node.this) is exp.Star:
        return "count_star()"
    text = Dialect.get_or_raise("duckdb").generate(node, comments=False, normalize_functions="lower")
    if type(node) in _MOMENTS:
        # DuckDB takes CURRENT_DATE beside an output called so for that output.
        return f"{text.lower()}()"
    return f"({text})" if isinstance(node, (exp.Binary, exp.Connector)) else str(text)


def _mysql_name(node: exp.Expr, text: str | None) -> str:
    if type(node) is exp.Literal and node.is_string:
        return str(node.this)
    if text is not None:
        return text
    return str(Dialect.get_or_raise("mysql").generate(node, comments=False))


_NAMES = {"postgres": _postgres_name, "duckdb": _duckdb_name, "mysql": _mysql_name}
