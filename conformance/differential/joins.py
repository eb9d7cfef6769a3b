"""FROM: tables, sub-queries, CTEs, VALUES, series, and joins of every form."""

from __future__ import annotations

from collections.abc import Callable

from conformance.differential.drawing import Column, Draw, Query, Scope, Source
from conformance.differential.tables import sources

Inner = Callable[[Draw, int, Scope | None], Query]
"""What draws a sub-query: at a depth, with a scope around it that it may name."""

_SIDES = (
    "INNER JOIN",
    "JOIN",
    "LEFT JOIN",
    "LEFT OUTER JOIN",
    "RIGHT JOIN",
    "RIGHT OUTER JOIN",
    "FULL JOIN",
    "FULL OUTER JOIN",
)


def from_clause(draw: Draw, scope: Scope, depth: int, inner: Inner) -> str:
    """Fill the scope with sources and return their text, without FROM."""
    text, source = _source(draw, depth, inner)
    scope.sources.append(source)
    if draw.chance(0.05):
        draw.mark("joins in brackets")
        text = f"({text}{_joined(draw, scope, 0, inner)})"
    for _ in range(draw.random.choices((0, 1, 2, 3), (5, 5, 3, 1))[0]):
        text += _joined(draw, scope, depth, inner)
    return text


def _source(draw: Draw, depth: int, inner: Inner) -> tuple[str, Source]:
    roll = draw.random.random()
    if draw.ctes and roll < 0.25:
        draw.mark("CTE read")
        return _named(draw, draw.one(draw.ctes))
    if depth > 0 and roll < 0.2:
        return _derived(draw, depth, inner)
    if roll < 0.26:
        return _values(draw)
    if roll < 0.3 and draw.engine != "mariadb":
        return _series(draw)
    return _named(draw, draw.one(sources(draw.engine)))


def _named(draw: Draw, table: Source) -> tuple[str, Source]:
    alias = draw.alias("t")
    if table.columns and draw.engine != "mariadb" and draw.chance(0.06):
        draw.mark("table alias with names of columns")
        kept = draw.random.randint(1, len(table.columns))
        names = tuple(
            Column(name=f"r{number}", kind=column.kind) if number < kept else column
            for number, column in enumerate(table.columns)
        )
        listed = ", ".join(each.name for each in names[:kept])
        return f"{table.alias} AS {alias}({listed})", Source(alias=alias, columns=names)
    if draw.chance(0.2):
        # One table twice under its own name is the engine's to refuse.
        return table.alias, table
    draw.mark("table alias")
    return f"{table.alias}{draw.one((' ', ' AS '))}{alias}", Source(alias=alias, columns=table.columns)


def _derived(draw: Draw, depth: int, inner: Inner) -> tuple[str, Source]:
    draw.mark("derived table")
    query = inner(draw, depth - 1, None)
    alias = draw.alias("q")
    if draw.engine != "mariadb" and draw.chance(0.5):
        draw.mark("derived table with names of columns")
        named = tuple(Column(name=f"r{number}", kind=each.kind) for number, each in enumerate(query.columns))
        return f"({query.text}) AS {alias}({', '.join(each.name for each in named)})", Source(
            alias=alias, columns=named
        )
    columns = tuple(each for each in query.columns if each.name)
    return f"({query.text}) {alias}", Source(alias=alias, columns=columns)


def _values(draw: Draw) -> tuple[str, Source]:
    alias = draw.alias("l")
    rows = [f"({number}, '{draw.one(('ann', 'bob', 'Bob'))}', {draw.random.randint(0, 5)})" for number in range(1, 4)]
    if draw.engine == "mariadb":
        draw.mark("VALUES")
        return f"(SELECT 1 AS k, 'ann' AS name UNION ALL SELECT 2, 'Bob') {alias}", Source(
            alias=alias, columns=(Column(name="k", kind="int"), Column(name="name", kind="text"))
        )
    kinds = ("int", "text", "int")
    count = draw.one((1, 2, 3, 3, 3))
    draw.mark("VALUES" if count == 3 else "VALUES with fewer names than columns")
    names = tuple(Column(name=name, kind=kind) for name, kind in zip(("k", "name", "v")[:count], kinds, strict=False))
    listed = ", ".join(each.name for each in names)
    return f"(VALUES {', '.join(rows)}) AS {alias}({listed})", Source(alias=alias, columns=names)


def _series(draw: Draw) -> tuple[str, Source]:
    alias = draw.alias("s")
    draw.mark("series in FROM")
    if draw.engine == "duckdb" and draw.chance(0.5):
        return f"range(0, 4) AS {alias}(k)", Source(alias=alias, columns=(Column(name="k", kind="int"),))
    if draw.engine == "postgres" and draw.chance(0.2):
        draw.mark("WITH ORDINALITY")
        return f"unnest(ARRAY[5, 6]) WITH ORDINALITY AS {alias}(k, v)", Source(
            alias=alias, columns=(Column(name="k", kind="int"), Column(name="v", kind="int"))
        )
    if draw.chance(0.5):
        draw.mark("UNNEST in FROM")
        listed = "[1, 2, 2]" if draw.engine == "duckdb" else "ARRAY[1, 2, 2]"
        return f"unnest({listed}) AS {alias}(k)", Source(alias=alias, columns=(Column(name="k", kind="int"),))
    return f"generate_series(1, 3) AS {alias}(k)", Source(alias=alias, columns=(Column(name="k", kind="int"),))


