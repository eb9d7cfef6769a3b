"""Damaged projects: whatever stands where, an import ends in documents or in problems, never in an exception."""

from __future__ import annotations

import copy
import json

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.importing.projects import LATEST, LEGACY_METRICS, LEGACY_MODELS, MANIFEST

from metricgate.catalog.catalog import Catalog
from metricgate.catalog.catalog_loader import load
from metricgate.documents.yaml_writer import to_yaml
from metricgate.importing.dbt import import_dbt
from metricgate.importing.report import Imported
from metricgate.vocabulary.problem import Problems


def _merged(text: str) -> dict:
    """One mapping with every definition under its plural key, as a file of a dbt project may hold them."""
    merged: dict = {"semantic_models": [], "metrics": [], "saved_queries": []}
    for document in yaml.safe_load_all(text):
        for key, value in (document or {}).items():
            if key == "project_configuration":
                merged[key] = value
            else:
                merged[{"saved_query": "saved_queries"}.get(key, f"{key}s")].append(value)
    return merged


SOURCES = (_merged(LEGACY_MODELS + LEGACY_METRICS), yaml.safe_load(LATEST), json.loads(MANIFEST))
JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["name", "type", "x"]), inner, max_size=2)
    ),
    max_leaves=4,
)


def _paths(value: object, here: tuple = ()) -> list[tuple]:
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [here, *(path for key, part in inside for path in _paths(part, (*here, key)))]


def _damaged(source: dict, path: tuple, junk: object) -> dict:
    damaged = copy.deepcopy(source)
    here = damaged
    for step in path[:-1]:
        here = here[step]
    here[path[-1]] = junk
    return damaged


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_any_part_may_be_anything(data: st.DataObject) -> None:
    """One part of a sound project is replaced by junk: documents or problems come, and what comes can be checked."""
    source = data.draw(st.sampled_from(SOURCES))
    path = data.draw(st.sampled_from([path for path in _paths(source) if path]))
    damaged = _damaged(source, path, data.draw(JUNK))
    found = import_dbt([("a.json", json.dumps(damaged))], values={"bike_schema": "bikes"})
    assert isinstance(found, (Imported, Problems))
    if isinstance(found, Imported):
        loaded = load([(name, to_yaml(document)) for name, document in found.files.items()])
        assert isinstance(loaded, (Catalog, Problems))
