"""An expression of a model has a value only where its row exists: on each engine as plain loops over the rows say.

Orders with a customer, without one (NULL), and of one that does not exist; customers without an order, without a
region, of one that does not exist.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterator

import pytest
from tests.planning.engines import DIALECTS, Engine, opened

from metricgate.catalog.catalog import Catalog
from metricgate.catalog.catalog_loader import load
from metricgate.planning.plan import Plan
from metricgate.planning.planner import Planner
from metricgate.planning.question import GroupBy, Question
from metricgate.vocabulary.obligation import (
    NO_OBLIGATIONS,
    Mask,
    MaskMethod,
    MinimumGroup,
    Obligations,
    RowFilter,
    SmallGroups,
)
from metricgate.vocabulary.predicate import Comparison, Operator, Template

Row = dict[str, object]
ORDERS: list[Row] = [
    {"id": 1, "customer_id": 1, "amount": 10},
    {"id": 2, "customer_id": 2, "amount": 20},
    {"id": 3, "customer_id": 3, "amount": 40},
    {"id": 4, "customer_id": 99, "amount": 1_000},
    {"id": 5, "customer_id": None, "amount": 5_000},
    {"id": 6, "customer_id": 1, "amount": None},
]
CUSTOMERS: list[Row] = [
    {"id": 1, "employees": 500, "label": "x", "region_id": 1},
    {"id": 2, "employees": None, "label": None, "region_id": None},
    {"id": 3, "employees": 50, "label": "y", "region_id": 77},
    {"id": None, "employees": 7, "label": "z", "region_id": 2},
]
REGIONS: list[Row] = [{"id": 1, "label": "north"}, {"id": 2, "label": None}]
COLUMNS = {"orders": ORDERS, "customers": CUSTOMERS, "regions": REGIONS}

OF_CUSTOMERS: dict[str, Callable[[Row], object]] = {
    "CASE WHEN employees > 100 THEN 'large' ELSE 'small' END": lambda row: (
        "large" if (row["employees"] or 0) > 100 else "small"
    ),
    "'anybody'": lambda _row: "anybody",
    "1 + 1": lambda _row: 2,
    "TRUE": lambda _row: True,
    "COALESCE(label, 'none')": lambda row: row["label"] or "none",
    "label IS NULL": lambda row: row["label"] is None,
    "employees IS NOT NULL AND employees > 100": lambda row: (row["employees"] or 0) > 100,
    "COALESCE(employees, 0) * 2": lambda row: (row["employees"] or 0) * 2,
    "CASE label WHEN 'x' THEN 1 ELSE 0 END": lambda row: int(row["label"] == "x"),
    "NOT label IS NULL": lambda row: row["label"] is not None,
    "label = 'x'": lambda row: None if row["label"] is None else row["label"] == "x",
    "employees * 2": lambda row: None if row["employees"] is None else row["employees"] * 2,
    "CAST(employees AS BIGINT) - 1": lambda row: None if row["employees"] is None else row["employees"] - 1,
    "employees BETWEEN 1 AND 100": lambda row: None if row["employees"] is None else 1 <= row["employees"] <= 100,
    "NULLIF(ABS(employees), 50)": lambda row: None if row["employees"] == 50 else row["employees"],
    "SUBSTRING(UPPER(label), 1, 1)": lambda row: None if row["label"] is None else row["label"].upper(),
    "label IN ('x', 'y')": lambda row: None if row["label"] is None else row["label"] in {"x", "y"},
    "label LIKE 'x%' OR employees > 100": lambda row: (
        None if row["label"] is None else row["label"] == "x" or row["employees"] > 100
    ),
    "CASE WHEN employees > 100 THEN 'large' END": lambda row: "large" if (row["employees"] or 0) > 100 else None,
}
NAMES = {text: f"d{number}" for number, text in enumerate(OF_CUSTOMERS)}


def documents() -> dict:
    """Keys of several sorts: plain, an expression that has a value without a row on either side."""
    dimensions = [{"name": name, "type": "categorical", "expr": text} for text, name in NAMES.items()]
    orders = {
        "name": "orders",
        "source": "orders",
        "entities": [
            {"name": "order", "type": "primary", "expr": "id"},
            {"name": "customer", "type": "foreign", "expr": "customer_id"},
            {"name": "anyone", "type": "foreign", "expr": "customer_id"},
        ],
        "dimensions": [
            {"name": "kind", "type": "categorical", "expr": "CASE WHEN amount > 15 THEN 'big' ELSE 'little' END"}
        ],
    }
    customers = {
        "name": "customers",
        "source": "customers",
        "entities": [
            {"name": "customer", "type": "primary", "expr": "id"},
            {"name": "anyone", "type": "unique", "expr": "COALESCE(id, 0)"},
            {"name": "region", "type": "foreign", "expr": "COALESCE(region_id, 1)"},
        ],
        "dimensions": dimensions,
    }
    regions = {
        "name": "regions",
        "source": "regions",
        "entities": [{"name": "region", "type": "primary", "expr": "id"}],
        "dimensions": [
            {"name": "label", "type": "categorical"},
            {"name": "named", "type": "categorical", "expr": "COALESCE(label, 'unnamed')"},
        ],
    }
    metrics = [{"name": "total", "type": "simple", "semantic_model": "orders", "agg": "sum", "expr": "amount"}]
    metrics += [
        {
            **metrics[0],
            "name": f"total_{name}",
            "filter": {"member": f"customer__{name}", "op": "is_not_null"},
        }
        for name in NAMES.values()
    ]
    return {"semantic_models": [orders, customers, regions], "metrics": metrics}


@pytest.fixture(scope="module")
def planner() -> Planner:
    """The planner of the definitions, which hold."""
    catalog = load([("models.yaml", json.dumps(documents()))])
    assert isinstance(catalog, Catalog), str(catalog)
    return Planner(catalog)


@pytest.fixture(scope="module", params=DIALECTS)
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """The tables in an engine's own schema."""
    with opened(request.param) as found:
        found.execute("CREATE TABLE orders (id INTEGER, customer_id INTEGER, amount INTEGER)")
        found.execute("CREATE TABLE customers (id INTEGER, employees INTEGER, label VARCHAR(20), region_id INTEGER)")
        found.execute("CREATE TABLE regions (id INTEGER, label VARCHAR(20))")
        for table, rows in COLUMNS.items():
            for row in rows:
                values = ", ".join("NULL" if each is None else repr(each) for each in row.values())
                found.execute(f"INSERT INTO {table} VALUES ({values})")
        yield found
        for table in COLUMNS:
            found.execute(f"DROP TABLE {table}")


