"""Where tables stand, by the words alone; and where each output of each SELECT stands."""

from __future__ import annotations

import pytest
import sqlglot

from metricgate.guarding.output_positions import outputs
from metricgate.guarding.table_positions import strays, table_names


@pytest.mark.parametrize(
    ("sql", "tables"),
    [
        ('SELECT "a" FROM "t" WHERE "x" IN ("y", "z")', ["t"]),
        ('SELECT * FROM "t" AS "x", "u" "y" JOIN "s"."v" ON "a" = "b", "w" WHERE "p" = 1', ["t", "u", "s.v", "w"]),
        ('SELECT * FROM ("t")', ["t"]),
        ('SELECT * FROM ("t", "u" JOIN ("v" JOIN "w" ON TRUE) ON TRUE)', ["t", "u", "v", "w"]),
        ('SELECT "a", (SELECT max("b") FROM "u"), extract(YEAR FROM "d"), trim(LEADING FROM "e") FROM "t"', ["u", "t"]),
        ('SELECT "a" IS DISTINCT FROM "b", "c" IS NOT DISTINCT FROM "d" FROM "t"', ["t"]),
        ('SELECT substring("a" FROM 2 FOR 3) FROM "t" ORDER BY "b", "c"', ["t"]),
        ('SELECT count(DISTINCT "a") FROM "t" GROUP BY "b", "c" HAVING EXISTS (TABLE "u")', ["t", "u"]),
        ('SELECT "a" FROM "t" UNION TABLE "u"', ["t", "u"]),
        ('WITH "c" AS (SELECT 1) SELECT * FROM "c", LATERAL (SELECT "x" FROM "t") AS "l"', ["c", "t"]),
        ('SELECT * FROM unnest("a") AS "u"("x"), "t"', ["t"]),
        ('FROM "t" SELECT "a", "b"', ["t"]),
    ],
)
def test_tables_are_seen_without_the_parser(sql: str, tables: list[str]) -> None:
    """After FROM, JOIN, TABLE and a comma between tables, in brackets too; other FROMs are none."""
    assert [".".join(path) for path in table_names(sqlglot.tokenize(sql, read="duckdb"))] == tables


def test_what_is_neither_a_cte_nor_known_is_a_stray() -> None:
    """By the whole path, whatever the case of letters."""
    tokens = sqlglot.tokenize('WITH "C" AS (SELECT 1) SELECT * FROM "c", "s"."T", "u"', read="duckdb")
    assert strays(tokens, {"c"}, {("S", "t")}) == ["u"]


def test_outputs_are_found_in_every_select() -> None:
    """From the first word to the last, commas in brackets and inner SELECTs aside."""
    sql = "SELECT DISTINCT f(a, b) + 1 AS x, (SELECT c, d FROM t) FROM u UNION SELECT e FROM v ORDER BY 1"
    tokens = sqlglot.tokenize(sql, read="duckdb")
    found = [sql[tokens[first].start : tokens[last].end + 1] for first, last in outputs(tokens)]
    assert found == ["f(a, b) + 1 AS x", "c", "d", "(SELECT c, d FROM t)", "e"]
    compared = "SELECT a IS NOT DISTINCT FROM b, c FROM t"
    tokens = sqlglot.tokenize(compared, read="duckdb")
    found = [compared[tokens[first].start : tokens[last].end + 1] for first, last in outputs(tokens)]
    assert found == ["a IS NOT DISTINCT FROM b", "c"]
