"""Pydantic AI: an error comes back to the model as a retry."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from fastmcp.client.transports import StreamableHttpTransport
from pydantic_ai import RunContext
from pydantic_ai.mcp import MCPToolset
from pydantic_ai.models.test import TestModel
from pydantic_ai.usage import RunUsage
from speaking import Client, drive


@asynccontextmanager
async def connect(url: str, key: str) -> AsyncIterator[Client]:
    """Open the toolset."""
    transport = StreamableHttpTransport(url, headers={"Authorization": f"Bearer {key}"})
    async with MCPToolset(transport) as toolset:
        context = RunContext(deps=None, model=TestModel(), usage=RunUsage())
        found = await toolset.get_tools(context)

        async def tools() -> list[str]:
            return list(found)

        async def call(tool: str, arguments: Mapping[str, object]) -> str:
            checked = found[tool].args_validator.validate_python(dict(arguments))
            shown = await toolset.call_tool(tool, checked, context, found[tool])
            return shown if isinstance(shown, str) else json.dumps(shown, default=str)

        yield Client(tools=tools, call=call)


drive(connect)
