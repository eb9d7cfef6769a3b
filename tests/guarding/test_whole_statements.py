"""What a dialect says once for a whole statement stands once and outermost: in a metric's SQL and in an agent's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
import sqlglot
from sqlglot import exp
from tests.planning.shop import compiled, planned

from metricgate import guarding
from metricgate.catalog.catalog import Catalog
from metricgate.catalog.catalog_loader import load
from metricgate.compiling.relations import confined_statement, relation_of
from metricgate.compiling.statement import Statement
from metricgate.dialects import engines
from metricgate.dialects.engines import bring, dialect_named
from metricgate.guarding import BoundQuery, FunctionAllowlist, GuardedQuery, ReadQuery
from metricgate.vocabulary.obligation import Obligations, RowFilter
from metricgate.vocabulary.predicate import Comparison, Operator
from metricgate.vocabulary.relation import GovernedTable, Relation
from metricgate.vocabulary.result import Column, DataType

ONCE = "SETTINGS join_use_nulls = 1"
TOY = "toy"
MODELS = """
semantic_models:
  - {name: orders, source: orders, entities: [{name: order, type: primary, expr: id}],
     dimensions: [{name: region, type: categorical}]}
  - {name: customers, source: customers, entities: [{name: customer, type: primary, expr: id}],
     dimensions: [{name: region, type: categorical}]}
"""
COLUMNS = {"orders": ("id", "customer_id", "amount", "region"), "customers": ("id", "name", "region")}
OWN_REGION = tuple(
    RowFilter(rule="eu", dataset=name, condition=Comparison(member="region", op=Operator.EQ, values=("EU",)))
    for name in COLUMNS
)
QUERIES = (
    "SELECT o.id, c.name FROM orders o LEFT JOIN customers c ON c.id = o.customer_id",
    "SELECT id FROM orders UNION ALL SELECT id FROM customers ORDER BY id LIMIT 5",
    "WITH x AS (SELECT * FROM orders) SELECT x.id FROM x WHERE x.id IN (SELECT id FROM customers)",
    "SELECT d.id FROM (SELECT id FROM orders) AS d",
)


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch) -> str:
    """DuckDB's dialect with a setting for whole statements and a pass over trees, as a package would bring it."""
    monkeypatch.setattr(engines, "_BROUGHT", {})

    def settled(sql: str) -> str:
        return f"{sql}\n{ONCE}"

    def labelled(tree: exp.Expr) -> exp.Expr:
        tree.args["expressions"] = [exp.alias_(exp.Literal.number(7), "pass_over_tree"), *tree.expressions]
        return tree

    own = dialect_named("duckdb")
    rules = replace(own.rules, name=TOY)
    bring(replace(own, name=TOY, rules=rules, adapted=(*own.adapted, labelled), statement_passes=(settled,)))
    return TOY


def catalog() -> Catalog:
    found = load([("a.yaml", MODELS)])
    assert isinstance(found, Catalog), str(found)
    return found


def confined(sql: str, dialect: str, obligations: Obligations, row_limit: int | None = 100) -> Statement:
    """What runs in an agent's text's place, made by the same steps as the gateway's."""
    schema = ("public",) if dialect == "postgres" else ("shop",) if dialect == "mysql" else ("memory", "main")
    tables = tuple(
        GovernedTable(
            dataset=name,
            source=(*schema, name),
            columns=tuple(Column(name=each, type=DataType.STRING) for each in columns),
        )
        for name, columns in COLUMNS.items()
    )
    read = guarding.read(sql, dialect=dialect, functions=FunctionAllowlist.all_reviewed(dialect))
    assert isinstance(read, ReadQuery), read
    bound = guarding.bind(read, tables)
    assert isinstance(bound, BoundQuery), bound
    relations = {table.dataset: relation(table, dialect, obligations) for table in tables}
    guarded = guarding.rewrite(bound, relations, row_limit=row_limit)
    assert isinstance(guarded, GuardedQuery), guarded
    return confined_statement(guarded.sql, guarded.parameters, guarded.columns, dialect, row_limit=row_limit)


