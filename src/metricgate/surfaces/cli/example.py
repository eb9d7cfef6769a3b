"""The project that ``metricgate init`` writes: small, commented, valid, and honest about what it needs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_SETTINGS = """\
# A Metricgate project. Paths are relative to this folder; unknown keys are refused.
project: example
paths:
  semantic_models: semantic_models   # what there is to ask
  policies: policies                 # who may ask what
  state: .metricgate                 # ledger, keys; keep it out of version control
warehouse:
  kind: duckdb
  file: warehouse.duckdb             # opened read-only
listen:
  host: 127.0.0.1
  port: 8321
# Secrets never stand here; docs/settings.md lists the environment variables.
"""

_MODELS = """\
# One semantic model per table: its keys, and what can be grouped and filtered by.
semantic_models:
  - name: orders
    description: One row per order.
    owner: data-team@example.com
    source: main.orders
    agg_time_dimension: ordered_on
    entities:
      - {name: order, type: primary, expr: order_id}
      - {name: customer, type: foreign, expr: customer_id}
    dimensions:
      - {name: ordered_on, type: time, granularity: day, description: The day the order came in.}
      - {name: status, type: categorical, description: "open, shipped or cancelled."}
  - name: customers
    description: One row per customer.
    owner: data-team@example.com
    source: main.customers
    entities:
      - {name: customer, type: primary, expr: customer_id}
    dimensions:
      - {name: country, type: categorical, description: Country of the billing address.}

# One definition per metric. It is asked for as domain.name: sales.revenue.
metrics:
  - name: revenue
    domain: sales
    owner: sales-team@example.com
    description: Value of all orders that were not cancelled, at the day they came in.
    synonyms: [turnover]
    type: simple
    semantic_model: orders
    agg: sum
    expr: amount
    filter: {member: order__status, op: "!=", value: cancelled}
  - name: order_count
    domain: sales
    owner: sales-team@example.com
    description: Number of orders, cancelled ones included.
    type: simple
    semantic_model: orders
    agg: count
    expr: order_id
"""

_POLICY = """\
# Who may do what. What no rule allows is denied.
version: 1

roles:
  - name: sales
    description: The sales team and its agents.
    members: [agent:example-agent, user:ana@example.com]

grants:
  - id: everyone-may-look-up
    roles: [everyone]
    actions: [call]
    on: [tool:search_catalog, tool:describe_metric, tool:get_receipt]
  - id: sales-may-ask
    roles: [sales]
    actions: [call]
    on: [tool:query_metrics, tool:explain_query, tool:list_dimension_values]
  - id: sales-reads-sales
    roles: [sales]
    actions: [describe, query]
    on: [metric:sales.*]
  - id: sales-data
    roles: [sales]
    actions: [describe, query, list_values]
    on: [dataset:orders, dataset:customers, dimension:orders.*, dimension:customers.*]

limits:
  - {id: usual-limits, roles: [everyone], rows: 10000, seconds: 30}

# `metricgate policy test` runs these.
tests:
  - name: the agent reads sales figures
    as: {agent: example-agent, user: ana@example.com}
    do: query
    on: [metric:sales.revenue, dataset:orders]
    expect: allow
    rules: [sales-reads-sales]
  - name: a stranger does not
    as: {agent: stranger}
    do: query
    on: [metric:sales.revenue, dataset:orders]
    expect: deny
"""

EXAMPLE: Final[Mapping[str, str]] = {
    "metricgate.yaml": _SETTINGS,
    "semantic_models/sales.yaml": _MODELS,
    "policies/policy.yaml": _POLICY,
}
"""Files by their path in the project folder."""
