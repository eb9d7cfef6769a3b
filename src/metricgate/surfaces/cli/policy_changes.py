"""``policy diff``: who gains and who loses what between two policies."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from metricgate.policy.policy import Policy
from metricgate.policy.policy_diff import Difference, Direction, compare
from metricgate.policy.policy_loader import load
from metricgate.surfaces.cli.output import tell, tell_json, tell_table, warn
from metricgate.surfaces.cli.project import Exit
from metricgate.surfaces.cli.session import HERE, JsonOption, ProjectOption, fail, open_project
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.problem import Problems

_SETTINGS = "metricgate.yaml"
_STYLES = {Direction.GAINS: "yellow", Direction.LOSES: "red", Direction.CHANGES: ""}


def diff(
    context: typer.Context,
    before: Annotated[str, typer.Argument(metavar="REV_A", help="A git revision, or a project folder.")],
    after: Annotated[
        str | None, typer.Argument(metavar="[REV_B]", help="The same; default: the project as it stands.")
    ] = None,
    *,
    as_json: JsonOption = False,
    project: ProjectOption = HERE,
) -> None:
    """Say who gains and who loses what, by resource. Ends with 3 where anything differs."""
    old, new = (_policy(context, each, project, as_json=as_json) for each in (before, after))
    found = compare(old, new)
    counts = {direction: sum(each.direction is direction for each in found) for direction in Direction}
    if as_json:
        tell_json(
            {
                "policy": {"before": old.digest, "after": new.digest},
                "counts": {str(direction): number for direction, number in counts.items()},
                "differences": [each.as_json() for each in found],
            }
        )
    else:
        if found:
            names = ("who", "", "what", "action", "resource", "before", "after")
            tell_table([(name, False) for name in names], [_difference_row(each) for each in found])
        told = ", ".join(f"{number} {direction}" for direction, number in counts.items() if number)
        tell(told or "nobody gains or loses anything", "red" if found else "green")
    if found:
        raise typer.Exit(Exit.REFUSED)


def _policy(context: typer.Context, name: str | None, project: Path, *, as_json: bool) -> Policy:
    """The policy of a revision or folder; where it does not load, that is told with the side's name."""
    is_folder = name is not None and (Path(name) / _SETTINGS).is_file()
    folder = Path(name) if is_folder and name is not None else project
    opened = open_project(context, folder, as_json=as_json)
    documents = opened.policy_documents(None if is_folder else name)
    if isinstance(documents, Problems):
        fail(documents, Exit.REFUSED, as_json=as_json)
    policy = load(documents, opened.rule_kinds())
    if isinstance(policy, Problems):
        if not as_json:
            warn(f"The policies of {name or 'the working tree'} do not load:", "red")
        fail(policy, Exit.REFUSED, as_json=as_json)
    return policy


def _difference_row(each: Difference) -> list[Json]:
    return [
        ", ".join(each.who),
        str(each.direction),
        each.kind.replace("_", " "),
        each.action,
        each.resource,
        each.before or None,
        each.after or None,
    ]
