"""``keys create|revoke|list``: who may call. A key's secret is shown once and kept nowhere."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from metricgate.operations.agent_keys import KeyFacts
from metricgate.surfaces.cli import codes
from metricgate.surfaces.cli.arguments import duration
from metricgate.surfaces.cli.output import tell, tell_json, tell_table, warn
from metricgate.surfaces.cli.project import Exit
from metricgate.surfaces.cli.session import HERE, JsonOption, ProjectOption, fail, fail_usage, open_project
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.problem import Problems


def create(
    context: typer.Context,
    agent: Annotated[str, typer.Argument(metavar="AGENT", help="The agent's name, as policies know it.")],
    *,
    expires: Annotated[
        str | None, typer.Option("--expires", metavar="DURATION", help="E.g. 12h, 30d; default: 90d.")
    ] = None,
    may_act_for: Annotated[
        list[str] | None,
        typer.Option("--may-act-for", metavar="USER", help="A user it may say it acts for; repeatable."),
    ] = None,
    or_alone: Annotated[
        bool, typer.Option("--or-alone", help="It may also act for nobody; without, it must name one of those users.")
    ] = False,
    as_json: JsonOption = False,
    project: ProjectOption = HERE,
) -> None:
    """Make an API key for an agent. The secret is printed once, alone on standard output."""
    expires_in = None
    if expires is not None:
        try:
            expires_in = duration(expires)
        except ValueError as error:
            fail_usage(codes.BAD_OPTION, f"--expires: {error}.", as_json=as_json)
    if or_alone and not may_act_for:
        fail_usage(codes.BAD_OPTION, "--or-alone: a key for no user always acts alone.", as_json=as_json)
    made = open_project(context, project, as_json=as_json).create_key(
        agent, users=may_act_for or (), expires_in=expires_in, or_alone=or_alone
    )
    if isinstance(made, Problems):
        fail(made, Exit.REFUSED, as_json=as_json)
    if as_json:
        tell_json(
            {
                "id": made.id,
                "secret": made.secret,
                "agent": made.agent,
                "may_act_for": list(made.users),
                "or_alone": made.or_alone,
                "expires_at": _iso(made.expires_at),
            }
        )
        return
    warn(f"key {made.id} for agent {made.agent}, {_expiry_words(made.expires_at)}")
    if made.users:
        alone = ", or for nobody" if made.or_alone else "; each call must name one of them"
        warn(f"may say that it acts for: {', '.join(made.users)}{alone}")
    typer.echo(made.secret)
    warn("This secret is not shown again. Keep it where the agent finds it, e.g. in METRICGATE_API_KEY.", "yellow")


def revoke(
    context: typer.Context,
    key_id: Annotated[str, typer.Argument(metavar="ID", help="The key's id, as `keys list` shows it.")],
    *,
    as_json: JsonOption = False,
    project: ProjectOption = HERE,
) -> None:
    """Revoke a key at once."""
    revoked = open_project(context, project, as_json=as_json).revoke_key(key_id)
    if isinstance(revoked, Problems):
        fail(revoked, Exit.REFUSED, as_json=as_json)
    if as_json:
        tell_json(_key_json(revoked))
    else:
        tell(f"key {revoked.id} of agent {revoked.agent} is revoked")


def list_keys(context: typer.Context, *, as_json: JsonOption = False, project: ProjectOption = HERE) -> None:
    """List all keys, without their secrets."""
    keys = open_project(context, project, as_json=as_json).list_keys()
    if as_json:
        tell_json({"keys": [_key_json(key) for key in keys]})
        return
    columns = [(name, False) for name in ("id", "agent", "may act for", "created", "expires", "state")]
    tell_table(
        columns,
        [[key.id, key.agent, _users(key), _iso(key.created_at), _iso(key.expires_at), key.state] for key in keys],
    )


def _key_json(key: KeyFacts) -> dict[str, Json]:
    return {
        "id": key.id,
        "agent": key.agent,
        "may_act_for": list(key.users),
        "or_alone": key.or_alone,
        "created_at": _iso(key.created_at),
        "expires_at": _iso(key.expires_at),
        "state": key.state,
    }


def _users(key: KeyFacts) -> str | None:
    return ", ".join((*key.users, *(["nobody"] if key.or_alone else []))) or None


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat(timespec="seconds")


def _expiry_words(moment: datetime | None) -> str:
    return "does not expire" if moment is None else f"expires {_iso(moment)}"
