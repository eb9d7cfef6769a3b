"""A declared time spine never cuts, drops or doubles numbers: where it would, the question is refused with its ends."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest
from tests.gateway.conftest import PATIENT, asked

from metricgate.compiling.statement import Statement
from metricgate.gateway.call_context import CallContext
from metricgate.gateway.engine import Engine
from metricgate.gateway.outcome import Answered, Outcome, RefusedCall
from metricgate.gateway.ports import WarehouseError

MODELS = """
semantic_models:
  - name: sales
    source: sales
    agg_time_dimension: sold_on
    entities: [{name: sale, type: primary, expr: id}]
    dimensions:
      - {name: sold_on, type: time, granularity: day}
      - {name: kind, type: categorical}
    metrics:
      - {name: revenue, type: simple, agg: sum, expr: amount}
      - {name: every_day, type: simple, agg: count, join_to_timespine: true}
metrics:
  - {name: year_before, type: derived, expr: p, input_metrics: [{name: revenue, alias: p, offset_window: 1 year}]}
  - {name: day_before, type: derived, expr: p, input_metrics: [{name: revenue, alias: p, offset_window: 1 day}]}
  - {name: ever, type: cumulative, input_metric: revenue, period_agg: last}
  - {name: ever_first, type: cumulative, input_metric: revenue}
  - {name: week_mean, type: cumulative, input_metric: revenue, window: 7 days, period_agg: average}
  - {name: ever_year_before, type: derived, expr: p, input_metrics: [{name: ever, alias: p, offset_window: 1 year}]}
"""
SPINE = """
time_spines:
  - {name: days, source: days, column: d, granularity: day, custom_granularities: [{name: season, column: season}]}
"""
POLICY = """
version: 1
roles: [{name: all, members: ["agent:omni", "agent:early"]}, {name: early, members: ["agent:early"]}]
grants:
  - {id: tools, roles: [everyone], actions: [call], on: ["tool:*"]}
  - {id: all, roles: [all], actions: [describe, query, list_values, read], on: ["metric:*", "dimension:*", "dataset:*"]}
row_filters:
  - {id: early, roles: [early], dataset: sales, where: {member: kind, op: "=", value: early}}
