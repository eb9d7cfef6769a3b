"""The program ``metricgate``: its commands, put together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer
from typer.core import TyperGroup

from metricgate import __version__
from metricgate.surfaces.cli.lazy_group import Places, ShowsByDefault, lazy_group

if TYPE_CHECKING:
    from metricgate.surfaces.cli.project import Opener, Verifier
    from metricgate.surfaces.cli.session import Drills

_ABOUT = "Governed metrics for AI agents: one definition each, a decision and a record for every call."

_COMMANDS: Places = {
    "init": "definitions:init",
    "serve": "running:serve",
    "mcp": "running:mcp",
    "validate": "definitions:validate",
    "doctor": "doctoring:doctor",
    "schema": "definitions:schema",
    "diff": "reviewing:diff",
    "lint": "reviewing:lint",
    "metrics": "questions:metrics",
    "search": "questions:search",
    "describe": "questions:describe",
    "query": "questions:query",
    "sql": "questions:sql",
    "explain": "questions:explain",
    "values": "questions:values",
    "datasets": "datasets:datasets",
    "query-sql": "datasets:query_sql",
    "call": "questions:call",
    "undo": "approvals:undo",
    "drill": "drilling:drill",
}
_GROUPS: Mapping[str, tuple[str, Places]] = {
    "import": (
        "Other people's models.",
        {"dbt": "importing:dbt", "ossie": "importing:ossie", "cube": "importing:cube"},
    ),
    "export": ("Our models for other tools.", {"ossie": "exporting:ossie", "dbt": "exporting:dbt"}),
    "receipt": (
        "Proof that a call was recorded; `receipt N` shows one.",
        {"show": "receipts:show", "verify": "receipts:verify", "script": "receipts:script"},
    ),
    "policy": (
        "What the rules say.",
        {"test": "policies:run_tests", "explain": "policies:explain", "diff": "policy_changes:diff"},
    ),
    "keys": ("API keys of agents.", {"create": "keys:create", "revoke": "keys:revoke", "list": "keys:list_keys"}),
    "switch": (
        "Stop agents, or changes, at once.",
        {"stop": "switches:stop", "freeze": "switches:freeze", "off": "switches:off", "list": "switches:list_switches"},
    ),
    "notifications": (
        "What people were told, and what did not reach them.",
        {"list": "notifications:list_notifications", "retry": "notifications:retry"},
    ),
    "people": (
        "People who may log in.",
        {"add": "people:add", "list": "people:list_people", "remove": "people:remove", "reset": "people:reset"},
    ),
    "approvals": (
        "What people decide, with a login of their own.",
        {
            "list": "approvals:list_actions",
            "show": "approvals:show",
            "approve": "approvals:approve",
            "deny": "approvals:deny",
            "review": "approvals:review",
            "login": "approvals:login",
            "logout": "approvals:logout",
        },
    ),
    "audit": (
        "The record: read it, check it, take it away.",
        {
            "list": "audit:list_entries",
            "show": "audit:show",
            "verify": "audit:verify",
            "export": "audit:export",
            "definitions": "published:definitions",
            "erase": "erasing:erase",
        },
    ),
}

_CLASSES = {"receipt": ShowsByDefault}


def build_app(
    opener: Opener,
    verifier: Verifier,
    *,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    drills: Drills | None = None,
) -> typer.Typer:
    """Return the program.

    Args:
        opener: opens a project folder.
        verifier: verifies a ledger file without a project.
        now: the present, for durations such as ``--since 24h``.
        drills: gives a folder's drills; default: none.
    """
    app = typer.Typer(
        name="metricgate",
        help=_ABOUT,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        cls=lazy_group(_COMMANDS),
    )

    @app.callback()
    def start(
        context: typer.Context,
        *,
        _version: Annotated[
            bool, typer.Option("--version", callback=_tell_version, is_eager=True, help="Print the version and leave.")
        ] = False,
        purpose: Annotated[
            str | None,
            typer.Option("--purpose", envvar="METRICGATE_PURPOSE", help="What you ask for, where rules depend on it."),
        ] = None,
    ) -> None:
        from metricgate.surfaces.cli.session import Session, no_drills  # noqa: PLC0415 - not for --version

        given = no_drills if drills is None else drills
        context.obj = Session(opener=opener, verifier=verifier, now=now, purpose=purpose, drills=given)

    for name, (about, commands) in _GROUPS.items():
        group = lazy_group(commands, _CLASSES.get(name, TyperGroup))
        app.add_typer(typer.Typer(name=name, help=about, no_args_is_help=True, cls=group))
    return app


def _tell_version(*, asked: bool) -> None:
    if asked:
        typer.echo(f"metricgate {__version__}")
        raise typer.Exit
