"""What each running metric compares: no engine is left to compare all rows with all moments."""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import product

import pytest
from sqlglot import exp, parse_one
from tests.planning.engines import DIALECTS, opened

from metricgate.catalog.catalog import Catalog
from metricgate.catalog.catalog_loader import load
from metricgate.catalog.expression import Expression
from metricgate.compiling.compiler import compile_plan
from metricgate.compiling.statement import Statement
from metricgate.planning.clocks import TypeAsked
from metricgate.planning.plan import Plan
from metricgate.planning.planner import Planner
from metricgate.planning.question import GroupBy, Question, TimeRange
from metricgate.vocabulary.obligation import NO_OBLIGATIONS, MinimumGroup, Obligations
from metricgate.vocabulary.result import DataType, ValueType

DOCUMENT = """
semantic_models:
  - name: sales
    source: running_sales
    agg_time_dimension: sold_on
    entities:
      - {name: sale, type: primary, expr: id}
      - {name: cal, type: foreign, expr: sold_on}
    dimensions:
      - {name: sold_on, type: time, granularity: day}
      - {name: region, type: categorical}
      - {name: moment_before, type: categorical, expr: region}
    metrics:
      - {name: amount, type: simple, agg: sum, expr: amount}
      - {name: sales_of, type: simple, agg: count, filter: "{{ Dimension('sale__region') }} = 'x'"}
      - {name: mean, type: simple, agg: average, expr: amount}
      - {name: least, type: simple, agg: min, expr: amount}
      - {name: regions, type: simple, agg: count_distinct, expr: region}
  - name: calendar
    source: running_days
    entities: [{name: cal, type: primary, expr: day}]
    dimensions: [{name: season, type: categorical}]
metrics:
  - {name: ever, type: cumulative, input_metric: amount}
  - {name: ever_of, type: cumulative, input_metric: sales_of}
  - {name: ever_mean, type: cumulative, input_metric: mean}
  - {name: ever_least, type: cumulative, input_metric: least}
  - {name: week, type: cumulative, input_metric: amount, window: 7 days}
  - {name: month, type: cumulative, input_metric: amount, window: 1 month}
  - {name: years, type: cumulative, input_metric: amount, window: 12 years}
  - {name: year, type: cumulative, input_metric: amount, window: 1 year}
  - {name: quarter, type: cumulative, input_metric: amount, window: 1 quarter}
  - {name: weeks, type: cumulative, input_metric: amount, window: 3 weeks}
  - {name: month_least, type: cumulative, input_metric: least, window: 1 month}
  - {name: month_mean, type: cumulative, input_metric: mean, window: 1 month}
  - {name: week_regions, type: cumulative, input_metric: regions, window: 7 days}
  - {name: to_date, type: cumulative, input_metric: amount, grain_to_date: month, period_agg: last}
  - {name: to_date_regions, type: cumulative, input_metric: regions, grain_to_date: year}
  - {name: before, type: derived, expr: a, input_metrics: [{name: to_date, alias: a, offset_window: 2 days}]}
time_spines:
  - name: days
    source: running_days
    column: day
    granularity: day
    custom_granularities: [{name: term, column: season}]
"""
BY_CALENDAR = """
  - {name: terms, type: cumulative, input_metric: amount, window: 2 term}
  - {name: terms_regions, type: cumulative, input_metric: regions, window: 2 term}
  - {name: term_to_date, type: cumulative, input_metric: amount, grain_to_date: term}
"""
METRICS = (
    *("ever", "ever_of", "ever_mean", "ever_least", "week", "month", "years", "week_regions", "to_date"),
    *("to_date_regions", "before", "year", "quarter", "weeks", "month_least", "month_mean"),
)
BY_HAND = ("ever", "week", "weeks", "month", "quarter", "year", "to_date")
DAY = timedelta(days=1)
GROUPS = (
    ("metric_time__day",),
    ("metric_time__month",),
    ("metric_time__day", "sale__region"),
    ("metric_time__day", "sale__moment_before"),
    ("metric_time__day", "cal__season"),
)


@pytest.fixture(scope="module")
def planner() -> Planner:
    catalog = load([("running.yaml", DOCUMENT)])
    assert isinstance(catalog, Catalog), str(catalog)
    return Planner(catalog)


def plan_of(planner: Planner, metric: str, groups: tuple[str, ...]) -> Plan:
    found = planner.plan(Question(metrics=(metric,), group_by=tuple(GroupBy(member=each) for each in groups)))
    assert isinstance(found, Plan), str(found)
    return found


def sql_of(plan: Plan, dialect: str, obligations: Obligations = NO_OBLIGATIONS) -> str:
    found = compile_plan(plan, obligations, dialect, mask_key="key")
    assert isinstance(found, Statement), str(found)
    return found.sql


