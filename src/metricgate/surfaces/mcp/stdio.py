"""MCP over standard input and output, for desktop clients. Nothing but the protocol is written to standard output."""

from __future__ import annotations

from collections.abc import Callable

from mcp.server.request_state import RequestStateSecurity
from mcp.server.stdio import stdio_server
from mcp.shared.exceptions import MCPError

from metricgate.surfaces.mcp.held_links import PageOf
from metricgate.surfaces.mcp.rejections import not_admitted
from metricgate.surfaces.mcp.server import Context, build_server
from metricgate.surfaces.ports import Gate
from metricgate.vocabulary.principal import Principal
from metricgate.vocabulary.problem import Problems


async def serve_stdio(
    gate: Gate,
    admit: Callable[[], Principal | Problems],
    *,
    version: str,
    state: RequestStateSecurity | None = None,
    page_of: PageOf | None = None,
) -> None:
    """Serve until the client closes its end.

    Args:
        gate: the gateway.
        admit: who calls; asked for every request, so that a key revoked meanwhile stops working at once.
        version: the program's version.
        state: how ``requestState`` is sealed.
        page_of: where people decide on a held action, if a console can be reached.
    """

    def principal_of(_ctx: Context) -> Principal:
        principal = admit()
        if isinstance(principal, Problems):
            rejection = not_admitted(principal)
            raise MCPError(code=rejection.code, message=rejection.message, data=rejection.data)
        return principal

    server = build_server(gate, principal_of, version=version, state=state, page_of=page_of)
    async with stdio_server() as (reading, writing):
        await server.run(reading, writing, server.create_initialization_options())
