"""Loading: a whole catalog, or everything that is wrong with it."""

from __future__ import annotations

import pytest

from metricgate.catalog.catalog import Catalog
from metricgate.catalog.catalog_loader import load
from metricgate.catalog.metrics import Aggregation, RatioMetric, SimpleMetric
from metricgate.vocabulary.predicate import And, Comparison, Template
from metricgate.vocabulary.problem import Problems

MODELS = """\
semantic_models:
  - name: orders
    source: main.orders
    agg_time_dimension: ordered_at
    entities:
      - {name: order, type: primary, expr: o_id}
      - {name: customer, type: foreign, expr: c_id}
    dimensions:
      - {name: ordered_at, type: time, expr: o_date, granularity: day}
      - {name: status, type: categorical}
  - name: customers
    source: customers
    entities:
      - {name: customer, type: primary, expr: c_id}
      - {name: nation, type: foreign, expr: n_id}
    dimensions: [{name: segment, type: categorical}]
  - name: nations
    source: nations
    entities: [{name: nation, type: primary, expr: n_id}]
    dimensions: [{name: title, type: categorical}]
"""
METRICS = """\
metrics:
  - {name: revenue, domain: finance, type: simple, semantic_model: orders, agg: sum, expr: price, synonyms: [Turnover]}
  - {name: revenue, domain: sales, type: simple, semantic_model: orders, agg: sum, expr: p + t, synonyms: [turnover]}
  - {name: orders, domain: sales, type: simple, semantic_model: orders, agg: count}
  - name: average_order
    domain: sales
    type: ratio
    numerator: {name: revenue, filter: {member: customer__segment, op: "=", value: A}}
    denominator: orders
  - name: double
    domain: sales
    type: derived
    expr: fin + revenue
    input_metrics: [revenue, {name: finance.revenue, alias: fin}]
    filter:
      - "{{ Dimension('customer__nation__title') }} = 'FR'"
      - {member: nation__title, op: "!=", value: DE}
"""


def loaded(*texts: str) -> Catalog:
    found = load([(f"f{at}.yaml", text) for at, text in enumerate(texts)])
    assert isinstance(found, Catalog), str(found)
    return found


def told(*texts: str) -> list[tuple[str, int, str]]:
    found = load([(f"f{at}.yaml", text) for at, text in enumerate(texts)])
    assert isinstance(found, Problems)
    return [(p.where.file, p.where.line, p.code.name) for p in found]


def test_a_catalog_of_several_files():
    """Models, simple, ratio and derived metrics load across files, with bare names resolved in their domain."""
    catalog = loaded(METRICS, MODELS)
    assert list(catalog.metrics) == [
        "finance.revenue", "sales.average_order", "sales.double", "sales.orders", "sales.revenue",
    ]  # fmt: skip
    ratio = catalog.metrics["sales.average_order"]
    assert isinstance(ratio, RatioMetric)
    assert (ratio.numerator.name, ratio.denominator.name) == ("sales.revenue", "sales.orders")
    assert ratio.numerator.filter == Comparison(member="customer__segment", op="=", values=("A",))
    orders = catalog.metrics["sales.orders"]
    assert isinstance(orders, SimpleMetric)
    assert (orders.aggregation, orders.expression.text) == (Aggregation.COUNT, "1")
    assert orders.time_dimension == "ordered_at"
    both = catalog.metrics["sales.double"].filter
    assert isinstance(both, And)
    assert isinstance(both.parts[0], Template)


def test_names_and_synonyms_answer():
    """A bare name or a synonym gives every metric that answers to it, whatever its case."""
    catalog = loaded(METRICS, MODELS)
    assert catalog.find_metrics("revenue") == ("finance.revenue", "sales.revenue")
    assert catalog.find_metrics(" TURNOVER ") == ("finance.revenue", "sales.revenue")
    assert catalog.find_metrics("finance.revenue") == ("finance.revenue",)
    assert catalog.find_metrics("nothing") == ()


def test_the_catalog_cannot_be_changed():
    """A loaded catalog is immutable."""
    catalog = loaded(METRICS, MODELS)
    with pytest.raises(TypeError):
        catalog.metrics["x"] = catalog.metrics["sales.orders"]  # type: ignore[index]