"""
SALES = """
CREATE TABLE sales AS SELECT * FROM (VALUES
  (1, DATE '2025-03-05', 'early', 10), (2, DATE '2025-03-25', 'late', 90),
  (3, DATE '2026-03-05', 'early', 40), (4, DATE '2026-03-25', 'late', 60)
) t(id, sold_on, kind, amount);
"""


def days(first: str, last: str, more: str = "") -> str:
    return f"""CREATE TABLE days AS SELECT d::DATE AS d, 1 + month(d) // 6 AS season
    FROM generate_series(DATE '{first}', DATE '{last}', INTERVAL 1 DAY) t(d); {more}"""


def folder(path: Path, spine: str, *, declared: bool = True) -> Path:
    models = MODELS + (SPINE if declared else "")
    files = {"semantic_models/m.yaml": models, "policies/p.yaml": POLICY, "metricgate.yaml": PATIENT}
    for name, text in files.items():
        (path / name).parent.mkdir(exist_ok=True)
        (path / name).write_text(text)
    with duckdb.connect(str(path / "data.duckdb")) as connection:
        connection.execute(SALES + spine)
    return path


def question(metric: str, by: str = "metric_time__month", start: str = "", before: str = "") -> dict:
    span = {"time_range": {"start": start, "before": before}} if start else {}
    return {"metrics": [metric], "group_by": by.split(), **span}


def rows(outcome: Outcome) -> list:
    assert isinstance(outcome, Answered), outcome
    return json.loads(outcome.body)["rows"]


def refused(outcome: Outcome) -> tuple[str, object, object]:
    assert isinstance(outcome, RefusedCall), outcome
    problem = outcome.problems.first
    assert "validate --data" in problem.hint
    return problem.code.name, problem.details["first"], problem.details["last"]


SHORT = days("2025-01-01", "2026-03-20")
TOO_SHORT = ("E_SPINE_TOO_SHORT", "2025-01-01", "2026-03-20")
MARCH = ("2026-03-01", "2026-04-01")


@pytest.mark.parametrize(
    "ask",
    [
        question("year_before", start=MARCH[0], before=MARCH[1]),
        question("year_before", by="", start=MARCH[0], before=MARCH[1]),
        question("year_before"),
        question("year_before", by="metric_time__extract_month"),
        question("day_before"),
        question("ever"),
        question("ever", by="metric_time__quarter sale__kind"),
        question("week_mean"),
    ],
)
def test_a_spine_that_ends_inside_a_period_is_told(tmp_path, ask):
    """March 2026 has rows after its 20th, which nothing of the spine would show."""
    assert refused(asked(folder(tmp_path, SHORT), "omni", "query_metrics", ask)) == TOO_SHORT


@pytest.mark.parametrize(
    ("ask", "wanted"),
    [
        (question("ever", "metric_time__day", "2026-03-19", "2026-04-01"), [["2026-03-19", 140], ["2026-03-20", 140]]),
        (question("ever", start="2025-03-01", before="2025-05-01"), [["2025-03-01", 100], ["2025-04-01", 100]]),
        (question("ever_first", start="2025-04-01", before="2025-05-01"), [["2025-04-01", 100]]),
        (question("revenue"), [["2025-03-01", 100], ["2026-03-01", 100]]),
        (question("day_before", "metric_time__month", "2026-03-01", "2026-03-20"), [["2026-03-01", 40]]),
    ],
)
def test_what_it_has_whole_is_answered(tmp_path, ask, wanted):
    """By day the spine decides which days there are; a range inside it cuts nothing."""
    assert rows(asked(folder(tmp_path, SHORT), "omni", "query_metrics", ask)) == wanted


def test_rows_that_the_caller_may_not_see_are_not_told_of(tmp_path):
    """Early rows alone are not cut."""
    found = rows(asked(folder(tmp_path, SHORT), "early", "query_metrics", question("year_before")))
    assert found == [["2026-03-01", 10]]


def test_a_spine_that_begins_late_is_told(tmp_path):
    """Half of the month before is no month before."""
    place = folder(tmp_path, days("2026-03-10", "2026-12-31"))
    assert refused(asked(place, "omni", "query_metrics", question("year_before")))[0] == "E_SPINE_TOO_SHORT"
    found = rows(
        asked(place, "omni", "query_metrics", question("ever_year_before", start="2026-04-01", before="2026-05-01"))
    )
    assert found == [["2026-04-01", 100]]  # though the spine has no April 2025


@pytest.mark.parametrize(
    ("change", "twice", "missing"),
    [
        ("DELETE FROM days WHERE d IN (DATE '2025-03-05', DATE '2025-07-01')", 0, 2),
        ("INSERT INTO days VALUES (DATE '2025-03-05', 1), (DATE '2025-03-05', 2)", 2, 0),
    ],
)
def test_a_spine_with_gaps_or_days_twice_is_told_with_the_count(tmp_path, change, twice, missing):
    """For all that looks back, and for periods without rows."""
    place = folder(tmp_path, days("2025-01-01", "2026-12-31", change))
    for ask in (question("day_before", "metric_time__day"), question("ever"), question("every_day")):
        outcome = asked(place, "omni", "query_metrics", ask)
        assert refused(outcome) == ("E_SPINE_BROKEN", "2025-01-01", "2026-12-31")
        details = outcome.problems.first.details
        assert (details["twice"], details["missing"]) == (twice, missing)
    assert rows(asked(place, "omni", "query_metrics", question("revenue"))) == [
        ["2025-03-01", 100],
        ["2026-03-01", 100],
    ]


def test_periods_of_a_calendar_are_not_doubled(tmp_path):
    """A day with two seasons would count in both; one that is missing has none, and is seen."""
    twice = days("2025-01-01", "2026-12-31", "INSERT INTO days VALUES (DATE '2025-03-05', 9)")
    outcome = asked(folder(tmp_path, twice), "omni", "query_metrics", question("revenue", "metric_time__season"))
    assert refused(outcome)[0] == "E_SPINE_BROKEN"


def test_weeks_that_a_wide_spine_has_in_part_trouble_nobody(tmp_path):
    """Its ends lie inside of weeks, but no row is near them."""
    place = folder(tmp_path, days("2000-01-01", "2040-12-31"))
    for metric in ("day_before", "ever", "ever_first"):
        assert rows(asked(place, "omni", "query_metrics", question(metric, "metric_time__week")))


@pytest.mark.parametrize("ask", [question("year_before", start=MARCH[0], before=MARCH[1]), question("day_before")])
def test_without_a_spine_nothing_is_cut(tmp_path, ask):
    """The moments are made as far as the question and the rows need them."""
    found = rows(asked(folder(tmp_path, "", declared=False), "omni", "query_metrics", ask))
    assert found[-1] == ["2026-03-01", 100]


@pytest.mark.parametrize("fails", ["ends", "rows beyond"])
def test_a_check_without_an_answer_is_told_of(tmp_path, monkeypatch, fails):
    """Where the engine answers the question and not the look at the spine, the answer says that nobody looked."""
    look = CallContext.look

    async def failing(desk: CallContext, engine: Engine, statement: Statement, *more: object) -> object:
        if ("first_moment" in statement.sql) == (fails == "ends"):
            return WarehouseError("E_WAREHOUSE_TIMEOUT", "too slow")
        return await look(desk, engine, statement, *more)

    monkeypatch.setattr(CallContext, "look", failing)
    outcome = asked(folder(tmp_path, SHORT), "omni", "query_metrics", question("day_before"))
    assert rows(outcome)
    assert [each for each in json.loads(outcome.body)["notes"] if "time spine days was not checked" in each]
