"""What a change of definitions means: breaking exactly where a question that could be asked is refused or differs."""

from __future__ import annotations

import pytest

from metricgate.catalog.catalog import Catalog
from metricgate.catalog.catalog_loader import load
from metricgate.reviewing.changes import CatalogChange, ChangeType
from metricgate.reviewing.comparison import compare

BASE = """
semantic_models:
  - name: orders
    source: main.orders
    agg_time_dimension: ordered_at
    entities:
      - {name: order, type: primary, expr: id}
      - {name: customer, type: foreign, expr: customer_id}
    dimensions:
      - {name: ordered_at, type: time, granularity: day, expr: day}
      - {name: paid_at, type: time, granularity: day, expr: paid}
      - {name: status, type: categorical, expr: status}
  - name: customers
    source: main.customers
    entities: [{name: customer, type: primary, expr: id}]
    dimensions: [{name: segment, type: categorical, expr: segment}]
metrics:
  - {name: revenue, domain: sales, owner: a@b.c, unit: EUR, description: Ordered., type: simple,
     semantic_model: orders, agg: sum, expr: amount, synonyms: [turnover]}
  - {name: orders, domain: sales, owner: a@b.c, description: Orders., type: simple, semantic_model: orders, agg: count}
  - {name: per_order, domain: sales, description: Mean., type: ratio, numerator: sales.revenue,
     denominator: sales.orders}
saved_queries:
  - {name: monthly, query_params: {metrics: [sales.per_order], group_by: [metric_time__month]}}
"""


def catalog(text: str) -> Catalog:
    loaded = load([("models.yaml", text)])
    assert isinstance(loaded, Catalog), str(loaded)
    return loaded


def changes(old: str, new: str, text: str = BASE) -> dict[str, CatalogChange]:
    assert old in text
    return {each.name: each for each in compare(catalog(text), catalog(text.replace(old, new)), "duckdb")}


def test_nothing_is_nothing() -> None:
    """The same text, with lines moved and comments added, has no change."""
    assert changes("metrics:\n", "\n# a comment\nmetrics:\n") == {}


def test_words_are_told_apart_from_meaning() -> None:
    """A new description, owner or synonym changes no number and breaks nothing."""
    found = changes("description: Ordered.", "description: What was ordered.")
    assert [(each.kind, each.breaking) for each in found.values()] == [(ChangeType.WORDS, False)]
    assert found["sales.revenue"].sql.before is None


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("agg: sum, expr: amount", "agg: average, expr: amount", "aggregation was sum, is average"),
        ("agg: sum, expr: amount", "agg: sum, expr: amount * 2", "expression was amount, is amount * 2"),
        ("unit: EUR", "unit: USD", "unit was EUR, is USD"),
        ("unit: EUR,", "unit: EUR, agg_time_dimension: paid_at,", "time column was ordered_at, is paid_at"),
        ("unit: EUR,", "unit: EUR, filter: {member: order__status, op: '=', value: x},", "filter was none, is"),
        ("source: main.orders", "source: main.orders_v2", "the source of orders was main.orders, is main.orders_v2"),
        ("{name: segment, type: categorical, expr: segment}", "{name: tier, type: categorical, expr: segment}",
         "can no longer be grouped or filtered by customer__segment"),
        ("expr: segment}", "expr: upper(segment)}", "the dimension customers.segment was categorical segment, is"),
        ("{name: customer, type: foreign, expr: customer_id}", "{name: customer, type: foreign, expr: buyer_id}",
         "is joined by other columns (customer)"),
        ("      - {name: customer, type: foreign, expr: customer_id}\n", "", "can no longer be grouped or filtered by"),
        ("source: main.customers", "source: main.clients", "the source of customers was"),
    ],
)  # fmt: skip
def test_breaking(old: str, new: str, reason: str) -> None:
    """Each of these changes a number that was asked before, or refuses the question; so does what is built on it."""
    found = changes(old, new)
    revenue = found["sales.revenue"]
    assert revenue.breaking
    assert any(reason in each.message and each.breaking for each in revenue.reasons), revenue.reasons
    if "unit" not in reason:  # a unit changes what the number counts, not the number; what is built on it has its own
        assert found["sales.per_order"].breaking


