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
    from metricgate.surfaces.cli.project import Opener, VerifyLedger
    from metricgate.surfaces.cli.session import Drills

_ABOUT = "Governed metrics for AI agents: one definition each, a decision and a record for every call."

_COMMANDS: Places = {
    "init": "definitions:init",
    "serve": "serve_commands:serve",
    "mcp": "serve_commands:mcp",
    "validate": "definitions:validate",
    "doctor": "doctor:doctor",
    "schema": "definitions:schema",
    "diff": "diff_and_lint:diff",
    "lint": "diff_and_lint:lint",
    "metrics": "query_commands:metrics",
    "search": "query_commands:search",
    "describe": "query_commands:describe",
    "query": "query_commands:query",
    "sql": "query_commands:sql",
    "explain": "query_commands:explain",
    "values": "query_commands:values",
    "datasets": "datasets:datasets",
    "query-sql": "datasets:query_sql",
    "call": "query_commands:call",
    "undo": "approvals:undo",
    "drill": "drill:drill",
}
_GROUPS: Mapping[str, tuple[str, Places]] = {
    "import": (
        "Other people's models.",
        {"dbt": "import_commands:dbt", "ossie": "import_commands:ossie", "cube": "import_commands:cube"},
    ),
    "export": ("Our models for other tools.", {"ossie": "export_commands:ossie", "dbt": "export_commands:dbt"}),
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
            "erase": "audit_erase:erase",
        },
    ),
}

_CLASSES = {"receipt": ShowsByDefault}


def build_app(
    opener: Opener,
    verifier: VerifyLedger,
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
        from metricgate.surfaces.cli.session import CliSession, no_drills  # noqa: PLC0415 - not for --version

        given = no_drills if drills is None else drills
        context.obj = CliSession(opener=opener, verifier=verifier, now=now, purpose=purpose, drills=given)

    for name, (about, commands) in _GROUPS.items():
        group = lazy_group(commands, _CLASSES.get(name, TyperGroup))
        app.add_typer(typer.Typer(name=name, help=about, no_args_is_help=True, cls=group))
    return app


def _tell_version(*, asked: bool) -> None:
    if asked:
        typer.echo(f"metricgate {__version__}")
        raise typer.Exit
