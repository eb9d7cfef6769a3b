"""Offsets by months where whole months are asked: the same rows, worked out by hand, on every engine."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from tests.planning.engines import DIALECTS, Engine, opened

from metricgate.catalog.catalog import Catalog
from metricgate.catalog.catalog_loader import load
from metricgate.planning.plan import Plan
from metricgate.planning.planner import Planner
from metricgate.planning.question import GroupBy, Question, TimeRange

DOCUMENT = """
semantic_models:
  - name: sales
    source: period_sales
    agg_time_dimension: sold_on
    entities: [{name: sale, type: primary, expr: id}]
    dimensions:
      - {name: sold_on, type: time, granularity: day}
      - {name: booked_on, type: time, granularity: day, expr: sold_on}
metrics:
  - {name: amount, type: simple, semantic_model: sales, agg: sum, expr: amount}
  - {name: every_day, type: simple, semantic_model: sales, agg: sum, expr: amount, join_to_timespine: true}
  - {name: balance, type: simple, semantic_model: sales, agg: sum, expr: amount,
     non_additive_dimension: {name: sold_on, window_choice: max}}
  - {name: booked, type: simple, semantic_model: sales, agg: sum, expr: amount,
     non_additive_dimension: {name: booked_on, window_choice: max}}
  - {name: booked_ago, type: derived, expr: a, input_metrics: [{name: booked, alias: a, offset_window: 1 month}]}
  - {name: month_ago, type: derived, expr: a, input_metrics: [{name: amount, alias: a, offset_window: 1 month}]}
  - {name: two_ago, type: derived, expr: a, input_metrics: [{name: month_ago, alias: a, offset_window: 1 month}]}
  - {name: mixed_ago, type: derived, expr: a, input_metrics: [{name: month_ago, alias: a, offset_window: 3 days}]}
  - {name: quarter_ago, type: derived, expr: a, input_metrics: [{name: amount, alias: a, offset_window: 1 quarter}]}
  - {name: year_ago, type: derived, expr: a, input_metrics: [{name: amount, alias: a, offset_window: 1 year}]}
  - {name: running, type: cumulative, input_metric: amount, grain_to_date: year, period_agg: last}
  - {name: first, type: cumulative, input_metric: amount, window: 2 days}
  - {name: mean, type: cumulative, input_metric: amount, window: 1 day, period_agg: average}
  - {name: running_ago, type: derived, expr: a, input_metrics: [{name: running, alias: a, offset_window: 1 month}]}
  - {name: first_ago, type: derived, expr: a, input_metrics: [{name: first, alias: a, offset_window: 1 month}]}
  - {name: mean_ago, type: derived, expr: a, input_metrics: [{name: mean, alias: a, offset_window: 1 month}]}
  - {name: mean_two_ago, type: derived, expr: a, input_metrics: [{name: mean_ago, alias: a, offset_window: 1 month}]}
  - {name: balance_ago, type: derived, expr: a, input_metrics: [{name: balance, alias: a, offset_window: 1 month}]}
time_spines:
  - {name: days, source: period_days, column: day, granularity: day}
