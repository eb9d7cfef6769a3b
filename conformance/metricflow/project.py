"""A manifest of the suite -> a project folder that the gateway can open."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from conformance.metricflow.engines import Place
from metricgate.catalog.catalog_loader import load
from metricgate.documents.yaml_writer import to_yaml
from metricgate.importing.dbt import import_dbt
from metricgate.importing.report import LossEntry
from metricgate.vocabulary.problem import Problem, Problems

_POLICY = """
version: 1
grants:
  - {id: tools, roles: [everyone], actions: [call], on: ["tool:*"]}
  - {id: all, roles: [everyone], actions: [describe, query, list_values], on: ["metric:*", "dimension:*", "dataset:*"]}
"""
_STEP = re.compile(r"([a-z_]+)\[(\d+)\]")
_MOST_ROUNDS = 50


@dataclass(slots=True)
class Prepared:
    """A project made from a manifest, and what of it the catalog would not take (name -> why)."""

    folder: Path
    changes: tuple[LossEntry, ...] = ()
    left_out: dict[str, str] = field(default_factory=dict)
    problems: Problems | None = None


def prepare(manifest: Path, folder: Path, place: Place) -> Prepared:
    """Import the manifest and write the project. Definitions that do not load are left out, each with its problem."""
    files = [file for file in sorted(manifest.rglob("*")) if file.suffix in {".yaml", ".yml", ".json"}]
    texts = [(file.relative_to(manifest).as_posix(), file.read_text(encoding="utf-8")) for file in files]
    imported = import_dbt(texts, values={"source_schema": place.schema})
    if isinstance(imported, Problems):
        return Prepared(folder=folder, problems=imported)
    prepared = Prepared(folder=folder, changes=imported.changes)
    documents = {name: dict(document) for name, document in imported.files.items()}
    for _round in range(_MOST_ROUNDS):
        found = load([(name, to_yaml(document)) for name, document in documents.items()])
        if not isinstance(found, Problems):
            break
        if not _leave_out(documents, found, prepared.left_out):
            prepared.problems = found
            return prepared
    for name, document in documents.items():
        file = folder / "semantic_models" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(to_yaml(document), encoding="utf-8")
    (folder / "policies").mkdir(parents=True, exist_ok=True)
    (folder / "policies" / "policy.yaml").write_text(_POLICY, encoding="utf-8")
    (folder / "metricgate.yaml").write_text(f"project: conformance\nwarehouse: {place.warehouse}\n", encoding="utf-8")
    return prepared


def _leave_out(documents: dict[str, dict], problems: Problems, left_out: dict[str, str]) -> bool:
    """Take out the innermost definition at each problem; say whether there was one."""
    doomed: dict[int, tuple[list, dict]] = {}
    for problem in problems:
        found = _definition(documents, problem)
        if found is not None:
            owner, item = found
            doomed[id(item)] = (owner, item)
            left_out.setdefault(str(item.get("name")), str(problem))
    for owner, item in doomed.values():
        owner[:] = [each for each in owner if each is not item]
    return bool(doomed)


def _definition(documents: dict[str, dict], problem: Problem) -> tuple[list, dict] | None:
    place = problem.where
    if place is None or place.file not in documents or place.path is None:
        return None
    here: dict = documents[place.file]
    found: tuple[list, dict] | None = None
    for key, index in _STEP.findall(place.path):
        items = here.get(key)
        if key not in {"semantic_models", "metrics", "dimensions", "entities", "saved_queries", "time_spines"}:
            break
        if not isinstance(items, list) or int(index) >= len(items):
            break
        found = (items, items[int(index)])
        here = items[int(index)]
    return found
