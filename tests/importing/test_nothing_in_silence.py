"""An unknown key at any place of a source is told or refused, never lost: tried at every mapping of whole projects."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

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
