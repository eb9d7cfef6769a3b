"""Export to dbt's latest spec, read back by our own importer: the same meaning, or told."""

from __future__ import annotations

from pathlib import Path

from metricgate.catalog.catalog import Catalog
from metricgate.catalog.catalog_loader import load
from metricgate.documents.yaml_writer import to_yaml
from metricgate.exporting.dbt import export_dbt
from metricgate.exporting.definitions import Exported
from metricgate.importing.dbt import import_dbt
from metricgate.importing.report import Imported

ROOT = Path(__file__).parents[2]
PROJECT = [
    (path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8"))
    for path in sorted((ROOT / "semantic_models").rglob("*.yaml"))
]
SAME = """
semantic_models:
  - name: orders
    source: orders
    agg_time_dimension: placed_on
    entities: [{name: order, type: primary, expr: id}, {name: visitor, type: foreign, expr: visitor_id}]
    dimensions:
      - {name: status, type: categorical, expr: UPPER(state)}
      - {name: page, type: categorical}
      - {name: placed_on, type: time, expr: placed, granularity: day}
  - name: visits
    source: visits
    agg_time_dimension: visited_on
    entities: [{name: visit, type: primary, expr: id}, {name: visitor, type: foreign, expr: visitor_id}]
    dimensions: [{name: visited_on, type: time, granularity: day}, {name: page, type: categorical}]
  - name: balances
    source: balances
    primary_entity: balance
    agg_time_dimension: counted_on
    entities: [{name: account, type: foreign, expr: account_id}]
    dimensions: [{name: counted_on, type: time, granularity: day}]
  - name: prices
    source: prices
    primary_entity: product
    entities: [{name: product, type: natural, expr: product_id}]
    dimensions:
      - {name: valid_from, type: time, granularity: day, validity: start}
      - {name: valid_to, type: time, granularity: day, validity: end}
      - {name: loaded_on, type: time, granularity: day, is_partition: true}
metrics:
  - {name: revenue, type: simple, semantic_model: orders, agg: sum, expr: amount * (1 - discount), fill_nulls_with: 0}
  - {name: paid, type: simple, semantic_model: orders, agg: sum, expr: amount,
     filter: "{{ Dimension('order__status') }} = 'PAID'"}
  - {name: buyers, type: simple, semantic_model: orders, agg: count_distinct, expr: visitor_id}
  - {name: slow, type: simple, semantic_model: orders, agg: percentile, expr: days, percentile: 0.95,
     percentile_type: discrete, use_approximate_percentile: true}
  - {name: seen, type: simple, semantic_model: visits, agg: sum, expr: 1, join_to_timespine: true}
  - {name: balance, type: simple, semantic_model: balances, agg: sum, expr: amount,
     non_additive_dimension: {name: counted_on, window_choice: max, window_groupings: [account]}}
  - {name: share, type: ratio, numerator: {name: revenue, filter: "{{ Dimension('order__page') }} = 'a'"},
     denominator: revenue}
  - {name: growth, type: derived, expr: revenue - before,
     input_metrics: [revenue, {name: revenue, alias: before, offset_window: 1 month}]}
  - {name: running, type: cumulative, input_metric: revenue, window: 7 days, period_agg: last}
  - {name: to_date, type: cumulative, input_metric: revenue, grain_to_date: month}
  - {name: funnel, type: conversion, entity: visitor, base_metric: seen, conversion_metric: buyers, window: 7 days,
     constant_properties: [{base_property: page, conversion_property: page}]}
  - {name: weekly, type: simple, semantic_model: orders, agg: average, expr: amount, time_granularity: week,
     filter: "{{ Metric('seen', group_by=['visitor']) }} > 2.50"}
saved_queries:
  - {name: q, query_params: {metrics: [revenue], group_by: [order__page, metric_time__day], order_by: [-revenue]}}
time_spines:
  - {name: days, source: days, column: day, granularity: day,
     custom_granularities: [{name: fiscal_month, column: fiscal}]}
"""


def there_and_back(texts: list[tuple[str, str]], schema: str | None = None) -> tuple[Catalog, Catalog, list[str]]:
    before = load(texts)
    assert isinstance(before, Catalog), str(before)
    exported = export_dbt(texts)
    assert isinstance(exported, Exported)
    imported = import_dbt([(name, to_yaml(each)) for name, each in exported.files.items()], schema=schema)
    assert isinstance(imported, Imported), str(imported)
    after = load([(name, to_yaml(each)) for name, each in imported.files.items()])
    assert isinstance(after, Catalog), str(after)
    return before, after, [str(change) for change in exported.changes]


def versions(catalog: Catalog) -> dict[str, str]:
    return {name: metric.header.definition_version for name, metric in catalog.metrics.items()}


def test_what_dbt_can_say_keeps_its_definition_version() -> None:
    """Every metric type, template filters, balances, histories, partitions, windows: equal digests, nothing told."""
    before, after, told = there_and_back([("a.yaml", SAME)])
    assert versions(after) == versions(before)
    assert told == []
    assert after.time_spines["days"].calendars == before.time_spines["days"].calendars
    assert after.saved_queries["q"].group_by == before.saved_queries["q"].group_by


def test_a_schema_comes_back_by_the_import_option() -> None:
    """Dbt's own configuration knows the schema; the report says so."""
    text = SAME.replace("source: ", "source: main.")
    before, after, told = there_and_back([("a.yaml", text)], schema="main")
    assert versions(after) == versions(before)
    assert any("dbt takes the schema of main.orders from its own configuration" in line for line in told)


def test_the_default_project_is_exported_or_told() -> None:
    """Each metric is there under its bare name, or its domain before it; each that is not is told as dropped."""
    before, after, told = there_and_back(PROJECT)
    bare = [name.rpartition(".")[2] for name in before.metrics]
    for full in before.metrics:
        name = full.rpartition(".")[2]
        name = name if bare.count(name) == 1 else full.replace(".", "_")
        dropped = any(f"dropped the metric '{full}'" in line for line in told)
        assert (name in after.metrics) != dropped, full
    assert "finance_revenue" in after.metrics


def test_domains_and_owners_stand_in_meta() -> None:
    """Where dbt has no key of its own."""
    exported = export_dbt(PROJECT)
    assert isinstance(exported, Exported)
    metrics = [each for file in exported.files.values() for model in file.get("models", ()) for each in
               model.get("metrics", ())]  # fmt: skip
    chosen = next(each for each in metrics if each["name"] == "finance_revenue")
    assert chosen["config"]["meta"]["domain"] == "finance"
    assert chosen["config"]["meta"]["owner"] == "finance-controlling@acme.example"


def test_structured_filters_become_templates() -> None:
    """Values keep their quotes; a value that a template could read as its own grammar is refused, not written."""
    text = SAME.replace(
        "\"{{ Dimension('order__status') }} = 'PAID'\"",
        '{and: [{member: status, op: in, value: ["it\'s"]}, {not: {member: order__page, op: starts_with, value: a}}]}',
    )
    before, after, told = there_and_back([("a.yaml", text)])
    assert versions(after) == versions(before)
    assert told == []
    evil = SAME.replace(
        "\"{{ Dimension('order__status') }} = 'PAID'\"", "{member: status, op: '=', value: \"{{ env_var('X') }}\"}"
    )
    _before, after, told = there_and_back([("a.yaml", evil)])
    assert "paid" not in after.metrics
    assert any("dropped the metric 'paid'" in line for line in told)


STRUCTURED = SAME.replace(
    """filter: "{{ Dimension('order__page') }} = 'a'\"""",
    """filter: [{or: [{member: page, op: between, value: [a, b]}, {member: visitor, op: "=", value: 3}]},
                                      "{{ Dimension('order__page') }} = 'a'",
                                      {metric: seen, group_by: [visitor], op: not_in, value: [0, 2.5]}]""",
).replace(
    """[revenue, {name: revenue, alias: before, offset_window: 1 month}]""",
    """[revenue, {name: revenue, alias: before, offset_window: 1 month, filter: {member: page, op: is_null}}]""",
)


def test_structured_filters_keep_the_definition_version() -> None:
    """The text is for dbt's tools; beside it stands the form in which the filter was written, also of inputs."""
    before, after, told = there_and_back([("a.yaml", STRUCTURED)])
    assert versions(after) == versions(before)
    assert versions(after)["share"] != versions(there_and_back([("a.yaml", SAME)])[0])["share"]
    assert told == []


def test_an_edited_filter_wins_over_what_was_kept() -> None:
    """Another tool edits the text: the text is read, and the report says so; so with an edit of what was kept."""
    exported = export_dbt([("a.yaml", STRUCTURED)])
    assert isinstance(exported, Exported)
    files = {name: to_yaml(each) for name, each in exported.files.items()}
    for old, new in (("= 3", "= 4"), ("value: 3", "value: 4")):
        edited = [(name, text.replace(old, new)) for name, text in files.items()]
        assert edited != list(files.items())
        imported = import_dbt(edited)
        assert isinstance(imported, Imported), str(imported)
        told = [str(each) for each in imported.changes]
        assert sum("a filter was edited since metricgate wrote it" in line for line in told) == 1, told
        after = load([(name, to_yaml(each)) for name, each in imported.files.items()])
        assert isinstance(after, Catalog), str(after)
        values = [str(each) for file in imported.files.values() for each in file.get("metrics", ())]
        assert any(f"= {4 if new == '= 4' else 3}" in text for text in values)


def test_what_dbt_cannot_join_takes_its_metrics_along() -> None:
    """A filter over a named relationship cannot be said; neither can what is built on it."""
    text = """
semantic_models:
  - {name: trips, source: trips, entities: [{name: trip, type: primary, expr: id}],
     relationships: [{name: origin, to: stations, from_columns: origin_id}],
     dimensions: [{name: kind, type: categorical}]}
  - {name: stations, source: stations, entities: [{name: station, type: primary, expr: id}],
     dimensions: [{name: city, type: categorical}]}
metrics:
  - {name: fares, type: simple, semantic_model: trips, agg: sum, expr: fare}
  - {name: local, type: simple, semantic_model: trips, agg: sum, expr: fare,
     filter: {member: origin__city, op: "=", value: Bonn}}
  - {name: share, type: ratio, numerator: local, denominator: fares}
"""
    _before, after, told = there_and_back([("a.yaml", text)])
    assert list(after.metrics) == ["fares"]
    assert sum("dropped the metric" in line for line in told) == 2


def test_a_warehouse_is_dropped_and_told() -> None:
    """There is one connection in dbt, so the name of another one is told for models and time spines."""
    elsewhere = SAME.replace("source: orders\n", "source: orders\n    warehouse: bills\n").replace(
        "source: days,", "source: days, warehouse: bills,"
    )
    exported = export_dbt([("m.yaml", elsewhere)])
    assert isinstance(exported, Exported), str(exported)
    told = [each.subject for each in exported.changes if "warehouse" in each.subject]
    assert told == [
        "the warehouse 'bills' of the semantic model 'orders'",
        "the warehouse 'bills' of the time spine 'days'",
    ]


def test_zones_and_kinds_of_time_come_back_by_config_meta() -> None:
    """Dbt has neither: told, and kept where dbt keeps what is not its own."""
    text = SAME.replace(
        "granularity: day, validity: start}",
        "granularity: second, validity: start, time_zone: Europe/Berlin, time_kind: local}",
    )
    before, after, told = there_and_back([("a.yaml", text)])
    came, went = (each.models["prices"].dimension("valid_from") for each in (after, before))
    assert came
    assert went
    assert (came.time_zone, came.time_kind) == (went.time_zone, went.time_kind) != (None, None)
    assert versions(after) == versions(before)
    assert any("time kind of 'valid_from'" in each for each in told)
