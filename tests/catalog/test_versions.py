"""Definition versions follow the meaning, and only the meaning."""

from __future__ import annotations

import json

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from metricgate.catalog.catalog import Catalog
from metricgate.catalog.catalog_loader import load

BASE = {
    "semantic_models": [
        {
            "name": "orders",
            "source": "main.orders",
            "agg_time_dimension": "at",
            "entities": [
                {"name": "order", "type": "primary", "expr": "o_id"},
                {"name": "customer", "type": "foreign", "expr": "c_id"},
            ],
            "dimensions": [
                {"name": "at", "type": "time", "expr": "o_date", "granularity": "day"},
                {"name": "status", "type": "categorical"},
            ],
        },
        {
            "name": "customers",
            "source": "customers",
            "entities": [{"name": "customer", "type": "primary", "expr": "id"}],
            "dimensions": [{"name": "segment", "type": "categorical", "expr": "UPPER(seg)"}],
        },
        {"name": "weather", "source": "weather", "entities": [{"name": "reading", "type": "primary"}]},
    ],
    "metrics": [
        {
            "name": "revenue",
            "domain": "finance",
            "type": "simple",
            "semantic_model": "orders",
            "agg": "sum",
            "expr": "price * (1 - discount)",
            "filter": {"member": "order__status", "op": "=", "value": "O"},
        },
        {
            "name": "doubled",
            "domain": "finance",
            "type": "derived",
            "expr": "2 * revenue",
            "input_metrics": ["revenue"],
        },
    ],
}


def versions(text: str) -> dict[str, str]:
    found = load([("f.yaml", text)])
    assert isinstance(found, Catalog), str(found)
    return {name: metric.header.definition_version for name, metric in found.metrics.items()}


def changed(path: list, value: object) -> str:
    document = json.loads(json.dumps(BASE))
    here = document
    for step in path[:-1]:
        here = here[step]
    here[path[-1]] = value
    return yaml.safe_dump(document)


ORIGINAL = versions(yaml.safe_dump(BASE))


def reordered(value: object, draw: st.DrawFn) -> object:
    if isinstance(value, dict):
        keys = draw(st.permutations(list(value)))
        return {key: reordered(value[key], draw) for key in keys}
    return [reordered(each, draw) for each in value] if isinstance(value, list) else value


@st.composite
def disguises(draw: st.DrawFn) -> str:
    """The same definitions in another dress: key order, order of definitions, style, indent, comments, blank lines."""
    document = reordered(BASE, draw)
    for key in ("semantic_models", "metrics"):
        document[key] = draw(st.permutations(document[key]))
    metric = next(each for each in document["metrics"] if each["name"] == "revenue")
    metric["expr"] = draw(
        st.sampled_from(["price*(1-discount)", "price  *\n (1 - discount)", "price /* net */ * (1 - discount) -- x"])
    )
    metric["description"] = draw(st.text(alphabet="abc xyz", max_size=20))
    metric["owner"] = draw(st.sampled_from(["ana", "bo"]))
    metric["synonyms"] = draw(st.sampled_from([[], ["net sales"]]))
    text = yaml.dump(
        document,
        sort_keys=False,
        default_flow_style=draw(st.sampled_from([False, None, True])),
        default_style=draw(st.sampled_from([None, '"'])),
        indent=draw(st.integers(2, 6)),
    )
    return draw(st.sampled_from(["", "# a comment\n", "\n\n---\n"])) + text + draw(st.sampled_from(["", "\n# end\n"]))


@given(disguises())
@settings(max_examples=60, deadline=None)
def test_dress_never_changes_a_version(text):
    """Key order, order of definitions, comments, white space, quoting and words for people do not count."""
    assert versions(text) == ORIGINAL


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (["metrics", 0, "agg"], "average"),
        (["metrics", 0, "expr"], "price * (1 + discount)"),
        (["metrics", 0, "filter", "value"], "F"),
        (["metrics", 0, "filter", "op"], "!="),
        (["metrics", 0, "filter", "member"], "customer__segment"),
        (["metrics", 0, "filter"], "{{ Dimension('order__status') }} = 'O'"),
        (["semantic_models", 0, "source"], "other.orders"),
        (["semantic_models", 0, "dimensions", 0, "expr"], "shipped"),
        (["semantic_models", 0, "dimensions", 0, "granularity"], "month"),
        (["semantic_models", 0, "entities", 1, "expr"], "c_other"),
        (["semantic_models", 1, "dimensions", 0, "expr"], "LOWER(seg)"),
        (["semantic_models", 1, "source"], "customers_2"),
        (["semantic_models", 1, "entities", 0, "expr"], "key"),
    ],
)
def test_meaning_changes_the_version_of_all_that_is_built_on_it(path, value):
    """Aggregation, expression, filter, source, keys and dimensions count, also of models reached by joins."""
    now = versions(changed(path, value))
    assert now["finance.revenue"] != ORIGINAL["finance.revenue"]
    assert now["finance.doubled"] != ORIGINAL["finance.doubled"]


def test_a_model_out_of_reach_does_not_count():
    """A change in a model that no join reaches leaves the version alone."""
    assert versions(changed(["semantic_models", 2, "source"], "elsewhere")) == ORIGINAL


def test_a_derived_metrics_own_change_is_its_own():
    """The version of an input does not depend on what is built on it."""
    now = versions(changed(["metrics", 1, "expr"], "3 * revenue"))
    assert now["finance.revenue"] == ORIGINAL["finance.revenue"]
    assert now["finance.doubled"] != ORIGINAL["finance.doubled"]


@given(st.sampled_from(["sum", "average", "min", "max", "median"]), st.integers(0, 50), st.sampled_from("ABC"))
@settings(max_examples=60, deadline=None)
def test_versions_differ_exactly_where_definitions_do(agg, number, value):
    """Equal definitions have equal versions; different aggregations, expressions or filters different ones."""
    document = json.loads(json.dumps(BASE))
    metric = document["metrics"][0]
    metric |= {"agg": agg, "expr": f"price + {number}"}
    metric["filter"]["value"] = value
    first = versions(yaml.safe_dump(document))["finance.revenue"]
    assert first == versions(json.dumps(document))["finance.revenue"]
    metric["expr"] = f"price + {number + 1}"
    assert first != versions(yaml.safe_dump(document))["finance.revenue"]


def test_certification_holds_for_one_version_only():
    """A certification with the current hash certifies; after a change it is void and the metric still loads."""
    stamp = {"level": "gold", "by": "ana", "at": "2026-10-01", "definition_hash": ORIGINAL["finance.revenue"]}
    text = changed(["metrics", 0, "certification"], stamp)
    good = load([("f.yaml", text)])
    void = load([("f.yaml", text.replace("agg: sum", "agg: average"))])
    assert isinstance(good, Catalog)
    assert isinstance(void, Catalog)
    assert good.metrics["finance.revenue"].header.certified is True
    assert void.metrics["finance.revenue"].header.certified is False


def test_the_catalogs_version_counts_words_too():
    """The version of the whole catalog changes with a description, and not with the file's name."""
    text = yaml.safe_dump(BASE)
    first, moved = load([("a.yaml", text)]), load([("b.yaml", text)])
    worded = load([("a.yaml", changed(["metrics", 0, "description"], "net"))])
    assert isinstance(first, Catalog)
    assert isinstance(moved, Catalog)
    assert isinstance(worded, Catalog)
    assert first.version == moved.version != worded.version
