"""Commands on a project's documents: make a project, check it, publish the schema."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from metricgate.catalog.schema import json_schema
from metricgate.surfaces.cli import codes
from metricgate.surfaces.cli.data_checks import check_data, exit_of, tell_data
from metricgate.surfaces.cli.example import EXAMPLE
from metricgate.surfaces.cli.output import tell, tell_json, tell_problems
from metricgate.surfaces.cli.parties import parties_of
from metricgate.surfaces.cli.project import Exit
from metricgate.surfaces.cli.session import HERE, JsonOption, ProjectOption, fail_usage, leave, open_project
from metricgate.vocabulary.json import Json


def init(folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder to make the project in.")]) -> None:
    """Make a project: settings, an example model, an example policy. Overwrites nothing."""
    taken = [name for name in EXAMPLE if (folder / name).exists() or (folder / name).is_symlink()]
    if taken:
        fail_usage(codes.FILE_IN_THE_WAY, f"{', '.join(taken)} already exist in {str(folder)!r}; nothing was written.")
    try:
        for name, text in EXAMPLE.items():
            file = folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            with file.open("x", encoding="utf-8") as opened:
                opened.write(text)
            tell(f"wrote {file}")
    except OSError as error:
        fail_usage(codes.UNREADABLE_FILE, f"Cannot write in {str(folder)!r}: {error}.")
    tell("Next: point `warehouse.file` in metricgate.yaml to your DuckDB file, describe your tables, then:")
    tell(f"  metricgate validate --project {folder}")
    tell(f"  metricgate keys create example-agent --project {folder}")


def validate(
    context: typer.Context,
    *,
    data: Annotated[
        bool, typer.Option("--data", help="Check keys, histories, references and time spines in the warehouses too.")
    ] = False,
    who: Annotated[
        str | None,
        typer.Option("--as", metavar="WHO", help="Check what agent:NAME or agent:NAME,user:NAME may see; with --data."),
    ] = None,
    as_json: JsonOption = False,
    project: ProjectOption = HERE,
) -> None:
    """Check models, policies, actions and the warehouse's tables; print every problem with its place."""
    if who is not None and not data:
        fail_usage(codes.BAD_OPTION, "--as is about the data.", "Add --data.", as_json=as_json)
    parties = None if who is None else parties_of(who, as_json=as_json)
    opened = open_project(context, project, as_json=as_json)
    found = opened.validate()
    checked = check_data(opened, parties, as_json=as_json) if data and not found.problems else ()
    if as_json:
        told: dict[str, Json] = {
            "valid": not found.problems and exit_of(checked) is Exit.ANSWERED,
            "checked": dict(found.counts),
            "problems": [problem.as_json() for problem in found.problems],
        }
        tell_json({**told, "data": [each.as_json() for each in checked]} if data else told)
    else:
        tell_problems(found.problems)
        counts = ", ".join(f"{count} {name}" for name, count in found.counts.items())
        number = len(found.problems)
        verdict = f"{number} problem{'' if number == 1 else 's'}" if number else "valid"
        tell(f"{verdict}: {counts}" if counts else verdict)
        if data and not found.problems:
            tell_data(checked)
    leave(Exit.REFUSED if found.problems else exit_of(checked))


def schema() -> None:
    """Print the JSON Schema of semantic_models/*.yaml, for editors."""
    tell_json(json_schema())
