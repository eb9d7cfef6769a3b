"""A small shop with every trap in it: orphans, NULL keys, two facts on one dimension, roles, clocks, a diamond."""

from __future__ import annotations

from functools import cache

import duckdb

from metricgate.catalog.catalog import Catalog
from metricgate.catalog.catalog_loader import load
from metricgate.compiling.compiler import compile_plan
from metricgate.compiling.statement import Statement
from metricgate.planning.member_resolver import split_grain
from metricgate.planning.plan import Plan
from metricgate.planning.planner import Planner
from metricgate.planning.question import GroupBy, Ordering, Question
from metricgate.vocabulary.obligation import NO_OBLIGATIONS, Obligations
from metricgate.vocabulary.problem import Problems

MODELS = """
semantic_models:
  - name: orders
    source: main.orders
    agg_time_dimension: ordered_on
    entities:
      - {name: order, type: primary, expr: id}
      - {name: customer, type: foreign, expr: customer_id}
    relationships:
      - {name: ship_to, to: places, from_columns: ship_place, to_columns: id}
      - {name: bill_to, to: places, from_columns: bill_place, to_columns: id}
    dimensions:
      - {name: ordered_on, type: time, granularity: day}
      - {name: placed_at, type: time, granularity: second, time_zone: UTC}
      - {name: status, type: categorical}
      - {name: gift, type: categorical}
  - name: items
    source: main.items
    agg_time_dimension: shipped_on
    entities:
      - {name: item, type: primary, expr: id}
      - {name: order, type: foreign, expr: order_id}
    dimensions:
      - {name: shipped_on, type: time, granularity: day}
      - {name: flag, type: categorical}
      - {name: status, type: categorical, expr: item_status}
  - name: visits
    source: main.visits
    agg_time_dimension: visited_on
    entities:
      - {name: visit, type: primary, expr: id}
      - {name: customer, type: foreign, expr: customer_id}
    dimensions:
      - {name: visited_on, type: time, granularity: month}
      - {name: channel, type: categorical}
      - {name: gift, type: categorical, expr: channel = 'web'}
  - name: customers
    source: main.customers
    entities:
      - {name: customer, type: primary, expr: id}
      - {name: nation, type: foreign, expr: nation_id}
    dimensions:
      - {name: segment, type: categorical}
      - {name: signed_at, type: time, granularity: second, time_zone: America/New_York}
  - name: nations
    source: main.nations
    entities:
      - {name: nation, type: primary, expr: id}
    dimensions:
      - {name: name, type: categorical}
  - name: places
    source: main.places
    entities:
      - {name: place, type: primary, expr: id}
    dimensions:
      - {name: city, type: categorical}
  - name: islands
    source: main.islands
    entities:
      - {name: island, type: primary, expr: id}
    dimensions:
      - {name: climate, type: categorical}
"""

