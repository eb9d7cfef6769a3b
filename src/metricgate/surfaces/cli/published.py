"""``audit definitions``: what was in force, by the digests that the record names, and the files that it was."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Annotated

import typer

from metricgate.operations.published_definitions import FoundPublication
from metricgate.state.definitions import Publication, PublishedFiles
from metricgate.surfaces.cli import codes
from metricgate.surfaces.cli.output import tell, tell_json, tell_table, warn
from metricgate.surfaces.cli.project import Exit
from metricgate.surfaces.cli.session import HERE, JsonOption, ProjectOption, fail, fail_usage, open_project
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.nearest import did_you_mean
from metricgate.vocabulary.problem import Problems

_KINDS = ("models", "policies", "actions")
_COLUMNS = (("published", False), ("kind", False), ("files", True), ("digest", False))


def definitions(
    context: typer.Context,
    digest: Annotated[
        str | None,
        typer.Argument(metavar="[DIGEST]", help="As the record has it, or its first characters. Default: list all."),
    ] = None,
    *,
    kind: Annotated[str | None, typer.Option("--kind", help="models, policies or actions.")] = None,
    into: Annotated[
        Path | None, typer.Option("--into", metavar="FOLDER", help="Write the files to a new folder.")
    ] = None,
    as_json: JsonOption = False,
    project: ProjectOption = HERE,
) -> None:
    """List the definitions that came into force, the newest first, or show the files of one digest."""
    if kind is not None and kind not in _KINDS:
        hint = did_you_mean(kind, _KINDS) or f"The kinds are: {', '.join(_KINDS)}."
        fail_usage(codes.BAD_OPTION, f"--kind {kind!r} is no kind of definitions.", hint, as_json=as_json)
    if into is not None and digest is None:
        fail_usage(codes.BAD_OPTION, "--into writes the files of one DIGEST; give it.", as_json=as_json)
    if into is not None and into.exists():
        fail_usage(codes.FILE_IN_THE_WAY, f"{str(into)!r} exists already; nothing was written.", as_json=as_json)
    opened = open_project(context, project, as_json=as_json)
    if digest is None:
        listed = opened.publications(kind)
        if isinstance(listed, Problems):
            fail(listed, Exit.FAULT, as_json=as_json)
        if as_json:
            tell_json({"definitions": [_publication_json(each) for each in listed]})
        else:
            tell_table(_COLUMNS, [[_published_at(each), each.kind, each.files, each.digest] for each in listed])
        return
    found = opened.publication(digest, kind)
    if isinstance(found, Problems):
        fail(found, Exit.REFUSED, as_json=as_json)
    _show(found, into, as_json=as_json)


def _show(publication: FoundPublication, into: Path | None, *, as_json: bool) -> None:
    found = publication.files
    if into is not None:
        try:
            _write_files(found, into)
        except OSError as error:
            fail_usage(codes.UNREADABLE_FILE, f"{str(into)!r} cannot be written: {error}.", as_json=as_json)
    if as_json:
        where: dict[str, Json] = {} if into is None else {"folder": str(into)}
        files: dict[str, Json] = {
            "files": dict(found.texts),
            "erased": sorted(found.erased),
            "agrees": publication.agrees,
        }
        tell_json({**_publication_json(found.publication), **files, **where})
    elif into is None:
        for name, text in found.texts.items():
            tell(f"# {name}\n{text}")
    else:
        tell(f"{len(found.texts)} files written to {into}")
    if found.erased:
        warn(f"Something was erased since from {', '.join(sorted(found.erased))}.")
    if not publication.agrees:
        warn("This release does not read from these files what was published under that digest.")


def _write_files(found: PublishedFiles, into: Path) -> None:
    for name, text in found.texts.items():
        # A name may lead out of the project's folder; the copy stays within its own.
        file = into.joinpath(*(part for part in PurePosixPath(name).parts if part not in {"/", ".."}))
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")


def _publication_json(each: Publication) -> dict[str, Json]:
    return {"kind": each.kind, "digest": each.digest, "published_at": _published_at(each), "files": each.files}


def _published_at(each: Publication) -> str:
    return datetime.fromtimestamp(each.published_at, UTC).isoformat(timespec="seconds")
