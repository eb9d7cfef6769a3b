"""Refusals over declared time spines through the whole gateway, on each engine: beyond, within, without and unknown."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from tests.gateway.conftest import asked
from tests.zones.worlds import ENGINES, World, world, write_project

from metricgate.gateway.outcome import Answered, Outcome, RefusedCall

MODELS = """
semantic_models:
  - name: sales
    source: {schema}.sales
    agg_time_dimension: sold_on
    entities: [{name: sale, type: primary, expr: id}]
    dimensions:
      - {name: sold_on, type: time, granularity: day}
      - {name: booked_in, type: time, granularity: month}
    metrics:
      - {name: revenue, type: simple, agg: sum, expr: amount}
      - {name: booked, type: simple, agg: sum, expr: amount, agg_time_dimension: booked_in}
      - {name: every_day, type: simple, agg: count, join_to_timespine: true}
  - name: costs
    source: {schema}.sales
    agg_time_dimension: sold_on
    entities: [{name: cost, type: primary, expr: id}]
    dimensions: [{name: sold_on, type: time, granularity: day}]
    metrics: [{name: spent, type: simple, agg: sum, expr: amount}]
metrics:
  - {name: year_before, type: derived, expr: p, input_metrics: [{name: revenue, alias: p, offset_window: 1 year}]}
  - {name: day_before, type: derived, expr: p, input_metrics: [{name: revenue, alias: p, offset_window: 1 day}]}
  - {name: month_before, type: derived, expr: p, input_metrics: [{name: booked, alias: p, offset_window: 1 month}]}
  - {name: season_before, type: derived, expr: p, input_metrics: [{name: revenue, alias: p, offset_window: 1 season}]}
  - {name: season_to_date, type: cumulative, input_metric: revenue, grain_to_date: season, period_agg: last}
  - {name: ever, type: cumulative, input_metric: revenue, period_agg: last}
time_spines:
  - name: days
    source: "{schema}.days"
    column: d
    granularity: day
    custom_granularities: [{name: season, column: season}]
"""
SALES = ((1, "2025-03-05", 10), (2, "2025-03-25", 90), (3, "2026-03-05", 40), (4, "2026-03-25", 60))


@pytest.fixture(scope="module", params=ENGINES)
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, World]]:
    """A project over one engine, and its tables."""
    folder = tmp_path_factory.mktemp("spines")
    with world(request.param, folder) as found:
        found.execute(f"CREATE TABLE {found.schema}.sales (id INT, sold_on DATE, booked_in DATE, amount INT)")
        rows = ", ".join(f"({at}, '{day}', '{day[:8]}01', {amount})" for at, day, amount in SALES)
        found.execute(f"INSERT INTO {found.schema}.sales VALUES {rows}")
        yield write_project(folder, found, MODELS), found


def spine(found: World, first: str, last: str, *, without: tuple[str, ...] = (), more: tuple[str, ...] = ()) -> None:
    """Make the spine's table anew, with seasons of a quarter."""
    begin, end = date.fromisoformat(first), date.fromisoformat(last)
    days = [begin + timedelta(days=at) for at in range((end - begin).days + 1)]
    kept = [*(day for day in days if day.isoformat() not in without), *map(date.fromisoformat, more)]
    found.execute(
        f"DROP TABLE IF EXISTS {found.schema}.days",
        f"CREATE TABLE {found.schema}.days (d DATE, season INT)",
    )
    if kept:
        rows = ", ".join(f"('{day}', {day.year * 4 + (day.month - 1) // 3})" for day in kept)
        found.execute(f"INSERT INTO {found.schema}.days VALUES {rows}")


def question(project: Path, *metrics: str, by: str = "metric_time__month", **more: object) -> Outcome:
    return asked(project, "reader", "query_metrics", {"metrics": list(metrics), "group_by": by.split(), **more})


def rows(outcome: Outcome) -> list:
    assert isinstance(outcome, Answered), outcome
    return [[row[0][:10], *map(float, row[1:])] for row in json.loads(outcome.body)["rows"]]


def refused(outcome: Outcome) -> tuple[str, object, object]:
    assert isinstance(outcome, RefusedCall), outcome
    problem = outcome.problems.first
    assert "validate --data" in problem.hint
    return problem.code.name, problem.details["first"], problem.details["last"]


def test_a_spine_that_ends_inside_a_period_is_told(place):
    """March 2026 has rows after its 20th; by day, or before it, nothing is cut."""
    project, found = place
    spine(found, "2025-01-01", "2026-03-20")
    for ask in (("year_before",), ("day_before",), ("ever",), ("revenue", "year_before"), ("spent", "day_before")):
        assert refused(question(project, *ask)) == ("E_SPINE_TOO_SHORT", "2025-01-01", "2026-03-20")
    span = {"start": "2025-03-01", "before": "2025-05-01"}
    assert rows(question(project, "ever", time_range=span)) == [["2025-03-01", 100], ["2025-04-01", 100]]
    assert rows(question(project, "revenue")) == [["2025-03-01", 100], ["2026-03-01", 100]]


def test_a_spine_that_begins_late_is_told(place):
    """Half of a month before is no month before."""
    project, found = place
    spine(found, "2026-03-10", "2026-12-31")
    assert refused(question(project, "year_before")) == ("E_SPINE_TOO_SHORT", "2026-03-10", "2026-12-31")


@pytest.mark.parametrize(
    ("change", "twice", "missing"),
    [({"without": ("2025-03-05", "2025-07-01")}, 0, 2), ({"more": ("2025-03-05", "2025-03-05")}, 2, 0)],
)
def test_gaps_and_days_twice_are_told_with_the_count(place, change, twice, missing):
    """For all that looks back, for periods without rows, and for periods of the spine's calendar."""
    project, found = place
    spine(found, "2025-01-01", "2026-12-31", **change)
    for metric in ("day_before", "ever", "every_day", "season_before", "season_to_date"):
        outcome = question(project, metric, by="metric_time__day")
        assert refused(outcome) == ("E_SPINE_BROKEN", "2025-01-01", "2026-12-31")
        assert outcome.problems.first.details["twice"] == twice
        assert outcome.problems.first.details["missing"] == missing


def test_a_spine_without_a_day_is_told(place):
    """It would show nothing, as if there were no rows."""
    project, found = place
    spine(found, "2025-01-02", "2025-01-01")
    outcome = question(project, "day_before")
    assert refused(outcome) == ("E_SPINE_BROKEN", None, None)
    assert "no moment at all" in outcome.problems.first.message


def test_whole_periods_are_answered(place):
    """Data by the month over a spine of days, seasons, and running sums, as counted by hand."""
    project, found = place
    spine(found, "2025-01-01", "2026-12-31")
    assert rows(question(project, "year_before")) == [["2026-03-01", 100]]
    assert rows(question(project, "month_before")) == [["2025-04-01", 100], ["2026-04-01", 100]]
    span = {"start": "2026-03-01", "before": "2026-05-01"}
    assert rows(question(project, "season_to_date", time_range=span)) == [["2026-03-01", 100]]
    assert rows(question(project, "ever", time_range=span)) == [["2026-03-01", 200], ["2026-04-01", 200]]


def test_a_spine_that_cannot_be_read_is_no_answer_without_a_word(place):
    """What is not there fails the question; it never passes for a spine that was looked at."""
    project, found = place
    spine(found, "2025-01-01", "2026-12-31")
    found.execute(f"DROP TABLE {found.schema}.days")
    assert not isinstance(question(project, "day_before"), Answered)
