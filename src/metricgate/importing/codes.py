"""Error codes of the importing room, documented in ``docs/errors/importing.md``."""

from __future__ import annotations

from metricgate.vocabulary.problem import Code


def _importing_code(name: str, cause: str, cure: str) -> Code:
    return Code(name=name, group="importing", status=422, cause=cause, cure=cure)


NOTHING_TO_IMPORT = _importing_code(
    "E_NOTHING_TO_IMPORT",
    "The files hold no semantic model and no metric of the format that was named.",
    "Name the folder or file that holds them: for dbt a semantic_manifest.json, or the project's YAML files; for Ossie "
    "the YAML or JSON file with `datasets`; for Cube the YAML files with `cubes`.",
)
IMPORT_SHAPE = _importing_code(
    "E_IMPORT_SHAPE",
    "A part of the source has another shape than its format gives it, or lacks what it cannot do without.",
    "Correct it in the source; the tool that the model was written for refuses it too.",
)
IMPORT_REFERENCE = _importing_code(
    "E_IMPORT_REFERENCE",
    "The source names a measure, metric or model that it does not define.",
    "Import all files of the project together, or correct the name.",
)
IMPORT_DUPLICATE = _importing_code(
    "E_IMPORT_DUPLICATE",
    "Two things of the source that are told apart by their names have the same one.",
    "Import one version of each file; rename one of the two.",
)
IMPORT_PLACEHOLDER = _importing_code(
    "E_IMPORT_PLACEHOLDER",
    "A relation's name holds a placeholder such as $source_schema, and no value was given for it.",
    "Give the value: --set source_schema=analytics.",
)

CODES = (NOTHING_TO_IMPORT, IMPORT_SHAPE, IMPORT_REFERENCE, IMPORT_DUPLICATE, IMPORT_PLACEHOLDER)
