"""Zones of stored timestamps, nearest first: dimension, model, warehouse, all definitions; days of 23 and 25 hours."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import duckdb
import pytest

from metricgate.catalog.catalog import Catalog
from metricgate.catalog.catalog_loader import load
from metricgate.catalog.warehouse_placement import place_in_warehouses
from metricgate.compiling.compiler import compile_plan
from metricgate.compiling.statement import Statement
from metricgate.planning.plan import Plan
from metricgate.planning.planner import Planner
from metricgate.planning.question import GroupBy, Question, TimeRange
from metricgate.vocabulary.obligation import NO_OBLIGATIONS
from metricgate.vocabulary.problem import Problems

ZONES = {"project": "UTC", "warehouse": "America/New_York", "model": "Europe/Berlin", "dimension": "Asia/Tokyo"}
DOCUMENT = """
settings:
  time_zone: UTC
  warehouses: {bills: {time_zone: America/New_York}}
semantic_models:
"""
OWN = {"project": "", "warehouse": "warehouse: bills", "model": "warehouse: bills\n    time_zone: Europe/Berlin"}
for _name in ZONES:
    _clock = ", time_zone: Asia/Tokyo" if _name == "dimension" else ""
    DOCUMENT += f"""
  - name: {_name}
    source: {_name}
    {OWN.get(_name, OWN["model"])}
    agg_time_dimension: at
    entities: [{{name: {_name}_event, type: primary, expr: id}}]
    dimensions: [{{name: at, type: time, expr: happened, granularity: second{_clock}}}]
    metrics: [{{name: of_{_name}, type: simple, agg: count}}]
"""
DAYS = {  # of New York
    date(2024, 3, 9): 24,
    date(2024, 3, 10): 23,
    date(2024, 3, 11): 24,
    date(2024, 11, 2): 24,
    date(2024, 11, 3): 25,
    date(2024, 11, 4): 24,
}


def catalog(text: str = DOCUMENT) -> Catalog:
    found = load([("zones.yaml", text)])
    assert isinstance(found, Catalog), str(found)
    return found


@pytest.mark.parametrize(("name", "zone"), ZONES.items())
def test_the_nearest_zone_is_that_of_the_data(name: str, zone: str):
    """One event an hour, stored in local times: in the question's zone each day has as many as it has hours."""
    connection = duckdb.connect()
    connection.execute(f"CREATE TABLE {name} (id INT, happened TIMESTAMP)")
    start = datetime(2024, 3, 1, tzinfo=UTC)
    moments = [start + timedelta(hours=hours) for hours in range(24 * 260)]
    stored = [(number, each.astimezone(ZoneInfo(zone)).replace(tzinfo=None)) for number, each in enumerate(moments)]
    connection.execute(
        f"INSERT INTO {name} SELECT unnest($1), unnest($2)", [list(each) for each in zip(*stored, strict=True)]
    )
    counted: dict[object, object] = {}
    for first in (date(2024, 3, 9), date(2024, 11, 2)):
        plan = Planner(catalog()).plan(
            Question(
                metrics=(f"of_{name}",),
                group_by=(GroupBy(member="metric_time__day"),),
                time_range=TimeRange(start=first, before=first + timedelta(days=3)),
                time_zone="America/New_York",
            )
        )
        assert isinstance(plan, Plan), str(plan)
        compiled = compile_plan(plan, NO_OBLIGATIONS, "duckdb")
        assert isinstance(compiled, Statement), str(compiled)
        counted |= dict(connection.execute(compiled.sql, list(compiled.parameters)).fetchall())
    assert counted == DAYS


def test_a_zone_is_part_of_the_version():
    """Another zone of the warehouse is another meaning, for the models that take it."""
    other = catalog(DOCUMENT.replace("bills: {time_zone: America/New_York}", "bills: {time_zone: Europe/Paris}"))
    changed = {name for name, metric in catalog().metrics.items() if metric.header != other.metrics[name].header}
    assert changed == {"of_warehouse"}


@pytest.mark.parametrize(
    ("text", "warehouses", "code", "message"),
    [
        (DOCUMENT, ["shop", "bils"], "E_UNKNOWN_WAREHOUSE", "the warehouse 'bills'"),
        (DOCUMENT, ["bills"], "E_TIME_DIMENSION", "the model 'project' names no warehouse"),
    ],
)
def test_a_zone_that_would_not_hold_is_told(text: str, warehouses: list[str], code: str, message: str):
    """A name that is none, and a model that lies in the warehouse without naming it."""
    found = place_in_warehouses(catalog(text), warehouses)
    assert isinstance(found, Problems)
    assert any(each.code.name == code and message in each.message and each.where for each in found), str(found)


def test_a_zone_that_is_none_is_told_where_it_stands():
    """The place is the warehouse's own line."""
    found = load(
        [("zones.yaml", DOCUMENT.replace("bills: {time_zone: America/New_York}", "bills: {time_zone: New York}"))]
    )
    assert isinstance(found, Problems)
    assert (found.first.code.name, found.first.where and found.first.where.line) == ("E_TIME_DIMENSION", 4)
