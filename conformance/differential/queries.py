"""Whole queries: SELECTs, set operations of them, CTEs before them, sub-queries in them."""

from __future__ import annotations

import re
from collections.abc import Mapping

from conformance.differential.drawing import Column, Draw, Query, Scope, Source
from conformance.differential.endings import ending, limit
from conformance.differential.grouping import grouped
from conformance.differential.joins import from_clause
from conformance.differential.names import output
from conformance.differential.spacing import respaced
from conformance.differential.subqueries import condition

_OUTPUTS = (1, 4)
_SET_WORDS = ("UNION", "UNION ALL", "UNION DISTINCT", "INTERSECT", "EXCEPT")


def statement(draw: Draw) -> Query:
    """Draw a whole text."""
    depth = draw.one((0, 1, 1, 2, 2))
    ctes = _ctes(draw, depth) if draw.chance(0.15) else {}
    query = _set_operation(draw, depth) if draw.chance(0.12) else select(draw, depth, None)
    if draw.engine == "duckdb":
        ctes = _read(ctes, query.text)
    beginning = f"WITH {', '.join(ctes.values())} " if ctes else ""
    whole = respaced(draw, beginning + query.text + ending(draw, query))
    return Query(text=f"{whole}{draw.one(('', '', '', ';', ' ; '))}", columns=query.columns)


def _read(ctes: Mapping[str, str], text: str) -> dict[str, str]:
    """Return the CTEs that are read: what is in others, DuckDB does not look at, be it valid or not."""
    found: dict[str, str] = {}
    for name, cte in reversed(ctes.items()):
        if re.search(rf"\b{name}\b", text):
            found = {name: cte, **found}
            text += cte
    return found


def _ctes(draw: Draw, depth: int) -> dict[str, str]:
    draw.mark("CTE")
    parts: dict[str, str] = {}
    for _ in range(draw.one((1, 1, 2))):
        query = select(draw, max(0, depth - 1), None)
        name = draw.alias("c")
        if draw.chance(0.12):
            draw.mark("CTE with a table's name")
            name = draw.one(["a", "b", "c", "e"])
        inside = ""
        if draw.engine != "mariadb" and draw.chance(0.2):
            draw.mark("CTE MATERIALIZED")
            inside = draw.one(("MATERIALIZED ", "NOT MATERIALIZED "))
        if draw.chance(0.4):
            draw.mark("CTE with names of columns")
            named = tuple(Column(name=f"r{number}", kind=each.kind) for number, each in enumerate(query.columns))
            parts[name] = f"{name}({', '.join(each.name for each in named)}) AS {inside}({query.text})"
        else:
            named = tuple(each for each in query.columns if each.name)
            parts[name] = f"{name} AS {inside}({query.text})"
        draw.ctes.append(Source(alias=name, columns=named))
    return parts


def _set_operation(draw: Draw, depth: int) -> Query:
    kinds = [draw.kind() for _ in range(draw.one((1, 2)))]
    # Without numbers of one width, an engine may widen one side only.
    kinds = [kind if kind in {"int", "text", "date", "bool"} else "int" for kind in kinds]
    left = select(draw, depth, None, kinds=kinds)
    text = left.text
    if draw.chance(0.2):
        draw.mark("branch in brackets with its own LIMIT")
        places = ", ".join(str(number) for number in range(1, len(kinds) + 1))
        text = f"({text} ORDER BY {places} {limit(draw)})"
    for _ in range(draw.one((1, 1, 2))):
        word = draw.one(_SET_WORDS)
        if draw.engine != "mariadb" and word in {"INTERSECT", "EXCEPT"} and draw.chance(0.45):
            word += " ALL"
        draw.mark(word)
        right = select(draw, max(0, depth - 1), None, kinds=kinds).text
        text += f" {word} {f'({right})' if draw.chance(0.3) else right}"
    return Query(text=text, columns=left.columns)


def select(draw: Draw, depth: int, outer: Scope | None, kinds: list[str] | None = None) -> Query:
    """Draw a SELECT that gives values of these kinds, or of any."""
    scope = Scope(outer=outer)
    from_ = f" FROM {from_clause(draw, scope, depth, select)}" if draw.chance(0.96) else ""
    where = f" WHERE {condition(draw, scope, depth, select)}" if draw.chance(0.45) else ""
    if from_ and draw.engine == "duckdb" and kinds is None and draw.chance(0.03):
        draw.mark("FROM first")
        query = _plain(draw, scope, depth, "", None)
        return Query(text=f"{from_.lstrip()} {query.text}{where}", columns=query.columns)
    if draw.chance(0.3):
        return grouped(draw, scope, f"{from_}{where}", kinds)
    if kinds is None and from_ and draw.chance(0.1):
        return _starred(draw, scope, f"{from_}{where}")
    return _plain(draw, scope, depth, f"{from_}{where}", kinds)


