"""Layers 6 to 8 through the room's doors: what runs in a text's place, and what another parser must see in it."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
import sqlglot
from sqlglot import exp
from tests.attacks.confined import relations, tables, through

from metricgate import guarding
from metricgate.guarding import ALL, BoundQuery, FunctionAllowlist, GuardedQuery, Layer, ReadQuery
from metricgate.vocabulary.opinion import Opinion
from metricgate.vocabulary.problem import Problems
from metricgate.vocabulary.relation import Relation


def guarded(sql: str, dialect: str = "duckdb", row_limit: int | None = 100) -> GuardedQuery:
    found = through(sql, dialect, row_limit=row_limit)
    assert isinstance(found, GuardedQuery), found
    return found


def bound(sql: str, dialect: str = "duckdb") -> BoundQuery:
    reading = guarding.read(sql, dialect=dialect, functions=FunctionAllowlist.all_reviewed(dialect))
    assert isinstance(reading, ReadQuery), reading
    found = guarding.bind(reading, tables(dialect))
    assert isinstance(found, BoundQuery), found
    return found


def test_every_use_of_a_table_becomes_its_relation() -> None:
    """In FROM, joins, sub-queries, CTEs; the parameter is one, wherever the relation stands."""
    found = guarded(
        "WITH c AS (SELECT id FROM customers) SELECT o.id FROM orders o JOIN c ON c.id = o.customer_id "
        "WHERE EXISTS (SELECT 1 FROM customers x WHERE x.id = o.id)"
    )
    tree = sqlglot.parse_one(found.sql, read="duckdb")
    physical = [table for table in tree.find_all(exp.Table) if table.db]
    assert sorted(table.name for table in physical) == ["customers", "customers", "orders"]
    assert all(table.parent_select.args.get("where") is not None for table in physical)
    assert found.parameters == ("EU", "EU")
    assert found.tables == {("memory", "main", "orders"), ("memory", "main", "customers")}


def test_parameters_are_numbered_through() -> None:
    """Each relation's own count from 1 becomes one count over all."""
    found = bound("SELECT o.id FROM customers c JOIN orders o ON o.customer_id = c.id")
    own = {
        "orders": Relation(
            sql="SELECT g.id, g.customer_id FROM orders AS g WHERE g.a = $2 AND g.b = $1", parameters=(1, 2)
        ),
        "customers": Relation(sql="SELECT g.id FROM customers AS g WHERE g.c = $1", parameters=(3,)),
    }
    written = guarding.rewrite(found, own, row_limit=None)
    assert isinstance(written, GuardedQuery)
    assert written.parameters == (1, 2, 3)
    assert '"g"' not in written.sql
    assert "g.a = $2 AND g.b = $1" in written.sql
    assert "g.c = $3" in written.sql


STREAMING = re.compile(r'\(SELECT \* FROM \(SELECT [^()]* WHERE [^()]*\) AS "metricgate_r" OFFSET 0\) AS')


@pytest.mark.parametrize(
    ("sql", "streaming", "kept"),
    [
        ("SELECT id FROM orders", 1, 0),
        ("WITH x AS (SELECT id FROM orders) SELECT x.id FROM x JOIN orders o ON o.id = x.id", 2, 0),
        ("SELECT d.id FROM (SELECT id FROM orders UNION ALL SELECT id FROM orders) d", 2, 0),
        ("SELECT id FROM orders WHERE amount > (SELECT avg(amount) FROM orders)", 0, 1),
        ("SELECT (SELECT max(id) FROM orders) AS m", 0, 1),
        ("SELECT o.id FROM orders o JOIN orders p ON EXISTS (SELECT 1 FROM orders q WHERE q.id = p.id)", 0, 1),
        ("SELECT id FROM orders o, LATERAL (SELECT p.amount FROM orders p WHERE p.id = o.id) l", 0, 1),
        ("WITH x AS (SELECT id FROM orders) SELECT id FROM orders WHERE id IN (SELECT id FROM x)", 0, 1),
        ("SELECT id FROM orders WHERE 5 > (SELECT 1)", 1, 0),
    ],
)
def test_postgres_relations_stand_behind_a_fence(sql: str, streaming: int, kept: int) -> None:
    """One that streams where each is read once, else a MATERIALIZED CTE, once for each dataset."""
    found = guarded(sql, "postgres")
    assert len(STREAMING.findall(found.sql)) == found.sql.count("OFFSET 0") == streaming
    assert found.sql.count('"metricgate_r0" AS MATERIALIZED (SELECT ') == found.sql.count("MATERIALIZED") == kept
    assert found.sql.count('"public"."orders"') == streaming + kept
    assert found.parameters == ("EU",)


def test_a_postgres_relation_that_shows_every_row_needs_no_fence() -> None:
    """Columns as they are of one table; a filter, a mask, a limit or anything else is behind one."""
    found = bound("SELECT o.id FROM customers c JOIN orders o ON o.customer_id = c.id", "postgres")

    def written(orders: str) -> str:
        own = {
            "orders": Relation(sql=orders, parameters=()),
            "customers": Relation(sql="SELECT g.id FROM public.customers AS g WHERE g.c = $1", parameters=(3,)),
        }
        rewritten = guarding.rewrite(found, own, row_limit=None)
        assert isinstance(rewritten, GuardedQuery)
        return rewritten.sql

    plain = "SELECT g.id AS id, g.customer_id FROM public.orders AS g"
    assert written(plain).count("OFFSET 0") == 1
    assert written(plain).count("WHERE") == 1
    for more in (
        f"{plain} WHERE g.a",
        f"{plain} LIMIT 5",
        f"SELECT DISTINCT {plain.removeprefix('SELECT ')}",
        "SELECT g.id, NULL AS customer_id FROM public.orders AS g",
        "SELECT 1 / g.id AS id, g.customer_id FROM public.orders AS g",
    ):
        assert written(more).count("OFFSET 0") == 2, more


