"""The suite's fixtures on the real thing: our server, gateway, doorkeeper, host and origin checks, session manager.

``build_server`` makes the server as in production (sealed ``requestState``, our tools, our instructions); the fixtures
are handlers beside ours, and ours still answer. Only the key is added to requests here, because the suite sends none.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path

import mcp_types as types
from mcp.server.subscriptions import InMemorySubscriptionBus, ListenHandler
from tests.gateway.conftest import write_project
from tests.mcp_conformance.asking import add_open_questions, add_questions_by_retry
from tests.mcp_conformance.fixtures import Tools, add_contents, add_notices, add_schemas
from tests.mcp_conformance.reading import REQUESTS
from tests.surfaces.serving import RESOURCE, AddsKey, make_app, served

from metricgate.adapters.identity.api_keys import no_notice
from metricgate.adapters.identity.authenticator_setup import make_authenticator
from metricgate.adapters.state.sqlite.sqlite_keys import SqliteKeys
from metricgate.adapters.system.clock import SystemClock
from metricgate.bootstrap.running_gateway import run_gateway
from metricgate.settings.settings import load_settings
from metricgate.surfaces.mcp.http import principal_of_request
from metricgate.surfaces.mcp.server import build_server


def with_fixtures(server):
    """Add the fixtures to a server; its own tools stay."""
    tools, bus = Tools(), InMemorySubscriptionBus()
    add_contents(tools)
    add_notices(tools, bus)
    add_schemas(tools)
    add_open_questions(tools)
    add_questions_by_retry(tools)
    listing, calling = (server.get_request_handler(method).handler for method in ("tools/list", "tools/call"))
    own_schema = server.get_tool_input_schema

    async def list_tools(ctx, params):
        ours = await listing(ctx, params)
        return ours.model_copy(update={"tools": [*ours.tools, *tools.listed.values()]})

    async def call_tool(ctx, params):
        handler = tools.handlers.get(params.name, calling)
        return await handler(ctx, params)

    def input_schema(name):
        listed = tools.listed.get(name)
        return own_schema(name) if listed is None else listed.input_schema

    server.get_tool_input_schema = input_schema
    server.add_request_handler("tools/list", types.PaginatedRequestParams, list_tools)
    server.add_request_handler("tools/call", types.CallToolRequestParams, call_tool)
    server.add_request_handler("subscriptions/listen", types.SubscriptionsListenRequestParams, ListenHandler(bus))
    for method, (params, handler) in REQUESTS.items():
        server.add_request_handler(method, params, handler)
    return server


async def main():
    async with AsyncExitStack() as stack:
        folder = write_project(Path(stack.enter_context(tempfile.TemporaryDirectory())) / "project")
        settings = load_settings(folder)
        parts = await stack.enter_async_context(run_gateway(folder, settings, watch=False, logs=False))
        keys = SqliteKeys(folder / ".metricgate" / "keys.db", clock=SystemClock())
        stack.callback(keys.close)
        key, _ = keys.create("omni", name="suite", expires_in=3_600)
        keeper = make_authenticator(folder, keys, None, resource=RESOURCE, on_refused=no_notice)
        server = with_fixtures(build_server(parts.gateway, principal_of_request, version="0.test"))
        app = AddsKey(make_app(parts.gateway, keeper, server=server), key)
        url = await stack.enter_async_context(served(app))
        print(f"{url}/mcp", flush=True)
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main())