@pytest.fixture
def ask(planner: Planner, engine: Engine) -> Callable[..., list[tuple]]:
    """Ask for metrics by members; the rows sorted."""

    def answered(
        metrics: tuple[str, ...] = (),
        by: tuple[str, ...] = (),
        obligations: Obligations = NO_OBLIGATIONS,
        **more: object,
    ) -> list[tuple]:
        groups = tuple(GroupBy(member=member) for member in by)
        plan = planner.plan(Question(metrics=metrics, group_by=groups, **more))
        assert isinstance(plan, Plan), str(plan)
        return ordered(tuple(map(plain, row)) for row in engine.rows_of(plan, obligations))

    return answered


def plain(value: object) -> object:
    """Return numbers alike: engines have their own for sums and truth."""
    return None if value is None else value if isinstance(value, str) else float(value)


def ordered(rows: object) -> list[tuple]:
    """Return the rows in an order that NULL does not disturb."""
    return sorted(rows, key=lambda row: [(value is None, str(value)) for value in row])


def partner(order: Row, *, key: str = "customer", among: list[Row] = CUSTOMERS) -> Row | None:
    """Return the customer of an order, by a plain key or one that takes 0 for NULL."""
    for row in among:
        own = row["id"] if key == "customer" or row["id"] is not None else 0
        if own is not None and own == order["customer_id"]:
            return row
    return None


def region(customer: Row | None) -> Row | None:
    """Return the region of a customer; customers without one are of the first."""
    if customer is None:
        return None
    wanted = 1 if customer["region_id"] is None else customer["region_id"]
    return next((row for row in REGIONS if row["id"] == wanted), None)


def totals(key_of: Callable[[Row], object]) -> list[tuple]:
    """Return the sum of each group of orders."""
    groups: dict[object, list[float]] = defaultdict(list)
    for order in ORDERS:
        groups[plain(key_of(order))] += [] if order["amount"] is None else [float(order["amount"])]
    return ordered((key, sum(amounts) if amounts else None) for key, amounts in groups.items())


def value_at(text: str, order: Row, **way: object) -> object:
    found = partner(order, **way)
    return None if found is None else OF_CUSTOMERS[text](found)


EACH = pytest.mark.parametrize("text", OF_CUSTOMERS)


@EACH
@pytest.mark.parametrize("way", ["customer", "anyone"])
def test_a_group_by_of_a_missing_row_is_null(ask, text, way):
    """Whatever the expression, and also where the key that joins it is an expression itself."""
    found = ask(("total",), (f"{way}__{NAMES[text]}",))
    assert found == totals(lambda order: value_at(text, order, key=way))


