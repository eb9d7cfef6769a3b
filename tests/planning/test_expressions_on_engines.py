"""Expressions inside questions: of metrics of metrics, in filters of every form, and where texts end in spaces."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest
from tests.planning.engines import DIALECTS, Engine, opened

from metricgate.catalog.catalog import Catalog
from metricgate.catalog.catalog_loader import load
from metricgate.catalog.templates import parse_template
from metricgate.planning.plan import Plan
from metricgate.planning.planner import Planner
from metricgate.planning.question import GroupBy, Question
from metricgate.vocabulary.obligation import Obligations, RowFilter
from metricgate.vocabulary.predicate import Comparison, Operator, Predicate, Template

ROWS = (
    # id, kind, cents, qty, price, opened, closed
    (1, "a", 199, 3, "0.10", "2024-01-31", "2024-12-31"),
    (2, "a ", 250, 4, "0.20", "2023-12-25", "2024-01-01"),
    (3, "b", 99, 0, "10.33", "2024-02-01", "2024-03-01"),
    (4, "b  ", 1, 0, "0.01", "2024-01-01", None),
    (5, None, 50, 10, "0.02", "2024-01-01", "2024-01-01"),
)


def documents() -> dict:
    """A model whose expressions are those that engines were seen to give differently."""
    dimensions = [
        {"name": "kind", "type": "categorical"},
        {"name": "is_a", "type": "categorical", "expr": "CASE WHEN kind = 'a' THEN 'yes' ELSE 'no' END"},
        {"name": "opened", "type": "time", "granularity": "day"},
        {"name": "opened_in", "type": "categorical", "expr": "QUARTER(opened)"},
    ]
    simple = {
        "money": {"agg": "sum", "expr": "price"},
        "n": {"agg": "count", "expr": "1"},
        "cents": {"agg": "sum"},
        "avg_qty": {"agg": "average", "expr": "qty"},
        "mean_of_two": {"agg": "average", "expr": "CASE WHEN id IN (2, 3) THEN qty + 0.5 END"},
        "share": {"agg": "sum", "expr": "ROUND(cents / 100, 1)"},
        "days": {"agg": "sum", "expr": "closed - opened"},
        "months": {"agg": "sum", "expr": "DATEDIFF(closed, opened, month)"},
        "halves": {"agg": "sum", "expr": "cents DIV 2"},
        "greatest": {"agg": "sum", "expr": "GREATEST(qty, NULLIF(cents, 250))"},
    }
    metrics = [{"name": name, "type": "simple", "semantic_model": "items", **rest} for name, rest in simple.items()]
    derived = {
        "rounded": ("ROUND(money / n, 2)", ["money", "n"]),
        "mean": ("ROUND(avg_qty, 1)", ["avg_qty"]),
        "remainder": ("cents % 4", ["cents"]),
        "half": ("ROUND(n / 2)", ["n"]),
        "mean_half": ("ROUND(mean_of_two, 0)", ["mean_of_two"]),
        "mean_left": ("mean_of_two % 2", ["mean_of_two"]),
    }
    metrics += [
        {"name": name, "type": "derived", "expr": text, "input_metrics": [{"name": each} for each in inputs]}
        for name, (text, inputs) in derived.items()
    ]
    filters = {
        "only_a": "{{ Dimension('item__kind') }} = 'a'",
        "none_of": "{{ Dimension('item__kind') }} NOT IN ('a', 'b  ')",
        "like_a": "{{ Dimension('item__kind') }} LIKE 'a_'",
        "trimmed": "TRIM(TRAILING ' ' FROM {{ Dimension('item__kind') }}) = 'b'",
        "starting": "STARTS_WITH({{ Dimension('item__kind') }}, 'a ')",
    }
    metrics += [
        {"name": name, "type": "simple", "semantic_model": "items", "agg": "count", "expr": "1", "filter": text}
        for name, text in filters.items()
    ]
    model = {
        "name": "items",
        "source": "items",
        "entities": [{"name": "item", "type": "primary", "expr": "id"}],
        "dimensions": dimensions,
    }
    return {"semantic_models": [model], "metrics": metrics}


@pytest.fixture(scope="module")
def planner() -> Planner:
    """The planner of the definitions, which hold."""
    catalog = load([("models.yaml", json.dumps(documents()))])
    assert isinstance(catalog, Catalog), str(catalog)
    return Planner(catalog)


@pytest.fixture(scope="module", params=DIALECTS)
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """The items in an engine's own schema."""
    with opened(request.param) as found:
        found.execute(
            "CREATE TABLE items (id INTEGER, kind VARCHAR(9), cents INTEGER, qty INTEGER, price DECIMAL(12, 2),"
            " opened DATE, closed DATE)"
        )
        for row in ROWS:
            values = ", ".join(
                "NULL" if each is None else f"'{each}'" if isinstance(each, str) else str(each) for each in row
            )
            found.execute(f"INSERT INTO items VALUES ({values})")
        yield found
        found.execute("DROP TABLE items")


