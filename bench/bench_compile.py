"""Planning and compiling "revenue by nation and month" (three joins), new and repeated, at three catalog sizes."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import sqlglot

from bench.timing import Figure, median_us
from metricgate.catalog.catalog import Catalog
from metricgate.catalog.expression import Expression
from metricgate.catalog.metrics import (
    Aggregation,
    ConversionMetric,
    CumulativeMetric,
    DerivedMetric,
    InputMetric,
    Metric,
    MetricHeader,
    RatioMetric,
    SimpleMetric,
    Status,
    Window,
)
from metricgate.catalog.model import Dimension, DimensionType, Entity, EntityType, SemanticModel
from metricgate.catalog.saved import TimeSpine
from metricgate.compiling.compiler import compile_plan
from metricgate.compiling.statement import Statement
from metricgate.planning.planner import Planner
from metricgate.planning.question import GroupBy, Question
from metricgate.vocabulary.grain import Grain
from metricgate.vocabulary.obligation import NO_OBLIGATIONS, Obligations
from metricgate.vocabulary.predicate import Comparison, Operator
from metricgate.vocabulary.problem import Problems

SIZES = (3, 200, 1_000)
METRICS_PER_MODEL = 3


def _expression(text: str, *columns: str) -> Expression:
    return Expression(text=text, columns=columns or (text,))


def _entity(name: str, kind: EntityType, text: str) -> Entity:
    return Entity(name=name, type=kind, expressions=(_expression(text),))


def _categorical(name: str, text: str) -> Dimension:
    return Dimension(name=name, type=DimensionType.CATEGORICAL, expression=_expression(text))


def _shared() -> list[SemanticModel]:
    """Orders, customers and nations: what every fact of the catalog joins to."""
    return [
        SemanticModel(
            name="orders",
            source=("commerce", "orders"),
            entities=(
                _entity("order", EntityType.PRIMARY, "o_orderkey"),
                _entity("customer", EntityType.FOREIGN, "o_custkey"),
            ),
            dimensions=(_categorical("status", "o_orderstatus"), _categorical("priority", "o_orderpriority")),
            primary_entity="order",
        ),
        SemanticModel(
            name="customers",
            source=("commerce", "customer"),
            entities=(
                _entity("customer", EntityType.PRIMARY, "c_custkey"),
                _entity("nation", EntityType.FOREIGN, "c_nationkey"),
            ),
            dimensions=(_categorical("segment", "c_mktsegment"), _categorical("name", "c_name")),
            primary_entity="customer",
        ),
        SemanticModel(
            name="nations",
            source=("commerce", "nation"),
            entities=(_entity("nation", EntityType.PRIMARY, "n_nationkey"),),
            dimensions=(_categorical("name", "n_name"),),
            primary_entity="nation",
        ),
    ]


def _fact(number: int) -> SemanticModel:
    return SemanticModel(
        name=f"positions_{number}",
        source=("commerce", "lineitem"),
        entities=(_entity("order", EntityType.FOREIGN, "l_orderkey"),),
        dimensions=(
            Dimension(
                name="shipped",
                type=DimensionType.TIME,
                expression=_expression("l_shipdate"),
                granularity=Grain.DAY,
            ),
            _categorical("flag", "l_returnflag"),
        ),
        primary_entity=f"position_{number}",
        agg_time_dimension="shipped",
    )


def _header(name: str) -> MetricHeader:
    return MetricHeader(
        name=name,
        domain="sales",
        description="What customers pay.",
        label=None,
        owner="sales",
        status=Status.ACTIVE,
        synonyms=(),
        definition_version="sha256:0",
    )


def _metric(number: int) -> SimpleMetric:
    return SimpleMetric(
        header=_header(f"sales.revenue_{number}"),
        model=f"positions_{number // METRICS_PER_MODEL}",
        aggregation=Aggregation.SUM,
        expression=_expression("l_extendedprice * (1 - l_discount)", "l_discount", "l_extendedprice"),
        time_dimension="shipped",
    )


def _input(number: int, alias: str, **options: Window) -> InputMetric:
    return InputMetric(name=f"sales.revenue_{number}", alias=alias, **options)


def _kinds() -> list[Metric]:
    """One metric of each type that is built on simple ones."""
    return [
        RatioMetric(header=_header("sales.ratio"), numerator=_input(0, "a"), denominator=_input(1, "b")),
        DerivedMetric(
            header=_header("sales.derived"),
            expression=_expression("a - b", "a", "b"),
            inputs=(_input(0, "a"), _input(1, "b")),
        ),
        DerivedMetric(
            header=_header("sales.offset"),
            expression=_expression("a - b", "a", "b"),
            inputs=(_input(1, "a"), _input(1, "b", offset_window=Window(count=1, grain=Grain.MONTH))),
        ),
        CumulativeMetric(
            header=_header("sales.cumulative"), input=_input(1, "a"), window=Window(count=7, grain=Grain.DAY)
        ),
        ConversionMetric(
            header=_header("sales.conversion"),
            base=_input(1, "a"),
            conversion=_input(2, "b"),
            entity="order",
            window=Window(count=7, grain=Grain.DAY),
        ),
    ]


def catalog_of(size: int) -> Catalog:
    """Return a catalog of ``size`` simple metrics over ``size / 3`` facts that share dimensions; one of each kind."""
    models = [*_shared(), *(_fact(number) for number in range(-(-size // METRICS_PER_MODEL)))]
    metrics: list[Metric] = [*(_metric(number) for number in range(size)), *_kinds()]
    spine = TimeSpine(name="days", source=("commerce", "days"), column="day", granularity=Grain.DAY)
    return Catalog(
        models={model.name: model for model in models},
        metrics={metric.header.name: metric for metric in metrics},
        called={metric.header.bare_name: (metric.header.name,) for metric in metrics},
        version="sha256:0",
        time_spines={"days": spine},
    )


def question(number: int, metric: str = "sales.revenue_1") -> Question:
    """Return the question; another ``number`` makes it another question of the same shape."""
    return Question(
        metrics=(metric,),
        group_by=(GroupBy(member="customer__nation__name"), GroupBy(member="metric_time", grain=Grain.MONTH)),
        where=Comparison(member="order__status", op=Operator.NE, values=(str(number),)),
    )


def figures() -> list[Figure]:
    """Measure a new and a repeated question per catalog size, each beside sqlglot's own work on the same text."""
    found: list[Figure] = []
    for size in SIZES:
        planner = Planner(catalog_of(size))
        numbers = iter(range(10**9))

        @lru_cache(maxsize=1)
        def remembered(asked: Question, obligations: Obligations, planner: Planner = planner) -> Statement | Problems:
            return _answer(planner, asked, obligations)

        def fresh(planner: Planner = planner, numbers: Iterator[int] = numbers) -> Statement | Problems:
            return _answer(planner, question(next(numbers)), NO_OBLIGATIONS)

        statement = _answer(planner, question(0), NO_OBLIGATIONS)
        assert isinstance(statement, Statement), statement
        floor = median_us(lambda sql=statement.sql: sqlglot.parse_one(sql, read="duckdb").sql("duckdb", pretty=True))
        subject = f"{size} metrics"
        repeated = median_us(lambda ask=remembered: ask(question(0), NO_OBLIGATIONS), calls=2_000)
        new = median_us(fresh)
        found += [
            _figure(subject, "plan and compile, new question", new, floor, "600"),
            _figure(subject, "plan and compile, repeated question", repeated, floor, "60"),
            *_by_kind(planner, subject),
        ]
    return found