@EACH
def test_a_filter_does_not_see_a_missing_row(ask, text):
    """In the structured and the template form, plain and negated, of the question and of the metric."""
    member, name = f"customer__{NAMES[text]}", NAMES[text]
    known = [order for order in ORDERS if value_at(text, order) is not None]
    missing = [order for order in ORDERS if value_at(text, order) is None]
    where = Comparison(member=member, op=Operator.IS_NULL, values=())
    assert ask(("total",), where=where) == [(total(missing),)]
    assert ask(("total",), where=Template(text="NOT $m0 IS NULL", members=(member,), values=())) == [(total(known),)]
    assert ask((f"total_{name}",)) == [(total(known),)]
    for value in {value_at(text, order) for order in known}:
        equal = [order for order in known if value_at(text, order) == value]
        written = str(value).upper() if isinstance(value, bool) else repr(value)
        template = Template(text=f"$m0 = {written}", members=(member,), values=())
        other = Template(text=f"NOT ($m0 = {written})", members=(member,), values=())
        assert ask(("total",), where=template) == [(total(equal),)]
        assert ask(("total",), where=other) == [(total([each for each in known if each not in equal]),)]


def total(orders: list[Row]) -> float | None:
    amounts = [float(order["amount"]) for order in orders if order["amount"] is not None]
    return sum(amounts) if amounts else None


@pytest.mark.parametrize("way", ["customer", "anyone"])
def test_a_missing_row_has_no_key_for_the_next_hop(ask, way):
    """COALESCE(region_id, 1) of no customer is no region, of a customer without a region the first."""
    found = ask(("total",), (f"{way}__region__named",))
    named = {"north": "north", None: "unnamed"}

    def name(order: Row) -> str | None:
        there = region(partner(order, key=way))
        return None if there is None else named[there["label"]]

    assert found == totals(name)


@EACH
def test_distinct_values_of_several_models_are_those_of_rows_that_exist(ask, text):
    """Orders without a customer and customers without an order stand beside nothing."""
    found = ask((), (f"customer__{NAMES[text]}", "order__kind"))
    pairs = {(value_at(text, order), "big" if (order["amount"] or 0) > 15 else "little") for order in ORDERS}
    alone = [each for each in CUSTOMERS if all(partner(order) is not each for order in ORDERS)]
    pairs |= {(OF_CUSTOMERS[text](each), None) for each in alone}
    assert found == ordered({tuple(map(plain, pair)) for pair in pairs})


def test_the_least_and_the_greatest_value_are_of_rows_that_exist(ask):
    """A number that a missing row would have is none of them."""
    name = NAMES["COALESCE(employees, 0) * 2"]
    small = Template(text="$m0 > 0", members=(f"customer__{name}",), values=())
    assert ask((), (f"customer__{name}", "order__kind"), min_max_only=True) == [(0.0, 1000.0, "big", "little")]
    assert ask((), (f"customer__{name}", "order__kind"), min_max_only=True, where=small) == [
        (14.0, 1000.0, "big", "little")
    ]


@EACH
def test_a_row_that_a_filter_hides_is_missing(ask, text):
    """Row filters may speak of expressions too: they see rows that exist."""
    condition = Comparison(member=NAMES[text], op=Operator.IS_NULL, values=())
    hidden = Obligations(row_filters=(RowFilter(rule="r", dataset="customers", condition=condition),))
    seen = [row for row in CUSTOMERS if OF_CUSTOMERS[text](row) is None]
    name = NAMES["'anybody'"]
    found = ask(("total",), (f"customer__{name}",), obligations=hidden)
    assert found == totals(lambda order: None if partner(order, among=seen) is None else "anybody")


@pytest.mark.parametrize(
    ("method", "shown"), [(MaskMethod.CONSTANT, "hidden"), (MaskMethod.NULL, "none"), (MaskMethod.PARTIAL, None)]
)
def test_a_mask_is_of_rows_that_exist(ask, method, shown):
    """What stands in a value's place stands in no missing value's place."""
    mask = Mask(rule="m", dataset="customers", column="label", method=method, value="hidden", first=0)
    found = ask(
        ("total",), (f"customer__{NAMES['COALESCE(label, ' + repr('none') + ')']}",), Obligations(masks=(mask,))
    )
    keys = {key for key, _total in found}
    assert (None, 6_000.0) in found
    assert keys == {None, shown} if shown else None in keys
    blank = ask(("total",), (f"customer__{NAMES['label IS NULL']}",), Obligations(masks=(mask,)))
    assert (None, 6_000.0) in blank


def test_a_missing_row_makes_no_group_larger(ask):
    """Orders without a customer are no customer: not where keys are counted for a minimum group either."""
    for way in ("customer", "anyone"):
        enough = Obligations(
            minimum_groups=(MinimumGroup(rule="g", dataset="customers", size=1, small=SmallGroups.HIDE),)
        )
        found = ask(("total",), (f"{way}__{NAMES['1 + 1']}",), enough)
        assert found == [(2.0, 70.0)]
