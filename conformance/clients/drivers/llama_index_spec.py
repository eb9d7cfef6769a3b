"""LlamaIndex: the result's own representation as text."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from llama_index.tools.mcp import BasicMCPClient, McpToolSpec
from speaking import Client, drive


@asynccontextmanager
async def connect(url: str, key: str) -> AsyncIterator[Client]:
    """Load the tools."""
    client = BasicMCPClient(url, headers={"Authorization": f"Bearer {key}"})
    found = {each.metadata.name: each for each in await McpToolSpec(client).to_tool_list_async()}
    for each in found.values():
        each.metadata.to_openai_tool()

    async def tools() -> list[str]:
        return list(found)

    async def call(tool: str, arguments: Mapping[str, object]) -> str:
        return str((await found[tool].acall(**arguments)).content)

    yield Client(tools=tools, call=call)


drive(connect)
