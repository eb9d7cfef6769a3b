"""Division by zero is NULL on each engine: in metrics of metrics, expressions, filters and remainders."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest
from tests.planning.engines import DIALECTS, Engine, opened

from metricgate.catalog.catalog import Catalog
from metricgate.catalog.catalog_loader import load
from metricgate.planning.plan import Plan
from metricgate.planning.planner import Planner
from metricgate.planning.question import GroupBy, Ordering, Question
from metricgate.vocabulary.predicate import Template

COLUMNS = {"cents": "INTEGER", "price": "DECIMAL(12,2)", "weight": "DOUBLE PRECISION"}
ROWS = [("a", 6, 3), ("a", 4, 4), ("b", 9, 0), ("b", 1, 0), ("c", 0, 0), ("d", 5, None)]
"""Group, what is divided, what divides; each in every column's type."""

EXPRESSIONS = [
    "{a} / {b}",
    "{a} / ({b} + 0)",
    "{a} / {b} / 2",
    "2 / ({a} / {b})",
    "{a} % {b}",
    "{a} / 0",
    "{a} % (1 - 1)",
]


def documents() -> dict:
    """Every expression over every type of number as a measure, and quotients of metrics."""
    expressions = [
        each.format(a=f"{column}_a", b=f"{column}_b")
        for column in COLUMNS
        for each in EXPRESSIONS
        if allowed(column, each)
    ]
    model = {
        "name": "items",
        "source": "items",
        "entities": [{"name": "item", "type": "primary", "expr": "id"}],
        "dimensions": [
            {"name": "kind", "type": "categorical"},
            {"name": "share", "type": "categorical", "expr": "cents_a / cents_b"},
        ],
    }
    simple = [
        {"name": name, "type": "simple", "semantic_model": "items", "agg": "sum", "expr": name}
        for column in COLUMNS
        for name in (f"{column}_a", f"{column}_b")
    ]
    measures = [
        {"name": f"each_{number}", "type": "simple", "semantic_model": "items", "agg": "sum", "expr": text}
        for number, text in enumerate(expressions)
    ]
    derived = [
        {
            "name": f"derived_{column}",
            "type": "derived",
            "expr": "a / b",
            "input_metrics": [{"name": f"{column}_a", "alias": "a"}, {"name": f"{column}_b", "alias": "b"}],
        }
        for column in COLUMNS
    ]
    ratios = [
        {"name": f"ratio_{column}", "type": "ratio", "numerator": f"{column}_a", "denominator": f"{column}_b"}
        for column in COLUMNS
    ]
    return {"semantic_models": [model], "metrics": [*simple, *measures, *derived, *ratios]}


def allowed(column: str, text: str) -> bool:
    """PostgreSQL has no remainder of floating-point numbers."""
    return not (column == "weight" and "%" in text)


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
        columns = ", ".join(f"{name}_{side} {kind}" for name, kind in COLUMNS.items() for side in "ab")
        found.execute(f"CREATE TABLE items (id INTEGER, kind VARCHAR(9), {columns})")
        for number, (kind, over, under) in enumerate(ROWS):
            below = "NULL" if under is None else under
            numbers = ", ".join(f"{over}, {below}" for _column in COLUMNS)
            found.execute(f"INSERT INTO items VALUES ({number}, '{kind}', {numbers})")
        yield found
        found.execute("DROP TABLE items")


@pytest.fixture
def ask(planner: Planner, engine: Engine) -> Callable[..., list[tuple]]:
    """Ask for metrics by kind."""

    def answered(*metrics: str, **more: object) -> list[tuple]:
        by = (GroupBy(member="item__kind"),)
        plan = planner.plan(Question(metrics=metrics, group_by=by, **more))
        assert isinstance(plan, Plan), str(plan)
        return [
            (kind, *(None if each is None else float(each) for each in rest)) for kind, *rest in engine.rows_of(plan)
        ]

    return answered


def summed(value: Callable[[int, int | None], float | None]) -> list[tuple]:
    """Return the sum of a value for each kind, NULL where no row has one."""
    found: dict[str, list[float]] = {}
    for kind, over, under in ROWS:
        each = value(over, under)
        found.setdefault(kind, []).extend([] if each is None else [each])
    return [(kind, sum(values) if values else None) for kind, values in found.items()]


WANTED: dict[str, Callable[[int, int | None], float | None]] = {
    EXPRESSIONS[0]: lambda a, b: a / b if b else None,
    EXPRESSIONS[1]: lambda a, b: a / b if b else None,
    EXPRESSIONS[2]: lambda a, b: a / b / 2 if b else None,
    EXPRESSIONS[3]: lambda a, b: 2 / (a / b) if b and a else None,
    EXPRESSIONS[4]: lambda a, b: a % b if b else None,
    EXPRESSIONS[5]: lambda _a, _b: None,
    EXPRESSIONS[6]: lambda _a, _b: None,
}


def test_rows_that_divide_by_zero_have_no_value(ask):
    """A row that divides by zero adds nothing, and takes nothing from the others; for each type of number."""
    texts = [each for column in COLUMNS for each in EXPRESSIONS if allowed(column, each)]
    for number, text in enumerate(texts):
        assert ask(f"each_{number}") == summed(WANTED[text]), text


@pytest.mark.parametrize("column", COLUMNS)
@pytest.mark.parametrize("kind", ["derived", "ratio"])
def test_metrics_over_zero_are_null_and_come_last(ask, kind, column):
    """A quotient of metrics is NULL where the divisor is 0 or NULL, and no order puts it first."""
    name = f"{kind}_{column}"
    wanted = [("a", 10 / 7), ("b", None), ("c", None), ("d", None)]
    assert [(each, None if value is None else round(value, 6)) for each, value in ask(name)] == [
        (each, None if value is None else round(value, 6)) for each, value in wanted
    ]
    for descending in (False, True):
        assert ask(name, order_by=(Ordering(column=name, descending=descending),), limit=1)[0][0] == "a"


def test_a_filter_that_divides_by_zero_is_not_true(ask):
    """Neither is its contrary."""
    for text, kept in (("$m0 > 1", 1), ("NOT ($m0 > 1)", 1), ("$m0 IS NULL", 3)):
        where = Template(text=text, members=("item__share",), values=())
        assert len(ask("cents_a", where=where)) == kept, text
