"""Asking the gateway from the command line, and telling its reply; the key says who asks."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated

import orjson
import typer

from metricgate.surfaces.cli import codes
from metricgate.surfaces.cli.output import problem_of, tell_problem, warn
from metricgate.surfaces.cli.project import Exit, Reply
from metricgate.surfaces.cli.session import fail_usage, open_project, session_of
from metricgate.vocabulary.json import Json

KEY_VARIABLE = "METRICGATE_API_KEY"
_MOST_KEY_BYTES = 4_096

KeyFileOption = Annotated[
    Path | None,
    typer.Option("--key-file", help=f"File that holds the API key; default: the variable {KEY_VARIABLE}."),
]
ForOption = Annotated[
    str | None,
    typer.Option(
        "--for", metavar="USER", envvar="METRICGATE_USER", help="The user you act for; the key must allow it."
    ),
]
Shown = Callable[[Mapping[str, Json]], None]


def read_key(key_file: Path | None, *, as_json: bool = False) -> str:
    """Return the API key from the file or the environment, or leave with 2.

    There is no option for the key itself: it would stand in the shell's history and the list of processes.
    """
    if key_file is None:
        key = os.environ.get(KEY_VARIABLE, "").strip()
    else:
        try:
            with key_file.open("rb") as file:
                key = file.read(_MOST_KEY_BYTES).decode().strip()
        except (OSError, UnicodeDecodeError) as error:
            fail_usage(
                codes.UNREADABLE_FILE, f"The key file {str(key_file)!r} cannot be read: {error}.", as_json=as_json
            )
    if not key:
        fail_usage(codes.NO_KEY, "No API key was given, and there is no anonymous access.", as_json=as_json)
    return key


def ask(
    context: typer.Context,
    *,
    folder: Path,
    key_file: Path | None,
    user: str | None,
    tool: str,
    arguments: Mapping[str, Json],
    as_json: bool,
    show: Shown,
) -> None:
    """Call the tool; print the answer with ``show``, or the JSON as it came; leave with the reply's exit code."""
    project = open_project(context, folder, as_json=as_json)
    purpose = session_of(context).purpose
    reply = project.ask(tool, arguments, read_key(key_file, as_json=as_json), user, purpose)
    if as_json:
        typer.echo(reply.body)
    else:
        _tell_reply(reply, show)
    if reply.exit is not Exit.ANSWERED:
        raise typer.Exit(reply.exit)


def _tell_reply(reply: Reply, show: Shown) -> None:
    try:
        document = orjson.loads(reply.body)
    except orjson.JSONDecodeError:
        document = None
    if not isinstance(document, dict):
        tell_problem(
            where="",
            code=codes.UNREADABLE_REPLY.name,
            message=codes.UNREADABLE_REPLY.cause,
            hint=codes.UNREADABLE_REPLY.cure,
        )
        raise typer.Exit(Exit.FAULT)
    if reply.exit is Exit.ANSWERED:
        answer = document.get("answer")
        show(answer if isinstance(answer, dict) else {})
        _tell_notes(answer)
        _tell_record(document.get("record"))
    else:
        tell_refusal(document)


def tell_refusal(document: Mapping[str, Json]) -> None:
    """Print a problem document: every problem in it, the rules that decided, the candidates, the record."""
    held = document.get("held")
    if isinstance(held, Mapping):
        warn(f"held as {held.get('action_id')}: {held.get('message')}", "yellow")
        document = {**document, "rules": held.get("rules")}
    else:
        _tell_each_problem(document)
    rules = document.get("rules")
    if isinstance(rules, list) and rules:
        warn(f"  decided by: {', '.join(str(rule) for rule in rules)}")
    _tell_record(document.get("record"))


def _tell_each_problem(document: Mapping[str, Json]) -> None:
    several = document.get("problems")
    parts = [part for part in several if isinstance(part, Mapping)] if isinstance(several, list) else []
    for part in parts or [document]:
        where, code, message, hint = problem_of(part)
        tell_problem(where=where, code=code, message=message, hint=hint)
        details = part.get("details")
        if isinstance(details, Mapping):
            _tell_candidates(details)


def _tell_candidates(details: Mapping[str, Json]) -> None:
    candidates = details.get("candidates")
    for each in candidates if isinstance(candidates, list) else []:
        if isinstance(each, Mapping):
            warn(f"  - {each.get('name')} ({each.get('owner') or 'no owner'}): {each.get('difference') or ''}")


def _tell_notes(answer: Json) -> None:
    notes = answer.get("notes") if isinstance(answer, Mapping) else None
    for note in notes if isinstance(notes, list) else []:
        warn(f"note: {note}")


def _tell_record(record: Json) -> None:
    if isinstance(record, Mapping):
        index = record.get("index")
        warn(f"record {index}; `metricgate receipt {index}` proves it", "dim")