"""
SALES = {
    "2023-02-28": 1000,
    "2024-01-28": 1,
    "2024-01-29": 2,
    "2024-01-30": 4,
    "2024-01-31": 8,
    "2024-02-28": 16,
    "2024-02-29": 32,
    "2024-03-31": 64,
    "2024-12-31": 128,
}
FIRST, DAYS = date(2023, 1, 1), 1096  # through 2025-12-31


def tables() -> Iterator[str]:
    days = ", ".join(f"('{FIRST + timedelta(days=number)}')" for number in range(DAYS))
    rows = ", ".join(f"({number}, '{day}', {amount})" for number, (day, amount) in enumerate(SALES.items()))
    yield "CREATE TABLE period_days (day DATE)"
    yield f"INSERT INTO period_days VALUES {days}"
    yield "CREATE TABLE period_sales (id INTEGER, sold_on DATE, amount INTEGER)"
    yield f"INSERT INTO period_sales VALUES {rows}"


@pytest.fixture(scope="module", params=DIALECTS)
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """The tables in each engine."""
    with opened(request.param) as found:
        for each in tables():
            found.execute(each)
        yield found
        found.execute("DROP TABLE period_sales")
        found.execute("DROP TABLE period_days")


def planned(metric: str, *by: str, start: date | None = None, before: date | None = None) -> Plan:
    catalog = load([("shop.yaml", DOCUMENT)])
    assert isinstance(catalog, Catalog), str(catalog)
    plan = Planner(catalog).plan(
        Question(
            metrics=(metric,),
            group_by=tuple(GroupBy(member=member) for member in by),
            time_range=None if start is None else TimeRange(start=start, before=before),
        )
    )
    assert isinstance(plan, Plan), str(plan)
    return plan


def answered(engine: Engine, plan: Plan) -> dict[object, float]:
    return {str(key): float(value) for key, value in engine.rows_of(plan) if value is not None}


def whole(engine: Engine, plan: Plan) -> float | None:
    ((value,),) = engine.rows_of(plan)
    return None if value is None else float(value)


@pytest.mark.parametrize(
    ("metric", "by", "wanted"),
    [
        ("month_ago", "month", {"2023-03": 1000, "2024-02": 15, "2024-03": 48, "2024-04": 64, "2025-01": 128}),
        ("two_ago", "month", {"2023-04": 1000, "2024-03": 15, "2024-04": 48, "2024-05": 64, "2025-02": 128}),
        ("quarter_ago", "quarter", {"2023-04": 1000, "2024-04": 127, "2025-01": 128}),
        ("quarter_ago", "month", {"2023-05": 1000, "2024-04": 15, "2024-05": 48, "2024-06": 64, "2025-03": 128}),
        ("year_ago", "year", {"2024-01": 1000, "2025-01": 255}),
        ("year_ago", "month", {"2024-02": 1000, "2025-01": 15, "2025-02": 48, "2025-03": 64, "2025-12": 128}),
        ("month_ago", "year", {"2023-01": 1000, "2024-01": 127, "2025-01": 128}),
        ("mixed_ago", "month", {"2023-03": 1000, "2024-03": 31, "2024-04": 32, "2024-05": 64, "2025-02": 128}),
        ("balance_ago", "month", {"2023-03": 1000, "2024-02": 8, "2024-03": 32, "2024-04": 64, "2025-01": 128}),
    ],
)
def test_a_period_ago_is_the_whole_period_each_row_once(engine, metric: str, by: str, wanted: dict[str, int]):
    """Rows of the 29th to 31st are neither lost in a shorter month nor counted for several days of a longer one."""
    plan = planned(metric, f"metric_time__{by}")
    assert answered(engine, plan) == {f"{month}-01": value for month, value in wanted.items()}
    assert any("taken by whole months" in note for note in plan.explanation.notes)


def test_a_range_that_cuts_a_month_cuts_the_month_before(engine):
    """The first 28 days of February 2024 without the 29th, at which the 29th to 31st of January count."""
    plan = planned("month_ago", "metric_time__month", start=date(2024, 2, 1), before=date(2024, 2, 29))
    assert answered(engine, plan) == {"2024-02-01": 1}


def test_by_day_each_day_reads_its_own(engine):
    """A finer grain keeps the rule by days, and says so."""
    plan = planned("month_ago", "metric_time__day", start=date(2024, 3, 1), before=date(2024, 4, 1))
    wanted = {"2024-03-28": 16, "2024-03-29": 32, "2024-03-30": 32, "2024-03-31": 32}
    assert answered(engine, plan) == wanted
    assert any("counts for each of them" in note for note in plan.explanation.notes)


def test_a_month_beside_the_day_changes_nothing(engine):
    """Days asked together with their month show what they show alone."""
    span = {"start": date(2024, 3, 1), "before": date(2024, 4, 1)}
    alone = answered(engine, planned("month_ago", "metric_time__day", **span))
    plan = planned("month_ago", "metric_time__day", "metric_time__month", **span)
    assert {str(day): float(value) for day, _month, value in engine.rows_of(plan) if value is not None} == alone
    assert any("counts for each of them" in note for note in plan.explanation.notes)


def test_by_week_a_balance_that_several_days_read_counts_once(engine):
    """The 29th to the 31st of March 2024 all read the 29th of February; the week ends with the 31st."""
    plan = planned("balance_ago", "metric_time__week", start=date(2024, 3, 25), before=date(2024, 4, 1))
    assert answered(engine, plan) == {"2024-03-25": 32}


def test_so_does_a_balance_over_another_time_than_its_own(engine):
    """Its last rows are sought by the other time; each of them still counts once in a week, and once on each day."""
    span = {"start": date(2024, 3, 25), "before": date(2024, 4, 1)}
    assert answered(engine, planned("booked_ago", "metric_time__week", **span)) == {"2024-03-25": 32}
    days = {"2024-03-29": 32, "2024-03-30": 32, "2024-03-31": 32}
    assert answered(engine, planned("booked_ago", "metric_time__day", **span)) == days


def test_periods_of_the_spine_stand_beside_all_groups(engine):
    """A row without a time and one outside of the spine keep their groups, as they have without the spine."""
    plan, plain = planned("every_day", "metric_time__year"), planned("amount", "metric_time__year")
    assert answered(engine, plan) == answered(engine, plain)
    for row in ("(90, NULL, 256)", "(91, '2030-05-01', 512)"):
        engine.execute(f"INSERT INTO period_sales VALUES {row}")
    found = answered(engine, plan)
    assert found == answered(engine, plain) == {"2023-01-01": 1000, "2024-01-01": 255, "None": 256, "2030-01-01": 512}
    engine.execute("DELETE FROM period_sales WHERE id >= 90")


@pytest.mark.parametrize(
    ("metric", "start", "before", "wanted"),
    [
        ("month_ago", "2024-03-01", "2024-04-01", 48),
        ("month_ago", "2024-02-01", "2024-03-01", 15),
        ("month_ago", "2024-02-29", "2024-03-29", 2 + 4 + 8 + 16),
        ("month_ago", "2024-03-29", "2024-03-31", 32),
        ("month_ago", "2024-03-30", "2024-04-01", None),
        ("two_ago", "2024-03-01", "2024-04-01", 15),
        ("year_ago", "2024-02-29", "2025-03-01", 63),
        ("mixed_ago", "2024-03-01", "2024-04-01", 31),
        ("balance_ago", "2024-03-01", "2024-04-01", 32),
        ("booked_ago", "2024-03-01", "2024-04-01", 32),
        ("running_ago", "2024-03-01", "2024-04-01", 63),
        ("running_ago", "2024-02-01", "2024-03-01", 15),
        ("running_ago", "2024-02-01", "2024-02-29", 1),
        ("first_ago", "2024-03-29", "2024-04-01", 48),
        ("mean_ago", "2024-02-28", "2024-03-01", (1 + 2 + 4 + 8) / 4),
    ],
)
def test_a_range_without_groups_is_moved_as_a_whole(engine, metric: str, start: str, before: str, wanted: float | None):
    """Each row counts once, and ranges side by side read ranges side by side."""
    plan = planned(metric, start=date.fromisoformat(start), before=date.fromisoformat(before))
    assert whole(engine, plan) == wanted
    assert any("taken by whole months" in note for note in plan.explanation.notes)


@pytest.mark.parametrize(
    ("metric", "input_metric", "months"),
    [
        ("month_ago", "amount", 1),
        ("running_ago", "running", 1),
        ("first_ago", "first", 1),
        ("mean_ago", "mean", 1),
        ("mean_two_ago", "mean", 2),
        ("balance_ago", "balance", 1),
    ],
)
def test_each_month_shows_what_the_month_before_it_shows(engine, metric: str, input_metric: str, months: int):
    """Whatever a metric says of January is what it says a month ago in February."""
    now = answered(engine, planned(input_metric, "metric_time__month"))
    then = answered(engine, planned(metric, "metric_time__month"))
    moved = {month: now.get(str(ago(date.fromisoformat(month), months))) for month in spine_months()}
    assert then == {month: value for month, value in moved.items() if value is not None}


def ago(month: date, count: int) -> date:
    for _ in range(count):
        month = (month - timedelta(days=1)).replace(day=1)
    return month


def spine_months() -> list[str]:
    days = (FIRST + timedelta(days=number) for number in range(DAYS))
    return [str(day) for day in days if day.day == 1]
