"""Forms of questions beyond metrics by group: parts of dates, saved queries, group-bys alone; under policy."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.gateway.conftest import MODELS, asked, write_project

from metricgate.gateway.outcome import Answered, RefusedCall

SAVED = """
saved_queries:
  - name: by_month
    label: Newest month
    description: The newest month that is paid.
    query_params:
      metrics: [sales.revenue]
      group_by: [metric_time__month]
      where: {member: order__status, op: "=", value: paid}
      order_by: [-metric_time__month]
      limit: 1
  - name: books
    query_params: {metrics: [finance.revenue]}
  - name: statuses
    query_params: {group_by: [order__status]}
time_spines:
  - {name: days, source: main.days, column: day, granularity: day, custom_granularities: [{name: season}]}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_project(tmp_path_factory.mktemp("forms") / "project", models=MODELS + SAVED)


def rows(folder: Path, arguments: dict, *, agent: str = "omni", user: str | None = None) -> tuple[list, list]:
    outcome = asked(folder, agent, "query_metrics", arguments, user=user)
    assert isinstance(outcome, Answered), outcome
    return [each["name"] for each in outcome.answer["columns"]], [list(row) for row in outcome.answer["rows"]]


def refusal(folder: Path, arguments: dict, agent: str = "omni") -> tuple[str, str | None]:
    outcome = asked(folder, agent, "query_metrics", arguments)
    assert isinstance(outcome, RefusedCall), outcome
    where = outcome.problems.first.where
    return outcome.problems.first.code.name, None if where is None else where.path


@pytest.mark.parametrize("written", ["metric_time__extract_month", {"member": "metric_time", "date_part": "month"}])
def test_parts_of_dates_are_numbers(folder: Path, written: object) -> None:
    """Both ways of writing a part give the same column."""
    columns, found = rows(folder, {"metrics": ["sales.orders"], "group_by": [written]})
    assert (columns, found) == (["metric_time__extract_month", "sales.orders"], [[1, 2], [2, 2]])


def test_group_bys_alone_are_distinct(folder: Path) -> None:
    """Without metrics a question gives the distinct values, or all rows where it says so."""
    assert rows(folder, {"group_by": ["order__region"]})[1] == [["EU"], ["US"]]
    assert rows(folder, {"group_by": ["order__region"], "distinct": False})[1] == [["EU"], ["EU"], ["US"], ["US"]]


def test_least_and_greatest_values(folder: Path) -> None:
    """``min_max_only`` gives one row with two columns for each group-by."""
    assert rows(folder, {"group_by": ["order__ordered_at"], "min_max_only": True}) == (
        ["order__ordered_at__day__min", "order__ordered_at__day__max"],
        [["2026-01-05", "2026-02-28"]],
    )


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        ({"group_by": ["order__region"]}, [["EU"]]),
        ({"group_by": ["order__region"], "distinct": False}, [["EU"], ["EU"]]),
        ({"group_by": ["order__ordered_at"], "min_max_only": True}, [["2026-01-05", "2026-01-20"]]),
        ({"saved_query": "statuses"}, [["open"], ["paid"]]),
        ({"saved_query": "by_month"}, [["2026-01-01", "10.00"]]),
    ],
)
def test_row_filters_bind_every_form(folder: Path, arguments: dict, found: list) -> None:
    """Whoever sees Europe only sees Europe only: without metrics, in extremes, in saved queries."""
    assert rows(folder, arguments, agent="seller", user="sam")[1] == found


def test_limits_of_policy_bind_questions_without_metrics(folder: Path) -> None:
    """A cap on rows cuts raw rows too."""
    assert len(rows(folder, {"group_by": ["order__status"], "distinct": False}, agent="small")[1]) == 2


def test_saved_queries_bring_their_question(folder: Path) -> None:
    """Filters of the call hold too; order and limit of the call replace its own."""
    assert rows(folder, {"saved_query": "by_month"}) == (
        ["metric_time__month", "sales.revenue"],
        [["2026-02-01", "120.00"]],
    )
    wider = {"saved_query": "by_month", "limit": 9, "order_by": ["metric_time__month"]}
    assert rows(folder, wider)[1] == [["2026-01-01", "10.00"], ["2026-02-01", "120.00"]]
    narrower = {**wider, "where": {"member": "order__region", "op": "=", "value": "EU"}}
    assert rows(folder, narrower)[1] == [["2026-01-01", "10.00"]]
    assert rows(folder, {**wider, "time_range": {"start": "2026-02-01"}})[1] == [["2026-02-01", "120.00"]]


def test_a_saved_query_of_hidden_metrics_is_as_if_it_were_not_there(folder: Path) -> None:
    """The refusal is the same as for a name that does not exist, and no hint gives the name away."""
    hidden = asked(folder, "small", "query_metrics", {"saved_query": "books"})
    missing = asked(folder, "small", "query_metrics", {"saved_query": "boaks"})
    assert isinstance(hidden, RefusedCall)
    assert isinstance(missing, RefusedCall)
    assert hidden.problems.first.code is missing.problems.first.code
    assert "books" not in str(missing.problems)
    assert hidden.problems.first.hint == missing.problems.first.hint


