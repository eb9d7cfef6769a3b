"""Commands that run the gateway until it is stopped."""

from __future__ import annotations

from typing import Annotated

import typer

from metricgate.surfaces.cli.asking import ForOption, KeyFileOption, read_key
from metricgate.surfaces.cli.session import HERE, ProjectOption, leave, open_project


def serve(
    context: typer.Context,
    *,
    host: Annotated[str | None, typer.Option("--host", help="Address to bind; default: the settings'.")] = None,
    port: Annotated[
        int | None, typer.Option("--port", min=0, max=65535, help="Port to bind; 0 takes a free one.")
    ] = None,
    project: ProjectOption = HERE,
) -> None:
    """Run the HTTP and MCP doors until stopped."""
    leave(open_project(context, project).serve(host, port))


def mcp(
    context: typer.Context, *, key_file: KeyFileOption = None, user: ForOption = None, project: ProjectOption = HERE
) -> None:
    """Serve MCP on standard input and output, for clients that start it themselves."""
    opened = open_project(context, project)
    leave(opened.mcp(read_key(key_file), user))
