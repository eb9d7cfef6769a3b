"""Ossie files of other tools: as far as the format tells, and every loss told."""

from __future__ import annotations

import pytest

from metricgate.catalog.catalog import Catalog
from metricgate.catalog.catalog_loader import load
from metricgate.catalog.metrics import DerivedMetric, RatioMetric, SimpleMetric
from metricgate.documents.yaml_writer import to_yaml
from metricgate.importing.ossie import import_ossie
from metricgate.importing.report import Imported
from metricgate.vocabulary.problem import Problems


def field(name: str, text: str | None = None, **more: object) -> dict[str, object]:
    return {"name": name, "expression": sql(text or name), **more}


def sql(text: str, dialect: str = "ANSI_SQL") -> dict[str, object]:
    return {"dialects": [{"dialect": dialect, "expression": text}]}


def document(metrics: dict[str, str], **more: object) -> dict[str, object]:
    model = {
        "name": "retail",
        "datasets": [
            {"name": "Sales", "source": "lake.public.sales", "primary_key": ["item_id", "ticket"], "fields": [
                field("net", "price * quantity", datatype="Decimal"),
                field("sold", "Sales.sold_on", datatype="Date"),
                field("year", dimension={"is_time": True}, datatype="Integer"),
                field("day", "sold_day", dimension={"is_time": True}),
                field("Channel", ai_context={"synonyms": ["way"], "instructions": "odd"}, label="sort"),
            ]},
            {"name": "stores", "source": "lake.public.stores", "primary_key": ["id"], "fields": [field("city")]},
        ],
        "relationships": [
            {"name": "sold_at", "from": "Sales", "to": "stores", "from_columns": ["store_id"], "to_columns": ["id"]},
        ],
        "metrics": [{"name": name, "expression": sql(text)} for name, text in metrics.items()],
        **more,
    }  # fmt: skip
    return {"version": "0.2.0.dev0", "semantic_model": [model]}


def taken(value: object) -> tuple[Catalog, list[str]]:
    found = import_ossie([("r.yaml", to_yaml(value))])
    assert isinstance(found, Imported), str(found)
    catalog = load([(name, to_yaml(each)) for name, each in found.files.items()])
    assert isinstance(catalog, Catalog), str(catalog)
    return catalog, [str(change) for change in found.changes]


def test_datasets_fields_and_relationships_come_along() -> None:
    """Composite keys, joins as entities, times by their datatype, expressions without their dataset's name."""
    catalog, told = taken(document({}))
    sales = catalog.models["sales"]
    assert [(each.name, each.type.value, len(each.expressions)) for each in sales.entities] == [
        ("sales", "primary", 2), ("stores", "foreign", 1),
    ]  # fmt: skip
    kinds = {each.name: (each.type.value, each.expression.text, each.granularity) for each in sales.dimensions}
    assert kinds["net"] == ("categorical", "price * quantity", None)
    assert kinds["sold"] == ("time", "sold_on", "day")
    assert kinds["year_field"] == ("categorical", "year", None)
    assert kinds["day_field"] == ("time", "sold_day", "day")
    assert sales.dimension("channel").synonyms == ("way",)
    for words in ("day is assumed", "its values are Integer", "'instructions' of the ai_context", "the label of",
                  "'day' is called 'day_field'", "it has several times"):  # fmt: skip
        assert any(words in line for line in told), (words, told)


def test_two_relationships_to_one_key_are_roles() -> None:
    """Origin and destination stay apart, under their own names."""
    more = document({})
    link = more["semantic_model"][0]["relationships"][0]
    more["semantic_model"][0]["relationships"].append({**link, "name": "sent_from", "from_columns": ["depot_id"]})
    catalog, _told = taken(more)
    assert [each.name for each in catalog.models["sales"].relationships] == ["sold_at", "sent_from"]


METRICS = {
    "SUM(Sales.net)": ("sum", "price * quantity"),
    "COUNT(DISTINCT Sales.ticket)": ("count_distinct", "ticket"),
    "AVG(Sales.net) FILTER (WHERE Sales.Channel = 'web')": (
        "average", "CASE WHEN Channel = 'web' THEN (price * quantity) END",
    ),
    "MIN(city)": ("min", "city"),
    "PERCENTILE_CONT(0.9) WITHIN GROUP (ORDER BY Sales.net)": ("percentile", "price * quantity"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "meaning"), METRICS.items(), ids=METRICS)
def test_one_aggregate_is_a_simple_metric(text: str, meaning: tuple[str, str]) -> None:
    """Field names are replaced by what the fields stand for."""
    catalog, _told = taken(document({"m": text}))
    metric = catalog.metrics["m"]
    assert isinstance(metric, SimpleMetric)
    assert metric.aggregation.value == meaning[0]
    assert metric.expression.text.strip("()") == meaning[1].strip("()")


