"""The runner of MetricFlow-style suites, on a tiny suite of our own: what passes, what fails, what it says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from conformance.metricflow.__main__ import main
from conformance.metricflow.asking import arguments, time_range, with_calls
from conformance.metricflow.comparing import compare
from conformance.metricflow.fixtures import moment

FIXTURES = """
table_snapshot:
  table_name: fct_rides
  column_definitions:
    - {name: id, type: STRING}
    - {name: started, type: TIME}
    - {name: fare, type: FLOAT}
    - {name: seats, type: INT}
    - {name: electric, type: BOOLEAN}
  rows:
    - ["r1", "2026-1-5", "2.5", "1", "True"]
    - ["r2", "2026-01-06 10:30", "4", "2", "false"]
    - ["r3", "2026-02-01T00:00:00", null, "1", "true"]
"""
MANIFEST = """
semantic_model:
  name: rides
  node_relation: {schema_name: $source_schema, alias: fct_rides}
  defaults: {agg_time_dimension: started}
  entities: [{name: ride, type: primary, expr: id}]
  dimensions:
    - {name: started, type: time, type_params: {time_granularity: day}}
    - {name: electric, type: categorical}
  measures:
    - {name: fare, agg: sum, create_metric: true}
    - {name: seats, agg: sum, create_metric: true}
    - {name: broken, agg: sum, expr: "sum(fare)", create_metric: true}
"""
CASES = """
cases:
- id: mine::by_month
  manifest: bikes
  primary_metric_type: simple
  metrics: [fare]
  group_bys: [metric_time__month]
  expected:
    columns: [fare, metric_time__month]
    duckdb_types: [DOUBLE, TIMESTAMP]
    rows: [[null, '2026-02-01T00:00:00'], [6.5000000001, '2026-01-01T00:00:00']]
- id: mine::from_sql
  manifest: bikes
  primary_metric_type: ratio
  metrics: [seats]
  where_filter: ride__electric
  check_sql_duckdb: SELECT sum(seats) AS seats FROM mf.fct_rides WHERE electric
  expected: {columns: [seats], duckdb_types: [HUGEINT], rows: 'omitted: run check_sql_duckdb'}
- id: mine::wrong_rows
  manifest: bikes
  primary_metric_type: simple
  metrics: [seats]
  expected: {columns: [seats], duckdb_types: [BIGINT], rows: [[5]]}
- id: mine::wrong_columns
  manifest: bikes
  primary_metric_type: simple
  metrics: [seats]
  expected: {columns: [chairs], duckdb_types: [BIGINT], rows: [[4]]}
- id: mine::not_loaded
  manifest: bikes
  primary_metric_type: simple
  metrics: [broken]
  expected: {columns: [broken], duckdb_types: [BIGINT], rows: [[4]]}
"""


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    """A folder of the suite's form."""
    (tmp_path / "fixtures" / "bikes").mkdir(parents=True)
    (tmp_path / "fixtures" / "bikes" / "fct_rides.yaml").write_text(FIXTURES)
    (tmp_path / "manifests" / "bikes").mkdir(parents=True)
    (tmp_path / "manifests" / "bikes" / "all.yaml").write_text(MANIFEST)
    (tmp_path / "cases.yaml").write_text(CASES)
    return tmp_path


