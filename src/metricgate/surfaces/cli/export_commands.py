"""``metricgate export``: our definitions -> other tools' documents, with the loss report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from metricgate.documents.yaml_writer import to_yaml
from metricgate.exporting.dbt import export_dbt
from metricgate.exporting.definitions import Exported
from metricgate.exporting.ossie import VERSIONS, export_ossie
from metricgate.surfaces.cli import codes
from metricgate.surfaces.cli.files import texts_at, write_texts
from metricgate.surfaces.cli.output import tell, tell_json, warn
from metricgate.surfaces.cli.project import Exit
from metricgate.surfaces.cli.session import JsonOption, fail, fail_usage
from metricgate.vocabulary.nearest import did_you_mean
from metricgate.vocabulary.problem import Problems

_YAML = frozenset({".yaml", ".yml"})
_MODELS = Path("semantic_models")
PathArgument = Annotated[Path, typer.Argument(metavar="PATH", help="The folder of semantic models, or one file.")]
OutOption = Annotated[
    Path | None, typer.Option("--out", metavar="DIR", help="Write the files here; default: print them.")
]


def ossie(
    path: PathArgument = _MODELS,
    *,
    out: OutOption = None,
    name: Annotated[str, typer.Option("--name", help="Name of the semantic model in the document.")] = "metricgate",
    spec: Annotated[str, typer.Option("--spec", help=f"Version of Ossie: {' or '.join(VERSIONS)}.")] = "0.2.0",
    wrapped: Annotated[
        bool, typer.Option("--wrapped", help="A list under semantic_model, as 0.2.0 had it before September 2026.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Turn models of ours into one Ossie document; our own keys stand in its custom_extensions."""
    if spec not in VERSIONS:
        hint = did_you_mean(spec, VERSIONS) or f"One of {', '.join(VERSIONS)}."
        fail_usage(codes.BAD_OPTION, f"--spec {spec!r} is not known.", hint, as_json=as_json)
    if not name.replace("_", "a").replace("-", "a").isalnum():
        fail_usage(codes.BAD_OPTION, f"--name {name!r} is not a plain name.", as_json=as_json)
    texts = texts_at(path, _YAML, as_json=as_json)
    _finish_export(export_ossie(texts, name=name, version=spec, wrapped=wrapped), out, as_json=as_json)


def dbt(path: PathArgument = _MODELS, *, out: OutOption = None, as_json: JsonOption = False) -> None:
    """Turn models of ours into YAML of dbt's latest spec; what dbt has no key for is told."""
    _finish_export(export_dbt(texts_at(path, _YAML, as_json=as_json)), out, as_json=as_json)


def _finish_export(found: Exported | Problems, out: Path | None, *, as_json: bool) -> None:
    if isinstance(found, Problems):
        fail(found, Exit.REFUSED, as_json=as_json)
    written = {name: to_yaml(document) for name, document in found.files.items()}
    if out is not None:
        write_texts(out, written, as_json=as_json)
    if as_json:
        files = list(written) if out is not None else dict(found.files)
        tell_json({"files": files, "changes": [change.as_json() for change in found.changes]})
        return
    for name, text in written.items():
        tell(f"---\n# {name}\n{text}".rstrip() if out is None else f"wrote {out / name}")
    for change in found.changes:
        warn(str(change), "yellow")
    warn(f"exported: {len(written)} files; changes on the way: {len(found.changes)}")
