"""Grains of one's own: described only where they can be asked, and refused where the data is too coarse for them."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from tests.gateway.conftest import MODELS, ask, write_project

from metricgate.bootstrap.running_gateway import run_gateway
from metricgate.gateway.outcome import Answered, Outcome, RefusedCall
from metricgate.settings.settings import load_settings
from metricgate.vocabulary.json import Json

WITH_PLANS = (
    MODELS.replace(
        "metrics:\n",
        """  - name: plans
    source: main.plans
    agg_time_dimension: planned_for
    entities: [{name: plan, type: primary, expr: id}]
    dimensions: [{name: planned_for, type: time, granularity: month}]
metrics:
""",
    )
    + """
  - {name: planned, domain: sales, owner: sales@acme.example, description: Planned., type: simple,
     semantic_model: plans, agg: sum, expr: amount}
  - {name: planned_before, domain: sales, owner: sales@acme.example, description: Planned., type: derived, expr: a,
     input_metrics: [{name: planned, alias: a, offset_window: 1 month}]}
time_spines:
  - {name: days, source: main.days, column: day, granularity: day, custom_granularities: [{name: retail_week}]}
"""
)


def asked(tmp_path: Path, tool: str, arguments: Json) -> Outcome:
    folder = write_project(tmp_path / "calendars", models=WITH_PLANS)

    async def once() -> Outcome:
        async with run_gateway(folder, load_settings(folder), watch=False, logs=False) as parts:
            return await ask(parts, "omni", tool, arguments)

    return asyncio.run(once())


@pytest.mark.parametrize(("metric", "calendars"), [("sales.revenue", ["retail_week"]), ("sales.planned", [])])
def test_a_calendar_is_named_where_it_can_be_asked(tmp_path: Path, metric: str, calendars: list[str]):
    """What is known by month has no weeks of any kind."""
    found = asked(tmp_path, "describe_metric", {"metric": metric})
    assert isinstance(found, Answered)
    assert found.answer["calendars"] == calendars


@pytest.mark.parametrize("metric", ["sales.planned", "sales.planned_before"])
def test_and_is_refused_where_it_cannot(tmp_path: Path, metric: str):
    """Also where the metric is read from a time spine that has the calendar."""
    found = asked(tmp_path, "query_metrics", {"metrics": [metric], "group_by": ["metric_time__retail_week"]})
    assert isinstance(found, RefusedCall)
    assert found.problems.first.code.name == "E_GRAIN_TOO_FINE"
