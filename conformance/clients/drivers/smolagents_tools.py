"""smolagents by way of mcpadapt: tools as callables that check their inputs first."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from smolagents import MCPClient
from speaking import Client, drive


@asynccontextmanager
async def connect(url: str, key: str) -> AsyncIterator[Client]:
    """Load the tools."""
    params = {"url": url, "transport": "streamable-http", "headers": {"Authorization": f"Bearer {key}"}}
    client = await asyncio.to_thread(MCPClient, params, structured_output=False)
    found = {each.name: each for each in client.get_tools()}

    async def tools() -> list[str]:
        return list(found)

    async def call(tool: str, arguments: Mapping[str, object]) -> str:
        return str(await asyncio.to_thread(found[tool], **arguments))

    try:
        yield Client(tools=tools, call=call)
    finally:
        await asyncio.to_thread(client.disconnect)


drive(connect)
