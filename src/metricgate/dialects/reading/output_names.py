"""What engines call an output that has no name."""

from __future__ import annotations

import re
from collections.abc import Mapping

from sqlglot import Dialect, exp

_CALL = re.compile(r"([A-Za-z_]\w*)\s*\(")
_POSTGRES_TYPES = {
    "INT": "int4", "BIGINT": "int8", "SMALLINT": "int2", "DOUBLE": "float8", "FLOAT": "float4", "DECIMAL": "numeric",
    "BOOLEAN": "bool", "VARBINARY": "bytea", "CHAR": "bpchar", "TIMESTAMPTZ": "timestamptz",
}  # fmt: skip


def postgres_name(node: exp.Expr, text: str | None) -> str:
    """Return what PostgreSQL calls an output."""
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


def duckdb_name(node: exp.Expr, _text: str | None) -> str:
    """Return what DuckDB calls an output."""
    if type(node) is exp.Count and type(node.this) is exp.Star:
        return "count_star()"
    text = Dialect.get_or_raise("duckdb").generate(node, comments=False, normalize_functions="lower")
    if type(node) in _MOMENTS:
        # DuckDB takes CURRENT_DATE beside an output called so for that output.
        return f"{text.lower()}()"
    return f"({text})" if isinstance(node, (exp.Binary, exp.Connector)) else str(text)


def mysql_name(node: exp.Expr, text: str | None) -> str:
    """Return what MariaDB calls an output: a text by itself, the rest by its own words."""
    if type(node) is exp.Literal and node.is_string:
        return str(node.this)
    if text is not None:
        return text
    return str(Dialect.get_or_raise("mysql").generate(node, comments=False))