def test_the_order_of_files_does_not_matter():
    """The same files in another order give the same catalog."""
    files = [("a.yaml", METRICS), ("b.yaml", MODELS)]
    assert load(files) == load(files[::-1])


BROKEN = """\
semantic_models:
  - name: orders
    source: orders
    entities:
      - {name: order, type: primary}
      - {name: order, type: foreign}
    dimensions:
      - {name: at, type: time}
      - {name: kind, type: categorical, expr: "kind; drop table x"}
metrics:
  - {name: a, type: simple, semantic_model: order, agg: sum, expr: x}
  - {name: b, type: ratio, numerator: a, denominator: bb}
  - {name: c, type: derived, expr: d, input_metrics: [d]}
  - {name: d, type: derived, expr: c, input_metrics: [c]}
  - {name: e, type: cumulative, input_metric: b, window: 7 fiscal_weeks, grain_to_date: month}
  - {name: f, type: simple, semantic_model: orders, agg: sum, expr: SUM(x)}
  - {name: g, type: derived, expr: f + ff, input_metrics: [f, a]}
  - {name: g, type: simple, semantic_model: orders, agg: count}
  - {name: h, type: simple, agg: count, synonyms: [g, h]}
  - {name: i, type: simple, semantic_model: orders, agg: percentile}
  - {name: j, type: simple, semantic_model: orders, agg: count, filter: {member: order__knd, op: "=", value: 1}}
  - {name: k, type: simple, semantic_model: orders, agg: count, agg_time_dimension: kind}
  - {name: l, type: simple, semantic_model: orders, agg: count, filter: "kind = 1"}
"""


def test_all_problems_come_at_once_in_order():
    """One load tells everything that is wrong, sorted by place."""
    assert told(BROKEN) == [
        ("f0.yaml", 6, "E_DUPLICATE_NAME"),
        ("f0.yaml", 8, "E_TIME_DIMENSION"),
        ("f0.yaml", 9, "E_BAD_EXPRESSION"),
        ("f0.yaml", 11, "E_DANGLING_REFERENCE"),
        ("f0.yaml", 12, "E_DANGLING_REFERENCE"),
        ("f0.yaml", 13, "E_METRIC_CYCLE"),
        ("f0.yaml", 15, "E_INPUTS"),
        ("f0.yaml", 15, "E_INPUTS"),
        ("f0.yaml", 16, "E_BAD_EXPRESSION"),
        ("f0.yaml", 17, "E_INPUTS"),
        ("f0.yaml", 17, "E_INPUTS"),
        ("f0.yaml", 18, "E_DUPLICATE_NAME"),
        ("f0.yaml", 19, "E_MISSING_KEY"),
        ("f0.yaml", 19, "E_SYNONYM_SHADOWS"),
        ("f0.yaml", 19, "E_DUPLICATE_NAME"),
        ("f0.yaml", 20, "E_MISSING_KEY"),
        ("f0.yaml", 21, "E_DANGLING_REFERENCE"),
        ("f0.yaml", 22, "E_TIME_DIMENSION"),
        ("f0.yaml", 23, "E_BAD_TEMPLATE"),
    ]


def test_messages_name_the_nearest_valid_form():
    """Hints say what was probably meant; a circle is named in full."""
    text = str(load([("f.yaml", BROKEN)]))
    assert "Did you mean 'orders'?" in text
    assert "c -> d -> c" in text
    assert "'order__kind'" in text


