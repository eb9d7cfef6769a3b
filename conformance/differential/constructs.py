"""The constructs that a run on an engine must have drawn."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from conformance.differential.forms import AGGREGATES, EXPRESSIONS, WINDOWS
from conformance.differential.forms.form import DUCKDB, MARIADB, POSTGRES

_ALL = """
    output without a name
    alias that shadows a column|word of SQL as a name|name of a function as an alias|alias without AS
    CTE|CTE read|CTE with names of columns|table alias|derived table|VALUES
    comma between tables|CROSS JOIN|INNER JOIN|LEFT JOIN|RIGHT JOIN|FULL JOIN|JOIN ... ON|NATURAL JOIN|USING
    third table by USING or NATURAL|USING or NATURAL with RIGHT or FULL|USING or NATURAL after RIGHT or FULL
    merged column named alone|star|star of one table|star over merged columns
    CTE with a table's name|LIMIT in another form|ORDER BY an expression|branch in brackets with its own LIMIT
    words in other letters|comment between words of a query|odd space|star beside outputs|joins in brackets
    HAVING of several conditions|rows IN a sub-query|column in other letters|column in quotes
    UNION|UNION ALL|UNION DISTINCT|INTERSECT|EXCEPT|DISTINCT|ORDER BY places|ORDER BY an output's name|LIMIT|OFFSET
    scalar sub-query|EXISTS|IN a sub-query|ANY or ALL of a sub-query|scalar sub-query compared
    sub-query that names columns around it|window over an output's name
    GROUP BY a place|GROUP BY an alias|GROUP BY an expression
    aggregate without GROUP BY|ROLLUP|ROLLUP over an alias|HAVING
"""
_NOT_MARIADB = """
    CTE MATERIALIZED|DISTINCT ON|LEFT JOIN LATERAL|UNNEST of a column in FROM|word of SQL as a name without quotes
    keys beside ROLLUP|INTERSECT ALL|EXCEPT ALL|CUBE|GROUPING SETS|LATERAL|ORDER BY ... NULLS
    VALUES with fewer names than columns
    table alias with names of columns|derived table with names of columns|series in FROM|UNNEST in FROM
"""
_OWN = {
    DUCKDB: "SEMI JOIN|ANTI JOIN|ASOF JOIN|HAVING an alias|QUALIFY|FROM first|star with words after it|GROUP BY ALL",
    POSTGRES: "WITH ORDINALITY|FETCH",
    MARIADB: "HAVING an alias|alias as a text|FETCH",
}


@cache
def constructs(engine: str) -> tuple[str, ...]:
    """Return the engine's constructs, sorted."""
    words = [_ALL, _OWN[engine], *([] if engine == MARIADB else [_NOT_MARIADB])]
    named = {each.strip() for text in words for line in text.splitlines() for each in line.split("|")} - {""}
    drawn = {form.construct for form in (*EXPRESSIONS, *AGGREGATES, *WINDOWS) if engine in form.engines}
    return tuple(sorted(named | drawn))


RARE: Mapping[str, Mapping[str, str]] = {
    POSTGRES: {
        "digit groups": "PostgreSQL 15 has none: 1_000 is a number with a name after it, valid as an output only",
    },
    MARIADB: {
        "FULL JOIN": "MariaDB has none: FULL is a name there, valid after a table that has no other",
    },
}
"""Engine -> constructs that the raw engine takes too seldom for their number to be asked for -> why."""
