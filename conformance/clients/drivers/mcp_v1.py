"""The official Python SDK before 2.0: what a host shows is the text of the result."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from mcp import ClientSession
from mcp.client.streamable_http import streamablehttp_client
from speaking import Client, drive


@asynccontextmanager
async def connect(url: str, key: str) -> AsyncIterator[Client]:
    """Open a session."""
    async with (
        streamablehttp_client(url, headers={"Authorization": f"Bearer {key}"}) as (reading, writing, _),
        ClientSession(reading, writing) as session,
    ):
        await session.initialize()

        async def tools() -> list[str]:
            return [each.name for each in (await session.list_tools()).tools]

        async def call(tool: str, arguments: Mapping[str, object]) -> str:
            result = await session.call_tool(tool, dict(arguments))
            return "\n".join(each.text for each in result.content)

        yield Client(tools=tools, call=call)


drive(connect)
