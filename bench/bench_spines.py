"""Looking back over a time spine on each engine, beside the least SQL that gives the same numbers without a spine.

40,000 rows over 4,000 days: an offset by a day, sums by a calendar's period, running sums of every kind.
PostgreSQL and MariaDB are those of the tests; a server that is not there is left out.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta

from tests.contracts.servers import NoServer
from tests.planning.engines import DIALECTS, Engine, opened

from bench.timing import Figure
from metricgate.catalog.catalog import Catalog
from metricgate.catalog.catalog_loader import load
from metricgate.catalog.expression import Expression
from metricgate.planning.clocks import TypeAsked
from metricgate.planning.plan import Plan
from metricgate.planning.planner import Planner
from metricgate.planning.question import GroupBy, Question
from metricgate.vocabulary.result import DataType, ValueType

_TOLD = (
    TypeAsked(model="sales", expression=Expression(text="amount", columns=("amount",))),
    ValueType(type=DataType.INTEGER),
)
"""What a gateway asks the engine."""
_ROWS, _DAYS, _ROUNDS = 40_000, 4_000, 3
_DOCUMENT = """
semantic_models:
  - name: sales
    source: bench_sales
    agg_time_dimension: sold_on
    entities: [{name: sale, type: primary, expr: id}]
    dimensions:
      - {name: sold_on, type: time, granularity: day}
      - {name: region, type: categorical, expr: id % 7}
metrics:
  - {name: weight, type: simple, semantic_model: sales, agg: sum, expr: CAST(amount AS DOUBLE)}
  - {name: weight_of_year, type: cumulative, input_metric: weight, window: 1 year}
  - {name: amount, type: simple, semantic_model: sales, agg: sum, expr: amount}
  - {name: day_ago, type: derived, expr: a, input_metrics: [{name: amount, alias: a, offset_window: 1 day}]}
  - {name: week, type: cumulative, input_metric: amount, window: 7 days}
  - {name: year, type: cumulative, input_metric: amount, window: 1 year}
  - {name: to_date, type: cumulative, input_metric: amount, grain_to_date: year}
  - {name: ever, type: cumulative, input_metric: amount}
time_spines:
  - name: days
    source: bench_days
    column: day
    granularity: day
    custom_granularities: [{name: season, column: season}]
"""
_QUESTIONS = {
    "an offset of a day": (
        "day_ago",
        ("metric_time__day",),
        "SELECT sold_on + INTERVAL '1' DAY, SUM(amount) FROM bench_sales GROUP BY 1",
    ),
    "by a calendar's period": (
        "amount",
        ("metric_time__season",),
        "SELECT season, SUM(amount) FROM bench_sales JOIN bench_days ON sold_on = day GROUP BY 1",
    ),
    "seven days, by day": (
        "week",
        ("metric_time__day",),
        "SELECT sold_on, SUM(SUM(amount)) OVER (ORDER BY sold_on ROWS 6 PRECEDING) FROM bench_sales GROUP BY sold_on",
    ),
    "a year, by day": (
        "year",
        ("metric_time__day",),
        "SELECT sold_on, SUM(SUM(amount)) OVER (ORDER BY sold_on ROWS 364 PRECEDING) FROM bench_sales GROUP BY sold_on",
    ),
    "a year, by day and region": (
        "year",
        ("metric_time__day", "sale__region"),
        """
        SELECT sold_on, id % 7, SUM(SUM(amount)) OVER (PARTITION BY id % 7 ORDER BY sold_on ROWS 364 PRECEDING)
        FROM bench_sales GROUP BY sold_on, id % 7
        """,
    ),
    "a year of doubles, by day": (
        "weight_of_year",
        ("metric_time__day",),
        "SELECT sold_on, SUM(SUM(amount)) OVER (ORDER BY sold_on ROWS 364 PRECEDING) FROM bench_sales GROUP BY sold_on",
    ),
    "the year to date, by day": (
        "to_date",
        ("metric_time__day",),
        """
        SELECT sold_on, SUM(SUM(amount)) OVER (PARTITION BY EXTRACT(YEAR FROM sold_on) ORDER BY sold_on)
        FROM bench_sales GROUP BY sold_on
        """,
    ),
    "since ever, by day": (
        "ever",
        ("metric_time__day",),
        "SELECT sold_on, SUM(SUM(amount)) OVER (ORDER BY sold_on) FROM bench_sales GROUP BY sold_on",
    ),
}


def figures() -> list[Figure]:
    """Return what each question takes on each engine that is there."""
    found: list[Figure] = []
    for dialect in DIALECTS:
        try:
            with opened(dialect) as engine:
                found += _measured(engine)
        except NoServer:
            continue
    return found


def _measured(engine: Engine) -> Iterator[Figure]:
    for each in _tables():
        engine.execute(each)
    catalog = load([("bench.yaml", _DOCUMENT)])
    if not isinstance(catalog, Catalog):
        raise TypeError(str(catalog))
    planner = Planner(catalog)
    for name, (metric, members, by_hand) in _QUESTIONS.items():
        plan = planner.plan(Question(metrics=(metric,), group_by=tuple(GroupBy(member=each) for each in members)))
        if not isinstance(plan, Plan):
            raise TypeError(str(plan))
        plan = replace(plan, types=(*plan.types, _TOLD))
        ours, least = [], []
        for _ in range(_ROUNDS):
            begin = time.perf_counter()
            engine.rows_of(plan)
            ours.append(time.perf_counter() - begin)
            begin = time.perf_counter()
            engine.execute(by_hand.strip())
            least.append(time.perf_counter() - begin)
        yield Figure(
            subject="time spines",
            name=f"{engine.dialect}: {name}",
            value=1_000 * statistics.median(ours),
            unit="ms",
            floor_name="without a spine",
            floor=1_000 * statistics.median(least),
        )


def _tables() -> Iterator[str]:
    yield "CREATE TABLE bench_days (day DATE, season INTEGER)"
    yield "CREATE TABLE bench_sales (id INTEGER, sold_on DATE, amount INTEGER)"
    days = [(date(2010, 1, 1) + timedelta(days=at)).isoformat() for at in range(_DAYS)]
    yield _insert("bench_days", [f"'{day}', {at // 90}" for at, day in enumerate(days)])
    yield _insert("bench_sales", [f"{at}, '{days[at % _DAYS]}', {at % 10}" for at in range(_ROWS)])


def _insert(table: str, rows: list[str]) -> str:
    return f"INSERT INTO {table} VALUES {', '.join(f'({row})' for row in rows)}"
