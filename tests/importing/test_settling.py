"""One expression that cannot be read costs its definition and what names it, never the whole project."""

from __future__ import annotations

import re

import pytest

from metricgate.catalog.catalog import Catalog
from metricgate.catalog.catalog_loader import load
from metricgate.documents.yaml_writer import to_yaml
from metricgate.importing.dbt import import_dbt
from metricgate.importing.report import Imported
from metricgate.importing.unreadable_definitions import without_unreadable

PROJECT = """
semantic_models:
  - name: claim
    model: ref('claim')
    defaults: {agg_time_dimension: opened}
    entities: [{name: claim, type: primary, expr: id}, {name: agent, type: foreign, expr: ENTITY}]
    dimensions:
      - {name: opened, type: time, type_params: {time_granularity: day}}
      - {name: kind, type: categorical, expr: DIMENSION}
    measures:
      - {name: claims, agg: sum, expr: "1", create_metric: true}
      - {name: odd, agg: sum, expr: MEASURE, create_metric: true}
metrics:
  - {name: twice, type: derived, type_params: {expr: odd * 2, metrics: [odd]}}
  - {name: thrice, type: derived, type_params: {expr: twice * 3, metrics: [twice]}}
  - {name: share, type: ratio, type_params: {numerator: claims, denominator: claims}}
  - {name: of_kind, type: simple, type_params: {measure: claims}, filter: FILTER}
saved_queries:
  - {name: board, query_params: {metrics: [twice]}}
"""
GOOD = {
    "ENTITY": "agent_id",
    "DIMENSION": "kind",
    "MEASURE": "amount",
    "FILTER": "\"{{ Dimension('claim__kind') }} = 'x'\"",
}
ALL = {"claims", "odd", "twice", "thrice", "share", "of_kind"}
DAMAGES = {
    "measure": ({"MEASURE": '"UNNEST(x)"'}, ALL - {"odd", "twice", "thrice"}, "the metric 'odd'"),
    "dimension": ({"DIMENSION": '"(SELECT 1)"'}, ALL - {"of_kind"}, "the dimension 'kind' of the model 'claim'"),
    "entity": ({"ENTITY": '"a b c"'}, ALL, "the entity 'agent' of the model 'claim'"),
    "filter": ({"FILTER": "\"{{ Nothing('x') }} = 1\""}, ALL - {"of_kind"}, "the metric 'of_kind'"),
    "filter of text": ({"FILTER": '"kind = 1"'}, ALL - {"of_kind"}, "the metric 'of_kind'"),
    "all of them": (
        {"MEASURE": '"SUM(x)"', "DIMENSION": '"random()"', "FILTER": '"((("'},
        {"claims", "share"},
        "the metric 'odd'",
    ),
    "nothing": ({}, ALL, None),
}


def taken(**changed: str) -> Imported:
    text = PROJECT
    for word, value in {**GOOD, **changed}.items():
        text = text.replace(word, value)
    found = import_dbt([("m.yml", text)])
    assert isinstance(found, Imported), found
    return found


@pytest.mark.parametrize(("changed", "left", "told"), DAMAGES.values(), ids=DAMAGES)
def test_the_rest_of_the_project_loads(changed: dict[str, str], left: set[str], told: str | None) -> None:
    """What is left out is told, and what is left has no problem."""
    found, problems = without_unreadable(taken(**changed))
    assert problems == ()
    catalog = load([(name, to_yaml(document)) for name, document in found.files.items()])
    assert isinstance(catalog, Catalog)
    assert set(catalog.metrics) == left
    assert set(catalog.saved_queries) == ({"board"} if "twice" in left else set())
    dropped = [str(each) for each in found.changes if re.match("dropped", str(each))]
    assert bool(dropped) == (told is not None)
    assert told is None or any(told in each for each in dropped), dropped


def with_texts(*pairs: tuple[str, str]) -> Imported:
    text = PROJECT
    for old, new in (*GOOD.items(), *pairs):
        assert old in text
        text = text.replace(old, new)
    found = import_dbt([("m.yml", text)])
    assert isinstance(found, Imported), found
    return found


OTHERWISE_WRONG = {
    "a metric of none": (("metrics: [twice]}", "metrics: [twice, nowhere]}"), "the metric 'thrice'"),
    "a grain that is none": (
        ("metrics: [twice]}", "metrics: [{name: twice, offset_window: 1 mnth}]}"),
        "the metric 'thrice'",
    ),
    "a measure's time": (("expr: amount,", "expr: amount, agg_time_dimension: nowhere,"), "the metric 'odd'"),
}


@pytest.mark.parametrize(("pair", "told"), OTHERWISE_WRONG.values(), ids=OTHERWISE_WRONG)
def test_whatever_is_wrong_with_a_metric_costs_that_one(pair: tuple[str, str], told: str) -> None:
    """Not only what cannot be read."""
    found, problems = without_unreadable(with_texts(pair))
    assert problems == ()
    catalog = load([(name, to_yaml(document)) for name, document in found.files.items()])
    assert isinstance(catalog, Catalog)
    assert {"claims", "share", "of_kind"} <= set(catalog.metrics) < ALL
    assert any(str(each).startswith(f"dropped {told}") for each in found.changes)


def test_a_metric_of_an_unknown_type_costs_itself_and_what_is_made_of_it() -> None:
    """A newer dbt may have types that we do not know; the rest of the project is of use without them."""
    odd = "metrics:\n  - {name: odd_one, label: o, type: wonderful, type_params: {measure: claims}}\n"
    using = "  - {name: of_odd, label: o, type: derived, type_params: {expr: odd_one * 2, metrics: [odd_one]}}\n"
    found, problems = without_unreadable(with_texts(("metrics:\n", odd + using)))
    assert problems == ()
    catalog = load([(name, to_yaml(document)) for name, document in found.files.items()])
    assert isinstance(catalog, Catalog)
    assert set(catalog.metrics) == ALL
    told = "\n".join(map(str, found.changes))
    assert "dropped the metric 'odd_one': it is of type 'wonderful'" in told
    assert "dropped the metric 'of_odd'" in told


def test_a_default_time_that_is_none_costs_the_default() -> None:
    """The metrics stay: each can be asked over all time, and name a time of its own."""
    found, problems = without_unreadable(with_texts(("agg_time_dimension: opened", "agg_time_dimension: closed")))
    assert problems == ()
    catalog = load([(name, to_yaml(document)) for name, document in found.files.items()])
    assert isinstance(catalog, Catalog)
    assert set(catalog.metrics) == ALL
    assert any(str(each).startswith("dropped the default time of the model 'claim'") for each in found.changes)


def test_what_is_the_users_to_settle_stays() -> None:
    """A dimension of a kind that is none is no expression: the problem is told and the dimension is not left out."""
    before = with_texts(("{name: kind, type: categorical,", "{name: kind kind, type: categorical,"))
    found, problems = without_unreadable(before)
    assert problems
    assert found.counts == before.counts
