"""An unknown key at any place of a source is told or refused, never lost: tried at every mapping of whole projects."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from tests.importing.projects import LATEST, LEGACY_METRICS, LEGACY_MODELS, MANIFEST

from metricgate.importing.cube import import_cube
from metricgate.importing.dbt import import_dbt
from metricgate.importing.ossie import import_ossie
from metricgate.importing.report import Imported

RUNNING = Path(__file__).parent / "running"
IMPORTERS = {"dbt": import_dbt, "cube": import_cube, "ossie": import_ossie}
UNKNOWN = "zz_unknown"


def mappings(value: object, path: tuple = ()) -> Iterator[tuple]:
    """Yield the path of every mapping inside."""
    if isinstance(value, dict):
        yield path
        for key, inner in value.items():
            yield from mappings(inner, (*path, key))
    elif isinstance(value, list):
        for at, inner in enumerate(value):
            yield from mappings(inner, (*path, at))


def with_unknown(document: object, path: tuple) -> object:
    """Return a copy with one more key in the mapping at the path."""
    changed = copy.deepcopy(document)
    here = changed
    for step in path:
        here = here[step]
    here[UNKNOWN] = {"deep": [1, {"er": 2}]}
    return changed


def told_of(found: object) -> str:
    """Return everything that the import tells, as text."""
    return "\n".join(map(str, found.changes)) if isinstance(found, Imported) else str(found)


def held_by_dropped(document: object, path: tuple, told: str) -> bool:
    """Whether the report says that something which holds the path is dropped as a whole."""
    here = document
    for step in path:
        if isinstance(here, dict) and re.search(f"dropped {re.escape(repr(step))} of ", told):
            return True
        here = here[step]
        name = here.get("name", here.get("vendor_name")) if isinstance(here, dict) else None
        if name and re.search(rf"dropped the (\w+ )+{re.escape(repr(name))}[ :]", told):
            return True
    return False


FILES = sorted(RUNNING.glob("*/source/**/*.yml"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(RUNNING)))
def test_an_unknown_key_anywhere_is_told(file: Path) -> None:
    """One key more in any mapping: the report or the refusal names it, or what holds it."""
    importer = next(IMPORTERS[kind] for kind in IMPORTERS if kind in file.relative_to(RUNNING).parts[0])
    document = yaml.safe_load(file.read_text())
    others = [(each.name, each.read_text()) for each in FILES if each.parent == file.parent and each != file]
    before = told_of(importer([(file.name, file.read_text()), *others]))
    silent = []
    for path in mappings(document):
        text = yaml.safe_dump(with_unknown(document, path), sort_keys=False)
        told = told_of(importer([(file.name, text), *others]))
        if UNKNOWN not in told and not held_by_dropped(document, path, before):
            silent.append(path)
    assert silent == []


BOOKKEEPING = {"metadata", "input_measures", "metric_aggregation_params", "dsi_package_version"}
"""What dbt writes into a manifest to repeat, or to find, what stands elsewhere (``docs/importing.md``)."""


@pytest.mark.parametrize(
    "text", [LEGACY_MODELS + LEGACY_METRICS, LATEST, MANIFEST], ids=["legacy", "latest", "manifest"]
)
def test_an_unknown_key_in_any_spec_of_dbt_is_told(text: str) -> None:
    """The same for every spec: documents of one text, each with one key more."""
    documents = list(yaml.safe_load_all(text))
    before = told_of(import_dbt([("a.yml", text)], values={"bike_schema": "b"}))
    silent = []
    for at, document in enumerate(documents):
        for path in mappings(document):
            changed = [with_unknown(each, path) if number == at else each for number, each in enumerate(documents)]
            written = yaml.safe_dump_all(changed, sort_keys=False)
            told = told_of(import_dbt([("a.yml", written)], values={"bike_schema": "b"}))
            if UNKNOWN not in told and not held_by_dropped(document, path, before) and not BOOKKEEPING & set(path):
                silent.append((at, path))
    assert silent == []


def test_a_contradiction_inside_a_manifest_is_told() -> None:
    """A window that stands twice and differs: one is taken, and the report says which."""
    document = yaml.safe_load(MANIFEST)
    found = [each for each in document["metrics"] if each["type"] == "cumulative"]
    assert found
    for each in found:
        each["type_params"]["window"] = {"count": 99, "granularity": "day"}
        each["type_params"]["cumulative_type_params"] = {"window": {"count": 2, "granularity": "day"}}
    told = told_of(import_dbt([("semantic_manifest.json", json.dumps(document))], values={"bike_schema": "b"}))
    assert "dropped window '99 days'" in told
