"""One expression that cannot be read costs its definition and what names it, never the whole project."""

from __future__ import annotations

import re

import pytest

from metricgate.catalog.catalog import Catalog
from metricgate.catalog.loading import load
from metricgate.documents.writing import to_yaml
from metricgate.importing.dbt import import_dbt
from metricgate.importing.report import Imported
from metricgate.importing.settling import settled

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
    found, problems = settled(taken(**changed))
    assert problems == ()
    catalog = load([(name, to_yaml(document)) for name, document in found.files.items()])
    assert isinstance(catalog, Catalog)
    assert set(catalog.metrics) == left
    assert set(catalog.saved_queries) == ({"board"} if "twice" in left else set())
    dropped = [str(each) for each in found.changes if re.match("dropped", str(each))]
    assert bool(dropped) == (told is not None)
    assert told is None or any(told in each for each in dropped), dropped


def test_what_is_the_users_to_settle_stays() -> None:
    """A time dimension that is none is no expression: the problem is told and nothing is left out."""
    text = PROJECT.replace("agg_time_dimension: opened", "agg_time_dimension: closed")
    for word, value in GOOD.items():
        text = text.replace(word, value)
    before = import_dbt([("m.yml", text)])
    assert isinstance(before, Imported)
    found, problems = settled(before)
    assert {each.code.name for each in problems} == {"E_TIME_DIMENSION"}
    assert found.counts == before.counts
