"""Microsoft's Agent Framework: functions of a tool, errors as the function's outcome."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import httpx2
from agent_framework import MCPStreamableHTTPTool
from speaking import Client, drive


@asynccontextmanager
async def connect(url: str, key: str) -> AsyncIterator[Client]:
    """Connect, and load the functions."""
    http = httpx2.AsyncClient(headers={"Authorization": f"Bearer {key}"}, timeout=60)
    async with MCPStreamableHTTPTool(name="gate", url=url, http_client=http, load_prompts=False) as tool_set:
        functions = {each.name: each for each in tool_set.functions}

        async def tools() -> list[str]:
            return list(functions)

        async def call(tool: str, arguments: Mapping[str, object]) -> str:
            shown = await functions[tool].invoke(arguments=dict(arguments))
            return "\n".join(str(getattr(each, "text", each)) for each in shown)

        yield Client(tools=tools, call=call)


drive(connect)
