"""What the guide shows is what the catalog reads."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from metricgate.catalog.catalog import Catalog
from metricgate.catalog.catalog_loader import load
from metricgate.catalog.documents import CatalogFile
from metricgate.catalog.schema import json_schema

DOCS = Path(__file__).parents[2] / "docs"
GUIDE = DOCS / "writing-metrics.md"
PAGES = [GUIDE, *sorted((DOCS / "metrics").glob("*.md"))]
SNIPPETS = [
    snippet
    for page in PAGES
    for snippet in re.findall(r"```yaml\n(.*?)```", page.read_text(), flags=re.DOTALL)
    if page == GUIDE or "# E_" not in snippet  # what is wrong on purpose is tested with its page
]


@pytest.mark.parametrize("snippet", SNIPPETS)
def test_every_snippet_of_the_guide_loads(snippet):
    """A reader may copy any example of the guide into a file."""
    found = load([("guide.yaml", snippet)])
    assert isinstance(found, Catalog), str(found)


@pytest.mark.parametrize("snippet", SNIPPETS)
def test_every_snippet_fits_the_published_schema(snippet):
    """An editor that uses the JSON Schema finds no fault with the guide's examples."""
    validator = Draft202012Validator(json_schema())
    assert list(validator.iter_errors(yaml.safe_load(snippet))) == []


def test_the_guide_names_every_key():
    """Each key that a file may hold is in the guide or on the page of its metric type."""
    text = "".join(page.read_text() for page in PAGES)
    keys = {key for definition in json_schema()["$defs"].values() for key in definition.get("properties", {})}
    missing = {key for key in keys if not re.search(rf"\b{key}\b", text)} - {"defaults"}
    assert missing == set()


def test_the_schema_is_closed_and_valid():
    """The schema is a valid one, refuses unknown keys, and describes every definition."""
    schema = json_schema()
    Draft202012Validator.check_schema(schema)
    assert schema["additionalProperties"] is False
    assert set(CatalogFile.model_fields) == set(schema["properties"])
    validator = Draft202012Validator(schema)
    assert list(validator.iter_errors({"metrics": [{"name": "a", "type": "simple", "agg": "sum", "exp": "b"}]}))
    assert list(validator.iter_errors({"metrics": [{"name": "a", "type": "simple", "agg": "sum", "filter": {"x": 1}}]}))