def _joined(draw: Draw, scope: Scope, depth: int, inner: Inner) -> str:
    if depth > 0 and draw.engine != "mariadb" and draw.chance(0.06):
        return _lateral(draw, scope, depth, inner)
    if draw.engine != "mariadb" and draw.chance(0.1):
        unnested = _unnested(draw, scope)
        if unnested is not None:
            return unnested
    text, source = _source(draw, depth, inner)
    roll = draw.random.random()
    if roll < 0.1:
        scope.sources.append(source)
        draw.mark("comma between tables" if roll < 0.05 else "CROSS JOIN")
        return f", {text}" if roll < 0.05 else f" CROSS JOIN {text}"
    side = draw.one(_SIDES if draw.engine != "mariadb" or draw.chance(0.04) else _SIDES[:6])
    if draw.engine == "duckdb" and "LATERAL" in draw.drawn:
        # DuckDB 2.0 contradicts itself there: another order of its own optimizer's steps gives other rows.
        side = "LEFT JOIN"
    if draw.engine == "duckdb" and roll < 0.16:
        return _half(draw, scope, text, source)
    draw.mark(
        "FULL JOIN"
        if "FULL" in side
        else "RIGHT JOIN"
        if "RIGHT" in side
        else "LEFT JOIN"
        if "LEFT" in side
        else "INNER JOIN"
    )
    shared = _shared(scope, source)
    if shared and roll < 0.55:
        return _merging(draw, scope, text, source, side, shared, natural=roll < 0.3)
    scope.sources.append(source)
    draw.mark("JOIN ... ON")
    return f" {side} {text} ON {_condition(draw, scope, source, depth)}"


def _shared(scope: Scope, source: Source) -> list[Column]:
    """Columns by which the source can be merged: named once on the left, or merged before."""
    found = []
    for column in source.columns:
        before = sum(column.name == each.name for other in scope.sources for each in other.columns)
        if (before == 1 or column.name in scope.merged) and column.kind in {"int", "text"}:
            found.append(column)
    return found


def _merging(
    draw: Draw, scope: Scope, text: str, source: Source, side: str, shared: list[Column], *, natural: bool
) -> str:
    after = any(mark in draw.drawn for mark in ("USING", "NATURAL JOIN"))
    draw.mark("NATURAL JOIN" if natural else "USING")
    if len(scope.sources) > 1:
        draw.mark("third table by USING or NATURAL")
    if "RIGHT" in side or "FULL" in side:
        draw.mark("USING or NATURAL with RIGHT or FULL")
    if after and "outer merged" in draw.drawn:
        draw.mark("USING or NATURAL after RIGHT or FULL")
    if "RIGHT" in side or "FULL" in side:
        draw.drawn.add("outer merged")
    used = shared if natural else draw.random.sample(shared, draw.random.randint(1, len(shared)))
    if natural:
        names = {each.name for other in scope.sources for each in other.columns}
        used = [each for each in source.columns if each.name in names]
    scope.sources.append(source)
    scope.merged.update({each.name: each.kind for each in used})
    if natural:
        return f" NATURAL {side.replace('INNER ', '') if draw.engine == 'mariadb' else side} {text}"
    return f" {side} {text} USING ({', '.join(each.name for each in used)})"


def _half(draw: Draw, scope: Scope, text: str, source: Source) -> str:
    """SEMI, ANTI and ASOF joins are DuckDB's."""
    numbers = [each for each in source.columns if each.kind == "int"]
    left = draw.column(scope, "int")
    if not numbers or left is None:
        scope.sources.append(source)
        return f" CROSS JOIN {text}"
    right = f"{source.alias}.{draw.one(numbers).name}"
    kind = draw.one(("SEMI", "ANTI", "ASOF"))
    draw.mark(f"{kind} JOIN")
    if kind == "ASOF":
        scope.sources.append(source)
        return f" ASOF {draw.one(('', 'LEFT '))}JOIN {text} ON {left} >= {right}"
    return f" {kind} JOIN {text} ON {left} = {right}"


def _lateral(draw: Draw, scope: Scope, depth: int, inner: Inner) -> str:
    draw.mark("LATERAL")
    around = Scope(sources=list(scope.sources), merged=dict(scope.merged))
    query = inner(draw, depth - 1, around)
    alias = draw.alias("j")
    columns = tuple(each for each in query.columns if each.name)
    scope.sources.append(Source(alias=alias, columns=columns))
    if draw.chance(0.3):
        draw.mark("LEFT JOIN LATERAL")
        return f" LEFT JOIN LATERAL ({query.text}) AS {alias} ON {draw.one(('TRUE', '1 = 1'))}"
    return f" {draw.one(('CROSS JOIN', ','))} LATERAL ({query.text}) AS {alias}"


def _unnested(draw: Draw, scope: Scope) -> str | None:
    """Return the rows of a list of the sources before, or None where they have none."""
    lists = [
        f"{each.alias}.{column.name}" for each in scope.sources for column in each.columns if column.kind == "list"
    ]
    if not lists:
        return None
    draw.mark("UNNEST of a column in FROM")
    alias = draw.alias("u")
    scope.sources.append(Source(alias=alias, columns=(Column(name="item", kind="int"),)))
    return f"{draw.one((', ', ' CROSS JOIN ', ', LATERAL '))}unnest({draw.one(lists)}) AS {alias}(item)"


def _condition(draw: Draw, scope: Scope, source: Source, depth: int) -> str:
    if draw.chance(0.2):
        return draw.value(scope, "bool", min(depth, 1))
    numbers = [each for each in source.columns if each.kind == "int"]
    left = [(each, column) for each in scope.sources[:-1] for column in each.columns if column.kind == "int"]
    if not numbers or not left:
        return draw.value(scope, "bool", 1)
    before, column = draw.one(left)
    return f"{before.alias}.{column.name} = {source.alias}.{draw.one(numbers).name}"
