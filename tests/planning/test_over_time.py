"""Cases as files (``tests/cases/over_time``): a question over a small shop, and SQL written by hand that must agree."""

from __future__ import annotations

import re
from datetime import date, datetime
from functools import cache
from pathlib import Path

import duckdb
import pytest
import sqlglot
import yaml

from metricgate.catalog.catalog import Catalog
from metricgate.catalog.catalog_loader import load
from metricgate.catalog.conditions import parse_condition
from metricgate.compiling.compiler import compile_plan
from metricgate.compiling.statement import Statement
from metricgate.planning.plan import Plan
from metricgate.planning.planner import Planner
from metricgate.planning.question import GroupBy, Question, TimeRange
from metricgate.vocabulary.obligation import NO_OBLIGATIONS, Obligations, RowFilter
from metricgate.vocabulary.predicate import Comparison, Operator
from metricgate.vocabulary.problem import Place, Problems

FOLDER = Path(__file__).parents[1] / "cases" / "over_time"
CASES = [
    pytest.param(case, id=f"{path.stem}: {case['name']}")
    for path in sorted(FOLDER.glob("*.yaml"))
    if path.stem != "models"
    for case in yaml.safe_load(path.read_text())
]


@cache
def planner() -> Planner:
    found = load([("models.yaml", (FOLDER / "models.yaml").read_text())])
    assert isinstance(found, Catalog), str(found)
    return Planner(found)


@cache
def warehouse() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute((FOLDER / "tables.sql").read_text())
    return connection


def question(
    metrics: list[str],
    by: tuple[str, ...] = (),
    where: object = None,
    range: tuple[date, date] | None = None,  # noqa: A002 -- a word of the cases
    zone: str | None = None,
    *,
    distinct: bool = True,
    ends: bool = False,
) -> Question:
    condition = None if where is None else parse_condition(where, lambda _steps: Place())
    assert not isinstance(condition, Problems), str(condition)
    return Question(
        metrics=tuple(metrics),
        group_by=tuple(GroupBy(member=member) for member in by),
        where=condition,
        time_range=None if range is None else TimeRange(start=range[0], before=range[1]),
        time_zone=zone,
        distinct=distinct,
        min_max_only=ends,
    )


def statement(asked: Question, dialect: str = "duckdb") -> Statement:
    plan = planner().plan(asked)
    assert isinstance(plan, Plan), str(plan)
    found = compile_plan(plan, NO_OBLIGATIONS, dialect)
    assert isinstance(found, Statement), str(found)
    return found


def plain(value: object) -> object:
    """Midnights are days, and numbers compare to nine digits whatever their type."""
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == datetime.min.time() else value.isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if value is None or isinstance(value, (str, bool)):
        return value
    return float(f"{float(value):.9g}")


def rows(found: list[tuple[object, ...]]) -> list[tuple[object, ...]]:
    return sorted((tuple(plain(value) for value in row) for row in found), key=repr)


@pytest.mark.parametrize("case", CASES)
def test_the_answer_is_what_sql_written_by_hand_gives(case):
    """Each case of the folder: the same rows as its oracle, or the refusal it names."""
    asked = question(**case["ask"])
    if "code" in case:
        found = planner().plan(asked)
        assert isinstance(found, Problems), found
        assert [problem.code.name for problem in found] == [case["code"]]
        return
    compiled = statement(asked)
    got = warehouse().execute(compiled.sql, list(compiled.parameters)).fetchall()
    wanted = warehouse().execute(case["sql"]).fetchall() if "sql" in case else case["rows"]
    assert wanted, "an oracle without rows shows nothing"
    assert rows(got) == rows(wanted), compiled.sql


HIDDEN = (
    ("orders", Comparison(member="country", op=Operator.EQ, values=("DE",))),
    ("users", Comparison(member="segment", op=Operator.EQ, values=("retail",))),
    ("visits", Comparison(member="page", op=Operator.EQ, values=("shop",))),
    ("buys", Comparison(member="page", op=Operator.EQ, values=("home",))),
    ("balances", Comparison(member="kind", op=Operator.EQ, values=("savings",))),
    ("prices", Comparison(member="price_class", op=Operator.EQ, values=("low",))),
    ("products", Comparison(member="name", op=Operator.NE, values=("name 2 of 2024-04-01",))),
    ("sales", Comparison(member="product", op=Operator.LT, values=(4,))),
    ("clicks", Comparison(member="click", op=Operator.GT, values=(5,))),
)