@pytest.mark.parametrize(
    ("arguments", "code", "path"),
    [
        ({}, "E_NO_METRICS", "metrics"),
        ({"min_max_only": True}, "E_NO_METRICS", "metrics"),
        ({"saved_query": "by_month", "metrics": ["sales.revenue"]}, "E_INVALID_ARGUMENT", "saved_query"),
        ({"saved_query": "by_month", "group_by": ["order__status"]}, "E_INVALID_ARGUMENT", "saved_query"),
        ({"saved_query": "by_moon"}, "E_UNKNOWN_SAVED_QUERY", "saved_query"),
        ({"metrics": ["sales.orders"], "min_max_only": True}, "E_INVALID_ARGUMENT", "min_max_only"),
        ({"group_by": ["order__region"], "min_max_only": True, "limit": 1}, "E_INVALID_ARGUMENT", "min_max_only"),
        ({"metrics": ["sales.orders"], "distinct": False}, "E_INVALID_ARGUMENT", "distinct"),
        (
            {"metrics": ["sales.orders"], "group_by": [{"member": "metric_time", "grain": "saeson"}]},
            "E_INVALID_ARGUMENT",
            "group_by[0].grain",
        ),
        (
            {"metrics": ["sales.orders"], "group_by": [{"member": "metric_time", "date_part": "hour"}]},
            "E_INVALID_ARGUMENT",
            "group_by[0].date_part",
        ),
        (
            {"metrics": ["sales.orders"], "group_by": [{"member": "metric_time", "grain": "day", "date_part": "day"}]},
            "E_INVALID_ARGUMENT",
            "group_by[0]",
        ),
        (
            {"metrics": ["sales.orders"], "group_by": [{"member": "order__status", "date_part": "day"}]},
            "E_NOT_A_TIME",
            "group_by[0]",
        ),
        (
            {"metrics": ["sales.orders"], "group_by": [{"member": "order__status", "grain": "season"}]},
            "E_NOT_A_TIME",
            "group_by[0]",
        ),
    ],
)
def test_what_would_be_ignored_is_refused(folder: Path, arguments: dict, code: str, path: str) -> None:
    """Forms that contradict each other, or have no meaning, are refused where they stand."""
    assert refusal(folder, arguments) == (code, path)


def listed(folder: Path, arguments: dict, *, agent: str = "omni", user: str | None = None) -> list:
    outcome = asked(folder, agent, "search_catalog", arguments, user=user)
    assert isinstance(outcome, Answered), outcome
    return list(outcome.answer["saved_queries"])


def test_saved_queries_are_listed_with_what_they_ask(folder: Path) -> None:
    """Whoever searches learns their names, what they are for and what they ask."""
    found = listed(folder, {})
    assert [each["name"] for each in found] == ["books", "by_month", "statuses"]
    assert found[1] == {
        "name": "by_month",
        "label": "Newest month",
        "description": "The newest month that is paid.",
        "metrics": ["sales.revenue"],
        "group_by": ["metric_time__month"],
        "where": {"member": "order__status", "op": "=", "value": "paid"},
        "order_by": ["-metric_time__month"],
        "limit": 1,
    }


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        ({"text": "newest"}, ["by_month"]),
        ({"text": "by month"}, ["by_month"]),
        ({"text": "zebra"}, []),
        ({"domain": "finance"}, ["books"]),
        ({"owner": "sales@acme.example"}, ["by_month"]),
        ({"limit": 1}, ["books"]),
    ],
)
def test_saved_queries_are_searched_as_metrics_are(folder: Path, arguments: dict, names: list[str]) -> None:
    """Words rank them, conditions on metrics choose those with such a metric, the limit cuts."""
    assert [each["name"] for each in listed(folder, arguments)] == names


@pytest.mark.parametrize(
    ("agent", "names"),
    [
        ("omni", {"books", "by_month", "statuses"}),
        ("seller", {"by_month", "statuses"}),
        ("small", {"by_month", "statuses"}),
    ],
)
def test_only_saved_queries_that_may_be_condition_are_listed(folder: Path, agent: str, names: set[str]) -> None:
    """Not even their names are told to whom some part of them is closed, and each listed one answers."""
    found = {each["name"] for each in listed(folder, {}, agent=agent)}
    assert found == names
    for name in found:
        rows(folder, {"saved_query": name}, agent=agent)


def test_a_closed_metric_in_a_filter_hides_a_saved_query(tmp_path: Path) -> None:
    """Also what a filter compares with is a metric that the caller must be allowed."""
    hidden = """
saved_queries:
  - name: paying
    query_params: {metrics: [sales.orders], where: {metric: finance.revenue, group_by: [customer], op: ">", value: 1}}
"""
    project = write_project(tmp_path / "project", models=MODELS + hidden)
    assert [each["name"] for each in listed(project, {})] == ["paying"]
    assert listed(project, {}, agent="seller") == []


def test_a_metrics_value_without_group_by_is_refused_with_the_call(folder: Path) -> None:
    """What it is compared per is not guessed: the value is over all rows of a group, not over those of the question."""
    question = {"metrics": ["sales.revenue"], "group_by": ["order__region", "metric_time__month"]}
    compared = {"and": [{"metric": "sales.orders", "op": ">", "value": 1}]}
    outcome = asked(folder, "omni", "query_metrics", {**question, "where": compared})
    assert isinstance(outcome, RefusedCall)
    first = outcome.problems.first
    assert "whatever else the question filters" in first.message
    call = first.details["corrected"]
    assert call["arguments"]["where"]["and"][0]["group_by"] == ["order__region"]
    assert isinstance(asked(folder, "omni", call["tool"], call["arguments"]), Answered)
    alone = asked(folder, "omni", "query_metrics", {"metrics": ["sales.revenue"], "where": compared})
    assert isinstance(alone, RefusedCall)
    assert "corrected" not in alone.problems.first.details
