"""A warehouse from outside with a dialect of its own: installed, it answers metrics and agents' SQL under policy."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from dataclasses import replace
from datetime import timedelta
from importlib import import_module
from pathlib import Path

import pytest

import metricgate
from metricgate.bootstrap.project import open_project
from metricgate.dialects import engines
from metricgate.dialects.engines import bring, dialect_named, guarded_dialects, known_dialects
from metricgate.guarding.dialects import is_guarded
from metricgate.settings.settings import load_settings
from metricgate.vocabulary.problem import Problems

PACKAGE = Path(__file__).parent / "acme_sqlite.py"
MODELS = """
semantic_models:
  - name: orders
    source: main.orders
    agg_time_dimension: ordered_at
    entities: [{name: order, type: primary, expr: id}]
    dimensions:
      - {name: ordered_at, type: time, granularity: day, expr: day}
      - {name: region, type: categorical, expr: region}
metrics:
  - {name: revenue, domain: sales, owner: sales@acme.example, description: Ordered., type: simple,
     semantic_model: orders, agg: sum, expr: amount}
"""
POLICY = """
version: 1
roles: [{name: sellers, members: ["agent:seller"], attributes: {region: EU}}]
grants:
  - {id: tools, roles: [everyone], actions: [call], on: ["tool:*"]}
  - {id: all, roles: [sellers], actions: [describe, query, list_values, read],
     on: ["metric:*", "dimension:*", "dataset:*", "column:*", "function:*"]}
row_filters:
  - {id: own-region, roles: [sellers], dataset: orders, where: {member: region, op: "=", value: {attribute: region}}}
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project on a SQLite file, with the package installed as pip would leave it."""
    site = tmp_path / "site"
    info = site / "acme_sqlite-1.0.dist-info"
    info.mkdir(parents=True)
    shutil.copy(PACKAGE, site)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-sqlite\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[metricgate.warehouses]\nacme = acme_sqlite:AcmePlugin\nacme_plain = acme_sqlite:PlainPlugin\n"
    )
    monkeypatch.syspath_prepend(str(site))
    folder = tmp_path / "project"
    for name, text in (("semantic_models/models.yaml", MODELS), ("policies/policy.yaml", POLICY)):
        (folder / name).parent.mkdir(parents=True)
        (folder / name).write_text(text)
    (folder / "metricgate.yaml").write_text("project: test\nwarehouse: {kind: acme, file: orders.db}\n")
    with sqlite3.connect(folder / "orders.db") as connection:
        connection.executescript(
            "CREATE TABLE orders (id INTEGER, day DATE, region TEXT, amount INTEGER);"
            "INSERT INTO orders VALUES (1, '2026-01-01', 'EU', 10), (2, '2026-01-02', 'EU', 20),"
            "(3, '2026-01-02', 'US', 7)"
        )
    return folder


def test_it_answers_a_metric_and_sql_of_an_agent_within_its_rows(project: Path) -> None:
    key = open_project(project).create_key("seller", users=[], expires_in=timedelta(days=1)).secret

    async def story() -> None:
        async with metricgate.Gateway.open(project) as gateway:
            answered = await gateway.query(["revenue"], key=key, group_by=["order__region"])
            assert answered["answer"]["rows"] == [["EU", 30]]

            async def ask(sql: str, **given: object) -> object:
                return (await gateway.call("query_sql", {"sql": sql, **given}, key=key))["answer"]

            found = await ask("SELECT region, COUNT(*), SUM(o.amount) AS Paid FROM orders o GROUP BY region")
            assert [each["name"] for each in found["columns"]] == ["region", "COUNT(*)", "Paid"]
            assert found["rows"] == [["EU", 2, 30]]
            found = await ask("SELECT id FROM orders WHERE amount > ? ORDER BY id", parameters=[12])
            assert found["rows"] == [[2]]
            for sql, code in (
                ("SELECT load_extension('x') FROM orders", "E_SQL_FUNCTION"),
                ("SELECT * FROM sqlite_master", "E_SQL_UNKNOWN_TABLE"),
                ("DELETE FROM orders", "E_SQL_NO_QUERY"),
                ("SELECT 1; SELECT 2", "E_SQL_SEVERAL_STATEMENTS"),
                ("SELECT id FROM orders WHERE region REGEXP 'E'", "E_SQL_CONSTRUCT"),
            ):
                with pytest.raises(metricgate.Refused) as refused:
                    await ask(sql)
                assert refused.value.code == code, sql

    asyncio.run(story())


def test_without_rules_for_its_dialect_it_answers_metrics_only(project: Path) -> None:
    settings = project / "metricgate.yaml"
    settings.write_text(settings.read_text().replace("kind: acme", "kind: acme_plain"))
    key = open_project(project).create_key("seller", users=[], expires_in=timedelta(days=1)).secret

    async def story() -> None:
        async with metricgate.Gateway.open(project) as gateway:
            answered = await gateway.query(["revenue"], key=key)
            assert answered["answer"]["rows"] == [[30]]
            with pytest.raises(metricgate.Refused) as refused:
                await gateway.call("query_sql", {"sql": "SELECT id FROM orders"}, key=key)
            assert refused.value.code == "E_SQL_UNGUARDED"

    asyncio.run(story())


def test_two_packages_cannot_bring_one_name() -> None:
    bring(replace(dialect_named("nobody's"), name="twice"))
    with pytest.raises(ValueError, match="twice"):
        bring(replace(dialect_named("nobody's"), name="twice"))


@pytest.fixture
def nothing_brought(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a process in which no package brought a dialect yet; taken back afterwards."""
    monkeypatch.setattr(engines, "_BROUGHT", {})