def test_one_broken_file_refuses_the_whole_catalog_without_echoes():
    """Nothing is loaded in part, and references into a file that could not be read are not blamed."""
    assert told("semantic_models: [", METRICS) == [("f0.yaml", 2, "E_YAML_SYNTAX")]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("semantic_models:\n- {name: o, source: 'x; drop'}", "E_BAD_VALUE"),
        ("semantic_models:\n- {name: o, source: '(select 1)'}", "E_BAD_VALUE"),
        ("semantic_models:\n- {name: o__p, source: x}", "E_BAD_VALUE"),
        ("semantic_models:\n- {name: Orders, source: x}", "E_BAD_VALUE"),
        ('semantic_models:\n- {name: "o\\u202e", source: x}', "E_YAML_CHARACTER"),
        ('semantic_models:\n- {name: "\\u043e", source: x}', "E_BAD_VALUE"),
        ("semantic_models:\n- {name: o, source: x, entities: [{name: metric_time, type: primary}]}", "E_BAD_VALUE"),
        ("semantic_models:\n- {name: o, source: x, dimensions: [{name: a, type: categorical}]}", "E_PRIMARY_ENTITY"),
        (
            "semantic_models:\n- {name: o, source: x, entities: [{name: a, type: primary}, {name: b, type: primary}]}",
            "E_PRIMARY_ENTITY",
        ),
        ("metrics:\n- {name: a, agg: sum}", "E_MISSING_KEY"),
        ("metrics:\n- {name: a, type: simple, agg: sun}", "E_BAD_VALUE"),
        ("metrics:\n- {name: a, type: simple, agg: percentile, percentile: 95}", "E_BAD_VALUE"),
        ("metrics:\n- {name: a, type: derived, expr: 1, input_metrics: []}", "E_BAD_VALUE"),
        ("metric: []", "E_UNKNOWN_KEY"),
        ("saved_queries:\n- {name: q, query_params: {metrics: [nothing]}}", "E_DANGLING_REFERENCE"),
    ],
)
def test_each_mistake_has_its_code(text, code):
    """Single mistakes are told by one problem with the right code."""
    found = told(text)
    assert [each[2] for each in found] == [code]


def test_two_models_of_one_primary_entity_may_not_tell_the_same():
    """Two models may tell different things of one entity; the very same path must not mean two things."""
    extra = """\
semantic_models:
- name: profiles
  source: p
  entities: [{name: customer, type: primary}]
  dimensions: [{name: DIMENSION, type: categorical}]
"""
    assert told(MODELS, extra.replace("DIMENSION", "segment")) == [("f1.yaml", 5, "E_TWO_PATHS")]
    assert "profiles" in loaded(MODELS, extra.replace("DIMENSION", "hobby")).models


def test_longer_paths_tell_a_shared_entity_apart():
    """Two ways to one model by different entities are no mistake: their full paths differ."""
    extra = """\
semantic_models:
  - {name: suppliers, source: s, entities: [{name: supplier, type: primary}, {name: nation, type: foreign}]}
  - {name: lines, source: l, entities: [{name: line, type: primary}, {name: customer, type: foreign},
     {name: supplier, type: foreign}], dimensions: [{name: flag, type: categorical}]}
metrics:
  - {name: n, type: simple, semantic_model: lines, agg: count,
     filter: {member: supplier__nation__title, op: "=", value: FR}}
"""
    assert "n" in loaded(MODELS, extra).metrics


@pytest.mark.parametrize("keys", ["to_columns: title", "to_columns: [n_id, title]", "from_columns: [a, b]"])
def test_a_relationship_leads_to_one_row(keys):
    """A relationship to columns that are not a unique key, or not as many, is refused: it would count rows twice."""
    parts = {"from_columns": "from_columns: a", keys.split(":")[0]: keys}
    line = ", ".join(["name: home", "to: nations", *parts.values()])
    extra = f"semantic_models:\n- {{name: people, source: p, primary_entity: person, relationships: [{{{line}}}]}}\n"
    assert [each[2] for each in told(MODELS, extra)] == ["E_JOIN_KEYS"]


def test_nested_metrics_belong_to_their_model():
    """A metric inside a model needs no semantic_model and takes the model's domain."""
    text = "semantic_models:\n- {name: o, source: o, domain: d, metrics: [{name: n, type: simple, agg: count}]}\n"
    metric = loaded(text).metrics["d.n"]
    assert isinstance(metric, SimpleMetric)
    assert metric.model == "o"


def test_saved_queries_and_time_spines_are_kept():
    """Saved questions resolve their metrics and members; time spines keep their source."""
    text = """\
saved_queries:
  - name: q
    query_params:
      metrics: [orders]
      group_by: ["TimeDimension('metric_time', 'month')", customer__segment]
      where: "{{ Dimension('order__status') }} = 'O'"
time_spines: [{name: days, source: main.days, column: day, granularity: day}]
"""
    catalog = loaded(MODELS, METRICS, text)
    query = catalog.saved_queries["q"]
    assert (query.metrics, query.group_by) == (("sales.orders",), ("metric_time__month", "customer__segment"))
    assert catalog.time_spines["days"].source == ("main", "days")


