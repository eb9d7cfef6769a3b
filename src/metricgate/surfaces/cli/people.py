"""``people add|list|remove|reset``: who may log in. Recovery is here and nowhere else."""

from __future__ import annotations

from typing import Annotated

import typer

from metricgate.operations.user_admin import NewPerson
from metricgate.surfaces.cli.output import tell, tell_json, tell_table, warn
from metricgate.surfaces.cli.project import Exit
from metricgate.surfaces.cli.session import HERE, JsonOption, ProjectOption, fail, open_project
from metricgate.vocabulary.problem import Problems

Name = Annotated[str, typer.Argument(metavar="NAME", help="As policies name the user, e.g. ana@acme.example.")]


def add(
    context: typer.Context,
    name: Name,
    *,
    group: Annotated[
        list[str] | None, typer.Option("--group", metavar="GROUP", help="A group they are in; repeatable.")
    ] = None,
    as_json: JsonOption = False,
    project: ProjectOption = HERE,
) -> None:
    """Add a person. Prints a one-time password and the address for an authenticator app, once."""
    made = open_project(context, project, as_json=as_json).people().add(name, group or ())
    _tell_new_person(made, as_json=as_json)


def reset(context: typer.Context, name: Name, *, as_json: JsonOption = False, project: ProjectOption = HERE) -> None:
    """Give a person a new one-time password and authenticator; their sessions end at once."""
    _tell_new_person(open_project(context, project, as_json=as_json).people().reset(name), as_json=as_json)


def remove(context: typer.Context, name: Name, *, as_json: JsonOption = False, project: ProjectOption = HERE) -> None:
    """Remove a person; their sessions end at once. What they decided stays in the record."""
    wrong = open_project(context, project, as_json=as_json).people().remove(name)
    if wrong is not None:
        fail(wrong, Exit.REFUSED, as_json=as_json)
    if as_json:
        tell_json({"removed": name})
    else:
        tell(f"{name} is removed")


def list_people(context: typer.Context, *, as_json: JsonOption = False, project: ProjectOption = HERE) -> None:
    """List the people who may log in here."""
    found = open_project(context, project, as_json=as_json).people().list()
    if as_json:
        tell_json(
            {
                "people": [
                    {
                        "name": each.name,
                        "groups": list(each.groups),
                        "state": each.state,
                        "created_at": str(each.created_at),
                    }
                    for each in found
                ]
            }
        )
        return
    columns = [(title, False) for title in ("name", "groups", "state", "since")]
    tell_table(columns, [[each.name, ", ".join(each.groups), each.state, str(each.created_at)] for each in found])


def _tell_new_person(made: NewPerson | Problems, *, as_json: bool) -> None:
    if isinstance(made, Problems):
        fail(made, Exit.REFUSED, as_json=as_json)
    until = made.until.isoformat(timespec="minutes")
    if as_json:
        tell_json(
            {
                "name": made.name,
                "one_time_password": made.one_time_password,
                "otpauth": made.otpauth,
                "until": until,
            }
        )
        return
    tell(f"one-time password  {made.one_time_password}")
    tell(f"authenticator      {made.otpauth}")
    warn(f"Good for one login until {until}, which asks for a password of their own. Not shown again.", "yellow")
