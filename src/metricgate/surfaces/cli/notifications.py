"""``notifications list|retry``: what people were told, what did not reach them, and trying that again."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from metricgate.operations.notification_queue import DeliveryFacts, DeliveryFilter
from metricgate.surfaces.cli import codes
from metricgate.surfaces.cli.arguments import moment
from metricgate.surfaces.cli.output import tell, tell_json, tell_table, warn
from metricgate.surfaces.cli.project import Exit
from metricgate.surfaces.cli.session import (
    HERE,
    JsonOption,
    ProjectOption,
    fail,
    fail_usage,
    open_project,
    session_of,
)
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.nearest import did_you_mean
from metricgate.vocabulary.problem import Problems

_STATES = ("waiting", "parked", "delivered")
_UNDELIVERED = ("waiting", "parked")
_COLUMNS = [
    (name, name == "attempts")
    for name in ("id", "event", "at", "sink", "state", "attempts", "next attempt", "failure", "title")
]
SinkOption = Annotated[str | None, typer.Option("--sink", metavar="NAME", help="Only for this sink.")]


def list_notifications(
    context: typer.Context,
    *,
    state: Annotated[
        list[str] | None,
        typer.Option("--state", help="waiting, parked, delivered; repeatable. Default: what is not delivered."),
    ] = None,
    sink: SinkOption = None,
    since: Annotated[
        str | None, typer.Option("--since", metavar="WHEN", help="ISO date or date-time of the event, or e.g. 24h.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most so many, the newest first.")] = 50,
    as_json: JsonOption = False,
    project: ProjectOption = HERE,
) -> None:
    """List notifications, newest first: by default those that have not been delivered."""
    for each in state or ():
        if each not in _STATES:
            hint = did_you_mean(each, _STATES) or f"The states are: {', '.join(_STATES)}."
            fail_usage(codes.BAD_OPTION, f"--state {each!r} is no state of a notification.", hint, as_json=as_json)
    start: datetime | None = None
    if since is not None:
        try:
            start = moment(since, session_of(context).now())
        except ValueError as error:
            fail_usage(codes.BAD_OPTION, f"--since: {error}.", as_json=as_json)
    wanted = DeliveryFilter(states=tuple(state or _UNDELIVERED), sink=sink, since=start, limit=limit + 1)
    found = open_project(context, project, as_json=as_json).notifications(wanted)
    if isinstance(found, Problems):
        fail(found, Exit.FAULT, as_json=as_json)
    if as_json:
        tell_json({"notifications": [_delivery_json(each) for each in found[:limit]], "more": len(found) > limit})
        return
    tell_table(_COLUMNS, [_delivery_row(each) for each in found[:limit]])
    if len(found) > limit:
        warn(f"There are more than {limit}; --limit shows more.")


def retry(
    context: typer.Context,
    notification: Annotated[
        str | None, typer.Argument(metavar="[ID]", help="The notification's id, as `notifications list` shows it.")
    ] = None,
    *,
    every: Annotated[bool, typer.Option("--all", help="All that are not delivered, instead of one.")] = False,
    sink: SinkOption = None,
    as_json: JsonOption = False,
    project: ProjectOption = HERE,
) -> None:
    """Try what was not delivered again, at once and with all its attempts, by the gateway that runs or the next one."""
    if (notification is None) != every:
        fail_usage(codes.BAD_OPTION, "Give the ID of one notification, or --all.", as_json=as_json)
    retried = open_project(context, project, as_json=as_json).retry_notifications(notification, sink)
    if isinstance(retried, Problems):
        fail(retried, Exit.REFUSED, as_json=as_json)
    if as_json:
        tell_json({"retried": retried})
    else:
        tell(f"{retried} deliver{'y' if retried == 1 else 'ies'} will be tried again")


def _delivery_json(each: DeliveryFacts) -> dict[str, Json]:
    return {
        "id": each.id,
        "event": each.event,
        "at": each.at,
        "title": each.title,
        "sink": each.sink,
        "state": each.state,
        "attempts": each.attempts,
        "next_attempt": each.next_attempt,
        "failure": each.failure,
    }


def _delivery_row(each: DeliveryFacts) -> list[Json]:
    return [
        each.id,
        each.event,
        each.at,
        each.sink,
        each.state,
        each.attempts,
        each.next_attempt,
        each.failure,
        each.title,
    ]
