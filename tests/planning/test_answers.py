"""What questions mean, in numbers: each beside SQL written by hand."""

from __future__ import annotations

from datetime import date

import duckdb
import pytest
from tests.planning.shop import ask, compiled, oracle, planned

from metricgate.catalog.catalog_loader import load
from metricgate.catalog.filters import parse_filter
from metricgate.planning.plan import Plan
from metricgate.planning.planner import Planner
from metricgate.planning.question import Question, TimeRange
from metricgate.vocabulary.problem import Problems

ORDERS = "orders o LEFT JOIN customers c ON o.customer_id = c.id LEFT JOIN nations n ON c.nation_id = n.id"


@pytest.mark.parametrize(
    ("metric", "sql"),
    [
        ("sales.revenue", "SUM(amount)"),
        ("sales.orders", "COUNT(*)"),
        ("sales.buyers", "COUNT(DISTINCT customer_id)"),
        ("sales.gifts", "COUNT(*) FILTER (WHERE gift)"),
        ("sales.average_amount", "AVG(amount::DOUBLE)"),
        ("sales.smallest", "MIN(amount)"),
        ("sales.largest", "MAX(amount)"),
        ("sales.middle", "MEDIAN(amount::DOUBLE)"),
        ("sales.p75", "QUANTILE_CONT(amount::DOUBLE, 0.75)"),
        ("sales.p75_seen", "QUANTILE_DISC(amount, 0.75)"),
        ("sales.average_order", "SUM(amount)::DOUBLE / NULLIF(COUNT(*), 0)"),
        ("sales.open_share", "COUNT(*) FILTER (WHERE status = 'open')::DOUBLE / NULLIF(COUNT(*), 0)"),
        ("sales.closed_value", "SUM(amount) FILTER (WHERE status = 'closed')"),
    ],
)
def test_each_aggregation_alone_and_by_month(metric, sql):
    """Every aggregation equals the hand-written one, without groups and by a time's grain."""
    assert ask(metric) == oracle(f"SELECT {sql} FROM orders")
    where = "WHERE status = 'closed'" if metric == "sales.closed_value" else ""
    assert ask(metric, by=("metric_time__month",)) == oracle(
        f"SELECT date_trunc('month', ordered_on)::DATE, {sql} FROM orders {where} GROUP BY 1 ORDER BY 1 NULLS LAST"
    )


def test_orphans_and_null_keys_are_kept():
    """Rows whose key is NULL or finds no partner stay, under NULL."""
    assert ask("sales.revenue", by=("customer__segment",)) == oracle(
        f"SELECT c.segment, SUM(amount) FROM {ORDERS} GROUP BY 1 ORDER BY 1 NULLS LAST"
    )
    assert sum(row[1] for row in ask("sales.orders", by=("customer__segment",))) == 9


def test_several_hops():
    """A member two joins away, by its whole name, is the same as by its suffix."""
    expected = oracle(f"SELECT n.name, SUM(amount) FROM {ORDERS} GROUP BY 1 ORDER BY 1 NULLS LAST")
    assert ask("sales.revenue", by=("customer__nation__name",)) == expected
    assert ask("sales.revenue", by=("nation__name",)) == expected


def test_three_hops_from_the_finest_fact():
    """Items reach the nation by order and customer; every item counts once."""
    assert ask("finance.quantity", by=("order__customer__nation__name",)) == oracle(
        "SELECT n.name, SUM(quantity) FROM items i LEFT JOIN orders o ON i.order_id = o.id LEFT JOIN customers c "
        "ON o.customer_id = c.id LEFT JOIN nations n ON c.nation_id = n.id GROUP BY 1 ORDER BY 1 NULLS LAST"
    )


