"""Commands on a project's documents: make a project, check it, publish the schema."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from metricgate.catalog.schema import json_schema
from metricgate.surfaces.cli import codes
from metricgate.surfaces.cli.example import EXAMPLE
from metricgate.surfaces.cli.project import Exit
from metricgate.surfaces.cli.session import HERE, JsonOption, ProjectOption, fail_usage, open_project
from metricgate.surfaces.cli.telling import tell, tell_json, tell_problems


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


def validate(context: typer.Context, *, as_json: JsonOption = False, project: ProjectOption = HERE) -> None:
    """Check models, policies, actions and the warehouse's tables; print every problem with its place."""
    found = open_project(context, project, as_json=as_json).validate()
    if as_json:
        tell_json(
            {
                "valid": not found.problems,
                "checked": dict(found.counts),
                "problems": [problem.as_json() for problem in found.problems],
            }
        )
    else:
        tell_problems(found.problems)
        checked = ", ".join(f"{count} {name}" for name, count in found.counts.items())
        number = len(found.problems)
        verdict = f"{number} problem{'' if number == 1 else 's'}" if number else "valid"
        tell(f"{verdict}: {checked}" if checked else verdict)
    if found.problems:
        raise typer.Exit(Exit.REFUSED)


def schema() -> None:
    """Print the JSON Schema of semantic_models/*.yaml, for editors."""
    tell_json(json_schema())
