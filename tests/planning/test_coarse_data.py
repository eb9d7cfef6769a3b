"""Metrics whose data is known by week or coarser: what may look back from them, and what has no answer."""

from __future__ import annotations

import pytest

from metricgate.catalog.catalog import Catalog
from metricgate.catalog.catalog_loader import load
from metricgate.compiling.compiler import compile_plan
from metricgate.compiling.statement import Statement
from metricgate.planning.plan import Plan
from metricgate.planning.planner import Planner
from metricgate.planning.question import GroupBy, Question
from metricgate.vocabulary.obligation import NO_OBLIGATIONS

DOCUMENT = """
semantic_models:
  - name: stock
    source: stock
    agg_time_dimension: counted
    entities: [{{name: item, type: primary, expr: id}}]
    dimensions: [{{name: counted, type: time, granularity: {grain}}}]
metrics:
  - {{name: pieces, type: simple, semantic_model: stock, agg: sum, expr: pieces}}
  - {{name: running, type: cumulative, input_metric: pieces}}
  - {metric}
time_spines:
  - {{name: days, source: days, column: day, granularity: day}}
"""
OFFSET = "{{name: asked, type: derived, expr: a, input_metrics: [{{name: {of}, alias: a, {shift}}}]}}"


def planned(grain: str, metric: str) -> object:
    catalog = load([("stock.yaml", DOCUMENT.format(grain=grain, metric=metric))])
    assert isinstance(catalog, Catalog), str(catalog)
    return Planner(catalog).plan(Question(metrics=("asked",), group_by=(GroupBy(member="metric_time"),)))


def offset(shift: str, of: str = "pieces") -> str:
    return OFFSET.format(of=of, shift=shift)


def running(option: str) -> str:
    return f"{{name: asked, type: cumulative, input_metric: pieces, {option}}}"


@pytest.mark.parametrize(
    ("grain", "metric"),
    [
        ("month", offset("offset_window: 1 day")),
        ("month", offset("offset_window: 4 weeks")),
        ("month", offset("offset_to_grain: week")),
        ("month", offset("offset_window: 1 day", of="running")),
        ("month", running("window: 7 days")),
        ("month", running("grain_to_date: week")),
        ("quarter", offset("offset_window: 1 month")),
        ("year", offset("offset_window: 3 quarters")),
        ("week", offset("offset_window: 10 days")),
        ("week", offset("offset_window: 1 month")),
        ("week", offset("offset_to_grain: month")),
        ("week", running("window: 10 days")),
    ],
)
def test_what_is_no_whole_number_of_the_datas_periods_is_refused(grain: str, metric: str):
    """It would find no rows at all, or those of one period, without a word."""
    found = planned(grain, metric)
    assert not isinstance(found, Plan)
    assert found.first.code.name == "E_GRAIN_TOO_FINE"
    assert f"known by {grain}" in found.first.message
    assert grain in found.first.hint
    assert found.first.details == {"finest": grain}


@pytest.mark.parametrize(
    ("grain", "metric"),
    [
        ("month", offset("offset_window: 1 month")),
        ("month", offset("offset_window: 1 year")),
        ("month", offset("offset_to_grain: quarter")),
        ("month", offset("offset_window: 1 month", of="running")),
        ("month", running("window: 2 quarters")),
        ("quarter", offset("offset_window: 3 months")),
        ("year", offset("offset_window: 12 months")),
        ("week", offset("offset_window: 14 days")),
        ("week", offset("offset_window: 1 week")),
        ("week", running("grain_to_date: month")),
        ("day", offset("offset_window: 1 week")),
    ],
)
def test_whole_periods_are_answered(grain: str, metric: str):
    """In whichever unit they are written."""
    found = planned(grain, metric)
    assert isinstance(found, Plan), str(found)
    assert isinstance(compile_plan(found, NO_OBLIGATIONS, "duckdb"), Statement)
