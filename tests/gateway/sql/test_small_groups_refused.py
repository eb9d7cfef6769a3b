"""Minimum groups, the default: answered in large groups only or not at all, so that two answers show no small one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import duckdb
import pytest
from tests.faults.served import entries_of
from tests.gateway.conftest import PATIENT
from tests.gateway.sql.test_query_sql import call, code, rows

from metricgate.gateway.outcome import Outcome, RefusedCall
from metricgate.vocabulary.json import Json

MODELS = """
semantic_models:
  - name: visits
    source: main.visits
    agg_time_dimension: seen_at
    entities: [{name: visit, type: primary, expr: id}, {name: patient, type: foreign, expr: patient_id}]
    dimensions:
      - {name: ward, type: categorical}
      - {name: floor, type: categorical}
      - {name: seen_at, type: time, granularity: hour}
    metrics:
      - {name: visit_count, type: simple, agg: count}
      - {name: cost, type: simple, agg: sum}
      - {name: tips, type: simple, agg: sum, expr: tip}
      - {name: fees, type: simple, agg: average, expr: fee}
      - {name: patients_seen, type: simple, agg: count_distinct, expr: patient_id}
      - {name: urgent_visits, type: simple, agg: sum_boolean, expr: urgent}
      - {name: cost_per_visit, type: ratio, numerator: cost, denominator: visit_count}
      - {name: tip_share, type: ratio, numerator: tips, denominator: cost}
      - {name: fee_and_cost, type: derived, expr: fee + cost,
         input_metrics: [{name: fees, alias: fee}, {name: cost, alias: cost}]}
  - name: patients
    source: main.patients
    entities: [{name: patient, type: primary, expr: id}]
    dimensions: [{name: town, type: categorical}, {name: blood, type: categorical}]
    metrics: [{name: patient_count, type: simple, agg: count}]
  - name: letters
    source: main.letters
    entities: [{name: letter, type: primary, expr: id}]
    dimensions: [{name: state, type: categorical}]
    metrics: [{name: letter_count, type: simple, agg: count}]
  - name: referrals
    source: main.referrals
    entities: [{name: referral, type: primary, expr: id}]
    dimensions: [{name: state, type: categorical}]
    metrics: [{name: referral_count, type: simple, agg: count}]
time_spines:
  - {name: days, source: main.days, column: day, granularity: day, custom_granularities: [{name: shift_plan}]}
"""
POLICY = """
version: 1
roles: [{name: readers, members: ["agent:omni"]}]
grants:
  - {id: tools, roles: [readers], actions: [call], on: ["tool:*"]}
  - {id: all, roles: [readers], actions: [query, describe, list_values, read, update, read_record], on: ["*"]}
minimum_groups:
  - {id: three, roles: [readers], on: [dataset:visits, dataset:letters, dataset:referrals], size: 3}
  - {id: also-hidden, roles: [readers], on: [dataset:visits], size: 2, small: hide}
  - {id: two-patients, roles: [readers], on: [dataset:patients], size: 2}
"""
# Twelve visits: eight in January, four in February, each on a day of its own. Ward A has 4, B 5, no ward 3; two have no
# floor. One has no tip, three no fee; one was urgent. Towns have two patients each, blood groups one or three.
TABLES = """
CREATE TABLE visits AS SELECT n::INT AS id, 1 + n % 4 AS patient_id,
  CASE WHEN n < 5 THEN 'A' WHEN n < 10 THEN 'B' END AS ward, CASE WHEN n < 11 THEN 'up' END AS floor,
  TIMESTAMP '2026-01-05 23:00:00' + INTERVAL (CASE WHEN n < 9 THEN n ELSE 25 + n END) DAY AS seen_at,
  n * 10 AS cost, CASE WHEN n > 1 THEN n END AS tip, CASE WHEN n > 3 THEN n END AS fee, n = 7 AS urgent
  FROM range(1, 13) t(n);
ALTER TABLE visits ADD PRIMARY KEY (id);
CREATE TABLE patients AS SELECT n AS id, CASE WHEN n < 3 THEN 'X' ELSE 'Y' END AS town,
  CASE WHEN n < 4 THEN 'nil' ELSE 'AB' END AS blood FROM range(1, 5) t(n);
