"""Definitions -> the files they are written to: one for each model with its metrics, one for each other kind."""

from __future__ import annotations

from collections.abc import Iterable

from metricgate.catalog.names import checked_name
from metricgate.vocabulary.json import Json

_PER_FILE = 500
Document = dict[str, Json]


def files_of(
    models: Iterable[Document],
    metrics: Iterable[Document],
    saved_queries: Iterable[Document] = (),
    time_spines: Iterable[Document] = (),
) -> dict[str, Document]:
    """Return the documents by file name; every name is safe as a path below a folder."""
    files: dict[str, Document] = {}
    rest = list(metrics)
    for number, model in enumerate(models, start=1):
        own: list[Json] = [each for each in rest if each.get("semantic_model") == model.get("name")]
        rest = [each for each in rest if each.get("semantic_model") != model.get("name")]
        files[_file_name(str(model.get("name")), number)] = {
            "semantic_models": [model],
            **({"metrics": own} if own else {}),
        }
    for at in range(0, len(rest), _PER_FILE):
        name = "metrics.yaml" if at == 0 else f"metrics_{at // _PER_FILE + 1}.yaml"
        files[name] = {"metrics": list[Json](rest[at : at + _PER_FILE])}
    for kind, found in (("saved_queries", list(saved_queries)), ("time_spines", list(time_spines))):
        if found:
            files[f"{kind}.yaml"] = {kind: list[Json](found)}
    return files


def _file_name(model: str, number: int) -> str:
    try:
        return f"models/{checked_name(model)}.yaml"
    except ValueError:
        return f"models/model_{number}.yaml"
