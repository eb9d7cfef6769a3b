"""Google's Agent Development Kit: the result as a dictionary, structured content and all."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from types import SimpleNamespace

from google.adk.tools.mcp_tool import McpToolset, StreamableHTTPConnectionParams
from speaking import Client, drive


@asynccontextmanager
async def connect(url: str, key: str) -> AsyncIterator[Client]:
    """Load the toolset."""
    params = StreamableHTTPConnectionParams(url=url, headers={"Authorization": f"Bearer {key}"}, timeout=30)
    toolset = McpToolset(connection_params=params)
    found = {each.name: each for each in await toolset.get_tools()}
    for each in found.values():
        each._get_declaration()  # noqa: SLF001 - what the model would be given

    async def tools() -> list[str]:
        return list(found)

    async def call(tool: str, arguments: Mapping[str, object]) -> str:
        context = SimpleNamespace(
            tool_confirmation=None, actions=SimpleNamespace(), state={}, _invocation_context=None, function_call_id="1"
        )
        return json.dumps(await found[tool].run_async(args=dict(arguments), tool_context=context), default=str)

    try:
        yield Client(tools=tools, call=call)
    finally:
        await toolset.close()


drive(connect)
