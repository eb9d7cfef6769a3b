"""``approvals ...`` and ``undo``: what a person reads, decides and reviews, with a login of their own."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Annotated

import typer

from metricgate.surfaces.cli import codes
from metricgate.surfaces.cli.output import problem_of, tell, tell_json, tell_problem, tell_table, warn
from metricgate.surfaces.cli.project import Exit
from metricgate.surfaces.cli.session import HERE, JsonOption, ProjectOption, fail_usage, open_project
from metricgate.surfaces.cli.session_client import PersonReply, SessionClient
from metricgate.vocabulary.json import Json

ActionId = Annotated[str, typer.Argument(metavar="ID", help="The action's id, act_...")]
Because = Annotated[str, typer.Option("--because", metavar="TEXT", help="Your reason; it is recorded.")]
_REFUSED = 400
_FAULT = 500
_COLUMNS = [("id", False), ("state", False), ("by", False), ("rows", True), ("risk", True), ("statement", False)]
_WAITS = {"held", "approved", "executing"}


def login(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Your name, as the operator added you.")],
    *,
    as_json: JsonOption = False,
    project: ProjectOption = HERE,
) -> None:
    """Log in with password and code. Without a terminal both are read from standard input, one a line."""
    door = open_project(context, project, as_json=as_json).human()
    credentials = {"name": name, "password": _secret("Password"), "code": _secret("Code of the authenticator app")}
    reply = door.login(credentials)
    if isinstance(reply.body, Mapping) and reply.body.get("code") == "E_NEW_PASSWORD_NEEDED":
        warn("The password is one-time: choose one of your own, at least 12 characters.")
        reply = door.login({**credentials, "new_password": _secret("New password")})
    body = _good(reply, as_json=as_json)
    if as_json:
        tell_json({"person": body.get("person"), "expires_at": body.get("expires_at")})
    else:
        tell(f"logged in as {body.get('person')} until {body.get('expires_at')}")


def logout(context: typer.Context, *, project: ProjectOption = HERE) -> None:
    """End the session."""
    open_project(context, project).human().logout()


def list_actions(
    context: typer.Context,
    *,
    state: Annotated[
        list[str] | None, typer.Option("--state", help="held, executed, ...; repeatable. Default: any.")
    ] = None,
    agent: Annotated[str | None, typer.Option("--agent", help="Only of this agent.")] = None,
    target: Annotated[str | None, typer.Option("--target", help="Only on this, e.g. dataset:customers.")] = None,
    text: Annotated[str | None, typer.Option("--text", help="Only with these words.")] = None,
    to_review: Annotated[
        bool, typer.Option("--to-review", help="Only with broken glass that waits for a review.")
    ] = False,
    limit: Annotated[int, typer.Option("--limit", min=1, max=500, help="At most so many.")] = 50,
    as_json: JsonOption = False,
    project: ProjectOption = HERE,
) -> None:
    """List actions, newest first."""
    query = [("state", each) for each in state or ()] + [("limit", str(limit))]
    query += [(name, value) for name, value in (("agent", agent), ("target", target), ("text", text)) if value]
    query += [("to_review", "yes")] if to_review else []
    body = _good(
        _human_door(context, project, as_json=as_json).ask("GET", "/v1/approvals", query=query), as_json=as_json
    )
    if as_json:
        tell_json(body)
        return
    actions = body.get("actions")
    tell_table(_COLUMNS, [_action_row(each) for each in _mapping_list(actions)])


def show(
    context: typer.Context, action_id: ActionId, *, as_json: JsonOption = False, project: ProjectOption = HERE
) -> None:
    """Show one action: what will run, before and after, why it is held."""
    body = _get_action(_human_door(context, project, as_json=as_json), action_id, as_json=as_json)
    if as_json:
        tell_json(body)
    else:
        _tell_action(body)


def approve(
    context: typer.Context,
    action_id: ActionId,
    *,
    because: Because,
    break_glass: Annotated[
        bool, typer.Option("--break-glass", help="Override the rules on who may approve; two people review it.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask again after showing it.")] = False,
    as_json: JsonOption = False,
    project: ProjectOption = HERE,
) -> None:
    """Show an action, then approve exactly what was shown."""
    door = _human_door(context, project, as_json=as_json)
    _decide(door, action_id, because, approves=True, break_glass=break_glass, sure=yes, as_json=as_json)


def deny(
    context: typer.Context,
    action_id: ActionId,
    *,
    because: Because,
    as_json: JsonOption = False,
    project: ProjectOption = HERE,
) -> None:
    """Deny an action for good."""
    door = _human_door(context, project, as_json=as_json)
    _decide(door, action_id, because, approves=False, break_glass=False, sure=True, as_json=as_json)


def review(
    context: typer.Context,
    action_id: ActionId,
    *,
    because: Because,
    as_json: JsonOption = False,
    project: ProjectOption = HERE,
) -> None:
    """Sign the review of an approval that broke the glass; it takes two people who had no part in it."""
    door = _human_door(context, project, as_json=as_json)
    body = _good(
        door.ask("POST", f"/v1/approvals/{_path_id(action_id)}/review", body={"reason": because}), as_json=as_json
    )
    if as_json:
        tell_json(body)
    else:
        tell(f"{body.get('id')}: reviewed, {body.get('reviews_missing')} more wanted")


def undo(
    context: typer.Context,
    action_id: ActionId,
    *,
    because: Because,
    partial: Annotated[bool, typer.Option("--partial", help="Leave out rows that were changed since.")] = False,
    as_json: JsonOption = False,
    project: ProjectOption = HERE,
) -> None:
    """Propose that an executed action is taken back."""
    door = _human_door(context, project, as_json=as_json)
    body: dict[str, Json] = {"reason": because, "partial": partial}
    _tell_outcome(door.ask("POST", f"/v1/approvals/{_path_id(action_id)}/undo", body=body), as_json=as_json)


def _decide(
    door: SessionClient, action_id: str, because: str, *, approves: bool, break_glass: bool, sure: bool, as_json: bool
) -> None:
    if not because.strip():
        fail_usage(codes.BAD_OPTION, "--because: say why.", as_json=as_json)
    shown = _get_action(door, action_id, as_json=as_json)
    if not sure:
        if as_json or not sys.stdin.isatty():
            fail_usage(
                codes.BAD_OPTION, "--yes: nobody can be asked here whether this is what you approve.", as_json=as_json
            )
        _tell_action(shown)
        typer.confirm("Approve exactly this?", abort=True)
    body: dict[str, Json] = {
        "approves": approves,
        "reason": because,
        "shown_digest": shown.get("shown_digest"),
        "bound_to": shown.get("bound_to"),
        "break_glass": break_glass,
    }
    _tell_outcome(door.ask("POST", f"/v1/approvals/{_path_id(action_id)}/decide", body=body), as_json=as_json)


def _tell_outcome(reply: PersonReply, *, as_json: bool) -> None:
    body = _good(reply, as_json=as_json)
    if as_json:
        tell_json(body)
    else:
        tell(f"{body.get('id')}: {body.get('state')}")
    if body.get("state") in _WAITS:
        raise typer.Exit(Exit.HELD)


def _human_door(context: typer.Context, project: ProjectOption, *, as_json: bool) -> SessionClient:
    return open_project(context, project, as_json=as_json).human()


def _get_action(door: SessionClient, action_id: str, *, as_json: bool) -> Mapping[str, Json]:
    return _good(door.ask("GET", f"/v1/approvals/{_path_id(action_id)}"), as_json=as_json)


def _path_id(action_id: str) -> str:
    """An id that is one part of a path, or one that nothing has."""
    return action_id if action_id.isascii() and action_id.replace("_", "").isalnum() else "none"


def _good(reply: PersonReply, *, as_json: bool) -> Mapping[str, Json]:
    body = reply.body if isinstance(reply.body, Mapping) else {}
    if reply.status < _REFUSED:
        return body
    if as_json:
        tell_json(body)
    else:
        where, code, message, hint = problem_of(body)
        tell_problem(where=where, code=code, message=message, hint=hint)
    raise typer.Exit(Exit.FAULT if reply.status >= _FAULT else Exit.REFUSED)


def _secret(prompt: str) -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    asked: str = typer.prompt(prompt, hide_input=True, err=True)
    return asked


def _tell_action(body: Mapping[str, Json]) -> None:
    proposal = _map(body.get("proposal"))
    preview = _map(body.get("preview"))
    doing = f" ({body.get('doing')})" if body.get("doing") else ""
    tell(f"{body.get('id')}: {body.get('state')}{doing}", "bold")
    tell(str(proposal.get("statement")))
    facts = [
        ("by", body.get("actor")),
        ("agent", proposal.get("agent")),
        ("for", proposal.get("user")),
        ("targets", proposal.get("targets")),
        ("because" if body.get("undoes") else "agent says", preview.get("because")),
        ("rows", preview.get("rows")),
        ("the table", _map(preview.get("structure")).get("says")),
        ("metrics", _map(preview.get("structure")).get("metrics") or None),
        ("lost", _map(preview.get("structure")).get("not_restored") or None),
        ("not known", preview.get("unknown") or None),
        ("take back", f"{proposal.get('reversibility')}: {preview.get('undo', '')}"),
        ("risk", _map(body.get("risk")).get("score")),
        ("lapses", proposal.get("expires_at")),
        ("approvals", "; ".join(_quorum_words(each) for each in _mapping_list(body.get("quorums"))) or None),
        ("reviews missing", body.get("reviews_missing") or None),
        ("record", body.get("records")),
    ]
    tell_table([("", False), ("", False)], [[name, value] for name, value in facts])
    columns = _map(body.get("columns"))
    for table in dict.fromkeys(str(each.get("table")) for each in _mapping_list(body.get("sample"))):
        names = columns.get(table)
        titles = [str(each) for each in names] if isinstance(names, Sequence) else []
        rows = [each for each in _mapping_list(body.get("sample")) if each.get("table") == table]
        tell(f"\n{table}", "bold")
        tell_table([("", False), *((each, False) for each in titles)], [line for row in rows for line in _lines(row)])
    for each in _mapping_list(body.get("rules")):
        tell(f"rule {each.get('rule')}: {each.get('decision')} {each.get('message') or ''}")
    if body.get("why_not_decide"):
        warn(f"You cannot decide this: {body.get('why_not_decide')}")


def _quorum_words(quorum: Mapping[str, Json]) -> str:
    people, roles = _text_list(quorum.get("approved_by")), _text_list(quorum.get("roles"))
    of = f" by {' or '.join(roles)}" if roles else ""
    return f"{len(people)} of {quorum.get('approvals')}{of}" + (f" ({', '.join(people)})" if people else "")


def _lines(row: Mapping[str, Json]) -> list[list[Json]]:
    found: list[list[Json]] = []
    for mark, side in (("-", "before"), ("+", "after")):
        values = row.get(side)
        if isinstance(values, Sequence) and not isinstance(values, str):
            found.append([mark, *("NULL" if value is None else value for value in values)])
    return found


def _action_row(action: Mapping[str, Json]) -> list[Json]:
    proposal = _map(action.get("proposal"))
    rows = _map(_map(action.get("preview")).get("rows"))
    score = _map(action.get("risk")).get("score")
    who = action.get("actor")
    return [action.get("id"), action.get("state"), who, rows.get("total"), score, proposal.get("statement")]


def _map(value: Json) -> Mapping[str, Json]:
    return value if isinstance(value, Mapping) else {}


def _text_list(value: Json) -> list[str]:
    return [str(each) for each in value] if isinstance(value, list) else []


def _mapping_list(value: Json) -> list[Mapping[str, Json]]:
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []
