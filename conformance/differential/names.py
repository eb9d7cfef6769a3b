"""Names of outputs: none, fresh, of a column, of a word of SQL, in quotes, in another case."""

from __future__ import annotations

from conformance.differential.drawing import Column, Draw, Scope

_WORDS = ("order", "select", "Group", "limit", "a b", "UPPER", "q;--", "it's", "x.y", "%", 'a"b', "漢", "date", "from")
_AFTER_AS = ("select", "from", "table", "user", "end", "case", "default", "desc", "values", "offset", "filter", "asc")
_PLAIN = ("n", "total", "Cnt", "x1", "value_", "año")
_UNQUOTED = ("rank", "year", "name", "type", "status", "level", "month", "key_")


def output(draw: Draw, scope: Scope, value: str, kind: str) -> tuple[str, Column]:
    """Return the value with a name or without, and the column that comes of it."""
    roll = draw.random.random()
    columns = [column for source in scope.sources for column in source.columns]
    if roll < 0.35:
        draw.mark("output without a name")
        return value, Column(name="", kind=kind)
    if roll < 0.55 and columns:
        draw.mark("alias that shadows a column")
        name = draw.one(columns).name
    elif roll < 0.65:
        draw.mark("word of SQL as a name")
        name = quoted(draw.one(_WORDS), draw.engine)
    elif roll < 0.66 and draw.engine != "mariadb":
        draw.mark("word of SQL as a name without quotes")
        return f"{value} AS {(name := draw.one(_AFTER_AS))}", Column(name=f'"{name}"', kind=kind)
    elif roll < 0.72:
        draw.mark("name of a function as an alias")
        name = draw.one(_UNQUOTED)
    else:
        name = draw.one(_PLAIN)
    if draw.engine == "mariadb" and draw.chance(0.05):
        draw.mark("alias as a text")
        return f"{value} AS 'n'", Column(name="n", kind=kind)
    without = draw.chance(0.2)
    if without:
        draw.mark("alias without AS")
    return f"{value}{' ' if without else ' AS '}{name}", Column(name=name, kind=kind)


def quoted(name: str, engine: str) -> str:
    """Return a name in the engine's quotes."""
    mark = "`" if engine == "mariadb" else '"'
    return f"{mark}{name.replace(mark, mark * 2)}{mark}"
