"""A dbt project in its legacy YAML, its latest YAML and as a manifest: imported, it answers over real tables."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from tests.importing.running.shop import Project, imported

LEGACY = """
semantic_models:
  - name: orders
    model: ref('orders')
    defaults: {agg_time_dimension: placed_at}
    entities:
      - {name: order, type: primary, expr: id}
      - {name: customer, type: foreign, expr: customer_id}
    dimensions:
      - {name: placed_at, type: time, type_params: {time_granularity: second}}
      - {name: status, type: categorical}
      - {name: is_large, type: categorical, expr: amount >= 50}
    measures:
      - {name: revenue, agg: sum, expr: amount, create_metric: true}
      - {name: margin, agg: sum, expr: amount - cost}
      - {name: orders, agg: count, expr: "1"}
      - {name: middle, agg: median, expr: amount}
      - {name: p90, agg: percentile, expr: amount, agg_params: {percentile: 0.9, use_discrete_percentile: true}}
      - {name: web_orders, agg: sum_boolean, expr: channel = 'web'}
  - name: customers
    model: ref('customers')
    entities:
      - {name: customer, type: primary, expr: id}
      - {name: country, type: foreign, expr: country_code}
    dimensions: [{name: name, type: categorical}]
  - name: countries
    model: ref('countries')
    entities: [{name: country, type: primary, expr: code}]
    dimensions: [{name: continent, type: categorical}]
  - name: lines
    model: ref('lines')
    primary_entity: line
    entities:
      - {name: order, type: foreign, expr: order_id}
      - {name: place, type: foreign, expr: "sku || '/' || depot"}
    dimensions: []
    measures: []
  - name: stock
    model: ref('stock')
    entities: [{name: place, type: primary, expr: "sku || '/' || depot"}]
    dimensions: [{name: shelf, type: categorical}]
  - name: visits
    model: ref('visits')
    defaults: {agg_time_dimension: visited_at}
    entities:
      - {name: visit, type: primary, expr: id}
      - {name: customer, type: foreign, expr: customer_id}
    dimensions:
      - {name: visited_at, type: time, type_params: {time_granularity: second}}
      - {name: page, type: categorical}
    measures: [{name: visits, agg: count, expr: "1"}]
  - name: balances
    model: ref('balances')
    primary_entity: balance
    defaults: {agg_time_dimension: counted_on}
    entities: [{name: account, type: foreign}]
    dimensions: [{name: counted_on, type: time, expr: day, type_params: {time_granularity: day}}]
    measures:
      - {name: balance, agg: sum, expr: amount, create_metric: true,
         non_additive_dimension: {name: counted_on, window_choice: max, window_groupings: [account]}}
metrics:
  - {name: orders, type: simple, type_params: {measure: orders}}
  - {name: margin, type: simple, type_params: {measure: margin}}
  - {name: middle, type: simple, type_params: {measure: middle}}
  - {name: p90, type: simple, type_params: {measure: p90}}
  - {name: web_orders, type: simple, type_params: {measure: web_orders}}
  - {name: visits, type: simple, type_params: {measure: {name: visits, fill_nulls_with: 0, join_to_timespine: true}}}
  - name: paid
    type: simple
    type_params: {measure: {name: revenue, filter: "{{ Dimension('order__status') }} = 'paid'"}}
    filter: ["{{ Dimension('order__is_large') }}", "{{ Entity('customer') }} IS NOT NULL"]
  - name: european
    type: simple
    type_params: {measure: revenue}
    filter: "{{ Dimension('country__continent', entity_path=['customer']) }} = 'Europe'"
  - name: big_buyers
    type: simple
    type_params: {measure: revenue}
    filter: "{{ Metric('orders', group_by=['customer']) }} > 1"
  - name: margin_rate
    type: ratio
    type_params:
      numerator: margin
      denominator: {name: revenue, filter: "{{ Dimension('order__status') }} <> 'void'", alias: kept}
  - name: growth
    type: derived
    type_params:
      expr: now - before
      metrics: [{name: revenue, alias: now}, {name: revenue, alias: before, offset_window: 7 days}]
  - name: since_month_began
    type: derived
    type_params:
      expr: revenue - start
      metrics: [{name: revenue}, {name: revenue, alias: start, offset_to_grain: month}]
  - {name: last_30, type: cumulative, type_params: {measure: revenue, window: 30 days}}
  - name: this_month
    type: cumulative
    type_params: {measure: revenue, cumulative_type_params: {grain_to_date: month, period_agg: last}}
  - {name: ever, type: cumulative, type_params: {measure: revenue, cumulative_type_params: {period_agg: average}}}
  - name: bought
    type: conversion
    type_params:
      conversion_type_params: {entity: customer, calculation: conversions, base_measure: visits,
                               conversion_measure: orders, window: 7 days}
saved_queries:
  - name: by_country
    query_params:
      metrics: [revenue]
      group_by: ["Dimension('customer__country__continent')", "TimeDimension('metric_time', 'month')"]
      where: ["{{ Dimension('order__status') }} = 'paid'"]
"""
SPINE = """
models:
  - name: days
    time_spine: {standard_granularity_column: day, custom_granularities: [{name: period}]}
    columns: [{name: day, granularity: day}]