def by_ranges_alone(sql: str, dialect: str) -> list[str]:
    """Return the joins that compare by a range and by no equality of the two sides."""
    tree = parse_one(sql, read=dialect)
    return [
        join.sql()
        for join in tree.find_all(exp.Join)
        if (on := join.args.get("on")) is not None
        and list(on.find_all(exp.LTE, exp.GT, exp.GTE, exp.LT))
        and not any(
            {each.table for each in pair.this.find_all(exp.Column)}
            and {each.table for each in pair.this.find_all(exp.Column)}
            != {each.table for each in pair.expression.find_all(exp.Column)}
            for pair in on.find_all(exp.EQ)
        )
    ]


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("metric", METRICS)
def test_rows_find_their_moments_by_an_equality(planner, metric, dialect):
    """Each join that is by a range is by an equality as well; what is since ever is no join at all."""
    for groups in GROUPS:
        sql = sql_of(plan_of(planner, metric, groups), dialect)
        assert by_ranges_alone(sql, dialect) == [], sql


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("metric", [*METRICS, "terms", "terms_regions", "term_to_date"])
def test_each_value_that_is_bound_stands_once_in_the_statement(metric, dialect):
    """Engines refuse a value too many or too few. The ends of a range are bound where moments are made."""
    spine = DOCUMENT.index("time_spines:")
    declared = DOCUMENT[:spine] + BY_CALENDAR + DOCUMENT[spine:]
    documents = [declared] if "term" in metric else [DOCUMENT, DOCUMENT[:spine]]
    asking = Question(metrics=(metric,), time_range=TimeRange(start=date(2024, 2, 1), before=date(2024, 3, 1)))
    for document, groups in product(documents, GROUPS):
        catalog = load([("running.yaml", document)])
        assert isinstance(catalog, Catalog), str(catalog)
        plan = Planner(catalog).plan(replace(asking, group_by=tuple(GroupBy(member=each) for each in groups)))
        assert isinstance(plan, Plan), str(plan)
        found = compile_plan(plan, NO_OBLIGATIONS, dialect, mask_key="key")
        assert isinstance(found, Statement), str(found)
        numbered = [f"${number}" for number in range(1, len(found.parameters) + 1)]
        marks = re.findall(r"\?" if dialect == "mysql" else r"\$\d+", found.sql)
        assert sorted(marks) == sorted(["?"] * len(numbered) if dialect == "mysql" else numbered), found.sql


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("metric", ["terms", "terms_regions", "term_to_date"])
def test_windows_of_a_calendar_find_rows_by_their_months(metric, dialect):
    """Only moments are held against months by a range, and months are few; no row is."""
    catalog = load([("running.yaml", DOCUMENT.replace("time_spines:", f"{BY_CALENDAR[1:]}time_spines:"))])
    assert isinstance(catalog, Catalog), str(catalog)
    for groups in GROUPS:
        sql = sql_of(plan_of(Planner(catalog), metric, groups), dialect)
        assert all(re.search(r"\) AS months ON", each) for each in by_ranges_alone(sql, dialect)), sql
        assert "stretch =" in sql


@pytest.mark.parametrize("metric", ["week", "month", "years", "week_regions", "to_date"])
def test_a_moment_stands_beside_few_stretches(planner, metric):
    """A spine of forty years beside sixty days each is a million rows, of which a server writes files."""
    sql = sql_of(plan_of(planner, metric, ("metric_time__day", "sale__region")), "mysql")
    assert parse_one(sql, read="mysql").sql().count("UNION ALL") <= 16 + 1


def test_a_join_by_a_range_alone_would_be_seen():
    """The test above can fail."""
    assert by_ranges_alone("SELECT 1 FROM a JOIN b ON a.x <= b.y AND a.x > b.y - 7", "duckdb")
    assert by_ranges_alone("SELECT 1 FROM a JOIN b ON a.x <= b.y AND a.z = a.v", "duckdb")
    assert not by_ranges_alone("SELECT 1 FROM a JOIN b ON a.x <= b.y AND a.z = b.v", "duckdb")


def test_the_rows_themselves_are_read_where_a_policy_counts_them(planner):
    """A least size of groups is of rows, not of days."""
    least = Obligations(minimum_groups=(MinimumGroup(rule="five", dataset="sales", size=5),))
    sql = sql_of(plan_of(planner, "week", ("metric_time__day",)), "duckdb", least)
    assert "part" not in sql
    assert "COUNT(*) >= 5" in sql


def data() -> tuple[list[date], list[tuple]]:
    """The spine's days, and rows of id, day, region and amount."""
    days = [date(2023, 12, 1) + timedelta(days=at) for at in range(400)]
    sold = [
        (at, days[at * 37 % 380] if at % 11 else None, "xyz"[at % 3] if at % 7 else None, at % 10 - 3)
        for at in range(90)
    ]
    return days, sold


