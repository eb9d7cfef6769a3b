"""``switch stop|freeze|off|list``: a person stops agents, or changes, at once and at every door."""

from __future__ import annotations

from typing import Annotated

import typer

from metricgate.surfaces.cli import codes
from metricgate.surfaces.cli.output import tell, tell_json, tell_table
from metricgate.surfaces.cli.project import Exit
from metricgate.surfaces.cli.session import HERE, JsonOption, ProjectOption, fail, fail_usage, open_project
from metricgate.vocabulary.problem import Problems

Target = Annotated[
    str, typer.Argument(metavar="TARGET", help="all, or agent:NAME, user:NAME, group:NAME, tenant:NAME.")
]
Because = Annotated[str, typer.Option("--because", metavar="TEXT", help="Why; whoever is refused reads it.")]


def stop(
    context: typer.Context,
    target: Target,
    *,
    because: Because,
    as_json: JsonOption = False,
    project: ProjectOption = HERE,
) -> None:
    """Serve no call of an agent, a user, a group, a tenant, or of anybody."""
    _throw(context, "stop", target, because, as_json=as_json, project=project)


def freeze(
    context: typer.Context,
    target: Target,
    *,
    because: Because,
    as_json: JsonOption = False,
    project: ProjectOption = HERE,
) -> None:
    """Let nobody change anything; reading goes on."""
    _throw(context, "freeze", target, because, as_json=as_json, project=project)


def off(
    context: typer.Context,
    target: Target,
    *,
    because: Because,
    as_json: JsonOption = False,
    project: ProjectOption = HERE,
) -> None:
    """Take the switches on a target back."""
    gone = open_project(context, project, as_json=as_json).take_back_switches(target, because)
    if isinstance(gone, Problems):
        fail(gone, Exit.REFUSED, as_json=as_json)
    if as_json:
        tell_json({"taken_back": [each.as_json() for each in gone]})
        return
    for each in gone:
        tell(f"{each.kind} of {each.target} is taken back")


def list_switches(context: typer.Context, *, as_json: JsonOption = False, project: ProjectOption = HERE) -> None:
    """List the switches that are thrown."""
    thrown = open_project(context, project, as_json=as_json).switches()
    if isinstance(thrown, Problems):
        fail(thrown, Exit.FAULT, as_json=as_json)
    if as_json:
        tell_json({"switches": [each.as_json() for each in thrown]})
        return
    columns = [(name, False) for name in ("kind", "target", "by", "at", "because")]
    tell_table(columns, [[each.kind, each.target, each.by, each.at, each.because] for each in thrown])


def _throw(
    context: typer.Context, kind: str, target: str, because: str, *, as_json: bool, project: ProjectOption
) -> None:
    if not because.strip():
        fail_usage(codes.BAD_OPTION, "--because: say why.", as_json=as_json)
    thrown = open_project(context, project, as_json=as_json).throw_switch(kind, target, because)
    if isinstance(thrown, Problems):
        fail(thrown, Exit.REFUSED, as_json=as_json)
    if as_json:
        tell_json(thrown.as_json())
    else:
        tell(f"{thrown.kind} of {thrown.target} is in force: {thrown.because}")