"""
WITH_PLACES = """
FROM shop.orders o LEFT JOIN shop.customers c ON c.id = o.customer_id LEFT JOIN shop.countries n ON n.code = c.country_code
"""
DAYS = "shop.days d"
SAME_MONTH = "date_trunc('month', o.placed_at) = date_trunc('month', d.day)"


def cumulative(condition: str, *, day: str = "o.placed_at::DATE") -> str:
    """Write the sum of amounts over rows that count at each day of the spine."""
    return (
        f"SELECT d.day AS day, sum(o.amount) AS total FROM {DAYS} JOIN shop.orders o ON {day} <= d.day AND {condition} "
        "GROUP BY d.day"
    )


CASES: list[tuple[dict, str]] = [
    ({"metrics": ["revenue", "orders", "margin", "middle", "p90", "web_orders"]},
     "SELECT sum(amount), count(*), sum(amount - cost), median(amount), 90, 5 FROM shop.orders"),
    ({"metrics": ["revenue"], "group_by": ["order__status", "order__is_large"]},
     "SELECT status, amount >= 50, sum(amount) FROM shop.orders GROUP BY 1, 2"),
    ({"metrics": ["revenue"], "group_by": ["customer__country__continent", "customer__name"]},
     f"SELECT continent, c.name, sum(amount) {WITH_PLACES} GROUP BY 1, 2"),
    ({"metrics": ["orders"], "group_by": ["metric_time"]}, "SELECT placed_at::DATE, count(*) FROM shop.orders GROUP BY 1"),
    ({"metrics": ["orders"], "group_by": ["metric_time__hour"]},
     "SELECT date_trunc('hour', placed_at), count(*) FROM shop.orders GROUP BY 1"),
    ({"metrics": ["revenue"], "group_by": ["metric_time__period"]},
     "SELECT date_trunc('month', placed_at)::DATE, sum(amount) FROM shop.orders GROUP BY 1"),
    ({"metrics": ["revenue"], "group_by": ["metric_time__month"], "time_zone": "Europe/Berlin"},
     "SELECT date_trunc('month', timezone('Europe/Berlin', timezone('UTC', placed_at))), sum(amount) FROM shop.orders "
     "GROUP BY 1"),
    ({"metrics": ["paid", "european", "big_buyers"]}, "SELECT 150, 190, 190"),
    ({"metrics": ["european"], "group_by": ["customer__country"]},
     f"SELECT c.country_code, sum(amount) {WITH_PLACES} WHERE continent = 'Europe' GROUP BY 1"),
    ({"metrics": ["margin_rate"], "group_by": ["order__status"]},
     "SELECT status, sum(amount - cost) / nullif(sum(amount) FILTER (WHERE status <> 'void'), 0) FROM shop.orders GROUP BY 1"),
    ({"metrics": ["growth"], "group_by": ["metric_time__month"]},
     "SELECT coalesce(a.m, b.m), a.total - b.total FROM (SELECT date_trunc('month', placed_at) AS m, sum(amount) AS total "
     "FROM shop.orders GROUP BY 1) a FULL JOIN (SELECT date_trunc('month', placed_at::DATE + 7) AS m, sum(amount) AS total "
     "FROM shop.orders GROUP BY 1) b USING (m)"),
    ({"metrics": ["last_30"], "group_by": ["metric_time__day"]}, cumulative("o.placed_at::DATE > d.day - 30")),
    ({"metrics": ["this_month"], "group_by": ["metric_time__month"]},
     "SELECT date_trunc('month', day), arg_max(total, day) FROM "
     f"({cumulative(SAME_MONTH)}) GROUP BY 1"),
    ({"metrics": ["ever"], "group_by": ["metric_time__month"]},
     f"SELECT date_trunc('month', day), avg(total) FROM ({cumulative('true')}) GROUP BY 1"),
    ({"metrics": ["bought"], "group_by": ["visit__page"]}, "SELECT * FROM (VALUES ('home', 2), ('deal', 2)) AS t(a, b)"),
    ({"metrics": ["balance"], "group_by": ["metric_time__month"]},
     "SELECT date_trunc('month', day), sum(amount) FROM (SELECT *, row_number() OVER (PARTITION BY account, "
     "date_trunc('month', day) ORDER BY day DESC) AS n FROM shop.balances) WHERE n = 1 GROUP BY 1"),
    ({"metrics": ["balance"], "group_by": ["account"]}, "SELECT * FROM (VALUES (1, 90), (2, 40)) AS t(a, b)"),
    ({"metrics": ["revenue", "visits"], "group_by": ["customer"]},
     "SELECT coalesce(o.customer_id, v.customer_id), o.a, coalesce(v.n, 0) FROM (SELECT customer_id, sum(amount) AS a FROM "
     "shop.orders GROUP BY 1) o FULL JOIN (SELECT customer_id, count(*) AS n FROM shop.visits GROUP BY 1) v "
     "ON o.customer_id IS NOT DISTINCT FROM v.customer_id"),
    ({"metrics": ["visits"], "group_by": ["metric_time__month"]},
     "SELECT date_trunc('month', d.day), count(v.id) FROM shop.days d LEFT JOIN shop.visits v ON v.visited_at::DATE = d.day "
     "GROUP BY 1"),
    ({"saved_query": "by_country"},
     f"SELECT continent, date_trunc('month', placed_at), sum(amount) {WITH_PLACES} WHERE status = 'paid' GROUP BY 1, 2"),
]  # fmt: skip


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    files = {"models/shop.yml": LEGACY, "models/days.yml": SPINE}
    return imported(tmp_path_factory.mktemp("dbt"), "dbt", files, "--schema", "shop")


def test_the_legacy_spec_answers(project: Project) -> None:
    project.check(CASES)
