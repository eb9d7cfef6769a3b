"""``doctor``: what the warehouses' accounts can do that they should not."""

from __future__ import annotations

import typer

from metricgate.surfaces.cli.output import tell, tell_json
from metricgate.surfaces.cli.project import Exit
from metricgate.surfaces.cli.session import HERE, JsonOption, ProjectOption, fail, open_project
from metricgate.vocabulary.account_finding import WRONG
from metricgate.vocabulary.problem import Problems


def doctor(context: typer.Context, *, as_json: JsonOption = False, project: ProjectOption = HERE) -> None:
    """Say what the warehouses' accounts can do that they should not, with the statement that takes it away."""
    found = open_project(context, project, as_json=as_json).doctor()
    if isinstance(found, Problems):
        fail(found, Exit.REFUSED, as_json=as_json)
    wrong = sum(each.severity == WRONG for _, each in found)
    if as_json:
        tell_json({"sound": not wrong, "findings": [{"of": name, **each.as_json()} for name, each in found]})
    else:
        for name, each in found:
            tell(f"{each.severity}: {name}: {each.right} on {each.object}")
            tell(f"    {each.cure}")
        tell(f"{wrong} wrong, {len(found) - wrong} advice" if found else "nothing wrong")
    if wrong:
        raise typer.Exit(Exit.REFUSED)