Ask = Callable[..., list[tuple]]


@pytest.fixture
def ask(planner: Planner, engine: Engine) -> Ask:
    """Ask for metrics, by members, under row filters."""

    def answered(
        *metrics: str, by: tuple[str, ...] = (), where: Predicate | None = None, rows: Predicate | None = None
    ) -> list[tuple]:
        group_by = tuple(GroupBy(member=each) for each in by)
        plan = planner.plan(Question(metrics=metrics, group_by=group_by, where=where))
        assert isinstance(plan, Plan), str(plan)
        filters = () if rows is None else (RowFilter(rule="r", dataset="items", condition=rows),)
        found = engine.rows_of(plan, Obligations(row_filters=filters))
        return [tuple(each if each is None or isinstance(each, str) else float(each) for each in row) for row in found]

    return answered


@pytest.mark.parametrize(
    ("metric", "wanted"),
    [
        ("rounded", 2.13),
        ("mean", 3.4),
        ("remainder", 3),
        ("half", 3),
        ("mean_half", 3),
        ("mean_left", 0.5),
        ("share", 6),
        ("days", 335 + 7 + 29 + 0),
        ("months", 11 + 1 + 1 + 0),
        ("halves", 99 + 125 + 49 + 0 + 25),
        ("greatest", 199 + 4 + 99 + 1 + 50),
        ("only_a", 1),
        ("none_of", 2),
        ("like_a", 1),
        ("trimmed", 2),
        ("starting", 1),
    ],
)
def test_metrics_are_the_same_on_each_engine(ask: Ask, metric: str, wanted: float):
    """Of each, the number that a person works out from the rows."""
    assert ask(metric) == [(wanted,)]


@pytest.mark.parametrize(
    ("op", "values", "wanted"),
    [
        (Operator.EQ, ("a",), 1),
        (Operator.EQ, ("a ",), 1),
        (Operator.EQ, ("a  ",), 0),
        (Operator.NE, ("a",), 3),
        (Operator.IN, ("a", "b  "), 2),
        (Operator.NOT_IN, ("a ", "b"), 2),
        (Operator.STARTS_WITH, ("a",), 2),
        (Operator.ENDS_WITH, (" ",), 2),
    ],
)
def test_spaces_at_the_end_count_in_filters(ask: Ask, op: Operator, values: tuple[str, ...], wanted: int):
    """Of a question and of a policy's rows alike; NULL is neither."""
    assert ask("n", where=Comparison(member="item__kind", op=op, values=values)) == [(wanted,)]
    assert ask("n", rows=Comparison(member="kind", op=op, values=values)) == [(wanted,)]


def test_expressions_of_dimensions_group_alike(ask: Ask):
    """A CASE compares as a filter does."""
    assert sorted(ask("n", by=("item__is_a",))) == [("no", 4), ("yes", 1)]
    assert sorted(ask("n", by=("item__opened_in",))) == [(1, 4), (4, 1)]


def test_values_of_templates_are_bound_and_compared_exactly(ask: Ask):
    """Texts, numbers and times beside members, whatever the dialect says beside them."""
    text = "{{ Dimension('item__kind') }} = 'a ' AND {{ Dimension('item__opened') }} >= '2023-12-25'"
    where = parse_template(text)
    assert isinstance(where, Template)
    assert ask("n", where=where) == [(1,)]
