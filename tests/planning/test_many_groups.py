"""Metrics of two facts by a group-by of many values, some without one: beside each other, and not by comparing all."""

from __future__ import annotations

from time import monotonic

import pytest
from tests.planning.engines import DIALECTS, opened

from metricgate.catalog.catalog import Catalog
from metricgate.catalog.catalog_loader import load
from metricgate.compiling.compiler import compile_plan
from metricgate.compiling.statement import Statement
from metricgate.planning.plan import Plan
from metricgate.planning.planner import Planner
from metricgate.planning.question import GroupBy, Question
from metricgate.vocabulary.obligation import NO_OBLIGATIONS

MODELS = """
semantic_models:
  - name: sales
    source: many_sales
    agg_time_dimension: at
    entities: [{name: sale, type: primary, expr: id}, {name: buyer, type: foreign, expr: buyer}]
    dimensions: [{name: at, type: time, granularity: day, expr: day}]
    metrics: [{name: sold, type: simple, agg: sum, expr: amount}]
  - name: visits
    source: many_visits
    agg_time_dimension: at
    entities: [{name: visit, type: primary, expr: id}, {name: buyer, type: foreign, expr: buyer}]
    dimensions: [{name: at, type: time, granularity: day, expr: day}]
    metrics: [{name: seen, type: simple, agg: count}]
metrics:
  - {name: per_visit, type: ratio, numerator: sold, denominator: seen}
"""
KEYS = 20_000
SECONDS = 10.0
"""Comparing all with all takes minutes: 400 million pairs for each join."""


@pytest.mark.parametrize("dialect", DIALECTS)
def test_groups_of_two_facts_find_each_other(dialect):
    """NULL is a group too, and so is a key that only one of the facts has."""
    found = load([("many.yaml", MODELS)])
    assert isinstance(found, Catalog), str(found)
    plan = Planner(found).plan(
        Question(
            metrics=("sold", "seen", "per_visit"), group_by=(GroupBy(member="buyer"), GroupBy(member="metric_time"))
        )
    )
    assert isinstance(plan, Plan), str(plan)
    with opened(dialect) as engine:
        for name, first in (("many_sales", 0), ("many_visits", 1)):
            engine.execute(f"CREATE TABLE {name} (id INT, buyer VARCHAR(9), day DATE, amount INT)")
            rows = [f"({at}, 'b{at}', '2026-01-05', {at})" for at in range(first, KEYS + first)]
            rows += ["(-1, NULL, '2026-01-05', 7)", "(-2, NULL, '2026-01-05', 8)", "(-3, NULL, NULL, 9)"]
            engine.execute(f"INSERT INTO {name} VALUES {', '.join(rows)}")
        begun = monotonic()
        rows = engine.rows_of(plan)
        took = monotonic() - begun
    by_key = {(row[0], str(row[1])): tuple(None if each is None else float(each) for each in row[2:]) for row in rows}
    assert len(by_key) == len(rows) == KEYS + 3
    assert by_key["b0", "2026-01-05"] == (0, 0, None)
    assert by_key["b7", "2026-01-05"] == (7, 1, 7)
    assert by_key[f"b{KEYS}", "2026-01-05"] == (None, 1, None)
    assert by_key[None, "2026-01-05"] == (15, 2, 7.5)
    assert by_key[None, "None"] == (9, 1, 9)
    assert took < SECONDS


def test_postgres_is_given_an_equality_that_it_hashes():
    """IS NOT DISTINCT FROM alone is joined by comparing all with all."""
    found = load([("many.yaml", MODELS)])
    assert isinstance(found, Catalog), str(found)
    plan = Planner(found).plan(Question(metrics=("sold", "seen"), group_by=(GroupBy(member="buyer"),)))
    assert isinstance(plan, Plan), str(plan)
    compiled = compile_plan(plan, NO_OBLIGATIONS, "postgres")
    assert isinstance(compiled, Statement)
    assert compiled.sql.count("IS NOT DISTINCT FROM") == compiled.sql.count("] = ARRAY[") == 2