@pytest.mark.parametrize("dialect", ["duckdb", "postgres", "mysql"])
@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("SELECT id FROM orders", 100),
        ("SELECT id FROM orders LIMIT 5", 5),
        ("SELECT id FROM orders LIMIT 500", 100),
        ("SELECT id FROM orders UNION ALL SELECT id FROM orders", 100),
        ("(SELECT id FROM orders LIMIT 500)", 100),
    ],
)
def test_the_smaller_limit_stands(dialect: str, text: str, limit: int) -> None:
    """The agent's or ours, at the end of the whole text."""
    assert guarded(text, dialect).sql.endswith(f"LIMIT {limit}")


def test_without_a_limit_none_is_set() -> None:
    """None asks for as many rows as there are."""
    assert "LIMIT" not in guarded("SELECT id FROM orders", row_limit=None).sql
    assert guarded("SELECT id FROM orders LIMIT ALL", "postgres").sql.endswith("LIMIT 100")
    assert guarded("SELECT id FROM orders FETCH FIRST 500 ROWS ONLY", "postgres").sql.endswith("FIRST 100 ROWS ONLY")
    assert guarded("SELECT id FROM orders FETCH FIRST 7 ROWS ONLY", "postgres").sql.endswith("FETCH FIRST 7 ROWS ONLY")


def test_no_comment_and_no_literal_becomes_something_else() -> None:
    """Comments are gone; a literal stays one literal, whatever is in it."""
    hostile = "it''s */ -- /*! '' \\ \" ` $1 ; DROP"
    for dialect in ("duckdb", "postgres", "mysql"):
        text = hostile.replace("\\", "\\\\") if dialect == "mysql" else hostile
        found = guarded(f"SELECT '{text}' AS x FROM orders /* gone */ -- gone", dialect)
        assert "gone" not in found.sql
        literals = [each.name for each in sqlglot.parse_one(found.sql, read=dialect).find_all(exp.Literal)]
        assert hostile.replace("''", "'") in literals


def test_a_relation_may_read_other_tables_and_call_functions() -> None:
    """Row filters may look elsewhere and masks call; both count as approved."""
    own = dict(relations("duckdb"))
    own["orders"] = Relation(
        sql='SELECT SHA256(g.region) AS region, g.id FROM "main"."orders" AS g '
        'WHERE g.region IN (SELECT r.name FROM "main"."regions" AS r)',
        parameters=(),
    )
    found = guarding.rewrite(bound("SELECT region FROM orders"), own, row_limit=None)
    assert isinstance(found, GuardedQuery)
    assert found.tables == {("main", "orders"), ("main", "regions")}
    assert found.functions == {"sha256"}


def test_a_dataset_without_a_relation_is_refused() -> None:
    """Nothing runs on the bare table."""
    found = guarding.rewrite(bound("SELECT id FROM orders"), {}, row_limit=1)
    assert isinstance(found, Problems)
    broken = {"orders": Relation(sql="DELETE FROM orders", parameters=())}
    assert isinstance(guarding.rewrite(bound("SELECT id FROM orders"), broken, row_limit=1), Problems)


def test_without_rewriting_nothing_is_regenerated() -> None:
    """The layer after the rewriting sees a bare table and refuses by itself."""
    found = guarding.rewrite(
        bound("SELECT id FROM orders"), relations("duckdb"), row_limit=1, layers=ALL - {Layer.REWRITE}
    )
    assert isinstance(found, Problems)
    assert found.first.code.name == "E_SQL_UNWRITABLE"


OPINION = Opinion(
    statements=1,
    kind="select",
    tables=frozenset({("memory", "main", "orders")}),
    functions=frozenset({"count_star", "+", "sum"}),
)


def test_another_parser_agrees() -> None:
    """The same table, the same calls by the engine's names, operators."""
    found = guarded("SELECT count(*), sum(id) + 1 FROM orders")
    assert guarding.check_agreement(found, OPINION) is None
    assert guarding.check_agreement(found, replace(OPINION, tables=frozenset({("MEMORY", "main", "Orders")}))) is None


@pytest.mark.parametrize(
    "change",
    [
        {"statements": 2},
        {"statements": 0, "kind": "unreadable"},
        {"kind": "insert"},
        {"tables": frozenset()},
        {"tables": frozenset({("memory", "main", "orders"), ("memory", "main", "secrets")})},
        {"tables": frozenset({("orders",)})},
        {"functions": frozenset({"sum", "read_csv"})},
        {"functions": frozenset({"main.sum"})},
    ],
)
def test_another_parser_disagrees(change: dict) -> None:
    """Anything more, less or other is refused."""
    found = guarding.check_agreement(guarded("SELECT count(*), sum(id) + 1 FROM orders"), replace(OPINION, **change))
    assert isinstance(found, Problems)
    assert found.first.code.name == "E_SQL_DISAGREEMENT"


@pytest.mark.parametrize(
    ("sql", "alone"),
    [
        ("SELECT region, sum(amount) FROM orders GROUP BY region WITH ROLLUP", True),
        ("SELECT id, rank() OVER (ORDER BY amount) FROM orders", True),
        ("SELECT region, sum(amount) FROM orders GROUP BY region", False),
    ],
)
def test_mariadb_computes_relations_by_themselves_where_merging_is_wrong(sql: str, alone: bool) -> None:
    """A LIMIT of everything keeps it from merging them."""
    assert ("LIMIT 18446744073709551615" in guarded(sql, "mysql").sql) is alone