@pytest.mark.usefixtures("nothing_brought")
def test_rules_are_added_to_a_dialect_of_ours_that_has_none() -> None:
    """From then on it is guarded, whoever asks: by its name, and in the list of those that are."""
    own = dialect_named("clickhouse")
    assert "clickhouse" not in guarded_dialects()
    ruled = replace(own, rules=replace(dialect_named("duckdb").rules, name="clickhouse"))
    bring(ruled)
    bring(ruled)
    assert dialect_named("clickhouse") is ruled
    assert is_guarded("clickhouse")
    assert guarded_dialects() == ("clickhouse", "duckdb", "mysql", "postgres")
    with pytest.raises(ValueError, match="two packages bring a dialect 'clickhouse'"):
        bring(replace(own, rules=replace(ruled.rules, fences=True)))


@pytest.mark.usefixtures("nothing_brought")
@pytest.mark.parametrize("name", known_dialects())
def test_a_dialect_of_ours_is_not_replaced(name: str) -> None:
    """It is refused by name, unless rules are all that is new; then nothing was brought."""
    own = dialect_named(name)
    rules = replace(dialect_named("duckdb").rules, name=name)
    others = [own, replace(own, escape="~"), replace(own, escape="~", rules=rules), replace(own, rules=None)]
    if own.rules is not None:
        others.append(replace(own, rules=replace(rules, fences=True)))
    for other in others:
        with pytest.raises(ValueError, match=f"brings a dialect '{name}', which is one of Metricgate's own"):
            bring(other)
        assert dialect_named(name) is own
    assert guarded_dialects() == ("duckdb", "mysql", "postgres")


@pytest.mark.usefixtures("nothing_brought")
def test_what_holds_for_a_whole_statement_stands_around_it_alone(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One row of each answer, here; inside a relation it would be one row of the table, and another sum."""
    plugin = import_module("acme_sqlite").AcmePlugin
    one_row = replace(plugin.dialect, statement_passes=(lambda sql: f"SELECT * FROM ({sql}) LIMIT 1",))
    monkeypatch.setattr(plugin, "dialect", one_row)
    key = open_project(project).create_key("seller", users=[], expires_in=timedelta(days=1)).secret

    async def story() -> None:
        async with metricgate.Gateway.open(project) as gateway:
            answered = await gateway.query(["revenue"], key=key, group_by=["metric_time__day"])
            assert answered["answer"]["rows"] == [["2026-01-01", 10]]

            async def ask(sql: str) -> object:
                return (await gateway.call("query_sql", {"sql": sql}, key=key))["answer"]["rows"]

            assert await ask("SELECT SUM(amount) AS paid FROM orders") == [[30]]
            assert await ask("SELECT id FROM orders ORDER BY id DESC") == [[2]]

    asyncio.run(story())


@pytest.mark.usefixtures("nothing_brought")
def test_a_package_that_takes_a_name_of_ours_is_told_where_it_is_named(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Settings are refused with file and line, before anything is opened."""
    plugin = import_module("acme_sqlite").AcmePlugin
    rules = replace(plugin.dialect.rules, name="duckdb")
    monkeypatch.setattr(plugin, "dialect", replace(plugin.dialect, name="duckdb", rules=rules))
    found = load_settings(project)
    assert isinstance(found, Problems)
    (problem,) = found
    assert (problem.code.name, problem.where.line) == ("E_BAD_VALUE", 2)
    assert "'duckdb', which is one of Metricgate's own" in problem.message


def test_a_dialect_is_not_read_by_the_rules_of_another() -> None:
    rules = dialect_named("duckdb").rules
    with pytest.raises(ValueError, match="duckdb"):
        replace(dialect_named("nobody's"), rules=rules)