@pytest.fixture(scope="module")
def answers(planner: Planner) -> dict[str, dict[tuple[str, tuple[str, ...]], list]]:
    """Every question's rows on each engine: 400 days, of which a few have rows, some without a time or a region."""
    days, sold = data()
    found: dict = {}
    for dialect in DIALECTS:
        with opened(dialect) as engine:
            engine.execute("CREATE TABLE running_days (day DATE, season VARCHAR(9))")
            engine.execute("CREATE TABLE running_sales (id INTEGER, sold_on DATE, region VARCHAR(9), amount INTEGER)")
            named = ", ".join(f"('{day}', '{'wet' if day.month < 7 else 'dry'}')" for day in days)
            engine.execute(f"INSERT INTO running_days VALUES {named}")
            rows = ", ".join("(" + ", ".join(_literal(each) for each in row) + ")" for row in sold)
            engine.execute(f"INSERT INTO running_sales VALUES {rows}")
            found[dialect] = {
                (metric, groups): [tuple(map(_plain, row)) for row in engine.rows_of(plan_of(planner, metric, groups))]
                for metric in METRICS
                for groups in GROUPS
            }
    found["by hand"] = {(metric, ("metric_time__day",)): by_hand(metric, days, sold) for metric in BY_HAND}
    return found


def by_hand(metric: str, days: list[date], sold: list[tuple]) -> list[tuple]:
    """Each day's rows, looked for one by one."""

    def start(day: date) -> date:
        if metric == "ever":
            return date.min
        if metric == "week":
            return day - timedelta(days=6)
        if metric == "weeks":
            return day - timedelta(days=20)
        if metric == "to_date":
            return day.replace(day=1)
        months = day.year * 12 + day.month - 1 - {"month": 1, "quarter": 3, "year": 12}[metric]
        return date(months // 12, months % 12 + 1, min(day.day, monthrange(months // 12, months % 12 + 1)[1])) + DAY

    found = []
    for day in days:
        amounts = [row[3] for row in sold if row[1] is not None and start(day) <= row[1] <= day]
        if amounts:
            found.append((str(day), float(sum(amounts))))
    return found


def _plain(value: object) -> object:
    return round(float(value), 9) if isinstance(value, int | float | Decimal) else str(value)


def _literal(value: object) -> str:
    return "NULL" if value is None else str(value) if isinstance(value, int) else f"'{value}'"


@pytest.mark.parametrize("metric", BY_HAND)
def test_the_sums_are_those_of_each_day_s_rows(answers, metric):
    """Counted by hand, day by day."""
    groups = ("metric_time__day",)
    assert answers["duckdb"][metric, groups] == answers["by hand"][metric, groups]


@pytest.mark.parametrize("dialect", [each for each in DIALECTS if each != "duckdb"])
@pytest.mark.parametrize("metric", METRICS)
def test_the_servers_give_the_same(answers, metric, dialect):
    """Rows, values and order, also of groups without a name and beside attributes of the day."""
    for groups in GROUPS:
        assert answers[dialect][metric, groups] == answers["duckdb"][metric, groups]


def typed(planner: Planner, metric: str, found: DataType) -> Statement:
    """The metric by day on MariaDB, which told of what type the amount is."""
    plan = plan_of(planner, metric, ("metric_time__day",))
    amount = TypeAsked(model="sales", expression=Expression(text="amount", columns=("amount",)))
    compiled = compile_plan(plan, NO_OBLIGATIONS, "mysql", types=((amount, ValueType(type=found)),))
    assert isinstance(compiled, Statement), str(compiled)
    return compiled


WINDOWS = ("week", "weeks", "month", "quarter", "year", "years", "month_mean", "month_least")


def test_windows_are_frames_on_mariadb_where_that_is_exact(planner, answers):
    """The same numbers as by joins; a sum of doubles would lose digits with every value that leaves the frame."""
    with opened("mysql") as engine:
        engine.execute("CREATE TABLE running_days (day DATE, season VARCHAR(9))")
        engine.execute("CREATE TABLE running_sales (id INTEGER, sold_on DATE, region VARCHAR(9), amount INTEGER)")
        days, sold = data()
        named = ", ".join(f"('{day}', NULL)" for day in days)
        engine.execute(f"INSERT INTO running_days VALUES {named}")
        rows = ", ".join("(" + ", ".join(_literal(each) for each in row) + ")" for row in sold)
        engine.execute(f"INSERT INTO running_sales VALUES {rows}")
        for metric in WINDOWS:
            compiled = typed(planner, metric, DataType.INTEGER)
            assert "RANGE BETWEEN" in compiled.sql, metric
            found = [tuple(map(_plain, row)) for row in engine.execute(compiled.sql)]
            assert found == answers["duckdb"][metric, ("metric_time__day",)], metric
    for metric in set(WINDOWS) - {"month_least"}:
        assert "RANGE BETWEEN" not in typed(planner, metric, DataType.FLOAT).sql
    assert "RANGE BETWEEN" in typed(planner, "month_least", DataType.FLOAT).sql
