"""Conditions with sub-queries, correlated and not."""

from __future__ import annotations

from conformance.differential.drawing import Draw, Scope
from conformance.differential.joins import Inner, from_clause


def condition(draw: Draw, scope: Scope, depth: int, inner: Inner) -> str:
    """Return a condition over the scope."""
    if depth > 0 and draw.chance(0.3):
        found = _with_query(draw, scope, inner)
        return f"{found} {draw.one(('AND', 'OR'))} {draw.value(scope, 'bool', 1)}" if draw.chance(0.3) else found
    return draw.value(scope, "bool", depth + 1)


def _with_query(draw: Draw, scope: Scope, inner: Inner) -> str:
    inside = Scope(outer=scope)
    source = from_clause(draw, inside, 0, inner)
    where = f" WHERE {draw.value(inside, 'bool', 1)}" if draw.chance(0.7) else ""
    roll = draw.random.random()
    if roll < 0.35:
        draw.mark("EXISTS")
        return f"{draw.one(('', 'NOT '))}EXISTS (SELECT {draw.one(('1', '*'))} FROM {source}{where})"
    if roll < 0.62:
        draw.mark("IN a sub-query")
        word = draw.one(("IN", "NOT IN"))
        return f"{draw.value(scope, 'int', 0)} {word} (SELECT {draw.value(inside, 'int', 0)} FROM {source}{where})"
    if roll < 0.72:
        draw.mark("rows IN a sub-query")
        pair = ", ".join(draw.value(inside, "int", 0) for _ in range(2))
        word = draw.one(("IN", "NOT IN"))
        left = ", ".join(draw.value(scope, "int", 0) for _ in range(2))
        return f"({left}) {word} (SELECT {pair} FROM {source}{where})"
    if roll < 0.84:
        draw.mark("ANY or ALL of a sub-query")
        word = draw.one(("= ANY", "> ALL", "<> ALL", "< SOME"))
        return f"{draw.value(scope, 'int', 0)} {word} (SELECT {draw.value(inside, 'int', 0)} FROM {source}{where})"
    draw.mark("scalar sub-query compared")
    value = draw.aggregate(Scope(sources=inside.sources, merged=inside.merged), "int", 1)
    return f"{draw.value(scope, 'int', 0)} {draw.one(('=', '<', '>='))} (SELECT {value} FROM {source}{where})"