def test_arithmetic_over_aggregates_is_ratio_or_derived() -> None:
    """Existing metrics are used for the aggregates they show; others are added and told."""
    catalog, told = taken(
        document({
            "total": "SUM(Sales.net)",
            "per_ticket": "SUM(Sales.net) / NULLIF(COUNT(DISTINCT Sales.ticket), 0)",
            "margin": "SUM(Sales.net) - SUM(Sales.cost)",
            "across": "SUM(Sales.net) / COUNT(stores.id)",
            "scaled": "total * 2",
        })
    )  # fmt: skip
    ratio = catalog.metrics["per_ticket"]
    assert isinstance(ratio, RatioMetric)
    assert (ratio.numerator.name, ratio.denominator.name) == ("total", "per_ticket_count_distinct")
    margin = catalog.metrics["margin"]
    assert isinstance(margin, DerivedMetric)
    assert margin.expression.text == "total - margin_sum"
    assert catalog.metrics["across_count"].model == "stores"
    assert isinstance(catalog.metrics["scaled"], DerivedMetric)
    assert sum("added the metric" in line for line in told) == 3
    assert any("across" in line and "NULL where the denominator is zero" in line for line in told)


LOST = {
    "STDDEV(Sales.net)": "has no counterpart",
    "SUM(Sales.net * stores.size)": "one aggregate reads the datasets sales and stores",
    "SUM(Sales.net) OVER (PARTITION BY Sales.Channel)": "window functions",
    "COUNT(*)": "it does not say which dataset's rows",
    "Sales.net": "outside an aggregate",
    "SUM(nothing.net)": "nothing is known of nothing.net",
    "SUM(Sales.net) + unknown_metric": "there is no metric 'unknown_metric'",
    "SUM((SELECT 1))": "",
    "SUM(READ_TEXT('/etc/passwd'))": "not allowed",
    "1": "it aggregates nothing",
    "((((": "not an SQL expression",
}


@pytest.mark.parametrize(("text", "why"), LOST.items(), ids=LOST)
def test_what_cannot_be_turned_is_dropped_and_told(text: str, why: str) -> None:
    """No metric is guessed."""
    catalog, told = taken(document({"m": text}))
    assert "m" not in catalog.metrics
    assert any("dropped the metric 'm'" in line and why in line for line in told), told


def test_the_newest_draft_forms_are_read() -> None:
    """A model as the document itself, sources as objects, metrics inside a dataset, other dialects."""
    value = {
        "version": "0.2.0.dev0", "name": "retail", "description": "x",
        "datasets": [
            {"name": "sales", "source": {"kind": "table", "object": "sales"}, "fields": [field("net")],
             "metrics": [{"name": "rows", "expression": sql("COUNT(*)", "SNOWFLAKE")}]},
            {"name": "asked", "source": {"kind": "query", "object": sql("SELECT 1")}},
            {"name": "cubed", "source": "cubed", "fields": [{"name": "f", "expression": sql("[M].[x]", "MDX")}]},
        ],
    }  # fmt: skip
    catalog, told = taken(value)
    assert catalog.metrics["rows"].model == "sales"
    for words in ("its source is a query", "the text of SNOWFLAKE is read", "its expression is in MDX",
                  "'description' of the semantic model"):  # fmt: skip
        assert any(words in line for line in told), (words, told)


def test_unknown_keys_are_told_at_every_depth() -> None:
    """Nothing is lost in silence."""
    value = document({"m": "SUM(Sales.net)"}, zz1=1)
    model = value["semantic_model"][0]
    value["zz2"] = 1
    model["datasets"][0]["zz3"] = 1
    model["datasets"][0]["fields"][0]["zz4"] = 1
    model["relationships"][0]["zz5"] = 1
    model["metrics"][0]["zz6"] = 1
    model["metrics"][0]["expression"]["zz7"] = 1
    model["metrics"][0]["expression"]["dialects"][0]["zz8"] = 1
    model["datasets"][0]["custom_extensions"] = [{"vendor_name": "OTHER", "data": "{}"}]
    _catalog, told = taken(value)
    for mark in range(1, 9):
        assert any(f"zz{mark}" in line for line in told), mark
    assert any("the custom extension of 'OTHER'" in line for line in told)


BROKEN = {
    "nothing": "a: 1",
    "yaml": "semantic_model: [",
    "json": ("{", "r.json"),
    "no name": "semantic_model: [{datasets: []}]",
    "twice": "semantic_model: [{name: a, datasets: [{name: x, source: x}, {name: x, source: x}]}]",
    "tag": "semantic_model: !!python/name:os.system",
    "columns": "semantic_model: [{name: a, datasets: [{name: x, source: x}], relationships: [{name: r, from: x, to: x, "
    "from_columns: [a, b], to_columns: [a]}]}]",
    "deep": ('{"a":' * 100_000, "r.json"),
    "key of numbers": "semantic_model: [{name: a, datasets: [{name: x, source: x, primary_key: [1]}]}]",
}


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN)
def test_broken_input_is_refused_with_problems(text: str | tuple[str, str]) -> None:
    """Never an exception, never half an import."""
    name, body = ("r.yaml", text) if isinstance(text, str) else (text[1], text[0])
    found = import_ossie([(name, body)])
    assert isinstance(found, Problems)
