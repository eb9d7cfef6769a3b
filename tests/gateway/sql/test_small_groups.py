"""Minimum groups that are hidden one by one (``small: hide``): no question may leave rows out to find them."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from tests.gateway.conftest import PATIENT
from tests.gateway.sql.test_query_sql import call, code, rows

from metricgate.vocabulary.json import Json

MODELS = """
semantic_models:
  - name: visits
    source: main.visits
    agg_time_dimension: seen_on
    entities: [{name: visit, type: primary, expr: id}, {name: patient, type: foreign, expr: patient_id}]
    dimensions:
      - {name: ward, type: categorical}
      - {name: seen_on, type: time, granularity: day}
    metrics:
      - {name: visit_count, type: simple, agg: count}
      - {name: cost, type: simple, agg: sum}
      - {name: tips, type: simple, agg: sum, expr: tip}
      - {name: middle_cost, type: simple, agg: median, expr: cost}
      - {name: dear_visits, type: simple, agg: count, filter: {member: visit__ward, op: "=", value: A}}
      - {name: all_cost, type: cumulative, input_metric: cost}
      - {name: share, type: ratio, numerator: dear_visits, denominator: visit_count}
  - name: patients
    source: main.patients
    entities: [{name: patient, type: primary, expr: id}]
    dimensions: [{name: town, type: categorical}, {name: name, type: categorical, sensitivity: personal}]
    metrics: [{name: patient_count, type: simple, agg: count}]
time_spines: [{name: days, source: main.days, column: day, granularity: day}]
"""
POLICY = """
version: 1
roles: [{name: readers, members: ["agent:omni"]}]
grants:
  - {id: tools, roles: [readers], actions: [call], on: ["tool:*"]}
  - {id: all, roles: [readers], actions: [query, describe, list_values, read], on: ["*"]}
minimum_groups:
  - {id: three-visits, roles: [readers], on: [dataset:visits], size: 3, small: hide}
  - {id: two-patients, roles: [readers], on: ["label:personal", dataset:patients], size: 2, small: hide}
"""
# Ward A has four visits of two patients, ward B three visits of one patient, ward C two visits.
TABLES = """
CREATE TABLE visits (id INT, patient_id INT, ward VARCHAR, seen_on DATE, cost INT, tip INT);
CREATE TABLE patients (id INT, town VARCHAR, name VARCHAR);
CREATE TABLE days AS SELECT unnest(generate_series(DATE '2026-01-01', DATE '2026-01-31', INTERVAL 1 DAY))::DATE AS day;
INSERT INTO visits VALUES (1, 1, 'A', '2026-01-01', 10, 1), (2, 1, 'A', '2026-01-02', 20, 2),
 (3, 2, 'A', '2026-01-03', 30, 3), (4, 2, 'A', '2026-01-04', 40, 4),
 (5, 3, 'B', '2026-01-05', 50, 5), (6, 3, 'B', '2026-01-06', 60, NULL),
 (7, 3, 'B', '2026-01-07', 70, NULL), (8, 1, 'C', '2026-01-08', 80, NULL), (9, 2, 'C', '2026-01-09', 90, NULL);
