"""Commands that run the gateway until it is stopped."""

from __future__ import annotations

from typing import Annotated

import typer

from metricgate.surfaces.cli.runner import ForOption, KeyFileOption, read_key
from metricgate.surfaces.cli.session import HERE, ProjectOption, leave, open_project


def serve(
    context: typer.Context,
    *,
    host: Annotated[str | None, typer.Option("--host", help="Address to bind; default: the settings'.")] = None,
    port: Annotated[
        int | None, typer.Option("--port", min=0, max=65535, help="Port to bind; 0 takes a free one.")
    ] = None,
    accept_loss: Annotated[
        int | None,
        typer.Option(
            "--accept-loss",
            metavar="SIZE",
            min=1,
            help="Go on with a ledger that is behind what other files know: SIZE entries, as the refusal says.",
        ),
    ] = None,
    project: ProjectOption = HERE,
) -> None:
    """Run the HTTP and MCP doors until stopped."""
    opened = open_project(context, project)
    leave(opened.serve(host, port) if accept_loss is None else opened.serve(host, port, accept_loss))


def mcp(
    context: typer.Context, *, key_file: KeyFileOption = None, user: ForOption = None, project: ProjectOption = HERE
) -> None:
    """Serve MCP on standard input and output, for clients that start it themselves."""
    opened = open_project(context, project)
    leave(opened.mcp(read_key(key_file), user))
