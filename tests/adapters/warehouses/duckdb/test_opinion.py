"""DuckDB's second opinion: what its own parser says that a text is, names and calls. And the functions it brings."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from tests.adapters.warehouses.duckdb.jailed import build, options_of, using
from tests.contracts.warehouse_engines import released

from metricgate.adapters.warehouses.duckdb.file import build_file
from metricgate.adapters.warehouses.duckdb.options import DuckDBOptions
from metricgate.adapters.warehouses.duckdb.warehouse import DuckDBWarehouse
from metricgate.vocabulary.opinion import Opinion

MEMORY = DuckDBOptions(path=None, workers=1)
QUERIES = (
    # text, tables, functions
    ("SELECT 1", "", ""),
    ("SELECT a FROM t", "t", ""),
    ('SELECT a FROM "w"."Main"."T x"', "w.Main.T x", ""),
    ("FROM t", "t", ""),
    ("TABLE t", "t", ""),
    ("VALUES (1), ((SELECT v FROM s))", "s", ""),
    ("SELECT count(*), SUM(a), lower(b) FROM main.t GROUP BY ALL", "main.t", "count_star sum lower"),
    ("SELECT rank() OVER (ORDER BY a), max(a) OVER w FROM t WINDOW w AS (PARTITION BY b)", "t", "rank max"),
    ("SELECT a + b, a || b, a LIKE b, a ->> 'x', [1], {'k': 1} FROM t", "t", "+ || ~~ ->> list_value struct_pack"),
    ("SELECT list_transform(l, lambda x: upper(x)) FROM t", "t", "list_transform upper"),
    ("SELECT extract(year FROM d), nullif(a, b), coalesce(a, b), a IN (1, 2), a::INT FROM t", "t", "date_part nullif"),
    ("SELECT main.f(a), s.g(b) FROM t", "t", "main.f s.g"),
    ("SELECT * FROM range(3), unnest([1]), t", "t", "range unnest list_value"),
    ("SELECT * FROM 'file.csv'", "file.csv", ""),
    ("SELECT * FROM a JOIN b USING (k), LATERAL (SELECT * FROM c WHERE c.x = a.x)", "a b c", ""),
    ("SELECT a FROM t WHERE EXISTS (SELECT 1 FROM u) ORDER BY (SELECT max(v) FROM w) LIMIT 3", "t u w", "max"),
    ("SELECT a FROM t UNION ALL SELECT b FROM u EXCEPT SELECT c FROM v", "t u v", ""),
    ("SELECT a FROM t ORDER BY a DESC NULLS LAST LIMIT $1 OFFSET 2", "t", ""),
    ("SELECT DISTINCT ON (a) a FROM t QUALIFY row_number() OVER () = 1", "t", "row_number"),
    # what a WITH names is no table, where it means the CTE
    ("WITH x AS (SELECT a FROM t) SELECT * FROM x", "t", ""),
    ("WITH x AS (SELECT a FROM t), y AS (SELECT a FROM X) SELECT * FROM x, Y", "t", ""),
    ("WITH x AS (SELECT a FROM y), y AS (SELECT 1) SELECT * FROM x", "y", ""),
    ("WITH orders AS (SELECT * FROM orders) SELECT * FROM orders", "orders", ""),
    ("WITH orders AS (SELECT 1) SELECT * FROM main.orders", "main.orders", ""),
    ("SELECT * FROM (WITH x AS (SELECT 1) SELECT * FROM x) q, x", "x", ""),
    ("WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r) SELECT * FROM r", "", "+"),
)
OTHERS = (
    # text, statements, kind
    ("", 0, "nothing"),
    ("-- nothing", 0, "nothing"),
    ("SELEC 1", 0, "unreadable"),
    ("SELECT 1; SELECT 2", 2, "select"),
    ("SELECT 1; DROP TABLE t", 2, "drop"),
    ("INSERT INTO t VALUES (1)", 1, "insert"),
    ("COPY t TO 'f'", 1, "copy"),
    ("ATTACH 'f'", 1, "attach"),
    ("CONNECT 'f'", 1, "unknown"),
    ("SET x = 1", 1, "set"),
    ("PRAGMA version", 1, "pragma"),
    ("EXPLAIN SELECT 1", 1, "explain"),
    ("PIVOT t ON b", 1, "multi"),
    ("SELECT * FROM t PIVOT (sum(a) FOR b IN ('x'))", 1, "pivot"),
    ("SHOW TABLES", 1, "show_ref"),
    ("DESCRIBE t", 1, "show_ref"),
    ("SELECT * FROM (SUMMARIZE t)", 1, "show_ref"),
    ("WITH g AS (DELETE FROM t RETURNING a) SELECT * FROM g", 1, "delete"),
    ("WITH g AS (INSERT INTO t VALUES (1) RETURNING a) SELECT * FROM g", 1, "insert"),
    ("WITH g AS (UPDATE t SET a = 1 RETURNING a) SELECT * FROM g", 1, "update"),
    ("WITH g AS (COPY t TO 'f') SELECT 1", 1, "copy"),
    ("SELECT * FROM t TABLESAMPLE 10%", 1, "sample"),
    ("SELECT * FROM t AT (VERSION => 1)", 1, "at_clause"),
    ("SELECT " + "(SELECT " * 900 + "1" + ")" * 900, 1, "unreadable"),
)


def opinions(*texts: str) -> list[Opinion]:
    async def work(warehouse: DuckDBWarehouse) -> list[Opinion]:
        return [await warehouse.opinion(text) for text in texts]

    return using(MEMORY, work)


def test_a_query_is_read_to_its_leaves():
    """Tables wherever they stand, without the text's own CTEs; calls by the names that the engine gives them."""
    wrong = []
    for (text, tables, functions), opinion in zip(QUERIES, opinions(*(text for text, *_ in QUERIES)), strict=True):
        named = {" ".join(".".join(parts) for parts in sorted(opinion.tables))}
        wanted = Opinion(statements=1, kind="select", tables=opinion.tables, functions=frozenset(functions.split()))
        if opinion != wanted or named != {tables}:
            wrong.append((text, opinion))
    assert wrong == []


