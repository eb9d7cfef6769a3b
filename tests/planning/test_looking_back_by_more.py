"""Looking back with more than the time itself: attributes of the time, several grains, gaps, filters; worked out by hand."""

# ruff: noqa: E501 -- definitions read better whole

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from tests.planning.engines import DIALECTS, Engine, opened

from metricgate.catalog.catalog import Catalog
from metricgate.catalog.catalog_loader import load
from metricgate.catalog.filters import parse_filter
from metricgate.planning.plan import Plan
from metricgate.planning.planner import Planner
from metricgate.planning.question import GroupBy, Question, TimeRange
from metricgate.vocabulary.problem import Problems

DOCUMENT = """
semantic_models:
  - name: sales
    source: back_sales
    agg_time_dimension: sold_on
    entities:
      - {name: sale, type: primary, expr: id}
      - {name: cal, type: foreign, expr: sold_on}
    dimensions:
      - {name: sold_on, type: time, granularity: day}
      - {name: region, type: categorical}
      - {name: fiscal_year, type: categorical, expr: "CASE WHEN EXTRACT(MONTH FROM sold_on) >= 2 THEN EXTRACT(YEAR FROM sold_on) ELSE EXTRACT(YEAR FROM sold_on) - 1 END"}
      - {name: mixed, type: categorical, expr: "CASE WHEN region = 'x' THEN EXTRACT(MONTH FROM sold_on) END"}
    metrics:
      - {name: amount, type: simple, agg: sum, expr: amount}
      - {name: rows_of_day, type: simple, agg: count}
      - {name: buyers, type: simple, agg: count_distinct, expr: buyer}
      - {name: every_day, type: simple, agg: count, join_to_timespine: true}
  - name: calendar
    source: back_calendar
    entities: [{name: cal, type: primary, expr: d}]
    dimensions: [{name: weekday, type: categorical}]
metrics:
  - {name: day_ago, type: derived, expr: a, input_metrics: [{name: amount, alias: a, offset_window: 1 day}]}
  - {name: change, type: derived, expr: amount - a, input_metrics: [amount, {name: amount, alias: a, offset_window: 1 day}]}
  - {name: month_start, type: derived, expr: a, input_metrics: [{name: amount, alias: a, offset_to_grain: month}]}
  - {name: two_days, type: cumulative, input_metric: amount, window: 2 days}
  - {name: week_buyers, type: cumulative, input_metric: buyers, window: 7 days, period_agg: last}
  - {name: week_amount, type: cumulative, input_metric: amount, window: 7 days, period_agg: last}
  - {name: mean_rows, type: cumulative, input_metric: rows_of_day, window: 1 day, period_agg: average}
  - {name: mean_amount, type: cumulative, input_metric: amount, window: 1 day, period_agg: average}
time_spines:
  - {name: days, source: back_days, column: day, granularity: day}
"""
SALES = [  # 5 January 2026 is a Monday
    (1, "2026-01-05", "x", 1, 10),
    (2, "2026-01-06", "x", 1, 20),
    (3, "2026-01-07", "y", 2, 40),
    (4, "2026-01-09", "y", 2, 80),
    (5, "2026-02-01", "x", 3, 7),
]
DAYS = [date(2026, 1, 1) + timedelta(days=at) for at in range(59)]  # through 2026-02-28
WITHOUT = date(2026, 1, 8)
"""A day that the calendar lacks."""


def tables() -> Iterator[str]:
    days = ", ".join(f"('{day}')" for day in DAYS)
    named = ", ".join(f"('{day}', '{day:%a}')" for day in DAYS if day != WITHOUT)
    yield "CREATE TABLE back_days (day DATE)"
    yield f"INSERT INTO back_days VALUES {days}"
    yield "CREATE TABLE back_calendar (d DATE, weekday VARCHAR(9))"
    yield f"INSERT INTO back_calendar VALUES {named}"
    yield "CREATE TABLE back_sales (id INTEGER, sold_on DATE, region VARCHAR(9), buyer INTEGER, amount INTEGER)"
    yield f"INSERT INTO back_sales VALUES {', '.join(map(str, SALES))}"


@pytest.fixture(scope="module", params=DIALECTS)
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """The tables in each engine."""
    with opened(request.param) as found:
        for each in tables():
            found.execute(each)
        yield found
        if request.param == "duckdb":
            found.execute("DROP TABLE back_sales")


@pytest.fixture(scope="module", params=["declared", "made"])
def planner(request: pytest.FixtureRequest) -> Planner:
    """Of the definitions above, with the time spine or without."""
    text = DOCUMENT if request.param == "declared" else DOCUMENT.partition("time_spines:")[0]
    catalog = load([("back.yaml", text)])
    assert isinstance(catalog, Catalog), str(catalog)
    return Planner(catalog)