def test_another_type_is_breaking() -> None:
    """A simple metric that becomes a ratio is no longer the same thing."""
    count = "type: simple, semantic_model: orders, agg: count}"
    derived = "type: derived, expr: r, input_metrics: [{name: sales.revenue, alias: r}]}"
    found = changes(count, derived)
    assert [each.message for each in found["sales.orders"].reasons] == ["type was simple, is derived"]


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("      - {name: status,", "      - {name: region, type: categorical, expr: region}\n      - {name: status,",
         "can also be grouped and filtered by order__region"),
        ("dimensions: [{name: segment", "dimensions: [{name: country, type: categorical}, {name: segment",
         "can also be grouped and filtered by customer__country"),
    ],
)  # fmt: skip
def test_additions_break_nothing(old: str, new: str, reason: str) -> None:
    """What only allows more questions has another version and breaks none."""
    revenue = changes(old, new)["sales.revenue"]
    assert (revenue.kind, revenue.breaking) == (ChangeType.MEANING, False)
    assert [each.message for each in revenue.reasons] == [reason]
    assert revenue.version.before != revenue.version.after


def test_removed_with_all_that_hangs_on_it() -> None:
    """A metric that is gone is breaking, and tells which metrics and saved queries hung on it."""
    text = BASE.replace("denominator: sales.orders", "denominator: sales.revenue")
    old = text[text.index("  - {name: per_order") : text.index("saved_queries:")]
    found = changes("[sales.per_order]", "[sales.revenue]", text)  # the saved query asks for something else
    assert found["monthly"].breaking
    without = compare(
        catalog(text), catalog(text.replace(old, "").replace("[sales.per_order]", "[sales.orders]")), "duckdb"
    )
    removed = next(each for each in without if each.name == "sales.per_order")
    assert (removed.kind, removed.breaking, removed.saved_queries) == (ChangeType.REMOVED, True, ("monthly",))
    assert removed.sql.before is not None
    assert removed.sql.after is None


def test_dependents_are_named() -> None:
    """Who changes a metric sees every metric and saved query that is built on it."""
    revenue = changes("expr: amount", "expr: price")["sales.revenue"]
    assert revenue.metrics == ("sales.per_order",)
    assert revenue.saved_queries == ("monthly",)
    assert 'SUM(orders.amount) AS "sales.revenue"' in str(revenue.sql.before)
    assert 'SUM(orders.price) AS "sales.revenue"' in str(revenue.sql.after)


def test_renamed() -> None:
    """A metric that is gone while one of the same meaning came is told with its new name, and breaking still."""
    text = BASE.replace("denominator: sales.orders", "denominator: sales.revenue")
    found = changes("{name: orders, domain: sales", "{name: order_count, domain: sales", text)
    assert found["sales.orders"].renamed_to == "sales.order_count"
    assert found["sales.orders"].breaking
    assert found["sales.order_count"].kind is ChangeType.ADDED


def test_certification_lapses() -> None:
    """A changed definition says that what was vouched for is gone; the words alone keep it."""
    version = catalog(BASE).metrics["sales.revenue"].header.definition_version
    sealed = BASE.replace(
        "synonyms: [turnover]",
        f"certification: {{level: gold, by: a@b.c, at: '2026-01-01', definition_hash: '{version}'}}",
    )
    assert changes("expr: amount", "expr: price", sealed)["sales.revenue"].certification_lapsed
    assert not changes("Ordered.", "Sold.", sealed)["sales.revenue"].certification_lapsed


def test_to_draft_is_breaking() -> None:
    """An active metric that becomes a draft stops answering most callers."""
    assert changes("unit: EUR,", "unit: EUR, status: draft,")["sales.revenue"].breaking
    assert not changes("unit: EUR,", "unit: EUR, status: deprecated,")["sales.revenue"].breaking