def relation(table: GovernedTable, dialect: str, obligations: Obligations) -> Relation:
    names = [each.name for each in table.columns]
    found = relation_of(catalog().models[table.dataset], table.source, names, obligations, dialect, mask_key="k")
    assert isinstance(found, Relation), str(found)
    return found


def stands_once_and_last(sql: str) -> bool:
    return sql.count("SETTINGS") == 1 and sql.endswith(f"\n{ONCE}")


@pytest.mark.parametrize("obligations", [Obligations(), Obligations(row_filters=OWN_REGION)], ids=["all", "filtered"])
@pytest.mark.parametrize("sql", QUERIES)
def test_an_agents_statement_has_it_once_and_outermost(toy: str, sql: str, obligations: Obligations) -> None:
    """Its relations have the passes over trees, each its own, and not what is for the whole."""
    statement = confined(sql, toy, obligations)
    assert stands_once_and_last(statement.sql), statement.sql
    assert statement.sql.count("pass_over_tree") >= 1
    plain = statement.sql.removesuffix(f"\n{ONCE}")
    parsed = sqlglot.parse_one(plain, read="duckdb")
    assert all(str(each.args["expressions"][0]) == "7 AS pass_over_tree" for each in governed(parsed))
    assert [each for each in statement.parameters if each != "EU"] == []


def governed(tree: exp.Expr) -> Sequence[exp.Select]:
    found = [each.parent_select for each in tree.find_all(exp.Table) if each.db]
    assert found
    return found


@pytest.mark.parametrize("by", [(), ("customer__segment",), ("metric_time__month", "customer__segment")])
@pytest.mark.parametrize(
    "metrics", [("sales.revenue",), ("sales.revenue", "web.visits"), ("sales.open_orders", "sales.closed_value")]
)
def test_a_metrics_statement_has_it_once_and_outermost(toy: str, metrics: Sequence[str], by: Sequence[str]) -> None:
    """However many SELECTs are in it, and whichever joins them."""
    statement = compiled(planned(*metrics, by=by), dialect=toy)
    assert stands_once_and_last(statement.sql), statement.sql
    assert statement.sql.count("pass_over_tree") == 1


@pytest.mark.parametrize("dialect", ["duckdb", "postgres", "mysql"])
def test_a_dialect_without_such_passes_says_nothing_more(dialect: str) -> None:
    """Ours that run say nothing for whole statements: what the guard wrote is what is sent, but for the marks."""
    known = dialect_named(dialect)
    assert known.statement_passes == ()
    sql, values = "SELECT '@1', 2 AS a", ("EU",)
    assert known.finish(sql, values)[0] == sql
    for query in QUERIES:
        assert "SETTINGS" not in confined(query, dialect, Obligations(row_filters=OWN_REGION)).sql


def test_clickhouse_settings_stand_on_the_agents_query_when_a_package_adds_rules(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An outer join's missing rows are NULL by the setting of the query around it, not by one in each derived table."""
    monkeypatch.setattr(engines, "_BROUGHT", {})
    rules = replace(dialect_named("duckdb").rules, name="clickhouse", binding="clickhouse")
    bring(replace(dialect_named("clickhouse"), rules=rules))
    statement = confined(QUERIES[0], "clickhouse", Obligations(row_filters=OWN_REGION))
    assert statement.sql.count("SETTINGS") == 1
    assert statement.sql.splitlines()[-1].startswith("SETTINGS ")
    assert "join_use_nulls = 1" in statement.sql.splitlines()[-1]


def test_a_setting_is_not_taken_for_a_parameter(monkeypatch: pytest.MonkeyPatch) -> None:
    """Marks are set in the statement before anything is added to it."""
    monkeypatch.setattr(engines, "_BROUGHT", {})
    bring(replace(dialect_named("trino"), name=TOY, statement_passes=(lambda sql: f"{sql} /* $2 */",)))
    statement = confined_statement("SELECT $1 AS a", ("x",), ("a",), TOY, row_limit=None)
    assert (statement.sql, statement.parameters) == ("SELECT ? AS a /* $2 */", ("x",))
