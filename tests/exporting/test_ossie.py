"""Export to Ossie and back: nothing of ours is lost, edits of other tools win, what Ossie cannot say is told."""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.console import blocks

from metricgate.catalog.catalog import Catalog
from metricgate.catalog.catalog_loader import load
from metricgate.documents.characters import forbidden_at
from metricgate.documents.yaml_writer import to_yaml
from metricgate.exporting.definitions import Exported
from metricgate.exporting.ossie import export_ossie
from metricgate.importing.ossie import import_ossie
from metricgate.importing.report import Imported
from metricgate.vocabulary.problem import Problems

ROOT = Path(__file__).parents[2]
PROJECT = [
    (path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8"))
    for path in sorted((ROOT / "semantic_models").rglob("*.yaml"))
]
PAGES = [path.read_text(encoding="utf-8") for path in sorted((ROOT / "docs" / "metrics").glob("*.md"))]
GUIDE = (ROOT / "docs" / "writing-metrics.md").read_text(encoding="utf-8")
EXAMPLES = [*blocks(GUIDE, "yaml"), *(example for page in PAGES for example in blocks(page, "yaml")[:1])]
SHOP = """
semantic_models:
  - name: orders
    source: shop.orders
    domain: sales
    owner: ana@shop.example
    agg_time_dimension: placed_on
    entities: [{name: order, type: primary, expr: id}, {name: customer, type: foreign, expr: customer_id}]
    dimensions:
      - {name: status, type: categorical, expr: order_status, synonyms: [state], sensitivity: internal}
      - {name: placed_on, type: time, expr: placed, granularity: day}
    metrics:
      - {name: revenue, type: simple, agg: sum, expr: amount, description: All of it., synonyms: [turnover],
         filter: {member: order__status, op: in, value: [paid, sent]}}
      - {name: orders, type: simple, agg: count}
      - {name: week_revenue, type: cumulative, input_metric: revenue, window: 7 days}
  - name: customers
    source: shop.customers
    entities: [{name: customer, type: primary, expr: id}]
    dimensions: [{name: city, type: categorical}]
"""


def exported(texts: list[tuple[str, str]], **options: str) -> Exported:
    found = export_ossie(texts, **options)
    assert isinstance(found, Exported), str(found)
    return found


def imported(document: object) -> tuple[Catalog, Imported]:
    found = import_ossie([("shop.yaml", to_yaml(document))])
    assert isinstance(found, Imported), str(found)
    catalog = load([(name, to_yaml(each)) for name, each in found.files.items()])
    assert isinstance(catalog, Catalog), str(catalog)
    return catalog, found


def the_document(found: Exported) -> dict:
    return deepcopy(next(iter(found.files.values())))


def same(texts: list[tuple[str, str]], **options: str) -> None:
    before = load(texts)
    assert isinstance(before, Catalog), str(before)
    after, report = imported(the_document(exported(texts, **options)))
    versions = {name: metric.header.definition_version for name, metric in before.metrics.items()}
    assert {name: metric.header.definition_version for name, metric in after.metrics.items()} == versions
    assert after.version == before.version
    assert report.changes == ()


@pytest.mark.parametrize("spec", ["0.1.1", "0.2.0"])
def test_the_default_project_comes_back_as_it_was(spec: str) -> None:
    """Definition versions, words, certifications: all equal after export and import, in both versions."""
    same(PROJECT, version=spec)


@pytest.mark.parametrize("at", range(len(EXAMPLES)))
def test_every_example_of_the_manual_comes_back(at: int) -> None:
    """Metrics over time, histories, relationships, saved queries, time spines: nothing is lost."""
    same([("a.yaml", EXAMPLES[at])])


NAMES = st.sampled_from(["a", "b", "net", "gross", "city", "day_of_sale"])
EXPRESSIONS = st.sampled_from(["x", "x * (1 - y)", "COALESCE(x, 0)", "CASE WHEN y > 1 THEN x END", '"odd column"'])
KEYS = st.sampled_from(["id", ["k1", "k2"], "id + 1"])
WORDS = st.text(max_size=30).filter(lambda text: forbidden_at(text) is None)
VALUES = st.one_of(st.integers(-9, 9), st.sampled_from(["it's", "", "a\\b", "ünï", "%"]))


@st.composite
def catalogs(draw: st.DrawFn) -> str:
    names = draw(st.lists(NAMES, min_size=1, max_size=4, unique=True))
    dimensions = [{"name": f"d_{each}", "type": "categorical", "expr": draw(EXPRESSIONS)} for each in names]
    model = {
        "name": "facts", "source": draw(st.sampled_from(["facts", "main.facts"])), "description": draw(WORDS),
        "entities": [{"name": "fact", "type": "primary", "expr": draw(KEYS)}],
        "dimensions": dimensions,
    }  # fmt: skip
    metrics = []
    for each in names:
        metric = {
            "name": f"m_{each}", "type": "simple", "semantic_model": "facts", "agg": draw(st.sampled_from(
                ["sum", "count", "count_distinct", "average", "min", "max", "sum_boolean", "median"])),
            "expr": draw(EXPRESSIONS), "description": draw(WORDS),
        }  # fmt: skip
        if draw(st.booleans()):
            op = draw(st.sampled_from(["=", "!=", "in", "contains"]))
            value = "x" if op == "contains" else draw(VALUES)
            metric["filter"] = {"member": dimensions[0]["name"], "op": op, "value": [value] if op == "in" else value}
        if draw(st.booleans()):
            metric["domain"] = draw(st.sampled_from(["sales", "finance"]))
            metric["owner"] = draw(WORDS)
        metrics.append(metric)
    full = [f"{each['domain']}.{each['name']}" if "domain" in each else each["name"] for each in metrics]
    metrics.append({"name": "share", "type": "ratio", "numerator": full[0], "denominator": full[-1]})
    return to_yaml({"semantic_models": [model], "metrics": metrics})


@settings(max_examples=150, deadline=None)
@given(catalogs())
def test_any_small_catalog_comes_back(text: str) -> None:
    """Whatever expressions, filters, keys, words and domains it holds."""
    same([("a.yaml", text)])


def test_metrics_are_sql_over_datasets_for_other_tools() -> None:
    """Filters are inside the aggregate, rows are counted by the key, no metric is approximated."""
    model = the_document(exported([("a.yaml", SHOP)]))
    told = {each["name"]: each["expression"]["dialects"][0]["expression"] for each in model["metrics"]}
    assert told == {
        "revenue": "SUM(CASE WHEN orders.order_status IN ('paid', 'sent') THEN orders.amount END)",
        "orders": "COUNT(orders.id)",
    }
    assert model["relationships"] == [
        {"name": "orders_to_customers", "from": "orders", "to": "customers", "from_columns": ["customer_id"],
         "to_columns": ["id"]}
    ]  # fmt: skip


LABELS = """
semantic_models:
  - name: claims
    source: claims
    agg_time_dimension: opened
    entities: [{name: claim, type: primary, expr: id}, {name: agent, type: foreign, expr: agent_key}]
    dimensions:
      - {name: opened, type: time, granularity: day}
      - {name: plain, type: categorical, expr: UPPER(kind)}
      - {name: days, type: categorical, expr: "DATEDIFF(closed, opened, DAY)"}
      - {name: hashed, type: categorical, expr: MD5(kind)}
  - name: agents
    source: agents
    entities: [{name: agent, type: primary, expr: key_of_agent}]
metrics:
  - {name: mean_days, type: simple, semantic_model: claims, agg: average, expr: "DATEDIFF(closed, opened, DAY)"}
  - {name: claims, type: simple, semantic_model: claims, agg: count}
  - {name: share, type: ratio, numerator: mean_days, denominator: claims}
"""


def labels(expression: dict) -> dict[str, str]:
    return {each["dialect"]: each["expression"] for each in expression["dialects"]}


def dataset(model: dict, name: str) -> dict:
    return next(each for each in model["datasets"] if each["name"] == name)


def test_an_expression_is_labelled_as_what_it_is() -> None:
    """Standard SQL alone; else Ossie's own language where it has the word, and warehouses' SQL beside it."""
    document = the_document(exported([("a.yaml", LABELS)]))
    fields = {each["name"]: labels(each["expression"]) for each in dataset(document, "claims")["fields"]}
    assert fields["plain"] == {"ANSI_SQL": "UPPER(kind)"}
    assert fields["days"]["OSSIE_SQL_2026"] == "DATEDIFF(DAY, opened, closed)"
    assert set(fields["days"]) == {"OSSIE_SQL_2026", "SNOWFLAKE", "DATABRICKS", "BIGQUERY"}
    assert "ANSI_SQL" not in fields["hashed"]
    assert "OSSIE_SQL_2026" not in fields["hashed"]
    metrics = {each["name"]: labels(each["expression"]) for each in document["metrics"]}
    assert metrics["claims"] == {"ANSI_SQL": "COUNT(claims.id)"}
    assert metrics["mean_days"]["OSSIE_SQL_2026"] == "AVG(DATEDIFF(DAY, claims.opened, claims.closed))"
    same([("a.yaml", LABELS)])


def test_columns_of_joins_are_fields() -> None:
    """Both sides of a relationship name fields of their datasets, as readers of the format look them up there."""
    document = the_document(exported([("a.yaml", LABELS)]))
    fields = {each["name"]: {field["name"] for field in each["fields"]} for each in document["datasets"]}
    assert [(each["from_columns"], each["to_columns"]) for each in document["relationships"]] == [
        (["agent_key"], ["key_of_agent"])
    ]
    for each in document["relationships"]:
        assert set(each["from_columns"]) <= fields[each["from"]]
        assert set(each["to_columns"]) <= fields[each["to"]]


@pytest.mark.parametrize(
    ("version", "wrapped", "listed"), [("0.2.0", False, False), ("0.2.0", True, True), ("0.1.1", False, True)]
)
def test_the_model_is_the_document_or_in_a_list(version: str, wrapped: bool, listed: bool) -> None:
    """The old form knows no dialect that came later."""
    found = export_ossie([("a.yaml", LABELS)], version=version, wrapped=wrapped)
    assert isinstance(found, Exported)
    document = the_document(found)
    assert ("semantic_model" in document) == listed
    model = document["semantic_model"][0] if listed else document
    told = {label for each in dataset(model, "claims")["fields"] for label in labels(each["expression"])}
    assert told == {"ANSI_SQL", "SNOWFLAKE", "DATABRICKS"} | (set() if listed else {"OSSIE_SQL_2026", "BIGQUERY"})
    catalog, _report = imported(document)
    assert set(catalog.metrics) == {"mean_days", "claims", "share"}


def test_what_other_tools_cannot_see_is_told() -> None:
    """A cumulative metric, an owner and a domain are kept in our extension, and the report says so with the place."""
    told = [str(change) for change in exported([("a.yaml", SHOP)]).changes]
    assert any("the metric 'sales.week_revenue': it is cumulative, which Ossie cannot say" in line for line in told)
    assert any(line.startswith("a.yaml:3:5") and "owner, agg_time_dimension of the dataset" in line.replace(
        "domain, ", "") for line in told), told  # fmt: skip


def test_an_expression_that_another_tool_edited_wins() -> None:
    """The file's expression is read, governance is kept, and the report says so; the old meaning is not served."""
    document = the_document(exported([("a.yaml", SHOP)]))
    revenue = document["metrics"][0]
    assert revenue["name"] == "revenue"
    revenue["expression"]["dialects"][0]["expression"] = "SUM(orders.amount - orders.tax)"
    catalog, report = imported(document)
    metric = catalog.metrics["sales.revenue"]
    assert metric.expression.text == "amount - tax"
    assert metric.filter is None
    assert metric.header.synonyms == ("turnover",)
    assert any("its expression was edited since metricgate wrote it" in str(change) for change in report.changes)


def test_words_and_keys_that_another_tool_edited_win() -> None:
    """Descriptions, keys, sources and fields come from the file where they were edited; the rest stays."""
    document = the_document(exported([("a.yaml", SHOP)]))
    model = document
    orders = next(each for each in model["datasets"] if each["name"] == "orders")
    orders["source"] = "lake.orders"
    status = next(each for each in orders["fields"] if each["name"] == "status")
    status["expression"]["dialects"][0]["expression"] = "UPPER(order_status)"
    model["metrics"][0]["description"] = "Edited."
    catalog, report = imported(document)
    assert catalog.models["orders"].source == ("lake", "orders")
    dimension = catalog.models["orders"].dimension("status")
    assert (dimension.expression.text, dimension.sensitivity) == ("UPPER(order_status)", "internal")
    assert catalog.metrics["sales.revenue"].header.description == "Edited."
    assert catalog.metrics["sales.revenue"].header.owner == catalog.metrics["sales.orders"].header.owner
    assert len(report.changes) == 3


@pytest.mark.parametrize("data", ["{", "[]", '{"format": 99}', "[" * 100_000, 5, '{"format": 1, "definition": 7}'])
def test_a_damaged_extension_is_told_and_not_believed(data: object) -> None:
    """Then the file's own keys are read, as of anybody else's file."""
    document = the_document(exported([("a.yaml", SHOP)]))
    document["metrics"][0]["custom_extensions"][0]["data"] = data
    catalog, report = imported(document)
    assert "revenue" in catalog.metrics or "sales.revenue" in catalog.metrics
    assert report.changes


def test_a_certification_does_not_survive_a_changed_meaning() -> None:
    """Somebody who edits our extension's definition by hand gets no certified metric out of it."""
    document = the_document(exported(PROJECT))
    metrics = document["metrics"]
    chosen = next(each for each in metrics if each["name"] == "finance__revenue")
    data = json.loads(chosen["custom_extensions"][0]["data"])
    data["definition"]["expr"] = "l_extendedprice"
    chosen["custom_extensions"][0]["data"] = json.dumps(data)
    catalog, _report = imported(document)
    assert not catalog.metrics["finance.revenue"].header.certified


def test_what_is_no_catalog_is_not_exported() -> None:
    """The catalog's own problems come back, with their places."""
    found = export_ossie([("a.yaml", SHOP.replace("input_metric: revenue", "input_metric: revenu"))])
    assert isinstance(found, Problems)
    assert found.first.where.line == 16
