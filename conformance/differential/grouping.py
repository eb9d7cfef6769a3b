"""GROUP BY: keys by column, expression, place and alias; ROLLUP, CUBE, GROUPING SETS; HAVING."""

from __future__ import annotations

import re

from conformance.differential.drawing import Column, Draw, Query, Scope
from conformance.differential.names import output

_KEYS = ("int", "text", "date", "bool")
_SCALARS = ("int", "int", "int", "dec", "date", "float", "text", "bool")
_AGGREGATED = {
    "duckdb": (*_SCALARS, "list"),
    "postgres": (*_SCALARS, "list", "json"),
    "mariadb": ("int", "int", "int", "dec", "date", "text"),
}
"""Kinds of what is computed of each group."""


def grouped(draw: Draw, scope: Scope, rest: str, kinds: list[str] | None) -> Query:
    """Draw a SELECT of groups, or of one aggregate over everything."""
    wanted = kinds or [
        draw.one(_KEYS),
        *(draw.one(_AGGREGATED[draw.engine]) for _ in range(draw.random.randint(1, 2))),
    ]
    keyed = [kind in _KEYS and (number == 0 or draw.chance(0.3)) for number, kind in enumerate(wanted)]
    if kinds is None and draw.chance(0.15):
        draw.mark("aggregate without GROUP BY")
        keyed = [False] * len(wanted)
    outputs, columns, keys, grouped_values = [], [], [], []
    for kind, wanted_key in zip(wanted, keyed, strict=True):
        aggregate = None if wanted_key else draw.aggregate(scope, kind, 2)
        value = aggregate or draw.value(scope, kind, draw.one((0, 0, 1)))
        text, column = output(draw, scope, value, kind)
        outputs.append(text)
        columns.append(column)
        if aggregate is None:
            keys.append(_key(draw, value, column, len(outputs)))
            grouped_values.append(value)
    text = f"SELECT {', '.join(outputs)}{rest}"
    if keys:
        named = {column.name for source in scope.sources for column in source.columns}
        constant = any(named.isdisjoint(re.findall(r'"[^"]+"|\w+', value)) for value in grouped_values)
        if draw.engine == "duckdb" and draw.chance(0.06):
            draw.mark("GROUP BY ALL")
            text += " GROUP BY ALL"
        else:
            text += f" GROUP BY {_sets(draw, keys, constant=constant)}"
    if draw.chance(0.2):
        draw.mark("HAVING")
        text += f" HAVING {_having(draw, scope, columns)}"
    return Query(text=text, columns=tuple(columns))


def _key(draw: Draw, value: str, column: Column, place: int) -> str:
    roll = draw.random.random()
    if roll < 0.25:
        draw.mark("GROUP BY a place")
        return str(place)
    if roll < 0.55 and column.name:
        draw.mark("GROUP BY an alias")
        return column.name
    draw.mark("GROUP BY an expression")
    return value


def _sets(draw: Draw, keys: list[str], *, constant: bool) -> str:
    listed = ", ".join(keys)
    # PostgreSQL 15 contradicts itself where a key is constant: with another plan, its totals show it instead of NULL.
    share = 0.3 if len(keys) == 1 else 0.6
    if not draw.chance(share) or (constant and draw.engine == "postgres"):
        return listed
    if draw.engine == "mariadb":
        draw.mark("ROLLUP")
        if "GROUP BY an alias" in draw.drawn:
            draw.mark("ROLLUP over an alias")
        return f"{listed} WITH ROLLUP"
    word = draw.one(("ROLLUP", "CUBE", "GROUPING SETS"))
    draw.mark(word)
    if word == "GROUPING SETS":
        each = ", ".join(draw.one((f"({key})", key)) for key in keys)
        return draw.one((f"GROUPING SETS (({listed}), ())", f"GROUPING SETS ({each}, ())", f"GROUPING SETS ({each})"))
    if len(keys) > 1 and draw.chance(0.7):
        draw.mark("keys beside ROLLUP")
        return f"{keys[0]}, {word} ({', '.join(keys[1:])})"
    if "GROUP BY an alias" in draw.drawn:
        draw.mark("ROLLUP over an alias")
    return f"{word} ({listed})"


def _having(draw: Draw, scope: Scope, columns: list[Column]) -> str:
    named = [column.name for column in columns if column.name and column.kind == "int"]
    if named and draw.engine != "postgres" and draw.chance(0.4):
        draw.mark("HAVING an alias")
        return f"{draw.one(named)} > 1"
    if draw.chance(0.3):
        draw.mark("HAVING of several conditions")
        word = draw.one(("AND", "OR"))
        return f"COUNT(*) {draw.one(('>', '<', '='))} 2 {word} MAX({draw.value(scope, 'int', 1)}) IS NOT NULL"
    return f"{draw.aggregate(scope, 'int', 1)} >= {draw.one((0, 1, 2))}"