def _plain(draw: Draw, scope: Scope, depth: int, rest: str, kinds: list[str] | None) -> Query:
    outputs, columns = [], []
    for kind in kinds or [draw.kind() for _ in range(draw.random.randint(*_OUTPUTS))]:
        value = draw.window(scope, kind, depth) if rest and draw.chance(0.22) else None
        if value is None and depth > 0 and kind == "int" and draw.chance(0.08):
            draw.mark("scalar sub-query")
            inner = Scope(outer=scope)
            source = from_clause(draw, inner, 0, select)
            value = f"(SELECT {draw.aggregate(inner, 'int', 1)} FROM {source})"
        text, column = output(draw, scope, value or draw.value(scope, kind, depth + 1), kind)
        outputs.append(text)
        columns.append(column)
    if draw.chance(0.06) and columns[0].name:
        # The name may be an output's and a column's: engines differ in which it means.
        draw.mark("window over an output's name")
        outputs.append(f"RANK() OVER (ORDER BY {columns[0].name}) AS rk")
        columns.append(Column(name="rk", kind="int"))
    distinct = _distinct(draw, scope) if rest else ""
    tail = _windows(draw, scope, outputs)
    if draw.engine == "duckdb" and rest and draw.chance(0.04):
        draw.mark("QUALIFY")
        tail += f" QUALIFY RANK() OVER (ORDER BY {draw.value(scope, 'int', 1)}) <= {draw.one((1, 2, 3))}"
    if not distinct.startswith("DISTINCT ON") and kinds is None and scope.outer is None:
        tail += _order(draw, scope, columns, distinct=bool(distinct))
    return Query(text=f"SELECT {distinct}{', '.join(outputs)}{rest}{tail}", columns=tuple(columns))


def _distinct(draw: Draw, scope: Scope) -> str:
    if not draw.chance(0.09):
        return ""
    unique = draw.unique(scope)
    if draw.engine != "mariadb" and unique is not None and draw.chance(0.5):
        draw.mark("DISTINCT ON")
        return f"DISTINCT ON ({unique}) "
    draw.mark("DISTINCT")
    return "DISTINCT "


def _windows(draw: Draw, scope: Scope, outputs: list[str]) -> str:
    found = []
    for name, clause in (("named", "ORDER BY"), ("parted", "PARTITION BY")):
        column = draw.column(scope, "int")
        if column is not None and any(name in each for each in outputs):
            found.append(f"{name} AS ({clause} {column})")
    return f" WINDOW {', '.join(found)}" if found else ""


def _order(draw: Draw, scope: Scope, columns: list[Column], *, distinct: bool) -> str:
    """ORDER BY an output's name, an expression, or a sub-query; which rows come does not depend on it."""
    if not draw.chance(0.14):
        return ""
    name = columns[0].name
    if name and draw.chance(0.7):
        draw.mark("ORDER BY an output's name")
        text = f" ORDER BY {name}{draw.one(('', ' DESC'))}"
    elif distinct:
        return ""
    else:
        draw.mark("ORDER BY an expression")
        text = f" ORDER BY {draw.value(scope, draw.one(('int', 'text', 'bool')), 1)}{draw.one(('', ' DESC'))}"
    if draw.engine != "mariadb" and draw.chance(0.3):
        draw.mark("ORDER BY ... NULLS")
        text += draw.one((" NULLS FIRST", " NULLS LAST"))
    return text


def _starred(draw: Draw, scope: Scope, rest: str) -> Query:
    if draw.chance(0.4):
        source = draw.one(scope.sources)
        draw.mark("star of one table")
        return Query(text=f"SELECT {source.alias}.*{rest}", columns=source.columns)
    named = [each.name for source in scope.sources for each in source.columns]
    if draw.engine == "duckdb" and named and draw.chance(0.3):
        draw.mark("star with words after it")
        column = draw.one(named)
        word = draw.one((f"EXCLUDE ({column})", f"EXCLUDE {column}", f"REPLACE ({column} AS {column})"))
        return Query(text=f"SELECT * {word}{rest}", columns=())
    if draw.chance(0.35):
        draw.mark("star beside outputs")
        return Query(text=f"SELECT {scope.sources[0].alias}.*, {draw.value(scope, 'int', 1)} AS x1{rest}", columns=())
    draw.mark("star")
    if scope.merged:
        draw.mark("star over merged columns")
    columns = tuple(column for source in scope.sources for column in source.columns if column.name not in scope.merged)
    merged = tuple(Column(name=name, kind=kind) for name, kind in scope.merged.items())
    return Query(text=f"SELECT *{rest}", columns=merged + columns)