def asked(metrics: str, by: str, where: dict | None = None, span: tuple[date, date] | None = None) -> Question:
    condition = None if where is None else parse_filter(where, "where")
    assert not isinstance(condition, Problems)
    return Question(
        metrics=tuple(metrics.split()),
        group_by=tuple(GroupBy(member=member) for member in by.split()),
        where=condition,
        time_range=None if span is None else TimeRange(start=span[0], before=span[1]),
    )


def shown(value: object) -> object:
    if isinstance(value, date):
        return f"{value:%m-%d}"
    return value if value is None or isinstance(value, str) else round(float(str(value)), 4)


JANUARY = (date(2026, 1, 1), date(2026, 2, 1))
CASES = {
    "the weekday moves with the day": (
        asked("amount day_ago change", "metric_time__day cal__weekday", span=JANUARY),
        [
            ("01-05", "Mon", 10, None, None),
            ("01-06", "Tue", 20, 10, 10),
            ("01-07", "Wed", 40, 20, 20),
            ("01-08", None, None, 40, None),  # without a partner in the calendar
            ("01-09", "Fri", 80, None, None),
            ("01-10", "Sat", None, 80, None),
        ],
    ),
    "a window ends on a day of one name": (
        asked("two_days", "metric_time__day cal__weekday", span=(date(2026, 1, 5), date(2026, 1, 8))),
        [("01-05", "Mon", 10), ("01-06", "Tue", 30), ("01-07", "Wed", 60)],
    ),
    "a computed fiscal year is the shown day's": (
        asked("day_ago", "metric_time__day sale__fiscal_year", span=(date(2026, 2, 1), date(2026, 3, 1))),
        [("02-02", 2026, 7)],
    ),
    "a filter on the weekday speaks of the day shown": (
        asked("day_ago", "metric_time__day", {"member": "cal__weekday", "op": "=", "value": "Tue"}),
        [("01-06", 10)],
    ),
    "the start of a month, by week and month": (
        asked("month_start", "metric_time__month metric_time__week"),
        [
            ("02-01", "01-26", 7),
            ("02-01", "02-02", 7),
            ("02-01", "02-09", 7),
            ("02-01", "02-16", 7),
            ("02-01", "02-23", 7),
        ],
    ),
    "the last day's window stands for the month, though it is empty": (
        asked("week_buyers week_amount", "metric_time__month", span=JANUARY),
        [("01-01", 0, None)],
    ),
    "each region of a month is there with what it has on its last day": (
        asked("week_buyers", "metric_time__month sale__region"),
        [("01-01", "x", 0), ("01-01", "y", 0), ("02-01", "x", 0)],
    ),
    "the last of the days that are asked": (
        asked("week_buyers", "metric_time__month", {"member": "metric_time__day", "op": "<=", "value": "2026-01-12"}),
        [("01-01", 2)],
    ),
    "the mean of a count is over all days, of a sum over those that have one": (
        asked("mean_rows mean_amount", "metric_time__month", span=JANUARY),
        [("01-01", round(4 / 31, 4), 37.5)],
    ),
    "empty days carry the calendar's name of the day": (
        asked("every_day", "metric_time__day cal__weekday", span=(date(2026, 1, 7), date(2026, 1, 10))),
        [("01-07", "Wed", 1), ("01-08", None, 0), ("01-09", "Fri", 1)],
    ),
    "empty days that a filter on a group-by excludes are not shown": (
        asked("every_day", "metric_time__day sale__region", {"member": "sale__region", "op": "=", "value": "y"}),
        [("01-07", "y", 1), ("01-09", "y", 1)],
    ),
    "a filter on what is not shown leaves empty days": (
        asked("every_day", "metric_time__day", {"member": "sale__region", "op": "=", "value": "y"},
              (date(2026, 1, 6), date(2026, 1, 8))),
        [("01-06", 0), ("01-07", 1)],
    ),
    "only the days of one name": (
        asked("every_day", "metric_time__day", {"member": "cal__weekday", "op": "=", "value": "Mon"}, JANUARY),
        [("01-05", 1), ("01-12", 0), ("01-19", 0), ("01-26", 0)],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_the_answer_is_what_was_worked_out(engine: Engine, planner: Planner, name: str):
    """Row by row, on each engine."""
    question, wanted = CASES[name]
    plan = planner.plan(question)
    assert isinstance(plan, Plan), str(plan)
    assert [tuple(map(shown, row)) for row in engine.rows_of(plan)] == wanted


@pytest.mark.parametrize(
    ("question", "code"),
    [
        (asked("day_ago", "metric_time__day sale__mixed"), "E_TIME_ATTRIBUTE"),
        (asked("month_start", "metric_time__month cal__weekday"), "E_UNSAFE_REAGGREGATION"),
        (asked("month_start", "metric_time__year metric_time__extract_dow"), "E_UNSAFE_REAGGREGATION"),
    ],
)
def test_what_no_moment_can_tell_is_refused(planner: Planner, question: Question, code: str):
    """By a code, and never with a number."""
    found = planner.plan(question)
    assert isinstance(found, Problems)
    assert [each.code.name for each in found] == [code]