CREATE TABLE letters (id INT, state VARCHAR);
CREATE TABLE referrals AS SELECT n AS id, 'open' AS state FROM range(2) t(n);
CREATE TABLE days AS SELECT unnest(generate_series(DATE '2026-01-01', DATE '2026-03-31', INTERVAL 1 DAY))::DATE AS day,
  'plan' AS shift_plan;
"""

ANSWERED: Mapping[str, tuple[Json, list[list[Json]]]] = {
    "the whole": ({"metrics": ["cost", "visit_count"]}, [[780, 12]]),
    "by ward, those without one too": (
        {"metrics": ["visit_count"], "group_by": ["visit__ward"]},
        [["A", 4], ["B", 5], [None, 3]],
    ),
    "by month": (
        {"metrics": ["cost"], "group_by": ["metric_time__month"]},
        [["2026-01-01", 360], ["2026-02-01", 420]],
    ),
    "by town, over the join": ({"metrics": ["cost"], "group_by": ["patient__town"]}, [["X", 390], ["Y", 390]]),
    "a page": ({"metrics": ["visit_count"], "group_by": ["visit__ward"], "limit": 1, "offset": 1}, [["B", 5]]),
    "a ratio of what every row has": (
        {"metrics": ["cost_per_visit"], "group_by": ["visit__ward"], "order_by": ["-cost_per_visit"]},
        [[None, 110.0], ["B", 70.0], ["A", 25.0]],
    ),
    "values that three rows lack": ({"metrics": ["fees"]}, [[8.0]]),
    "values of two datasets": (
        {"group_by": ["patient__town", "visit__seen_at__year"]},
        [["X", "2026-01-01"], ["Y", "2026-01-01"]],
    ),
    "the values alone": ({"group_by": ["visit__ward"]}, [["A"], ["B"], [None]]),
}
ATTEMPTS: Mapping[str, tuple[str, Json]] = {
    "days, to take them from their month": (
        "query_metrics",
        {"metrics": ["cost"], "group_by": ["metric_time__day"]},
    ),
    "a finer set of keys": ("query_metrics", {"metrics": ["cost"], "group_by": ["visit__ward", "patient__town"]}),
    "only the large groups of many": (
        "query_metrics",
        {"metrics": ["cost"], "group_by": ["visit__floor"], "limit": 1},
    ),
    "a later page": ("query_metrics", {"metrics": ["cost"], "group_by": ["visit__floor"], "limit": 1, "offset": 1}),
    "how many groups there are": ("query_metrics", {"metrics": ["cost"], "group_by": ["visit__floor"], "offset": 9}),
    "the largest first": (
        "query_metrics",
        {"metrics": ["visit_count"], "group_by": ["visit__floor"], "order_by": ["-visit_count"], "limit": 1},
    ),
    "weeks beside months": ("query_metrics", {"metrics": ["cost"], "group_by": ["metric_time__week"]}),
    "months of any year": ("query_metrics", {"metrics": ["cost"], "group_by": ["metric_time__extract_month"]}),
    "months of another zone": (
        "query_metrics",
        {"metrics": ["cost"], "group_by": ["metric_time__month"], "time_zone": "Asia/Tokyo"},
    ),
    "a calendar of its own": ("query_metrics", {"metrics": ["cost"], "group_by": ["metric_time__shift_plan"]}),
    "few patients behind many visits": ("query_metrics", {"metrics": ["cost"], "group_by": ["patient__blood"]}),
    "all but one have a value": ("query_metrics", {"metrics": ["tips"]}),
    "a group without any value": ("query_metrics", {"metrics": ["fees"], "group_by": ["visit__ward"]}),
    "beside a measure that may be shown": ("query_metrics", {"metrics": ["cost", "tips"]}),
    "inside a ratio": ("query_metrics", {"metrics": ["tip_share"]}),
    "inside an expression": ("query_metrics", {"metrics": ["fee_and_cost"], "group_by": ["visit__ward"]}),
    "a condition that one row meets": ("query_metrics", {"metrics": ["urgent_visits"]}),
    "who was on no other ward": ("query_metrics", {"metrics": ["patients_seen"]}),
    "a filter": (
        "query_metrics",
        {"metrics": ["cost"], "where": {"member": "visit__ward", "op": "=", "value": "A"}},
    ),
    "the values of a small group": ("list_dimension_values", {"dimension": "visit__floor"}),
    "the first of them": ("list_dimension_values", {"dimension": "visit__floor", "limit": 1}),
    "a search": ("list_dimension_values", {"dimension": "visit__ward", "contains": "A"}),
    "values of two datasets, of two visits": ("query_metrics", {"group_by": ["visit__ward", "patient__town"]}),
    "the first of them alone": ("query_metrics", {"group_by": ["visit__ward", "patient__town"], "limit": 1}),
    "values of two datasets, of one patient": ("query_metrics", {"group_by": ["visit__floor", "patient__blood"]}),
    "months of two towns": ("query_metrics", {"group_by": ["patient__town", "visit__seen_at__month"]}),
    "weeks of two towns": ("query_metrics", {"group_by": ["patient__town", "visit__seen_at__week"]}),
    "two towns on every day": ("query_metrics", {"group_by": ["patient__town", "visit__ward", "metric_time__year"]}),
    "least and greatest": ("query_metrics", {"group_by": ["visit__ward"], "min_max_only": True}),
    "SQL": ("query_sql", {"sql": "SELECT ward, COUNT(*) FROM visits GROUP BY 1"}),
    "rows that a change would find": ("propose_write", {"sql": "UPDATE visits SET tip = 0 WHERE patient_id = 1"}),
    "no row": ("query_metrics", {"metrics": ["letter_count"]}),
    "no group": ("query_metrics", {"metrics": ["letter_count"], "group_by": ["letter__state"]}),
    "two rows": ("query_metrics", {"metrics": ["referral_count"]}),
    "a group of two": ("query_metrics", {"metrics": ["referral_count"], "group_by": ["referral__state"]}),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clinic")
    settings = PATIENT.replace("data.duckdb", "data.duckdb, read_only: false, writes: true")
    for name, text in (("semantic_models/m.yaml", MODELS), ("policies/p.yaml", POLICY), ("metricgate.yaml", settings)):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    with duckdb.connect(str(folder / "data.duckdb")) as connection:
        connection.execute(TABLES)
    return folder


@pytest.fixture(scope="module")
def outcomes(folder: Path) -> dict[str, Outcome]:
    """What came of everything that is asked here, at one gateway."""
    asked = {name: ("query_metrics", arguments) for name, (arguments, _rows) in ANSWERED.items()} | dict(ATTEMPTS)
    return dict(zip(asked, call(folder, *asked.values()), strict=True))


@pytest.mark.parametrize("name", ANSWERED)
def test_large_groups_are_answered_whole(outcomes: dict[str, Outcome], name: str) -> None:
    """Every group has enough rows of each dataset, and every measure enough values."""
    assert rows(outcomes[name]) == ANSWERED[name][1]


@pytest.mark.parametrize("name", ATTEMPTS)
def test_what_would_show_a_small_group_is_refused(outcomes: dict[str, Outcome], name: str) -> None:
    """Each is or has a group under the minimum, or could be held against an answer that differs by one."""
    assert code(outcomes[name]) == "E_SMALL_GROUPS"


def test_a_refusal_tells_one_bit(folder: Path, outcomes: dict[str, Outcome]) -> None:
    """No row, two rows, and a page past the end read alike: nothing of the groups is in the words or in the record."""
    none, two, past = (outcomes[name] for name in ("no group", "a group of two", "how many groups there are"))
    assert isinstance(none, RefusedCall)
    assert isinstance(two, RefusedCall)
    assert isinstance(past, RefusedCall)
    assert str(none.problems).replace("letter", "referral") == str(two.problems)
    assert "or nothing comes after the first 9." in past.problems.first.message
    [entry] = [each for each in entries_of(folder / ".metricgate" / "ledger.db") if each.index == two.record.index]
    assert entry.fields["gov.outcome"] == "refused"
    assert entry.fields["gov.links"], "the statement that ran is linked"
    assert not [name for name in entry.fields if name.startswith("gov.effect")]


def test_the_refusal_names_what_could_be_asked(outcomes: dict[str, Outcome]) -> None:
    """Fewer group-bys, or a coarser grain that lies around the one asked."""
    days = outcomes["days, to take them from their month"]
    assert isinstance(days, RefusedCall)
    assert "cut 'metric_time__day' by month or quarter or year" in str(days.problems.first.hint)
