"""``drill``: incidents played against a real gateway in a scratch project."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from metricgate.surfaces.cli import codes
from metricgate.surfaces.cli.output import tell, tell_json, tell_table
from metricgate.surfaces.cli.project import Exit
from metricgate.surfaces.cli.session import JsonOption, fail_usage, session_of
from metricgate.vocabulary.json import Json


def drill(
    context: typer.Context,
    names: Annotated[list[str] | None, typer.Argument(metavar="[NAME]...", help="Which; default: all.")] = None,
    *,
    folder: Annotated[Path, typer.Option("--folder", help="Where the drills are.")] = Path("examples/incidents"),
    only_list: Annotated[bool, typer.Option("--list", help="List the drills.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Play incidents against a real gateway, each in a scratch project."""
    found = session_of(context).drills(folder)
    unknown = [each for each in names or [] if each not in found]
    if unknown or not found:
        there = ", ".join(found) or "none"
        fail_usage(
            codes.BAD_OPTION, f"There is no drill {', '.join(unknown) or 'at all'} in {folder}; there are: {there}."
        )
    if only_list:
        if as_json:
            tell_json(list(found))
            return
        for each in found:
            tell(each)
        return
    results = []
    for name in names or found:
        result = found[name]()
        results.append(result)
        if not as_json:
            _tell_drill(result)
    if as_json:
        tell_json([dict(each) for each in results])
    else:
        columns = [("drill", False), ("held", False), ("contain s", True), ("recover s", True), ("record", False)]
        tell_table(columns, [_drill_row(each) for each in results])
    if not all(each["held"] for each in results):
        raise typer.Exit(Exit.FAULT)


def _tell_drill(result: Mapping[str, Json]) -> None:
    tell(f"{result['name']}", "bold")
    steps = result["steps"]
    for step in steps if isinstance(steps, list) else []:
        if isinstance(step, dict):
            entry = "" if step["entry"] is None else f" [entry {step['entry']}]"
            tell(f"  {step['attempted']}: {step['happened']} {step['why']}{entry}")
    broken = result["broken"]
    for each in broken if isinstance(broken, list) else []:
        tell(f"  DID NOT HOLD: {each}", "red")


def _drill_row(result: Mapping[str, Json]) -> list[Json]:
    times: list[Json] = [
        f"{value:.3f}" if isinstance(value, float) else "-"
        for value in (result["contain_seconds"], result["recover_seconds"])
    ]
    held = "yes" if result["held"] else "NO"
    return [result["name"], held, *times, "verified" if result["verified"] else "NOT VERIFIED"]