@cache
def visible() -> duckdb.DuckDBPyConnection:
    """The same shop in which what policy hides does not exist."""
    connection = duckdb.connect()
    connection.execute((FOLDER / "tables.sql").read_text())
    connection.execute("DELETE FROM orders WHERE country IS DISTINCT FROM 'DE'")
    connection.execute("DELETE FROM users WHERE segment IS DISTINCT FROM 'retail'")
    connection.execute("DELETE FROM visits WHERE page IS DISTINCT FROM 'shop'")
    connection.execute("DELETE FROM buys WHERE page IS DISTINCT FROM 'home'")
    connection.execute("DELETE FROM balances WHERE kind IS DISTINCT FROM 'savings'")
    connection.execute("DELETE FROM prices WHERE price_class IS DISTINCT FROM 'low'")
    connection.execute("DELETE FROM products WHERE name = 'name 2 of 2024-04-01'")
    connection.execute("DELETE FROM sales WHERE product_id >= 4")
    connection.execute("DELETE FROM clicks WHERE id <= 5")
    return connection


@pytest.mark.parametrize("case", [case for case in CASES if "sql" in case.values[0]])
def test_hidden_rows_do_not_exist(case):
    """Under row filters the answer is the oracle's over tables without the hidden rows, wherever a table stands."""
    plan = planner().plan(question(**case["ask"]))
    filters = tuple(RowFilter(rule="r", dataset=name, condition=condition) for name, condition in HIDDEN)
    compiled = compile_plan(plan, Obligations(row_filters=filters), "duckdb")
    assert isinstance(compiled, Statement), str(compiled)
    got = warehouse().execute(compiled.sql, list(compiled.parameters)).fetchall()
    assert rows(got) == rows(visible().execute(case["sql"]).fetchall()), compiled.sql
    numbers = [int(number) for number in re.findall(r"\$(\d+)", compiled.sql)]
    assert numbers == list(range(1, len(compiled.parameters) + 1)), "dialects without numbers read them in order"


@pytest.mark.parametrize("case", [case for case in CASES if "code" not in case.values[0]])
def test_the_same_question_gives_the_same_bytes(case):
    """Planned and compiled twice from scratch."""
    first = statement(question(**case["ask"]))
    again = compile_plan(
        Planner(load([("models.yaml", (FOLDER / "models.yaml").read_text())])).plan(question(**case["ask"])),
        NO_OBLIGATIONS,
        "duckdb",
    )
    assert (first.sql, first.parameters, first.digest) == (again.sql, again.parameters, again.digest)


@pytest.mark.parametrize("dialect", ["postgres", "mysql"])
@pytest.mark.parametrize("case", [case for case in CASES if "code" not in case.values[0]])
def test_other_dialects_read_it(case, dialect):
    """The statement is written without loss in the other dialects too, and they can read it again."""
    found = statement(question(**case["ask"]), dialect)
    assert sqlglot.parse_one(found.sql, dialect=dialect) is not None
    # Without FULL JOIN a spine's periods are said as a union, whose sides repeat the values.
    assert dict.fromkeys(found.parameters) == dict.fromkeys(statement(question(**case["ask"])).parameters)


def test_an_approximate_percentile_is_the_engines_own_where_it_has_one():
    """DuckDB approximates a continuous percentile; PostgreSQL, which cannot, is asked for the exact one."""
    assert "APPROX_QUANTILE" in statement(question(["roughly"])).sql
    assert "PERCENTILE_CONT" in statement(question(["roughly"]), "postgres").sql
    (found,) = warehouse().execute(statement(question(["roughly"])).sql).fetchall()
    (exact,) = warehouse().execute("SELECT quantile_cont(amount, 0.5) FROM orders").fetchall()
    assert abs(found[0] - exact[0]) <= 2


