"""What ends a query: ORDER BY in every form, LIMIT, OFFSET and FETCH in every spelling."""

from __future__ import annotations

from conformance.differential.drawing import Draw, Query

_LIMITS = {
    "duckdb": ("LIMIT {n}", "LIMIT {n} OFFSET {m}", "LIMIT ALL OFFSET {m}", "OFFSET {m}", "LIMIT ({n})"),
    "postgres": (
        *("LIMIT {n}", "LIMIT {n} OFFSET {m}", "OFFSET {m} LIMIT {n}", "LIMIT ALL", "OFFSET {m} ROWS"),
        *("FETCH FIRST {n} ROWS ONLY", "OFFSET {m} ROWS FETCH NEXT {n} ROWS ONLY", "FETCH FIRST ROW ONLY"),
        *("FETCH FIRST {n} ROWS WITH TIES", "LIMIT NULL"),
    ),
    "mariadb": (
        *("LIMIT {n}", "LIMIT {n} OFFSET {m}", "LIMIT {m}, {n}", "FETCH FIRST {n} ROWS ONLY"),
        *("OFFSET {m} ROWS FETCH NEXT {n} ROWS ONLY", "OFFSET {m} ROWS FETCH FIRST {n} ROWS WITH TIES"),
    ),
}


def ending(draw: Draw, query: Query) -> str:
    """Return ORDER BY every output, so that LIMIT takes the same rows whatever the engine does."""
    if not query.columns or not draw.chance(0.25):
        return ""
    draw.mark("ORDER BY places")
    ways = ("", " ASC", " DESC") if draw.chance(0.4) else ("",)
    places = ", ".join(f"{number}{draw.one(ways)}" for number in range(1, len(query.columns) + 1))
    text = f" ORDER BY {places}"
    if draw.chance(0.55):
        text += f" {limit(draw)}"
    return text


def limit(draw: Draw) -> str:
    """Return which rows are asked for."""
    form = draw.one(_LIMITS[draw.engine])
    draw.mark("FETCH" if "FETCH" in form else "LIMIT" if "LIMIT {n}" in form else "LIMIT in another form")
    if "{m}" in form:
        draw.mark("OFFSET")
    return form.replace("{n}", draw.one(("0", "1", "3", "100"))).replace("{m}", draw.one(("0", "1", "2")))
