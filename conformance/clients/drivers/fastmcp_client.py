"""FastMCP's client: an error is raised with the text of the result."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import fastmcp
from fastmcp.client.transports import StreamableHttpTransport
from speaking import Client, drive


@asynccontextmanager
async def connect(url: str, key: str) -> AsyncIterator[Client]:
    """Connect."""
    transport = StreamableHttpTransport(url, headers={"Authorization": f"Bearer {key}"})
    async with fastmcp.Client(transport) as session:

        async def tools() -> list[str]:
            return [each.name for each in await session.list_tools()]

        async def call(tool: str, arguments: Mapping[str, object]) -> str:
            result = await session.call_tool(tool, dict(arguments))
            return "\n".join(each.text for each in result.content)

        yield Client(tools=tools, call=call)


drive(connect)