def _by_kind(planner: Planner, subject: str) -> list[Figure]:
    """A new question for a metric of each type, by the same nation and month."""
    found: list[Figure] = []
    for metric in _kinds():
        name = metric.header.name
        numbers = iter(range(10**9))

        def fresh(name: str = name, numbers: Iterator[int] = numbers) -> Statement | Problems:
            return _answer(planner, question(next(numbers), name), NO_OBLIGATIONS)

        statement = fresh()
        assert isinstance(statement, Statement), statement
        floor = median_us(lambda sql=statement.sql: sqlglot.parse_one(sql, read="duckdb").sql("duckdb", pretty=True))
        found.append(
            Figure(
                subject=subject,
                name=f"new question, {metric.header.bare_name}",
                value=median_us(fresh),
                unit="µs",
                floor_name="sqlglot: parse and write the same SQL",
                floor=floor,
            )
        )
    return found


def _answer(planner: Planner, asked: Question, obligations: Obligations) -> Statement | Problems:
    plan = planner.plan(asked)
    return plan if isinstance(plan, Problems) else compile_plan(plan, obligations, "duckdb")


def _figure(subject: str, name: str, value: float, floor: float, aim: str) -> Figure:
    return Figure(
        subject=subject,
        name=name,
        value=value,
        unit="µs",
        floor_name="sqlglot: parse and write the same SQL",
        floor=floor,
        aim=f"<= {aim}",
    )


if __name__ == "__main__":
    for figure in figures():
        print(f"{figure.subject:>14} {figure.name:40} {figure.value:9.1f} {figure.unit}  floor {figure.floor:.1f}")
