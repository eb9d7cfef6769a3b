"""What one run of the program carries from its start to its commands, and how commands end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from metricgate.surfaces.cli import codes
from metricgate.surfaces.cli.output import tell_problems
from metricgate.surfaces.cli.project import Exit, Opener, Project, VerifyLedger
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.problem import Code, Problem, Problems

ProjectOption = Annotated[
    Path, typer.Option("--project", "-p", envvar="METRICGATE_PROJECT", help="The project folder.", show_default=True)
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
HERE = Path()
Drills = Callable[[Path], Mapping[str, Callable[[], Mapping[str, Json]]]]
"""Gives the drills of a folder by name; each plays one and returns ``DrillReport.as_json()``."""


def no_drills(_folder: Path) -> Mapping[str, Callable[[], Mapping[str, Json]]]:
    """Return no drills at all."""
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class CliSession:
    """The doors to the rest of the program, put in by ``build_app``."""

    opener: Opener
    verifier: VerifyLedger
    now: Callable[[], datetime]
    purpose: str | None = None
    drills: Drills = no_drills


def session_of(context: typer.Context) -> CliSession:
    """Return the session that the program's callback left in the context.

    Raises:
        RuntimeError: the command was not started by ``build_app``.
    """
    session = context.find_object(CliSession)
    if session is None:
        raise RuntimeError("the command was started without build_app")
    return session


def open_project(context: typer.Context, folder: Path, *, as_json: bool = False) -> Project:
    """Open the project, or say what is wrong and leave."""
    try:
        project = session_of(context).opener(folder)
    except FileNotFoundError:
        fail_usage(
            codes.NO_PROJECT,
            f"There is no metricgate.yaml in {str(folder.absolute())!r}.",
            "Name the folder with --project DIR, or make one with `metricgate init DIR`.",
            as_json=as_json,
        )
    if isinstance(project, Problems):
        fail(project, Exit.REFUSED, as_json=as_json)
    return project


def fail(problems: Problems, exit_code: int, *, as_json: bool = False) -> NoReturn:
    """Tell the problems and leave."""
    tell_problems(problems, as_json=as_json)
    raise typer.Exit(exit_code)


def fail_usage(code: Code, message: str, hint: str | None = None, *, as_json: bool = False) -> NoReturn:
    """Say what is wrong with the command line and leave with 2."""
    fail(Problems((Problem(code=code, message=message, hint=hint or code.cure),)), Exit.USAGE, as_json=as_json)


def leave(exit_code: int) -> None:
    """Leave with ``exit_code`` unless it is 0."""
    if exit_code:
        raise typer.Exit(exit_code)