METRICS = """
metrics:
  - {name: revenue, domain: sales, owner: sales team, description: What was ordered., type: simple,
     semantic_model: orders, agg: sum, expr: amount}
  - {name: revenue, domain: finance, owner: finance team, description: What was shipped and kept., type: simple,
     semantic_model: items, agg: sum, expr: price * quantity, filter: {member: flag, op: "!=", value: R}}
  - {name: orders, domain: sales, description: Orders., type: simple, semantic_model: orders, agg: count, expr: "1"}
  - {name: buyers, domain: sales, description: Buyers., type: simple, semantic_model: orders, agg: count_distinct,
     expr: customer_id}
  - {name: open_orders, domain: sales, description: Open orders., type: simple, semantic_model: orders, agg: count,
     expr: "1", filter: "{{ Dimension('order__status') }} = 'open'"}
  - {name: closed_value, domain: sales, description: Value of closed orders., type: simple, semantic_model: orders,
     agg: sum, expr: amount, filter: {member: status, op: "=", value: closed}}
  - {name: retail_value, domain: sales, description: Value of retail orders., type: simple, semantic_model: orders,
     agg: sum, expr: amount, filter: {member: customer__segment, op: "=", value: retail}}
  - {name: gifts, domain: sales, description: Gifts., type: simple, semantic_model: orders, agg: sum_boolean,
     expr: gift}
  - {name: average_amount, domain: sales, description: Mean., type: simple, semantic_model: orders, agg: average,
     expr: CAST(amount AS DOUBLE)}
  - {name: smallest, domain: sales, description: Least., type: simple, semantic_model: orders, agg: min, expr: amount}
  - {name: largest, domain: sales, description: Most., type: simple, semantic_model: orders, agg: max, expr: amount}
  - {name: middle, domain: sales, description: Median., type: simple, semantic_model: orders, agg: median,
     expr: CAST(amount AS DOUBLE)}
  - {name: p75, domain: sales, description: Three of four., type: simple, semantic_model: orders, agg: percentile,
     percentile: 0.75, percentile_type: continuous, expr: CAST(amount AS DOUBLE)}
  - {name: p75_seen, domain: sales, description: Three of four., type: simple, semantic_model: orders,
     agg: percentile, percentile: 0.75, percentile_type: discrete, expr: amount}
  - {name: clicks, domain: sales, description: By the moment., type: simple, semantic_model: orders, agg: count,
     expr: "1", agg_time_dimension: placed_at}
  - {name: visits, domain: web, description: Visits., type: simple, semantic_model: visits, agg: count, expr: "1"}
  - {name: pages, domain: web, description: Pages seen., type: simple, semantic_model: visits, agg: sum, expr: pages}
  - {name: quantity, domain: finance, description: Pieces., type: simple, semantic_model: items, agg: sum,
     expr: quantity}
  - {name: customers, domain: sales, description: Known., type: simple, semantic_model: customers, agg: count,
     expr: "1"}
  - {name: average_order, domain: sales, description: Mean order., type: ratio, numerator: sales.revenue,
     denominator: sales.orders}
  - {name: open_share, domain: sales, description: Share., type: ratio,
     numerator: {name: sales.orders, filter: {member: status, op: "=", value: open}}, denominator: sales.orders}
  - {name: conversion, domain: web, description: Orders per visit., type: ratio, numerator: sales.orders,
     denominator: web.visits}
  - {name: kept, domain: finance, description: Kept minus quantity., type: derived, expr: r - q,
     input_metrics: [{name: finance.revenue, alias: r}, {name: finance.quantity, alias: q}]}
  - {name: kept_twice, domain: finance, status: draft, description: Nested., type: derived, expr: 2 * (k + o),
     input_metrics: [{name: finance.kept, alias: k}, {name: sales.orders, alias: o}]}
  - {name: retail_average, domain: sales, description: Nested filters., type: derived, expr: a,
     filter: "{{ Dimension('customer__segment') }} = 'retail'",
     input_metrics: [{name: sales.average_order, alias: a,
                      filter: {member: order__status, op: "=", value: closed}}]}
"""