def test_two_facts_are_aggregated_apart():
    """Orders and visits of one customer do not multiply each other, and neither loses groups of its own."""
    assert ask("sales.revenue", "web.pages", "web.visits", by=("customer__segment",)) == oracle(
        """
        WITH o AS (SELECT segment, SUM(amount) r FROM orders LEFT JOIN customers c ON customer_id = c.id GROUP BY 1),
        v AS (SELECT segment, SUM(pages) p, COUNT(*) n FROM visits
              LEFT JOIN customers c ON customer_id = c.id GROUP BY 1)
        SELECT COALESCE(o.segment, v.segment), r, p, COALESCE(n, 0)
        FROM o FULL JOIN v ON o.segment IS NOT DISTINCT FROM v.segment ORDER BY 1 NULLS LAST
        """
    )


def test_three_facts_by_two_keys_with_nulls():
    """Three scans on two keys, one of them NULL in each: one row per pair of keys, counts 0 and sums NULL."""
    rows = ask("sales.revenue", "web.visits", "finance.quantity", by=("customer__segment", "metric_time__month"))
    assert len({row[:2] for row in rows}) == len(rows)
    assert sum(row[2] or 0 for row in rows) == 380
    assert sum(row[3] for row in rows) == 6
    assert sum(row[4] or 0 for row in rows) == 23
    assert (None, None) in {row[:2] for row in rows}


def test_without_groups_there_is_one_row():
    """Also where nothing fits: counts are 0, sums NULL; several facts make one row, too."""
    nothing = {"member": "customer__segment", "op": "=", "value": "no such"}
    assert ask("sales.orders", "sales.revenue", "sales.buyers", "sales.gifts", where=where(nothing)) == [
        (0, None, 0, 0)
    ]
    assert ask("sales.orders", "web.visits") == [(9, 6)]
    assert ask("sales.orders", "web.visits", "sales.revenue", where=where(nothing)) == [(0, 0, None)]


def test_ratio_over_two_models():
    """Numerator and denominator are aggregated apart; no visits means NULL, not an error."""
    rows = dict(ask("web.conversion", by=("customer__segment",)))
    assert rows == {"retail": 1.0, "trade": 2.0, None: 1.5, "100%_!x": None}


def test_nested_derived_with_a_filter():
    """A derived metric of derived ones keeps every filter on the way down."""
    assert ask("finance.kept") == oracle(
        "SELECT SUM(price * quantity) FILTER (WHERE flag <> 'R') - SUM(quantity) FROM items"
    )
    assert ask("finance.kept_twice") == [(2 * (166 - 23 + 9),)]
    assert ask("sales.retail_average") == oracle(
        "SELECT SUM(amount)::DOUBLE / COUNT(*) FROM orders o JOIN customers c ON customer_id = c.id "
        "WHERE segment = 'retail' AND status = 'closed'"
    )


def test_filters_of_metrics_on_a_shared_scan():
    """Two filtered metrics share one scan; a group in which neither has a row does not appear."""
    plan = planned("sales.open_orders", "sales.closed_value", by=("customer__segment",))
    assert len(plan.scans) == 1
    assert ask("sales.open_orders", "sales.closed_value", by=("customer__segment",)) == oracle(
        "SELECT c.segment, COUNT(*) FILTER (WHERE status = 'open'), SUM(amount) FILTER (WHERE status = 'closed') "
        f"FROM {ORDERS} WHERE status IN ('open', 'closed') GROUP BY 1 ORDER BY 1 NULLS LAST"
    )
    months = ask("sales.open_orders", "sales.closed_value", by=("order__ordered_on__month",))
    assert not any(row[1] == 0 and row[2] is None for row in months)


def test_a_metric_filter_reads_its_own_model_first():
    """``status`` in a metric on orders means the orders' status although items have one, too."""
    assert ask("sales.closed_value") == [(190,)]


def test_role_playing_relationships():
    """The same model in two roles is two joins, each with its own key."""
    assert ask("sales.orders", by=("ship_to__city", "bill_to__city")) == oracle(
        "SELECT s.city, b.city, COUNT(*) FROM orders o LEFT JOIN places s ON ship_place = s.id LEFT JOIN places b ON "
        "bill_place = b.id GROUP BY 1, 2 ORDER BY 1 NULLS LAST, 2 NULLS LAST"
    )