def test_a_long_chain_of_metrics_loads():
    """A thousand metrics each built on the one before do not exhaust the stack."""
    chain = "".join(
        f"  - {{name: m{n}, type: derived, expr: m{n - 1} + 1, input_metrics: [m{n - 1}]}}\n" for n in range(1, 1_000)
    )
    head = "metrics:\n  - {name: m0, type: simple, semantic_model: orders, agg: count}\n"
    assert len(loaded(MODELS, head + chain).metrics) == 1_000


def test_a_models_time_zone_is_that_of_its_clocks():
    """Dimensions with a time of day take the model's zone, unless they name their own; dates have none."""
    text = """\
semantic_models:
- name: events
  source: events
  time_zone: Europe/Berlin
  entities: [{name: event, type: primary}]
  dimensions:
  - {name: at, type: time, granularity: second}
  - {name: seen_at, type: time, granularity: second, time_zone: UTC}
  - {name: held_on, type: time, granularity: day}
"""
    zones = {each.name: each.time_zone for each in loaded(text).models["events"].dimensions}
    assert zones == {"at": "Europe/Berlin", "seen_at": "UTC", "held_on": None}
    assert told(text.replace("Europe/Berlin", "Europe Berlin")) == [("f0.yaml", 4, "E_TIME_DIMENSION")]


@pytest.mark.parametrize("day", ["2026-02-30", "2026-13-01", "2026-2-3", "soon"])
def test_a_sunset_is_a_day_of_the_calendar(day):
    """What is no day would never come; it is told where it stands."""
    text = (
        "semantic_models: [{name: m, source: m, entities: [{name: e, type: primary, expr: id}], metrics: [{name: x, "
        f"type: simple, agg: count, status: deprecated, deprecation: {{sunset_at: '{day}'}}}}]}}]"
    )
    found = load([("a.yaml", text)])
    assert isinstance(found, Problems)
    assert found.first.code.name == "E_BAD_VALUE"
    assert "is no day" in found.first.message
    assert isinstance(load([("a.yaml", text.replace(day, "2028-02-29"))]), Catalog)


@pytest.mark.parametrize(
    ("metric", "message", "hint"),
    [
        ("type: cumulative, input_metric: n, grain_to_date: months", "'months' is no grain", "Did you mean 'month'?"),
        ("type: cumulative, input_metric: n, window: 2 fiscal_yer", "'fiscal_yer' is no grain", "'fiscal_year'"),
        (
            "type: derived, expr: n, input_metrics: [{name: n, offset_to_grain: fiscalyear}]",
            "'fiscalyear'",
            "'fiscal_year'",
        ),
        ("type: cumulative, input_metric: n, grain_to_date: 1 month", "'1 month' is no grain", None),
        (
            "type: conversion, entity: order, base_metric: n, conversion_metric: {name: n, offset_window: 7 days}",
            "conversion_metric has an offset",
            "a derived one",
        ),
    ],
)
def test_a_period_that_no_calendar_has_is_told_with_the_nearest(metric: str, message: str, hint: str | None):
    """The place is that of the length of time, not of the whole metric."""
    text = f"""
semantic_models:
  - name: orders
    source: orders
    agg_time_dimension: at
    entities: [{{name: order, type: primary}}]
    dimensions: [{{name: at, type: time, granularity: day}}]
time_spines:
  - {{name: days, source: days, column: day, granularity: day, custom_granularities: [{{name: fiscal_year}}]}}
metrics:
  - {{name: n, type: simple, semantic_model: orders, agg: count}}
  - {{name: m, {metric}}}
"""
    found = load([("f.yaml", text)])
    assert isinstance(found, Problems)
    (problem,) = found
    assert message in problem.message
    assert problem.where is not None
    assert (problem.where.line, problem.where.column or 0) > (12, 20)
    assert hint is None or hint in (problem.hint or "")
