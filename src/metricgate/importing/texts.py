"""The text of one file, YAML or JSON -> its documents as plain values with their places; what is malformed is noted."""

from __future__ import annotations

import json

from metricgate.documents import DocumentLimits
from metricgate.documents import codes as document_codes
from metricgate.documents.yaml_composer import compose
from metricgate.importing.source_parts import ImportContext, SourceSpot
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.problem import Place, Problem, Problems

_LARGEST = 64 * 1024 * 1024
_LIMITS = DocumentLimits(size=8 * 1024 * 1024, nodes=1_000_000, alias_nodes=20_000)


def documents_of(name: str, text: str, reading: ImportContext) -> list[tuple[Json, SourceSpot]]:
    """Return every document of the file (JSON by its ending ``.json``); problems of form go to the notes."""
    if name.lower().endswith(".json"):
        return _read_json(name, text, reading)
    found = compose(name, text, _LIMITS)
    if isinstance(found, Problems):
        reading.notes.problems.extend(found)
        return []
    return [(document.value, SourceSpot(name, document.mark)) for document in found]


def _read_json(name: str, text: str, reading: ImportContext) -> list[tuple[Json, SourceSpot]]:
    if len(text) > _LARGEST:
        message = f"the file has {len(text):,} characters; at most {_LARGEST:,} are read"
        reading.notes.problems.append(Problem(code=document_codes.TOO_LARGE, message=message, where=Place(file=name)))
        return []
    try:
        return [(json.loads(text), SourceSpot(name))]
    except (ValueError, RecursionError) as error:
        message = "nested too deeply" if isinstance(error, RecursionError) else f"not JSON: {error}"
        reading.notes.problems.append(Problem(code=document_codes.SYNTAX, message=message, where=Place(file=name)))
        return []