INSERT INTO patients VALUES (1, 'X', 'Ann'), (2, 'X', 'Bo'), (3, 'Y', 'Cy');
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in (("semantic_models/m.yaml", MODELS), ("policies/p.yaml", POLICY), ("metricgate.yaml", PATIENT)):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    with duckdb.connect(str(tmp_path / "data.duckdb")) as connection:
        connection.execute(TABLES)
    return tmp_path


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"metrics": ["visit_count"], "group_by": ["visit__ward"]}, [["A", 4], ["B", 3]]),
        ({"metrics": ["cost", "visit_count"]}, [[450, 9]]),
        # By town, rows of both datasets count: town Y has three visits of one patient.
        ({"metrics": ["visit_count"], "group_by": ["patient__town"]}, [["X", 6]]),
        ({"metrics": ["visit_count"], "group_by": ["seen_on"]}, []),
        # Ward B has three visits and one tip: the sum of its tips would be that tip.
        ({"metrics": ["tips"], "group_by": ["visit__ward"]}, [["A", 10]]),
        ({"metrics": ["patient_count"], "group_by": ["patient__town"]}, [["X", 2]]),
        # Ward B has one patient of town Y, ward C two visits.
        ({"group_by": ["visit__ward", "patient__town"]}, [["A", "X"]]),
    ],
)
def test_small_groups_are_left_out(folder: Path, asked: Json, expected: list[list[Json]]) -> None:
    """What is shown was made by enough rows of every dataset that has a minimum."""
    [outcome] = call(folder, ("query_metrics", asked))
    assert rows(outcome) == expected
    assert "minimum_groups" in outcome.answer["policy"]


ATTEMPTS: dict[str, tuple[str, Json]] = {
    "all but one": (
        "query_metrics",
        {"metrics": ["cost"], "where": {"member": "visit__ward", "op": "!=", "value": "C"}},
    ),
    "one group alone": ("query_metrics", {"metrics": ["cost"], "where": "{{ Dimension('visit__ward') }} = 'A'"}),
    "a range without one day": ("query_metrics", {"metrics": ["cost"], "time_range": {"start": "2026-01-02"}}),
    "groups chosen by a metric": (
        "query_metrics",
        {"metrics": ["cost"], "where": "{{ Metric('cost', group_by=['visit__ward']) }} > 100"},
    ),
    "running totals": ("query_metrics", {"metrics": ["all_cost"], "group_by": ["metric_time__day"]}),
    "a part and its whole at once": ("query_metrics", {"metrics": ["share"]}),
    "a metric that leaves rows out": ("query_metrics", {"metrics": ["dear_visits"], "group_by": ["visit__ward"]}),
    "one row's value": ("query_metrics", {"metrics": ["middle_cost"], "group_by": ["visit__ward"]}),
    "two facts": ("query_metrics", {"metrics": ["visit_count", "patient_count"], "group_by": ["patient__town"]}),
    "least and greatest": ("query_metrics", {"group_by": ["visit__ward"], "min_max_only": True}),
    "values of two datasets, a filter": (
        "query_metrics",
        {"group_by": ["visit__ward", "patient__town"], "where": "{{ Dimension('visit__ward') }} = 'A'"},
    ),
    "values of two datasets, row by row": (
        "query_metrics",
        {"group_by": ["visit__ward", "patient__town"], "distinct": False},
    ),
    "values of two datasets, the least": (
        "query_metrics",
        {"group_by": ["visit__ward", "patient__town"], "min_max_only": True},
    ),
    "values of two datasets, in a range": (
        "query_metrics",
        {"group_by": ["visit__ward", "patient__town"], "time_range": {"start": "2026-01-02"}},
    ),
    "values of two datasets on every day": (
        "query_metrics",
        {"group_by": ["visit__ward", "patient__town", "metric_time__day"]},
    ),
    "values by search": ("list_dimension_values", {"dimension": "patient__name", "contains": "A"}),
    "SQL": ("query_sql", {"sql": "SELECT ward, COUNT(*) FROM visits GROUP BY 1 HAVING COUNT(*) > 5"}),
    "single rows": ("query_metrics", {"group_by": ["visit__ward"], "distinct": False}),
}


@pytest.mark.parametrize("name", ATTEMPTS)
def test_what_leaves_rows_out_is_refused(folder: Path, name: str) -> None:
    """Each could be held against a question that leaves nothing out."""
    [outcome] = call(folder, ATTEMPTS[name])
    assert code(outcome) == "E_SMALL_GROUPS"


def test_names_are_groups_too(folder: Path) -> None:
    """The values of a labelled dimension are groups of one row each: none is listed."""
    [outcome] = call(folder, ("list_dimension_values", {"dimension": "patient__name"}))
    assert rows(outcome) == []