TABLES = """
CREATE TABLE nations(id INTEGER, name VARCHAR);
INSERT INTO nations VALUES (1, 'FR'), (2, 'DE'), (3, NULL);
CREATE TABLE customers(id INTEGER, segment VARCHAR, nation_id INTEGER, signed_at TIMESTAMP);
INSERT INTO customers VALUES
  (1, 'retail', 1, '2024-01-01 23:30:00'), (2, 'trade', 2, '2024-03-10 01:30:00'), (3, NULL, 3, NULL),
  (4, 'retail', 9, '2024-11-03 01:30:00'), (5, '100%_!x', 2, '2024-05-05 12:00:00');
CREATE TABLE places(id INTEGER, city VARCHAR);
INSERT INTO places VALUES (1, 'Lyon'), (2, 'Bonn'), (3, NULL);
CREATE TABLE islands(id INTEGER, climate VARCHAR);
CREATE TABLE orders(id INTEGER, customer_id INTEGER, ship_place INTEGER, bill_place INTEGER, ordered_on DATE,
  placed_at TIMESTAMP, status VARCHAR, gift BOOLEAN, amount DECIMAL(12, 2));
INSERT INTO orders VALUES
  (1, 1, 1, 2, '2024-01-15', '2024-01-15 03:00:00', 'open', true, 10),
  (2, 1, 2, 2, '2024-01-20', '2024-01-20 12:00:00', 'closed', false, 20),
  (3, 2, 1, 1, '2024-02-01', '2024-02-01 04:59:59', 'closed', NULL, 30),
  (4, 3, 3, 1, '2024-02-29', '2024-02-29 23:00:00', NULL, true, 40),
  (5, NULL, NULL, NULL, '2024-03-10', '2024-03-10 06:59:59', 'open', false, 50),
  (6, 99, 9, 1, '2024-03-10', '2024-03-10 07:00:00', 'closed', true, 60),
  (7, 4, 1, 3, NULL, NULL, 'open', false, NULL),
  (8, 5, 2, 2, '2024-11-03', '2024-11-03 05:30:00', 'closed', true, 80),
  (9, 2, 1, 2, '2024-11-03', '2024-11-03 06:30:00', 'open', false, 90);
CREATE TABLE items(id INTEGER, order_id INTEGER, shipped_on DATE, flag VARCHAR, item_status VARCHAR, price INTEGER,
  quantity INTEGER);
INSERT INTO items VALUES
  (1, 1, '2024-01-16', 'A', 'x', 5, 1), (2, 1, '2024-02-16', 'R', 'x', 5, 1), (3, 2, '2024-01-25', 'A', 'y', 4, 5),
  (4, 3, '2024-02-02', 'R', 'y', 30, 1), (5, 4, NULL, 'A', 'x', 20, 2), (6, 77, '2024-05-01', 'A', 'z', 7, 3),
  (7, NULL, '2024-05-02', NULL, 'z', 9, 9), (8, 8, '2024-12-01', 'A', 'x', 80, 1);
CREATE TABLE visits(id INTEGER, customer_id INTEGER, visited_on DATE, channel VARCHAR, pages INTEGER);
INSERT INTO visits VALUES
  (1, 1, '2024-01-01', 'web', 3), (2, 1, '2024-01-01', 'app', 4), (3, NULL, '2024-02-01', 'web', 5),
  (4, 4, '2024-04-01', 'app', NULL), (5, 88, NULL, NULL, 7), (6, 2, '2024-03-01', 'web', 1);
"""

Rows = list[tuple[object, ...]]


@cache
def catalog() -> Catalog:
    """Return the shop's catalog; it must load without problems."""
    loaded = load([("models.yaml", MODELS), ("metrics.yaml", METRICS)])
    assert not isinstance(loaded, Problems), str(loaded)
    return loaded


@cache
def planner() -> Planner:
    """Return the shop's planner."""
    return Planner(catalog())


@cache
def warehouse() -> duckdb.DuckDBPyConnection:
    """Return the shop's tables."""
    connection = duckdb.connect()
    connection.execute(TABLES)
    return connection


def question(*metrics: str, by: tuple[str, ...] = (), order: tuple[str, ...] = (), **rest: object) -> Question:
    """Write a question the short way: members with grain suffixes, ``-x`` sorts descending."""
    return Question(
        metrics=metrics,
        group_by=tuple(GroupBy(member=member, grain=grain) for member, grain in map(split_grain, by)),
        order_by=tuple(Ordering(column=each.removeprefix("-"), descending=each.startswith("-")) for each in order),
        **rest,
    )


def planned(*metrics: str, **rest: object) -> Plan:
    """Plan a question that must be sound."""
    found = planner().plan(question(*metrics, **rest))
    assert isinstance(found, Plan), str(found)
    return found


def refused(*metrics: str, **rest: object) -> Problems:
    """Plan a question that must be refused."""
    found = planner().plan(question(*metrics, **rest))
    assert isinstance(found, Problems), found
    return found


def compiled(plan: Plan, obligations: Obligations = NO_OBLIGATIONS, dialect: str = "duckdb") -> Statement:
    """Compile a plan that must compile."""
    statement = compile_plan(plan, obligations, dialect)
    assert isinstance(statement, Statement), str(statement)
    return statement


def run(statement: Statement) -> Rows:
    """Run the statement on the shop's tables."""
    return warehouse().execute(statement.sql, list(statement.parameters)).fetchall()


def ask(*metrics: str, obligations: Obligations = NO_OBLIGATIONS, **rest: object) -> Rows:
    """Answer a question."""
    return run(compiled(planned(*metrics, **rest), obligations))


def oracle(sql: str) -> Rows:
    """Run SQL written by hand."""
    return warehouse().execute(sql).fetchall()