def test_a_range_bounds_what_is_read_too():
    """Only rows that the days asked can look back on are read; since ever there is no first."""
    days = (date(2024, 2, 10), date(2024, 2, 15))
    window = statement(question(["last_7"], ("metric_time__day",), range=days))
    assert window.parameters == (*days, date(2024, 2, 2), days[1])
    ever = statement(question(["ever"], ("metric_time__day",), range=days))
    assert ever.parameters == (*days, days[1])
    before = statement(question(["month_before"], ("metric_time__day",), range=days))
    assert before.parameters == (*days, date(2024, 1, 9), days[1])


TIMELESS = """
semantic_models:
  - name: a
    source: a
    entities: [{name: k, type: primary, expr: [x, y]}]
    dimensions: [{name: at, type: time, expr: day, granularity: day}]
  - name: b
    source: b
    agg_time_dimension: at
    primary_entity: row
    entities: [{name: k, type: foreign, expr: [u, v]}]
    dimensions: [{name: at, type: time, expr: day, granularity: day}]
metrics:
  - {name: n, type: simple, semantic_model: a, agg: count}
  - {name: m, type: simple, semantic_model: b, agg: count}
  - {name: spined, type: simple, semantic_model: b, agg: count, join_to_timespine: true}
  - {name: timed, type: simple, semantic_model: a, agg: count, agg_time_dimension: at}
  - {name: last_7, type: cumulative, input_metric: n, window: 7 days}
  - {name: lag, type: derived, expr: n, input_metrics: [{name: n, offset_window: 7 days}]}
  - {name: from_n, type: conversion, entity: k, base_metric: n, conversion_metric: m}
  - {name: to_n, type: conversion, entity: k, base_metric: m, conversion_metric: n, calculation: conversions}
  - {name: both, type: conversion, entity: k, base_metric: m, conversion_metric: timed, calculation: conversions}
"""


@pytest.mark.parametrize(
    ("metric", "by", "code"),
    [
        ("last_7", (), "E_NO_METRIC_TIME"),
        ("lag", (), "E_NO_METRIC_TIME"),
        ("from_n", (), "E_NO_METRIC_TIME"),
        ("to_n", (), "E_NO_METRIC_TIME"),
    ],
)
def test_what_looks_back_without_a_time_is_refused(metric, by, code):
    """Never the plain number under the name of another one."""
    found = Planner(load([("m.yaml", TIMELESS)])).plan(question([metric], by))
    assert isinstance(found, Problems), found
    assert code in [problem.code.name for problem in found]


@pytest.mark.parametrize("metric", ["lag", "last_7", "to_date"])
def test_what_needs_a_time_is_named_as_it_was_asked(metric):
    """By the metric of the question: the inputs that it reads are the definition's affair."""
    problems = planner().plan(question(metrics=[metric, "orders"]))
    assert isinstance(problems, Problems)
    assert problems.first.code.name == "E_NEEDS_METRIC_TIME"
    assert f"Metric '{metric}' looks back" in problems.first.message


def test_an_entity_of_several_columns_converts_by_all_of_them():
    """Events of one entity are equal in every column of its key."""
    plan = Planner(load([("m.yaml", TIMELESS)])).plan(question(["both"]))
    assert isinstance(plan, Plan), str(plan)
    compiled = compile_plan(plan, NO_OBLIGATIONS, "duckdb")
    connection = duckdb.connect()
    connection.execute("CREATE TABLE a(x INT, y INT, day DATE); CREATE TABLE b(u INT, v INT, day DATE)")
    connection.execute("INSERT INTO b VALUES (1, 1, '2024-01-01'), (1, 2, '2024-01-01')")
    connection.execute("INSERT INTO a VALUES (1, 1, '2024-01-02'), (1, 3, '2024-01-02'), (2, 2, '2024-01-02')")
    assert connection.execute(compiled.sql).fetchall() == [(1,)]


def test_a_scan_without_a_time_is_not_named_after_one():
    """Names of subqueries are read by people: a rate without a group-by has no `by_None`."""
    sql = statement(question(["rate_7", "conversions"])).sql
    assert "None" not in sql
    assert "visits_2_metrics" in sql