def test_the_score_the_differences_and_the_exit_code(suite: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Right answers pass; each failure says what was expected and what came; one failure makes the exit code 1."""
    results = suite / "results.jsonl"
    assert main(["--cases", str(suite), "--results", str(results)]) == 1
    told = capsys.readouterr().out
    lines = {line["id"]: line for line in map(json.loads, results.read_text().splitlines())}
    assert {name: line["passed"] for name, line in lines.items()} == {
        "mine::by_month": True,
        "mine::from_sql": True,
        "mine::wrong_rows": False,
        "mine::wrong_columns": False,
        "mine::not_loaded": False,
    }
    assert "- 5.0" in lines["mine::wrong_rows"]["reason"]
    assert "+ 4.0" in lines["mine::wrong_rows"]["reason"]
    assert lines["mine::wrong_columns"]["reason"] == "columns: expected chairs; answered seats"
    assert "E_UNKNOWN_METRIC" in lines["mine::not_loaded"]["reason"]
    assert "E_BAD_EXPRESSION" in lines["mine::not_loaded"]["reason"]
    assert [" ".join(line.split()) for line in told.splitlines()[-4:]] == [
        "metric type passed total", "simple 1 4", "ratio 1 1", "all 2 5",
    ]  # fmt: skip


def test_only_some_cases_and_what_was_asked(suite: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """``--only`` takes a part of the name; ``--verbose`` shows question and SQL of a failure."""
    assert main(["--cases", str(suite), "--only", "by_month"]) == 0
    capsys.readouterr()
    assert main(["--cases", str(suite), "--only", "wrong_rows", "--verbose"]) == 1
    told = capsys.readouterr().out
    assert 'asked: {"metrics": ["seats"]}' in told
    assert "FROM mf.fct_rides" in told


def test_a_folder_that_is_no_suite_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 2 and what the folder must hold."""
    assert main(["--cases", str(tmp_path)]) == 2
    assert "make conformance CASES=path" in capsys.readouterr().err


def test_a_suite_without_cases_does_not_pass(suite: Path) -> None:
    """Nothing asked is nothing proven."""
    (suite / "cases.yaml").write_text("cases: []")
    assert main(["--cases", str(suite)]) == 1


def test_questions_are_put_into_our_words() -> None:
    """Every part of a case has its argument; bare members become calls, text and calls stay."""
    assert arguments(
        {
            "saved_query_name": "q",
            "group_by_objs": [{"name": "metric_time", "grain": "week"}, {"name": "a__b", "date_part": "dow"}],
            "where_filter": "a__b = 'c__d' AND {{ Dimension('e__f') }} IS NULL",
            "time_constraint": ["2026-01-07", "2026-01-20"],
            "order_bys": ["-m"],
            "limit": 3,
            "min_max_only": True,
            "apply_group_by": False,
            "expected": {"columns": ["metric_time__year", "metric_time__week", "a__b__extract_dow"]},
        }
    ) == {
        "saved_query": "q",
        "group_by": [{"member": "metric_time", "grain": "week"}, {"member": "a__b", "date_part": "dow"}],
        "where": "{{ Dimension('a__b') }} = 'c__d' AND {{ Dimension('e__f') }} IS NULL",
        "time_range": {"start": "2026-01-05", "before": "2026-01-26"},
        "order_by": ["-m"],
        "limit": 3,
        "min_max_only": True,
        "distinct": False,
    }


@pytest.mark.parametrize(
    ("start", "end", "grain", "found"),
    [
        ("2026-01-07", "2026-01-08", None, {"start": "2026-01-07", "through": "2026-01-08"}),
        ("2026-01-07", "2026-01-08 10:00:00", None, {"start": "2026-01-07", "before": "2026-01-08T10:00:01"}),
        ("2026-05-31", "2026-11-02", "quarter", {"start": "2026-04-01", "before": "2027-01-01"}),
        ("2026-12-31", "2026-12-31", "day", {"start": "2026-12-31", "before": "2027-01-01"}),
        ("2026-12-31", "2026-12-31", "hour", {"start": "2026-12-31", "through": "2026-12-31"}),
        (
            "2026-12-31 07:10:00",
            "2026-12-31 23:59:00",
            "hour",
            {"start": "2026-12-31T07:00:00", "before": "2027-01-01"},
        ),
        ("2026-12-31", "2026-12-31", "month", {"start": "2026-12-01", "before": "2027-01-01"}),
        ("2026-01-05", "2026-01-11", "week", {"start": "2026-01-05", "before": "2026-01-12"}),
        ("2026-06-01", "2026-06-02", "year", {"start": "2026-01-01", "before": "2027-01-01"}),
    ],
)
def test_constraints_reach_to_the_ends_of_periods(start: str, end: str, grain: str | None, found: dict) -> None:
    """The suite's inclusive bounds become ours."""
    assert time_range(start, end, grain) == found


def test_members_inside_text_stay() -> None:
    """Only bare names become calls; a word without underscores only where it is asked for."""
    assert with_calls("user IS NULL AND cast(guest AS text) > 'user'", frozenset({"user"})) == (
        "{{ Dimension('user') }} IS NULL AND cast(guest AS text) > 'user'"
    )
    assert with_calls("x__y LIKE 'it''s a__b' OR {{ Entity('a__b') }} > 1") == (
        "{{ Dimension('x__y') }} LIKE 'it''s a__b' OR {{ Entity('a__b') }} > 1"
    )


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("2026-1-5", "2026-01-05T00:00:00"),
        ("2026-01-05 7:03", "2026-01-05T07:03:00"),
        ("2026-01-05T07:03:09.1234567", "2026-01-05T07:03:09.123456"),
    ],
)
def test_times_are_read_leniently(text: str, found: str) -> None:
    """As the fixtures write them."""
    assert moment(text).isoformat() == found


@pytest.mark.parametrize(
    ("expected", "rows", "in_order", "same"),
    [
        ([[1, "a"], [2, "b"]], [["2", "b"], ["1", "a"]], False, True),
        ([[1, "a"], [2, "b"]], [[2, "b"], [1, "a"]], True, False),
        ([[1, "a"]], [[1, "a"], [1, "a"]], False, False),
        ([[1, "a"], [1, "a"]], [[1, "a"], [1, "b"]], False, False),
        ([[None, None]], [[None, None]], False, True),
        ([[None, "a"]], [[0, "a"]], False, False),
        ([[1_000_000, "a"]], [[1_000_000.5, "a"]], False, True),
        ([[1_000_000, "a"]], [[1_000_002, "a"]], False, False),
        ([], [], False, True),
    ],
)
def test_rows_are_compared_as_the_case_says(expected: list, rows: list, in_order: bool, same: bool) -> None:
    """Multiset or order, numbers within a millionth, NULL is not zero, rows count as often as they come."""
    found = compare(["n", "t"], ["BIGINT", "VARCHAR"], expected, ["n", "t"], rows, in_order=in_order)
    assert (not found) is same