def test_an_entity_groups():
    """A key itself may group; the metric's own column is used, so that orphans keep their key."""
    assert ask("sales.orders", by=("customer",)) == oracle(
        "SELECT customer_id, COUNT(*) FROM orders GROUP BY 1 ORDER BY 1 NULLS LAST"
    )


@pytest.mark.parametrize("grain", ["day", "week", "month", "quarter", "year"])
def test_every_grain_of_a_date(grain):
    """A date is cut to each grain and stays a date."""
    assert ask("sales.orders", by=(f"metric_time__{grain}",)) == oracle(
        f"SELECT date_trunc('{grain}', ordered_on)::DATE, COUNT(*) FROM orders GROUP BY 1 ORDER BY 1 NULLS LAST"
    )


@pytest.mark.parametrize("grain", ["second", "minute", "hour", "day", "week", "month"])
def test_every_grain_of_a_timestamp(grain):
    """A timestamp is cut to each grain; from day on it is a date."""
    kind = "TIMESTAMP" if grain in {"second", "minute", "hour"} else "DATE"
    assert ask("sales.clicks", by=(f"metric_time__{grain}",)) == oracle(
        f"SELECT date_trunc('{grain}', placed_at)::{kind}, COUNT(*) FROM orders GROUP BY 1 ORDER BY 1 NULLS LAST"
    )


def test_plain_metric_time_is_the_coarsest_own_grain():
    """Visits are known by month, orders by day: together metric_time is by month, and the column says so."""
    assert planned("sales.orders", by=("metric_time",)).columns[0].name == "metric_time__day"
    plan = planned("sales.orders", "web.visits", by=("metric_time",))
    assert plan.columns[0].name == "metric_time__month"


def test_order_limit_and_offset():
    """Rows come as asked, ties settled by the group-bys, NULL last also when descending."""
    rows = ask("sales.revenue", by=("order",), order=("-revenue",))
    assert [row[0] for row in rows] == [9, 8, 6, 5, 4, 3, 2, 1, 7]
    assert ask("sales.revenue", by=("order",), order=("-sales.revenue",), limit=2, offset=1) == rows[1:3]
    by_segment = ask("sales.orders", by=("customer__segment",), order=("-customer__segment",))
    assert [row[0] for row in by_segment] == ["trade", "retail", "100%_!x", None]


def where(raw):
    """Parse a filter as a caller writes it."""
    from metricgate.catalog.filters import parse_filter

    return parse_filter(raw)


def test_an_interpolated_percentile_of_decimals_is_not_cut_at_their_scale():
    """DuckDB cuts an interpolated DECIMAL(12, 2) at two places; the answer keeps what lies between."""
    models = """
semantic_models:
  - name: prices
    source: prices
    entities: [{name: price, type: primary, expr: id}]
    metrics:
      - {name: p10, type: simple, agg: percentile, percentile: 0.1, expr: price}
      - {name: middle, type: simple, agg: median, expr: price}
"""
    loaded = load([("prices.yaml", models)])
    assert not isinstance(loaded, Problems), str(loaded)
    found = Planner(loaded).plan(Question(metrics=("p10", "middle")))
    assert isinstance(found, Plan), str(found)
    statement = compiled(found)
    connection = duckdb.connect()
    connection.execute(
        "CREATE TABLE prices AS SELECT * FROM (VALUES (1, 0.01::DECIMAL(12, 2)), (2, 0.04)) t(id, price)"
    )
    assert connection.execute(statement.sql).fetchall() == [pytest.approx((0.013, 0.025))]


def test_a_condition_on_another_metric_says_that_no_range_bounds_it():
    """Over a range the answer's notes say so; without one there is nothing to say."""
    where = parse_filter({"metric": "sales.orders", "group_by": ["customer"], "op": ">", "value": 1})
    ranged = planned(
        "sales.revenue", where=where, time_range=TimeRange(start=date(2024, 1, 1), before=date(2024, 2, 1))
    )
    told = "The condition on sales.orders by customer compares its value of all time: the range does not bound it."
    assert told in ranged.explanation.notes
    assert told not in planned("sales.revenue", where=where).explanation.notes