def test_what_is_no_query_is_called_by_its_name():
    """Several statements, none, writes inside a CTE, metadata and samples are not taken for one plain query."""
    told = opinions(*(text for text, *_ in OTHERS))
    assert [
        (text[:70], opinion.statements, opinion.kind) for (text, *_), opinion in zip(OTHERS, told, strict=True)
    ] == [(text[:70], statements, kind) for text, statements, kind in OTHERS]


def test_an_opinion_touches_nothing(tmp_path: Path):
    """Parsing opens no file and looks no table up: what the text names need not exist, and stays as it is."""
    file = build(tmp_path / "w.duckdb")
    (tmp_path / "schema.sql").write_text("CREATE TABLE stolen (a INT)")
    texts = (f"IMPORT DATABASE '{tmp_path}'", "DROP TABLE t", "SELECT * FROM nowhere", f"FROM '{tmp_path}/schema.sql'")

    async def work(warehouse: DuckDBWarehouse) -> list[int]:
        return [(await warehouse.opinion(text)).statements for text in texts]

    assert using(options_of("read-only", file, workers=1), work) == [1, 1, 1, 1]
    assert {path.name for path in tmp_path.iterdir()} == {"w.duckdb", "schema.sql"}


def test_a_text_that_keeps_the_parser_busy_harms_nobody():
    """The parser has a process and a deadline of its own: while it works, statements are answered."""

    async def work(warehouse: DuckDBWarehouse) -> None:
        text = "SELECT " + " OR ".join(f"a = {number}" for number in range(20_000))
        parsing = asyncio.create_task(warehouse.opinion(text))
        for _ in range(3):
            assert (await warehouse.run(released("SELECT 1 AS a", seconds=1))).values[0][0] == 1
        assert (await parsing).kind in {"select", "unreadable"}
        assert (await warehouse.opinion("SELECT 1")).kind == "select"

    using(MEMORY, work)


@pytest.mark.parametrize("kind", ["read-only", "writable"])
def test_functions_are_the_engines_own(tmp_path: Path, kind: str):
    """Built-in macros count; a macro of the file does not, and takes its name away from the function that it hides."""
    path = tmp_path / "w.duckdb"
    with build_file(path) as (builder, _scratch):
        builder.execute("CREATE MACRO sum(x) AS 42; CREATE MACRO mine(x) AS 1; CREATE MACRO range(x) AS TABLE SELECT 1")

    async def work(warehouse: DuckDBWarehouse) -> frozenset[str]:
        return await warehouse.functions()

    found = using(options_of(kind, path), work)
    assert {"abs", "max", "nullif", "split_part", "row_number", "unnest", "count_star", "+", "~~"} <= found
    assert not {"sum", "mine", "range"} & found
    assert all(name == name.lower() for name in found)
    assert {"sum", "range"} <= using(MEMORY, work)
