"""The official Python SDK since 2.0."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import httpx2
import mcp
from mcp.client.streamable_http import streamable_http_client
from speaking import Client, drive


@asynccontextmanager
async def connect(url: str, key: str) -> AsyncIterator[Client]:
    """Connect at the newest revision that both speak."""
    http = httpx2.AsyncClient(headers={"Authorization": f"Bearer {key}"}, timeout=60)
    async with mcp.Client(streamable_http_client(url, http_client=http)) as session:

        async def tools() -> list[str]:
            return [each.name for each in (await session.list_tools()).tools]

        async def call(tool: str, arguments: Mapping[str, object]) -> str:
            result = await session.call_tool(tool, dict(arguments))
            return "\n".join(each.text for each in result.content)

        yield Client(tools=tools, call=call)


drive(connect)
